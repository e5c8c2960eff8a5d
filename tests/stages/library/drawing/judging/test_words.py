"""The advice in words: each case in both languages, with its reasons and its doubt."""

from math import inf

import pytest

from stages.library.drawing.judging.estimates import NOTHING, Estimate
from stages.library.drawing.judging.judgement import Judgement, Row, Trigger, Yardstick
from stages.library.drawing.judging.verdict import Cell
from stages.library.drawing.judging.words import (
    doubts,
    reasons,
    trigger_in_words,
    verdict_in_words,
)
from tests.support.judgements import COPY, judgement, on_training, row, unknown

ONE = {(6, 0.8): row()}
SEVERAL = {(2, 0.8): row(0.1), (6, 0.8): row(), (8, 0.8): row(0.32), (10, 0.8): row(0.29)}


def english(words: list[tuple[str, str]]) -> str:
    return "\n".join(each for _, each in words)


def test_one_that_is_better_than_all_others_is_advised() -> None:
    assert verdict_in_words(judgement(ONE)) == (
        "エポック 6、強さ 0.8 がおすすめです。",
        "Take epoch 6 at weight 0.8.",
    )


def test_that_they_cant_be_told_apart_is_an_answer() -> None:
    assert verdict_in_words(judgement(SEVERAL)) == (
        "エポック 6、強さ 0.8 がおすすめです。見分けがつかないもの: 6、8、10。",
        "Take epoch 6 at weight 0.8. Can't tell apart: 6, 8, 10.",
    )


def test_where_there_are_several_weights_they_are_told() -> None:
    found = judgement({**ONE, (8, 0.6): row(0.31), (8, 1.0): row(0.32)})
    assert verdict_in_words(found) == (
        "エポック 6、強さ 0.8 がおすすめです。"
        "見分けがつかないもの: 6(強さ 0.8)、8(強さ 0.6・1.0)。",
        "Take epoch 6 at weight 0.8. Can't tell apart: 6 (weight 0.8), 8 (weight 0.6, 1.0).",
    )


def test_none_is_advised_where_all_that_are_closer_may_be_copies() -> None:
    found = judgement({(6, 0.8): row(copies=[COPY]), (2, 0.8): row(0.01)})
    assert verdict_in_words(found)[1].startswith(
        "None can be recommended: each that is closer to your drawings (6) shows pictures that may"
    )
    assert verdict_in_words(found)[0].startswith("おすすめできるものがありません。")


def test_what_went_away_from_the_drawings_is_said_plainly() -> None:
    found = judgement({(6, 0.8): row(-0.2), (10, 0.8): row(-0.3), (2, 0.8): row(0.01)})
    assert verdict_in_words(found) == (
        "ベースモデルだけのときより、あなたの絵に近づいたものはありません。"
        "かえって遠くなったもの: 6、10。",
        "None is closer to your drawings than the base model alone; farther from them: 6, 10.",
    )


def test_no_difference_is_said_with_what_it_rests_on() -> None:
    found = judgement({(6, 0.8): row(0.01)})
    assert verdict_in_words(found) == (
        "ベースモデルだけのときとの違いがわかりません(キャプション 12 個)。",
        "No difference to the base model alone can be told, from 12 captions.",
    )


def test_a_lora_that_changes_nothing_is_told_as_such() -> None:
    found = judgement({(6, 0.8): row(0.0)}, unchanged=True)
    assert verdict_in_words(found)[1].startswith("This LoRA changes nothing:")
    assert reasons(found) == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (unknown(ONE, captions=3), "Too few captions to tell anything: 3. It takes 5, better 12."),
        (
            judgement(ONE, near=Yardstick(4, Estimate(0.5, inf))),
            "Too few drawings to compare with: 4. It takes 5.",
        ),
    ],
)
def test_too_few_are_said_in_place_of_a_figure(found: Judgement, said: str) -> None:
    assert verdict_in_words(found)[1] == said
    assert reasons(found) == []


@pytest.mark.parametrize("rows", [ONE, SEVERAL, {(6, 0.8): row(0.01)}, {(6, 0.8): row(-0.2)}])
def test_without_held_out_drawings_every_verdict_says_what_that_rewards(
    rows: dict[Cell, Row],
) -> None:
    japanese, english = verdict_in_words(on_training(judgement(rows)))
    assert english.endswith(" (on training captions: rewards copying)")
    assert japanese.endswith(
        "(学習に使ったキャプションでの判定です。丸暗記した LoRA ほど、よい数字になります)"
    )


def test_the_reasons_are_the_figures_of_the_advised_cell() -> None:
    said = english(reasons(judgement(SEVERAL)))
    assert "It goes 60 % ± 10 of the way from the base model to 12 drawings of yours" in said
    assert "it is the earliest epoch at the lowest weight" in said
    assert "None of its pictures looks like a copy." in said
    assert "Of the tags that captions ask for, 78 % are found" in said
    assert "base model alone: 80 %" in said


