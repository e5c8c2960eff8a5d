"""What is wrong in edits.yaml is one line, and what looks like no text is text."""

from pathlib import Path

import pytest
import yaml

from stages.library.common import yaml_texts
from stages.library.common.errors import Problem
from stages.library.dataset.edits import Edit, Edits
from stages.library.dataset.edits_file import read_edits
from stages.library.dataset.edits_text import HEADER

KEY, OTHER, THIRD = "3fa9c1d2e4b5", "012345670123", "9999999999e9"


def read(folder: Path, text: str | bytes) -> Edits:
    path = folder / "edits.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_edits(path)


@pytest.mark.parametrize("text", ["# only a comment\n", HEADER, "{}\n", "{}", "---\n"])
def test_no_corrections(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == {}


@pytest.mark.parametrize("text", ["", "\n", " \r\n\t", "\ufeff"])
def test_an_empty_file_is_not_taken_for_no_corrections(tmp_path: Path, text: str) -> None:
    path = tmp_path / "edits.yaml"
    with pytest.raises(Problem, match=f"^{path}: is empty; get your corrections back with: git "):
        read(tmp_path, text)


@pytest.mark.parametrize(
    "word",
    ["no", "yes", "null", "~", "1e5", "12", "0x1f", "1_000", "12:30", "true", "=", "2020-01-01"],
)
def test_words_that_yaml_takes_for_something_else_are_tags(tmp_path: Path, word: str) -> None:
    text = f"{KEY}:\n  source: {word}\n  add: [{word}, x]\n  remove:\n  - {word}_2\n"
    assert read(tmp_path, text) == {KEY: Edit(word, [word, "x"], [f"{word}_2"])}


def test_one_tag_needs_no_list(tmp_path: Path) -> None:
    text = f"{KEY}:\n  source: a.png\n  add: eggplant\n  remove:\n"
    assert read(tmp_path, text) == {KEY: Edit("a.png", ["eggplant"])}


def test_a_sentence_is_one_line_however_it_is_laid_out(tmp_path: Path) -> None:
    text = f"{KEY}:\n  source: a.png\n  sentence: |\n    She waits\n    in the rain.\n"
    assert read(tmp_path, text) == {KEY: Edit("a.png", sentence="She waits in the rain.")}


def test_windows_line_endings_and_a_byte_order_mark(tmp_path: Path) -> None:
    text = f"\ufeff{KEY}:\r\n  source: a.png\r\n  add: [x]\r\n"
    assert read(tmp_path, text) == {KEY: Edit("a.png", ["x"])}


ENTRY = f"{KEY}:\n  source: a.png\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("oops", ": holds no corrections; write KEY: and below it source, add, …"),
        ("- a\n", ": holds no corrections; write KEY: and below it source, add, …"),
        ("hero.png:\n  add: [x]\n", ", hero.png: is no key; take the first 12 digits"),
        (f"{KEY}a:\n  source: a\n", f", {KEY}a: is no key"),
        (f"{KEY[:11]}:\n  source: a\n", f", {KEY[:11]}: is no key"),
        (f"{KEY.upper()}:\n  source: a\n", f", {KEY.upper()}: is no key"),
        (f"x {KEY}:\n  source: a\n", f", x {KEY}: is no key"),
        (f"{KEY}:\n", f", {KEY}: has no source; write the drawing's file name there"),
        (f"{KEY}: [a]\n", f", {KEY}: has no source"),
        (f"{KEY}:\n  add: [a]\n", f", {KEY}: has no source"),
        (f"{KEY}:\n  source:\n", f", {KEY}: has no source"),
        (f"{KEY}:\n  source: [a]\n", f", {KEY}: has no source"),
        (
            ENTRY + "  tags: [a]\n",
            f", {KEY}: 'tags' is none of source, caption, sentence, add, remove, order",
        ),
        (ENTRY + "  Add: [a]\n", f", {KEY}: 'Add' is none of source, caption, sentence, add, "),
        (ENTRY + "  sentence: [a]\n", f", {KEY}.sentence: is no sentence; write one text, in "),
        (
            ENTRY + "  sentence: 1girl, smile\n",
            f", {KEY}.sentence: 1girl, smile is no sentence; end it with a full stop, and write ",
        ),
        (ENTRY + "  add: {a: b}\n", f", {KEY}.add: is no list of tags"),
        (ENTRY + "  add: [[a]]\n", f", {KEY}.add: is no list of tags"),
        (ENTRY + "  add: a, b\n", f", {KEY}.add: 'a, b' holds ',', which separates tags"),
        (ENTRY + '  add: ["a,b"]\n', f", {KEY}.add: 'a,b' holds ',', which separates tags"),
        (ENTRY + "  order: [a、b]\n", f", {KEY}.order: 'a、b' holds '、', which separates tags"),
        (ENTRY + "  caption: [a]\n", f", {KEY}.caption: is no caption; write it as one text"),
        (ENTRY + '  caption: "a\\u200b"\n', f", {KEY}.caption: is no caption; write it"),
        (ENTRY + '  add: [""]\n', f", {KEY}.add: '' is no tag"),
        (ENTRY + f"  add: [{'a' * 251}]\n", f", {KEY}.add: '{'a' * 251}' is no tag; write one tag"),
        (ENTRY + '  add: ["a\\nb"]\n', f", {KEY}.add: 'a\\nb' is no tag"),
        (ENTRY + '  remove: ["a\\u200bb"]\n', f", {KEY}.remove: 'a\\u200bb' is no tag"),
        (ENTRY + "  add: [a_b]\n  remove: [A b]\n", f", {KEY}: 'a_b' is in both add and remove"),
        (ENTRY + ENTRY, f", line 3: can't be read as YAML: {KEY} is there twice; join the two"),
        (ENTRY + "  add: [a]\n  add: [b]\n", ", line 4: can't be read as YAML: add is there twice"),
        (f"'{KEY}': {{source: a}}\n" + ENTRY, f", line 2: can't be read as YAML: {KEY} is there"),
        (ENTRY + "  add: [a\n", ", line 3: can't be read as YAML: "),
        (ENTRY + "\tadd: [a]\n", ", line 3: can't be read as YAML: "),
        (ENTRY + '  add: ["a]\n', ", line 3: can't be read as YAML: "),
        (
            f"<<<<<<< HEAD\n{ENTRY}=======\n{ENTRY}>>>>>>> other\n",
            ", line 1: holds Git's conflict marks; keep the entries of both sides",
        ),
        ("? [a]\n: b\n", ", line 1: can't be read as YAML: found unhashable key"),
        ("a: &x [*x]\n", ", line 1: can't be read as YAML: aliases (& and *) are not taken"),
        (
            f"{ENTRY}  add: &a [x]\n  remove: *a\n",
            ", line 4: can't be read as YAML: aliases (& and *) are not taken; write out",
        ),
        (f"{ENTRY}---\n{ENTRY}", ": can't be read as YAML: holds a second document"),
        ("[" * 900, ", line 1: can't be read as YAML: "),
        ("- " * 900, ": holds no corrections; write KEY: and below it source, add, …"),
        (ENTRY + f"  add: {'[' * 900}{']' * 900}\n", f", {KEY}.add: is no list of tags"),
        ("\x00", ": can't be read as YAML: "),
        ("絵:\n".encode("cp932"), ": is not UTF-8; save it again as UTF-8"),
        (ENTRY.encode("utf-16"), ": is not UTF-8; save it again as UTF-8"),
    ],
)
@pytest.mark.parametrize("parser", [yaml_texts.LOADER, yaml.BaseLoader], ids=["fast", "plain"])
def test_what_is_wrong_is_one_line_with_its_place(
    tmp_path: Path,
    text: str | bytes,
    message: str,
    parser: type,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(yaml_texts, "LOADER", parser)
    with pytest.raises(Problem, match=r"edits\.yaml") as error:
        read(tmp_path, text)
    assert str(error.value).startswith(f"{tmp_path / 'edits.yaml'}{message}")
    assert "\n" not in str(error.value)
