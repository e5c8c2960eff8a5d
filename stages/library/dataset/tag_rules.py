"""Japanese for the tags that follow a pattern: red_dress, 2girls, holding_sword."""

import re
from collections.abc import Callable, Mapping

COLOURS = {
    "aqua": "青緑の",
    "black": "黒い",
    "blonde": "金色の",
    "blue": "青い",
    "brown": "茶色い",
    "dark_blue": "濃い青の",
    "dark_green": "深緑の",
    "gold": "金色の",
    "green": "緑の",
    "grey": "灰色の",
    "light_blue": "水色の",
    "light_brown": "薄茶色の",
    "light_green": "黄緑の",
    "light_purple": "薄紫の",
    "orange": "オレンジ色の",
    "pink": "ピンクの",
    "purple": "紫の",
    "rainbow": "虹色の",
    "red": "赤い",
    "silver": "銀色の",
    "tan": "黄褐色の",
    "white": "白い",
    "yellow": "黄色い",
}

# What stands before a noun in both languages: red_dress, torn_pants, another's_head.
ADJECTIVES = COLOURS | {
    "alternate": "いつもと違う",
    "american_flag": "星条旗柄の",
    "another's": "相手の",
    "argyle": "アーガイル柄の",
    "armored": "装甲付きの",
    "asymmetrical": "左右非対称の",
    "backless": "背中の開いた",
    "baggy": "だぶだぶの",
    "bandaged": "包帯を巻いた",
    "bound": "縛られた",
    "brick": "レンガの",
    "bridal": "花嫁の",
    "broken": "壊れた",
    "camouflage": "迷彩柄の",
    "checkered": "市松模様の",
    "collared": "襟付きの",
    "colored": "色つきの",
    "cracked": "ひび割れた",
    "cropped": "丈の短い",
    "cross-laced": "編み上げの",
    "denim": "デニムの",
    "detached": "体から離れた",
    "diagonal-striped": "斜め縞の",
    "dirty": "汚れた",
    "fake": "作り物の",
    "feather-trimmed": "羽根で縁取った",
    "fishnet": "網目の",
    "flaming": "燃える",
    "floating": "浮かぶ",
    "frilled": "フリル付きの",
    "fur": "毛皮の",
    "fur-trimmed": "毛皮で縁取った",
    "glowing": "光る",
    "gradient": "グラデーションの",
    "high-waist": "ハイウエストの",
    "highleg": "ハイレグの",
    "hooded": "フード付きの",
    "huge": "巨大な",
    "impossible": "ありえないほど密着した",
    "lace": "レースの",
    "lace-trimmed": "レースで縁取った",
    "large": "大きな",
    "latex": "ラテックスの",
    "leather": "革の",
    "long": "長い",
    "loose": "ゆるい",
    "lowleg": "ローレグの",
    "mechanical": "機械の",
    "metal": "金属の",
    "micro": "極小の",
    "mini": "小型の",
    "mismatched": "左右で違う",
    "multi-strapped": "紐の多い",
    "multicolored": "多色の",
    "multiple": "複数の",
    "o-ring": "リング付きの",
    "off-shoulder": "オフショルダーの",
    "open": "前を開けた",
    "oversized": "大きすぎる",
    "own": "自分の",
    "plaid": "チェック柄の",
    "pleated": "プリーツ",
    "polka_dot": "水玉模様の",
    "print": "柄入りの",
    "ribbed": "リブ編みの",
    "ribbon-trimmed": "リボンで縁取った",
    "santa": "サンタの",
    "satin": "サテンの",
    "see-through": "透けた",
    "shared": "二人で使う",
    "shiny": "つやのある",
    "short": "短い",
    "side-tie": "横を紐で結んだ",
    "single": "片方だけの",
    "sleeveless": "袖なしの",
    "small": "小さな",
    "spiked": "トゲ付きの",
    "stained": "染みのついた",
    "stone": "石の",
    "strapless": "肩紐なしの",
    "striped": "縞模様の",
    "studded": "鋲付きの",
    "taut": "ぴんと張った",
    "thick": "太い",
    "tight": "ぴったりした",
    "toeless": "つま先の開いた",
    "torn": "破れた",
    "two-sided": "裏表で色の違う",
    "two-tone": "ツートンカラーの",
    "unbuttoned": "ボタンを外した",
    "undersized": "小さすぎる",
    "uneven": "左右不揃いの",
    "untied": "ほどけた",
    "unworn": "未着用の",
    "veiny": "血管の浮いた",
    "vertical-striped": "縦縞の",
    "very_long": "とても長い",
    "wet": "濡れた",
    "wooden": "木製の",
}

