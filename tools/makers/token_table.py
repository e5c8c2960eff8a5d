"""Make stages/library/tagging/tokens.txt: how many tokens CLIP makes of the words of tags."""

import csv
import gzip
import sys
from collections.abc import Iterable, Mapping
from itertools import groupby, pairwise
from pathlib import Path
from textwrap import wrap

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.errors import Problem
from stages.library.common.outputs import write_atomically
from stages.library.dataset.captions import KAOMOJI, spaced
from stages.library.tagging.tokens import TABLE, words

HEADER = """\
# How many tokens CLIP (openai/clip-vit-large-patch14, as in SD 1.5 and SDXL) makes of a word: a
# line's first number holds for all words behind it. Made by tools/makers/token_table.py.
"""

MERGES = 49152 - 256 - 2
"""Of the file's merges CLIP uses so many (openai/CLIP, clip/simple_tokenizer.py)."""

PRINTED = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
OTHERS = [byte for byte in range(256) if byte not in PRINTED]
SIGNS = {byte: chr(byte) for byte in PRINTED} | {
    byte: chr(256 + place) for place, byte in enumerate(OTHERS)
}
"""How the file writes each byte: those that can't be printed as a letter beyond Latin-1."""


def read_merges(path: Path) -> list[tuple[str, str]]:
    """Return CLIP's merges, the first that applies first.

    `path` is the merges.txt of openai/clip-vit-large-patch14, or openai/CLIP's own
    bpe_simple_vocab_16e6.txt.gz: the same with more lines at the end.

    Raises:
        Problem: the file holds no merges.
    """
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
    pairs = [line.split() for line in text.splitlines()[1 : MERGES + 1]]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise Problem(f"{path}: holds no merges; give CLIP's merges.txt or its bpe….txt.gz")
    return [(one, other) for one, other in pairs]


def pieces(word: str, ranks: Mapping[tuple[str, str], int]) -> list[str]:
    """Return the tokens of one word; `ranks` tells which merge applies first.

    Byte pair encoding on UTF-8, the last byte marked as the word's end (openai/CLIP,
    clip/simple_tokenizer.py, `bpe`).
    """
    parts = [SIGNS[byte] for byte in word.encode()]
    parts[-1] += "</w>"
    while len(parts) > 1:
        first = min(pairwise(parts), key=lambda pair: ranks.get(pair, len(ranks)))
        if first not in ranks:
            break
        merged, rest = [], parts
        while rest:
            width = 2 if tuple(rest[:2]) == first else 1
            merged.append("".join(rest[:width]))
            rest = rest[width:]
        parts = merged
    return parts


def tags_of(path: Path) -> list[str]:
    """Return the tags of a csv: its column `name` (a tagger's selected_tags.csv) or `tag`."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    column = next((name for name in ("name", "tag") if rows and name in rows[0]), None)
    if column is None:
        raise Problem(f"{path}: has no column name or tag; give selected_tags.csv or ja.csv")
    return [row[column] for row in rows]


def words_of(tags: Iterable[str]) -> set[str]:
    """Return the words of tags in any caption: in both spellings, with a comma behind and without.

    With them come all faces, tags with their brackets escaped as WebUIs want it, and every ASCII
    letter, digit and sign by itself.
    """
    texts = {text for tag in (*tags, *KAOMOJI) for text in (tag, spaced(tag))}
    texts |= {text.replace("(", r"\(").replace(")", r"\)") for text in texts if "(" in text}
    texts |= {chr(code) for code in range(0x21, 0x7F)}
    return {word for text in texts for end in ("", ",") for word in words(text + end)}


def table(counts: dict[str, int]) -> str:
    """Return the text of the table.

    >>> print(table({"hair": 1, "nasumiso": 3, "girl": 1}).split(HEADER)[1], end="")
    1 girl hair
    3 nasumiso
    """
    ordered = sorted(counts, key=lambda word: (counts[word], word))
    lines = [
        f"{count} {line}"
        for count, found in groupby(ordered, key=counts.__getitem__)
        for line in wrap(" ".join(found), 98, break_long_words=False, break_on_hyphens=False)
    ]
    return HEADER + "\n".join(lines) + "\n"


def make_token_table(merges: Path, tags: list[Path], also: list[str], output: Path) -> None:
    """Write the table of the words of `tags` and of the tags `also` to `output`."""
    ranks = {pair: rank for rank, pair in enumerate(read_merges(merges))}
    found = words_of([tag for path in tags for tag in tags_of(path)] + also)
    counts = {word: len(pieces(word, ranks)) for word in found}
    write_atomically(output, table(counts).encode())
    print(f"make-token-table: {len(found)} words in {output}")


def build_parser() -> Parser:
    parser = Parser("tools.makers.token_table", __doc__)
    parser.add_argument(
        "--merges", type=Path, help="CLIP's merges.txt or bpe_simple_vocab_16e6.txt.gz"
    )
    parser.add_argument(
        "--tags", type=Path, nargs="+", help="csv files of tags: selected_tags.csv, ja.csv"
    )
    parser.add_argument("--also", nargs="*", default=[], help="further tags, such as your trigger")
    parser.add_argument("--output", type=Path, default=TABLE, help="the table")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), make_token_table, argv)


if __name__ == "__main__":
    sys.exit(main())
