"""Which tags say what another says already: long_hair beside very_long_hair.

Written for this project, from what the words mean; Danbooru's own implications say the same of
most. Faces such as `:d` imply nothing here: a text encoder reads `smile` better.
"""

from collections.abc import Callable
from functools import cache

IMPLIED_BY = {
    "long_hair": "very_long_hair",
    "very_long_hair": "absurdly_long_hair",
    "short_hair": "very_short_hair short_hair_with_long_locks",
    "multicolored_hair": "two-tone_hair streaked_hair gradient_hair colored_inner_hair"
    " split-color_hair rainbow_hair",
    "bangs": "blunt_bangs parted_bangs swept_bangs crossed_bangs asymmetrical_bangs braided_bangs"
    " long_bangs short_bangs double-parted_bangs arched_bangs choppy_bangs diagonal_bangs",
    "braid": "twin_braids side_braids multiple_braids low_twin_braids tri_braids braided_bangs"
    " braided_bun braided_ponytail",
    "twin_braids": "low_twin_braids",
    "twintails": "uneven_twintails",
    "ponytail": "split_ponytail braided_ponytail",
    "hair_bun": "double_bun single_side_bun braided_bun",
    "drill_hair": "twin_drills side_drill",
    "facial_hair": "beard mustache stubble goatee",
    "animal_ears": "alpaca_ears bat_ears bear_ears cat_ears cow_ears deer_ears dog_ears"
    " fake_animal_ears fox_ears goat_ears horse_ears leopard_ears lion_ears monkey_ears mouse_ears"
    " panda_ears pig_ears rabbit_ears raccoon_ears sheep_ears squirrel_ears tiger_ears wolf_ears",
    "mole": "mole_under_eye mole_under_mouth mole_on_breast mole_on_cheek mole_on_neck mole_on_arm"
    " mole_on_thigh mole_on_stomach mole_on_ass mole_on_body mole_under_each_eye",
    "scar": "scar_on_face scar_on_chest scar_on_arm scar_on_hand scar_on_leg scar_on_neck"
    " scar_on_stomach",
    "scar_on_face": "scar_across_eye scar_on_cheek scar_on_nose scar_on_forehead scar_on_mouth",
    "smile": "light_smile evil_smile seductive_smile crazy_smile nervous_smile forced_smile"
    " false_smile grin",
    "grin": "evil_grin",
    "blush": "light_blush full-face_blush nose_blush",
    "frown": "light_frown",
    "tears": "streaming_tears happy_tears crying",
    "crying": "crying_with_eyes_open",
    "teeth": "clenched_teeth sharp_teeth upper_teeth_only lower_teeth_only round_teeth",
    "tongue": "tongue_out long_tongue",
    "swimsuit": "bikini",
    "one-piece_swimsuit": "school_swimsuit competition_swimsuit",
    "underwear": "panties bra",
    "japanese_clothes": "kimono yukata hakama haori",
    "chinese_clothes": "china_dress",
    "school_uniform": "serafuku gakuran",
    "hat": "beret beanie baseball_cap peaked_cap mob_cap flat_cap garrison_cap",
    "skirt": "miniskirt microskirt",
    "shirt": "t-shirt",
    "jacket": "blazer",
    "dress": "sundress",
    "high_heels": "high_heel_boots",
    "turtleneck": "turtleneck_sweater turtleneck_dress",
    "hair_ornament": "hairclip hairpin hair_flower hair_bobbles hair_scrunchie hair_stick",
    "scrunchie": "hair_scrunchie wrist_scrunchie",
    "jewelry": "earrings necklace bracelet ring brooch anklet pendant",
    "earrings": "single_earring",
    "bracelet": "bangle",
    "weapon": "sword gun polearm scythe axe bow_(weapon)",
    "sword": "katana",
    "gun": "rifle handgun shotgun machine_gun submachine_gun",
    "rifle": "assault_rifle sniper_rifle",
    "handgun": "revolver",
    "polearm": "spear lance trident halberd naginata",
    "holding_weapon": "holding_sword holding_gun holding_polearm holding_scythe holding_axe"
    " holding_bow_(weapon)",
    "flower": "rose lily_(flower) sunflower hydrangea hibiscus tulip daisy camellia",
    "fruit": "apple strawberry banana orange_(fruit) cherry grapes peach watermelon lemon"
    " pineapple",
    "food": "fruit cake bread burger pizza cookie doughnut dango onigiri candy chocolate ice_cream",
    "animal": "cat dog bird rabbit fox wolf horse mouse",
    "instrument": "guitar piano violin drum flute",
    "motor_vehicle": "car motorcycle truck",
    "ground_vehicle": "motor_vehicle",
    "aircraft": "airplane helicopter",
    "simple_background": "white_background grey_background black_background blue_background"
    " pink_background yellow_background red_background purple_background green_background"
    " orange_background brown_background aqua_background",
    "night": "night_sky",
    "multiple_girls": "2girls 3girls 4girls 5girls 6+girls",
    "multiple_boys": "2boys 3boys 4boys 5boys 6+boys",
    "multiple_others": "2others 3others 4others 6+others",
    "sitting": "wariza yokozuwari seiza indian_style sitting_on_lap sitting_on_person",
    "lying": "on_back on_stomach on_side",
    "standing": "standing_on_one_leg standing_split",
    "v": "double_v",
    "nude": "completely_nude",
    "monochrome": "greyscale",
    "comic": "4koma silent_comic",
    "4koma": "multiple_4koma",
}
"""Tags, and those that imply them."""

