"""What the trainer's own Python finds on this machine."""

import ast
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.training.machine import Machine, wanted
from stages.library.training.options import Options
from stages.library.training.trainer import INSTALLED, Trainer

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
