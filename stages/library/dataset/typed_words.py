"""The words that people type, and the tags they mean by them."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain
from pathlib import Path

from stages.library.dataset.captions import underscored
from stages.library.dataset.dictionary import read_dictionary, read_typed, translate

HIRAGANA = range(0x3041, 0x3097)

GAPS = dict.fromkeys(map(ord, " \t\u3000_・"))

TO_HIRAGANA = {code + 0x60: code for code in HIRAGANA} | GAPS

LENGTHS = "ー-〜~"

AS_LARGE = str.maketrans("ぁぃぅぇぉゃゅょゎゕゖ", "あいうえおやゆよわかけ", f"っ{LENGTHS}")

SPARED = re.compile(
    r"(?m)い(?<=[黒白赤青]い)|色[いの]?|の|し(?<=.し)てい?る$|す(?<=.す)る$|お(?<=^お)(?=.)"
)
"""What 黒い靴下, ピンクの髪, 体育座りする and おへそ can do without.

Each begins with a letter of its own: only where one stands is anything tried.
"""

EYES = str.maketrans("瞳眼", "目目")

KANA = re.compile("[\u3041-\u3096ー]+")

JAPANESE = re.compile("[\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d々一-鿿]")

SOUNDS = {
    "(sh|ch|j)e": r"\1ie",
    "sh|sy": "siy",
    "ch|ty": "tiy",
    "ts": "t",
    "j|zy": "ziy",
    "f(?=[aieo])": "hu",
    "f": "h",
    "v(?=[aieo])": "vu",
    "w(?=[ieo])": "u",
    "l": "r",
    "iy?(?=i)|(?<=i)y(?=e)": "",
    "iy": "y",
    "th(?=i)|te(?=i)": "t",
    "dh(?=i)|de(?=i)": "d",
    "m(?=[bp])": "n",
    "ou": "o",
    r"(.)\1+": r"\1",
}
"""From any way to spell romaji to one: shi, si and し are si; long and double sounds are short."""


@dataclass(frozen=True)
class TypedWords:
    """The tags that each word means, likeliest first, under ever more forgiving spellings."""

    exact: Mapping[str, list[str]]

    @cached_property
    def tags(self) -> set[str]:
        """All tags that any word means."""
        return set(chain(*self.exact.values()))

    @cached_property
    def loose(self) -> dict[str, list[str]]:
        return gathered(at_once(loosened, self.exact), self.exact.values())

    @cached_property
    def romaji(self) -> dict[str, list[str]]:
        kana = [word for word in self.exact if KANA.fullmatch(word)]
        return gathered(at_once(romanised, kana), [self.exact[word] for word in kana])


def read_typed_words(folder: Path, tags: Iterable[str] = ()) -> TypedWords:
    """Read the dictionary in `folder` and its synonyms; `tags` are known beside those in them."""
    return typed_words(read_dictionary(folder), read_typed(folder), tags)


def typed_words(
    words: Mapping[str, str], typed: Mapping[str, list[str]], tags: Iterable[str] = ()
) -> TypedWords:
    """Return what the Japanese of tags, words typed for them, and the tags themselves mean.

    >>> find("ﾆｺﾆｺ", typed_words({"smile": "笑顔"}, {"にこにこ": ["smile"]}))
    ['smile']
    """
    known = dict.fromkeys(chain(words, *typed.values(), map(underscored, tags)))
    japanese = {tag: ja for tag in known if (ja := words.get(tag) or translate(tag, words))}
    meanings = [*([tag] for tag in [*known, *japanese]), *typed.values()]
    # the ASCII names of tags by themselves, since those are folded much faster
    said = (known, japanese.values(), typed)
    folded = [word for each in said for word in at_once(folded_word, each)]
    return TypedWords(gathered(folded, meanings))


def at_once(change: Callable[[str], str], words: Collection[str]) -> list[str]:
    """Return some words changed in one text, which takes far less time than one by one."""
    return change("\n".join(words)).split("\n") if words else []


def gathered(words: Iterable[str], meanings: Iterable[list[str]]) -> dict[str, list[str]]:
    """Return all that each word means."""
    found: dict[str, list[str]] = {}
    for word, tags in zip(words, meanings, strict=True):
        found.setdefault(word, []).extend(tags)
    return found


def meant(typed: str, words: TypedWords) -> list[str]:
    """Return the tags that a whole word means, best first; none for the beginning of one."""
    word = folded_word(" ".join(typed.split()))
    if not word:
        return []
    found = [words.exact.get(word, []), words.loose.get(loosened(word), [])]
    if word.isascii() and not found[0]:
        found.append(words.romaji.get(romanised(word), []))
    return list(dict.fromkeys(chain(*found)))


def find(typed: str, words: TypedWords, limit: int = 8) -> list[str]:
    """Return the tags that fit what was typed, best first."""
    word = folded_word(" ".join(typed.split()))
    found = dict.fromkeys(meant(typed, words))
    if word and len(found) < limit:
        holding = [each for each in words.exact if word in each]
        holding.sort(key=lambda each: (not each.startswith(word), len(each)))
        found |= dict.fromkeys(chain(*(words.exact[each] for each in holding)))
    return list(found)[:limit]


def is_japanese(word: str) -> bool:
    """Return whether a word has kana or kanji."""
    return bool(JAPANESE.search(word))


def folded_word(text: str) -> str:
    """Return one word a line so that kana of either kind and any width compare equal.

    >>> [folded_word(word) for word in ("ツイン・テール", "ﾂｲﾝﾃｰﾙ", "Ｔシャツ", "Long hair")]
    ['ついんてーる', 'ついんてーる', 'tしゃつ', 'longhair']
    """
    if text.isascii():  # as most tags are, much faster
        return text.lower().translate(GAPS)
    return unicodedata.normalize("NFKC", text).lower().translate(TO_HIRAGANA)


def loosened(text: str) -> str:
    """Return folded words, one a line, without long vowels and what else they can do without.

    >>> loosened("黒い靴下"), loosened("ぴんくの瞳"), loosened("ついんてーる"), loosened("しゃつ")
    ('黒靴下', 'ぴんく目', 'ついんてる', 'しやつ')
    """
    return SPARED.sub("", text.translate(AS_LARGE)).translate(EYES)


def romanised(text: str) -> str:
    """Return folded words, one a line, in one kind of romaji.

    >>> [romanised(word) for word in ("ついんてーる", "tsuinteeru", "しゃつ", "shatsu")]
    ['tuinteru', 'tuinteru', 'syatu', 'syatu']
    """
    text = text.translate(AS_LARGE).translate(syllables())
    for spelling, sound in SOUNDS.items():
        text = re.sub(spelling, sound, text)
    return text


@cache
def syllables() -> dict[int, str]:
    """Return every hiragana in romaji, as Unicode names it."""
    names = {code: unicodedata.name(chr(code)) for code in HIRAGANA}
    return {code: name.lower().split()[-1] for code, name in names.items()}
