"""No correction is lost: neither by what a hand does next, nor by a re-tag, nor in the file."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stages.library.dataset.captions import underscored
from stages.library.dataset.edits import Edit, apply, corrected, idle, learned
from stages.library.dataset.edits_file import read_edits
from stages.library.dataset.edits_text import write_edits
from tests.stages.library.dataset.test_edits_file import KEY

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


def test_a_sentence_stands_below_whatever_the_tags_are() -> None:
    edit = Edit("a.png", remove=["hat"], sentence="She waits.")
    assert corrected(["1girl", "hat"], edit) == "1girl\nShe waits."
    assert corrected([], Edit("a.png", sentence="She waits.")) == "\nShe waits."
    assert (
        corrected(["hat"], Edit("a.png", caption="A girl.", sentence="Rain.")) == "A girl.\nRain."
    )
    assert not Edit("a.png", sentence="She waits.").empty
    assert learned(["1girl"], ["solo"], edit).sentence == "She waits."
