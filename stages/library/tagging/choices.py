"""The taggers that params.yaml names: one, or several, with a list for each of their keys."""

from collections.abc import Sequence
from dataclasses import astuple
from itertools import zip_longest

from stages.library.common.errors import Problem
from stages.library.common.workers import RunOver, here
from stages.library.tagging.model_files import KEY
from stages.library.tagging.pins import Pin, Unpinned, to_be_written
from stages.library.tagging.tagger import Choice, Tagger, find_tagger

PINS = ("revision", "model_sha256", "tag_list_sha256")


def choices_of(model: list[str], provider: str, **pins: list[str]) -> list[Choice]:
    """Return a choice for each model; one whose pins aren't there has empty ones.

    >>> [each.revision for each in choices_of(["a", "b"], "cpu", **dict.fromkeys(PINS, ["f00"]))]
    ['f00', '']

    Raises:
        Problem: there is no model, or there are more pins than models.
    """
    if not model:
        raise Problem(
            f"{KEY}: it names no tagger; write one, such as builtin / タガーの名前がありません。"
            "builtin などを書いてください"
        )
    for key in PINS:
        if len(pins[key]) > len(model):
            raise Problem(
                f"params.yaml, tagger.{key}: has {len(pins[key])} entries, tagger.model has "
                f"{len(model)}; write one for each model, in the same order / tagger.model と同じ"
                "順番で、モデルの数だけ書いてください"
            )
    values = zip_longest(model, *(pins[key] for key in PINS), fillvalue="")
    return [
        Choice(name, revision, model_sha, tags_sha, provider)
        for name, revision, model_sha, tags_sha in values
    ]


def find_taggers(choices: Sequence[Choice], spread: RunOver = here) -> list[Tagger]:
    """Return the taggers that were chosen, in their order; all are fetched before one is refused.

    Raises:
        Problem: one can't be had, or is not the one that is written down, or is there twice.
    """
    if len(choices) == 1:
        return [find_tagger(choices[0], spread)]
    found: list[Tagger] = []
    pins = [choice.pin for choice in choices]
    unpinned: list[str] = []
    for number, choice in enumerate(choices):
        try:
            found.append(find_tagger(choice, spread))
        except Unpinned as error:
            pins[number] = error.found
            unpinned.append(f"{choice.model}: {error.why}")
    if unpinned:
        raise Problem(to_be_written(unpinned[0], *lists_of(pins)))
    for number, tagger in enumerate(found):
        if tagger.fingerprint in [other.fingerprint for other in found[:number]]:
            raise Problem(
                f"{KEY}: {tagger.origin} is there twice; keep one / 同じタガーが 2 つあります。"
                "1 つにしてください"
            )
    return found


def lists_of(pins: Sequence[Pin]) -> list[str]:
    """Return the values of each key as a list in YAML.

    >>> lists_of([Pin("f00", "1", "2"), Pin("", "", "")])
    ["[f00, '']", "[1, '']", "[2, '']"]
    """
    columns = zip(*(astuple(pin) for pin in pins), strict=True)
    return [f"[{', '.join(value or repr(value) for value in column)}]" for column in columns]
