"""Several models' scores as one's: each word of params.yaml, by hand and by a plain loop."""

from dataclasses import replace
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.library.common.errors import Problem
from stages.library.dataset.captions import underscored
from stages.library.params.caption import ALL, NEVER, RECOMMENDED
from stages.library.tagging.combined import combined
from stages.library.tagging.rules import Rules, bars
from stages.library.tagging.scores import CHARACTER, FLOOR, GENERAL, RATING, Scores

ARTIST, COPYRIGHT = 1, 3
RULES = Rules(0.35, 0.85, [], [], "keep", ratings=False, max_tags=0)
Known = dict[str, tuple[int, int]]
"""Tags of a model: category, and the threshold that its authors advise; 0: none."""


def scores(name: str, known: Known, *pictures: dict[str, int]) -> Scores:
    tags = list(known)
    found = []
    for picture in pictures:
        pairs = sorted((tags.index(tag), value) for tag, value in picture.items())
        indices, values = zip(*pairs, strict=True) if pairs else ((), ())
        found.append((np.array(indices, np.int32), np.array(values, np.uint16)))
    names = [f"img{number:03}" for number in range(len(pictures))]
    kinds, advised = zip(*known.values(), strict=True)
    return Scores(name, tags, list(kinds), names, names, found, name, list(advised))


def as_dicts(made: Scores) -> list[dict[str, int]]:
    return [
        {made.tags[index]: int(value) for index, value in zip(*found, strict=True)}
        for found in made.found
    ]


def merged(*models: Scores, **knobs: Any) -> dict[str, int]:
    """Return the scores of the first picture."""
    made, _ = combined(models, replace(RULES, **knobs), underscored)
    return as_dicts(made)[0]


ONE = {"solo": (GENERAL, 3000), "hat": (GENERAL, 4000), "miku": (CHARACTER, 8000)}
TWO = {"Hat": (GENERAL, 6000), "scarf": (GENERAL, 5000), "solo": (GENERAL, 5000)}


def test_one_model_is_left_as_it_is() -> None:
    model = scores("one", ONE, {"hat": 500})
    for rules in (RULES, replace(RULES, combine="mean", thresholds=[(ARTIST, NEVER)])):
        assert combined([model], rules, underscored) == (model, rules)


@pytest.mark.parametrize(
    ("combine", "expected"),
    [
        ("max", {"solo": 6000, "hat": 7001, "miku": 9000, "scarf": 4000}),
        # hat: (2000 + 7001) / 2, upwards; solo: the second one knows it and gave less than 0.05
        ("mean", {"solo": 3000, "hat": 4501, "miku": 9000, "scarf": 4000}),
        ("first", {"solo": 6000, "hat": 2000, "miku": 9000, "scarf": 4000}),
    ],
)
def test_two_models(combine: str, expected: dict[str, int]) -> None:
    one = scores("one", ONE, {"solo": 6000, "hat": 2000, "miku": 9000})
    two = scores("two", TWO, {"Hat": 7001, "scarf": 4000})
    assert merged(one, two, combine=combine) == expected


def test_where_the_first_says_nothing_of_a_tag_it_knows_first_takes_nothing() -> None:
    one, two = scores("one", ONE, {}), scores("two", TWO, {"solo": 9000, "scarf": 700})
    assert merged(one, two, combine="first") == {"scarf": 700}


def test_a_mean_below_the_floor_is_none() -> None:
    one, two = scores("one", ONE, {"solo": 998, "hat": 999}), scores("two", TWO, {})
    assert merged(one, two, combine="mean") == {"hat": FLOOR}


def test_tags_stand_as_and_where_the_first_model_has_them() -> None:
    kinds = {"hat": (ARTIST, 0), "new": (GENERAL, 0)}
    made, _ = combined([scores("one", ONE, {}), scores("two", kinds, {})], RULES, underscored)
    assert made.tags == ["solo", "hat", "miku", "new"]
    assert made.categories == [GENERAL, GENERAL, CHARACTER, GENERAL]
    assert made.origin == "one + two"


def test_a_rating_and_a_tag_of_its_name_are_two() -> None:
    one = scores("one", {"general": (RATING, 0)}, {"general": 9000})
    two = scores("two", {"general": (GENERAL, 0), "x": (GENERAL, 0)}, {"general": 600})
    made, _ = combined([one, two], RULES, underscored)
    assert list(zip(made.tags, made.categories, strict=True))[:2] == [
        ("general", RATING),
        ("general", GENERAL),
    ]
    assert [int(value) for value in made.found[0][1]] == [9000, 600]


# -------------------------------------------------------------------------------------- recommended

ADVISED: list[tuple[int, float | str]] = [(GENERAL, RECOMMENDED)]


@pytest.mark.parametrize(
    ("combine", "expected"),
    [
        # hat: neither 0.39 of 0.4 nor 0.55 of 0.6; solo: 0.3 of 0.3; scarf: only the second has it
        ("max", {"solo": 4000, "miku": 600, "scarf": 5000}),
        # solo: 0.35 of 0.4; hat: 0.47 of 0.5
        ("mean", {"miku": 600, "scarf": 5000}),
        ("first", {"solo": 3000, "miku": 600, "scarf": 5000}),
    ],
)
def test_scores_count_against_their_own_model_s_threshold(
    combine: str, expected: dict[str, int]
) -> None:
    one = scores("one", ONE, {"solo": 3000, "hat": 3900, "miku": 600})
    two = scores("two", TWO, {"solo": 4000, "Hat": 5500, "scarf": 5000})
    assert merged(one, two, combine=combine, thresholds=ADVISED) == expected


