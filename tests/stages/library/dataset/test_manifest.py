from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stages.library.common.errors import Problem
from stages.library.dataset.manifest import (
    SKIPPED,
    USED,
    Row,
    read_manifest,
    same_name,
    shown,
    used,
    write_manifest,
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
rows = st.builds(
    Row,
    image=st.sampled_from(["", "img001.png"]),
    source=texts,
    sha256=st.text("0123456789abcdef", max_size=64),
    width=st.integers(0, 100000),
    height=st.integers(0, 100000),
    status=st.sampled_from([USED, SKIPPED]),
    reason=texts,
)


def row(image: str, source: str = "a.png", status: str = USED) -> Row:
    return Row(image, source, "ab12", 4, 3, status, "")


@given(st.lists(rows, max_size=5))
@example([Row("", "a\rb.png", "", 0, 0, SKIPPED, "c\r\nd")])
def test_any_file_name_and_reason_survives_the_csv(
    tmp_path_factory: pytest.TempPathFactory, written: list[Row]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "manifest.csv"
    write_manifest(path, written)

    assert read_manifest(path) == written


def test_the_file_is_utf_8_with_a_header_and_plain_line_ends(tmp_path: Path) -> None:
    write_manifest(tmp_path / "manifest.csv", [row("img001.png", "なす, 味噌.png")])

    assert (tmp_path / "manifest.csv").read_bytes().decode() == (
        "image,source,sha256,width,height,status,reason\n"
        'img001.png,"なす, 味噌.png",ab12,4,3,used,\n'
    )


def test_a_name_that_is_not_utf_8_is_written_in_ascii(tmp_path: Path) -> None:
    write_manifest(tmp_path / "manifest.csv", [row("", "\udcff.png")])

    assert read_manifest(tmp_path / "manifest.csv")[0].source == "\\udcff.png"


def test_without_a_manifest_the_error_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"manifest\.csv: no such file; run the prepare stage"):
        read_manifest(tmp_path / "manifest.csv")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello\n",
        b"\xff\xfe",
        b"image,source\na,b\n",
        b"image,source,sha256,width,height,status,reason\nimg001.png,a.png\n",
        b"image,source,sha256,width,height,status,reason\nimg001.png,a.png,ab,wide,3,used,\n",
        b"image,source,sha256,width,height,status,reason\n../../x.png,a.png,ab,4,3,used,\n",
        b"image,source,sha256,width,height,status,reason\n/etc/x.png,a.png,ab,4,3,used,\n",
        b"image,source,sha256,width,height,status,reason\nx.png,"
        + b"a" * 200_000
        + b",ab,4,3,used,\n",
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "manifest.csv"
    path.write_bytes(content)

    with pytest.raises(Problem, match=r"manifest\.csv: is no manifest; run the prepare stage"):
        read_manifest(path)


def test_used_pictures_are_found_by_their_stem() -> None:
    one, other, skipped = row("img001.png"), row("img002.png"), row("", status=SKIPPED)

    assert used([one, skipped, other]) == {"img001": one, "img002": other}


def test_a_macs_decomposed_name_is_the_same_name() -> None:
    assert same_name("か\u3099.png") == same_name("が.png") == "が.png"


@pytest.mark.parametrize(
    "name", ["a\nb.png", "a\rb.png", "\x1b[2J.png", "\udcff.png", "\u202e.png"]
)
def test_a_name_is_shown_on_one_line_without_control_characters(name: str) -> None:
    assert shown(name).isprintable()
