"""A caption is a line of tags; tags are compared whatever their case and underscores."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.library.common.errors import Problem
from stages.library.dataset.captions import (
    KAOMOJI,
    caption_files,
    each_line,
    join,
    read_tags,
    read_text,
    spaced,
    split,
    underscored,
    write_text,
)


@pytest.mark.parametrize(
    ("line", "tags"),
    [
        ("a, b", ["a", "b"]),
        ("a,b , c,", ["a", "b", "c"]),
        ("", []),
        (" , ,", []),
        ("a, b, a", ["a", "b"]),
        ("long hair, <o>_<o>", ["long hair", "<o>_<o>"]),
        ("\u3000a\u3000, b", ["a", "b"]),
        (";), :'(", [";)", ":'("]),
    ],
)
def test_split(line: str, tags: list[str]) -> None:
    assert split(line) == tags


@given(st.text(st.characters(exclude_characters="\r\n")))
def test_splitting_and_joining_settles_at_once(line: str) -> None:
    assert split(join(split(line))) == split(line)


@given(st.text())
def test_the_compared_form_is_its_own_compared_form(text: str) -> None:
    assert underscored(underscored(text)) == underscored(text)


@pytest.mark.parametrize("face", sorted(KAOMOJI))
def test_faces_keep_their_underscores(face: str) -> None:
    assert spaced(face) == face
    assert underscored(face.replace("_", " ")) == face


@pytest.mark.parametrize("tag", ["long_hair", "o_o_", "miku_(cosplay)", "(o)_(o)_x"])
def test_all_else_gets_spaces(tag: str) -> None:
    assert "_" not in spaced(tag)


@pytest.mark.parametrize(
    ("content", "tags"),
    [
        (b"a, b\n", ["a", "b"]),
        (b"a, b", ["a", "b"]),
        (b"a\nb\n", ["a", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"a\rb", ["a", "b"]),
        (b"\xef\xbb\xbfa\n", ["a"]),
        (b"", []),
    ],
    ids=["line", "no end", "LF", "CRLF", "CR", "BOM", "empty"],
)
def test_read_tags(tmp_path: Path, content: bytes, tags: list[str]) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    assert read_tags(tmp_path / "a.txt") == tags


@settings(deadline=None)  # disks have their moods
@given(st.lists(st.sampled_from(["a", "b c", "なす", "🍆", ";)", "<o>_<o>", '"q"']), unique=True))
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, tags: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "round.txt"
    write_text(path, join(tags) + "\n")
    assert read_tags(path) == tags
    assert path.read_bytes().endswith(b"\n")
    assert path.read_bytes().count(b"\n") == 1


@given(st.text(st.characters(exclude_characters=", \t\x0b\x0c\x1c\x1d\x1e\x1f\x85\u2028\u2029")))
def test_a_line_that_is_not_changed_stays(text: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if all(line == line.strip() for line in lines):
        assert each_line(text, lambda tags: tags) == text


def test_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\x93\xfa")
    with pytest.raises(Problem, match=r"a\.txt: is not UTF-8; save it again as UTF-8"):
        read_text(tmp_path / "a.txt")


def test_hidden_files_are_no_captions(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", ".a.txt", "._a.txt", "a.png", "a.txt~", ".DS_Store"):
        (tmp_path / name).write_bytes(b"\xff")
    assert [path.name for path in caption_files(tmp_path)] == ["a.txt", "b.txt"]


def test_a_caption_that_is_a_link_out_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").symlink_to("/etc/passwd")
    with pytest.raises(Problem, match=f"^{tmp_path}/a.txt: is a link that leads out of its folder"):
        caption_files(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\0\0\0\0"])
def test_empty_caption_of_ours_is_damage_and_no_caption_without_tags(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "a.txt").write_text("\n")
    (tmp_path / "b.txt").write_bytes(content)
    with pytest.raises(Problem, match=r"b\.txt: is empty, as a power cut leaves files") as error:
        caption_files(tmp_path)
    assert not str(error.value).isascii()
    assert len(caption_files(tmp_path, ours=False)) == 2
