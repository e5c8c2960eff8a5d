"""Loss and learning rate, read from the TensorBoard logs of a training and its resumptions.

sd-scripts starts a new log, at step 0, whenever it resumes, and logs every batch under the number
of the last optimizer step: with gradient accumulation a number comes several times.
"""

import math
import re
from dataclasses import dataclass

from stages.library.common.tables import as_csv
from stages.library.training.logs import Attempt

LOSS, EPOCH_LOSS = "loss/current", "loss/epoch_average"

LEARNING_RATE = re.compile(r"lr/(?!d\*lr|group\d)\w+")
"""A learning rate's tag; `lr/group1` is one that has been logged under its name already."""

HOPELESS = 20
"""Steps in a row without a number for a loss after which a training can't recover."""


@dataclass(frozen=True)
class Step:
    """One optimizer step."""

    step: int
    epoch: int
    loss: float  # mean of the batches of the step
    learning_rate: dict[str, float]


@dataclass(frozen=True)
class Curves:
    """The curves of a training, as if it had never been interrupted."""

    steps: list[Step]
    epochs: dict[int, float]  # mean loss by epoch


def steps_of(attempt: Attempt, steps_per_epoch: int) -> list[Step]:
    """Return the optimizer steps that one start of the trainer took.

    The batch that completes step n is the first that is logged under n; those before it, logged
    under n - 1, belong to the same step.
    """
    first = (attempt.start - 1) * steps_per_epoch
    steps: list[Step] = []
    losses: list[float] = []
    taken = 0
    rates: dict[int, dict[str, float]] = {}
    for tag, step, value in attempt.scalars:
        if LEARNING_RATE.fullmatch(tag):
            rates.setdefault(step, {}).setdefault(tag.removeprefix("lr/"), value)
        elif tag == LOSS:
            losses.append(value)
            if step > taken:
                number = first + step
                epoch = math.ceil(number / steps_per_epoch)
                loss = math.fsum(losses) / len(losses)
                steps.append(Step(number, epoch, loss, rates.setdefault(step, {})))
                losses, taken = [], step
    return steps


def stitched(attempts: list[Attempt], steps_per_epoch: int) -> Curves:
    """Return the curves without gap and double: what a later start took again, it replaces."""
    steps: dict[int, Step] = {}
    epochs: dict[int, float] = {}
    for attempt in attempts:
        taken = steps_of(attempt, steps_per_epoch)
        if not taken:
            continue
        again = (attempt.start - 1) * steps_per_epoch
        steps = {n: step for n, step in steps.items() if n <= again}
        epochs = {n: loss for n, loss in epochs.items() if n < attempt.start}
        steps |= {step.step: step for step in taken}
        epochs |= {step: loss for tag, step, loss in attempt.scalars if tag == EPOCH_LOSS}
    return Curves([steps[n] for n in sorted(steps)], dict(sorted(epochs.items())))


def hopeless(curves: Curves) -> int:
    """Return the step since which no loss is a number, if that is many steps ago; else 0."""
    bad = 0
    for step in reversed(curves.steps):
        if math.isfinite(step.loss):
            break
        bad += 1
    return curves.steps[-bad].step if bad >= HOPELESS else 0


def steps_csv(curves: Curves) -> str:
    """Return a row per optimizer step; the learning rates of U-Net and text encoder apart."""
    names = sorted({name for step in curves.steps for name in step.learning_rate})
    main = "unet" if "unet" in names else (names or ["unet"])[0]
    others = [name for name in names if name != main]
    head = ["step", "epoch", "loss", "learning_rate", *(f"learning_rate_{n}" for n in others)]
    rows = [
        [
            step.step,
            step.epoch,
            f"{step.loss:.6g}",
            *(
                f"{rate:.6g}" if (rate := step.learning_rate.get(n)) is not None else ""
                for n in (main, *others)
            ),
        ]
        for step in curves.steps
    ]
    return as_csv(head, rows)


def epochs_csv(curves: Curves) -> str:
    """Return a row per finished epoch."""
    return as_csv(["epoch", "loss"], [[n, f"{loss:.6g}"] for n, loss in curves.epochs.items()])


def training_figures(curves: Curves) -> dict[str, int | float]:
    """Return what dvc metrics compares."""
    losses = {epoch: loss for epoch, loss in curves.epochs.items() if math.isfinite(loss)}
    found: dict[str, int | float] = {
        "epochs": max(curves.epochs, default=0),
        "steps": curves.steps[-1].step if curves.steps else 0,
    }
    if losses:
        best = min(losses, key=lambda epoch: losses[epoch])
        last = max(losses)
        found |= {"loss": round(losses[last], 6), "lowest_loss": round(losses[best], 6)}
        found["lowest_loss_epoch"] = best
    return found
