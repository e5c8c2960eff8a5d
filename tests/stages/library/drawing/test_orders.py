"""Every picture has an order, a key and a place of its own."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.library.drawing.orders import Order, cells, weight_text
from tests.support.orders import CHECKPOINT, DRAWING, EPOCHS, ORDER, grid


@pytest.mark.parametrize("name", [each.name for each in fields(Order)])
def test_another_value_of_anything_is_another_picture(name: str) -> None:
    value = getattr(ORDER, name)
    changes: dict[str, Any] = {name: f"{value}x" if isinstance(value, str) else value + 1}
    other = replace(ORDER, **changes)
    assert other.key != ORDER.key


def test_the_same_order_is_the_same_picture_in_every_run() -> None:
    assert replace(ORDER).key == ORDER.key == "3eff2716d215eed5774817159132d26f"


def test_values_don_t_run_into_each_other() -> None:
    a = replace(ORDER, prompt='a", "b', negative_prompt="c")
    b = replace(ORDER, prompt="a", negative_prompt='b", "c')
    assert a.key != b.key


@pytest.mark.parametrize(
    ("weight", "text"),
    [(0, "0.0"), (1, "1.0"), (0.8, "0.8"), (0.65, "0.65"), (0.1 + 0.2, "0.3"), (1.25, "1.25")],
)
def test_a_weight_is_written_as_people_do(weight: float, text: str) -> None:
    assert weight_text(weight) == text


def test_the_grid_goes_by_prompt_epoch_seed_and_weight() -> None:
    names = [cell.name for cell in grid(prompts=["a", "b"], weights=[0.6, 1.0], seeds=[7, 8])]
    assert names[:5] == [
        "01_e000002_w0.6_s7.png",
        "01_e000002_w1.0_s7.png",
        "01_e000002_w0.6_s8.png",
        "01_e000002_w1.0_s8.png",
        "01_last_w0.6_s7.png",
    ]
    assert names[-1] == "02_last_w1.0_s8.png"


@given(
    st.lists(st.integers(0, 200), unique=True, max_size=3),
    st.lists(st.integers(0, 999_999_999), unique=True, max_size=3),
    st.integers(1, 3),
)
def test_every_cell_has_a_name_of_its_own(hundredths: list[int], seeds: list[int], n: int) -> None:
    weights = [each / 100 for each in hundredths]
    names = {each.name for each in grid(prompts=["a"] * n, weights=weights, seeds=seeds)}
    assert len(names) == 2 * n * len(weights) * len(seeds)


@pytest.mark.parametrize("weights", [[0.0, 0.00001], [0.12345, 0.12346]])
def test_weights_that_hardly_differ_have_names_of_their_own(weights: list[float]) -> None:
    names = {cell.name for cell in grid(weights=weights)}
    assert len(names) == 4


def test_a_cell_s_name_is_the_same_in_another_training() -> None:
    other = [replace(lora, file=Path("b/other.safetensors"), hash="f" * 12) for lora in EPOCHS]
    once, twice = (cells(DRAWING, loras, CHECKPOINT) for loras in (EPOCHS, other))
    assert [cell.name for cell in once] == [cell.name for cell in twice]
    assert all(a.order.key != b.order.key for a, b in zip(once, twice, strict=True))


def test_weight_0_uses_no_lora_and_is_one_picture_for_all_epochs() -> None:
    found = grid(weights=[0, 0.8])
    without = [cell.order for cell in found if not cell.weight]
    assert [(order.lora, order.lora_hash) for order in without] == [("", "")] * 2
    assert len({order.key for order in without}) == 1
    assert len({cell.order.key for cell in found}) == 3
