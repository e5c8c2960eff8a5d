"""Which training is ordered, and whether all that can be told before it speaks for it."""

import os
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from stages.library.common.drive import Drive, find_drive
from stages.library.common.git import git_or_none
from stages.library.common.paths import located
from stages.library.dataset.steps import advice, steps_per_epoch
from stages.library.training.base_model import BaseModel, check_base_model
from stages.library.training.choices import check_choices
from stages.library.training.combinations import check_combinations
from stages.library.training.dvc_lock import dvc_md5, locked_md5, read_lock
from stages.library.training.model_store import known_sha256
from stages.library.training.option_source import Option, known_options
from stages.library.training.options import Options, check_options, first
from stages.library.training.path_options import contents, regular_subsets, resolved
from stages.library.training.preflight import (
    alpha_lost,
    buckets,
    check_alpha,
    check_dataset,
    check_prompts,
    check_steps,
    dataset_subsets,
)
from stages.library.training.provenance import Papers, changed, digest_of, run_id
from stages.library.training.receipt import Receipt, expected
from stages.library.training.results import LORA
from stages.library.training.samples import PICTURE
from stages.library.training.subsets import CAPTION, Subset, check_parts, parted, shows
from stages.library.training.trainer import Trainer, find_trainer, trainer_commit
from stages.library.training.training import Training, check_foreign
from stages.library.training.validation import can_validate, held_back_subset


@dataclass(frozen=True)
class Places:
    """Where the stage reads and writes."""

    dataset: Path
    held_out: Path
    output: Path
    state: Path
    samples: Path
    metrics: Path
    curves: Path


@dataclass(frozen=True)
class Settings:
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
    read: list[tuple[Path, str]]  # folders that must not change meanwhile, and DVC's MD5 of them
    checked: list[str]  # what was looked at, in words


def plan_for(places: Places, settings: Settings) -> Plan:
    """Return the training that was ordered, if nothing that can be told now speaks against it.

    Raises:
        Problem: something does.
    """
    drive = find_drive(os.environ.get("NASUMISO_DRIVE", ""))
    trainer = find_trainer(settings.script, dict(os.environ))
    known = known_options(trainer.checkout, settings.script)
    options = checked_options(settings, known, trainer.checkout)
    check_foreign(places.output, LORA)
    check_foreign(places.samples, PICTURE)
    subsets = dataset_subsets(places.dataset) + regular_subsets(options)
    lock = read_lock(Path("dvc.lock"))
    md5 = check_dataset(places.dataset, locked_md5(lock, places.dataset.as_posix()))
    held_back, held_md5 = to_validate(places.held_out, lock, options, known)
    learned = learned_part(subsets, options)
    epochs, per_epoch = steps_of(learned, options)
    receipt = expected(learned, options, held_back)
    papers = papers_of(settings, options, places.dataset, (md5, held_md5), trainer, receipt)
    training = Training(
        name=settings.name,
        folder=(places.state / papers.run).absolute(),
        drive=drive,
        options=options,
        prompts=settings.prompts,
        epochs=epochs,
        steps_per_epoch=per_epoch,
        subsets=subsets,
        receipt=receipt,
        held_back=held_back,
    )
    checked = [
        f"params.yaml: {len(options)} options of {settings.script}, sd-scripts "
        f"{papers.trainer_commit[:12]}",
        f"{places.dataset}: {receipt.pictures} pictures, each with its caption, "
        f"{receipt.distinct} tags, as dvc.lock records it",
        *validated_in_words(places.held_out, held_back),
        f"steps: {per_epoch} in each of {epochs} epochs, {per_epoch * epochs} in all",
        f"Drive: {drive_in_words(drive)}",
    ]
    read = [(places.dataset, md5)]
    if places.held_out.is_dir():
        read.append((places.held_out, held_md5 or dvc_md5(places.held_out)))
    return Plan(trainer, known, settings.model, training, papers, read, checked)


def checked_options(settings: Settings, known: dict[str, Option], checkout: Path) -> Options:
    """Return the options with absolute paths, if the trainer can do what they say together.

    Raises:
        Problem: it can't, or a prompt or the base model is not as it should be.
    """
    check_options(settings.options, known, settings.script)
    check_choices(settings.options, checkout)
    check_combinations(settings.options, settings.script)
    check_prompts(settings.prompts)
    check_base_model(settings.model)
    return resolved(settings.options)


