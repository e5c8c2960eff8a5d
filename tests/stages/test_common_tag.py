"""The trigger stands at the head of every line, once, and nothing else changes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.common_tag import build_parser, main
from stages.library.dataset.captions import each_line, underscored, with_trigger
from stages.library.dataset.manifest import USED, Row, write_manifest
from tests.support.clones import PROJECT
from tests.support.params import arguments

TRIGGER = "nasumiso_style"


def flags(folder: Path, tag: str = "x") -> list[str]:
    values = {"input": folder / "in", "output": folder / "out", "tag": tag}
    return arguments(build_parser(), values, folder / "params")


def run(folder: Path, content: bytes, *more: str, tag: str = TRIGGER) -> bytes:
    """Run the stage, as a command of its own, on one caption file and return what it wrote."""
    (folder / "in").mkdir(exist_ok=True)
    (folder / "in" / "a.txt").write_bytes(content)
    assert main([*flags(folder, tag), *more]) == 0
    return (folder / "out" / "a.txt").read_bytes()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"1girl, smile\n", b"nasumiso_style, 1girl, smile\n"),
        (b"nasumiso_style, 1girl\n", b"nasumiso_style, 1girl\n"),
        (b"1girl, nasumiso_style, smile\n", b"nasumiso_style, 1girl, smile\n"),
        (b"nasumiso_style, 1girl, nasumiso_style\n", b"nasumiso_style, 1girl\n"),
        (b"1girl, nasumiso style, Nasumiso_Style\n", b"nasumiso_style, 1girl\n"),
        (b"nasumiso_style_2, nasumiso\n", b"nasumiso_style, nasumiso_style_2, nasumiso\n"),
        (b" 1girl ,smile,,\n", b"nasumiso_style, 1girl, smile\n"),
        ("茄子, 味噌\n".encode(), "nasumiso_style, 茄子, 味噌\n".encode()),
    ],
    ids=["put", "there", "moved", "twice", "spelling", "not part of a tag", "spacing", "Japanese"],
)
def test_at_the_head_and_once(tmp_path: Path, before: bytes, after: bytes) -> None:
    assert run(tmp_path, before) == after


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_and_its_ending_is_kept(tmp_path: Path, end: bytes) -> None:
    written = run(tmp_path, end.join([b"a", b"", b"b", b""]))
    heads = [b"nasumiso_style, a", b"nasumiso_style", b"nasumiso_style, b", b""]
    assert written == end.join(heads)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a", b"nasumiso_style, a"),
        (b"a\nb", b"nasumiso_style, a\nnasumiso_style, b"),
        (b"a\r\nb\nc\r", b"nasumiso_style, a\r\nnasumiso_style, b\nnasumiso_style, c\r"),
        (b"", b"nasumiso_style"),
        (b"\n", b"nasumiso_style\n"),
        (b"\xef\xbb\xbfa\n", b"nasumiso_style, a\n"),
        (b"\xef\xbb\xbfnasumiso_style, a\n", b"nasumiso_style, a\n"),
    ],
    ids=["no end", "no end after two", "mixed", "empty", "empty line", "BOM", "BOM and trigger"],
)
def test_endings_as_they_were(tmp_path: Path, before: bytes, after: bytes) -> None:
    assert run(tmp_path, before) == after


def test_twice_is_the_same_as_once(tmp_path: Path) -> None:
    once = run(tmp_path, b"b, a\r\n\r\nnasumiso_style")
    (tmp_path / "again").mkdir()
    assert run(tmp_path / "again", once) == once


TAGS = st.text(st.characters(exclude_characters=",\r\n|。.!?", codec="utf-8"), max_size=5)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@given(st.lists(st.tuples(st.lists(TAGS, max_size=4), ENDS), max_size=4), st.booleans())
def test_lines_endings_and_other_tags_are_kept(
    lines: list[tuple[list[str], str]], final_end: bool
) -> None:
    text = "".join(",".join(tags) + end for tags, end in lines)
    if not final_end:
        text = text.rstrip("\r\n") + "x"
    written = each_line(text, lambda line: with_trigger(line, TRIGGER))
    ends = [char for char in text if char in "\r\n"]
    assert [char for char in written if char in "\r\n"] == ends
    split = written.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for line in split[:-1] if written.endswith(("\r", "\n")) else split:
        tags = line.split(", ")
        assert tags[0] == TRIGGER
        assert [underscored(tag) for tag in tags].count(TRIGGER) == 1


@pytest.mark.parametrize("tag", ["nasu's", '"nasu"', "$(x)", "なすみそ", "a b", "🍆", "^_^"])
def test_any_word_is_a_trigger(tmp_path: Path, tag: str) -> None:
    assert run(tmp_path, b"1girl\n", tag=tag) == f"{tag}, 1girl\n".encode()


@pytest.mark.parametrize("content", ["茄子".encode("cp932"), "茄".encode("utf-16"), b"a\xff"])
def test_a_file_that_is_not_utf8_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bad.txt").write_bytes(content)
    assert main(flags(tmp_path)) == 1
    path = tmp_path / "in" / "bad.txt"
    assert capsys.readouterr().err == (
        f"common_tag: error: {path}: is not UTF-8; save it again as UTF-8\n"
    )
    assert not (tmp_path / "out").exists()


def test_japanese_captions_can_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a_jp.txt").write_text("女の子\n", encoding="utf-8")
    run(tmp_path, b"1girl\n", "--exclude-jp")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.txt"]
    run(tmp_path, b"1girl\n")
    assert (tmp_path / "out" / "a_jp.txt").read_bytes() == "nasumiso_style, 女の子\n".encode()


@pytest.mark.parametrize("make", [False, True])
def test_nothing_to_do_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make: bool
) -> None:
    if make:
        (tmp_path / "in").mkdir()
    assert main(flags(tmp_path)) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "run the stage before this one first" in error


def test_the_input_is_not_changed(tmp_path: Path) -> None:
    run(tmp_path, b"\xef\xbb\xbfa\r\n")
    assert (tmp_path / "in" / "a.txt").read_bytes() == b"\xef\xbb\xbfa\r\n"


def advised(tmp_path: Path, capsys: pytest.CaptureFixture[str], tag: str) -> str:
    """Return what the stage warns of."""
    run(tmp_path, b"1girl\n", f"--dictionary={PROJECT / 'data/dictionary/ja.csv'}", tag=tag)
    return capsys.readouterr().err


@pytest.mark.parametrize("tag", ["smile", "Long hair", "red_dress", "^_^"])
def test_a_trigger_that_is_a_tag_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tag: str
) -> None:
    said = advised(tmp_path, capsys, tag)
    assert said.startswith(f"common-tag: warning: the trigger {tag!r} is a tag that models know")
    assert said.count("\n") == 1


def test_a_japanese_trigger_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = advised(tmp_path, capsys, "なすみそ")
    assert "the trigger 'なすみそ' is up to 12 tokens to the text encoder" in said


@pytest.mark.parametrize("tag", ["nasumiso_style", "nasu", "sks", "misozuke v2"])
def test_a_word_of_ones_own_is_fine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tag: str
) -> None:
    assert advised(tmp_path, capsys, tag) == ""


# subjects


ROWS = [
    Row("img001.png", "a.png", "a" * 64, 9, 9, USED, ""),
    Row("img002.png", "2_cry/a.png", "b" * 64, 9, 9, USED, ""),
    Row("img003.png", "10_cry/b.png", "c" * 64, 9, 9, USED, ""),
    Row("img004.png", "3_smile/a.png", "d" * 64, 9, 9, USED, ""),
]


def run_subjects(folder: Path, *subjects: str, rows: list[Row] = ROWS) -> dict[str, str]:
    """Run the stage on a caption a row; return the captions."""
    (folder / "in").mkdir()
    for row in rows:
        (folder / "in" / row.image).with_suffix(".txt").write_text("1girl, nasu_cry\n")
    write_manifest(folder / "manifest.csv", rows)
    values = {
        "input": folder / "in",
        "output": folder / "out",
        "manifest": folder / "manifest.csv",
        "written": folder / "written.json",
        "tag": "nasumiso",
        "subjects": list(subjects),
    }
    assert main(arguments(build_parser(), values, folder / "params")) == 0
    return {path.stem: path.read_text().strip() for path in sorted((folder / "out").iterdir())}


def test_drawings_of_a_subject_have_its_trigger_and_the_others_the_common_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_subjects(tmp_path, "cry=>nasu_cry") == {
        "img001": "nasumiso, 1girl, nasu_cry",
        "img002": "nasu_cry, 1girl",
        "img003": "nasu_cry, 1girl",
        "img004": "nasumiso, 1girl, nasu_cry",
    }
    out, error = capsys.readouterr()
    assert out.splitlines() == [
        "common-tag: nasumiso put first in 2 captions",
        "common-tag: nasu_cry put first in 2 captions",
    ]
    assert error == ""


def test_without_subjects_in_params_all_have_the_common_trigger(tmp_path: Path) -> None:
    written = run_subjects(tmp_path)
    assert {text.partition(",")[0] for text in written.values()} == {"nasumiso"}


def test_a_subject_is_known_in_japanese_however_it_is_written(tmp_path: Path) -> None:
    rows = [Row("img001.png", "2_か\u3099/a.png", "a" * 64, 9, 9, USED, "")]
    assert run_subjects(tmp_path, "が=>nasu_cry", rows=rows) == {"img001": "nasu_cry, 1girl"}


def test_a_subject_without_drawings_and_each_trigger_are_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_subjects(tmp_path, "cri=>smile", "smile=>なす", rows=ROWS)
    error = capsys.readouterr().err
    assert "warning: the trigger 'なす' is up to " in error
    assert (
        "common-tag: warning: common_tag.subjects: no drawing is in a folder REPEATS_cri; did you "
        "mean cry? / その題材のフォルダーがありません\n"
    ) in error


def test_a_common_trigger_that_no_drawing_has_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_subjects(tmp_path, "cry=>nasu_cry", "smile=>nasu_smile", rows=ROWS[1:])
    error = capsys.readouterr().err
    assert error.startswith("common-tag: warning: the trigger 'nasumiso' stands in no caption, ")
    assert error.count("\n") == 1


def test_the_trigger_of_a_subject_may_be_a_tag_that_models_know(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("1girl\n")
    values = {"input": tmp_path / "in", "output": tmp_path / "out", "tag": "nasumiso"}
    values |= {"subjects": ["cry=>smile"], "dictionary": PROJECT / "data/dictionary/ja.csv"}
    assert main(arguments(build_parser(), values, tmp_path / "params")) == 0
    error = capsys.readouterr().err
    assert "the trigger 'smile' is a tag that models know already" in error
    assert error.count("warning") == 1


@pytest.mark.parametrize("wrong", ["cry", "=>nasu", "cry=>", "a=>b=>c", "cry=>a,b"])
def test_what_is_no_subject_with_its_trigger_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    values = {"input": tmp_path, "output": tmp_path / "out", "tag": "x", "subjects": [wrong]}
    assert main(arguments(build_parser(), values, tmp_path / "params")) == 1
    error = capsys.readouterr().err
    assert error.startswith("common_tag: error: params.yaml, common_tag.subjects: ")
    assert error.count("\n") == 1


def test_a_subject_with_two_triggers_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {"input": tmp_path, "output": tmp_path / "out", "tag": "x"}
    values |= {"subjects": ["cry=>a", "cry=>b"]}
    assert main(arguments(build_parser(), values, tmp_path / "params")) == 1
    assert "common_tag.subjects: 'cry' has two triggers, 'a' and 'b'; keep one" in (
        capsys.readouterr().err
    )
