"""Every wrong value in params.yaml is one line that names section, key and value, and a remedy."""

import argparse
import importlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from dvc.parsing.interpolate import to_str
from dvc.utils.serialize import parse_yaml
from hypothesis import given
from hypothesis import strategies as st

from stages.library.common.arguments import (
    Parser,
    folder_name,
    number,
    one_of,
    replacement,
    tag,
    whole,
)
from stages.library.common.errors import Problem

ROOT = Path(__file__).parents[4]


def parser() -> Parser:
    """Return a parser with a key of every kind in the section `some`."""
    made = Parser("stages.some", "Do it.", section="some")
    made.add_argument("--input", help="a place, no key of params.yaml")
    made.add_argument("--fast", action="store_true", default=False, help="no key either")
    made.add_param("score", number(0.05, 1), help="a number")
    made.add_param("size", whole(64, 4096, multiple_of=64), help="a whole number")
    made.add_param("word", tag, help="a text")
    made.add_param("kind", one_of("crop", "bucket"), help="a choice")
    made.add_param("words", tag, many=True, help="a list")
    made.add_param("pairs", replacement, many=True, help="a list of pairs")
    made.add_param("more", switch=True, help="true or false")
    made.add_param("epochs", whole(1, 9), section="train", help="a key of another section")
    return made


GOOD = {"score": "0.35", "size": "512", "word": "nasu", "kind": "crop", "words": "[]"}


def unpacked(**changes: str | None) -> list[str]:
    """Return the words of a command into which DVC unpacked the section; None leaves a key out."""
    section = {**GOOD, "pairs": "[]", "more": "false", **changes}
    text = "\n".join(f"{key}: {value}" for key, value in section.items() if value is not None)
    flags: str = to_str(parse_yaml(text, "params.yaml"))
    return ["--input", "x", "--epochs", "5", *shlex.split(flags)]


def read(**changes: str | None) -> dict[str, object]:
    return parser().parse(unpacked(**changes))


def wrong(**changes: str | None) -> str:
    with pytest.raises(Problem, match=r"^params\.yaml, ") as error:
        read(**changes)
    message = str(error.value)
    assert "\n" not in message
    return message


# what DVC makes of good values


def test_what_the_section_says_arrives() -> None:
    assert read() == {
        "input": "x",
        "fast": False,
        "score": 0.35,
        "size": 512,
        "word": "nasu",
        "kind": "crop",
        "words": [],
        "pairs": [],
        "more": False,
        "epochs": 5,
    }


@pytest.mark.parametrize(
    ("key", "value", "arrives"),
    [
        ("score", "1e-1", 0.1),
        ("score", "5e-2", 0.05),
        ("score", "1", 1.0),
        ("score", "'0.5'", 0.5),
        ("size", "0x200", 512),
        ("word", "no", "no"),
        ("word", "12", "12"),
        ("word", "なす", "なす"),
        ("word", "🍆", "🍆"),
        ("word", '"$(touch x) `y` \\" \' ; | & * ~ #"', "$(touch x) `y` \" ' ; | & * ~ #"),
        ("word", "'  a b  '", "a b"),
        ("word", "'a=>b=c'", "a=>b=c"),
        ("word", "'${score}'", "${score}"),
        (
            "words",
            "[a, 'b c', no, ';)', <o>_<o>, '@_@']",
            ["a", "b c", "no", ";)", "<o>_<o>", "@_@"],
        ),
        ("words", "a", ["a"]),
        ("words", "{}", []),
        ("pairs", "['a=>b', 'c d => e']", [("a", "b"), ("c d", "e")]),
        ("more", "true", True),
    ],
)
def test_good_values(key: str, value: str, arrives: object) -> None:
    assert read(**{key: value})[key] == arrives


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(str.isprintable))
def test_any_printable_text_survives_dvc_and_the_shell(text: str) -> None:
    words = shlex.split(to_str({"word": text}))
    assert words == ["--word", text]