# English word order verb, noun or preposition, noun; the braces are the noun.
PREFIXES = {
    "adjusting": "{}を直す",
    "after": "{}の後",
    "against": "{}にもたれる",
    "aiming_at": "{}を狙う",
    "biting": "{}を噛む",
    "carrying": "{}を運ぶ",
    "covering": "{}を隠す",
    "grabbing": "{}をつかむ",
    "holding": "{}を持つ",
    "hugging": "{}を抱きしめる",
    "imminent": "{}の直前",
    "implied": "{}をほのめかす",
    "in": "{}の中",
    "kissing": "{}にキスする",
    "leaning_on": "{}に寄りかかる",
    "licking": "{}を舐める",
    "looking_at": "{}を見る",
    "lying_on": "{}に横たわる",
    "mole_on": "{}のほくろ",
    "naked": "裸に{}",
    "no": "{}なし",
    "on": "{}の上",
    "pointing_at": "{}を指さす",
    "pulling": "{}を引っ張る",
    "removing": "{}を脱ぐ",
    "riding": "{}に乗る",
    "scar_on": "{}の傷跡",
    "sitting_on": "{}に座る",
    "sleeping_on": "{}の上で眠る",
    "smelling": "{}の匂いを嗅ぐ",
    "spoken": "{}の吹き出し",
    "spread": "広げた{}",
    "standing_on": "{}に立つ",
    "stuffed": "{}のぬいぐるみ",
    "tying": "{}を結ぶ",
    "under": "{}の下",
    "washing": "{}を洗う",
    "wiping": "{}を拭く",
}

SUFFIXES = {
    "(cosplay)": "{}のコスプレ",
    "(style)": "{}風",
    "around_neck": "首にかけた{}",
    "around_waist": "腰に巻いた{}",
    "aside": "{}を横にずらす",
    "boy": "{}少年",
    "censor": "{}で局部を隠す",
    "cutout": "{}の穴あき",
    "ears": "{}耳",
    "focus": "{}に注目",
    "girl": "{}娘",
    "grab": "{}をつかむ",
    "hug": "{}に抱きつく",
    "in_mouth": "口に{}をくわえる",
    "lift": "{}をたくし上げる",
    "logo": "{}のロゴ",
    "over_shoulder": "肩に担いだ{}",
    "peek": "のぞく{}",
    "print": "{}柄",
    "pull": "{}をずらす",
    "removed": "脱いだ{}",
    "request": "{}求む",
    "slice": "{}の一切れ",
    "text": "{}の文字",
    "tug": "{}を引っ張る",
    "uniform": "{}の制服",
    "username": "{}のユーザー名",
}

# Last words that take the word before them with の: star_earrings, neck_ribbon, cat_mask.
HEADS = {
    "background",
    "bow",
    "bracelet",
    "brooch",
    "choker",
    "costume",
    "earrings",
    "hair_ornament",
    "halo",
    "hat",
    "hat_ornament",
    "hood",
    "horns",
    "mask",
    "necklace",
    "ornament",
    "pasties",
    "pendant",
    "piercing",
    "pillow",
    "pose",
    "ribbon",
    "tail",
    "tattoo",
    "wings",
}

# Between two nouns: food_on_face, bikini_under_clothes.
INFIXES = {
    "and": "{0}と{1}",
    "between": "{1}の間に{0}",
    "in": "{1}に{0}",
    "on": "{1}に{0}",
    "over": "{1}の上に{0}",
    "print": "{0}柄の{1}",
    "under": "{1}の下に{0}",
}

