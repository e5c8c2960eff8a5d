"""What kind of thing a tag names, hair, clothes or pose: by groups.csv, or by the tag's words."""

import re
from collections.abc import Mapping
from functools import cache

from stages.library.tagging.scores import CHARACTER

KINDS = {1: "artist", 3: "copyright", CHARACTER: "character", 5: "meta"}
"""Danbooru's categories whose tags are a group of their own, whatever their names."""

OTHER = "other"
"""The group of tags that nothing tells of."""

COUNT = re.compile(r"\d+\+?(boy|girl|other)s?")

QUALIFIERS = {
    "style": "medium style pattern",
    "theme": "cosplay meme season relationship theme",
    "animal": "creature animal pokemon",
    "object": "object weapon chess computer instrument container cup mecha automobile machine tool"
    " polearm bottle doll playing_card statue robot flower bow music",
    "food": "food fruit",
    "text": "symbol emblem shape company expression phrase",
    "background": "place planet city",
    "accessory": "jewelry gemstone ornament",
    "clothes": "armor helmet clothes",
}
"""What the words in brackets tell, as in crayon_(medium)."""

STARTS = {
    "action": "holding adjusting playing kissing licking grabbing biting feeding eating drinking"
    " carrying cleaning cutting opening pouring removing throwing touching tying washing wiping"
    " writing putting_on brushing braiding drying ruffling rubbing applying scratching smelling"
    " lifting pulling stroking sewing",
    "pose": "hand_on hand_in hand_over hand_to hand_under hand_between hands_on hands_in"
    " hands_over hands_to hands_under arm_over arm_on arm_at arm_behind arms_at arms_behind"
    " arms_around arm_around arm_held arms_over legs_over leg_over head_on head_rest on in over"
    " against under between looking facing sitting standing lying leaning kneeling covering"
    " pointing reaching own_hands hugging finger_on finger_in finger_to",
    "sexual": "after implied cum penis pussy vibrator anal nipple clitoris testicle imminent",
    "text": "spoken",
    "body": "mole_on scar_on",
    "accessory": "bandaid_on bandage_on bandaged",
    "effect": "blood_on blood_in blood_from",
    "theme": "year_of",
}
"""What the first words tell."""

