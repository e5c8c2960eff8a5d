"""Caption files: one line of tags joined by `, `, UTF-8."""

import os
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

from stages.library.common.disk import is_lost
from stages.library.common.errors import Problem
from stages.library.common.faults import named
from stages.library.common.links import refuse_links_out
from stages.library.common.values import COMMAS

KAOMOJI = frozenset(
    [
        *("0_0", "(o)_(o)", "+_+", "+_-", "._.", "<o>_<o>", "<|>_<|>", "=_=", ">_<", "3_3"),
        *("6_9", ">_o", "@_@", "^_^", "o_o", "u_u", "x_x", "|_|", "||_||"),
    ]
)
"""Tags whose underscores are part of a face and never become spaces (the WD14 authors' list)."""

JP_SUFFIX = "_jp.txt"


FIXED = "|||"
"""What stands before it in a caption is never shuffled (sd-scripts, keep_tokens_separator)."""

STOP = r"\w{2,}[.!?]$|\w{3,}[.!?]\s"
"""The end of a sentence, which `dr. stone` and `!?` have not."""

MOST_WORDS = 7
"""Words of a tag; a sentence has more, or ends like one."""


def pieces(line: str) -> list[str]:
    """Return what commas separate in a caption line, in order.

    >>> pieces("1girl, smile,, 1girl ,blue_eyes")
    ['1girl', 'smile', '1girl', 'blue_eyes']
    """
    return [piece for part in line.split(",") if (piece := part.strip())]


def split(line: str) -> list[str]:
    """Return the tags of a caption line, in order, each once.

    >>> split("1girl, smile,, 1girl ,blue_eyes")
    ['1girl', 'smile', 'blue_eyes']
    """
    return list(dict.fromkeys(pieces(line)))


def is_prose(text: str) -> bool:
    """Return whether a caption is more than a list of tags, and to be kept as it is written.

    It has a sentence, several lines of which a trainer takes one, or a part that is not shuffled.

    >>> [is_prose(text) for text in ("1girl, what?, :d", "A girl, she waits here.", "a, b ||| c")]
    [False, True, True]
    """
    lines = text.strip().splitlines()
    parts = pieces(re.sub(f"[{COMMAS}]", ",", text))
    return len(lines) > 1 or FIXED in text or any(map(_is_sentence, parts))


def _is_sentence(piece: str) -> bool:
    words = len(piece.split())
    return "。" in piece or words > MOST_WORDS or (words > 2 and bool(re.search(STOP, piece)))


def is_sentence(line: str) -> bool:
    """Return whether a line can be the sentence below a caption's tags.

    >>> [is_sentence(line) for line in ("She waits.", "少女がいる。", "1girl, dr. stone", "?")]
    [True, True, False, False]
    """
    return is_prose(line) or bool(re.search(r"\s\S*\w[.!?]$|[。！？]$", line.strip()))


def parted(text: str) -> tuple[str, str]:
    r"""Return a caption's tags and the sentence below them; '' if there is no such sentence.

    >>> parted("nasu, hat\nnasu, She waits here.\n"), parted("nasu, hat\n")
    (('nasu, hat', 'nasu, She waits here.'), ('nasu, hat\n', ''))
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) == 2 and not is_prose(lines[0]) and is_sentence(lines[1]):
        return lines[0], lines[1]
    return text, ""


def lines(text: str) -> list[list[str]]:
    r"""Return what a trainer reads of a caption: its tags, and the pieces of the sentence below.

    >>> lines("nasu, hat\nnasu, She waits here.\n"), lines("nasu, hat\n")
    ([['nasu', 'hat'], ['nasu', 'She waits here.']], [['nasu', 'hat']])
    """
    return [split(part) for part in parted(text) if part]


def join(tags: list[str]) -> str:
    """Return the caption line of `tags`."""
    return ", ".join(tags)


@lru_cache(100_000)  # of a thousand captions nearly all tags come again
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


def renamed(
    exclude: Iterable[str], replace: Iterable[tuple[str, str]]
) -> Callable[[str], str | None]:
    """Return what tells the name that a tag is written by; None for one that is excluded.

    An excluded tag is not written in place of another either.
    """
    excluded = {underscored(tag) for tag in exclude}
    replacements = {underscored(old): new.replace(" ", "_") for old, new in replace}

    def name_of(tag: str) -> str | None:
        key = underscored(tag)
        name = replacements.get(key, key)
        return None if {key, underscored(name)} & excluded else name

    return name_of


def categories_of(
    tags: Iterable[str],
    categories: Iterable[int],
    exclude: Iterable[str],
    replace: Iterable[tuple[str, str]],
) -> dict[str, int]:
    """Return the categories of tags by the names that they are written by, underscored.

    >>> categories_of(["1girl", "Miku", "solo"], [0, 4, 0], ["solo"], [("miku", "Nasu")])
    {'1girl': 0, 'nasu': 4}
    """
    name_of, found = renamed(exclude, replace), dict[str, int]()
    for tag, category in zip(tags, categories, strict=True):
        if (name := name_of(tag)) is not None:
            found.setdefault(underscored(name), category)
    return found


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


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, its line endings as they are."""
    path.write_bytes(text.encode("utf-8"))


def each_line(text: str, change: Callable[[str], str]) -> str:
    r"""Return `text` with `change` applied to every line, line endings kept.

    An empty file counts as one empty line: a picture without tags still gets its trigger.

    >>> each_line("a, b\r\n", str.upper)
    'A, B\r\n'
    """
    found = re.split(r"(\r\n|\r|\n)", text)
    lines, endings = found[::2], [*found[1::2], ""]
    if len(lines) > 1 and not lines[-1]:
        lines, endings = lines[:-1], endings[:-1]
    return "".join(change(line) + ending for line, ending in zip(lines, endings, strict=True))


def caption_files(folder: Path, exclude_jp: bool = False, ours: bool = True) -> list[Path]:
    """Return the `.txt` files of `folder`, sorted.

    One of `ours` is never without even a line end, but after a power cut.

    Raises:
        Problem: there is none, one of `ours` is empty, or a link that leads out of the folder.
    """
    if not folder.is_dir():
        raise Problem(f"{folder}: no such folder; run the stage before this one first")
    names = (entry.name for entry in os.scandir(folder) if entry.name.endswith(".txt"))
    paths = [folder / name for name in sorted(names) if not name.startswith(".")]
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
    name = underscored(trigger)
    return [trigger, *(tag for tag in tags if underscored(tag) != name)]


def with_trigger(line: str, trigger: str) -> str:
    """Return a caption line with `trigger` first; more than a list of tags is left as it is.

    >>> with_trigger("1girl,smile, 1girl", "nasu"), with_trigger("A girl,she waits here.", "nasu")
    ('nasu, 1girl, smile', 'nasu, A girl,she waits here.')
    """
    if not is_prose(line):
        return join(with_tag_first(split(line), trigger))
    line = without_trigger(line, trigger)
    if any(underscored(piece) == underscored(trigger) for piece in pieces(line)):
        return join(with_tag_first(pieces(line), trigger))
    return join([trigger, line])


def without_trigger(line: str, trigger: str) -> str:
    """Return a caption line without the `trigger` at its head, and all else as it is.

    >>> without_trigger("nasu, A girl,she waits.", "nasu"), without_trigger("A girl.", "nasu")
    ('A girl,she waits.', 'A girl.')
    """
    first, _, rest = line.strip().partition(",")
    return rest.strip() if underscored(first) == underscored(trigger) else line.strip()
