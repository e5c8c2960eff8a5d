"""Train the LoRA with sd-scripts, and go on where an interrupted run stopped."""

import json
import os
import shlex
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any

from stages.library.common import command
from stages.library.common.arguments import Parser, folder_name, number, tag
from stages.library.common.drive import find_drive
from stages.library.common.dvc_internals import command_of
from stages.library.common.errors import Problem
from stages.library.common.git import git
from stages.library.common.outputs import write_atomically
from stages.library.common.paths import located
from stages.library.dataset.steps import advice, steps_per_epoch
from stages.library.training.base_model import BaseModel, known_sha256, model_file
from stages.library.training.base_model import check as check_model
from stages.library.training.choices import check_choices
from stages.library.training.combinations import check_combinations
from stages.library.training.curves import Logs, attempt_name, hopeless
from stages.library.training.machine import check_machine, look_at_machine
from stages.library.training.option_source import Option, known_options
from stages.library.training.options import Options, check_options, first, split_options
from stages.library.training.path_options import contents, regular_subsets, resolved
from stages.library.training.preflight import (
    buckets,
    check_alpha,
    check_dataset,
    check_prompts,
    check_steps,
    dataset_subsets,
)
from stages.library.training.provenance import (
    Papers,
    as_comment,
    changed,
    digest_of,
    is_whole,
    locked_md5,
    read_lock,
    run_id,
)
from stages.library.training.receipt import expected
from stages.library.training.samples import PICTURE, collect_samples
from stages.library.training.sending import hand_over, receive, send
from stages.library.training.states import epoch_of, remove_incomplete
from stages.library.training.subsets import CAPTION, check_parts, parted, shows
from stages.library.training.trainer import (
    Trainer,
    alone,
    explained,
    find_trainer,
    run_trainer,
    trainer_commit,
)
from stages.library.training.trainer import command as trainer_command
from stages.library.training.training import (
    FINISHED,
    LORA,
    Training,
    check_foreign,
    check_space,
    collect,
    copy_subsets,
    put_refused_away,
    read_curves,
    steps_in_epoch,
    tidy,
    write_curves,
)
from stages.library.training.watch import Watch

EVERY = 10.0
"""Seconds between two looks at the log and the states while the trainer runs."""

DRY_RUN = "--dry-run"

TOLD: Options = {"console_log_simple": []}
"""Keeps each thing the trainer says on one line: otherwise its logger wraps them at 80 columns."""


@dataclass(frozen=True)
class Places:
    """Where the stage reads and writes."""

    dataset: Path
    output: Path
    state: Path
    samples: Path
    metrics: Path
    curves: Path


@dataclass(frozen=True)
class Order:
    """What params.yaml asks for."""

    name: str
    trigger: str
    script: str
    model: BaseModel
    prompts: list[str]
    preferred_weight: float
    options: Options


@dataclass(frozen=True)
class Plan:
    """A training that can begin, as far as can be told before."""

    trainer: Trainer
    known: dict[str, Option]
    model: BaseModel
    training: Training
    papers: Papers
    checked: list[str]  # what was looked at, in words


def train(places: Places, order: Order, dry_run: bool) -> None:
    """Train on the dataset; bring home the LoRA of every epoch, pictures and curves.

    With `dry_run` print the trainer's command and what was checked, and start nothing.

    Raises:
        Problem: something is wrong that can be told before the training starts.
        Problem: the trainer made no LoRA, or one that did not learn the captions.
    """
    plan = plan_for(places, order)
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
            act(plan, places, lock)
        publish(training, places, order)
    steps = f"{training.epochs} epochs of {training.steps_per_epoch} steps"
    print(
        f"train: {places.output / training.lora.name} after {steps}; captions: checked, "
        f"{training.receipt.pictures} pictures, {training.receipt.distinct} tags"
    )


