"""The room that a training takes on the disk."""

import shutil
from pathlib import Path

from stages.library.common.errors import Problem

GB = 10**9


def bytes_needed(script: str, dim: int, epochs: int, states: int) -> int:
    """Return about how many bytes a training writes: LoRAs of every epoch, and states.

    Measured: a state of dimension 64 for SD 1.5 has 446 MB, three times the LoRA in 32 bits; what
    is kept of an epoch is the LoRA in 16 bits. SDXL's are six times as large.

    >>> bytes_needed("train_network.py", 64, epochs=10, states=2) // 10**6
    2114
    """
    lora = dim * 2_360_000 * (1 if script == "train_network.py" else 6)
    return lora * epochs // 2 + 3 * lora * (states + 1)


def check_room(place: Path, needed: int, remedy: str) -> None:
    """Raise Problem if the disk that `place` is on, or will be, has less room than needed."""
    there = next(path for path in [place, *place.absolute().parents] if path.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise Problem(
            f"{place}: {needed / GB:.1f} GB are needed there and {free / GB:.1f} GB are free; "
            f"{remedy}"
        )
