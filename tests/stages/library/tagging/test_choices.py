"""One tagger or several: whose pins are whose, and what is told to write there."""

from pathlib import Path
from typing import Any

import pytest

from stages.library.common.errors import Problem
from stages.library.params.tagger import TAGGER
from stages.library.tagging import choices
from stages.library.tagging.choices import PINS, choices_of, find_taggers
from stages.library.tagging.pins import Pin, Unpinned
from stages.library.tagging.tagger import Choice, find_tagger
from tests.support.taggers import write_tagger

NONE = {key: [""] for key in PINS}


def read(**values: object) -> list[Choice]:
    """Return the choices that params.yaml makes with these values."""
    whole = dict.fromkeys(PINS, "") | {"model": "builtin", "provider": "cpu"} | values
    return choices_of(**TAGGER.read({"tagger": whole}))


def test_one_is_as_it_always_was() -> None:
    (choice,) = read(model="a/b", revision="f00", model_sha256="a" * 64, tag_list_sha256="b" * 64)
    assert choice == Choice("a/b", "f00", "a" * 64, "b" * 64, "cpu")
    assert read(model=["a/b"], revision=["f00"])[0].pin == Pin("f00", "", "")


def test_each_of_several_has_its_own_pins_and_the_same_provider() -> None:
    found = read(model=["a/b", "builtin", "c/d"], revision=["f00", "", "f02"], provider="auto")
    assert [(each.model, each.revision, each.provider) for each in found] == [
        ("a/b", "f00", "auto"),
        ("builtin", "", "auto"),
        ("c/d", "f02", "auto"),
    ]
    assert found[0].model_sha256 == found[1].model_sha256 == ""


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model": []}, "params.yaml, tagger.model: it names no tagger; write one, such as"),
        (
            {"revision": ["f00", "f01"]},
            "params.yaml, tagger.revision: has 2 entries, tagger.model has 1; write one for each",
        ),
        (
            {"model": ["a/b", "c/d"], "tag_list_sha256": ["", "", ""]},
            "params.yaml, tagger.tag_list_sha256: has 3 entries, tagger.model has 2;",
        ),
        ({"model": ["a/b", None]}, "params.yaml, tagger.model: it has no value"),
        ({"model_sha256": ["", "x"]}, "params.yaml, tagger.model_sha256: 'x' is no SHA-256"),
    ],
    ids=str,
)
def test_lists_that_do_not_fit_are_one_line(values: dict[str, object], message: str) -> None:
    with pytest.raises(Problem) as error:
        read(**values)
    assert message in str(error.value)


def test_several_are_found_in_their_order(tmp_path: Path) -> None:
    for name, scale in (("one", 1.0), ("two", 0.5)):
        write_tagger(tmp_path / name, scale=scale)
    found = find_taggers(choices_of([str(tmp_path / "two"), str(tmp_path / "one")], "cpu", **NONE))
    assert [each.origin for each in found] == ["two", "one"]


def test_the_same_model_twice_is_one_too_many(tmp_path: Path) -> None:
    write_tagger(tmp_path / "one")
    write_tagger(tmp_path / "copy")
    with pytest.raises(Problem, match=r"tagger\.model: copy is there twice; keep one"):
        find_taggers(choices_of([str(tmp_path / "one"), str(tmp_path / "copy")], "cpu", **NONE))


def test_what_to_write_is_told_for_all_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody should run it once a model to be told a line at a time."""
    write_tagger(tmp_path / "mine")
    found = {"a/b": Pin("f00", "a" * 64, "b" * 64), "c/d": Pin("f02", "c" * 64, "d" * 64)}

    def pinned(choice: Choice, *spread: Any) -> Any:
        if choice.model in found and choice.pin != found[choice.model]:
            raise Unpinned(f"what {choice.model} must be is unknown; it is", found[choice.model])
        return find_tagger(choice, *spread)

    monkeypatch.setattr(choices, "find_tagger", pinned)
    wanted = choices_of(["a/b", str(tmp_path / "mine"), "c/d"], "cpu", **NONE)
    with pytest.raises(Problem) as error:
        find_taggers(wanted)
    lines = str(error.value).splitlines()
    assert lines[0] == "params.yaml, tagger: a/b: what a/b must be is unknown; it is"
    assert lines[1:4] == [
        "  revision: [f00, '', f02]",
        f"  model_sha256: [{'a' * 64}, '', {'c' * 64}]",
        f"  tag_list_sha256: [{'b' * 64}, '', {'d' * 64}]",
    ]
