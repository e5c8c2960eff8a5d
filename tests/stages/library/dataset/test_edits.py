"""No correction is lost: neither by what a hand does next, nor by a re-tag, nor in the file."""

from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stages.library.common.errors import Problem
from stages.library.dataset.captions import underscored
from stages.library.dataset.edits import Edit, Edits, apply, idle, learned
from stages.library.dataset.edits_file import is_tag, read_edits
from stages.library.dataset.edits_text import HEADER, write_edits

KEY, OTHER, THIRD = "3fa9c1d2e4b5", "012345670123", "9999999999e9"

WORDS = ["1girl", "solo", "long_hair", "long hair", "Long Hair", "smile", "hat", "^_^", "no", "a b"]


def compared(tags: list[str]) -> list[str]:
    return [underscored(tag) for tag in tags]


def captions() -> st.SearchStrategy[list[str]]:
    """Captions without a tag in two spellings."""
    return st.lists(st.sampled_from(WORDS), max_size=7, unique_by=underscored)


@st.composite
def edits(draw: st.DrawFn) -> Edit:
    """Corrections that `read_edits` lets pass."""
    add, remove = draw(captions()), draw(captions())
    remove = [tag for tag in remove if underscored(tag) not in compared(add)]
    return Edit("a.png", add, remove, draw(st.one_of(st.just([]), captions())))


def less(tags: list[str], others: list[str]) -> list[str]:
    return [tag for tag in tags if underscored(tag) not in compared(others)]


def agree(written: list[str], typed: list[str], new: list[str]) -> bool:
    """Whether a caption is as a hand typed it, but for new tags that it typed at the end."""
    at_end = typed[len(less(typed, new)) :]
    return written == typed or (
        less(typed, at_end) + at_end == typed
        and less(written, at_end) == less(typed, at_end)
        and sorted(written) == sorted(typed)
    )


# what is learned from a hand


@given(captions(), edits(), captions())
def test_what_a_hand_made_of_a_caption_is_what_the_pipeline_makes(
    tagged: list[str], edit: Edit, after: list[str]
) -> None:
    before = apply(tagged, edit)
    written = apply(tagged, learned(before, after, edit))
    assert agree(written, after, less(after, before))


@given(captions(), edits(), captions())
def test_what_the_pipeline_made_of_a_hand_is_there_to_stay(
    tagged: list[str], edit: Edit, after: list[str]
) -> None:
    saved = learned(apply(tagged, edit), after, edit)
    written = apply(tagged, saved)
    assert learned(written, written, saved) == saved


@given(captions(), edits(), st.lists(captions(), min_size=1, max_size=4))
def test_saving_again_and_again(tagged: list[str], edit: Edit, hands: list[list[str]]) -> None:
    before = apply(tagged, edit)
    for after in hands:
        edit = learned(before, after, edit)
        before = after
    written = apply(tagged, edit)
    assert sorted(written) == sorted(hands[-1])
    assert less(written, edit.add) == less(hands[-1], edit.add)


@given(captions(), edits(), captions())
def test_learning_the_same_twice_changes_nothing(
    tagged: list[str], edit: Edit, after: list[str]
) -> None:
    """A save that was killed after edits.yaml and before the records is run again."""
    before = apply(tagged, edit)
    once = learned(before, after, edit)
    assert learned(before, after, once) == once
    assert agree(apply(tagged, once), after, less(after, before))


@given(captions(), edits(), captions(), captions())
def test_a_retag_keeps_every_added_and_every_removed_tag(
    tagged: list[str], edit: Edit, after: list[str], retagged: list[str]
) -> None:
    saved = learned(apply(tagged, edit), after, edit)
    now = compared(apply(retagged, saved))
    assert set(compared(saved.add)) <= set(now)
    assert not set(compared(saved.remove)) & set(now)
    others = {*compared(saved.add), *compared(saved.remove)}
    assert [tag for tag in compared(retagged) if tag not in others and tag not in now] == []


@given(captions(), edits(), captions(), captions())
def test_hands_in_two_places_both_count(
    tagged: list[str], edit: Edit, one: list[str], other: list[str]
) -> None:
    """Of one picture, both data/tagged and data/dataset were changed, from the same text."""
    before = apply(tagged, edit)
    result = compared(apply(tagged, learned(before, other, learned(before, one, edit))))
    had, first, second = set(compared(before)), set(compared(one)), set(compared(other))
    untouched = set(compared([tag for tag in other if tag in before]))
    assert (first | second) - had <= set(result)
    assert not (had - second) & set(result)
    assert not (had - first) & untouched & set(result)


