"""What a WebUI has, and has loaded, as far as it tells."""

import re
from dataclasses import dataclass
from pathlib import PureWindowsPath

from stages.library.common.errors import Problem
from stages.library.common.foreign import printable
from stages.library.common.values import did_you_mean
from stages.library.drawing.lora_papers import trained_on
from stages.library.drawing.loras import Lora

TRAINED, LOADED = "trained", "loaded"
"""Values of generate.checkpoint: the LoRA's own base model, or whatever the WebUI has loaded."""


@dataclass(frozen=True)
class Installed:
    """A LoRA that the WebUI knows."""

    path: str  # on the WebUI's machine
    hash: str  # first 12 digits; '' if its file doesn't hold it


@dataclass(frozen=True)
class State:
    """What a WebUI says of itself."""

    checkpoint: str  # title of the model that is loaded
    checkpoint_sha256: str  # '' if it doesn't tell
    samplers: list[str]
    schedulers: list[str]
    loras: dict[str, Installed]  # by the file's stem
    lora_folder: str  # on the WebUI's machine

    def check_model(self, lora: Lora | None, wanted: str) -> None:
        """Raise Problem unless the model is loaded that generate.checkpoint names."""
        loaded = self.checkpoint or "no model"
        if wanted == TRAINED and lora:
            name, sha256 = model_of(lora)
            if not self.checkpoint_sha256:
                raise Problem(
                    "the WebUI has loaded no model yet, or runs with --no-hashing; wait until its "
                    "model is loaded, or set generate.checkpoint: loaded"
                )
            if not sha256.startswith(self.checkpoint_sha256):
                raise Problem(
                    f"the WebUI has {loaded} loaded, but {lora.file.stem} was trained on {name} "
                    f"[{sha256[:10]}]; choose that at the top left of the WebUI, or set "
                    "generate.checkpoint: loaded "
                    "/ WebUI の左上で、学習に使ったモデルを選んでください"
                )
        elif wanted != LOADED:
            title = re.sub(r" \[[0-9a-f]{10}\]$", "", loaded)
            file = PureWindowsPath(title)  # knows both kinds of slashes
            if wanted not in (loaded, title, file.name, file.stem):
                raise Problem(
                    f"params.yaml, generate.checkpoint: the WebUI has {loaded} loaded, not "
                    f"{wanted!r}; choose that at the top left of the WebUI"
                )

    def as_two(self, name: str) -> tuple[str, str] | None:
        """Return sampler and scheduler of a name from before version 1.9, such as Euler Karras."""
        pairs = ((name.removesuffix(f" {each}"), each) for each in self.schedulers)
        return next((pair for pair in pairs if pair[0] in self.samplers), None)

    def check_names(self, sampler: str, scheduler: str) -> None:
        """Raise Problem if the WebUI doesn't have them, and would silently take others."""
        named = {"sampler": (sampler, self.samplers), "scheduler": (scheduler, self.schedulers)}
        for key, (name, names) in named.items():
            if name not in names:
                hint = did_you_mean(name, names, f"it has {', '.join(names)}")
                if key == "sampler" and (both := self.as_two(name)):
                    hint = f"write sampler: {both[0]}, scheduler: {both[1]}"
                hint = printable(hint, 1000)
                raise Problem(f"params.yaml, generate.{key}: the WebUI has no {name!r}; {hint}")


def model_of(lora: Lora) -> tuple[str, str]:
    """Return name and SHA-256 of the model that a LoRA was trained on.

    Raises:
        Problem: it doesn't tell.
    """
    name, sha256 = trained_on(lora)
    if not sha256:
        raise Problem(
            f"{lora.file}: does not tell what model it was trained on; set generate.checkpoint: "
            "loaded"
        )
    return name, sha256