ENDS = {
    "hair": "hair bangs ponytail ponytails braid braids twintails sidelocks sidelock hairstyle bun"
    " ahoge drills locks hair_length hair_color updo afro mohawk dreadlocks pigtails bob",
    "eyes": "eyes eye pupils pupil sclera eyelashes iris eye_color",
    "face": "eyebrows eyebrow beard mustache goatee stubble sideburns lips lip nose freckles"
    " eyeshadow makeup lipstick fang fangs face facepaint whiskers forehead cheeks lashes"
    " dimples birthmark mole_under_mouth",
    "body": "skin breasts ears ear tail tails wings wing horns horn girl boy tattoo nails toenails"
    " fingernails fur legs thighs feet toes arms hips shoulders abs stomach belly back muscle"
    " scar bruise antlers joints breast hooves fins gills scales tan tanlines fingers waist neck"
    " chest antennae claws paws limbs body navel knees ankles mark marks pectorals male female"
    " breast_size height build child snout beak",
    "expression": "smile grin blush tears frown pout mouth tongue smirk sweatdrop sigh glare"
    " tongue_out open_mouth saliva laugh stare teeth",
    "clothes": "uniform clothes dress swimsuit skirt panties bra bikini shirt jacket shorts leotard"
    " legwear gloves headwear hat sleeves sleeve collar pants cape coat vest kimono suit bodysuit"
    " socks sock sweater costume hoodie top armor cutout pantyhose hood footwear boots boot shoes"
    " shoe necktie sash cloak bowtie cardigan apron helmet outfit thighhighs thighhigh robe"
    " capelet cap serafuku neckerchief ascot underwear hakama camisole tunic heels sandals sandal"
    " garter straps strap cuff armband turtleneck scarf belt neckline gown briefs buruma sarong"
    " bandeau lingerie cloth loincloth mittens lapels pocket zipper buckle frills lace pajamas"
    " yukata haori cuirass gauntlets gauntlet pauldrons greaves vambraces breastplate bloomers"
    " petticoat babydoll corset bustier tabard poncho shawl overalls suspenders jumpsuit wetsuit"
    " raincoat sneakers slippers loafers kneehighs leggings jeans denim fashion print pull lift"
    " aside veil headgear headpiece beret bonnet headdress neckwear headscarf wear blouse trousers"
    " bottom blazer",
    "accessory": "ornament ribbon ribbons bow eyewear glasses sunglasses goggles earrings earring"
    " necklace choker bracelet bracelets ring rings brooch piercing hairband headband hairclip"
    " hairpin scrunchie mask eyepatch blindfold anklet armlet bangle pendant bell bells"
    " headphones earphones headset bandages bandage bandaid beads jewelry pin badge armlets halo"
    " piercings monocle wreath gem gemstone leash harness cuffs brooches circlet chain chains"
    " wristwatch crown tiara",
    "pose": "pose stance gesture sitting standing kneeling split straddle salute hands hand arm leg"
    " finger person lap head shoulder cheek chin thigh up down together apart",
    "action": "grab hug kiss press biting bathing fight action massage carry hold rest pulling lick"
    " poke invitation in_mouth",
    "object": "bag umbrella sword gun weapon phone bottle box flag ball pillow can lantern brush"
    " needle basket machine case bar towel toy sign clock rifle knife cup glass bucket rod broom"
    " drawing robot doll puppet controller pot cube stick blade rope net coin axe fan shovel map"
    " lamp board camera book paper card envelope letter newspaper pen pencil guitar violin piano"
    " flute drum instrument microphone megaphone stylus pan wrench hammer arrow spear polearm"
    " staff shield scythe launcher cannon pistol handgun revolver turret missile bomb car truck"
    " train bicycle motorcycle boat ship aircraft airplane helicopter tank vehicle balloon"
    " balloons candle key lock bowl plate spoon fork tray mirror mug straw flower rose lily leaf"
    " bouquet feather feathers shell bone skull crystal cushion blanket laptop computer monitor"
    " television console game poster photo ladder wheel cage charm flask pipe cigarette cane"
    " chopsticks tube screen bags plant clover suitcase briefcase backpack tape scissors saw",
    "food": "food cream cake chocolate candy bread drink tea coffee milk juice wine beer sake pizza"
    " sandwich burger rice ramen noodles sushi mochi potato vegetable fruit apple banana cherry"
    " strawberry orange lemon egg fries cookie cookies pie pancake pancakes parfait dango onigiri"
    " soup curry steak sausage cheese corn carrot tomato onion mushroom pumpkin watermelon grapes"
    " peach pear sauce slice pocky meat mayonnaise ketchup lollipop",
    "animal": "animal cat dog bird rabbit bunny bear fish tiger fox wolf horse pig cow sheep mouse"
    " rat snake frog turtle dragon butterfly bug spider crab octopus shark whale dolphin penguin"
    " owl crow chick duck lion panda deer goat monkey squirrel hamster bee insect lizard dinosaur"
    " creature jellyfish snail pigeon ferret hedgehog raccoon elephant pokemon",
    "sexual": "penis pussy nipples nipple anus testicles cum sex fellatio masturbation handjob"
    " paizuri rape vibrator dildo anal ass_grab breast_grab penetration insertion ejaculation"
    " orgasm vaginal cunnilingus bondage nude naked erection areolae areola cumshot threesome"
    " footjob bukkake precum stimulation semen condom exposure fingering clitoris plug urination"
    " peeing genitals breastfeeding gangbang nudity pubic_hair gag",
    "background": "background sky wall floor room window windows door doorway building buildings"
    " street road tree trees forest field mountain mountains beach ocean sea river lake pool pond"
    " water grass garden park city town house shrine temple castle school classroom bathroom"
    " bedroom kitchen stairs bridge railing fence lights moon sun stars cloud clouds rain snow"
    " interior table chair bed couch bench desk stool shelf curtains curtain night evening sunset"
    " ruins rock ground tower station store shop cafe restaurant cityscape landscape island cliff"
    " cave puddle tiles tatami counter cabinet locker blackboard billboard pillar gate arch column"
    " sofa carpet rug bathtub shower toilet sink futon theater stage stadium",
    "effect": "light lighting shadow sparkle sparkles fire flame flames smoke steam glow aura"
    " lightning electricity bubble bubbles splash splatter explosion particles lines trail magic"
    " wind energy flare rays reflection blur dust debris confetti snowflakes embers petals blood",
    "composition": "focus shot view angle perspective border frame views inset censor censoring"
    " crop lineup chart cover panel panels layout page foreground comparison out_of_frame",
    "style": "style lineart sketch comic theme art 4koma manga palette monochrome coloring hatching"
    " outline chibi",
    "theme": "challenge celebration connection crossover parody cosplay anniversary birthday"
    " christmas halloween festival persona couple siblings sisters brothers and_son and_daughter"
    " and_sister personification switch day",
    "text": "text username logo name symbol note signature watermark address cross heart star"
    " title number numbers kanji date commentary clef barcode",
    "count": "girls boys others",
}
"""What the last words tell."""

