"""What a LoRA is about, and which of it a prompt asks for itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.library.dataset.captions import KAOMOJI
from stages.library.drawing.subject import LEAST_SHARE, MOST, named, subject_tags

KNOWN = {"1girl", "smile", "long_hair", "hat", "eggplant", "o_o"}


def test_shares_are_of_captions_and_the_most_frequent_come_first() -> None:
    captions = [["1girl", "smile"], ["1girl", "hat"], ["1girl", "smile"], ["eggplant"]]
    found = subject_tags(captions, ["nasu"], KNOWN)
    assert list(found.items()) == [
        ("1girl", 0.75),
        ("smile", 0.5),
        ("eggplant", 0.25),
        ("hat", 0.25),
    ]


def test_a_tag_counts_once_a_caption_however_it_is_written() -> None:
    captions = [["long hair", "Long_Hair"], ["long_hair"], ["smile"], ["smile"]]
    assert subject_tags(captions, ["nasu"], KNOWN) == {"long_hair": 0.5, "smile": 0.5}


@pytest.mark.parametrize("trigger", ["nasu", "Nasu", "long hair", "long_hair"])
def test_the_trigger_is_no_subject_even_where_the_tagger_knows_it(trigger: str) -> None:
    captions = [[trigger, "smile"], [trigger, "smile"]]
    assert subject_tags(captions, [trigger], KNOWN | {"nasu"}) == {"smile": 1.0}


def test_what_the_tagger_can_t_find_is_left_out() -> None:
    assert subject_tags([["smile", "my_own_word"]], ["nasu"], KNOWN) == {"smile": 1.0}


@pytest.mark.parametrize(("times", "found"), [(24, {}), (25, {"smile": LEAST_SHARE})])
def test_a_tag_of_a_quarter_of_the_captions_is_a_subject(
    times: int, found: dict[str, float]
) -> None:
    captions = [["smile"]] * times + [["my_own_word"]] * (100 - times)
    assert subject_tags(captions, ["nasu"], KNOWN) == found


def test_there_are_no_more_than_twelve() -> None:
    tags = [f"tag{number:02d}" for number in range(20)]
    captions = [tags, tags[10:]]
    found = subject_tags(captions, ["nasu"], set(tags))
    assert list(found) == [*tags[10:], *tags[:2]]
    assert len(found) == MOST == 12


@pytest.mark.parametrize("captions", [[], [[]], [["nasu"]]])
def test_where_nothing_is_said_there_is_none(captions: list[list[str]]) -> None:
    assert subject_tags(captions, ["nasu"], KNOWN) == {}


@given(st.lists(st.lists(st.sampled_from(sorted(KNOWN)), max_size=6), max_size=12))
def test_the_order_of_captions_and_tags_is_of_no_matter(captions: list[list[str]]) -> None:
    turned = [tags[::-1] for tags in captions[::-1]]
    found = subject_tags(captions, ["smile"], KNOWN)
    assert list(subject_tags(turned, ["smile"], KNOWN).items()) == list(found.items())
    assert all(LEAST_SHARE <= share <= 1 for share in found.values())


@pytest.mark.parametrize(
    ("prompt", "tags"),
    [
        ("nasu, 1girl, long hair", {"nasu", "1girl", "long_hair"}),
        ("1Girl,smile ,, Long_Hair,", {"1girl", "smile", "long_hair"}),
        ("((smile)), [hat], {o_o}", {"smile", "hat", "{o_o}"}),
        ("(smile:1.2), (long hair : 0.8 ), [hat:.5]", {"smile", "long_hair", "hat"}),
        ("(smile, long hair:1.2), hat", {"smile", "long_hair", "hat"}),
        ("(smile:+1.2), (hat:-1)", {"smile", "hat"}),
        ("((smile:1.1), hat:1.2)", {"smile", "hat"}),
        (r"miku \(cosplay\), (nasu \(dish\):1.1)", {"miku_(cosplay)", "nasu_(dish)"}),
        ("1girl\nsmile,\n\nhat", {"1girl", "smile", "hat"}),
        ("ナス, 笑顔", {"ナス", "笑顔"}),
        ("re:zero, 6+girls, 1990s", {"re:zero", "6+girls", "1990s"}),
        ("", set()),
        (" , ,", set()),
    ],
)
def test_a_prompt_names_its_tags(prompt: str, tags: set[str]) -> None:
    assert named(prompt) == tags


@pytest.mark.parametrize(
    ("prompt", "tags"),
    [
        ("1girl BREAK smile", {"1girl", "smile"}),
        ("1girl, BREAK, smile", {"1girl", "smile"}),
        ("1girl\nBREAK\nsmile", {"1girl", "smile"}),
        ("1girl AND smile", {"1girl", "smile"}),
        ("BREAKdance, AND_gate", {"breakdance", "and_gate"}),
    ],
)
def test_break_and_and_separate_tags(prompt: str, tags: set[str]) -> None:
    assert tags <= named(prompt)


@pytest.mark.parametrize(
    ("prompt", "tags"),
    [
        ("1girl <lora:other:0.8>", {"1girl"}),
        ("<hypernet:line:1>1girl, smile", {"1girl", "smile"}),
        ("1girl, <lyco:other:0.8>, smile", {"1girl", "smile"}),
    ],
)
def test_networks_are_no_tags(prompt: str, tags: set[str]) -> None:
    assert tags <= named(prompt)


@pytest.mark.parametrize("face", [":3", ">:3", "x:3", ":<", ":d", "^_^", "<o>_<o>"])
def test_a_face_is_a_tag_and_no_weight(face: str) -> None:
    assert named(f"1girl, {face}, smile") == {"1girl", face, "smile"}
    assert named(f"({face}:1.2)") == {face}


@pytest.mark.parametrize("tag", [*sorted(KAOMOJI), ":)", "nasu_(dish)"])
def test_an_escaped_tag_is_itself(tag: str) -> None:
    escaped = tag.replace("(", r"\(").replace(")", r"\)")
    assert named(f"smile, {escaped}") == {"smile", tag}
    assert named(f"({escaped}:1.1)") == {tag}


@given(st.text() | st.text("()[]:.,1a\\ \n"))
def test_a_prompt_never_names_nothing(prompt: str) -> None:
    assert "" not in named(prompt)
