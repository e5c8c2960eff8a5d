"""Values that sd-scripts refuses only after half a minute, when it has loaded everything."""

from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.values import did_you_mean
from stages.library.training.options import Options, first

COUNTS = (
    "network_dim",
    "train_batch_size",
    "gradient_accumulation_steps",
    "max_train_epochs",
    "save_every_n_epochs",
    "sample_every_n_epochs",
)
"""Options that count something, so that 1 is the least."""

OPTIMIZERS = (
    *("AdamW", "AdamW8bit", "PagedAdamW", "PagedAdamW8bit", "PagedAdamW32bit"),
    *("Lion", "Lion8bit", "PagedLion8bit", "SGDNesterov", "SGDNesterov8bit"),
    *("DAdaptation", "DAdaptAdamPreprint", "DAdaptAdaGrad", "DAdaptAdam", "DAdaptAdan"),
    *("DAdaptAdanIP", "DAdaptLion", "DAdaptSGD", "Prodigy", "AdaFactor"),
    *("RAdamScheduleFree", "AdamWScheduleFree", "SGDScheduleFree"),
)
"""In large or small letters: `get_optimizer` of sd-scripts' library/train_util.py."""

OF_TORCH = (
    *("Adadelta", "Adagrad", "Adam", "Adamax", "ASGD", "LBFGS", "Muon", "NAdam", "RAdam"),
    *("RMSprop", "Rprop", "SGD", "SparseAdam"),
)
"""Exactly so: torch.optim has them."""

SCHEDULERS = (
    *("linear", "cosine", "cosine_with_restarts", "cosine_with_min_lr", "polynomial"),
    *("constant", "constant_with_warmup", "piecewise_constant", "inverse_sqrt"),
    *("warmup_stable_decay", "adafactor"),
)
"""`get_scheduler_fix` in the same place."""


def check_choices(options: Options, checkout: Path | None) -> None:
    """Raise Problem for a value that the trainer would refuse once it has begun.

    Without a checkout its networks are not known.
    """
    for key in COUNTS:
        if int(value := first(options, key, "1")) < 1:
            raise Problem(f"params.yaml, train.{key}: {value} is less than 1; write 1 or more")
    optimizer = first(options, "optimizer_type", "")
    if not is_optimizer(optimizer):
        raise Problem(
            f"params.yaml, train.optimizer_type: sd-scripts knows no {optimizer}; "
            f"{did_you_mean(optimizer, (*OPTIMIZERS, *OF_TORCH), 'write AdamW')}"
        )
    if (kind := first(options, "save_model_as", "safetensors")) != "safetensors":
        raise Problem(
            f"params.yaml, train.save_model_as: a {kind} file can't say what it was trained on; "
            "write safetensors"
        )
    check_scheduler(options, optimizer)
    if checkout:
        check_network(first(options, "network_module", ""), checkout)


def is_optimizer(name: str) -> bool:
    """Return whether sd-scripts knows an optimizer; a class's path may be any package's.

    >>> [is_optimizer(name) for name in ("adamw8bit", "bitsandbytes.optim.Ademamix", "AdamW16")]
    [True, True, False]
    """
    known = {each.lower() for each in OPTIMIZERS}
    return not name or "." in name or name.lower() in known or name in OF_TORCH


def check_scheduler(options: Options, optimizer: str) -> None:
    """Raise Problem for an unknown scheduler, or one that doesn't go with a warm-up."""
    name = first(options, "lr_scheduler", "")
    if not name or "lr_scheduler_type" in options or optimizer.lower().endswith("schedulefree"):
        return
    if name.split(":")[0] not in SCHEDULERS:
        hint = (
            "write a class's path as train.lr_scheduler_type"
            if "." in name
            else did_you_mean(name, SCHEDULERS, "write cosine_with_restarts")
        )
        raise Problem(f"params.yaml, train.lr_scheduler: sd-scripts knows no {name}; {hint}")
    if name == "constant" and first(options, "lr_warmup_steps", "0") not in ("0", "0.0", "0%"):
        raise Problem(
            "params.yaml, train.lr_scheduler: constant takes no warm-up; write "
            "constant_with_warmup, or lr_warmup_steps: 0"
        )


def check_network(module: str, checkout: Path) -> None:
    """Raise Problem if the trainer has no such module; one of a package is looked for later."""
    package = checkout / module.split(".")[0]
    if not module or not package.is_dir():
        return
    if not (checkout / f"{module.replace('.', '/')}.py").is_file():
        there = tuple(f"{package.name}.{path.stem}" for path in sorted(package.glob("*.py")))
        raise Problem(
            f"params.yaml, train.network_module: sd-scripts has no {module}; "
            f"{did_you_mean(module, there, 'write networks.lora')}"
        )
