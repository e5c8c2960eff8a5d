"""A word that people type finds its tag, however it is spelled."""

from pathlib import Path

import pytest

from stages.library.dataset.typed_words import (
    find,
    is_japanese,
    meant,
    read_typed_words,
    typed_words,
)

WORDS = typed_words(
    {
        "twintails": "ツインテール",
        "ribbon": "リボン",
        "bow": "蝶結び",
        "skirt": "スカート",
        "shirt": "シャツ",
        "building": "ビル",
        "pink_eyes": "ピンクの目",
        "navel": "へそ",
        "socks": "靴下",
        "tail": "しっぽ",
        "sitting": "座る",
    },
    {"リボン": ["bow", "hair_ribbon"], "ビール": ["beer"], "pigtails": ["twintails"]},
    ["black_skirt"],
)


@pytest.mark.parametrize(
    "typed",
    [
        "ツインテール",
        "ついんてーる",
        "ﾂｲﾝﾃｰﾙ",
        "ツイン・テール",
        "ツインテル",
        "ツィンテール",
        " ツインテール ",
        "tsuinteeru",
        "TUINTE-RU",
        "twin tails",
        "Twintails",
        "pigtails",
    ],
)
def test_spellings_of_one_word(typed: str) -> None:
    assert find(typed, WORDS)[0] == "twintails"


@pytest.mark.parametrize(
    ("typed", "tag"),
    [
        ("黒いスカート", "black_skirt"),  # by rule
        ("黒スカート", "black_skirt"),
        ("ピンク瞳", "pink_eyes"),
        ("おへそ", "navel"),
        ("shatsu", "shirt"),
        ("syatu", "shirt"),
        ("shippo", "tail"),
        ("sippo", "tail"),
    ],
)
def test_what_a_word_can_do_without(typed: str, tag: str) -> None:
    assert meant(typed, WORDS) == [tag]


def test_what_is_shown_as_a_tag_s_name_means_that_tag_first() -> None:
    assert find("リボン", WORDS) == ["ribbon", "bow", "hair_ribbon"]


def test_the_closer_spelling_comes_first() -> None:
    assert find("ビル", WORDS)[:2] == ["building", "beer"]
    assert find("ビール", WORDS)[:2] == ["beer", "building"]


def test_the_beginning_of_a_word_then_any_part_of_it() -> None:
    assert find("スカ", WORDS) == ["skirt", "black_skirt"]
    assert find("スカ", WORDS, 1) == ["skirt"]


def test_a_part_of_a_word_is_found_but_not_meant() -> None:
    assert meant("スカ", WORDS) == []


@pytest.mark.parametrize("typed", ["", "  ", "なぞなぞ", "・", "xyzzy"])
def test_what_finds_nothing(typed: str) -> None:
    assert find(typed, WORDS) == []


@pytest.mark.parametrize(
    ("word", "japanese"),
    [
        ("笑顔", True),
        ("ﾂｲﾝﾃ", True),
        ("すみれ", True),
        ("café", False),
        (":3", False),
        ("ω", False),
    ],
)
def test_what_is_japanese(word: str, japanese: bool) -> None:
    assert is_japanese(word) is japanese


def test_own_words_come_first(tmp_path: Path) -> None:
    (tmp_path / "ja.csv").write_text("tag,ja\nwings,翼\n", encoding="utf-8")
    (tmp_path / "synonyms.csv").write_text("typed,tag\n羽,wings\n", encoding="utf-8")
    (tmp_path / "mine.csv").write_text(
        "tag,ja,typed\nfeathers,羽根,羽、はね フェザー\nmy_cat,,うちの子\n", encoding="utf-8"
    )
    words = read_typed_words(tmp_path)
    assert find("羽", words) == ["feathers", "wings"]
    assert find("フェザー", words) == ["feathers"]
    assert find("うちの子", words) == ["my_cat"]


def test_without_synonyms_the_dictionary_is_left(tmp_path: Path) -> None:
    (tmp_path / "ja.csv").write_text("tag,ja\nwings,翼\n", encoding="utf-8")
    assert find("翼", read_typed_words(tmp_path)) == ["wings"]


@pytest.mark.parametrize(
    ("typed", "tag"),
    [
        ("ロングヘア", "long_hair"),
        ("ポニテ", "ponytail"),
        ("けもみみ", "animal_ears"),
        ("ﾆｰｿ", "thighhighs"),
        ("メガネ", "glasses"),
        ("カメラ目線", "looking_at_viewer"),
        ("白背景", "white_background"),
        ("体育座り", "hugging_own_legs"),
        ("megane", "glasses"),
    ],
)
def test_what_artists_type(typed: str, tag: str) -> None:
    folder = Path(__file__).parents[4] / "data" / "dictionary"
    assert tag in find(typed, read_typed_words(folder), 3)


def test_a_dictionary_without_a_word_in_kana_answers_too() -> None:
    words = typed_words({"smile": "笑顔"}, {})
    assert find("egao", words) == []
    assert find("smil", words) == ["smile"]
    assert find("egao", typed_words({}, {})) == []
