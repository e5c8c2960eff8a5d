"""The contract of animetimm's taggers (dbv4) and of all with a preprocess.json of `test`.

float32 pictures, NCHW, RGB, made ready by the steps under `test`, alpha white before; `prediction`
holds probabilities, `logits` what a sigmoid makes them of, one a row of selected_tags.csv. Its
column best_threshold is the authors' threshold of a tag, thresholds.csv that of a category (the
first row of each), 0.4 where neither says any.
https://github.com/deepghs/imgutils/blob/main/imgutils/generic/multilabel_timm.py (`predict`)
"""

from collections.abc import Collection

from stages.library.tagging.categories import as_tags, category
from stages.library.tagging.contract import Contract
from stages.library.tagging.model_files import (
    TAG_LIST,
    Files,
    read_facts,
    read_rows,
    read_tag_list,
    read_thresholds,
    read_told,
    unfit_file,
)
from stages.library.tagging.preprocess_json import steps_of

FAMILY = "animetimm"
CONTRACT = 1

STEPS, NAMES, THRESHOLDS = "preprocess.json", "categories.json", "thresholds.csv"
ELSE = 0.4


def files_in(model: str, names: Collection[str]) -> tuple[str, tuple[str, ...]] | None:
    """Return the list of tags, and what else belongs to `model`, if a folder's files may be so."""
    del model
    if TAG_LIST not in names or STEPS not in names:
        return None
    return TAG_LIST, (STEPS, *(each for each in (NAMES, THRESHOLDS) if each in names))


def read(files: Files) -> Contract | None:
    """Return the contract that the files tell; None if it is another family's.

    Raises:
        Problem: a file isn't as the family's are.
    """
    steps = files.folder / STEPS
    facts = read_facts(steps)
    if "test" not in facts:
        return None
    prepare, size = steps_of(steps, facts["test"])
    path = files.folder / files.tag_list
    tags, numbers = read_tag_list(path)
    named = names_of(files)
    categories = [named.get(number, number) for number in numbers]
    return Contract(
        family=FAMILY,
        number=CONTRACT,
        tags=as_tags(tags, categories),
        categories=categories,
        prepare=prepare,
        colours_first=True,
        size=size,
        sized_by=STEPS,
        probabilities=("prediction",),
        logits=("logits",),
        thresholds=thresholds_of(files, named, set(categories)),
        tag_thresholds=best_thresholds(files),
    )


def names_of(files: Files) -> dict[int, int]:
    """Return our numbers of the file's own, by the names that categories.json gives them.

    Raises:
        Problem: the file is none, or gives a name that isn't known.
    """
    path = files.folder / NAMES
    if NAMES not in files.more:
        return {}
    told = read_told(path)
    try:
        return {int(each["category"]): category(each["name"]) for each in told}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unfit_file(path, f"names a category that isn't known ({error!r})") from None


def thresholds_of(files: Files, named: dict[int, int], categories: set[int]) -> dict[int, float]:
    """Return the authors' threshold of each category.

    Raises:
        Problem: thresholds.csv is none.
    """
    thresholds = dict.fromkeys(sorted(categories), ELSE)
    if THRESHOLDS not in files.more:
        return thresholds
    told: dict[int, float] = {}
    for number, threshold in read_thresholds(files.folder / THRESHOLDS).items():
        told.setdefault(named.get(number, number), threshold)
    return thresholds | told


def best_thresholds(files: Files) -> list[float]:
    """Return the authors' threshold of each tag; none where the list has no such column.

    Raises:
        Problem: one is no number.
    """
    path = files.folder / files.tag_list
    _, rows = read_rows(path, "name")
    if not rows or "best_threshold" not in rows[0]:
        return []
    try:
        return [float(row["best_threshold"]) for row in rows]
    except (TypeError, ValueError):
        raise unfit_file(path, "has a best_threshold that is no number") from None
