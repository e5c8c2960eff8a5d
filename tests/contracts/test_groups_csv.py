"""The groups of tags: sorted, each tag in one group, and no common tag without."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

from stages.library.dataset.captions import underscored
from stages.library.dataset.dictionary import read_dictionary, read_groups, read_typed, rows
from stages.library.params.caption import GROUPS
from stages.library.tagging.groups import KINDS, by_words, group_of

DICTIONARY = Path(__file__).parents[2] / "data" / "dictionary"
ROWS = [
    (cells["tag"], cells["group"]) for _, cells in rows(DICTIONARY / "groups.csv", "tag", "group")
]
LISTED = read_groups(DICTIONARY, GROUPS)

REVIEWED = {
    "hair": "black_hair ahoge bangs hair_between_eyes hair_over_one_eye twin_braids wet_hair",
    "eyes": "blue_eyes heterochromia tareme slit_pupils colored_sclera eyelashes",
    "face": "mole_under_eye freckles beard fang makeup scar_across_eye lips",
    "body": "large_breasts cat_ears tail navel dark_skin arm_hair barefoot mature_female",
    "expression": "closed_eyes half-closed_eyes smile blush tears one_eye_closed :d @_@",
    "clothes": "school_uniform black_gloves hat necktie clothes_lift no_bra hood_down",
    "accessory": "hair_ribbon hair_ornament earrings glasses choker hairband hair_flower halo",
    "pose": "sitting looking_at_viewer hand_on_own_hip arms_up v spread_arms",
    "action": "holding_sword hug kiss eating sleeping running food_in_mouth",
    "object": "sword flower cup stuffed_toy umbrella teddy_bear drinking_glass",
    "food": "strawberry cake food_on_face",
    "animal": "cat bird pokemon_(creature) animal_on_shoulder",
    "background": "white_background outdoors sky night bed chair tree",
    "effect": "sparkle motion_lines blood falling_petals lens_flare",
    "composition": "from_behind upper_body dutch_angle censored depth_of_field male_focus",
    "style": "monochrome chibi 4koma sketch watercolor_(medium)",
    "theme": "cosplay crossover halloween yuri genderswap",
    "text": "signature english_text speech_bubble heart musical_note",
    "count": "1girl 2boys solo multiple_girls no_humans 6+girls",
}
"""What docs/captions.md says of the groups, on tags that a rule by words would get wrong, too."""


def test_sorted_so_that_a_line_is_found() -> None:
    assert [(one, other) for (one, _), (other, _) in pairwise(ROWS) if one >= other] == []


def test_every_tag_is_in_exactly_one_group_and_written_as_on_danbooru() -> None:
    assert [tag for tag, count in Counter(tag for tag, _ in ROWS).items() if count > 1] == []
    assert [tag for tag, _ in ROWS if tag != underscored(tag) or "," in tag] == []


def test_every_group_is_known_and_is_not_one_that_the_category_gives() -> None:
    assert {group for _, group in ROWS} <= set(GROUPS) - set(KINDS.values())


def test_the_tags_of_the_groups_are_as_the_docs_say() -> None:
    found = {
        group: {tag: LISTED.get(tag) for tag in tags.split()} for group, tags in REVIEWED.items()
    }
    assert found == {group: dict.fromkeys(tags, group) for group, tags in found.items()}


def test_nearly_no_row_is_without_a_group() -> None:
    assert [tag for tag, group in ROWS if group == "other"] == ["gap_(touhou)", "stand_(jojo)"]


def test_nearly_every_tag_of_the_dictionary_has_a_group() -> None:
    words = read_dictionary(DICTIONARY)
    without = [tag for tag in words if group_of(tag, LISTED) == "other"]
    assert len(without) / len(words) < 0.05


def test_what_people_type_leads_to_tags_with_a_group() -> None:
    tags = {tag for found in read_typed(DICTIONARY).values() for tag in found}
    without = [tag for tag in tags if group_of(tag, LISTED) == "other"]
    assert len(without) / len(tags) < 0.05


def test_the_rules_by_words_seldom_contradict_the_rows() -> None:
    told = [(tag, group, by_words(tag, {})) for tag, group in ROWS]
    told = [each for each in told if each[2]]
    wrong = [each for each in told if each[1] != each[2]]
    assert len(told) > 2000
    assert len(wrong) / len(told) < 0.2