def test_on_training_captions_the_reason_says_so_too() -> None:
    said = english(reasons(on_training(judgement(ONE))))
    assert "to your 12 drawings (on training captions: rewards copying)" in said
    assert "never saw" not in said


def test_of_a_base_model_that_is_no_way_off_no_share_of_the_way_is_told() -> None:
    found = judgement(ONE, near=Yardstick(12, Estimate(0.05, 0.1)))
    assert "can't be told from your drawings, and this is closer still" in english(reasons(found))
    assert "%" not in english(reasons(found)[:1])


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (judgement({**ONE, (10, 0.8): row(0.3, copies=[COPY])}), "may be copies: 10. Look at them"),
        (
            judgement({**ONE, (10, 0.8): row(uniform=Estimate(0.8, 0.1))}),
            "Nearly the same picture with every seed: 10.",
        ),
        (
            judgement({**ONE, (10, 0.8): row(by_heart=Estimate(0.2, 0.1))}),
            "what it was trained on than to what it never saw, as if by heart: 10.",
        ),
        (
            judgement({**ONE, (10, 0.8): row(less_recall=Estimate(0.3, 0.1))}),
            "Shows less of what captions ask for than the base model alone: 10.",
        ),
        (
            judgement({**ONE, (10, 0.8): row(-0.3)}),
            "Farther from your drawings than the base model alone: 10.",
        ),
        (on_training(judgement(ONE)), "judged on training captions: rewards copying"),
        (judgement(ONE, captions=7), "There are 7 captions, so that the ± is large"),
        (judgement(ONE, accuses=False), "copies were looked for by perceptual hash alone"),
        (judgement(ONE, seeds=1), "With 1 seed nobody can say whether pictures vary"),
    ],
)
def test_every_doubt_is_told(found: Judgement, said: str) -> None:
    assert said in english(doubts(found, builtin=False))
    assert said not in english(doubts(judgement(ONE), builtin=False))


def test_where_copies_cant_be_known_by_features_none_is_said_to_be_absent() -> None:
    assert "None of its pictures looks like a copy." in english(reasons(judgement(ONE)))
    unsure = judgement(ONE, accuses=False)
    assert "copy" not in english(reasons(unsure))
    assert "fewer than" not in english(doubts(unsure, builtin=True)), "that is not why"


def test_a_tagger_of_colours_is_the_first_doubt() -> None:
    (_, first), *_ = doubts(judgement(ONE), builtin=True)
    assert first.startswith("Judged by the built-in tagger, which sees colours only")


@pytest.mark.parametrize(
    ("with_it", "works", "said"),
    [
        (Estimate(-0.24, 0.05), True, "Without the trigger 80 % of what was gained is lost"),
        (Estimate(-0.03, 0.05), False, "Without the trigger only 10 % of what was gained is lost"),
        (Estimate(-0.1, 0.3), None, "Whether the trigger calls up the style can't be told"),
    ],
)
def test_what_the_trigger_does_is_told(with_it: Estimate, works: bool | None, said: str) -> None:
    trigger = Trigger((6, 0.8), Estimate(-0.3, 0.05), with_it, works)
    japanese, english = trigger_in_words(trigger)
    assert english.startswith(said)
    assert "(epoch 6 at weight 0.8)" in english
    assert "エポック 6、強さ 0.8" in japanese


def test_both_languages_say_as_much() -> None:
    bad = row(
        copies=[COPY],
        uniform=Estimate(0.8, 0.1),
        by_heart=Estimate(0.2, 0.1),
        less_recall=Estimate(0.3, 0.1),
    )
    found = judgement({**ONE, (10, 0.8): bad, (12, 0.8): row(-0.3)}, captions=7, seeds=1)
    told = [*reasons(found), *doubts(found, builtin=True)]
    assert len(told) > 10
    for japanese, english in told:
        assert english.isascii() or "±" in english
        assert not japanese.isascii()
        digits = [[c for c in text if c.isdigit()] for text in (japanese, english)]
        assert sorted(digits[0]) == sorted(digits[1]), (japanese, english)


def test_what_is_not_known_is_no_claim() -> None:
    assert NOTHING.doubt == inf
    assert not NOTHING.above


def test_what_went_away_from_all_drawings_is_not_called_learned_by_heart() -> None:
    away = row(-0.3, farther_trained=Estimate(0.2, 0.05), by_heart=Estimate(0.1, 0.05))
    assert "by heart" not in english(doubts(judgement({(10, 1.0): away}), builtin=False))


def test_where_it_is_closer_without_the_trigger_nothing_is_lost() -> None:
    other = Trigger((6, 0.8), Estimate(-0.1, 0.05), Estimate(0.6, 0.1), works=False)
    told = english(doubts(judgement(ONE, trigger=other), builtin=False))
    assert "Without the trigger only 0 % of what was gained is lost" in told
