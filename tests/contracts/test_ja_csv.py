"""The dictionary itself: sorted, Japanese, one text for one thing."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from stages.library.dataset.dictionary import read_dictionary, translate

DICTIONARY = Path(__file__).parents[2] / "data" / "dictionary"
WORDS = read_dictionary(DICTIONARY)

# Danbooru's old and new name, or two spellings, of one and the same tag: one Japanese text.
# Most have one name in the v2 taggers' list only and the other in the v3 taggers'.
TWINS = [
    ("artistic_error", "error"),
    ("barefoot_sandals", "barefoot_sandals_(jewelry)"),
    ("belt_bra", "beltbra"),
    ("belt_skirt", "beltskirt"),
    ("blinds", "window_blinds"),
    ("borrowed_clothes", "borrowed_garments"),
    ("cellphone_photo", "cellphone_picture"),
    ("child's_drawing", "child_drawing"),
    ("combat_helmet", "military_helmet"),
    ("copyright", "copyright_notice"),
    ("cum_overflow", "overflow"),
    ("drawing_(object)", "picture_(object)"),
    ("drill_locks", "drill_sidelocks"),
    ("hair_strand", "loose_hair_strand"),
    ("holstered", "holstered_weapon"),
    ("lab_coat", "labcoat"),
    ("matching_outfit", "matching_outfits"),
    ("mixed-sex_bathing", "mixed_bathing"),
    ("nike", "nike_(company)"),
    ("on_one_knee", "one_knee"),
    ("panzer_iv", "panzerkampfwagen_iv"),
    ("pom_pom_(cheerleader)", "pom_pom_(cheerleading)"),
    ("qing_guanmao", "qingdai_guanmao"),
    ("snow_bunny", "snow_rabbit"),
]


def test_sorted_by_tag() -> None:
    lines = (DICTIONARY / "ja.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "tag,ja"
    assert list(WORDS) == sorted(WORDS)


def test_every_tag_is_written_as_on_danbooru() -> None:
    assert [tag for tag in WORDS if re.search(r"[A-Z\s]", tag)] == []


@pytest.mark.parametrize("encoding", ["cp932", "euc_jis_2004"])
def test_only_letters_that_japanese_uses(encoding: str) -> None:
    odd = {
        tag: ja for tag, ja in WORDS.items() if ja.encode(encoding, "ignore").decode(encoding) != ja
    }
    assert odd == {}


def test_one_text_for_one_thing() -> None:
    tags = defaultdict(set)
    for tag, ja in WORDS.items():
        tags[ja].add(tag)
    shared = {frozenset(sharing) for sharing in tags.values() if len(sharing) > 1}
    assert {tuple(sorted(each)) for each in shared} == set(TWINS)


@pytest.mark.parametrize(
    ("tag", "ja"),
    [
        ("1girl", "女の子1人"),
        ("solo", "単独"),
        ("long_hair", "長い髪"),
        ("looking_at_viewer", "こちらを見る"),
        ("upper_body", "上半身"),
        ("blue_eyes", "青い目"),
        ("red_dress", "赤いドレス"),
        ("black_thighhighs", "黒いニーハイ"),
        ("holding_sword", "剣を持つ"),
        ("greyscale", "グレースケール"),
        ("limited_palette", "少ない色数"),
        ("blue_theme", "青系の配色"),
        ("^_^", "^_^"),
    ],
)
def test_what_an_artist_reads(tag: str, ja: str) -> None:
    assert translate(tag, WORDS) == ja


@pytest.mark.parametrize(
    "tag",
    [
        "dawn_(pokemon)",
        "doctor_(arknights)",
        "dusk_(arknights)",
        "jean_(genshin_impact)",
        "lance_(pokemon)",
        "leaf_(pokemon)",
        "mountain_(arknights)",
        "pearl_(splatoon)",
        "piers_(pokemon)",
        "black_heart",
        "purple_heart",
        "unicorn_(azur_lane)",
        "valkyrie_(fate)",
    ],
)
def test_names_of_characters_stay(tag: str) -> None:
    assert translate(tag, WORDS) is None
    assert translate(tag, {**WORDS, tag: "名前"}) == "名前"


def test_ratings_have_japanese() -> None:
    ratings = ["general", "sensitive", "questionable", "explicit"]
    assert [translate(tag, WORDS) for tag in ratings] == [
        "全年齢",
        "少し性的",
        "かなり性的",
        "成人向け（R-18）",
    ]
