"""Caption files: one line of tags joined by `, `, UTF-8."""

import re
from collections.abc import Callable
from pathlib import Path

from stages.library.common.disk import is_lost
from stages.library.common.errors import Problem
from stages.library.common.faults import named
from stages.library.common.links import refuse_links_out

KAOMOJI = frozenset(
    [
        *("0_0", "(o)_(o)", "+_+", "+_-", "._.", "<o>_<o>", "<|>_<|>", "=_=", ">_<", "3_3"),
        *("6_9", ">_o", "@_@", "^_^", "o_o", "u_u", "x_x", "|_|", "||_||"),
    ]
)
"""Tags whose underscores are part of a face and never become spaces (the WD14 authors' list)."""

JP_SUFFIX = "_jp.txt"


def split(line: str) -> list[str]:
    """Return the tags of a caption line, in order, each once.

    >>> split("1girl, smile,, 1girl ,blue_eyes")
    ['1girl', 'smile', 'blue_eyes']
    """
    return list(dict.fromkeys(tag.strip() for tag in line.split(",") if tag.strip()))


def join(tags: list[str]) -> str:
    """Return the caption line of `tags`."""
    return ", ".join(tags)


def underscored(tag: str) -> str:
    """Return the tag as Danbooru writes it: the form in which tags are compared.

    >>> underscored("Long hair")
    'long_hair'
    """
    return tag.strip().lower().replace(" ", "_")


def spaced(tag: str) -> str:
    """Return the tag with spaces for underscores, faces as they are.

    >>> [spaced(tag) for tag in ["long_hair", "<o>_<o>"]]
    ['long hair', '<o>_<o>']
    """
    return tag if tag in KAOMOJI else tag.replace("_", " ")


def read_text(path: Path) -> str:
    """Return a caption file's text with its line endings, without a byte order mark.

    Raises:
        Problem: the file is not UTF-8, or the machine can't read it.
    """
    try:
        with named(path):
            return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Problem(f"{path}: is not UTF-8; save it again as UTF-8") from None


def read_tags(path: Path) -> list[str]:
    """Return the tags of a caption file."""
    return tags_of(read_text(path))


def tags_of(text: str) -> list[str]:
    """Return the tags of a caption; line breaks separate tags too."""
    return split(re.sub(r"[\r\n]", ",", text))


def write_tags(path: Path, tags: list[str]) -> None:
    """Write a caption file of one line."""
    write_text(path, join(tags) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, its line endings as they are."""
    path.write_bytes(text.encode("utf-8"))


def each_line(text: str, change: Callable[[list[str]], list[str]]) -> str:
    r"""Return `text` with `change` applied to the tags of every line, line endings kept.

    An empty file counts as one empty line: a picture without tags still gets its trigger.

    >>> each_line("a, b\r\n", lambda tags: tags[::-1])
    'b, a\r\n'
    """
    pieces = re.split(r"(\r\n|\r|\n)", text)
    lines, endings = pieces[::2], [*pieces[1::2], ""]
    if len(lines) > 1 and not lines[-1]:
        lines, endings = lines[:-1], endings[:-1]
    return "".join(
        join(change(split(line))) + ending for line, ending in zip(lines, endings, strict=True)
    )


def caption_files(folder: Path, exclude_jp: bool = False, ours: bool = True) -> list[Path]:
    """Return the `.txt` files of `folder`, sorted.

    One of `ours` is never without even a line end, but after a power cut.

    Raises:
        Problem: there is none, one of `ours` is empty, or a link that leads out of the folder.
    """
    if not folder.is_dir():
        raise Problem(f"{folder}: no such folder; run the stage before this one first")
    paths = sorted(path for path in folder.glob("*.txt") if not path.name.startswith("."))
    if exclude_jp:
        paths = [path for path in paths if not path.name.endswith(JP_SUFFIX)]
    if not paths:
        raise Problem(f"{folder}: holds no caption (.txt); run the stage before this one first")
    refuse_links_out(paths)
    if ours and (lost := next((path for path in paths if is_lost(path)), None)):
        raise Problem(
            f"{lost}: is empty, as a power cut leaves files; python -m tools.doctor --mend, then "
            "dvc repro (a caption without tags is an empty line) / 停電などでファイルが空に"
            "なっています。python -m tools.doctor --mend のあと dvc repro を実行してください"
        )
    return paths


def with_tag_first(tags: list[str], trigger: str) -> list[str]:
    """Return `tags` with `trigger` first and, in whatever spelling, nowhere else.

    >>> with_tag_first(["1girl", "nasumiso style", "smile"], "nasumiso_style")
    ['nasumiso_style', '1girl', 'smile']
    """
    return [trigger, *(tag for tag in tags if underscored(tag) != underscored(trigger))]