def learned_part(subsets: list[Subset], options: Options) -> list[Subset]:
    """Return the part of a dataset that is trained on, without what is held back to validate.

    Raises:
        Problem: a picture would be both, or none has a transparent part for `alpha_mask`.
    """
    if "alpha_mask" in options:
        check_alpha(subsets)
    elif warning := alpha_lost(subsets):
        print(f"train: warning: {warning}", file=sys.stderr)
    check_parts(subsets, *held_back(options))
    return [parted(subset, *held_back(options))[0] for subset in subsets]


def to_validate(
    folder: Path, lock: str, options: Options, known: Collection[str]
) -> tuple[Subset | None, str]:
    """Return the drawings in data/held_out to validate with, if there are any, and DVC's MD5.

    Raises:
        Problem: they aren't those that dvc.lock records, or not as they should be.
    """
    found = held_back_subset(folder, options)
    if not found:
        return None, ""
    if not can_validate(known):
        print(
            f"train: warning: this sd-scripts can't validate with {folder}, its loss there is not "
            "told; take v0.10.1 or newer / この sd-scripts は古く、data/held_out の絵での損失を"
            "計算できません",
            file=sys.stderr,
        )
        return None, ""
    return found, check_dataset(folder, locked_md5(lock, folder.as_posix()))


def validated_in_words(folder: Path, held_back: Subset | None) -> list[str]:
    """Return what is said of the drawings to validate with, if there are any."""
    if not held_back:
        return []
    return [f"{folder}: {len(held_back.pictures)} pictures, to validate with and never to train on"]


def held_back(options: Options) -> tuple[float, int]:
    """Return the share of pictures that is held back to validate, and the seed that chooses."""
    return (
        float(first(options, "validation_split", "0")),
        int(first(options, "validation_seed", "0")),
    )


def steps_of(learned: list[Subset], options: Options) -> tuple[int, int]:
    """Return the epochs and the steps in each.

    Raises:
        Problem: a training of so many steps makes no sense.
    """
    batch, accumulation, epochs = (
        int(first(options, key, "1"))
        for key in ("train_batch_size", "gradient_accumulation_steps", "max_train_epochs")
    )
    per_epoch = steps_per_epoch(buckets(shows(learned)), 1, batch, accumulation)
    check_steps(per_epoch * epochs, first(options, "lr_warmup_steps", "0"))
    if warning := advice(per_epoch * epochs):
        print(f"train: warning: {warning}", file=sys.stderr)
    return epochs, per_epoch


def papers_of(
    settings: Settings,
    options: Options,
    dataset: Path,
    md5s: tuple[str, str],
    trainer: Trainer,
    receipt: Receipt,
) -> Papers:
    """Return what the LoRA is made of; `run` is a digest of all that decides the result.

    `md5s` are those of the dataset and of what is validated with, '' for nothing.
    """
    sha256 = settings.model.sha256 or known_sha256(located(settings.model.place))
    commit = trainer_commit(trainer)
    head = git_or_none("rev-parse", "HEAD") or ""  # none in a folder that is not from Git
    params: dict[str, object] = {
        "name": settings.name,
        "script": settings.script,
        "prompts": settings.prompts,
        **settings.options,
    }
    decides = {"captions": CAPTION, "files": contents(options), "params": params}
    md5, held_md5 = md5s
    if held_md5:
        decides["held_out"] = held_md5
    return Papers(
        run=run_id({"dataset": md5, "model": sha256, "trainer": commit, **decides}),
        git_commit=head,
        git_changed=bool(head) and changed(),
        dataset=dataset.as_posix(),
        dataset_md5=md5,
        params_sha256=digest_of(params),
        base_model=settings.model.name,
        base_model_sha256=sha256,
        trainer=settings.script,
        trainer_commit=commit,
        captions=receipt.digest,
        pictures=receipt.pictures,
    )


def drive_in_words(drive: Drive | None) -> str:
    return str(drive.folder) if drive else "none; states stay on this machine"
