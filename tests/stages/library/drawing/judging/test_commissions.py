"""What is ordered for the judge."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.drawing.judging.commissions import (
    Commission,
    Wish,
    check_wish,
    commissions,
    numbers_of,
    usual,
)
from stages.library.drawing.judging.evidence import Caption
from stages.library.drawing.loras import Lora
from tests.support.orders import CHECKPOINT, DRAWING, EPOCHS

CAPTIONS = [Caption("img001", "nasu, 1girl", ["1girl"]), Caption("img002", "nasu, hat", ["hat"])]


def ordered(weights: list[float], loras: list[Lora] = EPOCHS) -> list[Commission]:
    drawing = replace(DRAWING, weights=weights)
    return commissions(CAPTIONS, drawing, loras, [7, 8], CHECKPOINT, ["nasu"])


def test_each_caption_is_drawn_at_each_epoch_and_weight_and_once_without() -> None:
    found = ordered([0.0, 0.6, 1.0])
    assert len({each.order for each in found}) == len(found) == 2 * 2 * (1 + 2 * 2 + 1)
    assert sorted(each.picture.name for each in found if each.picture.caption == 0) == [
        "01_e0_w0.0_s7.png",
        "01_e0_w0.0_s8.png",
        "01_e2_w0.6_s7.png",
        "01_e2_w0.6_s8.png",
        "01_e2_w1.0_s7.png",
        "01_e2_w1.0_s8.png",
        "01_e4_w0.6_s7.png",
        "01_e4_w0.6_s8.png",
        "01_e4_w1.0_s7.png",
        "01_e4_w1.0_s7_no_trigger.png",
        "01_e4_w1.0_s8.png",
        "01_e4_w1.0_s8_no_trigger.png",
    ]


def test_a_picture_says_of_its_order_what_decides_on_it() -> None:
    hashes = {0: "", 2: "2" * 12, 4: "4" * 12}
    for each in ordered([0.6, 1.0]):
        picture, order = each.picture, each.order
        prompt = CAPTIONS[picture.caption].prompt
        assert order.prompt == (prompt if picture.trigger else prompt.removeprefix("nasu, "))
        assert (order.weight, order.seed) == (picture.weight, picture.seed)
        assert order.lora_hash == hashes[picture.epoch]
        assert (order.steps, order.checkpoint) == (DRAWING.steps, CHECKPOINT)


def test_weight_0_is_drawn_though_the_grids_have_none() -> None:
    assert {each.picture.name for each in ordered([0.8])} >= {"01_e0_w0.0_s7.png"}


def test_each_lora_is_used_up_before_the_next() -> None:
    loras = [each.order.lora for each in ordered([0.6, 1.0])]
    assert sorted(set(loras), key=loras.index) == ["", EPOCHS[0].copy, EPOCHS[1].copy]
    assert sum(one != other for one, other in pairwise(loras)) == 2


def test_without_any_weight_there_is_nothing_to_judge() -> None:
    assert ordered([0.0]) == []


@pytest.mark.parametrize(
    ("weights", "weight"), [([0.6, 0.8, 1.0], 1.0), ([1.2, 0.7], 0.7), ([1.4, 1.2], 1.2)]
)
def test_the_trigger_is_tried_at_the_weight_nearest_to_the_training(
    weights: list[float], weight: float
) -> None:
    assert usual(weights) == weight
    tried = {each.picture.weight for each in ordered(weights) if not each.picture.trigger}
    assert tried == {weight}


def test_a_lora_that_tells_no_epoch_has_a_number_all_the_same() -> None:
    other = replace(EPOCHS[1], number=0)
    assert numbers_of([other]) == {other: 1}, "0 is that of no LoRA"
    assert numbers_of([EPOCHS[0], other]) == {EPOCHS[0]: 2, other: 3}


def test_of_two_loras_of_one_epoch_the_finished_one_is_drawn() -> None:
    copy = Lora(Path("nasu-000004.safetensors"), "e000004", 4, "5" * 12)
    assert numbers_of([EPOCHS[0], copy, EPOCHS[1]]) == {EPOCHS[0]: 2, EPOCHS[1]: 4}
    names = [each.picture.name for each in ordered([1.0], [copy, EPOCHS[1]])]
    assert len(names) == len(set(names))


def test_seeds_are_needed_only_for_what_is_drawn() -> None:
    check_wish(Wish(0, []))
    check_wish(Wish(2, [1]))
    with pytest.raises(Problem, match=r"^params\.yaml, judge\.seeds: is empty; write at least one"):
        check_wish(Wish(2, []))
    with pytest.raises(Problem, match=r"judge\.seeds: 3 is there twice; keep one"):
        check_wish(Wish(2, [3, 1, 3]))
