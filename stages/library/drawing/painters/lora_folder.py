"""A WebUI's models/Lora: a LoRA put there with its card and preview, and nothing lost that is."""

import filecmp
import json
import os
import re
from contextlib import suppress
from pathlib import Path, PurePath

from stages.library.common.errors import Problem
from stages.library.common.outputs import copy_atomically, sha256, write_atomically
from stages.library.drawing.loras import Lora
from stages.library.drawing.painters.webui import State, WebUI
from stages.library.drawing.subject import named
from stages.library.training.cards import card as made_card
from stages.library.training.headers import read_metadata
from stages.library.training.provenance import read_papers

ASCII_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors")

AUTO = "auto"

MARK = "nasumiso"
"""The key of a card under which it is kept what we wrote: all else in it is the artist's."""

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif")
"""Endings of a preview."""

LENT = "nasumiso-test"
"""The folder within a WebUI's models/Lora for the copies that the generate stage draws with."""

OURS = "Nasumiso Creator."
"""How the description of a card begins that the train stage wrote."""


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


def card_of(file: Path) -> dict[str, object]:
    """Return a LoRA's card: for one of an epoch, that of the finished LoRA with its own notes.

    Raises:
        Problem: the file is none.
    """
    own = file.with_suffix(".json")
    finished = own.with_stem(re.sub(r"-[0-9]{6}$", "", own.stem))
    if own.is_file() or not finished.is_file():
        return read_card(own)
    of_epoch = made_card("", read_metadata(file), 0, "")
    return read_card(finished) | {"notes": of_epoch["notes"]}


def same_file(a: Path, b: Path) -> bool:
    """Return whether both are there, with the same bytes."""
    return a.is_file() and b.is_file() and filecmp.cmp(a, b, shallow=False)


def chosen_there(preview: Path, record: dict[str, object]) -> bool:
    """Return whether there is a preview, under any of the WebUI's names, that isn't ours."""
    others = [preview.with_suffix(f"{kind}{end}") for kind in ("", ".preview") for end in PICTURES]
    return any(path.is_file() and sha256(path) != record.get("preview", "none") for path in others)


def install_card(
    ours: dict[str, object],
    theirs: dict[str, object],
    target: Path,
    record: dict[str, object],
    preview: str,
    weight: float,
) -> list[str]:
    """Write a LoRA's card to `target`; what the artist wrote into the one there, `theirs`, stays.

    `record` is what we wrote there last, `preview` the SHA-256 of ours beside it.
    """
    kept = {key: value for key, value in theirs.items() if stays(key, value, ours, record)}
    chosen: dict[str, object] = {"preferred weight": weight} if weight else {}
    now = {**ours, **kept, **chosen, MARK: ours | ({"preview": preview} if preview else {})}
    if theirs == now:
        return []
    write_atomically(target, (json.dumps(now, indent=1, ensure_ascii=False) + "\n").encode())
    own = [key for key in kept if kept[key] != ours.get(key) and key not in chosen]
    return [f"{target}{' (kept there: ' + ', '.join(own) + ')' if own else ''}"]


def read_card(path: Path) -> dict[str, object]:
    """Return a card; an empty one where there is none.

    Raises:
        Problem: the file is none.
    """
    try:
        card = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except ValueError:
        card = None
    if not isinstance(card, dict):
        raise Problem(f"{path}: is no card (JSON in UTF-8); mend it, or delete it")
    return card


def stays(key: str, value: object, ours: dict[str, object], record: dict[str, object]) -> bool:
    """Return whether a value in the card at the WebUI is the artist's own rather than ours."""
    if key in ("sd version", MARK):
        return False
    if key == "activation text" and not named(str(ours.get(key, ""))) <= named(str(value)):
        return False  # without the trigger it calls nothing up
    if key in record:
        return value != record[key]
    if not value:
        return False
    if key == "notes":  # ours name the command that tells where the LoRA is from
        # a card from before the command was renamed names it whence
        return not re.search(r"tools\.(provenance|whence)\b", str(value))
    return not (key == "description" and str(value).startswith(OURS))


def folder_of(state: State | None, named: str, here: bool) -> Path:
    """Return the WebUI's models/Lora: `named`, or with `auto` what the WebUI itself says.

    Raises:
        Problem: it isn't on this machine.
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
    raise Problem(
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
