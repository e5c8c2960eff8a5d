"""Curves without gap or double, whatever the log looks like."""

import math

import pytest

from stages.library.training.curves import (
    HOPELESS,
    Curves,
    Step,
    epochs_csv,
    hopeless,
    steps_csv,
    steps_of,
    stitched,
    training_figures,
)
from stages.library.training.logs import Attempt


def logged(start: int, batches: list[tuple[int, float]]) -> Attempt:
    """Return an attempt with a loss for each batch, under the step it was logged at."""
    return Attempt(start, [("loss/current", step, loss) for step, loss in batches])


def numbers(curves: Curves) -> list[tuple[int, int, float]]:
    return [(step.step, step.epoch, step.loss) for step in curves.steps]


def test_the_batches_of_a_step_are_averaged() -> None:
    # accumulation 2: the first batch of a step is logged under the step before
    attempt = logged(1, [(0, 1.0), (1, 3.0), (1, 5.0), (2, 7.0), (2, 9.0)])
    assert [(s.step, s.loss) for s in steps_of(attempt, 2)] == [(1, 2.0), (2, 6.0)]


def test_without_accumulation_every_batch_is_a_step() -> None:
    attempt = logged(1, [(1, 1.0), (2, 2.0), (3, 3.0)])
    assert [(s.step, s.epoch) for s in steps_of(attempt, 2)] == [(1, 1), (2, 1), (3, 2)]


def test_a_learning_rate_counts_once_though_sd_scripts_log_it_twice() -> None:
    tags = ("lr/textencoder", "lr/unet", "lr/group1", "lr/d*lr/unet")
    attempt = Attempt(1, [("loss/current", 1, 1.0), *((tag, 1, 0.5) for tag in tags)])
    assert steps_of(attempt, 1)[0].learning_rate == {"textencoder": 0.5, "unet": 0.5}


def test_a_later_start_replaces_what_it_takes_again() -> None:
    first = logged(1, [(step, 1.0) for step in range(1, 6)])  # killed in epoch 3 of 2 steps
    second = logged(3, [(1, 2.0)])  # killed at once
    third = logged(3, [(1, 3.0), (2, 3.0), (3, 3.0), (4, 3.0)])
    curves = stitched([first, second, third], 2)
    assert numbers(curves) == [
        *((n, math.ceil(n / 2), 1.0) for n in range(1, 5)),
        *((n, math.ceil(n / 2), 3.0) for n in range(5, 9)),
    ]


def test_a_start_that_logged_nothing_yet_takes_nothing_away() -> None:
    first = logged(1, [(1, 1.0), (2, 1.0), (3, 1.0)])
    assert len(stitched([first, Attempt(2)], 2).steps) == 3


def test_an_epoch_s_mean_is_taken_from_the_start_that_finished_it() -> None:
    first = logged(1, [(1, 1.0), (2, 1.0), (3, 1.0), (4, 1.0)])
    first.scalars += [("loss/epoch_average", 1, 0.5), ("loss/epoch_average", 2, 0.4)]
    second = logged(2, [(1, 2.0)])
    assert stitched([first], 2).epochs == {1: 0.5, 2: 0.4}
    assert stitched([first, second], 2).epochs == {1: 0.5}


def test_the_loss_of_drawings_held_back_has_neither_gap_nor_double() -> None:
    validation = "loss/validation/epoch_average"
    first = logged(1, [(step, 1.0) for step in range(1, 6)])  # killed in epoch 3 of 2 steps
    first.scalars += [(validation, epoch, 0.5) for epoch in (1, 2)]
    second = logged(3, [(1, 2.0), (2, 2.0)])  # killed when epoch 3 was validated and not kept
    second.scalars += [(validation, 3, 0.4), ("loss/validation/epoch_divergence", 3, 9.0)]
    third = logged(3, [(1, 3.0), (2, 3.0), (3, 3.0), (4, 3.0)])
    third.scalars += [(validation, epoch, 0.3) for epoch in (3, 4)]
    assert stitched([first, second], 2).validation == {1: 0.5, 2: 0.5, 3: 0.4}
    assert stitched([first, second, third], 2).validation == {1: 0.5, 2: 0.5, 3: 0.3, 4: 0.3}
    third.scalars.pop()
    assert stitched([first, second, third], 2).validation == {1: 0.5, 2: 0.5, 3: 0.3}


def test_curves_become_tables() -> None:
    rates = {"unet": 1e-4, "textencoder": 5e-5}
    curves = Curves([Step(1, 1, 0.5, rates), Step(2, 1, 0.25, {"unet": 1e-4})], {1: 0.375})
    assert steps_csv(curves) == (
        "step,epoch,loss,learning_rate,learning_rate_textencoder\n"
        "1,1,0.5,0.0001,5e-05\n"
        "2,1,0.25,0.0001,\n"
    )
    assert epochs_csv(curves.epochs) == "epoch,loss\n1,0.375\n"
    assert epochs_csv(curves.validation) == "epoch,loss\n"
    assert steps_csv(Curves([], {})) == "step,epoch,loss,learning_rate\n"


def test_figures_tell_the_best_epoch() -> None:
    curves = Curves([Step(6, 3, 0.3, {})], {1: 0.5, 2: 0.2, 3: math.nan})
    assert training_figures(curves) == {
        "epochs": 3,
        "steps": 6,
        "loss": 0.2,
        "lowest_loss": 0.2,
        "lowest_loss_epoch": 2,
    }
    assert training_figures(Curves([], {})) == {"epochs": 0, "steps": 0}


@pytest.mark.parametrize(("bad", "since"), [(HOPELESS - 1, 0), (HOPELESS, 6)])
def test_a_loss_that_is_no_number_for_long_is_hopeless(bad: int, since: int) -> None:
    steps = [Step(n, 1, 1.0 if n <= 5 else math.nan, {}) for n in range(1, 6 + bad)]
    assert hopeless(Curves(steps, {})) == since


def test_figures_tell_the_best_epoch_for_drawings_held_back() -> None:
    curves = Curves([Step(6, 3, 0.3, {})], {1: 0.5, 2: 0.2}, {1: 0.4, 2: 0.6})
    found = training_figures(curves)
    assert (found["loss"], found["lowest_loss_epoch"]) == (0.2, 2)
    named = {key: value for key, value in found.items() if "validation" in key}
    assert named == {
        "validation_loss": 0.6,
        "lowest_validation_loss": 0.4,
        "lowest_validation_loss_epoch": 1,
    }
