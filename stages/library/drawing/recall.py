"""How many of the expected tags the tagger finds in test pictures, by epoch and weight."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import product

from stages.library.drawing.orders import weight_text

CLEAR = 3
"""Tags by which a number must differ to be more than chance, as a rule of thumb."""


Cell = tuple[str, float]
"""Epoch and weight: what is compared."""


Count = tuple[int, int]
"""Tags that were found, of so many that were expected."""


@dataclass(frozen=True)
class Drawn:
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
    pictures: list[Drawn]  # all of prompts x epochs x weights x seeds
    settings: dict[str, str]  # what the WebUI says of all pictures alike
    subject: dict[str, float]  # the captions' most frequent tags: share of captions, 0 to 1
    expected: list[list[str]]  # per prompt: the subject's tags that the prompt doesn't name
    japanese: dict[str, str]  # tag -> Japanese, where known
    tagger: str
    builtin: bool  # the tagger is the builtin one, which sees colours only
    threshold: float
    papers: dict[str, str]  # where the LoRA is from

    def tags_of(self, picture: Drawn) -> list[str]:
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


def recall_figures(gallery: Gallery) -> dict[str, object]:
    """Return what `dvc metrics` compares."""
    counts = recall(gallery)
    named: dict[str, Count] = {
        f"recall_{epoch}_w{weight_text(weight)}": count for (epoch, weight), count in counts.items()
    }
    shares = {name: round(share(count), 4) for name, count in named.items() if count[1]}
    return {"pictures": len(gallery.pictures), **shares}
