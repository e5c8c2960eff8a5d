"""Keep what was changed by hand in data/tagged and data/dataset as corrections."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.foreign import shown
from stages.library.common.outputs import write_atomically
from stages.library.common.unchanged import seen
from stages.library.dataset.edits import Edit, Edits
from stages.library.dataset.edits_file import read_edits
from stages.library.dataset.edits_text import write_edits
from stages.library.dataset.manual_edits import SHOWN, told_deleted, told_lost
from stages.library.dataset.typed_words import TypedWords, read_typed_words
from stages.library.dataset.written import Written, write_written
from stages.library.tagging.scores import read_scores
from tools.corrections.places import Place, between, places, why_not_kept
from tools.corrections.typed import (
    Typed,
    changed_twice,
    corrected,
    difference,
    text_in,
    why_no_caption,
    why_no_tags,
)

SPELLING = (
    "differ in spelling alone, which is no correction: caption.underscores in params.yaml says how "
    "tags are written / 表記だけの違いは手直しになりません。表記は params.yaml の "
    "caption.underscores で選べます"
)
EMPTIED = (
    "holds no tag any more; if that is meant: python -m tools.corrections save --emptied / "
    "タグがひとつもありません。そのままでよければ --emptied を付けてください"
)
LINES = (
    "    of its lines a trainer takes the first, or any with enable_wildcard / 複数行のまま"
    "残します。学習に使われるのは 1 行目だけです(enable_wildcard を使えばどれか 1 行)"
)
SENTENCE = (
    "    kept as a second line: with train.enable_wildcard: true a trainer takes one of the two "
    "each time, else the tags alone / 2 行目として残します。学習に使うには train.enable_wildcard: "
    "true にします"
)
LEADS_NOWHERE = (
    "is only between two stages: give python -m tools.corrections discard {path}, and make the "
    "change in data/tagged (or in the drawing) instead / 途中のファイルです。上のコマンドで捨て、"
    "data/tagged(絵は元の絵)を直してください"
)


@dataclass(frozen=True)
class Hand:
    """What was changed by hand: what can be learned from, each with its place, and what can't."""

    typed: list[tuple[Place, Typed]]
    left: list[str]


@dataclass(frozen=True)
class Learnt:
    """What is to be written, and how many captions differ in spelling alone."""

    edits: Edits
    records: dict[Path, dict[str, Written]]
    texts: dict[Path, str]  # of captions whose trigger stood elsewhere
    alike: int


def sort(found: list[Place], emptied: bool, words: Callable[[], TypedWords] | None) -> Hand:
    """Return what can be kept, and what can't, with the reason; an empty caption if `emptied`.

    Of what may be no tags `words` know what it means; without them it is kept as it is.
    """
    typed, left = [], []
    for place in found:
        for path in place.hand:
            why = why_not_kept(path, place)
            text = "" if why else text_in(path)
            if text is None:
                why = "is not UTF-8; save it again as UTF-8 / 文字コードを UTF-8 にしてください"
            why = why or why_no_caption(text or "")
            one = None if why else Typed(path, place.written[path.stem], text or "")
            if one and one.before and one.empty and not emptied:
                why = EMPTIED
            if one and not why and words:
                why = asked(one, words, "save")
            if one and not why:
                typed.append((place, one))
            else:
                left.append(f"{shown(path)} {why}")
    twice = changed_twice(one for _, one in typed)
    left += [
        f"{shown(one.path)} ({said(one)}) is changed in another way than {twice[one.path]}; make "
        "them alike, or discard / 同じ絵のタグが 2 か所で違う直し方になっています。揃えてください"
        for _, one in typed
        if one.path in twice
    ]
    return Hand([each for each in typed if each[1].path not in twice], left)


def asked(typed: Typed, words: Callable[[], TypedWords], action: str) -> str:
    """Return what to ask of what may be no tags in a caption; '' if there is nothing."""
    why = why_no_tags(typed.doubtful, words()) if typed.doubtful else ""
    return why and (
        f"{why} (to keep the words as they are: python -m tools.corrections {action} --as-written "
        "/ このまま残すなら --as-written を付けてください)"
    )


