"""The machine that the training runs on, as the trainer's own Python finds it."""

import ast
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.training.options import Options, first
from stages.library.training.trainer import INSTALLED, Trainer


@dataclass(frozen=True)
class Machine:
    """What the trainer's own Python finds on this machine."""

    device: str  # cuda, mps or cpu
    name: str
    torch: str
    packages: frozenset[str]
    bf16: bool = True  # whether the card computes in bfloat16 by itself


PROBE = """
import importlib.util as u, json, sys, torch
mps = getattr(torch.backends, "mps", None)
cuda, mps = torch.cuda.is_available(), bool(mps and mps.is_available())
print(json.dumps({
    "device": "cuda" if cuda else "mps" if mps else "cpu",
    "name": torch.cuda.get_device_name(0) if cuda else "",
    # torch.cuda.is_bf16_supported() says yes where it is only imitated, as on a T4 (7.5)
    "bf16": not cuda or torch.cuda.get_device_capability(0) >= (8, 0),
    "torch": torch.__version__,
    "packages": [n for n in sys.argv[1:] if u.find_spec(n)],
}))
"""

OFFERED = {
    "lycoris": "lycoris-lora",
    "prodigyopt": "prodigyopt",
    "schedulefree": "schedulefree",
    "lion_pytorch": "lion-pytorch",
    "dadaptation": "dadaptation",
}
"""Packages by what Python calls them: training/requirements.txt has a line for each, commented."""

ALWAYS = frozenset({"accelerate", "tensorboard"})
"""Packages that the trainer needs and no line at the top of its modules imports."""


def look_at_machine(trainer: Trainer, options: Options) -> Machine:
    """Return what the trainer's Python finds.

    Raises:
        Problem: it can't import torch, or lacks another package that the trainer imports.
    """
    needed = ALWAYS | imports(trainer.checkout, trainer.script)
    looked_for = needed | set(wanted(options).values()) | {"xformers"}
    answer = subprocess.run(
        [trainer.python, "-c", PROBE, *sorted(looked_for)],
        cwd=trainer.checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = answer.stdout.strip().splitlines()
    if answer.returncode or not lines:
        reason = (answer.stderr.strip().splitlines() or ["no answer"])[-1]
        raise Problem(f"{trainer.python}: {reason}; {INSTALLED}")
    found = json.loads(lines[-1])
    packages = frozenset(found["packages"])
    if missing := sorted(needed - packages):
        raise Problem(f"{trainer.python}: lacks {', '.join(missing)}; {INSTALLED}")
    return Machine(found["device"], found["name"], found["torch"], packages, found["bf16"])


def imports(checkout: Path, script: str) -> frozenset[str]:
    """Return the packages that the script imports at once, through all modules of the checkout.

    Its source is read; nothing of it runs.
    """
    packages: set[str] = set()
    seen: set[Path] = set()
    waiting = [checkout / script]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in imported_names(path):
            local = checkout / f"{name.replace('.', '/')}.py"
            if local.is_file():
                waiting.append(local)
            elif not (checkout / name.split(".")[0]).exists():
                packages.add(name.split(".")[0])
    return frozenset(packages)


def imported_names(path: Path) -> Iterator[str]:
    """Yield what a module imports whenever it is imported: nothing from within `try` or `if`.

    Of `from a import b` both are yielded, since b may be a module.
    """
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = f"{path.parent.name}." * (node.level > 0) + (node.module or "")
            yield base
            yield from (f"{base}.{each.name}" for each in node.names)


def wanted(options: Options) -> dict[str, str]:
    """Return the packages that some values need, by the option.

    >>> wanted({"optimizer_type": ["Lion"], "network_module": ["lycoris.kohya"]})
    {'optimizer_type': 'lion_pytorch', 'network_module': 'lycoris'}
    """
    found = {}
    optimizer = first(options, "optimizer_type", "")
    small = optimizer.lower()
    if "." in optimizer:
        found["optimizer_type"] = optimizer.split(".")[0]
    elif small.endswith("8bit") or small.startswith("paged"):
        found["optimizer_type"] = "bitsandbytes"
    elif small.endswith("schedulefree"):
        found["optimizer_type"] = "schedulefree"
    elif small.startswith("dadapt"):
        found["optimizer_type"] = "dadaptation"
    elif small in ("lion", "prodigy"):
        found["optimizer_type"] = {"lion": "lion_pytorch", "prodigy": "prodigyopt"}[small]
    if module := first(options, "network_module", ""):
        found["network_module"] = module.split(".")[0]
    return found


def check_machine(options: Options, machine: Machine, allowed: str) -> None:
    """Raise Problem if this machine can't train so; `allowed` is NASUMISO_DEVICE."""
    found = list(unfit(options, machine))
    if machine.device == "cpu" and allowed != "cpu":
        changes = ", ".join(f"train.{key}: {instead}" for key, _, instead in found)
        also = f" and in params.yaml {changes}" if changes else ""
        raise Problem(
            f"there is no graphics card here that torch {machine.torch} can use; in Colab choose "
            "Runtime > Change runtime type > T4 GPU (to train on the CPU all the same, for days, "
            f"set NASUMISO_DEVICE=cpu{also}) / GPU がありません"
        )
    if found:
        said = "; ".join(f"train.{key}: {why}; write {instead}" for key, why, instead in found)
        raise Problem(f"params.yaml, {said}")


def lacking(package: str, usual: str) -> str:
    """Return what to write in place of a value whose package isn't here, or how to get it.

    >>> lacking("bitsandbytes", "AdamW")
    'AdamW'
    """
    if package not in OFFERED:
        return usual
    return (
        f"{usual}, or take the # away before {OFFERED[package]} in training/requirements.txt and "
        "install that again"
    )


def unfit(options: Options, machine: Machine) -> Iterator[tuple[str, str, str]]:
    """Yield the options that this machine can't follow: key, reason, what to write instead."""
    cuda = machine.device == "cuda"
    for key, package in wanted(options).items():
        value = first(options, key, "")
        usual = {"optimizer_type": "AdamW", "network_module": "networks.lora"}[key]
        if package not in machine.packages:
            reason = f"{value} needs the package {package}, which isn't here"
            yield key, reason, lacking(package, usual)
        elif package == "bitsandbytes" and not cuda:
            yield key, f"{value} needs a CUDA card, which isn't here", usual
    if first(options, "mixed_precision", "") == "fp16" and not cuda:
        yield "mixed_precision", "fp16 needs a CUDA card, which isn't here", '"no"'
    if first(options, "mixed_precision", "") == "bf16" and not machine.bf16:
        yield "mixed_precision", f"a {machine.name} only imitates bf16, many times slower", "fp16"
    if "xformers" in options and "xformers" not in machine.packages:
        instead = "false, and sdpa: true, which does the same and needs no package"
        yield "xformers", "the package xformers isn't here", instead
