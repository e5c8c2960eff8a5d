"""A small vocabulary of our own, and a table that knows every word of the tags."""

import gzip
from pathlib import Path

import pytest

from stages.library.dataset.captions import KAOMOJI
from stages.library.tagging.tokens import words
from tools.makers.token_table import main, pieces, read_merges, words_of

MERGES = """\
#version: 0.2
h a
i r</w>
ha ir</w>
l o
n g</w>
lo ng</w>
) ,</w>
ha lo
"""


@pytest.fixture
def merges(tmp_path: Path) -> Path:
    path = tmp_path / "merges.txt"
    path.write_text(MERGES, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("hair", ["hair</w>"]),
        ("long", ["long</w>"]),
        ("halo", ["ha", "l", "o</w>"]),  # `lo` stands within a word only
        ("halong", ["ha", "long</w>"]),  # `lo ng</w>` comes before `ha lo`
        ("hahaha", ["ha", "ha", "h", "a</w>"]),
        ("),", ["),</w>"]),
        ("é", ["Ã", "©</w>"]),
        ("x", ["x</w>"]),
    ],
)
def test_pieces(merges: Path, word: str, expected: list[str]) -> None:
    assert pieces(word, {pair: rank for rank, pair in enumerate(read_merges(merges))}) == expected


def test_every_word_of_the_tags_has_its_count(tmp_path: Path, merges: Path) -> None:
    """Whatever the spelling, and with a comma behind or without."""
    tags, table = tmp_path / "selected_tags.csv", tmp_path / "tokens.txt"
    tags.write_text("tag_id,name\n1,long_hair\n2,hero_(x)\n3,;)\n4,girl's\n", encoding="utf-8")
    words_csv = tmp_path / "ja.csv"
    words_csv.write_text("tag,ja\nhair,髪\n", encoding="utf-8")
    flags = f"--merges {merges} --tags {tags} {words_csv} --also nasu_style --output {table}"
    assert main(flags.split()) == 0
    lines = [line.split(" ") for line in table.read_text("utf-8").splitlines()[2:]]
    counts = {word: int(count) for count, *found in lines for word in found}
    given = ["long_hair", "long hair", "hero_(x)", r"hero_\(x\)", "hero (x)", ";)", "girl's"]
    for tag in [*given, "nasu_style", *KAOMOJI, *"abcxyz0189!?~"]:
        for text in (tag, f"{tag},"):
            assert counts.keys() >= set(words(text)), text
    assert [counts[word] for word in ("long", "hair", "),", "nasu", ";)", ",")] == [
        1,
        1,
        1,
        4,
        2,
        1,
    ]
    first = table.read_bytes()
    assert main(flags.split()) == 0
    assert table.read_bytes() == first


def test_the_same_from_openais_own_file(tmp_path: Path, merges: Path) -> None:
    """It has more lines than CLIP uses, and is packed."""
    path = tmp_path / "bpe.txt.gz"
    path.write_bytes(gzip.compress(MERGES.encode()))
    assert read_merges(path) == read_merges(merges)


@pytest.mark.parametrize("text", ["", "#version: 0.2\n", "{}\n{}\n", "#\na b c\n"])
def test_a_file_without_merges_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    path = tmp_path / "vocab.json"
    path.write_text(text, encoding="utf-8")
    assert main(["--merges", str(path), "--tags", "ja.csv"]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"token_table: error: {path}: holds no merges; give CLIP's merges")


def test_a_csv_without_tags_is_one_line(
    tmp_path: Path, merges: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x\n1\n", encoding="utf-8")
    assert main(["--merges", str(merges), "--tags", str(path)]) == 1
    assert f"{path}: has no column name or tag; give" in capsys.readouterr().err


def test_letters_digits_and_signs_are_words_too() -> None:
    assert words_of([]) >= set("abc019!~")
