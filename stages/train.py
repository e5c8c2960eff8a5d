"""Train the LoRA with sd-scripts, and go on where an interrupted run stopped."""

import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from stages.library.common import command
from stages.library.common.arguments import Parser, filled
from stages.library.common.errors import Problem
from stages.library.common.outputs import write_atomically
from stages.library.common.paths import cache_folder
from stages.library.dataset.captions import split
from stages.library.params.common_tag import COMMON_TAG
from stages.library.params.lora import LORA
from stages.library.params.organize import ORGANIZE
from stages.library.params.train import TRAIN
from stages.library.tagging.tokens import longest, too_long
from stages.library.training.base_model import BaseModel
from stages.library.training.logs import Logs
from stages.library.training.machine import check_machine
from stages.library.training.model_store import checked, model_file, place_of
from stages.library.training.options import first, options_of
from stages.library.training.plan import Places, Plan, Settings, held_back, plan_for
from stages.library.training.preflight import check_dataset, told_lines
from stages.library.training.probe import look_at_machine
from stages.library.training.results import collect, read_curves, tidy, write_curves
from stages.library.training.run import EVERY, ordered_options, run_to_end
from stages.library.training.samples import collect_samples
from stages.library.training.sending import hand_over, receive
from stages.library.training.states import epoch_of
from stages.library.training.trainer import trainer_command
from stages.library.training.trainer_process import alone
from stages.library.training.training import Training, check_space, copy_subsets, put_refused_away
from stages.library.training.validation import CONFIG, dataset_config
from stages.library.training.watch import Watch

MODELS = "models"
"""Where base models are kept, in the user's cache."""

CLIP = ("train_network.py", "sdxl_train_network.py")
"""Scripts whose text encoders read `max_token_length` of CLIP's tokens."""


def train(
    places: Places,
    settings: Settings,
    dry_run: bool,
    every: float = EVERY,
    look_again: Callable[[], None] = lambda: None,
) -> None:
    """Train on the dataset; bring home the LoRA of every epoch, pictures and curves.

    With `dry_run` print the trainer's command and what was checked, and start nothing. `every`
    is how many seconds lie between two looks at the log, the LoRAs and the states. `look_again`
    raises Problem if what was ordered is not what params.yaml says any more.

    Raises:
        Problem: something is wrong that can be told before the training starts.
        Problem: the dataset or params.yaml was changed meanwhile.
        Problem: the trainer made no LoRA, or one that did not learn the captions.
    """
    plan = plan_for(places, settings)
    for warning in [*second_lines(plan.training), tags_lost(plan.training, settings.script)]:
        if warning:
            print(f"train: warning: {warning}", file=sys.stderr)
    if dry_run:
        tell(plan)
        return
    training = plan.training
    with alone(places.state / ".train.lock") as lock:
        receive(training)
        put_refused_away(training)
        if training.finished:
            print(f"train: training {plan.papers.run} is finished already; taking its LoRA")
        else:
            act(plan, places, lock, every)
        check_meanwhile(plan, look_again)
        publish(training, places, settings)
    steps = f"{training.epochs} epochs of {training.steps_per_epoch} steps"
    print(
        f"train: {places.output / training.lora.name} after {steps}; captions: checked, "
        f"{training.receipt.pictures} pictures, {training.receipt.distinct} tags"
        + (f"; {len(training.held_back.pictures)} held back" if training.held_back else "")
    )


def check_meanwhile(plan: Plan, look_again: Callable[[], None]) -> None:
    """Raise Problem if DVC would record another dataset, or other params, than were trained.

    The LoRA stays where it was trained.
    """
    here = os.path.relpath(plan.training.folder)
    kept = f"the LoRA that was trained is kept in {here}; to have it"
    for folder, md5 in plan.read:
        try:
            check_dataset(folder, md5)
        except Problem:
            raise Problem(
                f"{folder}: changed during the training; {kept}, put the dataset back with "
                f"dvc checkout {folder} and run the same command again; to train with the "
                "change, python -m tools.corrections save, then dvc repro, then run it again / "
                f"学習中に変更されました。学習した LoRA は {here} にあります。dvc checkout "
                f"{folder} で元に戻してもう一度実行すると、その LoRA を使います。"
                "変更を学習させるには、手直しを保存して dvc repro のあと、もう一度実行してください"
            ) from None
    try:
        look_again()
    except Problem as error:
        raise Problem(
            f"{error}; {kept}, put the old value back first / 学習した LoRA は {here} にあります。"
            "値を元に戻してもう一度実行すると、その LoRA を使います"
        ) from None


def second_lines(training: Training) -> list[str]:
    """Return warnings of captions with a second line."""
    subsets = [subset for subset in training.subsets if not subset.regular]
    options = training.options
    return told_lines(subsets, "enable_wildcard" in options, "shuffle_caption" in options)


def tags_lost(training: Training, script: str) -> str:
    """Return a warning about tags that lie beyond what a CLIP text encoder reads; else ''."""
    if script not in CLIP:
        return ""
    wildcard = "enable_wildcard" in training.options
    captions = {
        picture.stem: longest(
            [split(line) for line in subset.caption(picture, wildcard).split("\n")]
        )
        for subset in training.subsets
        if not subset.regular
        for picture in subset.pictures
    }
    return too_long(captions, int(first(training.options, "max_token_length", "75")))


