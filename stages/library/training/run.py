"""One start of the trainer, from the newest complete state to the end."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

from stages.library.common.errors import Problem
from stages.library.common.outputs import write_atomically
from stages.library.training.curves import hopeless
from stages.library.training.headers import is_whole
from stages.library.training.logs import Logs, attempt_name
from stages.library.training.options import Options, first
from stages.library.training.plan import Places, Plan
from stages.library.training.provenance import as_comment
from stages.library.training.results import read_curves, steps_in_epoch, write_curves
from stages.library.training.sending import send
from stages.library.training.states import epoch_of, remove_incomplete
from stages.library.training.subsets import CAPTION
from stages.library.training.trainer import trainer_command
from stages.library.training.trainer_output import explained
from stages.library.training.trainer_process import run_trainer
from stages.library.training.training import FINISHED, Training
from stages.library.training.validation import CONFIG, REPLACED, validating
from stages.library.training.watch import Watch

EVERY = 10.0
"""Seconds between two looks at the log and the states while the trainer runs."""

TOLD: Options = {"console_log_simple": []}
"""Keeps each thing the trainer says on one line: otherwise its logger wraps them at 80 columns."""


def run_to_end(
    plan: Plan, model: Path, watch: Watch, places: Places, lock: IO[str], every: float
) -> None:
    """Start the trainer at the newest complete state, and follow it to the end.

    Raises:
        Problem: it made no LoRA, one of other captions, or its loss is no number any more.
    """
    training = plan.training
    remove_incomplete(training.output)
    newest = training.newest
    start = epoch_of(newest) + 1 if newest else 1
    logs = training.folder / "logs"
    log = logs / attempt_name(len(list(logs.glob("*-from-epoch-*"))), start)
    log.mkdir(parents=True)
    lines = "".join(f"{line}\n" for line in training.prompts)
    write_atomically(training.prompt_file, lines.encode())
    if start > 1:
        print(f"train: going on with epoch {start} of {training.epochs}")
    options = ordered_options(plan, model, log) | resuming(newest, start)
    options = without_needless(options, training, resumed=newest is not None)
    look = looking_after(training, Logs(logs), places)
    code, tail = run_trainer(
        trainer_command(
            plan.trainer, without_needless(options, training, resumed=newest is not None)
        ),
        plan.trainer,
        lock,
        training.folder / "trainer.log",
        watch.see,
        look,
        every,
    )
    look()
    if code or not is_whole(training.lora):
        raise Problem(failure(training, code, tail))
    done = json.dumps({"run": plan.papers.run, "steps_per_epoch": steps_in_epoch(training)})
    write_atomically(training.folder / FINISHED, done.encode())


def looking_after(training: Training, reader: Logs, places: Places) -> Callable[[], None]:
    """Return what is done every few seconds: curves, checks, and the way to the Drive."""

    def look() -> None:
        found = read_curves(training, reader)
        if found.steps:  # until then curves and metrics stay those of the LoRA that is there
            write_curves(found, places.curves, places.metrics)
        if step := hopeless(found):
            raise Problem(
                f"since step {step} the loss is no number, and the LoRA would be useless; lower "
                "train.learning_rate, and for SDXL set train.no_half_vae: true"
            )
        training.check_receipts()  # before anything of it goes to the Drive
        send(training)

    return look


def failure(training: Training, code: int, tail: list[str]) -> str:
    """Return what to say of a trainer that ended without a LoRA."""
    state = training.newest
    kept = f"epochs 1 to {epoch_of(state)} are kept; " if state else ""
    then = "the same command goes on from there" if state else "mend it, and run it again"
    return (
        f"the trainer ended with exit code {code} and made no LoRA; its last lines:\n"
        f"{explained(tail)}\n  {kept}{then}; the whole log: "
        f"{os.path.relpath(training.folder / 'trainer.log')}"
    )


def resuming(newest: Path | None, start: int) -> Options:
    """Return the options of the one rule that resumes exactly.

    There is no --skip_until_initial_step among them, whose count is wrong.
    """
    return {"resume": [str(newest)], "initial_epoch": [str(start)]} if newest else {}


def without_needless(options: Options, training: Training, resumed: bool) -> Options:
    """Return the options without those that would draw what can't or shouldn't be drawn."""
    needless = set()
    if not training.prompts:  # sd-scripts would fail at the first sample
        needless = {key for key in options if key.startswith("sample_")}
    elif resumed:  # its pictures would not be from before the training
        needless = {"sample_at_first"}
    return {key: values for key, values in options.items() if key not in needless}


def ordered_options(plan: Plan, model: Path, log: Path) -> Options:
    """Return the options of params.yaml and those that the stage gives itself."""
    options = plan.training.options | given_options(plan, model, log)
    replaced = REPLACED if "dataset_config" in options else ()
    return {key: values for key, values in options.items() if key not in replaced}


def given_options(plan: Plan, model: Path, log: Path) -> Options:
    """Return the options that the stage gives itself."""
    training = plan.training
    comment = first(training.options, "training_comment", "")
    options = {
        "pretrained_model_name_or_path": [str(model)],
        "train_data_dir": [str(training.data)],
        "caption_extension": [CAPTION],
        "output_dir": [str(training.output)],
        "output_name": [training.name],
        "logging_dir": [str(log)],
        "log_with": ["tensorboard"],
        "training_comment": [as_comment(plan.papers, comment)],
        "save_state": [],
        **{key: values for key, values in TOLD.items() if key in plan.known},
    }
    if "reg_data_dir" in training.options:
        options["reg_data_dir"] = [str(training.folder / "regular")]
    if training.held_back:
        options |= validating(training.options, training.validated / CONFIG)
    if training.prompts:
        options["sample_prompts"] = [str(training.prompt_file)]
    return options
