"""Take the captions that came along beside the drawings: hero.txt beside hero.png."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.foreign import shown
from stages.library.common.unchanged import seen
from stages.library.dataset.captions import is_sentence, parted
from stages.library.dataset.edits_file import read_edits
from stages.library.dataset.edits_text import write_edits
from tools.corrections.places import place
from tools.corrections.save import asked, known_words, tell
from tools.corrections.typed import Typed, corrected, text_in, why_no_caption

ENDINGS = (".txt", ".caption")


def beside(folder: Path, source: str) -> Path | None:
    """Return the caption of a drawing, as hero.txt or hero.png.txt; None if there is none."""
    drawing = folder / source
    for path in (drawing, drawing.with_suffix("")):
        for ending in ENDINGS:
            if (found := path.with_name(path.name + ending)).is_file():
                return found
    return None


def below(typed: Typed) -> Typed:
    """Return a caption in words as the sentence below the tags that are there already."""
    if not typed.whole:
        return typed
    tags, _ = parted(typed.entry.text)
    sentence = " ".join(typed.whole.split())
    ended = sentence if is_sentence(sentence) else f"{sentence}."
    return replace(typed, text=f"{tags.strip()}\n{ended}\n")


def take_captions(folder: Path, data: Path, as_written: bool, sentences: bool) -> None:
    """Turn the captions in a folder of drawings into corrections of the drawings' pictures.

    What may be no tags, as words in Japanese, is taken only `as_written`. With `sentences` those
    in words stand below the tagger's tags instead of in their place.

    Raises:
        Problem: there is none, or none of the pipeline's captions to compare with.
        Problem: one can't be kept; the others are.
        Problem: edits.yaml, or one of the captions, was changed meanwhile.
    """
    if not folder.is_dir():
        raise Problem(f"{shown(folder)}: no such folder; name that of your drawings")
    written = place(data, "tagged").written
    if not written:
        raise Problem(f"{data / 'tagged'}: there is no dataset yet; run dvc repro first")
    found = {
        stem: path for stem, entry in written.items() if (path := beside(folder, entry.source))
    }
    if not found:
        raise Problem(
            f"{folder}: holds no caption beside a drawing of the dataset, as hero.txt beside "
            "hero.png / 絵と同じ名前のキャプション(.txt)がありません"
        )
    read = seen(data / "edits.yaml", *found.values())
    words = cache(lambda: known_words(data))
    before = edits = read_edits(data / "edits.yaml")
    left, taken = [], 0
    for stem, path in found.items():
        text = text_in(path)
        if why := "is not UTF-8; save it again as UTF-8" if text is None else why_no_caption(text):
            left.append(f"{shown(path)} {why}")
            continue
        typed = Typed(path.with_stem(stem), written[stem], text or "")
        typed = below(typed) if sentences else typed
        if typed.empty:
            left.append(f"{shown(path)} holds no tags")
            continue
        if not as_written and (why := asked(typed, words, f"import {shown(folder)}")):
            left.append(f"{shown(path)} {why}")
            continue
        was, edits = edits, corrected(edits, written, typed, in_order=True)
        if edits != was:
            tell(replace(typed, path=path))
            taken += 1
    if edits != before:
        write_edits(data / "edits.yaml", edits, read.look_again)
    print(f"corrections: {taken} of {len(found)} captions taken; now run: dvc repro")
    if left:
        raise Problem("\n  ".join(["these can't be taken:", *left]))