# Words that only occur inside tags.
PARTS = {
    "ankle": "足首",
    "areolae": "乳輪",
    "arm": "腕",
    "arms": "両腕",
    "arrow": "矢",
    "artist": "作者名",
    "background": "背景",
    "bat": "コウモリ",
    "bikini_bottom": "ビキニの下",
    "bikini_top": "ビキニの上",
    "body": "体",
    "boys": "男の子",
    "brush": "ブラシ",
    "bunny": "ウサギ",
    "character": "キャラクター名",
    "cheeks": "頬",
    "chest": "胸元",
    "chin": "顎",
    "chinese": "中国語",
    "commentary": "作者の解説",
    "copyright": "作品名",
    "costume": "衣装",
    "cyrillic": "キリル文字",
    "daughter": "娘",
    "deviantart": "デヴィアントアート",
    "devil": "魔王",
    "diamond": "ダイヤ",
    "ears": "耳",
    "elbow": "肘",
    "elbows": "両肘",
    "english": "英語",
    "eyebrows": "眉",
    "eyes": "目",
    "eyewear": "眼鏡",
    "face": "顔",
    "facebook": "フェイスブック",
    "fan": "扇",
    "fanbox": "ファンボックス",
    "father": "父",
    "finger": "指",
    "floral": "花",
    "foot": "足",
    "footwear": "靴",
    "french": "フランス語",
    "garter": "ガーター",
    "gemstone": "宝石",
    "german": "ドイツ語",
    "girls": "女の子",
    "ground": "地面",
    "gumroad": "ガムロード",
    "hair": "髪",
    "hand": "手",
    "hands": "両手",
    "head": "頭",
    "headwear": "かぶり物",
    "hips": "腰",
    "instagram": "インスタグラム",
    "italian": "イタリア語",
    "jackal": "ジャッカル",
    "jaguar": "ジャガー",
    "korean": "韓国語",
    "laces": "紐",
    "lap": "膝",
    "legwear": "レッグウェア",
    "leopard": "ヒョウ",
    "lightning_bolt": "稲妻",
    "mother": "母",
    "mouth": "口",
    "nails": "爪",
    "object": "物",
    "ornament": "飾り",
    "others": "その他",
    "patreon": "パトレオン",
    "paw": "肉球",
    "pearl": "真珠",
    "person": "人",
    "pixiv": "ピクシブ",
    "pokemon": "ポケモン",
    "pom_poms": "ポンポン",
    "pose": "ポーズ",
    "pupils": "瞳孔",
    "romaji": "ローマ字",
    "roof": "屋根",
    "russian": "ロシア語",
    "santa": "サンタ",
    "shape": "形",
    "shoulders": "肩",
    "skin": "肌",
    "sleeves": "袖",
    "snowflake": "雪の結晶",
    "son": "息子",
    "source": "出典",
    "spanish": "スペイン語",
    "star": "星",
    "thai": "タイ語",
    "throat": "喉",
    "translation": "翻訳",
    "trim": "縁取り",
    "tumblr": "タンブラー",
    "twitter": "ツイッター",
    "viewer": "こちら",
    "waist": "ウエスト",
    "weasel": "イタチ",
    "weibo": "ウェイボー",
    "wrist": "手首",
}

WORKS = {
    "arknights": "アークナイツ",
    "azur_lane": "アズールレーン",
    "blue_archive": "ブルーアーカイブ",
    "fate": "Fate",
    "fate/stay_night": "Fate/stay night",
    "fire_emblem": "ファイアーエムブレム",
    "genshin_impact": "原神",
    "girls'_frontline": "ドールズフロントライン",
    "houseki_no_kuni": "宝石の国",
    "jojo": "ジョジョ",
    "kancolle": "艦これ",
    "kantai_collection": "艦これ",
    "kill_la_kill": "キルラキル",
    "league_of_legends": "リーグ・オブ・レジェンド",
    "pokemon": "ポケモン",
    "project_sekai": "プロジェクトセカイ",
    "splatoon": "スプラトゥーン",
    "touhou": "東方",
    "yu-gi-oh!_gx": "遊戯王GX",
    "zelda": "ゼルダの伝説",
}

# A word that ends like a verb or a clause (座る, 脱いだ) cannot stand where a noun must.
CLAUSE_ENDINGS = (*"うくぐすつぬぶむるただて", "から", "ない", "なし", "そう")

# Longer than any tag that follows the rules; a sentence would take for ever to try.
MOST_WORDS = 7

COUNT = re.compile(r"(\d+)(\+?)(boys?|girls?|others?)")
YEAR = re.compile(r"((?:19|20)\d\d)(s?)")
FRAMES = re.compile(r"(.+)-(framed|tinted)_eyewear")
SHAPED = re.compile(r"(.+)-shaped_(.+)")
OF_WORK = re.compile(r"(.+)_\((.+)\)")