def known_words(data: Path) -> TypedWords:
    """Return what people type for the tags that there are: the tagger's and the dictionary's."""
    scores = data / "scores.npz"
    models = read_scores(scores) if scores.is_file() else []
    tags = [tag for model in models for tag in model.tags]
    return read_typed_words(data / "dictionary", tags)


def save(data: Path, emptied: bool, as_written: bool) -> None:
    """Turn captions changed by hand into entries of edits.yaml, and show them.

    What may be no tags, as words in Japanese, is kept only `as_written`.

    Raises:
        Problem: a file changed by hand can't be kept that way; the others are.
        Problem: one, or edits.yaml, was changed meanwhile; saved again, all are kept.
    """
    found = places(data)
    stamps = {path: seen(path) for place in found for path in place.hand}
    read = seen(data / "edits.yaml", *stamps)
    edits = read_edits(data / "edits.yaml")
    for place in found:
        if place.lost:
            print(told_lost(place.lost), file=sys.stderr)
        if place.deleted:
            print(told_deleted(place.deleted, place.written), file=sys.stderr)
    words = None if as_written else cache(lambda: known_words(data))
    hand = sort(found, emptied, words)
    learnt = learn(hand, edits, found)
    if hand.typed:
        # before the records: nothing is lost in between
        write_edits(data / "edits.yaml", learnt.edits, read.look_again)
        for path, text in learnt.texts.items():
            write_atomically(path, text.encode(), stamps[path].look_again)
        for record, written in learnt.records.items():
            if written:
                write_written(record, written)
    if learnt.alike:
        print(f"corrections: {learnt.alike} captions {SPELLING}")
    if kept := len(hand.typed) - learnt.alike:
        print(f"corrections: {kept} captions kept in {data / 'edits.yaml'}")
    left = [
        *hand.left,
        *(f"{shown(path)} {LEADS_NOWHERE.format(path=path)}" for path in between(data)),
    ]
    if not hand.typed and not left:
        print("corrections: nothing was changed by hand")
    if len(left) > SHOWN:
        left[SHOWN:] = [f"… and {len(left) - SHOWN} more"]
    if left:
        raise Problem("\n  ".join(["these can't be kept as corrections:", *left]))
    if hand.typed:
        print("now run: dvc repro")


def learn(hand: Hand, edits: Edits, found: list[Place]) -> Learnt:
    """Return what the captions say, and print it."""
    records = {place.record: dict(place.written) for place in found}
    texts, alike, moved = {}, 0, False
    for place, typed in hand.typed:
        before, edits = edits, corrected(edits, place.written, typed)
        text = typed.with_trigger()
        if edits == before and text == typed.text and typed.unchanged:
            alike += 1
        else:
            tell(typed)
            moved |= to_the_front(typed, edits)
        if text != typed.text:
            print(
                f"    {typed.trigger} stays first: it is the trigger, of common_tag in params.yaml"
            )
            texts[typed.path] = text
        records[place.record][typed.path.stem] = replace(typed.entry, text=text)
    if moved:
        print("  tags added at the end go to the front, where training cuts none off")
    return Learnt(edits, records, texts, alike)


def said(typed: Typed) -> str:
    """Return in words what a caption says otherwise."""
    if typed.whole:
        return "the whole caption, as it is written"
    tags = "" if typed.before == typed.after else difference(typed.before, typed.after)
    sentence = typed.sentence or "none any more"
    below = "" if typed.sentence == typed.had_sentence else f"sentence: {shown(sentence)}"
    return " ".join(filter(None, (tags, below))) or "order"


def to_the_front(typed: Typed, edits: Edits) -> bool:
    """Return whether a tag that was added at the end is written in front."""
    learnt = edits.get(typed.entry.drawing, Edit(""))
    return not learnt.order and bool(typed.after) and typed.after[-1] in learnt.add


def tell(typed: Typed) -> None:
    """Print what was changed in a caption."""
    print(f"  {shown(typed.path)} ({shown(typed.entry.source)}): {said(typed)}")
    if "\n" in typed.whole:
        print(LINES)
    if typed.sentence and typed.sentence != typed.had_sentence:
        print(SENTENCE)
