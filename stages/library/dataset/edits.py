"""The artist's corrections to tags, keyed by picture (data/edits.yaml)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from stages.library.dataset.captions import join, tags_of, underscored
from stages.library.dataset.keyed import KEY_LENGTH, of_drawings
from stages.library.dataset.manifest import Row


@dataclass(frozen=True)
class Edit:
    """Corrections to the tags of one picture."""

    source: str
    add: list[str] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    caption: str = ""
    """The whole caption, without trigger, in place of the tagger's."""
    sentence: str = ""
    """A second line, in words, below the tags."""

    @property
    def lists(self) -> bool:
        """Whether it corrects single tags."""
        return bool(self.add or self.remove or self.order)

    @property
    def empty(self) -> bool:
        return not (self.lists or self.caption or self.sentence)


Edits = dict[str, Edit]


def apply(tags: list[str], edit: Edit) -> list[str]:
    """Return `tags` corrected: some removed, some added in front, those of `order` before all.

    Where the edit has a caption of its own, it is this that is corrected.

    In front, since a trainer cuts long captions at their end: what the artist knows is not what
    gets lost. Tags are compared whatever their underscores; one that is there already stays in its
    place, written as `add` has it.

    >>> apply(["1girl", "long hair", "smile"], Edit("a.png", ["eggplant"], ["long_hair"]))
    ['eggplant', '1girl', 'smile']
    """
    tags = uncorrected(tags, edit)
    removed = {underscored(tag) for tag in edit.remove}
    added = {underscored(tag): tag for tag in edit.add}
    kept = [added.get(underscored(tag), tag) for tag in tags if underscored(tag) not in removed]
    new = [tag for tag in added.values() if tag not in kept]
    corrected = dict.fromkeys([*new, *kept])
    places = {underscored(tag): place for place, tag in enumerate(edit.order)}
    return sorted(corrected, key=lambda tag: places.get(underscored(tag), len(edit.order)))


def uncorrected(tags: list[str], edit: Edit) -> list[str]:
    """Return the tags that `edit` corrects: the tagger's, or those of its own caption."""
    return tags_of(edit.caption) if edit.caption else tags


def corrected(tags: list[str], edit: Edit) -> str:
    """Return the caption that `edit` makes of `tags`; one of its own stays as it is written."""
    text = join(apply(tags, edit)) if edit.lists or not edit.caption else edit.caption
    return f"{text}\n{edit.sentence}" if edit.sentence else text


def idle(tags: list[str], edit: Edit) -> list[str]:
    """Return in words the parts of `edit` that change nothing in `tags`."""
    tags = uncorrected(tags, edit)
    present = {underscored(tag) for tag in tags}
    return [f"no {tag} to remove" for tag in edit.remove if underscored(tag) not in present] + [
        f"{tag} is there already" for tag in edit.add if tag in tags
    ]


def learned(before: list[str], after: list[str], edit: Edit) -> Edit:
    """Return `edit` extended by what a hand changed in a caption from `before` to `after`.

    A tag in a new spelling counts as added. The result has an `order` only where `apply` could
    not tell from added and removed tags alone in which order `after` is. Tags written at the end,
    where every editor puts them, have no place of their own: `apply` takes them to the front.
    """
    had, has = {underscored(tag) for tag in before}, {underscored(tag) for tag in after}
    gained = [tag for tag in after if tag not in before]
    lost = [tag for tag in before if underscored(tag) not in has]
    new = [tag for tag in gained if underscored(tag) not in had]
    order = [tag for tag in edit.order if underscored(tag) in has]
    in_front = apply(before, Edit(edit.source, gained, lost, order)) == after
    at_end = [*apply(before, Edit(edit.source, gained, lost))[len(new) :], *new] == after
    first = [tag for tag in new if in_front and tag not in order]
    spelling = {underscored(tag): tag for tag in first + edit.add + gained}  # in place, the new one
    add = [tag for key, tag in spelling.items() if key in has or key not in had]
    changed = {underscored(tag) for tag in gained + lost}
    remove = [tag for tag in edit.remove if underscored(tag) not in changed] + lost
    # a tag that comes back may have a place of its own, which is not known here
    placed = {underscored(tag) for tag in edit.remove + edit.order} - had
    moved = not (in_front or at_end) or placed & has
    return Edit(edit.source, add, remove, after if moved else order, sentence=edit.sentence)


def matched(edits: Edits, rows: Iterable[Row]) -> tuple[dict[str, Edit], list[str]]:
    """Return the edits by picture (`img001.png`), and what the artist should know of the others."""
    by_source = {row.source: row for row in rows}
    found, others = of_drawings(edits, {row.source: row.sha256 for row in by_source.values()})
    remarks = []
    for key, other in others.items():
        source = edits[key].source
        if not other.drawing:
            remarks.append(f"{source} ({key}) is not among the drawings; kept, not applied")
        elif other.newer:
            remarks.append(
                f"{source} ({key}) has newer corrections ({other.newer}), which are applied instead"
            )
        else:
            row = by_source[other.drawing]
            remarks.append(
                f"{source} has changed since it was corrected ({key}, now "
                f"{row.sha256[:KEY_LENGTH]}); applied, please look at {row.image}"
            )
    return {by_source[source].image: edits[key] for source, key in found.items()}, remarks