def tell(plan: Plan) -> None:
    """Print what was checked, what this machine lacks, and the trainer's command."""
    training = plan.training
    machine = look_at_machine(plan.trainer, training.options)
    for line in [
        *plan.checked,
        f"machine: {machine.name or machine.device}, torch {machine.torch}",
    ]:
        print(f"checked: {line}")
    file = place_of(plan.model, cache_folder(os.environ) / MODELS)
    if file.is_file():
        print(f"checked: base model: {checked(file, plan.model)}, SHA-256 as it should be")
    else:
        wanted = f"its SHA-256 must be {plan.model.sha256}"
        print(
            f"not checked: base model: {plan.model.place} is not here, it will be fetched; {wanted}"
        )
    try:
        check_machine(training.options, machine, os.environ.get("NASUMISO_DEVICE", ""))
        check_space(training, plan.trainer.script)
    except Problem as error:
        print(f"not on this machine: {error}")
    if training.finished:
        state = "is finished; its LoRA would be taken"
    elif newest := training.newest:
        state = f"would go on with epoch {epoch_of(newest) + 1} of {training.epochs}"
    else:
        state = f"would begin, in {os.path.relpath(training.folder)}"
    print(f"training {plan.papers.run} {state}; the command, which was not started:")
    options = ordered_options(plan, file, training.folder / "logs")
    print(shlex.join(trainer_command(plan.trainer, options)))


def act(plan: Plan, places: Places, lock: IO[str], every: float) -> None:
    """Get the base model, and train to the end.

    Raises:
        Problem: the machine, its disk or the base model is not fit for it.
        Problem: the training failed.
    """
    training = plan.training
    machine = look_at_machine(plan.trainer, training.options)
    check_machine(training.options, machine, os.environ.get("NASUMISO_DEVICE", ""))
    check_space(training, plan.trainer.script)
    file = model_file(plan.model, cache_folder(os.environ) / MODELS, training.drive)
    print(
        f"train: training {plan.papers.run} on {machine.name or machine.device}, "
        f"torch {machine.torch}"
    )

    def unchanged() -> None:
        for folder, md5 in plan.read:
            check_dataset(folder, md5)

    own = [each for each in training.subsets if not each.regular]
    copied = copy_subsets(own, training.data, unchanged)
    if regular := [each for each in training.subsets if each.regular]:
        copied += copy_subsets(regular, training.folder / "regular")
    if training.held_back:
        copy_subsets([training.held_back], training.validated, unchanged)
        config = dataset_config(copied, training.validated / training.held_back.name)
        write_atomically(training.validated / CONFIG, json.dumps(config, indent=1).encode())
    watch = Watch(copied, *held_back(training.options), training.held_back)
    run_to_end(plan, file, watch, places, lock, every)


def publish(training: Training, places: Places, settings: Settings) -> None:
    """Bring home curves, LoRAs and pictures, and remove what only the training needed.

    Raises:
        Problem: a LoRA did not learn what was ordered.
    """
    training.check_receipts()
    found = read_curves(training, Logs(training.folder / "logs"))
    write_curves(found, places.curves, places.metrics)
    pictures = collect(training, places.output, settings.trigger, settings.preferred_weight)
    collect_samples(pictures, places.samples)
    hand_over(training)
    tidy(training)


def ordered(dry_run: bool, **read: Any) -> dict[str, Any]:
    """Return what flags and params.yaml ask for, as `train` takes it."""
    places = filled(Places, read)
    settings = Settings(
        name=read["name"],
        trigger=read["tag"],
        script=read["script"],
        # Windows writes digests in capitals
        model=BaseModel(read["base_model"], read["base_model_sha256"].lower()),
        prompts=[line.replace("{trigger}", read["tag"]) for line in read["sample_prompts"]],
        preferred_weight=read["preferred_weight"],
        options=options_of(read["options"]),
    )
    return {"places": places, "settings": settings, "dry_run": dry_run}


def build_parser() -> Parser:
    parser = Parser("stages.train", __doc__, ORGANIZE.only("name"), COMMON_TAG, TRAIN, LORA)
    for flag, place, what in (
        ("--dataset", "data/dataset", "folder with <repeats>_<name>/"),
        ("--held-out", "data/held_out", "folder with drawings to validate with"),
        ("--output", "training/lora", "folder for the LoRAs"),
        ("--state", "training/state", "folder to work in; what is resumed"),
        ("--samples", "training/samples", "folder for the sample pictures"),
        ("--metrics", "training/figures/train.json", "json for the figures"),
        ("--curves", "training/curves", "folder for the curves"),
    ):
        parser.add_argument(flag, type=Path, default=Path(place), help=f"{what} ({place})")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        default=False,
        help="print the trainer's command and what was checked, and start nothing",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    parser = build_parser()

    def work(**read: Any) -> None:
        train(**ordered(**read), look_again=lambda: parser.look_again(argv, read))

    return command.run(parser, work, argv)


if __name__ == "__main__":
    sys.exit(main())
