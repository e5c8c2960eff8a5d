"""What is written to edits.yaml comes back, and what stood there stays."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.library.common.errors import Problem
from stages.library.dataset.captions import underscored
from stages.library.dataset.edits import Edit, Edits
from stages.library.dataset.edits_file import is_tag, read_edits
from stages.library.dataset.edits_text import HEADER, write_edits
from tests.stages.library.dataset.test_edits_file import KEY, OTHER, THIRD, read


def test_the_shipped_file_is_empty() -> None:
    path = Path(__file__).parents[4] / "data" / "edits.yaml"
    assert path.read_text(encoding="utf-8").startswith(HEADER)


def test_the_example_in_the_header_is_right(tmp_path: Path) -> None:
    example = "".join(
        line[4:]
        for line in HEADER.splitlines(keepends=True)
        if line.startswith(("#   3fa9", "#     "))
    )
    assert read(tmp_path, example) == {
        KEY: Edit(
            "hero.png", ["eggplant"], ["1girl"], ["eggplant", "solo"], "A girl ...", "She sits."
        )
    }


@pytest.mark.parametrize("key", [OTHER, "123456789012", THIRD, "1e5000000000"])
def test_keys_that_look_like_numbers(tmp_path: Path, key: str) -> None:
    for quoted in (key, f"'{key}'", f'"{key}"'):
        text = f"{quoted}:\n  source: a.png\n  add: [x]\n"
        assert read(tmp_path, text) == {key: Edit("a.png", ["x"])}
        path = tmp_path / "edits.yaml"
        write_edits(path, {key: Edit("a.png", ["y"])})
        assert read_edits(path) == {key: Edit("a.png", ["y"])}


FILE = f"""\
# corrections
# 手直し

# the hero, see the letter of May
{KEY}:
  source: hero.png
  add: [eggplant]   # it is one

  # not a girl
  remove:
    - 1girl

# the friend
'{OTHER}': {{source: friend.png, add: [smile]}}
# the end
"""


def test_nothing_changed_same_bytes(tmp_path: Path) -> None:
    content = read(tmp_path, FILE)
    write_edits(tmp_path / "edits.yaml", content)
    assert (tmp_path / "edits.yaml").read_text(encoding="utf-8") == FILE


def test_untouched_entries_and_all_comments_outside_the_changed_entry_stay(tmp_path: Path) -> None:
    content = read(tmp_path, FILE)
    changed = {**content, OTHER: Edit("friend.png", ["grin"]), THIRD: Edit("new.png", ["x"])}
    write_edits(tmp_path / "edits.yaml", changed)
    text = (tmp_path / "edits.yaml").read_text(encoding="utf-8")
    assert text.startswith(FILE[: FILE.index("# the friend")])
    assert text.endswith(
        f"# the friend\n{OTHER}:\n  source: friend.png\n  add: [grin]\n"
        f"{THIRD}:\n  source: new.png\n  add: [x]\n# the end\n"
    )
    assert read_edits(tmp_path / "edits.yaml") == changed


def test_a_new_file_has_the_header(tmp_path: Path) -> None:
    path = tmp_path / "edits.yaml"
    write_edits(path, {KEY: Edit("a.png", ["x"])})
    assert path.read_text(encoding="utf-8") == (f"{HEADER}{KEY}:\n  source: a.png\n  add: [x]\n")


def test_line_endings_stay(tmp_path: Path) -> None:
    content = read(tmp_path, FILE.replace("\n", "\r\n"))
    path = tmp_path / "edits.yaml"
    write_edits(path, content)
    assert path.read_bytes() == FILE.replace("\n", "\r\n").encode()
    write_edits(path, {**content, THIRD: Edit("new.png", ["x"])})
    assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n")


@pytest.mark.parametrize(
    "text",
    [
        f"{{{KEY}: {{source: a.png, add: [x]}}}}\n",
        f"  {KEY}:\n    source: a.png\n    add: [x]\n",
        f"? {KEY}\n: source: a.png\n  add: [x]\n",
        f"---\n{KEY}:\n  source: a.png\n  add: [x]\n...\n",
        f"{KEY}:\n  source: a.png\n  add: [x]",
        f"\ufeff{KEY}:\n  source: a.png\n  add: [x]\n",
        f"{KEY}:\n  source: a.png\n  add: [\nx]\n",
    ],
    ids=["flow", "indented", "question mark", "document", "no end", "BOM", "list over lines"],
)
def test_however_the_file_is_laid_out_no_entry_is_lost(tmp_path: Path, text: str) -> None:
    content = read(tmp_path, text)
    path = tmp_path / "edits.yaml"
    for changed in (
        {**content, OTHER: Edit("b.png", ["y"])},
        {KEY: Edit("a.png", ["z"]), OTHER: Edit("b.png", ["y"])},
    ):
        write_edits(path, changed)
        assert read_edits(path) == changed


def test_a_broken_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "edits.yaml"
    path.write_text("oops")
    with pytest.raises(Problem, match="holds no corrections"):
        write_edits(path, {KEY: Edit("a.png", ["x"])})
    assert path.read_text() == "oops"


ODD = st.one_of(
    st.sampled_from(
        ["no", "null", "1e5", "12", ": d", "- x", "#a", "'", '"', "{", "[x]", "!", "&a"]
    ),
    st.sampled_from(["*", "%", "@_@", "|_|", ">_<", "a: b", "a #b", "🍆", "なす", "\\", "? a"]),
    st.text(max_size=8).filter(lambda text: is_tag(text) and text == text.strip()),
)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.text("0123456789abcdef", min_size=12, max_size=12),
        st.builds(
            Edit,
            st.one_of(ODD, st.just("a\nb.png"), st.just("x" * 300)),
            st.lists(ODD, min_size=1, max_size=3, unique_by=underscored),
            st.just([]),
            st.lists(ODD, max_size=3),
        ),
        max_size=4,
    )
)
def test_any_tag_and_any_name_comes_back_and_saving_is_byte_stable(
    tmp_path_factory: pytest.TempPathFactory, content: Edits
) -> None:
    path = tmp_path_factory.getbasetemp() / "odd.yaml"
    path.unlink(missing_ok=True)
    write_edits(path, content)
    assert read_edits(path) == content
    assert list(read_edits(path)) == list(content)
    once = path.read_bytes()
    write_edits(path, read_edits(path))
    assert path.read_bytes() == once


def test_without_the_last_correction_the_file_is_not_empty(tmp_path: Path) -> None:
    path = tmp_path / "edits.yaml"
    path.write_text("3fa9c1d2e4b5:\n  source: a.png\n  add: [x]\n", encoding="utf-8")
    write_edits(path, {"3fa9c1d2e4b5": Edit("a.png")})
    assert path.read_text(encoding="utf-8") == HEADER
    assert read_edits(path) == {}
