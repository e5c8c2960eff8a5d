"""Loss and learning rate, read from the TensorBoard logs of a training and its resumptions.

sd-scripts starts a new log, at step 0, whenever it resumes, and logs every batch under the number
of the last optimizer step: with gradient accumulation a number comes several times.
"""

import math
import re
from dataclasses import dataclass, field

from stages.library.common.tables import as_csv
from stages.library.training.logs import Attempt

LOSS, EPOCH_LOSS = "loss/current", "loss/epoch_average"
VALIDATION_LOSS = "loss/validation/epoch_average"
"""Of drawings that are held back, also at x = epoch."""

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
    validation: dict[int, float] = field(default_factory=dict)  # of drawings held back, by epoch


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
    by_epoch: dict[str, dict[int, float]] = {EPOCH_LOSS: {}, VALIDATION_LOSS: {}}
    for attempt in attempts:
        taken = steps_of(attempt, steps_per_epoch)
        if not taken:
            continue
        again = (attempt.start - 1) * steps_per_epoch
        steps = {n: step for n, step in steps.items() if n <= again}
        steps |= {step.step: step for step in taken}
        for tag, losses in by_epoch.items():
            kept = {n: loss for n, loss in losses.items() if n < attempt.start}
            new = {step: loss for name, step, loss in attempt.scalars if name == tag}
            by_epoch[tag] = dict(sorted((kept | new).items()))
    taken_steps = [steps[n] for n in sorted(steps)]
    return Curves(taken_steps, by_epoch[EPOCH_LOSS], by_epoch[VALIDATION_LOSS])


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


def epochs_csv(losses: dict[int, float]) -> str:
    """Return a row per finished epoch."""
    return as_csv(["epoch", "loss"], [[n, f"{loss:.6g}"] for n, loss in losses.items()])


def training_figures(curves: Curves) -> dict[str, int | float]:
    """Return what dvc metrics compares."""
    found: dict[str, int | float] = {
        "epochs": max(curves.epochs, default=0),
        "steps": curves.steps[-1].step if curves.steps else 0,
    }
    for name, by_epoch in (("loss", curves.epochs), ("validation_loss", curves.validation)):
        losses = {epoch: loss for epoch, loss in by_epoch.items() if math.isfinite(loss)}
        if losses:
            best = min(losses, key=lambda epoch: losses[epoch])
            found |= {name: round(losses[max(losses)], 6)}
            found |= {f"lowest_{name}": round(losses[best], 6), f"lowest_{name}_epoch": best}
    return found
