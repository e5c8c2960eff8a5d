"""Train the LoRA with sd-scripts, and go on where an interrupted run stopped."""

import json
import os
import sys
from pathlib import Path
from typing import IO

from stages.library import command
from stages.library.arguments import Parser, folder_name, number, tag
from stages.library.base_model import BaseModel, known_sha256, model_file
from stages.library.base_model import check as check_model
from stages.library.choices import check_choices
from stages.library.curves import Logs, attempt_name, hopeless
from stages.library.drive import find_drive
from stages.library.git import git
from stages.library.machine import check_machine, look_at_machine
from stages.library.option_source import known_options
from stages.library.options import Options, check_options, first, split_options
from stages.library.outputs import write_atomically
from stages.library.papers import (
    Papers,
    as_comment,
    changed,
    digest_of,
    is_whole,
    locked_md5,
    read_lock,
    run_id,
)
from stages.library.places import located
from stages.library.preflight import buckets, check_dataset, check_prompts, check_steps, pairs
from stages.library.states import epoch_of, newest_state, remove_incomplete
from stages.library.trainer import (
    Trainer,
    alone,
    explained,
    find_trainer,
    run_trainer,
    trainer_commit,
)
from stages.library.trainer import command as trainer_command
from stages.library.training import (
    FINISHED,
    LORA,
    PICTURE,
    Training,
    check_foreign,
    check_space,
    collect,
    collect_samples,
    copy_dataset,
    hand_over,
    read_curves,
    receive,
    send,
    steps_in_epoch,
    tidy,
    write_curves,
)
from stages.organize import advice, steps_per_epoch

EVERY = 10.0
"""Seconds between two looks at the log and the states while the trainer runs."""


def train(
    dataset: Path,
    output: Path,
    state: Path,
    samples: Path,
    metrics: Path,
    curves: Path,
    name: str,
    repeats: int,  # noqa: ARG001 - counted in the dataset's folder names
    tag: str,
    script: str,
    base_model: str,
    base_model_sha256: str,
    sample_prompts: list[str],
    preferred_weight: float,
    options: Options,
) -> None:
    """Train on `dataset`; write the LoRA of every epoch to `output`, pictures to `samples`.

    Raises:
        ValueError: something is wrong that can be told before the training starts.
        RuntimeError: the trainer made no LoRA.
    """
    # what can be told at once
    drive = find_drive(os.environ.get("NASUMISO_DRIVE", ""))
    trainer = find_trainer(script, dict(os.environ))
    check_options(options, known_options(trainer.checkout, script), script)
    check_choices(options, trainer.checkout)
    prompts = [prompt.replace("{trigger}", tag) for prompt in sample_prompts]
    check_prompts(prompts)
    model = BaseModel(base_model, base_model_sha256.lower())  # Windows writes capitals
    check_model(model)
    check_foreign(output, LORA)
    check_foreign(samples, PICTURE)
    folders = pairs(dataset)
    md5 = check_dataset(dataset, locked_md5(read_lock(Path("dvc.lock")), dataset.as_posix()))
    batch, accumulation, epochs = (
        int(first(options, key, "1"))
        for key in ("train_batch_size", "gradient_accumulation_steps", "max_train_epochs")
    )
    per_epoch = steps_per_epoch(buckets(folders), 1, batch, accumulation)
    check_steps(per_epoch * epochs, first(options, "lr_warmup_steps", "0"))
    if warning := advice(per_epoch * epochs):
        print(f"train: warning: {warning}", file=sys.stderr)

    # which training this is
    sha256 = model.sha256 or known_sha256(located(model.place))
    commit = trainer_commit(trainer)
    params: dict[str, object] = {"name": name, "script": script, "prompts": prompts, **options}
    run = run_id({"dataset": md5, "model": sha256, "trainer": commit, "params": params})
    papers = Papers(
        run=run,
        git_commit=git("rev-parse", "HEAD"),
        git_changed=changed(),
        dataset=dataset.as_posix(),
        dataset_md5=md5,
        params_sha256=digest_of(params),
        base_model=model.name,
        base_model_sha256=sha256,
        trainer=script,
        trainer_commit=commit,
    )
    training = Training(
        name=name,
        folder=(state / run).absolute(),
        drive=drive,
        options=options,
        prompts=prompts,
        epochs=epochs,
        steps_per_epoch=per_epoch,
    )

    with alone(state / ".train.lock") as lock:
        receive(training)
        if training.finished:
            print(f"train: training {run} is finished already; taking its LoRA")
        else:
            machine = look_at_machine(trainer, options)
            check_machine(options, machine, os.environ.get("NASUMISO_DEVICE", ""))
            check_space(training, script)
            here = Path.home() / ".cache" / "nasumiso" / "models"
            file = model_file(model, here, drive)
            print(
                f"train: training {run} on {machine.name or machine.device}, torch {machine.torch}"
            )
            copy_dataset(dataset, training.folder / "dataset")
            run_to_end(training, trainer, file, papers, lock, curves, metrics)
        write_curves(read_curves(training, Logs(training.folder / "logs")), curves, metrics)
        collect(training, output, tag, preferred_weight)
        collect_samples(training, samples)
        hand_over(training)
        tidy(training)
    print(f"train: {output / training.lora.name} after {epochs} epochs of {per_epoch} steps")


