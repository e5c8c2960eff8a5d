"""The scores of several models as if they were one's, merged by the names of tags."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stages.library.common.errors import Problem
from stages.library.params.caption import ALL, CATEGORIES, RECOMMENDED
from stages.library.tagging.rules import Rules
from stages.library.tagging.scores import FLOOR, RATING, Found, Scores

KEY = "params.yaml, caption.thresholds"

Table = NDArray[np.int64]
"""Shape (models, tags), in ten-thousandths."""


@dataclass(frozen=True)
class Union:
    """The tags of all models: each once, in the order and as the first that knows it has it."""

    tags: list[str]
    categories: list[int]
    places: list[NDArray[np.int64]]  # of each model's tags among them


def combined(
    models: Sequence[Scores], rules: Rules, name_of: Callable[[str], str]
) -> tuple[Scores, Rules]:
    """Return scores as if one model had given them, and rules without a word for a threshold.

    Tags of one `name_of` are the same. Of the categories for which the authors' own thresholds
    are wanted only scores that reach them are left.

    Raises:
        Problem: such a threshold is wanted, and a model has none.
    """
    advised = advised_categories(models, rules)
    if len(models) == 1 and not advised:
        return models[0], rules
    union = union_of(models, name_of)
    known = table(union, [[1] * len(model.tags) for model in models]) > 0
    bars = table(union, [model.advised or [0] * len(model.tags) for model in models])
    of_advised = np.isin(union.categories, sorted(advised))

    def merged(seen: Sequence[Found]) -> Found:
        at = [places[indices] for places, (indices, _) in zip(union.places, seen, strict=True)]
        some = np.unique(np.concatenate(at))  # few of all, which would take ten times as long
        rows = np.zeros((len(models), len(some)), np.int64)
        for row, places, (_, values) in zip(rows, at, seen, strict=True):
            np.maximum.at(row, np.searchsorted(some, places), values)
        scores, reached = MERGED[rules.combine](rows, known[:, some], bars[:, some])
        kept = (scores >= FLOOR) & (reached | ~of_advised[some])
        return some[kept].astype(np.int32), scores[kept].astype(np.uint16)

    scores = Scores(
        model=" + ".join(model.model for model in models),
        tags=union.tags,
        categories=union.categories,
        names=models[0].names,
        digests=models[0].digests,
        found=[merged(seen) for seen in zip(*(model.found for model in models), strict=True)],
        origin=" + ".join(model.origin for model in models),
    )
    return scores, replace(rules, thresholds=settled(rules, advised))


def union_of(models: Sequence[Scores], name_of: Callable[[str], str]) -> Union:
    """Return the tags of all models; a rating and a tag that is called alike are two."""
    at: dict[tuple[str, bool], int] = {}
    known: list[tuple[str, int]] = []
    places = []
    for model in models:
        own = list(zip(model.tags, model.categories, strict=True))
        names = [(name_of(tag), kind == RATING) for tag, kind in own]
        for name, tag in zip(names, own, strict=True):
            if name not in at:
                at[name] = len(known)
                known.append(tag)
        places.append(np.array([at[name] for name in names], np.int64))
    return Union([tag for tag, _ in known], [kind for _, kind in known], places)


def table(union: Union, rows: Sequence[Sequence[int]]) -> Table:
    """Return what each model says of its tags, as a table; 0 where it doesn't know one."""
    found = np.zeros((len(union.places), len(union.tags)), np.int64)
    for row, places, values in zip(found, union.places, rows, strict=True):
        np.maximum.at(row, places, np.asarray(values, np.int64))
    return found


Merged = tuple[NDArray[np.int64], NDArray[np.bool_]]
"""Of each tag the score, and whether it reaches the authors' own threshold."""


def highest(rows: Table, known: NDArray[np.bool_], bars: Table) -> Merged:  # noqa: ARG001
    """Merge by the highest score; it is enough if one model's reaches that model's threshold."""
    reached: NDArray[np.bool_] = np.any((rows >= bars) & (bars > 0), axis=0)
    return rows.max(axis=0), reached


def mean(rows: Table, known: NDArray[np.bool_], bars: Table) -> Merged:
    """Merge by the mean over the models that know the tag, of thresholds as of scores."""
    scores = rounded(rows.sum(axis=0), known.sum(axis=0))
    reached: NDArray[np.bool_] = scores >= rounded(bars.sum(axis=0), (bars > 0).sum(axis=0))
    return scores, reached


def first(rows: Table, known: NDArray[np.bool_], bars: Table) -> Merged:
    """Take the score and the threshold of the first model that knows the tag."""
    at = known.argmax(axis=0), np.arange(rows.shape[1])
    return rows[at], rows[at] >= bars[at]


MERGED: dict[str, Callable[[Table, NDArray[np.bool_], Table], Merged]] = {
    "max": highest,
    "mean": mean,
    "first": first,
}


def rounded(sums: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return quotients as whole numbers, halves upwards; 0 where nothing was counted."""
    return (2 * sums + counts) // np.maximum(1, 2 * counts)


def advised_categories(models: Sequence[Scores], rules: Rules) -> set[int]:
    """Return the categories for which the authors' own thresholds are wanted.

    Where none is named, that is every one without an entry for which all models have some.

    Raises:
        Problem: a category has two entries, or a model no threshold for one that is named.
    """
    named = [category for category, _ in rules.thresholds]
    if twice := [category for category in named if named.count(category) > 1]:
        raise Problem(
            f"{KEY}: {word(twice[0])} is there twice; keep one / {word(twice[0])} が 2 つあります。"
            "1 つにしてください"
        )
    wanted = {category for category, value in rules.thresholds if value == RECOMMENDED}
    for category in sorted(wanted - {ALL}):
        for model in models:
            if not has_advice(model, category):
                raise Problem(
                    f"{KEY}: {model.origin} has no recommended threshold for {word(category)}; "
                    f"write a number, such as {word(category)}=0.35 / "
                    "推奨のしきい値がないタガーです。数字を書いてください"
                )
    if ALL not in wanted:
        return wanted
    others = {kind for model in models for kind in model.categories} - {*named, RATING}
    found = {kind for kind in others if all(has_advice(model, kind) for model in models)}
    if others and not found:
        names = " and ".join(model.origin for model in models)
        raise Problem(
            f"{KEY}: {names}: recommended thresholds of one category at least are not there; "
            "remove recommended, or write numbers, such as general=0.35 / "
            "推奨のしきい値がないタガーです。数字を書いてください"
        )
    return (wanted | found) - {ALL}


def has_advice(model: Scores, category: int) -> bool:
    """Return whether a model's authors advise a threshold for each of its tags of a category."""
    kinds = np.array(model.categories) == category
    return not kinds.any() or (bool(model.advised) and bool(np.array(model.advised)[kinds].all()))


def settled(rules: Rules, advised: set[int]) -> list[tuple[int, float | str]]:
    """Return the entries with numbers alone: what is left of an advised category, all passes."""
    others = [(kind, value) for kind, value in rules.thresholds if value != RECOMMENDED]
    return [*others, *((kind, 0.0) for kind in sorted(advised))]


def word(category: int) -> str:
    """Return what params.yaml calls a category."""
    names = {number: name for name, number in CATEGORIES.items()}
    return names.get(category, RECOMMENDED)