# wrong values


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("score", ".nan", "'nan' is not a number from 0.05 to 1; write one"),
        ("score", ".inf", "'inf' is not a number from 0.05 to 1; write one"),
        ("score", "-0.5", "'-0.5' is not a number from 0.05 to 1; write one"),
        ("score", "0.0499", "'0.0499' is not a number from 0.05 to 1; write one"),
        ("score", "1.0001", "'1.0001' is not a number"),
        ("score", "35", "'35' is not a number"),
        ("score", "0,35", "'0,35' is not a number"),
        ("score", "high", "'high' is not a number"),
        ("score", "''", "'' is not a number"),
        ("score", "-.inf", "it needs a value; true is none, nor is one that begins with '-'"),
        ("score", "-1e-9", "it needs a value; true is none, nor is one that begins with '-'"),
        ("score", "true", "it needs a value; true is none"),
        ("score", "false", "it has no value; write one"),
        ("score", "null", "it has no value (null); write a value"),
        ("score", "", "it has no value (null); write a value"),
        ("score", None, "it has no value; write one"),
        ("score", "[]", "it has no value; write one"),
        ("score", "[0.3, 0.4]", "it takes one value, not a list; remove '0.4'"),
        ("size", "500", "500 is not a multiple of 64; write 512"),
        ("size", "4097", "'4097' is not a whole number from 64 to 4096; write one"),
        ("size", "65", "65 is not a multiple of 64; write 64"),
        ("size", "512.0", "'512.0' is not a whole number from 64 to 4096; write one"),
        ("size", "1e3", "'1000.0' is not a whole number"),
        ("size", "512px", "'512px' is not a whole number"),
        ("size", "-512", "'-512' is not a whole number"),
        ("size", "５１２", "'５１２' is not a whole number"),
        ("size", "99999999999999999999", "'99999999999999999999' is not a whole number"),
        ("size", "[512, 512]", "it takes one value, not a list; remove '512'"),
        ("word", "null", "it has no value (null); write a value"),
        ("word", "", "it has no value (null); write a value"),
        ("word", "''", "'' is no tag; write a word such as long_hair"),
        ("word", "' '", "' ' is no tag"),
        ("word", "a, b", "'a, b' holds a comma, which separates tags in a caption"),
        ("word", '"a\\tb"', "'a\\tb' is no tag"),
        ("word", '"a\\u200bb"', "'a\\u200bb' is no tag"),
        ("word", "-a", "it needs a value; true is none, nor is one that begins with '-'"),
        ("word", "--fast", "it needs a value; true is none, nor is one that begins with '-'"),
        ("word", "[a, b]", "it takes one value, not a list; remove 'b'"),
        ("kind", "Crop", "'Crop' is none of crop, bucket; did you mean crop?"),
        ("kind", "square", "'square' is none of crop, bucket; write one of them"),
        ("kind", "true", "it needs a value; true is none"),
        ("words", "null", "it has no value (null); write a list, [] for an empty one"),
        ("words", "[a, null]", "it has no value (null); write a list, [] for an empty one"),
        ("words", "true", "it needs a value; true is none"),
        ("words", "['a,b']", "'a,b' holds a comma"),
        ("words", "['']", "'' is no tag"),
        ("words", "[a, -b]", "'-b' begins with '-'; write one that does not"),
        ("words", "[-b]", "it needs a value; true is none, nor is one that begins with '-'"),
        ("pairs", "[a]", "'a' is no replacement; write old_tag=>new_tag"),
        ("pairs", "['a=>']", "'a=>' is no replacement; write old_tag=>new_tag (to drop a tag"),
        ("pairs", "['a=>b=>c']", "'a=>b=>c' is no replacement"),
        ("pairs", "['a,b=>c']", "'a,b' holds a comma"),
        ("more", "5", "'5' is neither true nor false; write one of them"),
        ("more", "'yes'", "'yes' is neither true nor false"),
        ("more", "yes", "'yes' is neither true nor false"),
        ("more", "null", "'None' is neither true nor false"),
        ("more", "[true]", "'True' is neither true nor false"),
    ],
)
def test_a_wrong_value_is_named_with_its_key(key: str, value: str | None, message: str) -> None:
    assert wrong(**{key: value}).startswith(f"params.yaml, some.{key}: {message}")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("scor", "0.5", "some.scor: no such key; did you mean score?"),
        ("Score", "0.5", "some.Score: no such key; did you mean score?"),
        ("colour", "red", "some.colour: no such key; known keys: score, size, word, kind, "),
        ("input", "y", "some.input: no such key; known keys: "),
        ("epochs", "5", "some.epochs: no such key; known keys: "),
        ("score", "{low: 0.1}", "some.score.low: no such key; did you mean score?"),
        ("pairs", "{a: b}", "some.pairs.a: no such key; did you mean pairs?"),
    ],
)
def test_a_key_that_is_not_known_is_named(key: str, value: str, message: str) -> None:
    assert wrong(**{key: value}).startswith(f"params.yaml, {message}")


