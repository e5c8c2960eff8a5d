"""What becomes of each picture: trained on, held back to judge by, or left out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stages.library.common.foreign import shown
from stages.library.dataset.drawings import Wish
from stages.library.dataset.held_out import FEWEST, held_out
from stages.library.dataset.manifest import Row
from stages.library.dataset.near_duplicates import look_alikes

SHOWN = 5
"""Look-alikes on both sides that are told of by name."""


@dataclass(frozen=True)
class Parted:
    """Pictures by stem: all others are trained on."""

    held: set[str]
    left_out: set[str]
    told: list[str]  # what the artist should know of it


def part(
    rows: Mapping[str, Row],
    wishes: Mapping[str, Wish],
    share: float,
    hashes: Callable[[], Mapping[str, int]],
) -> Parted:
    """Part the pictures of `rows`, all by stem: as wished, and else a `share` held back.

    `hashes` returns the pictures' perceptual hashes; it is called where look-alikes matter.
    """
    uses = {stem: use for stem, wish in wishes.items() if (use := wish.meant) and stem in rows}
    left_out = {stem for stem, use in uses.items() if use == "no"}
    held = {stem for stem, use in uses.items() if use == "test"}
    stems = [stem for stem in rows if stem not in left_out]
    if not (share or held):
        return Parted(set(), left_out, [])
    if share and not held and len(stems) < FEWEST:
        return Parted(set(), left_out, [too_few(len(stems))])
    known = hashes()
    indices = look_alikes([known.get(stem, 0) for stem in stems])
    groups = [[stems[index] for index in group] for group in indices]
    stem_of = {rows[stem].sha256: stem for stem in stems}
    digests = [[rows[stem].sha256 for stem in group] for group in groups]
    decided = {rows[stem].sha256 for stem in uses if stem in stems}
    by_content = {stem_of[digest] for digest in held_out(digests, share, decided)}
    told = []
    if share and len(stems) < FEWEST:
        told.append(too_few(len(stems)))
    elif share and not by_content:
        told.append(
            f"organize.hold_out: none of {len(stems)} drawings is held back, as their contents have"
            " it; write use: test for some into data/drawings.yaml / 今の絵では 1 枚も"
            "選ばれませんでした。取り分けたい絵に use: test と書いてください"
        )
    held |= by_content
    return Parted(held, left_out, told + on_both_sides(groups, held, rows))


def too_few(drawings: int) -> str:
    """Return that so few drawings are all needed for the training."""
    return (
        f"organize.hold_out: none of {drawings} drawings is held back; from {FEWEST} on some can "
        f"be spared / 絵が {drawings} 枚なので、取り分けていません({FEWEST} 枚から)"
    )


def on_both_sides(groups: list[list[str]], held: set[str], rows: Mapping[str, Row]) -> list[str]:
    """Return which look-alikes are held back and trained on, as only wishes part them."""
    parted = [group for group in groups if not (held.issuperset(group) or held.isdisjoint(group))]
    lines = []
    for group in parted[:SHOWN]:
        test = next(stem for stem in group if stem in held)
        train = next(stem for stem in group if stem not in held)
        lines.append(
            f"{shown(rows[test].source)} is held back, and {shown(rows[train].source)}, which "
            "looks like it, is trained on; give both the same use in data/drawings.yaml / "
            "よく似た絵が学習と取り分けの両方にあります。use を揃えてください"
        )
    if (more := len(parted) - SHOWN) > 0:
        lines.append(f"… and {more} more that look alike / ほか {more} 組")
    return lines