SAME = {
    "alternate",
    "no",
    "unworn",
    "multiple",
    "single",
    "shared",
    "mismatched",
    "fake",
    "two-tone",
    "multicolored",
    "broken",
    "torn",
    "mini",
    "extra",
}
"""First words that leave a tag in the group of the others, where those are known."""

LEFT = {
    "removed",
    "slip",
    "peek",
    "gap",
    "strap",
    "cuffs",
    "trim",
    "tug",
    "overhang",
}
"""Last words that do so."""

LONGEST = 3
"""Words that are looked at together."""


def group_of(tag: str, listed: Mapping[str, str], category: int = 0) -> str:
    """Return the group of a tag in Danbooru's form; `listed` are the groups of groups.csv by tag.

    >>> group_of("hero_(nasu)", {}, CHARACTER), group_of("smile", {"smile": "expression"})
    ('character', 'expression')
    >>> [group_of(tag, {}) for tag in ("lime_hair", "holding_axe", "crayon_(medium)", "xyzzy")]
    ['hair', 'action', 'style', 'other']
    """
    return KINDS.get(category) or listed.get(tag) or by_words(tag, listed) or OTHER


def by_words(tag: str, listed: Mapping[str, str]) -> str:
    """Return the group that the words of a tag tell; '' if they tell none."""
    if COUNT.fullmatch(tag):
        return "count"
    words = tag.split("_")
    for many in range(min(LONGEST, len(words) - 1), 0, -1):
        if group := starts().get("_".join(words[:many])):
            return group
    if found := re.fullmatch(r"(.+)_\(([^()]+)\)", tag):
        name, qualifier = found.groups()
        return qualifiers().get(qualifier) or listed.get(name) or by_words(name, listed)
    same, left = words[0] in SAME, words[-1] in LEFT
    for rest in (words[1:] if same else [], words[:-1] if left else []):
        others = "_".join(rest)
        if others and (group := listed.get(others) or by_words(others, listed)):
            return group
    for many in range(min(LONGEST, len(words)), 0, -1):
        end = "_".join(words[-many:])
        if group := ends().get(end) or (listed.get(end) if many < len(words) else ""):
            return group
    return ""


def by_word(table: Mapping[str, str]) -> dict[str, str]:
    """Return the groups by word of a table that has the words by group."""
    return {word: group for group, words in table.items() for word in words.split()}


@cache
def qualifiers() -> dict[str, str]:
    return by_word(QUALIFIERS)


@cache
def starts() -> dict[str, str]:
    return by_word(STARTS)


@cache
def ends() -> dict[str, str]:
    return by_word(ENDS)
