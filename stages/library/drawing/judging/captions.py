"""Which captions are drawn for the judge, and the prompts that they make."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.outputs import files_in, sha256
from stages.library.dataset.captions import (
    FIXED,
    caption_files,
    join,
    pieces,
    read_text,
    underscored,
)
from stages.library.dataset.held_out import number_of
from stages.library.dataset.manifest import Row
from stages.library.drawing.judging.evidence import HELD_OUT, TRAINING, Caption
from stages.library.drawing.subject import NETWORK
from stages.library.params.generate import WEIGHT

SPECIAL = re.compile(r"[\\()\[\]]")
"""Signs that a WebUI reads as brackets of its own, unless a backslash stands before them."""

ESCAPE = re.compile(r"\\(?=[()\[\]])")
"""What a tag editor writes before a bracket; the backslash of a tag such as `\\m/` is its own."""

COMMANDS = re.compile(r"\b(?:AND|BREAK)\b")
"""Words that a WebUI parts a prompt at; in small letters they are the same to a text encoder."""

COMMENT = "#"
"""From here on a WebUI reads no further, and nothing escapes it."""


def folders_of(dataset: Path) -> list[Path]:
    """Return the folders of a dataset in which captions lie."""
    there = sorted(dataset.glob("[!.]*"))  # each for itself: paths are compared far more slowly
    return [folder for folder in there if files_in(folder, "*.txt")]


def source(held_out: Path, dataset: Path) -> tuple[str, list[Path]]:
    """Return whose captions are drawn, and the folders in which they lie.

    Those of drawings that were never trained on, where there are any.

    Raises:
        Problem: there are none at all.
    """
    if folders := folders_of(held_out):
        return HELD_OUT, folders
    if folders := folders_of(dataset):
        return TRAINING, folders
    raise Problem(
        f"{dataset}: holds no pictures with captions, which the judge needs; run dvc repro or dvc "
        "pull, or set judge.captions: 0 in params.yaml / キャプションの付いた絵がありません。"
        "dvc repro か dvc pull を実行するか、params.yaml の judge.captions を 0 にしてください"
    )


def chosen(
    folders: Iterable[Path], rows: Mapping[str, Row], triggers: Iterable[str], most: int
) -> list[Caption]:
    """Return at most so many captions of the drawings in some folders; `rows` says what these are.

    Each drawing has a number, made of its content: those with the smallest are taken. So when
    drawings come or go, or more are held out, hardly any other is taken. Of drawings that make the
    same prompt one is: pictures of it would be the same, and count twice.

    Raises:
        Problem: a caption can't be read.
    """
    meant = {underscored(trigger) for trigger in triggers}
    paired = [path for folder in folders for path in pairs_in(folder)]
    found: dict[str, Caption] = {}
    for path in sorted(paired, key=lambda path: (number_at(path, rows), path.stem)):
        caption = caption_of(path.stem, read_text(path), meant)
        if caption.prompt:
            found.setdefault(caption.prompt, caption)
        if len(found) == most:
            break
    return list(found.values())


def pairs_in(folder: Path) -> list[Path]:
    """Return the captions in a folder that lie beside a picture."""
    pictures = {path.stem for path in files_in(folder, "*.png")}
    return [path for path in caption_files(folder) if path.stem in pictures]


def number_at(caption: Path, rows: Mapping[str, Row]) -> float:
    """Return the number of the drawing that a caption is of."""
    row = rows.get(caption.stem)
    return number_of([row.sha256 if row else sha256(caption.with_suffix(".png"))])


def caption_of(drawing: str, text: str, triggers: Iterable[str]) -> Caption:
    r"""Return a drawing's caption, and the prompt for what the trainer got of it: its first line.

    `triggers` are underscored.

    >>> caption = caption_of("img001", "nasu, miku (cosplay)\nnasu, She waits.\n", ["nasu"])
    >>> print(caption.prompt, caption.tags)
    nasu, miku \(cosplay\) ['miku_(cosplay)']
    """
    line = next((line for line in text.splitlines() if line.strip()), "")
    plain = COMMANDS.sub(lambda word: word[0].lower(), NETWORK.sub("", line.replace(FIXED, ",")))
    told = [" ".join(piece.split()) for piece in pieces(plain) if COMMENT not in piece]
    tags = [underscored(ESCAPE.sub("", piece)) for piece in told]
    return Caption(
        drawing=drawing,
        prompt=joined(SPECIAL.sub(r"\\\g<0>", piece) for piece in told),
        tags=list(dict.fromkeys(tag for tag in tags if tag not in set(triggers))),
    )


def without_triggers(prompt: str, triggers: Iterable[str]) -> str:
    r"""Return a caption's prompt without what calls up the LoRA.

    >>> without_triggers(r"nasu, 1girl, miku \(cosplay\)", ["nasu"])
    '1girl, miku \\(cosplay\\)'
    """
    meant = {underscored(trigger) for trigger in triggers}
    return joined(
        each for each in pieces(prompt) if underscored(each.replace("\\", "")) not in meant
    )


def joined(told: Iterable[str]) -> str:
    """Return the prompt of what is told; with a comma behind it where its end would be a weight.

    >>> joined(["cat", ":3"]), joined([":3", "cat"])
    ('cat, :3,', ':3, cat')
    """
    prompt = join(list(told))
    return f"{prompt}," if WEIGHT.search(prompt) else prompt