def plan_for(places: Places, order: Order) -> Plan:
    """Return the training that was ordered, if nothing that can be told now speaks against it.

    Raises:
        Problem: something does.
    """
    drive = find_drive(os.environ.get("NASUMISO_DRIVE", ""))

    # what params.yaml says
    trainer = find_trainer(order.script, dict(os.environ))
    known = known_options(trainer.checkout, order.script)
    check_options(order.options, known, order.script)
    check_choices(order.options, trainer.checkout)
    check_combinations(order.options, order.script)
    check_prompts(order.prompts)
    check_model(order.model)
    options = resolved(order.options)

    # what is here
    check_foreign(places.output, LORA)
    check_foreign(places.samples, PICTURE)
    subsets = dataset_subsets(places.dataset) + regular_subsets(options)
    if "alpha_mask" in options:
        check_alpha(subsets)
    locked = locked_md5(read_lock(Path("dvc.lock")), places.dataset.as_posix())
    md5 = check_dataset(places.dataset, locked)
    check_parts(subsets, *held_back(options))
    learned = [train for train, _ in (parted(each, *held_back(options)) for each in subsets)]
    batch, accumulation, epochs = (
        int(first(options, key, "1"))
        for key in ("train_batch_size", "gradient_accumulation_steps", "max_train_epochs")
    )
    per_epoch = steps_per_epoch(buckets(shows(learned)), 1, batch, accumulation)
    check_steps(per_epoch * epochs, first(options, "lr_warmup_steps", "0"))
    if warning := advice(per_epoch * epochs):
        print(f"train: warning: {warning}", file=sys.stderr)

    # which training this is
    sha256 = order.model.sha256 or known_sha256(located(order.model.place))
    commit = trainer_commit(trainer)
    params: dict[str, object] = {
        "name": order.name,
        "script": order.script,
        "prompts": order.prompts,
        **order.options,
    }
    decides = {"captions": CAPTION, "files": contents(options), "params": params}
    run = run_id({"dataset": md5, "model": sha256, "trainer": commit, **decides})
    receipt = expected(learned, options)
    papers = Papers(
        run=run,
        git_commit=git("rev-parse", "HEAD"),
        git_changed=changed(),
        dataset=places.dataset.as_posix(),
        dataset_md5=md5,
        params_sha256=digest_of(params),
        base_model=order.model.name,
        base_model_sha256=sha256,
        trainer=order.script,
        trainer_commit=commit,
        captions=receipt.digest,
        pictures=receipt.pictures,
    )
    training = Training(
        name=order.name,
        folder=(places.state / run).absolute(),
        drive=drive,
        options=options,
        prompts=order.prompts,
        epochs=epochs,
        steps_per_epoch=per_epoch,
        subsets=subsets,
        receipt=receipt,
    )
    checked = [
        f"params.yaml: {len(order.options)} options of {order.script}, sd-scripts {commit[:12]}",
        f"{places.dataset}: {receipt.pictures} pictures, each with its caption, "
        f"{receipt.distinct} tags, as dvc.lock records it",
        f"steps: {per_epoch} in each of {epochs} epochs, {per_epoch * epochs} in all",
        f"base model: {order.model.name}, SHA-256 {sha256}",
    ]
    return Plan(trainer, known, order.model, training, papers, checked)


def held_back(options: Options) -> tuple[float, int]:
    """Return the share of pictures that is held back to validate, and the seed that chooses."""
    return (
        float(first(options, "validation_split", "0")),
        int(first(options, "validation_seed", "0")),
    )


def tell(plan: Plan) -> None:
    """Print what was checked, what this machine lacks, and the trainer's command."""
    training = plan.training
    machine = look_at_machine(plan.trainer, training.options)
    for line in [
        *plan.checked,
        f"machine: {machine.name or machine.device}, torch {machine.torch}",
    ]:
        print(f"checked: {line}")
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
    options = given_options(plan, Path(plan.model.place), training.folder / "logs")
    print(shlex.join(trainer_command(plan.trainer, training.options | options)))


def act(plan: Plan, places: Places, lock: IO[str]) -> None:
    """Get the base model, and train to the end.

    Raises:
        Problem: the machine, its disk or the base model is not fit for it.
        Problem: the training failed.
    """
    training = plan.training
    machine = look_at_machine(plan.trainer, training.options)
    check_machine(training.options, machine, os.environ.get("NASUMISO_DEVICE", ""))
    check_space(training, plan.trainer.script)
    here = Path.home() / ".cache" / "nasumiso" / "models"
    file = model_file(plan.model, here, training.drive)
    print(
        f"train: training {plan.papers.run} on {machine.name or machine.device}, "
        f"torch {machine.torch}"
    )
    copied = copy_subsets([each for each in training.subsets if not each.regular], training.data)
    if regular := [each for each in training.subsets if each.regular]:
        copied += copy_subsets(regular, training.folder / "regular")
    run_to_end(plan, file, Watch(copied, *held_back(training.options)), places, lock)


