"""LoRAs that a WebUI is lent to draw with, under names that no other has."""

import re
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.outputs import copy_atomically
from stages.library.drawing.loras import Lora
from stages.library.drawing.painters.lora_folder import folder_of
from stages.library.drawing.painters.webui import WebUI
from stages.library.drawing.painters.webui_state import State

LENT = "nasumiso-test"
"""The folder within a WebUI's models/Lora for the copies that the generate stage draws with."""


def lend(webui: WebUI, state: State, loras: list[Lora], named: str) -> Path | None:
    """Give the WebUI copies of LoRAs to draw with; return their folder, if they are needed.

    Raises:
        Problem: its folder isn't on this machine, and the copies aren't there either.
    """
    missing = [lora for lora in loras if lora.copy not in state.loras]
    if not missing:
        return None
    try:
        folder = folder_of(state, named, webui.here)
    except Problem as error:
        names = ", ".join(f"{lora.file} as {lora.copy}.safetensors" for lora in missing)
        raise Problem(f"{error}, or copy there by hand: {names}") from None
    try:
        for lora in missing:
            copy_atomically(lora.file, folder / LENT / f"{lora.copy}.safetensors")
        webui.refresh_loras()
    except BaseException:
        take_back(folder / LENT)
        raise
    return folder / LENT


def take_back(folder: Path) -> None:
    """Remove the copies from the WebUI's folder."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if re.fullmatch(r"\.?.+-[0-9a-f]{8}\.safetensors(\.partial)?", path.name):
            path.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
