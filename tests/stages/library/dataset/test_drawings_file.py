"""What is wrong in drawings.yaml is one line, with its place and what to do."""

from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.dataset.drawings import Wish, Wishes
from stages.library.dataset.drawings_file import read_drawings
from tests.support.clones import PROJECT

KEY = "3fa9c1d2e4b5"
ENTRY = f"{KEY}:\n  source: a.png\n"


def read(folder: Path, text: str) -> Wishes:
    path = folder / "drawings.yaml"
    path.write_text(text, encoding="utf-8")
    return read_drawings(path)


def test_the_projects_own_holds_no_wishes() -> None:
    assert read_drawings(PROJECT / "data/drawings.yaml") == {}


def test_the_example_in_the_projects_own_is_one(tmp_path: Path) -> None:
    lines = (PROJECT / "data/drawings.yaml").read_text(encoding="utf-8").splitlines()
    example = "\n".join(line[4:] for line in lines if line.startswith("#   "))
    assert read(tmp_path, example) == {
        KEY: Wish("hero.png", "test", 20, (0.1, 0, 0.5, 0.75), ((0.8, 0.9, 0.2, 0.1),))
    }


@pytest.mark.parametrize("text", ["# only a comment\n", "{}\n", "{}", "---\n"])
def test_no_wishes(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == {}


@pytest.mark.parametrize("text", ["", "\n", " \r\n\t", "\ufeff"])
def test_an_empty_file_is_not_taken_for_no_wishes(tmp_path: Path, text: str) -> None:
    with pytest.raises(Problem, match=r"drawings\.yaml: is empty; get your wishes back with: git "):
        read(tmp_path, text)


def test_a_missing_file_says_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="no such file; get it back with: git checkout"):
        read_drawings(tmp_path / "drawings.yaml")


@pytest.mark.parametrize("use", ["train", "test", "no"])
def test_no_is_a_use_and_not_false(tmp_path: Path, use: str) -> None:
    assert read(tmp_path, ENTRY + f"  use: {use}\n")[KEY].use == use


def test_what_is_not_said_is_as_ever(tmp_path: Path) -> None:
    assert read(tmp_path, ENTRY) == {KEY: Wish("a.png", None, None, None, ())}


@pytest.mark.parametrize("text", ["1", "20", "1000"])
def test_repeats(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, ENTRY + f"  repeats: {text}\n")[KEY].repeats == int(text)


@pytest.mark.parametrize("text", ["[0, 0, 1, 1]", "[.0, 0., 1.0, 1]"])
def test_the_whole_is_a_crop(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, ENTRY + f"  crop: {text}\n")[KEY].crop == (0, 0, 1, 1)


def test_a_box_never_reaches_beyond_the_whole(tmp_path: Path) -> None:
    crop = read(tmp_path, ENTRY + "  crop: [0.3, 0.6, 0.7000003, 0.4]\n")[KEY].crop
    assert crop == (0.3, 0.6, 0.7, 0.4)


def test_one_hidden_part_needs_no_list_of_lists(tmp_path: Path) -> None:
    one = read(tmp_path, ENTRY + "  hide: [0, 0, 0.5, 0.5]\n")
    assert one == read(tmp_path, ENTRY + "  hide: [[0, 0, 0.5, 0.5]]\n")
    assert one[KEY].hide == ((0, 0, 0.5, 0.5),)


@pytest.mark.parametrize("text", ["", "[]"])
def test_nothing_may_be_hidden(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, ENTRY + f"  hide: {text}\n")[KEY].hide == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("oops", ": holds no wishes; write KEY: and below it source, use, …"),
        ("hero.png:\n  use: no\n", ", hero.png: is no key; take the first 12 digits"),
        (f"{KEY}:\n  use: no\n", f", {KEY}: has no source; write the drawing's file name there"),
        (ENTRY + "  Use: no\n", f", {KEY}: 'Use' is none of source, use, repeats, crop, hide"),
        (ENTRY + "  use: No\n", f", {KEY}.use: 'No' is none of train, test, no; write one of them"),
        (ENTRY + "  use:\n", f", {KEY}.use: '' is none of train, test, no"),
        (ENTRY + "  use: [no]\n", f", {KEY}.use: ['no'] is none of train, test, no"),
        (ENTRY + "  repeats: 0\n", f", {KEY}.repeats: '0' is not a whole number from 1 to 1000"),
        (ENTRY + "  repeats: 1001\n", f", {KEY}.repeats: '1001' is not a whole number"),
        (ENTRY + "  repeats: 1.5\n", f", {KEY}.repeats: '1.5' is not a whole number"),
        (ENTRY + "  repeats: [2]\n", f", {KEY}.repeats: ['2'] is not a whole number"),
        (ENTRY + "  crop: 1\n", f", {KEY}.crop: is no [left, top, width, height]"),
        (ENTRY + "  crop: []\n", f", {KEY}.crop: is no [left, top, width, height]"),
        (ENTRY + "  crop: [0, 0, 1]\n", f", {KEY}.crop: is no [left, top, width, height]"),
        (ENTRY + "  crop: [0, 0, 1, inf]\n", f", {KEY}.crop: is no [left, top, width, height]"),
        (ENTRY + "  crop: [-0.1, 0, 1, 1]\n", f", {KEY}.crop: is no [left, top, width, height]"),
        (ENTRY + "  crop: [0, 0, 50%, 1]\n", f", {KEY}.crop: is no [left, top, width, height]"),
        (ENTRY + "  crop: [[0, 0, 1, 1]]\n", f", {KEY}.crop: is no [left, top, width, height]"),
        (ENTRY + "  crop: [0, 0, 0, 1]\n", f", {KEY}.crop: is empty; write width and height"),
        (ENTRY + "  crop: [0.5, 0, 0.6, 1]\n", f", {KEY}.crop: reaches beyond the drawing"),
        (ENTRY + "  crop: [10, 20, 100, 100]\n", f", {KEY}.crop: reaches beyond the drawing"),
        (ENTRY + "  hide: x\n", f", {KEY}.hide: is no [left, top, width, height]"),
        (ENTRY + "  hide: [[0, 0, 1, 1], 2]\n", f", {KEY}.hide: is no [left, top, width, height]"),
        (ENTRY + "  hide: [[0, 0.5, 1, 0.6]]\n", f", {KEY}.hide: reaches beyond the drawing"),
        (ENTRY + ENTRY, f", line 3: can't be read as YAML: {KEY} is there twice; join the two"),
        (
            f"<<<<<<< HEAD\n{ENTRY}=======\n{ENTRY}>>>>>>> other\n",
            ", line 1: holds Git's conflict marks; keep the entries of both sides",
        ),
    ],
)
def test_what_is_wrong_is_one_line_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(Problem) as error:
        read(tmp_path, text)
    assert str(error.value).startswith(f"{tmp_path / 'drawings.yaml'}{message}")
    assert "\n" not in str(error.value)
