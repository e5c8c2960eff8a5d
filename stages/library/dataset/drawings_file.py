"""data/drawings.yaml as it is read: what is wrong is named."""

import re
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.dataset.drawings import USES, Box, Wish, Wishes
from stages.library.dataset.keyed_file import Kind, Written, entries_in, read_file
from stages.library.dataset.subjects import MOST_REPEATS

WISHES = Kind("wishes", "指定", "use")

DIGITS = 6
"""Behind the point: less than a pixel, and more than 0.1 + 0.2 differs from 0.3."""


def read_drawings(path: Path) -> Wishes:
    """Return the wishes in a file.

    Raises:
        Problem: naming the entry that is wrong.
        Problem: the file is missing, or empty.
    """
    text = read_file(path, WISHES)
    return {entry.key: _read_wish(entry) for entry in entries_in(text, path, WISHES)}


def _read_wish(entry: Written) -> Wish:
    wish = Wish(entry.source)
    found = dict(vars(wish))
    for name, value in entry.values.items():
        place = f"{entry.place}.{name}"
        if name == "use":
            found[name] = _read_use(value, place)
        elif name == "repeats":
            found[name] = _read_repeats(value, place)
        elif name == "crop":
            found[name] = _read_box(value, place, "crop: [0.1, 0, 0.5, 0.75]")
        elif name == "hide":
            found[name] = _read_boxes(value, place)
        else:
            raise Problem(f"{entry.place}: {name!r} is none of source, use, repeats, crop, hide")
    return Wish(**found)


def _read_use(value: object, place: str) -> str:
    if value not in USES:
        raise Problem(
            f"{place}: {value!r} is none of train, test, no; write one of them / "
            "train、test、no のどれかを書いてください"
        )
    return str(value)


def _read_repeats(value: object, place: str) -> int:
    text = value if isinstance(value, str) else ""
    if not re.fullmatch("[0-9]{1,4}", text) or not 1 <= int(text) <= MOST_REPEATS:
        raise Problem(
            f"{place}: {value!r} is not a whole number from 1 to {MOST_REPEATS}; write one / "
            f"1 から {MOST_REPEATS} までの整数を書いてください"
        )
    return int(text)


def _read_boxes(value: object, place: str) -> tuple[Box, ...]:
    boxes = value or []
    if isinstance(boxes, list) and boxes and not any(isinstance(box, list) for box in boxes):
        boxes = [boxes]  # one needs no list of lists
    if not isinstance(boxes, list):
        boxes = [boxes]
    return tuple(_read_box(box, place, "hide: [[0.8, 0.9, 0.2, 0.1]]") for box in boxes)


def _read_box(value: object, place: str, example: str) -> Box:
    """Return a part of the drawing; of one that reaches beyond it by a rounding, what is in it."""
    texts = value if isinstance(value, list) else []
    if len(texts) != 4 or not all(map(_is_number, texts)):
        raise Problem(
            f"{place}: is no [left, top, width, height] as parts of the whole from 0 to 1; write "
            f"{example} / [左, 上, 幅, 高さ] を、全体を 1 とした 0 から 1 の数で書いてください"
        )
    left, top, width, height = map(float, texts)
    if not (width > 0 and height > 0):
        raise Problem(f"{place}: is empty; write width and height above 0 / 幅と高さがありません")
    if round(left + width, DIGITS) > 1 or round(top + height, DIGITS) > 1:
        raise Problem(
            f"{place}: reaches beyond the drawing; left + width and top + height are at most 1 / "
            "絵の外にはみ出しています。左+幅、上+高さはそれぞれ 1 以下です"
        )
    return left, top, min(width, round(1 - left, DIGITS)), min(height, round(1 - top, DIGITS))


def _is_number(text: object) -> bool:
    return isinstance(text, str) and bool(re.fullmatch(r"[0-9]+(\.[0-9]*)?|\.[0-9]+", text))