def test_what_is_left_of_an_advised_category_all_passes() -> None:
    model = scores("one", ONE, {"solo": 3000, "hat": 3999})
    made, rules = combined([model], replace(RULES, thresholds=ADVISED), underscored)
    assert as_dicts(made) == [{"solo": 3000}]
    assert bars(rules) == {CHARACTER: 8500, GENERAL: 0, RATING: 10_001}


def test_recommended_alone_is_for_all_that_have_some_and_no_entry() -> None:
    known = ONE | {"sofu": (ARTIST, 0), "vocaloid": (COPYRIGHT, 2000), "general": (RATING, 0)}
    model = scores("one", known, {"hat": 3999, "miku": 8500, "vocaloid": 1999, "sofu": 700})
    wanted: list[tuple[int, float | str]] = [(ALL, RECOMMENDED), (CHARACTER, 0.9)]
    made, rules = combined([model], replace(RULES, thresholds=wanted), underscored)
    assert as_dicts(made) == [{"miku": 8500, "sofu": 700}]
    assert bars(rules) == {CHARACTER: 9000, GENERAL: 0, COPYRIGHT: 0, RATING: 10_001}


@pytest.mark.parametrize(
    ("thresholds", "message"),
    [
        (
            [(ARTIST, RECOMMENDED)],
            "two has no recommended threshold for artist; write a number, such as artist=0.35",
        ),
        ([(CHARACTER, RECOMMENDED)], None),
        ([(ALL, RECOMMENDED)], None),
        ([(GENERAL, 0.3), (GENERAL, RECOMMENDED)], "general is there twice; keep one"),
        ([(ALL, RECOMMENDED), (ALL, RECOMMENDED)], "recommended is there twice; keep one"),
    ],
)
def test_a_threshold_that_nobody_gives_is_told(thresholds: Any, message: str | None) -> None:
    models = [scores("one", ONE, {}), scores("two", TWO | {"sofu": (ARTIST, 0)}, {})]
    rules = replace(RULES, thresholds=thresholds)
    if message is None:
        combined(models, rules, underscored)
        return
    with pytest.raises(Problem) as error:
        combined(models, rules, underscored)
    assert str(error.value).startswith(f"params.yaml, caption.thresholds: {message}")


def test_recommended_alone_where_nobody_recommends_is_told() -> None:
    model = scores("one", {"solo": (GENERAL, 0), "miku": (CHARACTER, 0)}, {})
    with pytest.raises(Problem, match=r"one: recommended thresholds .* are not there"):
        combined([model], replace(RULES, thresholds=[(ALL, RECOMMENDED)]), underscored)


# ---------------------------------------------------------------------------------- by a plain loop

TAGS = ["solo", "hat", "Hat", "miku", "long hair", "long_hair", "なす"]
a_model = st.dictionaries(
    st.sampled_from(TAGS),
    st.tuples(
        st.sampled_from([GENERAL, CHARACTER, RATING]),
        st.integers(1, 10_000),
        st.integers(0, 10_000),
    ),
    min_size=1,
)
"""Tags with category, advised threshold and score; what is below the floor is not in the file."""


@given(
    st.lists(a_model, min_size=2, max_size=4),
    st.sampled_from(["max", "mean", "first"]),
    st.booleans(),
)
def test_any_models_are_merged_as_said(
    given: list[dict[str, tuple[int, int, int]]], combine: str, advised: bool
) -> None:
    models = [
        scores(
            "model",
            {tag: (kind, bar) for tag, (kind, bar, _) in one.items()},
            {tag: score for tag, (_, _, score) in one.items() if score >= FLOOR},
        )
        for one in given
    ]
    thresholds: list[tuple[int, float | str]] = [(GENERAL, RECOMMENDED)] if advised else []
    made, _ = combined(models, replace(RULES, combine=combine, thresholds=thresholds), underscored)
    expected: dict[tuple[str, bool], int] = {}
    names = {
        (underscored(tag), kind == RATING) for one in given for tag, (kind, _, _) in one.items()
    }
    for name in names:
        kinds, says = [], []
        for one in given:  # what each model that knows it says: score and threshold
            own = [
                (kind, score if score >= FLOOR else 0, bar)
                for tag, (kind, bar, score) in one.items()
                if (underscored(tag), kind == RATING) == name
            ]
            if own:
                kinds.append(own[0][0])
                says.append((max(score for _, score, _ in own), max(bar for _, _, bar in own)))
        if combine == "max":
            score, reached = max(s for s, _ in says), any(s >= bar for s, bar in says)
        elif combine == "first":
            score, reached = says[0][0], says[0][0] >= says[0][1]
        else:
            score = floor(Fraction(sum(s for s, _ in says), len(says)) + Fraction(1, 2))
            bar = floor(Fraction(sum(bar for _, bar in says), len(says)) + Fraction(1, 2))
            reached = score >= bar
        if score >= FLOOR and (reached or not (advised and kinds[0] == GENERAL)):
            expected[name] = score
    found = {
        (underscored(made.tags[index]), made.categories[index] == RATING): int(value)
        for index, value in zip(*made.found[0], strict=True)
    }
    assert found == expected
