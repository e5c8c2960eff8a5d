"""A caption as a hand left it, and what it says that was not written."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from stages.library.common.faults import named
from stages.library.common.values import LONGEST_TAG
from stages.library.dataset.captions import (
    each_line,
    is_prose,
    join,
    parted,
    split,
    underscored,
    with_tag_first,
    with_trigger,
    without_trigger,
)
from stages.library.dataset.edits import Edit, Edits, learned, matched
from stages.library.dataset.edits_file import is_caption, is_tag
from stages.library.dataset.manifest import USED, Row
from stages.library.dataset.typed import respelled, typed_tags
from stages.library.dataset.typed_words import TypedWords, is_japanese, meant
from stages.library.dataset.written import Written

MOST = 3
"""Tags that a word may mean, of which a message tells."""

TOGETHER = 3
"""Known tags in a row that were surely meant as so many; two may be one new tag: holding eggplant.
"""


@dataclass(frozen=True)
class Typed:
    """A caption file that a hand changed, and what had been written there."""

    path: Path
    entry: Written
    text: str

    @property
    def trigger(self) -> str:
        """The tag that stood first; '' if there was none."""
        return next(iter(split(parted(self.entry.text)[0])), "")

    @property
    def before(self) -> list[str]:
        """The tags that had been written, without trigger."""
        return split(parted(self.entry.text)[0])[1:]

    @property
    def after(self) -> list[str]:
        """The tags that are there, spelled as they were, without trigger, wherever it is."""
        written = split(parted(self.entry.text)[0])
        tags = respelled(typed_tags(parted(self.text)[0]), written)
        return [tag for tag in tags if underscored(tag) != underscored(self.trigger)]

    @property
    def doubtful(self) -> list[str]:
        """The new tags in Japanese, or with blanks; none of a whole caption."""
        before = {underscored(tag) for tag in self.before}
        new = [] if self.whole else [tag for tag in self.after if underscored(tag) not in before]
        return [tag for tag in new if is_japanese(tag) or tag.count(" ") >= TOGETHER - 1]

    @property
    def sentence(self) -> str:
        """The sentence below the tags, without trigger; '' if there is none."""
        return without_trigger(parted(self.text)[1], self.trigger)

    @property
    def had_sentence(self) -> str:
        """The sentence that had been written there."""
        return without_trigger(parted(self.entry.text)[1], self.trigger)

    @property
    def unchanged(self) -> bool:
        """Whether it differs from what had been written in spelling alone."""
        return self.before == self.after and self.had_sentence == self.sentence

    @property
    def whole(self) -> str:
        """The caption as it is, without trigger; '' of a list of tags, a sentence below or not."""
        if self.sentence or not is_prose(self.text):
            return ""
        lines = (without_trigger(line, self.trigger) for line in self.text.splitlines())
        return "\n".join(filter(None, lines))

    @property
    def empty(self) -> bool:
        return not (self.after or self.whole or self.sentence)

    def same_as(self, other: "Typed") -> bool:
        """Return whether another caption says the same."""
        said = (self.whole, self.sentence, self.after)
        return said == (other.whole, other.sentence, other.after)

    def with_trigger(self) -> str:
        """Return the text with the trigger put first, if it isn't."""
        lines = [typed_tags(line) for line in self.text.splitlines() if line.strip()]
        first = lines if self.sentence else lines[:1]
        if not self.trigger or (first and all(tags[:1] == [self.trigger] for tags in first)):
            return self.text
        if self.whole or self.sentence:
            return each_line(self.text, lambda line: with_trigger(line, self.trigger))
        return join(with_tag_first(typed_tags(self.text), self.trigger)) + "\n"


def corrected(
    edits: Edits, written: dict[str, Written], typed: Typed, in_order: bool = False
) -> Edits:
    """Return `edits` with what a hand changed in one caption; its tags `in_order` if that matters.

    The trigger tag, first in what was written, is no correction, wherever a hand put it. Neither is
    another spelling. A caption that is more than a list of tags is kept whole.
    """
    source, key = typed.entry.source, typed.entry.drawing
    rows = [Row(stem, e.source, e.drawing, 0, 0, USED, "") for stem, e in written.items()]
    in_force, _ = matched(edits, rows)  # perhaps under the key that the drawing had before
    edit = in_force.get(typed.path.stem, Edit(source))
    if typed.whole or edit.caption:
        whole = typed.whole or join(typed.after)
        learnt = Edit(source, caption=whole, sentence=typed.sentence)
    elif typed.unchanged:
        return edits
    else:
        learnt = edit
        if typed.before != typed.after:
            learnt = learned(typed.before, typed.after, edit)
            learnt = replace(learnt, order=typed.after) if in_order else learnt
        learnt = replace(learnt, source=source, sentence=typed.sentence)
    return {**edits, key: learnt} if not learnt.empty or key in edits else edits


