"""The LoRAs that a training brought home: one for every epoch, and the finished one."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.params.generate import ALL, LAST
from stages.library.training.headers import read_metadata


@dataclass(frozen=True)
class Lora:
    """A LoRA to draw with."""

    file: Path
    epoch: str  # `last`, or `e000003`: the same name in every training
    number: int  # of the epoch
    hash: str  # 12 digits, as a WebUI shows it

    @property
    def copy(self) -> str:
        """The name under which a WebUI gets it to draw with: no other LoRA ever has it.

        A WebUI may go on drawing with what it has read under a name, though the file is another.
        """
        return f"{self.file.stem}-{self.hash[:8]}"


def lora_hash(path: Path, metadata: dict[str, str]) -> str:
    """Return what a WebUI shows as a LoRA's hash: 12 digits of the SHA-256 of its tensors.

    It takes it from the metadata, where sd-scripts writes it, and else computes it.
    https://github.com/AUTOMATIC1111/stable-diffusion-webui/blob/v1.10.1/modules/hashes.py
    """
    if known := metadata.get("sshs_model_hash"):
        return known[:12]
    with path.open("rb") as file:
        file.seek(8 + int.from_bytes(file.read(8), "little"))
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def loras_of(folder: Path, name: str) -> list[Lora]:
    """Return the LoRAs called `name` in a folder, by epoch, the finished one last.

    Raises:
        Problem: the finished one is not there, or a file is damaged.
    """
    finished = folder / f"{name}.safetensors"
    if not finished.is_file():
        raise Problem(
            f"{finished}: no such file; train first, or get it with dvc exp apply and "
            f"dvc pull {folder}"
        )
    found = []
    for path in [*sorted(folder.glob(f"{name}-*.safetensors")), finished]:
        epoch = re.fullmatch(r"-([0-9]{6})", path.stem.removeprefix(name))
        if epoch or path == finished:
            metadata = read_metadata(path)
            number = number_in(epoch[1] if epoch else metadata.get("ss_epoch", ""))
            label = f"e{epoch[1]}" if epoch else LAST
            found.append(Lora(path, label, number, lora_hash(path, metadata)))
    return found


def number_in(text: str) -> int:
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else 0


def chosen(loras: list[Lora], epochs: list[str]) -> list[Lora]:
    """Return the LoRAs of some epochs: numbers, `last` or `all`.

    Raises:
        Problem: there is none of that epoch.
    """
    if ALL in epochs:
        return loras
    numbers = {str(lora.number): lora for lora in loras if lora.number} | {LAST: loras[-1]}
    if missing := [epoch for epoch in epochs if epoch not in numbers]:
        raise Problem(
            f"params.yaml, generate.epochs: {loras[-1].file.parent} holds no epoch {missing[0]}; "
            f"it has {', '.join(numbers)}"
        )
    wanted = {numbers[epoch].file for epoch in epochs}
    return [lora for lora in loras if lora.file in wanted]
