"""The rules translate a tag whole or not at all."""

import pytest

from stages.library.dataset.tag_rules import by_rule

WORDS = {
    "bow": "蝶結びリボン",
    "breasts": "胸",
    "cat": "猫",
    "clothes": "服",
    "dress": "ドレス",
    "earrings": "イヤリング",
    "eyes": "目",
    "face": "顔",
    "floating": "浮かぶ",
    "flower": "花",
    "hair": "髪",
    "hair_ornament": "髪飾り",
    "halo": "光輪",
    "head": "頭",
    "heart": "ハート",
    "hip": "腰",
    "horns": "角",
    "mask": "仮面",
    "mole": "ほくろ",
    "neck": "首",
    "pupils": "瞳孔",
    "ribbon": "リボン",
    "shoes": "靴",
    "sitting": "座る",
    "skirt": "スカート",
    "star": "星",
    "sword": "剣",
    "tail": "尻尾",
    "thighhighs": "ニーハイ",
    "thigh": "太もも",
    "towel": "タオル",
    "vision": "神の目",
}


@pytest.mark.parametrize(
    ("tag", "ja"),
    [
        ("2girls", "女の子2人"),
        ("1boy", "男の子1人"),
        ("6+girls", "女の子6人以上"),
        ("2others", "性別不明2人"),
        ("2021", "2021年"),
        ("1990s_(style)", "1990年代風"),
        ("blue_eyes", "青い目"),
        ("black_thighhighs", "黒いニーハイ"),
        ("light_blue_hair", "水色の髪"),
        ("aqua_hair", "青緑の髪"),
        ("blue_theme", "青系の配色"),
        ("white_background", "白い背景"),
        ("black-framed_eyewear", "黒い縁の眼鏡"),
        ("red-tinted_eyewear", "赤いレンズの眼鏡"),
        ("polka_dot_dress", "水玉模様のドレス"),
        ("vertical-striped_skirt", "縦縞のスカート"),
        ("very_long_hair", "とても長い髪"),
        ("single_thighhigh", "片方だけのニーハイ"),
        ("red_hair_ornament", "赤い髪飾り"),
        ("star_hair_ornament", "星の髪飾り"),
        ("heart_earrings", "ハートのイヤリング"),
        ("neck_ribbon", "首のリボン"),
        ("cat_ears", "猫耳"),
        ("cat_tail", "猫の尻尾"),
        ("cat_girl", "猫娘"),
        ("cat_print", "猫柄"),
        ("cat_print_dress", "猫柄のドレス"),
        ("floral_print", "花柄"),
        ("heart-shaped_pupils", "ハート型の瞳孔"),
        ("holding_sword", "剣を持つ"),
        ("holding_red_flower", "赤い花を持つ"),
        ("looking_at_sword", "剣を見る"),
        ("pointing_at_viewer", "こちらを指さす"),
        ("hand_on_own_hip", "自分の腰に手"),
        ("hands_on_another's_head", "相手の頭に両手"),
        ("flower_on_head", "頭に花"),
        ("small_flower_on_head", "頭に小さな花"),
        ("mole_on_thigh", "太もものほくろ"),
        ("skirt_under_dress", "ドレスの下にスカート"),
        ("towel_around_neck", "首にかけたタオル"),
        ("skirt_lift", "スカートをたくし上げる"),
        ("dress_removed", "脱いだドレス"),
        ("no_shoes", "靴なし"),
        ("unworn_skirt", "未着用のスカート"),
        ("breast_focus", "胸メイン"),
        ("neck_peek", "首がのぞく"),
        ("neck_cutout", "首部分の穴あき"),
        ("star_hat_ornament", "帽子の星の飾り"),
        ("unworn_bikini_top", "未着用のビキニトップ"),
        ("mini_mask", "小さな仮面"),
        ("colored_mask", "色のついた仮面"),
        ("carrying_cat", "猫を抱える"),
        ("english_text", "英語の文字"),
        ("pixiv_username", "pixivのユーザー名"),
        ("translation_request", "翻訳求む"),
        ("character_request", "キャラクター名求む"),
        ("mother_and_daughter", "母と娘"),
        ("cat_(cosplay)", "猫のコスプレ"),
    ],
)
def test_by_rule(tag: str, ja: str) -> None:
    assert by_rule(tag, WORDS) == ja


@pytest.mark.parametrize(
    "tag",
    [
        "dress",
        "holding",
        "red",
        "red_thingamajig",
        "holding_thingamajig",
        "thingamajig_on_head",
        "flower_on_thingamajig",
        "thingamajig_(cosplay)",
        "vision_(genshin_impact)",
        "heart-shaped_thingamajig",
        "girls",
        "a_cat_with_a_flower_on_the_head_and_a_sword_in_the_hand",
        "cat" + "_on_red" * 40,
        "_",
        "red_",
        "",
    ],
)
def test_never_half_translated(tag: str) -> None:
    assert by_rule(tag, WORDS) is None


@pytest.mark.parametrize(
    "tag", ["red_sitting", "holding_sitting", "sitting_print", "no_skirt_lift"]
)
def test_a_verb_is_no_noun(tag: str) -> None:
    assert by_rule(tag, WORDS) is None


@pytest.mark.parametrize("tag", ["sword_(pokemon)", "star_(genshin_impact)", "purple_heart"])
def test_a_name_is_no_word(tag: str) -> None:
    assert by_rule(tag, WORDS) is None