def run_to_end(plan: Plan, model: Path, watch: Watch, places: Places, lock: IO[str]) -> None:
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
    if start > 1:
        print(f"train: going on with epoch {start} of {training.epochs}")
    options = training.options | given_options(plan, model, log)
    if training.prompts:
        lines = "".join(f"{line}\n" for line in training.prompts)
        write_atomically(training.prompt_file, lines.encode())
    else:  # sd-scripts would fail at the first sample
        options = {key: values for key, values in options.items() if "sample_every" not in key}
    if newest:
        # the one rule that resumes exactly: no --skip_until_initial_step, whose count is wrong
        options |= {"resume": [str(newest)], "initial_epoch": [str(start)]}
        options.pop("sample_at_first", None)  # its pictures would not be from before the training

    reader = Logs(logs)

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

    code, tail = run_trainer(
        trainer_command(plan.trainer, options),
        plan.trainer,
        lock,
        training.folder / "trainer.log",
        watch.see,
        look,
        EVERY,
    )
    look()
    if code == 0 and is_whole(training.lora):
        done = json.dumps({"run": plan.papers.run, "steps_per_epoch": steps_in_epoch(training)})
        write_atomically(training.folder / FINISHED, done.encode())
    else:
        state = training.newest
        kept = f"epochs 1 to {epoch_of(state)} are kept; " if state else ""
        then = "the same command goes on from there" if state else "mend it, and run it again"
        raise Problem(
            f"the trainer ended with exit code {code} and made no LoRA; its last lines:\n"
            f"{explained(tail)}\n  {kept}{then}; the whole log: "
            f"{os.path.relpath(training.folder / 'trainer.log')}"
        )


def publish(training: Training, places: Places, order: Order) -> None:
    """Bring home curves, LoRAs and pictures, and remove what only the training needed.

    Raises:
        Problem: a LoRA did not learn what was ordered.
    """
    training.check_receipts()
    found = read_curves(training, Logs(training.folder / "logs"))
    write_curves(found, places.curves, places.metrics)
    pictures = collect(training, places.output, order.trigger, order.preferred_weight)
    collect_samples(pictures, places.samples)
    hand_over(training)
    tidy(training)


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
    if training.prompts:
        options["sample_prompts"] = [str(training.prompt_file)]
    return options


class TrainParser(Parser):
    """A parser that reads the stage's own flags, and keeps the trainer's for the order."""

    def parse(self, argv: list[str] | None) -> dict[str, object]:
        words = sys.argv[1:] if argv is None else argv
        if words == [DRY_RUN]:
            words = [*command_of("training/dvc.yaml", "train")[3:], DRY_RUN]
        known = {flag[2:] for flag in self._option_string_actions if flag.startswith("--")}
        mine, theirs = split_options(words, known)
        read: dict[str, Any] = super().parse(mine)
        places = Places(*(read[field.name] for field in fields(Places)))
        order = Order(
            name=read["name"],
            trigger=read["tag"],
            script=read["script"],
            # Windows writes digests in capitals
            model=BaseModel(read["base_model"], read["base_model_sha256"].lower()),
            prompts=[line.replace("{trigger}", read["tag"]) for line in read["sample_prompts"]],
            preferred_weight=read["preferred_weight"],
            options=theirs,
        )
        return {"places": places, "order": order, "dry_run": read["dry_run"]}


def build_parser() -> Parser:
    parser = TrainParser("stages.train", __doc__, section="train")
    parser.add_argument("--dataset", type=Path, help="folder with <repeats>_<name>/")
    parser.add_argument("--output", type=Path, help="folder for the LoRAs")
    parser.add_argument("--state", type=Path, help="folder to work in; what is resumed")
    parser.add_argument("--samples", type=Path, help="folder for the sample pictures")
    parser.add_argument("--metrics", type=Path, help="json for the figures")
    parser.add_argument("--curves", type=Path, help="folder for the curves")
    parser.add_argument(
        DRY_RUN,
        action="store_true",
        default=False,
        help="print the trainer's command and what was checked, and start nothing; alone, it takes "
        "all else from training/dvc.yaml and params.yaml",
    )
    parser.add_param("name", folder_name, section="organize", help="name of the LoRA")
    parser.add_param("repeats", int, section="organize", help="not used here")
    parser.add_param("tag", tag, section="common_tag", help="the trigger")
    parser.add_param("script", help="script of sd-scripts")
    parser.add_param("base_model", help="file, URL, or OWNER/REPOSITORY/FILE[@REVISION] of the hub")
    parser.add_param("base_model_sha256", help="what the base model's SHA-256 must be")
    parser.add_param("sample_prompts", many=True, help="lines, each with --d")
    parser.add_param("preferred_weight", number(0, 2), help="weight that the WebUI's card gives")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), train, argv)


if __name__ == "__main__":
    sys.exit(main())
