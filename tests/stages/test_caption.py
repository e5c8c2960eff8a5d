"""Scores become captions: which tags, in which order, in which spelling."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.caption import build_parser, caption_of, main, unknown_tags
from stages.library.common.arguments import filled
from stages.library.dataset.captions import KAOMOJI, categories_of, spaced, underscored
from stages.library.params.caption import CAPTION, category_threshold
from stages.library.tagging.policy import policy_for
from stages.library.tagging.rules import Rules
from stages.library.tagging.scores import CHARACTER, GENERAL, RATING, Found, Scores, write_scores
from tests.support.params import arguments

RULES = Rules(0.35, 0.85, [], [], "keep", ratings=False, max_tags=0)
Tag = tuple[str, int, float]
"""Name, category and score."""


def found(scores: list[Tag]) -> Found:
    values = [round(score * 10_000) for _, _, score in scores]
    return np.arange(len(scores), dtype=np.int32), np.array(values, dtype=np.uint16)


def caption(scores: list[Tag], rules: Rules = RULES) -> list[str]:
    tags, kinds = [tag for tag, _, _ in scores], [kind for _, kind, _ in scores]
    names = categories_of(tags, kinds, rules.exclude, rules.replace)
    return caption_of(found(scores), tags, kinds, rules, policy_for(rules, names, {}))


def general(**scores: float) -> list[Tag]:
    return [(tag, GENERAL, score) for tag, score in scores.items()]


# thresholds


@pytest.mark.parametrize(
    ("score", "threshold", "passes"),
    [
        (0.35, 0.35, True),
        (0.3499, 0.35, False),
        (0.3501, 0.35, True),
        (0.29, 0.29, True),  # 0.29 * 10000 is 2900.0000000000005 in floating point
        (0.57, 0.57, True),  # and 0.57 * 10000 is 5699.999999999999
        (0.3771, 0.3771, True),
        (1.0, 1.0, True),
        (0.9999, 1.0, False),
        (0.05, 0.05, True),
    ],
)
def test_a_score_at_the_threshold_passes(score: float, threshold: float, passes: bool) -> None:
    tags = caption(general(solo=score), replace(RULES, threshold=threshold))
    assert tags == (["solo"] if passes else [])


@given(st.integers(500, 10_000), st.integers(500, 10_000))
def test_thresholds_compare_in_ten_thousandths(score: int, threshold: int) -> None:
    rules = replace(RULES, threshold=threshold / 10_000)
    assert bool(caption(general(solo=score / 10_000), rules)) == (score >= threshold)


def test_characters_have_their_own_threshold() -> None:
    scores = [("miku", CHARACTER, 0.85), ("teto", CHARACTER, 0.8499), ("solo", GENERAL, 0.5)]
    assert caption(scores) == ["miku", "solo"]


def test_a_category_that_wd14_does_not_have_counts_as_general() -> None:
    assert caption([("artist", 1, 0.4), ("copyright", 3, 0.3)]) == ["artist"]


@pytest.mark.parametrize(
    ("entry", "kind", "score", "passes"),
    [
        ("artist=0.6", 1, 0.6, True),
        ("artist=0.6", 1, 0.5999, False),
        ("artist=0.6", 3, 0.36, True),  # as ever, by the threshold
        ("artist=none", 1, 1.0, False),
        ("general=0.5", GENERAL, 0.49, False),
        ("general=0.5", 3, 0.36, True),
        ("general=none", GENERAL, 1.0, False),
        ("character=0.05", CHARACTER, 0.05, True),
        ("character=none", CHARACTER, 1.0, False),
        ("copyright=0.05", 3, 0.05, True),
        ("meta=0.9", 5, 0.5, False),
    ],
)
def test_a_category_may_have_its_own_threshold(
    entry: str, kind: int, score: float, passes: bool
) -> None:
    rules = replace(RULES, thresholds=[category_threshold(entry)])
    assert bool(caption([("tag", kind, score)], rules)) == passes


# order


def test_highest_score_first_equal_scores_by_name() -> None:
    assert caption(general(b=0.5, a=0.5, c=0.9)) == ["c", "a", "b"]


def test_characters_stand_among_the_others_by_score() -> None:
    scores = [("solo", GENERAL, 0.99), ("miku", CHARACTER, 0.9), ("hat", GENERAL, 0.4)]
    assert caption(scores) == ["solo", "miku", "hat"]


@given(st.permutations(general(a=0.9, b=0.5, c=0.5, d=0.4)))
def test_the_order_of_the_models_tags_does_not_matter(scores: list[Tag]) -> None:
    assert caption(scores) == ["a", "b", "c", "d"]


# ratings

RATED = [
    *general(solo=0.4),
    ("general", RATING, 0.6),
    ("sensitive", RATING, 0.9),
    ("explicit", RATING, 0.1),
]


def test_ratings_are_left_out_unless_asked_for() -> None:
    assert caption(RATED) == ["solo"]


def test_only_the_highest_rating_and_last() -> None:
    assert caption(RATED, replace(RULES, ratings=True)) == ["solo", "sensitive"]


def test_the_rating_does_not_count_for_max_tags() -> None:
    rules = replace(RULES, ratings=True, max_tags=1)
    assert caption([*RATED, *general(hat=0.36)], rules) == ["solo", "sensitive"]


def test_a_rating_can_be_renamed_and_excluded() -> None:
    renamed = replace(RULES, ratings=True, replace=[("sensitive", "rating:sensitive")])
    excluded = replace(RULES, ratings=True, exclude=["sensitive"])
    assert caption(RATED, renamed) == ["solo", "rating:sensitive"]
    assert caption(RATED, excluded) == ["solo"]


def test_a_rating_renamed_to_a_tag_that_is_there_is_not_written_twice() -> None:
    rules = replace(RULES, ratings=True, replace=[("sensitive", "solo")])
    assert caption(RATED, rules) == ["solo"]


def test_no_rating_scored_no_rating_written() -> None:
    assert caption(general(solo=0.5), replace(RULES, ratings=True)) == ["solo"]


# exclusions


@pytest.mark.parametrize("spelling", ["long_hair", "long hair", "Long_Hair", " LONG HAIR "])
@pytest.mark.parametrize("underscores", ["keep", "spaces"])
def test_an_exclusion_holds_in_every_spelling(spelling: str, underscores: str) -> None:
    rules = replace(RULES, exclude=[spelling], underscores=underscores)
    assert caption(general(long_hair=0.9, solo=0.5), rules) == ["solo"]


@pytest.mark.parametrize("face", sorted(KAOMOJI))
def test_faces_can_be_excluded(face: str) -> None:
    rules = replace(RULES, exclude=[face], underscores="spaces")
    assert caption([(face, GENERAL, 0.9)], rules) == []


def test_an_exclusion_takes_whole_tags_only() -> None:
    rules = replace(RULES, exclude=["hair"])
    assert caption(general(long_hair=0.9, hair=0.8, hair_bow=0.7), rules) == [
        "long_hair",
        "hair_bow",
    ]


def test_an_excluded_tag_is_not_written_in_place_of_another() -> None:
    rules = replace(RULES, exclude=["smile"], replace=[("grin", "smile")])
    assert caption(general(grin=0.9, smile=0.8, solo=0.5), rules) == ["solo"]


# replacements


@pytest.mark.parametrize("old", ["grey_hair", "grey hair", "Grey_Hair"])
def test_a_replacement_has_effect_in_every_spelling(old: str) -> None:
    rules = replace(RULES, replace=[(old, "silver hair")])
    assert caption(general(grey_hair=0.9), rules) == ["silver_hair"]


@pytest.mark.parametrize(("grey", "silver"), [(0.9, 0.4), (0.4, 0.9)])
def test_merged_tags_keep_the_higher_score(grey: float, silver: float) -> None:
    rules = replace(RULES, replace=[("grey_hair", "silver_hair")])
    scores = general(grey_hair=grey, solo=0.6, silver_hair=silver)
    assert caption(scores, rules) == ["silver_hair", "solo"]


def test_tags_that_differ_in_case_only_are_written_once() -> None:
    rules = replace(RULES, replace=[("grin", "Smile")])
    assert caption(general(grin=0.9, smile=0.8), rules) == ["Smile"]


def test_a_replaced_tag_takes_its_place_by_its_new_name() -> None:
    rules = replace(RULES, replace=[("a", "z")])
    assert caption(general(a=0.5, b=0.5), rules) == ["b", "z"]


def test_replacements_do_not_chain() -> None:
    rules = replace(RULES, replace=[("a", "b"), ("b", "c")])
    assert caption(general(a=0.9, b=0.5), rules) == ["b", "c"]


def test_two_tags_can_change_places() -> None:
    rules = replace(RULES, replace=[("a", "b"), ("b", "a")])
    assert caption(general(a=0.9, b=0.5), rules) == ["b", "a"]


@pytest.mark.parametrize("odd", ["<o>_<o>", ";)", "devil's_horns", '"x"', "miku_(cosplay)", ">:3"])
def test_odd_tags_are_replaced_and_are_replacements(odd: str) -> None:
    there = replace(RULES, replace=[(odd, "face")])
    back = replace(RULES, replace=[("face", odd)])
    assert caption([(odd, GENERAL, 0.9)], there) == ["face"]
    assert caption(general(face=0.9), back) == [odd]


# underscores


def test_underscores_are_kept_by_default() -> None:
    assert caption(general(long_hair=0.9)) == ["long_hair"]


def test_spaces_for_underscores_but_in_faces() -> None:
    scores = [(face, GENERAL, 0.9) for face in sorted(KAOMOJI)] + general(long_hair=0.5)
    tags = caption(scores, replace(RULES, underscores="spaces"))
    assert tags == [*sorted(KAOMOJI), "long hair"]


def test_a_replacement_gets_spaces_too() -> None:
    rules = replace(RULES, replace=[("grey_hair", "silver_hair")], underscores="spaces")
    assert caption(general(grey_hair=0.9), rules) == ["silver hair"]


# max_tags


@pytest.mark.parametrize(
    ("most", "tags"), [(0, ["a", "b", "c"]), (1, ["a"]), (3, ["a", "b", "c"]), (9, ["a", "b", "c"])]
)
def test_max_tags_keeps_the_highest(most: int, tags: list[str]) -> None:
    assert caption(general(c=0.4, a=0.9, b=0.6), replace(RULES, max_tags=most)) == tags


def test_max_tags_counts_what_is_written() -> None:
    rules = replace(RULES, max_tags=2, exclude=["a"], replace=[("b", "c")])
    assert caption(general(a=0.9, b=0.8, c=0.7, d=0.6), rules) == ["c", "d"]


TAGS = st.lists(
    st.sampled_from(["a", "b_b", "c", "<o>_<o>", "d_(e)", ";)"]), unique=True, max_size=6
)


@given(TAGS, TAGS, st.data())
def test_no_tag_twice_and_none_that_is_excluded(
    tags: list[str], exclude: list[str], data: st.DataObject
) -> None:
    pairs = data.draw(st.lists(st.tuples(st.sampled_from(["a", "c"]), st.sampled_from("abx"))))
    scores = [(tag, GENERAL, 0.5) for tag in tags]
    written = caption(scores, replace(RULES, exclude=exclude, replace=pairs))
    assert len(written) == len({underscored(tag) for tag in written})
    assert not set(written) & set(exclude)


def test_names_in_the_knobs_that_the_model_lacks_are_found() -> None:
    rules = replace(RULES, exclude=["Long hair", "typo"], replace=[("solo", "x"), ("tpyo", "x")])
    assert unknown_tags(rules, ["long_hair", "solo"]) == ["typo", "tpyo"]


# as ever


def caption_as_ever(
    found: Found, tags: list[str], categories: list[int], rules: Rules
) -> list[str]:
    """Return a caption as was written while only general and character tags had a threshold."""
    thresholds = {4: round(rules.character_threshold * 10_000), 9: 10_001}
    general = round(rules.threshold * 10_000)
    scored = [
        (int(value), tags[index], categories[index]) for index, value in zip(*found, strict=True)
    ]
    excluded = {underscored(tag) for tag in rules.exclude}
    replacements = {underscored(old): new.replace(" ", "_") for old, new in rules.replace}

    def rewritten(scored: list[tuple[int, str]]) -> list[str]:
        kept = [
            (-value, replacements.get(underscored(tag), underscored(tag)))
            for value, tag in scored
            if underscored(tag) not in excluded
        ]
        once: dict[str, str] = {}
        for _, name in sorted(kept):
            if underscored(name) not in excluded:
                once.setdefault(underscored(name), name)
        return list(once.values())

    chosen = rewritten([(v, tag) for v, tag, kind in scored if v >= thresholds.get(kind, general)])
    if rules.max_tags:
        chosen = chosen[: rules.max_tags]
    rated = [(value, tag) for value, tag, kind in scored if kind == 9]
    if rules.ratings and rated:
        best = min(rated, key=lambda pair: (-pair[0], pair[1]))
        chosen += [tag for tag in rewritten([best]) if tag not in chosen]
    if rules.underscores == "keep":
        return chosen
    return [tag if tag in KAOMOJI else tag.replace("_", " ") for tag in chosen]


NAMES = ["solo", "long_hair", "Long Hair", "^_^", "miku", "なす", "general", "explicit", "1girl"]
OLD_PARAMS = st.fixed_dictionaries(
    {
        "threshold": st.sampled_from([0.05, 0.29, 0.35, 0.5, 1.0]),
        "character_threshold": st.sampled_from([0.05, 0.85]),
        "exclude": st.lists(st.sampled_from(NAMES), max_size=2),
        "replace": st.dictionaries(
            st.sampled_from(["solo", "long_hair", "miku"]), st.sampled_from(NAMES), max_size=2
        ).map(lambda pairs: [f"{old}=>{new}" for old, new in pairs.items()]),
        "underscores": st.sampled_from(["keep", "spaces"]),
        "ratings": st.booleans(),
        "max_tags": st.sampled_from([0, 0, 1, 3]),
    }
)
SCORED = st.dictionaries(
    st.sampled_from(NAMES),
    st.tuples(st.sampled_from([0, 0, 1, 3, 4, 9]), st.sampled_from([500, 3499, 3500, 8500, 9000])),
)


@settings(max_examples=150)
@given(SCORED, OLD_PARAMS)
def test_an_old_params_yaml_gives_the_captions_that_it_always_gave(
    tmp_path_factory: pytest.TempPathFactory,
    scored: dict[str, tuple[int, int]],
    params: dict[str, object],
) -> None:
    """All through the stage: the keys that came later are not in it."""
    folder = tmp_path_factory.mktemp("old")
    values = [value for _, value in scored.values()]
    one = (np.arange(len(scored), dtype=np.int32), np.array(values, np.uint16))
    tags, kinds = list(scored), [kind for kind, _ in scored.values()]
    write_scores(folder / "scores.npz", Scores("m", tags, kinds, ["img001"], ["0" * 64], [one]))
    assert main(flags(folder, **params)) == 0
    expected = caption_as_ever(one, tags, kinds, filled(Rules, CAPTION.read({"caption": params})))
    written = (folder / "captions" / "img001.txt").read_bytes()
    assert written == (", ".join(expected) + "\n").encode()


# what is left out, and the order: tagging/policy.py

GIRL = general(long_hair=0.9, blue_eyes=0.8, hat=0.7, ahoge=0.6, smile=0.5)


def test_a_group_is_left_out_but_for_what_is_kept() -> None:
    rules = replace(RULES, drop=["group:hair", "group:eyes", "smile"], keep=["ahoge"])
    assert caption(GIRL, rules) == ["hat", "ahoge"]


def test_a_whole_group_can_be_kept() -> None:
    rules = replace(RULES, drop=["ahoge", "hat"], keep=["group:hair"])
    assert caption(GIRL, rules) == ["long_hair", "blue_eyes", "ahoge", "smile"]


def test_the_group_is_that_of_the_name_a_tag_is_written_by() -> None:
    rules = replace(RULES, drop=["group:hair"], replace=[("hat", "grey_hair"), ("ahoge", "cowl")])
    assert caption(GIRL, rules) == ["blue_eyes", "cowl", "smile"]


def test_max_tags_counts_what_is_left_and_takes_the_highest_whatever_the_order() -> None:
    rules = replace(RULES, drop=["long_hair"], max_tags=3, order="danbooru")
    assert caption(GIRL, rules) == ["ahoge", "blue_eyes", "hat"]


def test_danbooru_order_is_count_character_work_and_then_by_group() -> None:
    scores = [("work", 3, 0.9), ("miku", CHARACTER, 0.9), *GIRL, *general(sky=0.95)]
    tags = caption([*scores, ("1girl", GENERAL, 0.4)], replace(RULES, order="danbooru"))
    assert tags == [
        *("1girl", "miku", "work", "long_hair", "ahoge", "blue_eyes", "smile", "hat", "sky"),
    ]


def test_what_another_tag_says_is_left_out_only_if_that_one_stays() -> None:
    scores = general(long_hair=0.9, very_long_hair=0.5, black_skirt=0.6, skirt=0.8)
    rules = replace(RULES, overlap="drop")
    assert caption(scores) == ["long_hair", "skirt", "black_skirt", "very_long_hair"]
    assert caption(scores, rules) == ["black_skirt", "very_long_hair"]
    dropped = replace(rules, drop=["very_long_hair"])
    assert caption(scores, dropped) == ["long_hair", "black_skirt"]
    assert caption(scores, replace(rules, keep=["skirt"])) == [
        *("skirt", "black_skirt", "very_long_hair")
    ]


def test_tags_of_every_caption_come_first_and_are_never_cut_or_dropped() -> None:
    rules = replace(RULES, always=["my style", "hat"], drop=["hat"], max_tags=1, exclude=["ahoge"])
    assert caption(GIRL, rules) == ["my_style", "hat", "long_hair"]
    assert caption([], replace(rules, underscores="spaces")) == ["my style", "hat"]
    assert caption(RATED, replace(RULES, always=["sensitive"], ratings=True)) == [
        *("sensitive", "solo")
    ]


def as_it_was(scores: list[Tag], rules: Rules) -> list[str]:
    """Return the caption as it was before there was a policy."""
    excluded = {underscored(tag) for tag in rules.exclude}
    replacements = {underscored(old): new for old, new in rules.replace}
    names: dict[str, str] = {}
    for score, tag in sorted(
        (-s, replacements.get(t, t)) for t, k, s in scores if t not in excluded
    ):
        if -score >= rules.threshold and tag not in excluded:
            names.setdefault(tag, tag)
    chosen = list(names)[: rules.max_tags or None]
    return [spaced(tag) if rules.underscores == "spaces" else tag for tag in chosen]


@given(st.data())
def test_params_from_before_the_policy_give_the_captions_of_before(data: st.DataObject) -> None:
    names = [*("1girl", "long_hair", "very_long_hair", "hat", "black_hat", "<o>_<o>", "sky", "zzz")]
    tags = data.draw(st.lists(st.sampled_from(names), unique=True))
    scores = [(tag, GENERAL, data.draw(st.integers(500, 9999)) / 10_000) for tag in tags]
    old = KNOBS | {
        "threshold": data.draw(st.sampled_from([0.05, 0.35, 0.8])),
        "exclude": data.draw(st.lists(st.sampled_from(names), max_size=2)),
        "replace": data.draw(st.sampled_from([[], ["hat=>cap"], ["hat=>sky", "zzz=>hat"]])),
        "underscores": data.draw(st.sampled_from(["keep", "spaces"])),
        "max_tags": data.draw(st.sampled_from([0, 1, 3])),
    }
    rules = Rules(**CAPTION.read({"caption": old}))
    assert caption(scores, rules) == as_it_was(scores, rules)


# the stage

KNOBS: dict[str, object] = {
    "threshold": 0.35,
    "character_threshold": 0.85,
    "exclude": [],
    "replace": [],
    "underscores": "keep",
    "ratings": False,
    "max_tags": 0,
}


def flags(folder: Path, **changes: object) -> list[str]:
    places = {
        "input": folder / "scores.npz",
        "output": folder / "captions",
        "written": folder / "captions.json",
    }
    return arguments(build_parser(), places | KNOBS | changes, folder / "params")


def run(folder: Path, names: tuple[str, ...] = ("img001", "img002"), **changes: object) -> int:
    """Run the stage on pictures with a character tag each, the second one with nothing else."""
    scores = [found([("solo", GENERAL, 0.5), ("miku", CHARACTER, 0.9), ("general", RATING, 0.9)])]
    scores += [(np.empty(0, np.int32), np.empty(0, np.uint16))]
    tags, kinds = ["solo", "miku", "general"], [GENERAL, CHARACTER, RATING]
    pictures = Scores("model", tags, kinds, list(names), list(names), scores[: len(names)])
    write_scores(folder / "scores.npz", pictures)
    return main(flags(folder, **changes))


def test_every_picture_gets_its_file(tmp_path: Path) -> None:
    assert run(tmp_path) == 0
    written = {path.name: path.read_bytes() for path in (tmp_path / "captions").iterdir()}
    assert written == {"img001.txt": b"miku, solo\n", "img002.txt": b"\n"}


def test_pictures_without_a_tag_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path)
    out = capsys.readouterr().out
    assert "2 captions, 1.0 tags each" in out
    assert "without any tag at this threshold: img002" in out


def test_knobs_without_effect_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, exclude=["lnog_hair"], replace=["solo=>alone"]) == 0
    assert (
        "this tagger never gives (exclude, replace, drop, keep): lnog_hair"
        in capsys.readouterr().out
    )
    assert (tmp_path / "captions" / "img001.txt").read_text() == "miku, alone\n"


def test_a_threshold_of_a_category_that_no_tag_has_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, thresholds=["artist=none", "general=0.4", "meta=0.5"]) == 0
    said = capsys.readouterr().out
    assert "this tagger has no tags of a category (thresholds): artist, meta\n" in said
    assert run(tmp_path, thresholds=["recommended"]) == 0
    assert "thresholds" not in capsys.readouterr().out


def test_what_was_meant_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ja.csv").write_text("tag,ja\nsolo,単独\n", encoding="utf-8")
    (tmp_path / "synonyms.csv").write_text("typed,tag\nぼっち,solo\n", encoding="utf-8")
    unknown = ["単独", "ボッチ", "sloo", "なぞ"]
    assert run(tmp_path, exclude=unknown, dictionary=str(tmp_path)) == 0
    assert (
        "never gives (exclude, replace, drop, keep): 単独 (did you mean solo?), "
        "ボッチ (did you mean solo?), sloo (did you mean solo?), なぞ\n"
    ) in capsys.readouterr().out


def test_two_models_become_one_caption_as_params_say(tmp_path: Path) -> None:
    one = found([("solo", GENERAL, 0.3), ("hat", GENERAL, 0.9)])
    two = found([("Solo", GENERAL, 0.5), ("teto", CHARACTER, 0.9)])
    write_scores(
        tmp_path / "scores.npz",
        Scores("one", ["solo", "hat"], [0, 0], ["img001"], ["0" * 64], [one]),
        Scores("two", ["Solo", "teto"], [0, 4], ["img001"], ["0" * 64], [two], "", [4600, 9000]),
    )
    for knobs, expected in (
        ({}, "hat, teto, solo"),
        ({"combine": "mean"}, "hat, teto, solo"),
        ({"combine": "mean", "threshold": 0.41}, "hat, teto"),
        ({"combine": "first"}, "hat, teto"),
        ({"thresholds": ["character=none"]}, "hat, solo"),
        ({"thresholds": ["recommended"]}, "hat, teto, solo"),
        ({"thresholds": ["recommended", "general=0.6"]}, "hat, teto"),
        ({"combine": "mean", "thresholds": ["general=recommended"]}, "hat, teto"),
    ):
        assert main(flags(tmp_path, **knobs)) == 0
        assert (tmp_path / "captions" / "img001.txt").read_text() == f"{expected}\n", knobs


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("general", "'general' is no threshold; write one such as general=0.35, artist=none or"),
        ("gneral=0.3", "'gneral' is none of general, artist, copyright, character, meta, year"),
        ("gneral=0.3", "did you mean general?"),
        ("general=0.01", "'0.01' is not a number from 0.05 to 1; write one"),
        ("general=nothing", "'nothing' is not a number from 0.05 to 1"),
        ("general＝0.3", "it holds '＝', which is full-width: write '='"),
        ("rating=0.5", "a rating has no threshold, the highest is taken; see caption.ratings"),
    ],
)
def test_a_wrong_threshold_of_a_category_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], entry: str, message: str
) -> None:
    assert run(tmp_path, thresholds=[entry]) == 1
    error = capsys.readouterr().err
    assert error.startswith("caption: error: params.yaml, caption.thresholds: ")
    assert message in error
    assert error.count("\n") == 1


def test_two_thresholds_of_a_category_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, thresholds=["general=0.3", "general=none"]) == 1
    assert capsys.readouterr().err == (
        "caption: error: params.yaml, caption.thresholds: general is there twice; keep one / "
        "general が 2 つあります。1 つにしてください\n"
    )


def test_one_tag_replaced_by_two_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, replace=["grey_hair=>a", "grey hair=>b"]) == 1
    error = capsys.readouterr().err
    assert error == (
        "caption: error: params.yaml, caption.replace: 'grey_hair' is replaced twice; keep one\n"
    )


def test_an_empty_list_of_scores_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, names=()) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "holds no picture's scores; run the score stage again" in error


@pytest.mark.parametrize("content", [None, b"", b"no zip", b"PK\x03\x04"])
def test_scores_that_are_none_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    path = tmp_path / "scores.npz"
    if content is not None:
        path.write_bytes(content)
    assert main(flags(tmp_path)) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert str(path) in error
    assert "score stage" in error


def test_a_name_that_leads_out_of_the_folder_is_one_line_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "work").mkdir()
    assert run(tmp_path / "work", names=("img001", "../../x")) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "holds '../../x' for the name of a picture" in error
    assert [path.name for path in tmp_path.iterdir()] == ["work"]
    assert not (tmp_path / "work" / "captions").exists()


def test_the_same_bytes_on_every_run(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        run(tmp_path / name)
    one, two = (tmp_path / name / "captions" / "img001.txt" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_somebody_elses_folder_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "captions").mkdir()
    (tmp_path / "captions" / "diary.md").write_text("dear diary")
    assert run(tmp_path) == 1
    assert "diary.md: this stage did not write it" in capsys.readouterr().err
    assert (tmp_path / "captions" / "diary.md").read_text() == "dear diary"


@pytest.mark.parametrize("name", ["always", "keep"])
def test_a_tag_that_is_never_and_always_written_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes: dict[str, Any] = {name: ["long_hair"]}
    assert run(tmp_path, exclude=["Long hair"], **changes) == 1
    assert capsys.readouterr().err == (
        f"caption: error: params.yaml, caption.{name}: 'long_hair' is in caption.exclude, too, "
        "which never writes it; take it out of one / long_hair は caption.exclude にもあります。"
        "どちらか一方にしてください\n"
    )


def test_the_groups_are_those_of_the_dictionary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ja.csv").write_text("tag,ja\nsolo,ひとり\n", encoding="utf-8")
    (tmp_path / "groups.csv").write_text("tag,group\nsolo,hair\n", encoding="utf-8")
    run(tmp_path, drop=["group:hair", "mikku", "eyes"], dictionary=str(tmp_path))
    assert (tmp_path / "captions" / "img001.txt").read_text() == "miku\n"
    assert (
        "keep): mikku (did you mean miku?), eyes (did you mean group:eyes?)"
        in capsys.readouterr().out
    )
    (tmp_path / "mine.csv").write_text("tag,ja,group\nsolo,,pose\n", encoding="utf-8")
    run(tmp_path, drop=["group:hair"], dictionary=str(tmp_path))
    assert (tmp_path / "captions" / "img001.txt").read_text() == "miku, solo\n"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("solo,\n", "half a row; write tag,group or delete it / 「タグ,グループ」の形で書くか"),
        ("solo,hair\nSolo,eyes\n", "'solo' is in the file twice; delete one of the lines / 同じ"),
    ],
)
def test_a_broken_list_of_groups_is_one_line(
    rows: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "groups.csv").write_text(f"tag,group\n{rows}", encoding="utf-8")
    assert run(tmp_path, drop=["group:hair"], dictionary=str(tmp_path)) == 1
    assert said in capsys.readouterr().err


def test_an_unknown_group_in_the_dictionary_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.csv").write_text("tag,ja,group\nsolo,,hiar\n", encoding="utf-8")
    assert run(tmp_path, order="danbooru", dictionary=str(tmp_path)) == 1
    assert capsys.readouterr().err == (
        f"caption: error: {tmp_path}/mine.csv, line 2: 'hiar' is no group of tags; "
        "did you mean hair? / そのようなグループはありません\n"
    )