def test_a_key_of_another_section_is_named_by_it() -> None:
    with pytest.raises(Problem, match=r"^params\.yaml, train\.epochs: '0' is not a whole"):
        parser().parse(["--epochs", "0"])


@pytest.mark.parametrize("section", ["None", "nasu"])
def test_a_section_that_is_no_map_is_named(section: str) -> None:
    """DVC unpacks an empty section as None, and one that is a text as that text."""
    with pytest.raises(Problem, match=r"^params\.yaml, some") as error:
        parser().parse(["--input", "x", section])
    assert f"{section!r} does not belong here; write the keys there" in str(error.value)


def test_a_flag_given_twice_and_a_place_without_value_are_named() -> None:
    with pytest.raises(Problem, match=r"^params\.yaml, some\.score: is given twice; keep one$"):
        parser().parse([*unpacked(), "--score", "0.5"])
    with pytest.raises(Problem, match=r"^--input: it has no value; write one$"):
        parser().parse([word for word in unpacked() if word not in ("--input", "x")])


def test_without_a_section_a_wrong_flag_is_named() -> None:
    plain = Parser("stages.plain", "Do it.")
    plain.add_argument("--input", help="a place")
    with pytest.raises(Problem, match=r"^--inptu: no such flag; see python -m stages\.plain"):
        plain.parse(["--inptu", "x"])
    with pytest.raises(Problem, match=r"^--input: is given twice; keep one$"):
        plain.parse(["--input", "x", "--input", "y"])
    with pytest.raises(Problem, match=r"^'y' does not belong here"):
        plain.parse(["--input", "x", "y"])


def test_flags_can_not_be_abbreviated() -> None:
    with pytest.raises(Problem, match=r"some\.sco: no such key; did you mean score\?"):
        parser().parse([*unpacked(), "--sco", "0.5"])


def test_the_words_of_the_command_line_are_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["stage", *unpacked(score="[0.3, 0.4]")])
    with pytest.raises(Problem, match=r"some\.score: it takes one value, not a list"):
        parser().parse(None)


# the readers


@pytest.mark.parametrize("value", ["0.05", "1", "1.0", "1e-1", "0.0500001"])
def test_bounds_are_included(value: str) -> None:
    assert number(0.05, 1)(value) == float(value)


@given(st.integers(-10, 10_000))
def test_a_multiple_is_within_the_bounds_and_so_is_the_advice(value: int) -> None:
    read_size = whole(64, 4096, multiple_of=64)
    if 64 <= value <= 4096 and value % 64 == 0:
        assert read_size(str(value)) == value
        return
    with pytest.raises(argparse.ArgumentTypeError) as error:
        read_size(str(value))
    if "multiple" in str(error.value):
        assert read_size(str(error.value).rpartition(" ")[2]) > 0


@given(st.text())
def test_a_reader_returns_or_raises_its_own_error(text: str) -> None:
    readers: list[Callable[[str], object]] = [
        number(0.05, 1), whole(0, 9), one_of("a"), tag, replacement, folder_name,
    ]  # fmt: skip
    for reader in readers:
        try:
            reader(text)
        except argparse.ArgumentTypeError as error:
            assert "\n" not in str(error)  # noqa: PT017