def run_to_end(
    training: Training,
    trainer: Trainer,
    model: Path,
    papers: Papers,
    lock: IO[str],
    curves: Path,
    metrics: Path,
) -> None:
    """Start the trainer at the newest complete state, and follow it to the end.

    Raises:
        RuntimeError: it made no LoRA, or its loss is no number any more.
    """
    remove_incomplete(training.output)
    newest = newest_state(training.output, training.epochs)
    start = epoch_of(newest) + 1 if newest else 1
    logs = training.folder / "logs"
    number_of_starts = len(list(logs.glob("*-from-epoch-*")))
    log = logs / attempt_name(number_of_starts, start)
    log.mkdir(parents=True)
    if start > 1:
        print(f"train: going on with epoch {start} of {training.epochs}")
    options = training.options | given_options(training, model, log, papers)
    if not training.prompts:  # sd-scripts would fail at the first sample
        options = {key: values for key, values in options.items() if "sample_every" not in key}
    if newest:
        # the one rule that resumes exactly: no --skip_until_initial_step, whose count is wrong
        options |= {"resume": [str(newest)], "initial_epoch": [str(start)]}

    reader = Logs(logs)

    def look() -> None:
        found = read_curves(training, reader)
        if found.steps:  # until then curves and metrics stay those of the LoRA that is there
            write_curves(found, curves, metrics)
        if step := hopeless(found):
            raise RuntimeError(
                f"since step {step} the loss is no number, and the LoRA would be useless; lower "
                "train.learning_rate, and for SDXL set train.no_half_vae: true"
            )
        send(training)

    code, tail = run_trainer(
        trainer_command(trainer, options),
        trainer,
        lock,
        training.folder / "trainer.log",
        look,
        EVERY,
    )
    look()
    if code == 0 and is_whole(training.lora):
        done = json.dumps({"run": papers.run, "steps_per_epoch": steps_in_epoch(training)})
        write_atomically(training.folder / FINISHED, done.encode())
    else:
        state = newest_state(training.output, training.epochs)
        kept = f"epochs 1 to {epoch_of(state)} are kept; " if state else ""
        then = "the same command goes on from there" if state else "mend it, and run it again"
        raise RuntimeError(
            f"the trainer ended with exit code {code} and made no LoRA; its last lines:\n"
            f"{explained(tail)}\n  {kept}{then}; the whole log: "
            f"{os.path.relpath(training.folder / 'trainer.log')}"
        )


def given_options(training: Training, model: Path, log: Path, papers: Papers) -> Options:
    """Return the options that the stage gives itself."""
    comment = first(training.options, "training_comment", "")
    options = {
        "pretrained_model_name_or_path": [str(model)],
        "train_data_dir": [str(training.folder / "dataset")],
        "output_dir": [str(training.output)],
        "output_name": [training.name],
        "logging_dir": [str(log)],
        "log_with": ["tensorboard"],
        "training_comment": [as_comment(papers, comment)],
        "save_state": [],
    }
    if training.prompts:
        lines = training.folder / "prompts.txt"
        write_atomically(lines, "".join(f"{line}\n" for line in training.prompts).encode())
        options["sample_prompts"] = [str(lines)]
    return options


class TrainParser(Parser):
    """A parser that hands on, under `options`, what is the trainer's own."""

    def parse(self, argv: list[str] | None) -> dict[str, object]:
        words = sys.argv[1:] if argv is None else argv
        known = {flag[2:] for flag in self._option_string_actions if flag.startswith("--")}
        mine, theirs = split_options(words, known)
        return super().parse(mine) | {"options": theirs}


def build_parser() -> Parser:
    parser = TrainParser("stages.train", __doc__, section="train")
    parser.add_argument("--dataset", type=Path, help="folder with <repeats>_<name>/")
    parser.add_argument("--output", type=Path, help="folder for the LoRAs")
    parser.add_argument("--state", type=Path, help="folder to work in; what is resumed")
    parser.add_argument("--samples", type=Path, help="folder for the sample pictures")
    parser.add_argument("--metrics", type=Path, help="json for the figures")
    parser.add_argument("--curves", type=Path, help="folder for the curves")
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
