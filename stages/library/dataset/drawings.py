"""What the artist wishes for a drawing as a picture (data/drawings.yaml)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from stages.library.dataset.keyed import KEY_LENGTH, of_drawings

Box = tuple[float, float, float, float]
"""Left, top, width and height, as parts of the whole upright drawing: 0.5 is half of it."""

Use = Literal["train", "test", "no"]
"""What a drawing is for: to be learned, held back to judge by, or left out of the dataset."""

USES: tuple[Use, ...] = get_args(Use)


@dataclass(frozen=True)
class Wish:
    """What is wished for one drawing."""

    source: str
    use: Use | None = None
    """None: to be learned, or held back, as organize.hold_out has it."""
    repeats: int | None = None
    """How often an epoch shows it; None: as often as the others of its folder."""
    crop: Box | None = None
    """The part to be prepared; None: what prepare.fit makes of the whole."""
    hide: tuple[Box, ...] = ()
    """Parts never to be learned, such as a signature."""

    @property
    def meant(self) -> Use | None:
        """What the drawing is for: to be learned, if it is said how often."""
        return self.use or ("train" if self.repeats else None)


Wishes = dict[str, Wish]


def matched(
    wishes: Wishes, drawings: Iterable[tuple[str, str]]
) -> tuple[dict[str, Wish], list[str]]:
    """Return the wishes by drawing's name, and what the artist should know of the others.

    `drawings` are name and SHA-256 of each. A wish belongs to a drawing as an edit does.
    """
    digests = dict(drawings)
    found, others = of_drawings(wishes, digests)
    remarks = []
    for key, other in others.items():
        source = wishes[key].source
        if not other.drawing:
            remarks.append(
                f"{source} ({key}) is not among the drawings; its wishes are kept, not applied / "
                "その絵がないため、この指定は使っていません"
            )
        elif other.newer:
            remarks.append(
                f"{source} ({key}) has newer wishes ({other.newer}), which are applied instead / "
                "新しいほうの指定を使っています"
            )
        else:
            remarks.append(
                f"{source} has changed since its wishes were written ({key}, now "
                f"{digests[other.drawing][:KEY_LENGTH]}); applied, please look / "
                "絵が変わっています。指定はそのまま使いました。確かめてください"
            )
    return {name: wishes[key] for name, key in found.items()}, remarks
