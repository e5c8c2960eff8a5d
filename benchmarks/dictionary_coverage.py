"""Measure data/dictionary against selected_tags.csv lists: coverage, collisions, odd letters.

With --typed also how many words that people type find their tag. How long it takes is told in
seconds of this process, the best of a few, so that other work on the machine adds little.
"""

import argparse
import csv
import re
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from stages.library.dataset.dictionary import is_sign, read_dictionary, read_typed, translate
from stages.library.dataset.typed_words import (
    TypedWords,
    find,
    read_typed_words,
    typed_words,
)

GENERAL = "0"
FREQUENT = 3000
FIRST = 3
CAPTIONS, TAGS = 1000, 25
TIMES = 7
LATIN = re.compile("[A-Za-zＡ-Ｚａ-ｚ]")


def read_counts(lists: Sequence[Path]) -> dict[str, int]:
    """General tags and their highest count in any list, the most frequent first."""
    counts: dict[str, int] = {}
    for path in lists:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["category"] == GENERAL:
                    counts[row["name"]] = max(counts.get(row["name"], 0), int(row["count"]))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def collisions(translations: Mapping[str, str]) -> dict[str, list[str]]:
    """Japanese texts that stand for more than one tag."""
    tags = defaultdict(list)
    for tag, ja in translations.items():
        tags[ja].append(tag)
    return {ja: sharing for ja, sharing in tags.items() if len(sharing) > 1}


def is_japanese(text: str) -> bool:
    """Whether every letter is in the Windows Japanese set, which lacks the Chinese forms."""
    try:
        text.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True


def report(counts: Mapping[str, int], words: Mapping[str, str]) -> list[str]:
    """The lines to print."""
    found = {tag: ja for tag in counts if (ja := translate(tag, words)) is not None}
    texts = {tag: ja for tag, ja in found.items() if not is_sign(tag)}
    frequent = list(counts)[:FREQUENT]
    occurrences = sum(counts.values())
    shared = collisions(found)
    foreign = {tag: ja for tag, ja in {**texts, **words}.items() if not is_japanese(ja)}
    latin = {tag: ja for tag, ja in {**texts, **words}.items() if LATIN.search(ja)}
    return [
        f"rows: {len(words)}; by rule or sign: {len(found.keys() - words.keys())}",
        f"names: {len(found)} of {len(counts)} ({len(found) / len(counts):.2%})",
        f"occurrences: {sum(counts[tag] for tag in found) / occurrences:.2%}",
        f"most frequent {len(frequent)}: {len(found.keys() & set(frequent))}",
        f"collisions: {len(shared)}",
        *(f"  {ja}: {' '.join(tags)}" for ja, tags in shared.items()),
        f"letters that Japanese does not use: {len(foreign)}",
        *(f"  {tag}: {ja}" for tag, ja in foreign.items()),
        f"Latin letters: {len(latin)}",
        *(f"  {tag}: {ja}" for tag, ja in latin.items()),
    ]


def read_wanted(path: Path) -> list[tuple[str, set[str]]]:
    """Words that were typed, each with the tags that would do; none if it is no tag."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [(row["typed"], set(filter(None, (row["wanted"] or "").split("|")))) for row in rows]


def typed_report(wanted: Sequence[tuple[str, set[str]]], known: TypedWords) -> list[str]:
    """The lines to print of words that were typed."""
    found = [(word, tags, find(word, known, FIRST)) for word, tags in wanted]
    missed = [
        f"  {word}: {' '.join(given) or 'nothing'}, not {' or '.join(sorted(tags)) or 'nothing'}"
        for word, tags, given in found
        if not (tags & set(given) if tags else not given)
    ]
    hits = len(found) - len(missed)
    share = hits / max(1, len(found))
    return [f"typed words: {hits} of {len(found)} in the first {FIRST} ({share:.1%})", *missed]


def seconds(folder: Path, tags: Sequence[str]) -> tuple[float, float]:
    """Time to load all and translate the captions; and to find a word misspelt, from nothing."""
    began = time.process_time()
    words = read_dictionary(folder)
    read_typed(folder)
    for first in range(CAPTIONS):
        for place in range(TAGS):
            translate(tags[(first + place * place) % FREQUENT], words)
    loaded = time.process_time()
    find("ろんぐへあー", read_typed_words(folder, tags))
    return loaded - began, time.process_time() - loaded


def time_report(folder: Path, tags: Sequence[str]) -> list[str]:
    """The lines to print of the time that it takes."""
    load, lookup = map(min, zip(*(seconds(folder, tags) for _ in range(TIMES)), strict=True))
    return [
        f"loading all, and {CAPTIONS} captions of {TAGS} tags translated: {load:.3f} s",
        f"loading all, and the first word looked up forgivingly: {lookup:.3f} s",
    ]


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lists", nargs="+", type=Path, help="selected_tags.csv of a WD14 tagger")
    parser.add_argument(
        "--typed", type=Path, default=None, help="tab-separated: typed, wanted (a|b: either)"
    )
    parser.add_argument("--dictionary", type=Path, default=Path("data/dictionary"))
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    given = build_parser().parse_args(argv)
    counts, words = read_counts(given.lists), read_dictionary(given.dictionary)
    print(*report(counts, words), sep="\n")
    print(*time_report(given.dictionary, list(counts)), sep="\n")
    if given.typed:
        known = typed_words(words, read_typed(given.dictionary), counts)
        print(*typed_report(read_wanted(given.typed), known), sep="\n")


if __name__ == "__main__":
    main()
