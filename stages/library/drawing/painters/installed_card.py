"""The card of a LoRA in a WebUI's folder: ours, with all that the artist wrote there."""

import json
import re
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.json_files import json_of
from stages.library.common.outputs import write_atomically
from stages.library.drawing.subject import named
from stages.library.training.cards import card as made_card
from stages.library.training.headers import read_metadata

MARK = "nasumiso"
"""The key of a card under which it is kept what we wrote: all else in it is the artist's."""

DESCRIPTION = "Nasumiso Creator."
"""How the description of a card begins that the train stage wrote."""


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
        card = json_of(path.read_text(encoding="utf-8-sig"))
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
    return not (key == "description" and str(value).startswith(DESCRIPTION))
