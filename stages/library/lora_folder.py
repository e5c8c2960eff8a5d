"""A WebUI's models/Lora: a LoRA put there with its card and preview, and nothing lost that is."""

import filecmp
import json
import os
import re
from contextlib import suppress
from pathlib import Path, PurePath

from stages.library.captions import split
from stages.library.infotext import read_infotext
from stages.library.loras import Lora
from stages.library.outputs import copy_atomically, sha256, write_atomically
from stages.library.papers import read_metadata, read_papers
from stages.library.webui import State, WebUI

ASCII_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors")

AUTO = "auto"

MARK = "nasumiso"
"""The key of a card under which it is kept what we wrote: all else in it is the artist's."""

LENT = "nasumiso-test"
"""The folder within a WebUI's models/Lora for the copies that the generate stage draws with."""

OURS = "Nasumiso Creator."
"""How the description of a card begins that the train stage wrote."""


def check_name(path: Path) -> None:
    """Raise ValueError if a WebUI may not find a LoRA of that name."""
    if not ASCII_NAME.fullmatch(path.name):
        raise ValueError(
            f"{path}: rename it to A-Z a-z 0-9 . _ - and .safetensors: in a prompt a WebUI can't "
            "name a LoRA with other characters / ファイル名を半角英数字にしてください"
        )


def install(file: Path, target: Path) -> list[str]:
    """Put a LoRA at `target`, a path in a WebUI's folder, with its card and preview.

    Returns what was done, as lines; what is there already is not written again.

    Raises:
        ValueError: the name won't do, or another tool's LoRA is there under that name.
    """
    check_name(target)
    done = []
    if not same_file(file, target):
        instead = ""
        if target.is_file():
            try:
                papers = read_papers(read_metadata(target))
            except ValueError:
                raise ValueError(f"{target}: is damaged; delete it, and run this again") from None
            if papers is None:
                raise ValueError(
                    f"{target}: is a LoRA that another tool made; move it away, or choose another "
                    "organize.name"
                )
            instead = f" in place of training {papers.run}"
        copy_atomically(file, target)
        done.append(f"{target}{instead}")
    card, there = file.with_suffix(".json"), target.with_suffix(".json")
    preview = install_preview(file.with_suffix(".png"), target.with_suffix(".png"), written(there))
    if card.is_file():
        done += install_card(card, there)
    return done + preview


def install_preview(preview: Path, there: Path, before: dict[str, object]) -> list[str]:
    """Copy a preview, unless another one was chosen there."""
    if not preview.is_file() or same_file(preview, there):
        return []
    if there.is_file() and (
        sha256(there) != before["preview"] if "preview" in before else chosen_by_hand(there)
    ):
        return []
    copy_atomically(preview, there)
    return [str(there)]


def same_file(a: Path, b: Path) -> bool:
    """Return whether `b` is there, with the bytes of `a`."""
    return b.is_file() and filecmp.cmp(a, b, shallow=False)


def install_card(card: Path, target: Path) -> list[str]:
    """Write a LoRA's card; what the artist wrote into the one there stays."""
    try:
        ours = dict(json.loads(card.read_text(encoding="utf-8")).items())
    except (ValueError, AttributeError):
        raise ValueError(
            f"{card}: is no card (JSON); delete it, or run the training again"
        ) from None
    theirs, before = read_card(target), written(target)
    kept = {key: value for key, value in theirs.items() if stays(key, value, ours, before)}
    record = ours
    preview = target.with_suffix(".png")
    if same_file(card.with_suffix(".png"), preview):
        record = ours | {"preview": sha256(preview)}
    card_text = ours | {key: kept[key] for key in kept if key != MARK} | {MARK: record}
    if theirs == card_text:
        return []
    write_atomically(target, (json.dumps(card_text, indent=1, ensure_ascii=False) + "\n").encode())
    own = [key for key in kept if kept[key] != ours.get(key)]
    return [f"{target}{' (kept there: ' + ', '.join(own) + ')' if own else ''}"]


def read_card(path: Path) -> dict[str, object]:
    """Return a card; an empty one where there is none that can be read."""
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return card if isinstance(card, dict) else {}


def written(card: Path) -> dict[str, object]:
    """Return what we wrote into a card when we did so last."""
    found = read_card(card).get(MARK)
    return found if isinstance(found, dict) else {}


def stays(key: str, value: object, ours: dict[str, object], before: dict[str, object]) -> bool:
    """Return whether a value in the card at the WebUI is the artist's own rather than ours."""
    if key in ("sd version", MARK):
        return False
    if key == "activation text" and key in ours and str(ours[key]) not in split(str(value)):
        return False  # without the trigger it calls nothing up
    if key in before:
        return value != before[key]
    if not value:
        return False
    if key == "notes":  # ours name the command that tells where the LoRA is from
        return "tools.whence" not in str(value)
    return not (key == "description" and str(value).startswith(OURS))


def chosen_by_hand(preview: Path) -> bool:
    """Return whether a preview is a picture that the WebUI drew: someone chose it there."""
    try:
        return bool(read_infotext(preview.read_bytes()))
    except (OSError, ValueError):
        return False


def folder_of(state: State | None, named: str, here: bool) -> Path:
    """Return the WebUI's models/Lora: `named`, or with `auto` what the WebUI itself says.

    Raises:
        ValueError: it isn't on this machine.
    """
    told = state.lora_folder if state else ""
    path = told if named == AUTO else named
    folder = Path(os.path.expanduser(path))  # noqa: PTH111 - leaves a home that nobody has
    if named == AUTO and not here:
        where = "is on another machine"
    elif not path:
        where = "isn't known"
    elif not folder.is_dir():
        where = f"is not at {folder}"
    else:
        return folder
    raise ValueError(
        f"params.yaml, generate.lora_folder: the WebUI's models/Lora {where}; write the path that "
        "it has on this machine"
    )


def place(stem: str, state: State | None, folder: Path) -> Path:
    """Return where in the WebUI's folder a LoRA belongs: where one of that name is, or at its top.

    Of two with one name a WebUI sees only one.
    """
    name = f"{stem}.safetensors"
    known = state.loras.get(stem) if state else None
    if state and known:
        with suppress(ValueError):  # the folder may have another path here, as with Docker
            there = folder / PurePath(known.path).relative_to(state.lora_folder)
            if there.is_file():
                return there
    walked = os.walk(folder, followlinks=True)
    return min((Path(at, name) for at, _, names in walked if name in names), default=folder / name)


def lend(webui: WebUI, state: State, loras: list[Lora], named: str) -> None:
    """Give the WebUI copies of LoRAs to draw with, under names of their own.

    Raises:
        ValueError: its folder isn't on this machine, and the copies aren't there either.
    """
    missing = [lora for lora in loras if lora.copy not in state.loras]
    if not missing:
        return
    try:
        folder = folder_of(state, named, webui.here)
    except ValueError as error:
        names = ", ".join(f"{lora.file} as {lora.copy}.safetensors" for lora in missing)
        raise ValueError(f"{error}, or copy there by hand: {names}") from None
    for lora in missing:
        copy_atomically(lora.file, folder / LENT / f"{lora.copy}.safetensors")
    webui.refresh_loras()


def take_back(webui: WebUI, state: State, named: str) -> None:
    """Remove the copies from the WebUI's folder."""
    folder = folder_of(state, named, webui.here) / LENT
    for path in folder.iterdir() if folder.is_dir() else ():
        if re.fullmatch(r"\.?.+-[0-9a-f]{8}\.safetensors(\.partial)?", path.name):
            path.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
    webui.refresh_loras()
