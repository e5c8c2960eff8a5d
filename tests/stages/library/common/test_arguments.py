"""Flags are named where they are wrong, and params.yaml is read besides."""

import sys
from pathlib import Path

import pytest

from stages.library.common.arguments import Parser
from stages.library.common.errors import Problem
from stages.library.common.params import Key, Section
from stages.library.common.values import whole

SOME = Section("some", {"size": Key(whole(1, 9), "side"), "word": Key(help="a text")})
OTHER = Section("other", {"epochs": Key(whole(1, 9), "epochs")}, whole=False)


def parser() -> Parser:
    made = Parser("stages.some", "Do it.", SOME, OTHER)
    made.add_argument("--input", help="a place")
    made.add_argument("--fast", action="store_true", default=False, help="a switch")
    return made


@pytest.fixture
def params(tmp_path: Path) -> str:
    path = tmp_path / "params.yaml"
    path.write_text("some: {size: 5, word: no}\nother: {epochs: 1, more: 2}\n", encoding="utf-8")
    return str(path)


def test_flags_and_keys_arrive_together(params: str) -> None:
    found = parser().parse(["--input", "x", "--params", params])
    assert found == {"input": "x", "fast": False, "size": 5, "word": "no", "epochs": 1}


def test_params_yaml_is_the_one_of_the_current_folder(
    params: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(params).parent)
    monkeypatch.setattr(sys, "argv", ["stage", "--input", "x", "--fast"])
    assert parser().parse(None)["fast"] is True
    assert parser().read({"some": {"size": 1, "word": "a"}, "other": {"epochs": 2}}) == {
        "size": 1,
        "word": "a",
        "epochs": 2,
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--inptu", "x"], r"^--inptu: no such flag; see python -m stages\.some --help$"),
        (["--size", "5"], r"^--size: no such flag"),  # a key of params.yaml is no flag
        (["--inp", "x"], r"^--inp: no such flag"),
        (["--input", "x", "--input", "y"], r"^--input: is given twice; keep one$"),
        (["--input", "x", "y"], r"^'y' does not belong here; remove it$"),
        (["--input"], r"^--input: expected one argument$"),
        ([], r"^--input: it has no value; write one$"),
    ],
)
def test_a_wrong_flag_is_named(params: str, words: list[str], message: str) -> None:
    with pytest.raises(Problem, match=message):
        parser().parse([*words, "--params", params])


def test_a_wrong_key_is_named(params: str) -> None:
    Path(params).write_text("some: {size: 10, word: a}\nother: {epochs: 1}\n", encoding="utf-8")
    with pytest.raises(Problem, match=r"^params\.yaml, some\.size: '10' is not a whole number"):
        parser().parse(["--input", "x", "--params", params])


def test_help_tells_the_keys(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse(["--help"])
    assert "keys of params.yaml:\n  some.size  " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("now", "places"),
    [
        ("some: {size: 5, word: no}\nother: {epochs: 1, more: 3}  # not this stage's\n", ""),
        ("some: {size: 6, word: no}\nother: {epochs: 1}\n", "some.size"),
        ("some: {size: 6, word: no}\nother: {epochs: 2}\n", "some.size, other.epochs"),
    ],
)
def test_other_values_than_those_that_were_read_are_named(
    params: str, now: str, places: str
) -> None:
    words = ["--input", "x", "--params", params]
    before = parser().parse(words)
    Path(params).write_text(now, encoding="utf-8")
    if not places:
        parser().look_again(words, before)
        return
    with pytest.raises(Problem, match=f"^params.yaml, {places}: changed while this was running;"):
        parser().look_again(words, before)


def test_keys_of_one_name_in_two_sections_are_told_apart(tmp_path: Path) -> None:
    judge = Section("judge", {"size": Key(whole(1, 9), "another side")}, prefix="judge_")
    both = Parser("stages.some", "Do it.", SOME, judge)
    path = tmp_path / "params.yaml"
    path.write_text("some: {size: 5, word: a}\njudge: {size: 7}\n", encoding="utf-8")
    read = both.parse(["--params", str(path)])
    assert read == {"size": 5, "word": "a", "judge_size": 7}
    path.write_text("some: {size: 5, word: a}\njudge: {size: 8}\n", encoding="utf-8")
    with pytest.raises(
        Problem, match=r"^params\.yaml, judge\.size: changed while this was running"
    ):
        both.look_again(["--params", str(path)], read)
    path.write_text("some: {size: 5, word: a}\njudge: {size: 0}\n", encoding="utf-8")
    with pytest.raises(Problem, match=r"^params\.yaml, judge\.size: '0' is not a whole number"):
        both.parse(["--params", str(path)])
    assert "judge.size " in both.format_help()