@settings(deadline=None)  # disks have their moods
@given(captions(), edits(), captions())
def test_what_is_learned_can_be_written_and_read(
    tmp_path_factory: pytest.TempPathFactory, tagged: list[str], edit: Edit, after: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "learned.yaml"
    path.unlink(missing_ok=True)
    saved = learned(apply(tagged, edit), after, edit)
    write_edits(path, {KEY: saved})
    says_something = bool(saved.add or saved.remove or saved.order)
    assert read_edits(path) == ({KEY: saved} if says_something else {})


@given(captions(), captions())
def test_nothing_changed_nothing_learned(tagged: list[str], add: list[str]) -> None:
    edit = Edit("a.png", add)
    before = apply(tagged, edit)
    assert learned(before, before, edit) == edit


@pytest.mark.parametrize(
    ("after", "saved"),
    [
        (["a", "b", "c", "x"], Edit("", ["x"])),
        (["a", "c"], Edit("", [], ["b"])),
        (["a", "c", "x"], Edit("", ["x"], ["b"])),
        (["b", "a", "c"], Edit("", order=["b", "a", "c"])),
        (["x", "a", "b", "c"], Edit("", ["x"])),
        (["a", "x", "b", "c"], Edit("", ["x"], order=["a", "x", "b", "c"])),
        (["c", "a", "b", "x"], Edit("", ["x"], order=["c", "a", "b", "x"])),
        ([], Edit("", [], ["a", "b", "c"])),
    ],
    ids=[
        "added",
        "removed",
        "both",
        "reordered",
        "added in front",
        "in between",
        "added and reordered",
        "emptied",
    ],
)
def test_an_order_is_kept_only_where_it_is_needed(after: list[str], saved: Edit) -> None:
    assert learned(["a", "b", "c"], after, Edit("")) == saved


def test_an_added_tag_taken_away_is_removed_for_good() -> None:
    saved = learned(["solo", "x"], ["solo"], Edit("", ["x"]))
    assert saved == Edit("", [], ["x"])


def test_a_removed_tag_put_back_is_no_longer_removed() -> None:
    saved = learned(["solo"], ["1girl", "solo"], Edit("", [], ["1girl"]))
    assert saved == Edit("", ["1girl"], [], ["1girl", "solo"])


def test_a_new_spelling_is_a_change() -> None:
    saved = learned(["long hair", "solo"], ["long_hair", "solo"], Edit(""))
    assert saved == Edit("", ["long_hair"])
    assert apply(["solo", "long hair"], saved) == ["solo", "long_hair"]


def test_an_added_tag_that_the_tagger_gives_too_can_be_moved() -> None:
    edit = Edit("", ["x"])
    saved = learned(["a", "x", "b"], ["a", "b", "x"], edit)
    assert apply(["a", "x", "b"], saved) == ["a", "b", "x"]


def test_an_order_saved_in_one_place_outlives_a_tag_added_in_the_other() -> None:
    saved = learned(["a", "b"], ["a", "b", "y"], learned(["a", "b"], ["b", "a"], Edit("")))
    assert apply(["a", "b"], saved) == ["b", "a", "y"]


def test_added_tags_stand_in_front_as_they_were_typed() -> None:
    at_end = learned(["x", "a"], ["x", "a", "y"], Edit("", ["x"]))
    assert (at_end, apply(["a"], at_end)) == (Edit("", ["x", "y"]), ["x", "y", "a"])
    in_front = learned(["x", "a"], ["y", "x", "a"], Edit("", ["x"]))
    assert (in_front, apply(["a"], in_front)) == (Edit("", ["y", "x"]), ["y", "x", "a"])


# what is applied


@pytest.mark.parametrize("spelling", ["long_hair", "long hair", "LONG_HAIR"])
def test_tags_are_compared_whatever_their_spelling(spelling: str) -> None:
    assert apply(["long hair", "solo"], Edit("", remove=[spelling])) == ["solo"]


def test_a_tag_added_twice_is_there_once() -> None:
    assert apply(["solo"], Edit("", ["x", "x", "X"])) == ["X", "solo"]


def test_an_added_tag_that_is_there_stays_in_its_place() -> None:
    assert apply(["solo", "hat", "b"], Edit("", ["x", "Hat", "y"])) == [
        "x",
        "y",
        "solo",
        "Hat",
        "b",
    ]


def test_an_order_may_name_tags_that_are_not_there_or_name_one_twice() -> None:
    assert apply(["a", "b", "c"], Edit("", order=["z", "c", "c", "a"])) == ["c", "a", "b"]


@given(captions(), edits())
def test_applying_twice_is_applying_once(tagged: list[str], edit: Edit) -> None:
    assert apply(apply(tagged, edit), edit) == apply(tagged, edit)


@given(captions(), edits())
def test_an_edit_that_changes_nothing_says_so(tagged: list[str], edit: Edit) -> None:
    assume(not edit.order)
    everything = len(idle(tagged, edit)) == len(edit.add) + len(edit.remove)
    if everything:
        assert apply(tagged, edit) == tagged


# what is read


def read(folder: Path, text: str | bytes) -> Edits:
    path = folder / "edits.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_edits(path)


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
        KEY: Edit("hero.png", ["eggplant"], ["1girl"], ["eggplant", "solo"])
    }


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", HEADER, "{}\n", "---\n"])
def test_no_corrections(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == {}


@pytest.mark.parametrize(
    "word",
    ["no", "yes", "null", "~", "1e5", "12", "0x1f", "1_000", "12:30", "true", "=", "2020-01-01"],
)
def test_words_that_yaml_takes_for_something_else_are_tags(tmp_path: Path, word: str) -> None:
    text = f"{KEY}:\n  source: {word}\n  add: [{word}, x]\n  remove:\n  - {word}_2\n"
    assert read(tmp_path, text) == {KEY: Edit(word, [word, "x"], [f"{word}_2"])}


@pytest.mark.parametrize("key", [OTHER, "123456789012", THIRD, "1e5000000000"])
def test_keys_that_look_like_numbers(tmp_path: Path, key: str) -> None:
    for quoted in (key, f"'{key}'", f'"{key}"'):
        text = f"{quoted}:\n  source: a.png\n  add: [x]\n"
        assert read(tmp_path, text) == {key: Edit("a.png", ["x"])}
        path = tmp_path / "edits.yaml"
        write_edits(path, {key: Edit("a.png", ["y"])})
        assert read_edits(path) == {key: Edit("a.png", ["y"])}


def test_one_tag_needs_no_list(tmp_path: Path) -> None:
    text = f"{KEY}:\n  source: a.png\n  add: eggplant\n  remove:\n"
    assert read(tmp_path, text) == {KEY: Edit("a.png", ["eggplant"])}


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
        (ENTRY + "  tags: [a]\n", f", {KEY}: 'tags' is none of source, add, remove, order"),
        (ENTRY + "  Add: [a]\n", f", {KEY}: 'Add' is none of source, add, remove, order"),
        (ENTRY + "  add: {a: b}\n", f", {KEY}.add: is no list of tags"),
        (ENTRY + "  add: [[a]]\n", f", {KEY}.add: is no list of tags"),
        (ENTRY + "  add: a, b\n", f", {KEY}.add: 'a, b' is no tag"),
        (ENTRY + '  add: ["a,b"]\n', f", {KEY}.add: 'a,b' is no tag"),
        (ENTRY + '  add: [""]\n', f", {KEY}.add: '' is no tag"),
        (ENTRY + f"  add: [{'a' * 251}]\n", "without comma or break, of at most 250 characters"),
        (ENTRY + '  add: ["a\\nb"]\n', f", {KEY}.add: 'a\\nb' is no tag"),
        (ENTRY + '  remove: ["a\\u200bb"]\n', f", {KEY}.remove: 'a\\u200bb' is no tag"),
        (ENTRY + "  add: [a_b]\n  remove: [A b]\n", f", {KEY}: 'a_b' is in both add and remove"),
        (ENTRY + ENTRY, f", line 3: can't be read as YAML: {KEY} is there twice; join the two"),
        (ENTRY + "  add: [a]\n  add: [b]\n", ", line 4: can't be read as YAML: add is there twice"),
        (f"'{KEY}': {{source: a}}\n" + ENTRY, f", line 2: can't be read as YAML: {KEY} is there"),
        (ENTRY + "  add: [a\n", ", line 4: can't be read as YAML: "),
        (ENTRY + "\tadd: [a]\n", ", line 3: can't be read as YAML: "),
        (ENTRY + '  add: ["a]\n', ", line 4: can't be read as YAML: "),
        (
            f"<<<<<<< HEAD\n{ENTRY}=======\n{ENTRY}>>>>>>> other\n",
            ", line 1: holds Git's conflict marks; keep the entries of both sides",
        ),
        ("? [a]\n: b\n", ", line 1: can't be read as YAML: found unhashable key"),
        ("a: &x [*x]\n", ", line 1: can't be read as YAML: "),
        ("\x00", ": can't be read as YAML: special characters are not allowed"),
        ("絵:\n".encode("cp932"), ": is not UTF-8; save it again as UTF-8"),
        (ENTRY.encode("utf-16"), ": is not UTF-8; save it again as UTF-8"),
    ],
)
def test_what_is_wrong_is_one_line_with_its_place(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    with pytest.raises(Problem, match=r"edits\.yaml") as error:
        read(tmp_path, text)
    assert str(error.value).startswith(f"{tmp_path / 'edits.yaml'}{message}")
    assert "\n" not in str(error.value)


# what is written

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
