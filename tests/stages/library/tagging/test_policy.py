"""Which tags stay, and in which order."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from stages.library.params.caption import GROUPS
from stages.library.tagging.policy import AS_SCORED, Policy, arranged, policy_for
from stages.library.tagging.rules import Rules

RULES = Rules(0.35, 0.85, [], [], "keep", ratings=False, max_tags=0)
TAGS = {"1girl": 0, "long_hair": 0, "very_long_hair": 0, "hat": 0, "miku": 4, "work": 3, "zzz": 0}
LISTED = {"1girl": "count", "hat": "clothes"}


def policy(drop: str = "", keep: str = "", order: str = "score", overlap: str = "keep") -> Policy:
    rules = replace(RULES, drop=drop.split(), keep=keep.split(), order=order, overlap=overlap)
    return policy_for(rules, TAGS, LISTED)


def test_groups_by_category_list_and_words() -> None:
    assert policy().groups == {
        "1girl": "count",
        "long_hair": "hair",
        "very_long_hair": "hair",
        "hat": "clothes",
        "miku": "character",
        "work": "copyright",
        "zzz": "other",
    }


def test_what_tags_imply_is_known_only_where_it_matters_and_only_of_tags_that_may_come() -> None:
    assert policy().implies == {}
    assert policy(overlap="drop").implies == {"very_long_hair": {"long_hair"}}


def test_a_tag_that_nothing_is_known_of_is_other() -> None:
    assert arranged(["new", "hat"], policy("group:other")) == ["hat"]
    assert arranged(["new", "hat"], policy(order="danbooru")) == ["hat", "new"]


def test_within_a_group_the_score_decides() -> None:
    tags = ["hat", "very_long_hair", "zzz", "long_hair", "1girl"]
    assert arranged(tags, policy(order="danbooru")) == [
        *("1girl", "very_long_hair", "long_hair", "hat", "zzz")
    ]


@given(
    st.lists(st.sampled_from(sorted(TAGS)), unique=True),
    st.sets(st.sampled_from([*TAGS, *(f"group:{group}" for group in GROUPS)])),
    st.sets(st.sampled_from([*TAGS, *(f"group:{group}" for group in GROUPS)])),
    st.sampled_from(["score", "danbooru"]),
    st.sampled_from(["keep", "drop"]),
    st.integers(0, 4),
)
def test_what_stays_is_of_what_came_and_what_is_kept_stays(
    tags: list[str], drop: set[str], keep: set[str], order: str, overlap: str, most: int
) -> None:
    wanted = policy(" ".join(drop), " ".join(keep), order, overlap)
    left = arranged(tags, wanted)
    kept = {tag for tag in tags if {tag, f"group:{wanted.groups[tag]}"} & keep}
    assert kept <= set(left) <= set(tags)
    assert len(left) == len(set(left))
    assert set(arranged(tags, wanted, most)) <= set(left)
    assert arranged(left, wanted) == left
    assert arranged(tags, AS_SCORED) == tags