PLAIN = (
    "aqua black blue brown green grey orange pink purple red white yellow gold silver light"
    " dark short medium long small large big huge gigantic mini micro high low side single"
    " print pleated ribbed highleg lowleg backless cropped collared layered oversized tight"
    " taut asymmetrical cross-laced french crown double wedding santa elbow thigh knee ankle"
    " two-tone gradient thick"
)
"""Words before a tag that make another of its kind, as in black_skirt."""

ADDING = {
    "striped": "striped striped_clothes",
    "vertical-striped": "striped vertical_stripes vertical-striped_clothes",
    "diagonal-striped": "striped diagonal_stripes",
    "plaid": "plaid plaid_clothes",
    "checkered": "checkered_clothes",
    "argyle": "argyle argyle_clothes",
    "polka_dot": "polka_dot",
    "multicolored": "multicolored_clothes",
    "frilled": "frills",
    "lace-trimmed": "lace_trim",
    "fur-trimmed": "fur_trim",
    "ribbon-trimmed": "ribbon_trim",
    "see-through": "see-through",
    "sleeveless": "sleeveless",
    "strapless": "strapless",
    "off-shoulder": "off_shoulder",
    "denim": "denim",
    "leather": "leather",
    "latex": "latex",
    "fishnet": "fishnets",
    "hooded": "hood",
    "open": "open_clothes",
    "torn": "torn_clothes",
    "wet": "wet_clothes",
    "shiny": "shiny_clothes",
}
"""Such words, with what they say of clothes besides, as in striped_skirt."""

HEADS = (
    "tail wings horns halo hair_ornament earrings necklace dress skirt shirt jacket coat hat kimono"
    " swimsuit bikini leotard sweater vest cape gloves boots shoes socks panties bra apron armor"
    " necktie bow ribbon braid ponytail hair_bun ahoge school_uniform tattoo piercing sky moon tree"
    " petals leaf guitar umbrella"
)
"""Tags of which every kind is one, whatever stands before: cat_tail, china_dress, full_moon."""

NONE = "no unworn alternate official fake adjusting removing imaginary implied hand"
"""Words before a tag that make nothing of its kind."""

EXCEPT = "red_panda"
"""An animal that is not what it is called."""

OWN = ("holding_hands", "holding_own_", "holding_another's_", "holding_breath", "holding_with_")
"""What is held is no thing."""


def implied(tag: str, group: Callable[[str], str]) -> set[str]:
    """Return all that a tag says besides itself; `group` tells the group of any tag.

    >>> from stages.library.tagging.groups import group_of
    >>> sorted(implied("frilled_bikini", lambda tag: group_of(tag, {"frills": "clothes"})))
    ['bikini', 'frills', 'swimsuit']
    """
    found: set[str] = set()
    todo = directly(tag, group)
    while todo:
        new = todo.pop()
        if new not in found:
            found.add(new)
            todo |= directly(new, group)
    return found


def directly(tag: str, group: Callable[[str], str]) -> set[str]:
    """Return what a tag implies by itself, by the table or by its words."""
    found = set(explicit().get(tag, ()))
    words = tag.split("_")
    if tag == EXCEPT or words[0] in words_of(NONE):
        return found
    if words[0] == "holding" and words[1:]:
        return found if tag.startswith(OWN) else found | {"holding", "_".join(words[1:])}
    for at in range(1, len(words)):
        first, rest = "_".join(words[:at]), "_".join(words[at:])
        if kinds(first, rest) and group(rest) == group(tag):
            found.add(rest)
            if group(tag) in ("clothes", "accessory"):
                found |= set(ADDING.get(first, "").split())
    return found - {tag}


def kinds(first: str, rest: str) -> bool:
    """Return whether `first` before the tag `rest` makes another of its kind."""
    return first in words_of(PLAIN) or first in ADDING or rest in words_of(HEADS)


@cache
def words_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


@cache
def explicit() -> dict[str, list[str]]:
    """Return what each tag of the table implies."""
    found: dict[str, list[str]] = {}
    for tag, others in IMPLIED_BY.items():
        for other in others.split():
            found.setdefault(other, []).append(tag)
    return found
