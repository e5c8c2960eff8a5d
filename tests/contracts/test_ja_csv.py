"""The dictionary itself: sorted, Japanese, one text for one thing."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from stages.library.dataset import tag_words
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
    ("hard_hat", "hardhat"),
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

# What tags were once mistranslated as, and why no text may say it again.
HABITS = {
    "に注目": "reads as a request, where the tag says what the picture is about",
    "余分な": "the tag counts (three arms); it does not call them superfluous",
    "その他": "does not say other than what: the tags mean people of ambiguous gender",
    "輪郭線": "an outline around figures is フチ取り",
    "ビキニの[上下]": "reads as above or below a bikini",
    "の下に(勃起|パイズリ)": "に is for a thing that lies there; an act is done で",
    r"(かばん|\{\})を運ぶ": "a carried bag is held or worn, not transported",
    "[三六]角形柄|三日月形柄": "nobody says 形柄",
    "(太もも|腕|胸元|肩|足首)の帯": "帯 is an obi here",
    "頭蓋骨(の髪飾り|柄|の仮面|のイヤリング|のネックレス|の飾り)": "drawn ones are ドクロ",
    "肌着|装身具|性具|柱状": "words of dictionaries, not of people",
    "(長い|尖った)[手足]の爪|^(黒|白|赤|青)い(手首の|男性用)": "the nails are long, not the hands",
    "^浮かぶ(服|マフラー|マント)": "cloth in the wind is なびく",
    "^偽の|小窓": "an imitation of a screenshot, a picture set into a picture",
    "ティーシャツ|アイフォーン|アイポッド|サイエンス|ウェブアドレス|ユーチューバー|"
    "ピクシブ|ツイッター|インスタグラム|フェイスブック|パトレオン|タンブラー|ウェイボー|"
    "デヴィアントアート|ファンボックス|ガムロード|アペンド": "everybody writes these in Latin",
}

# As reviewed by a native, or better.
REVIEWED = """\
1other 性別不明1人
2others 性別不明2人
3others 性別不明3人
4others 性別不明4人
6+others 性別不明6人以上
absolutely_everyone 大人数の集合絵
ankle_strap アンクルストラップ
archery 弓を射る
arm_strap 腕のストラップ
banner 垂れ幕・のぼり旗
bathhouse 銭湯
bathroom 洗面所・浴室
black_outline 黒いフチ取り
black_undershirt 黒いインナーシャツ
blue_outline 青いフチ取り
bowl_hat 帽子のようにかぶったお椀
boy_on_top 男の子が上に乗る
bracer 手首の防具
breath 白い息
bubble シャボン玉・泡
carrying_bag かばんを提げる・背負う
chest_strap 胸元のストラップ
choppy_bangs 隙間の空いた前髪
colored_shoe_soles 色のついた靴底
creature 架空の生き物
creature_and_personification 生き物とその擬人化
crescent_print 三日月柄
cut_bangs 不揃いに切った前髪
dancer ダンサー
don't_say_"lazy" Don't say "lazy"
double_penetration 二箇所への同時挿入
dumpling 餃子・点心
dyed_bangs 前髪だけ色の違う髪
ear_piercing 耳たぶ以外の耳のピアス
elbow_sleeve 肘サポーター
erection_under_clothes 服の下での勃起
extra_arms 三本以上の腕
extra_eyes 三つ以上の目
extra_faces 二つ以上の顔
eye_mask 目元だけを覆う仮面
field 畑・野原
flat_color 影のない塗り
floating_cape なびくマント
floating_clothes なびく服
floating_scarf なびくマフラー
foot_up 片足を台に乗せる
frottage 相手の体に股間をこすりつける
genderswap_(otf) 性別不明から女性への性転換
girl_on_top 女の子が上に乗る
hardhat 安全ヘルメット
head_rest 頬杖などで頭を支える
heel_up 片方のかかとを上げる
hexagon_print 六角柄
holding_pole ポールを持つ
inset カットイン
iphone iPhone
kerchief スカーフ・バンダナ
looking_down 下を見る
male_focus 男性メイン
mechanical_parts むき出しの機械（メカバレ）
mesugaki メスガキ
military ミリタリー
mismatched_eyebrows 髪と色の違う眉
multiple_drawing_challenge 何枚も描くお絵描きチャレンジ
multiple_others 性別不明が複数
o-ring_thigh_strap 太もものリング付きストラップ
open_skirt 脇を開けたスカート
other_focus 性別不明の人物がメイン
paizuri_under_clothes 服の下でのパイズリ
perspective パース
pole ポール
real_life_insert 実在の人物の登場
reflection 映り込み
ribbed_leotard リブ編み風のレオタード
riyo_(lyomsnpmp)_(style) リヨ風
shared_food 一つの食べ物を二人でくわえる
shell 貝殻・甲羅
shoulder_strap 肩のストラップ
skull_earrings ドクロのイヤリング
skull_hair_ornament ドクロの髪飾り
skull_mask ドクロの仮面
skull_necklace ドクロのネックレス
skull_ornament ドクロの飾り
skull_print ドクロ柄
sleep_bubble 眠気の泡マーク
solo_focus 一人がメイン
squeans 眠気・酔いの泡マーク
standing_split I字バランス
stylus スタイラスペン
t-shirt Tシャツ
themed_object 別の物の形をした物
thigh_strap 太もものストラップ
trash ゴミ
trefoil 食い込みでできる三つ葉形
triangle_print 三角柄
undershirt インナーシャツ
virtual_youtuber VTuber
vocaloid_append ボカロのAppend
wading 腰より浅い水に入る
weapon_bag 竹刀袋
white_wrist_cuffs 手首の白いカフス
wide_hips 腰幅の広い体
wide_sleeves 袖口の広い袖
wing_ears 翼の耳
wrong_foot 足の左右の描き間違い
""".splitlines()

# Of the same kinds as those reviewed.
KIN = [
    ("3others", "性別不明3人"),
    ("ass_focus", "尻メイン"),
    ("back_cutout", "背中部分の穴あき"),
    ("bear_costume", "熊の着ぐるみ"),
    ("bikini_top_removed", "脱いだビキニトップ"),
    ("blue_male_underwear", "男性用の青い下着"),
    ("bra_peek", "ブラジャーがのぞく"),
    ("colored_tongue", "人間離れした色の舌"),
    ("covering_own_ears", "自分の耳をふさぐ"),
    ("crescent_earrings", "三日月のイヤリング"),
    ("extra_ears", "四つ耳（獣耳と人の耳）"),
    ("fake_cover", "表紙風の絵"),
    ("floating_island", "浮かぶ島"),
    ("holding_sex_toy", "大人のおもちゃを持つ"),
    ("ipod", "iPod"),
    ("long_toenails", "足の長い爪"),
    ("looking_away", "よそを見る"),
    ("multiple_legs", "三本以上の脚"),
    ("photo_inset", "写真のカットイン"),
    ("shell_necklace", "貝殻のネックレス"),
    ("skirt_tug", "スカートを下に引っ張る"),
    ("star_hat_ornament", "帽子の星の飾り"),
    ("twitter_username", "Twitterのユーザー名"),
    ("uneven_sleeves", "左右で長さの違う袖"),
    ("unworn_jewelry", "未着用のアクセサリー"),
    ("web_address", "URL"),
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


def texts() -> set[tuple[str, str]]:
    """Return tags with their Japanese: all rows, the rules, and what these make of the reviewed."""
    rules = [tag_words.ADJECTIVES, tag_words.PREFIXES, tag_words.SUFFIXES, tag_words.PARTS]
    reviewed = [line.split(" ")[0] for line in REVIEWED] + [tag for tag, _ in KIN]
    made = {(tag, translate(tag, WORDS) or "") for tag in reviewed}
    return made.union(WORDS.items(), *(rule.items() for rule in rules))


@pytest.mark.parametrize("habit", HABITS, ids=HABITS.values())
def test_no_text_falls_back_into_a_habit(habit: str) -> None:
    assert {(tag, ja) for tag, ja in texts() if re.search(habit, ja)} == set()


@pytest.mark.parametrize(("tag", "ja"), [*(line.split(" ", 1) for line in REVIEWED), *KIN])
def test_what_was_reviewed(tag: str, ja: str) -> None:
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