def difference(before: list[str], after: list[str]) -> str:
    """Return in one line what changed between two captions.

    >>> difference(["a", "b"], ["b", "c"])
    '-a +c'
    """
    signs = [f"-{tag}" for tag in before if tag not in after] + [
        f"+{tag}" for tag in after if tag not in before
    ]
    return " ".join(signs) or "order"


def changed_twice(typed: Iterable[Typed]) -> dict[Path, Path]:
    """Return the captions of one picture that say different things, each with its other."""
    first: dict[str, Typed] = {}
    found: dict[Path, Path] = {}
    for one in typed:
        other = first.setdefault(one.path.stem, one)
        if not one.same_as(other):
            found |= {one.path: other.path, other.path: one.path}
    return found


def why_no_caption(text: str) -> str:
    """Return why a text can't become a correction, and what to do; else ''."""
    if is_prose(text) and not parted(text)[1]:
        fits = is_caption("\n".join(text.strip().splitlines()))
        return "" if fits else "is too long for a caption, or has an invisible sign; type it anew"
    if not is_caption(parted(text)[1] or "-"):
        return "has a sentence that is too long, or has an invisible sign; type it anew"
    odd = [tag for tag in typed_tags(parted(text)[0]) if not is_tag(tag)]
    if odd and len(odd[0]) > LONGEST_TAG:
        return f"holds a tag of more than {LONGEST_TAG} characters; put commas between tags"
    return f"holds {odd[0]!r}, a full-width space or an invisible sign; type it anew" if odd else ""


def why_no_tags(doubtful: list[str], words: TypedWords) -> str:
    """Return that words are no tags, with what they may mean; '' if all are.

    >>> from stages.library.dataset.typed_words import typed_words
    >>> print(why_no_tags(["笑顔"], typed_words({"smile": "笑顔"}, {})))
    笑顔: did you mean smile? write that / 笑顔: smile のことですか? タグで書いてください
    >>> print(why_no_tags(["謎"], typed_words({"smile": "笑顔"}, {})))
    謎: no tag is known for it; write one / 謎: タグが見つかりません。タグで書いてください
    """
    japanese = [word for word in doubtful if is_japanese(word)]
    known = {word: meant(word, words)[:MOST] for word in japanese}
    none = {word: tags for word, tags in known.items() if underscored(word) not in tags}
    english = [
        f"{word}: did you mean {' or '.join(tags)}? write that"
        if tags
        else f"{word}: no tag is known for it; write one"
        for word, tags in none.items()
    ]
    said = [
        f"{word}: {' か '.join(tags)} のことですか? " if tags else f"{word}: タグが見つかりません。"
        for word, tags in none.items()
    ]
    asked = f"{', '.join(english)} / {''.join(said)}タグで書いてください" if none else ""
    lists = [", ".join(tags) for word in doubtful if (tags := run_together(word, words))]
    if lists:
        asked += ("; " if asked else "") + (
            f"did you mean {' and '.join(lists)}? put commas between tags / タグのあいだを "
            "「,」で区切ってください"
        )
    return asked


def run_together(typed: str, words: TypedWords) -> list[str]:
    """Return the tags of a list without commas; none of a tag, or of what else is no such list.

    >>> from stages.library.dataset.typed_words import typed_words
    >>> words = typed_words(dict.fromkeys(["1girl", "solo", "long_hair"], ""), {})
    >>> run_together("1girl solo long hair", words)
    ['1girl', 'solo', 'long hair']
    >>> run_together("1girl solo with a friend", words)
    []
    """
    left, found = typed.split(), []
    if meant(typed, words):
        return []
    while left:
        ends = range(len(left), 0, -1)
        tags = (end for end in ends if underscored(" ".join(left[:end])) in words.tags)
        if not (end := next(tags, 0)):
            return []
        found.append(" ".join(left[:end]))
        left = left[end:]
    return found if len(found) >= TOGETHER else []


def text_in(path: Path) -> str | None:
    """Return what a file holds; None if that is not UTF-8, as of a picture."""
    with named(path):
        content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
