"""A WebUI's models/Lora: a LoRA put there with its card and preview, and nothing lost that is."""

import filecmp
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePath

from stages.library.common.errors import Problem
from stages.library.common.outputs import copy_atomically, sha256
from stages.library.drawing.painters.installed_card import MARK, card_of, install_card, read_card
from stages.library.drawing.painters.webui_state import State
from stages.library.training.headers import read_metadata
from stages.library.training.provenance import read_papers

ASCII_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors")

AUTO = "auto"

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif")
"""Endings of a preview."""


def check_name(path: Path) -> None:
    """Raise Problem if a WebUI may not find a LoRA of that name."""
    if path.suffix != ".safetensors":
        raise Problem(f"{path}: is no LoRA; name a .safetensors file")
    if not ASCII_NAME.fullmatch(path.name):
        raise Problem(
            f"{path}: rename it to A-Z a-z 0-9 . _ - and .safetensors: in a prompt a WebUI can't "
            "name a LoRA with other characters / ファイル名を半角英数字にしてください"
        )


def install(file: Path, target: Path, weight: float = 0) -> list[str]:
    """Put a LoRA at `target`, a path in a WebUI's folder, with its card and preview.

    `weight` is the preferred one for the card, 0 for that of the training. Returns what was done,
    as lines; what is there already is not written again.

    Raises:
        Problem: the name won't do, another tool's LoRA is there under that name, or a card is
            none.
    """
    check_name(target)
    done = []
    ours, card = card_of(file), target.with_suffix(".json")
    theirs = read_card(card)
    before = theirs.get(MARK)
    record = before if isinstance(before, dict) else {}
    if not same_file(file, target):
        instead = ""
        if target.is_file():
            try:
                papers = read_papers(read_metadata(target))
            except ValueError:
                raise Problem(f"{target}: is damaged; delete it, and run this again") from None
            if papers is None:
                raise Problem(
                    f"{target}: is a LoRA that another tool made; move it away, or choose another "
                    "organize.name"
                )
            instead = f" in place of training {papers.run}"
        copy_atomically(file, target)
        done.append(f"{target}{instead}")
    preview, there = file.with_suffix(".png"), target.with_suffix(".png")
    if preview.is_file() and not (same_file(preview, there) or chosen_there(there, record)):
        copy_atomically(preview, there)
        done.append(str(there))
    if ours:
        is_ours = there.is_file() and (
            same_file(preview, there) or sha256(there) == record.get("preview")
        )
        shown = sha256(there) if is_ours else ""
        done += install_card(ours, theirs, card, record, shown, weight)
    return done


def same_file(a: Path, b: Path) -> bool:
    """Return whether both are there, with the same bytes."""
    return a.is_file() and b.is_file() and filecmp.cmp(a, b, shallow=False)


def chosen_there(preview: Path, record: dict[str, object]) -> bool:
    """Return whether there is a preview, under any of the WebUI's names, that isn't ours."""
    others = [preview.with_suffix(f"{kind}{end}") for kind in ("", ".preview") for end in PICTURES]
    return any(path.is_file() and sha256(path) != record.get("preview", "none") for path in others)


def folder_of(state: State | None, named: str, here: bool) -> Path:
    """Return the WebUI's models/Lora: `named`, or with `auto` what the WebUI itself says.

    Raises:
        Problem: it isn't on this machine.
    """
    told = state.lora_folder if state else ""
    path = (told if PurePath(told).is_absolute() else "") if named == AUTO else named
    folder = Path(os.path.expanduser(path))  # noqa: PTH111 - leaves a home that nobody has
    if named == AUTO and not here:
        where = "is on another machine"
    elif not path:
        where = "isn't known"
    elif not folder.is_dir():
        where = f"is not at {folder}"
    else:
        return folder
    raise Problem(
        f"params.yaml, generate.lora_folder: the WebUI's models/Lora {where}; write the path that "
        "it has on this machine"
    )


def place(stem: str, state: State | None, folder: Path) -> Path:
    """Return where in the WebUI's folder a LoRA belongs: where one of that name is, or at its top.

    Of two with one name a WebUI sees only one. What it says chooses among those that are there, and
    leads nowhere else.
    """
    name = f"{stem}.safetensors"
    there = sorted(files_called(name, folder))
    known = state.loras.get(stem) if state else None
    if state and known:
        with suppress(ValueError):  # the folder may have another path here, as with Docker
            told = folder / PurePath(known.path).relative_to(state.lora_folder)
            if told in there:
                return told
    return next(iter(there), folder / name)


def files_called(name: str, folder: Path) -> Iterator[Path]:
    """Yield the files of a name in a folder, and where its links lead; in each place once."""
    seen = set()
    for at, folders, names in os.walk(folder, followlinks=True):
        real = Path(at).resolve()
        if real in seen:  # a link that leads round in a circle
            folders.clear()
            continue
        seen.add(real)
        if name in names:
            yield Path(at, name)