def by_rule(tag: str, words: Mapping[str, str]) -> str | None:
    """Return the Japanese of the whole `tag`, or None; `words` translates its parts.

    >>> by_rule("holding_red_flower", {"flower": "花"})
    '赤い花を持つ'
    >>> by_rule("holding_red_thingamajig", {"flower": "花"})
    """
    parts = tag.split("_")
    if len(parts) > MOST_WORDS:
        return None
    return (
        count_or_year(tag)
        or special(tag, words)
        or described(parts, known, words)
        or phrase(parts, words)
        or described(parts, noun, words)
    )


def known(tag: str, words: Mapping[str, str]) -> str | None:
    """Return the Japanese of a part of a tag that is listed, if it can serve as a noun."""
    forms = (tag, tag + "s", tag.removesuffix("s"))
    found = next((ja for form in forms if (ja := words.get(form) or PARTS.get(form))), None)
    return None if found is None or found.endswith(CLAUSE_ENDINGS) else found


def noun(tag: str, words: Mapping[str, str]) -> str | None:
    """Return the Japanese of a part of a tag, listed or by rule, if it can serve as a noun."""
    if found := known(tag, words):
        return found
    found = by_rule(tag, words)
    return None if found is None or found.endswith(CLAUSE_ENDINGS) else found


def count_or_year(tag: str) -> str | None:
    """2girls, 6+boys, 2021, 1990s; all counted in digits."""
    if count := COUNT.fullmatch(tag):
        number, more, who = count.groups()
        return f"{PARTS[who.removesuffix('s') + 's']}{number}人{'以上' if more else ''}"
    if year := YEAR.fullmatch(tag):
        return f"{year[1]}年{'代' if year[2] else ''}"
    return None


def special(tag: str, words: Mapping[str, str]) -> str | None:
    """Colour schemes, coloured spectacles, heart-shaped_x, and x_(title of a work)."""
    colour, _, last = tag.rpartition("_")
    if last == "theme" and colour in COLOURS:
        return f"{COLOURS[colour][:-1]}系の配色"
    if (frames := FRAMES.fullmatch(tag)) and frames[1] in COLOURS:
        return f"{COLOURS[frames[1]]}{'縁' if frames[2] == 'framed' else 'レンズ'}の眼鏡"
    if shaped := SHAPED.fullmatch(tag):
        shape, thing = noun(shaped[1], words), noun(shaped[2], words)
        return f"{shape}型の{thing}" if shape and thing else None
    if (of_work := OF_WORK.fullmatch(tag)) and of_work[2] in WORKS:
        thing = noun(of_work[1], words)
        return f"{thing}（{WORKS[of_work[2]]}）" if thing else None
    return None


def phrase(parts: list[str], words: Mapping[str, str]) -> str | None:
    """Verbs, places, prints: holding_x, x_on_y, x_focus; the longest pattern first."""
    for at in range(len(parts) - 1, 0, -1):
        pattern = PREFIXES.get("_".join(parts[:at]))
        if pattern and (inner := noun("_".join(parts[at:]), words)):
            return pattern.format(inner)
    for at in range(1, len(parts)):
        tail = "_".join(parts[at:])
        pattern = SUFFIXES.get(tail)
        if tail in HEADS and (head := noun(tail, words)):
            pattern = f"{{}}の{head}"
        if pattern and (inner := noun("_".join(parts[:at]), words)):
            return pattern.format(inner)
    for at in range(1, len(parts) - 1):
        if pattern := INFIXES.get(parts[at]):
            left, right = noun("_".join(parts[:at]), words), noun("_".join(parts[at + 1 :]), words)
            if left and right:
                return pattern.format(left, right)
    return None


def described(
    parts: list[str],
    find: Callable[[str, Mapping[str, str]], str | None],
    words: Mapping[str, str],
) -> str | None:
    """A noun with an adjective before it: red_dress, fur-trimmed_coat, own_head."""
    for at in range(len(parts) - 1, 0, -1):
        adjective = ADJECTIVES.get("_".join(parts[:at]))
        if adjective and (inner := find("_".join(parts[at:]), words)):
            return adjective + inner
    return None
