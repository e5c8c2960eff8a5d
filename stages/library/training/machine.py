"""The machine that the training runs on, and whether it can do what is ordered."""

from collections.abc import Iterator
from dataclasses import dataclass

from stages.library.common.errors import Problem
from stages.library.training.options import Options, first


@dataclass(frozen=True)
class Machine:
    """What the trainer's own Python finds on this machine."""

    device: str  # cuda, mps or cpu
    name: str
    torch: str
    packages: frozenset[str]
    bf16: bool = True  # whether the card computes in bfloat16 by itself


@dataclass(frozen=True)
class Unfit:
    """An option that a machine can't follow."""

    key: str
    why: str
    instead: str  # what to write


OFFERED = {
    "lycoris": "lycoris-lora",
    "prodigyopt": "prodigyopt",
    "schedulefree": "schedulefree",
    "lion_pytorch": "lion-pytorch",
    "dadaptation": "dadaptation",
}
"""Packages by what Python calls them: training/requirements.txt has a line for each, commented."""


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
        changes = ", ".join(f"train.{each.key}: {each.instead}" for each in found)
        also = f" and in params.yaml {changes}" if changes else ""
        raise Problem(
            f"there is no graphics card here that torch {machine.torch} can use; in Colab choose "
            "Runtime > Change runtime type > T4 GPU (to train on the CPU all the same, for days, "
            f"set NASUMISO_DEVICE=cpu{also}) / GPU がありません。Colab では「ランタイム」→"
            "「ランタイムのタイプを変更」で T4 GPU を選んでください"
        )
    if found:
        said = "; ".join(f"train.{each.key}: {each.why}; write {each.instead}" for each in found)
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


def unfit(options: Options, machine: Machine) -> Iterator[Unfit]:
    """Yield the options that this machine can't follow."""
    cuda = machine.device == "cuda"
    for key, package in wanted(options).items():
        value = first(options, key, "")
        usual = {"optimizer_type": "AdamW", "network_module": "networks.lora"}[key]
        if package not in machine.packages:
            reason = f"{value} needs the package {package}, which isn't here"
            yield Unfit(key, reason, lacking(package, usual))
        elif package == "bitsandbytes" and not cuda:
            yield Unfit(key, f"{value} needs a CUDA card, which isn't here", usual)
    if first(options, "mixed_precision", "") == "fp16" and not cuda:
        yield Unfit("mixed_precision", "fp16 needs a CUDA card, which isn't here", '"no"')
    if first(options, "mixed_precision", "") == "bf16" and not machine.bf16:
        why = f"a {machine.name} only imitates bf16, many times slower"
        yield Unfit("mixed_precision", why, "fp16")
    if "xformers" in options and "xformers" not in machine.packages:
        instead = "false, and sdpa: true, which does the same and needs no package"
        yield Unfit("xformers", "the package xformers isn't here", instead)