# the shipped params, through DVC itself


SECTIONS = {
    "prepare": "stages.prepare",
    "tagger": "stages.score",
    "caption": "stages.caption",
    "common_tag": "stages.common_tag",
    "organize": "stages.organize",
}


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("value", [None, True, "-x", ["-x"], {"a": 1}])
def test_every_key_of_every_section_refuses_what_no_key_can_be(section: str, value: object) -> None:
    params = parse_yaml((ROOT / "params.yaml").read_text(encoding="utf-8"), "params.yaml")
    built: Parser = importlib.import_module(SECTIONS[section]).build_parser()
    for key, shipped in params[section].items():
        if isinstance(shipped, bool) and value is True:
            continue
        changed = {**params[section], key: value}
        with pytest.raises(Problem, match=rf"^params\.yaml, {section}\.{key}") as error:
            built.parse(shlex.split(to_str(changed)))
        assert "\n" not in str(error.value)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the repository with just what the common-tag stage needs."""
    folder = tmp_path_factory.mktemp("repository")
    shutil.copytree(ROOT / "stages", folder / "stages", ignore=shutil.ignore_patterns("__pyc*"))
    shutil.copyfile(ROOT / "dvc.yaml", folder / "dvc.yaml")
    (folder / "data" / "edited").mkdir(parents=True)
    (folder / "data" / "edited" / "img001.txt").write_text("1girl\n")
    manifest = "image,source,sha256,width,height,status,reason\nimg001.png,a.png,f00,9,9,used,\n"
    (folder / "data" / "manifest.csv").write_text(manifest)
    subprocess.run([sys.executable, "-m", "dvc", "init", "-q", "--no-scm"], cwd=folder, check=True)
    return folder


def repro(repository: Path, before: str, after: str) -> subprocess.CompletedProcess[str]:
    """Run `dvc repro` of the common-tag stage, params.yaml having `after` for `before`."""
    params = (ROOT / "params.yaml").read_text(encoding="utf-8")
    assert params.count(before) == 1
    (repository / "params.yaml").write_text(params.replace(before, after), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "dvc", "repro", "-s", "common-tag"],
        cwd=repository,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )


TAG = "\n  tag: nasumiso_style\n"


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (TAG, "\n  tag:\n", "params.yaml, common_tag.tag: it has no value (null); write a value"),
        (TAG, "\n  tag: {a: b}\n", "params.yaml, common_tag.tag.a: no such key; did you mean tag?"),
        (TAG, "\n  tag: -a\n", "params.yaml, common_tag.tag: it needs a value; true is none"),
        (TAG, "\n", "params.yaml, common_tag: 'None' does not belong here; write the keys there"),
        (TAG, '\n  tag: "a\\nb"\n', "--tag 'a, exited with"),  # DVC cuts the command in two
        ("\ncommon_tag:", "\ncommontag:", "Could not find 'common_tag'"),  # DVC's own words
    ],
    ids=["null", "map", "leading dash", "empty section", "newline", "missing section"],
)
def test_what_dvc_makes_of_wrong_values(
    repository: Path, before: str, after: str, line: str
) -> None:
    done = repro(repository, before, after)
    assert done.returncode != 0
    assert [each for each in done.stderr.splitlines() if line in each] != []
    assert "Traceback" not in done.stderr
    assert not (repository / "data" / "tagged").exists()


def test_a_tag_is_never_executed(repository: Path) -> None:
    evil = "$(touch pwned) `touch pwned`; touch pwned #' 🍆"
    yaml_text = evil.replace("'", "''")
    done = repro(repository, TAG, f"\n  tag: '{yaml_text}'\n")
    assert done.returncode == 0, done.stderr
    assert not (repository / "pwned").exists()
    caption = (repository / "data" / "tagged" / "img001.txt").read_text(encoding="utf-8")
    assert caption == f"{evil}, 1girl\n"
    shutil.rmtree(repository / "data" / "tagged")
