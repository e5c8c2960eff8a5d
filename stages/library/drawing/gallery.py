"""The page of test pictures: at which strength of the LoRA, and after which epoch, is it best?"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from stages.library.common.html import island, policy, rendered, script, style
from stages.library.drawing.orders import weight_text

FOLDER = Path(__file__).with_suffix("")

HEATS = 10
"""How many shades the table of tags has, besides none."""

CLEAR = 3
"""Tags by which a number must differ to be more than chance, as a rule of thumb."""

Cell = tuple[str, float]
"""Epoch and weight: what is compared."""

Count = tuple[int, int]
"""Tags that were found, of so many that were expected."""


@dataclass(frozen=True)
class Picture:
    """A test picture."""

    name: str  # file in images/
    prompt: int  # number of the prompt, from 1
    epoch: str  # `last` or `e000003`: as in the file's name
    weight: float  # of the LoRA
    seed: int
    infotext: str  # as the WebUI wrote it: prompt, negative prompt, settings
    found: frozenset[str]  # of the expected tags of its prompt, those that the tagger found


@dataclass(frozen=True)
class Gallery:
    """All test pictures of a LoRA, and what they were made with."""

    name: str  # of the LoRA
    trigger: str
    prompts: list[str]
    negative_prompt: str
    epochs: dict[str, int]  # epoch's name in file names -> its number (0: unknown)
    weights: list[float]
    seeds: list[int]
    pictures: list[Picture]  # all of prompts x epochs x weights x seeds
    settings: dict[str, str]  # what the WebUI says of all pictures alike
    subject: dict[str, float]  # the captions' most frequent tags: share of captions, 0 to 1
    expected: list[list[str]]  # per prompt: the subject's tags that the prompt doesn't name
    japanese: dict[str, str]  # tag -> Japanese, where known
    tagger: str
    builtin: bool  # the tagger is the builtin one, which sees colours only
    threshold: float
    papers: dict[str, str]  # where the LoRA is from

    def tags_of(self, picture: Picture) -> list[str]:
        """Return the tags that are expected in a picture."""
        return self.expected[picture.prompt - 1]


def summed(counts: list[Count]) -> Count:
    """Return the sums of what was found and expected."""
    return sum(found for found, _ in counts), sum(expected for _, expected in counts)


def recall(gallery: Gallery, prompt: int = 0) -> dict[Cell, Count]:
    """Return how many tags were found, over all seeds, of one prompt (from 1) or of all."""
    counts: dict[Cell, list[Count]] = defaultdict(list)
    for picture in gallery.pictures:
        if prompt in (0, picture.prompt):
            tags = gallery.tags_of(picture)
            found = len(picture.found.intersection(tags))
            counts[picture.epoch, picture.weight].append((found, len(tags)))
    return {cell: summed(counts[cell]) for cell in product(gallery.epochs, gallery.weights)}


def tag_recall(gallery: Gallery) -> dict[str, dict[Cell, Count]]:
    """Return in how many pictures each tag was found, of those where it was expected."""
    counts: dict[tuple[str, Cell], list[Count]] = defaultdict(list)
    for picture in gallery.pictures:
        for tag in gallery.tags_of(picture):
            cell = picture.epoch, picture.weight
            counts[tag, cell].append((int(tag in picture.found), 1))
    cells = list(product(gallery.epochs, gallery.weights))
    expected = {tag for tags in gallery.expected for tag in tags}
    ordered = sorted(expected, key=lambda tag: (-gallery.subject.get(tag, 0), tag))
    return {tag: {cell: summed(counts[tag, cell]) for cell in cells} for tag in ordered}


def share(count: Count) -> float:
    """Return the share of expected tags that were found; 0 where none was expected."""
    return count[0] / max(1, count[1])


def highest(counts: dict[Cell, Count]) -> list[Cell]:
    """Return the cells with the highest share, if the lowest is at least `CLEAR` tags behind."""
    shares = {cell: share(count) for cell, count in counts.items()}
    most, least = max(shares.values(), default=0), min(shares.values(), default=0)
    best = [cell for cell in shares if shares[cell] == most]
    return [cell for cell in best if (most - least) * counts[cell][1] >= CLEAR]


def figures(gallery: Gallery) -> dict[str, object]:
    """Return what `dvc metrics` compares."""
    counts = recall(gallery)
    named: dict[str, Count] = {
        f"recall_{epoch}_w{weight_text(weight)}": count for (epoch, weight), count in counts.items()
    }
    shares = {name: round(share(count), 4) for name, count in named.items() if count[1]}
    return {"pictures": len(gallery.pictures), **shares}


def heat(count: Count) -> int:
    """Return the shade of a count: none for no tag, the faintest for the first."""
    return -(-count[0] * HEATS // max(1, count[1]))


def dimensions(gallery: Gallery, sizes: Mapping[str, tuple[int, int]]) -> str:
    """Return CSS that says how many pictures stand in a row, and how large the largest are."""
    width, height = (max(sides) for sides in zip(*sizes.values(), strict=True))
    return f":root {{ --columns: {len(gallery.weights)}; --wide: {width}; --high: {height}; }}\n"


def page_data(gallery: Gallery) -> dict[str, object]:
    """Return what the page knows of each picture besides what its tables show."""
    return {
        "japanese": sorted(gallery.japanese.items()),
        "pictures": [
            {
                "infotext": picture.infotext,
                "found": [tag for tag in gallery.tags_of(picture) if tag in picture.found],
                "missing": [tag for tag in gallery.tags_of(picture) if tag not in picture.found],
            }
            for picture in gallery.pictures
        ],
    }


def render(gallery: Gallery, sizes: Mapping[str, tuple[int, int]]) -> str:
    """Return the page as HTML, to stand beside images/; `sizes` are the pictures', by name."""
    css = dimensions(gallery, sizes) + style(FOLDER / "gallery.css")
    code = script(FOLDER / "gallery.js")
    counts = recall(gallery)
    pictures = enumerate(gallery.pictures)
    return rendered(
        FOLDER / "gallery.html.j2",
        # where a page is a file, browsers differ in what its 'self' is
        policy=policy(css, code, pictures="data: file: 'self'"),
        style=Markup(css),
        script=Markup(code),
        gallery=gallery,
        sizes=sizes,
        at={(p.prompt, p.epoch, p.weight, p.seed): (index, p) for index, p in pictures},
        recall=counts,
        recall_of=[recall(gallery, prompt) for prompt in range(1, len(gallery.prompts) + 1)],
        tags=tag_recall(gallery),
        total=summed(list(counts.values())),
        highest=highest(counts),
        left_out=[tag for tag in gallery.subject if all(tag not in e for e in gallery.expected)],
        weight_text=weight_text,
        heat=heat,
        quote=quote,
        data=island(page_data(gallery)),
    )
