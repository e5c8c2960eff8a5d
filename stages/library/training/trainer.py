"""The trainer: a checkout of kohya-ss/sd-scripts, its Python, and the command that runs it."""

import hashlib
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from stages.library.common.cores import usable_cores
from stages.library.common.errors import Problem
from stages.library.common.paths import located
from stages.library.training.options import Options, as_words, first

INSTALLED = "install it as docs/train.md says / docs/train.ja.md の手順で入れてください"
"""What to do about a trainer, or a Python for it, that isn't there."""

PYTHONS = (".venv", "venv")
"""Folders in which the trainer's own Python may be: ours, and that of sd-scripts' README."""


@dataclass(frozen=True)
class Trainer:
    """A checkout, the Python that runs it, and the script to run."""

    checkout: Path
    python: Path
    script: str


def find_trainer(script: str, environment: dict[str, str]) -> Trainer:
    """Return the trainer that the environment names.

    Raises:
        Problem: it isn't there.
    """
    place = environment.get("NASUMISO_TRAINER") or "training/sd-scripts"
    checkout = located(place)
    if not (checkout / "library").is_dir():
        raise Problem(
            f"{place}: there is no sd-scripts; set NASUMISO_TRAINER to the folder where it is, or "
            f"{INSTALLED}"
        )
    if not re.fullmatch(r"\w+\.py", script) or not (checkout / script).is_file():
        there = sorted(path.name for path in checkout.glob("*train_network.py"))
        raise Problem(
            f"params.yaml, lora.script: {place} has no {script}; there are {', '.join(there)}"
        )
    return Trainer(checkout, find_python(checkout, environment), script)


def find_python(checkout: Path, environment: dict[str, str]) -> Path:
    """Return the trainer's own Python; the project's is never taken for it.

    Raises:
        Problem: it isn't there.
    """
    if named := environment.get("NASUMISO_TRAINER_PYTHON"):
        if not located(named).is_file():
            raise Problem(f"NASUMISO_TRAINER_PYTHON: there is no file {named}; set it or unset it")
        return located(named)
    for folder in PYTHONS:
        if (python := checkout / folder / "bin" / "python").is_file():
            return python
    raise Problem(
        f"{checkout}: has no Python of its own, neither {' nor '.join(PYTHONS)} with bin/python in "
        f"it; set NASUMISO_TRAINER_PYTHON to the one that has torch, or {INSTALLED}"
    )


def trainer_commit(trainer: Trainer) -> str:
    """Return the checkout's commit; of one that is not from Git, a digest of its source."""
    git = ["git", "-C", str(trainer.checkout), "rev-parse", "--show-toplevel", "HEAD"]
    answer = subprocess.run(git, capture_output=True, text=True, check=False)
    top, _, commit = answer.stdout.strip().partition("\n")
    if answer.returncode == 0 and Path(top).resolve() == trainer.checkout.resolve():
        return commit
    digest = hashlib.sha256()
    for path in sorted([*trainer.checkout.glob("*.py"), *trainer.checkout.glob("library/*.py")]):
        digest.update(path.read_bytes())
    return f"source-{digest.hexdigest()[:12]}"


LOADERS = "max_data_loader_n_workers"
"""The option for how many processes read pictures; the trainer starts 8, or one a core."""


def trainer_command(trainer: Trainer, options: Options) -> list[str]:
    """Return the whole command, as the words of a process.

    The trainer counts the machine's cores, of which a container may be given few.
    """
    loaders: Options = {LOADERS: [str(min(int(first(options, LOADERS, "8")), usable_cores()))]}
    launch = ["-m", "accelerate.commands.launch", "--num_cpu_threads_per_process=1"]
    # on several cards the steps of an epoch would be others than those that organize counted
    launch += ["--num_processes=1", "--num_machines=1", "--dynamo_backend=no"]
    script = str(trainer.checkout / trainer.script)
    return [str(trainer.python), *launch, script, *as_words(loaders | options | loaders)]
