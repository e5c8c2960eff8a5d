"""The report's page: the whole dataset in one HTML file that opens by double-click."""

import base64
import re
from collections.abc import Mapping
from dataclasses import asdict
from itertools import chain
from pathlib import Path

from markupsafe import Markup

from stages.library.common.html import island, policy, rendered
from stages.library.dataset.captions import KAOMOJI, underscored
from stages.library.dataset.dictionary import translate
from stages.library.dataset.edits import HEADER, KEY_LENGTH, Edits
from stages.library.dataset.manifest import SKIPPED, USED, Row, used
from stages.library.tagging.rules import Rules
from stages.library.tagging.scores import SCALE, Scores
from stages.library.tagging.tokens import table

FOLDER = Path(__file__).with_suffix("")

CHUNK = 40
"""Thumbnails per JSON island: the browser parses an island when it first shows one of them."""

KINDS = {
    "upscaled from ": "upscaled",
    "colours converted from ": "colours",
    "colour profile unreadable": "colours",
    "looks like ": "near",
}
"""How the prepare stage's notes on a used picture begin, and what the page calls them."""

JAPANESE = [
    (r"is a broken link", "リンク先がありません"),
    (r"can't be read: permission denied", "読み取りの許可がありません"),
    (r"can't be read", "読み取れません"),
    (r"is a folder; .*", "フォルダーです(中の絵は読みません)"),
    (r"is no regular file", "ふつうのファイルではありません"),
    (r"is no picture file \((.*)\)", r"絵のファイルではありません(\1)"),
    (r"is empty \(0 bytes\)", "空のファイルです"),
    (r"is no picture, or a damaged one", "絵ではないか、壊れています"),
    (r"needs more memory than there is; .*", "メモリーが足りません。小さくして保存してください"),
    (r"is damaged: (.*)", r"壊れています(\1)"),
    (
        r"(\d+)x(\d+) is more than (\d+) megapixels; .*",
        r"\1×\2 は \3 メガピクセルを超えています。小さくして保存してください",
    ),
    (
        r"(\d+)x(\d+) is too small; no side may be under (\d+) px",
        r"\1×\2 は小さすぎます(どの辺も \3 px 以上)",
    ),
    (
        r"its short side is (\d+) px, too small for (\d+) px \(least: (\d+)\)",
        r"短い辺が \1 px しかなく、\2 px にできません(\3 px 以上必要)",
    ),
    (
        r"colour mode (.*) can't be used; .*",
        r"カラーモード \1 は使えません。8 ビット RGB で保存してください",
    ),
    (r"has the same bytes as (.*)", r"\1 と同じファイルです"),
    (r"upscaled from (\d+)x(\d+)", r"\1×\2 から拡大"),
    (r"colours converted from (.*) to sRGB", r"色を \1 から sRGB に変換"),
    (r"colour profile unreadable, .*", "カラープロファイルが読めず、sRGB とみなしました"),
    (r"looks like (.*)", r"\1 によく似ています"),
]
"""The prepare stage's reasons and notes, and how the page says them in Japanese."""


def in_japanese(reason: str) -> str:
    """Return a reason of the manifest in Japanese, as it is where it is unknown.

    >>> in_japanese("has the same bytes as nasu.png")
    'nasu.png と同じファイルです'
    """
    for pattern, japanese in JAPANESE:
        if found := re.fullmatch(pattern, reason, flags=re.DOTALL):
            return found.expand(japanese)
    return reason


def notes(row: Row) -> list[str]:
    """Return what is worth knowing of a used picture; a `; ` may also be part of a note.

    >>> notes(Row("", "", "", 0, 0, "used", "upscaled from 5x4; looks like a; b.png"))
    ['upscaled from 5x4', 'looks like a; b.png']
    """
    found: list[str] = []
    for part in row.reason.split("; ") if row.reason else []:
        if part.startswith(tuple(KINDS)) or not found:
            found.append(part)
        else:
            found[-1] += f"; {part}"
    return found


def kind(note: str) -> str:
    """Return what the page calls a note."""
    return next((name for start, name in KINDS.items() if note.startswith(start)), "other")


def look_alikes(pictures: Mapping[str, Row]) -> list[list[str]]:
    """Return the groups of pictures that look alike, by stem, in the order of `pictures`."""
    stems = {row.source: stem for stem, row in pictures.items()}
    groups = {stem: [stem] for stem in pictures}
    for stem, row in pictures.items():
        for note in notes(row):
            other = stems.get(note.removeprefix("looks like ")) if kind(note) == "near" else None
            if other and groups[other] is not groups[stem]:
                groups[other] += groups[stem]
                for member in groups[stem]:
                    groups[member] = groups[other]
    order = {stem: place for place, stem in enumerate(pictures)}
    each_once = {id(group): sorted(group, key=order.__getitem__) for group in groups.values()}
    return [group for group in each_once.values() if len(group) > 1]


def rules_data(rules: Rules) -> dict[str, object]:
    """Return the rules of captions with thresholds in ten-thousandths."""
    return asdict(rules) | {
        "threshold": round(rules.threshold * SCALE),
        "character_threshold": round(rules.character_threshold * SCALE),
    }


def words_data(
    scores: Scores, rules: Rules, edits: Edits, words: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return every tag the page may show or offer, in the form for comparing, with its Japanese."""
    corrected = (tag for edit in edits.values() for tag in (*edit.add, *edit.remove, *edit.order))
    named = chain(scores.tags, (new for _, new in rules.replace), corrected, sorted(words))
    return [
        (tag, japanese if (japanese := translate(tag, words)) and japanese != tag else "")
        for tag in dict.fromkeys(underscored(tag) for tag in named)
    ]


def tokens_data(table: Mapping[str, int]) -> list[tuple[int, str]]:
    """Return the table of tokens, short: each count with its words.

    >>> tokens_data({"long": 1, "hair": 1, "misozuke": 3})
    [(1, 'long hair'), (3, 'misozuke')]
    """
    counts = sorted(set(table.values()))
    return [(n, " ".join(word for word in table if table[word] == n)) for n in counts]


def page_data(
    *,
    rows: list[Row],
    sizes: Mapping[str, tuple[int, int]],
    scores: Scores,
    rules: Rules,
    trigger: str,
    edits: Edits,
    edits_text: str,
    words: Mapping[str, str],
    limit: int,
) -> dict[str, object]:
    """Return all that the page knows, but for the thumbnails."""
    pictures = used(rows)
    found = dict(zip(scores.names, scores.found, strict=True))
    return {
        "trigger": trigger,
        "rules": rules_data(rules),
        "faces": sorted(KAOMOJI),
        "tags": scores.tags,
        "categories": scores.categories,
        # a list, not an object: `__proto__` is a tag like any other
        "words": words_data(scores, rules, edits, words),
        "pictures": [
            {
                "stem": stem,
                "key": row.sha256[:KEY_LENGTH],
                "source": row.source,
                "width": row.width,
                "height": row.height,
                "size": sizes.get(stem, (1, 1)),
                "notes": [[kind(note), in_japanese(note), note] for note in notes(row)],
                "found": [
                    [int(index), int(value)]
                    for index, value in zip(*found.get(stem, ((), ())), strict=True)
                ],
            }
            for stem, row in pictures.items()
        ],
        "skipped": [
            [row.source, in_japanese(row.reason), row.reason]
            for row in rows
            if row.status == SKIPPED
        ],
        "groups": look_alikes(pictures),
        "edits": [[key, asdict(edit)] for key, edit in edits.items()],
        "text": edits_text,
        "header": HEADER,
        "chunk": CHUNK,
        "limit": limit,
        "tokens": tokens_data(table()),
    }


def render_page(
    *,
    rows: list[Row],
    thumbnails: Mapping[str, bytes],
    sizes: Mapping[str, tuple[int, int]],
    scores: Scores,
    rules: Rules,
    trigger: str,
    edits: Edits,
    edits_text: str,
    words: Mapping[str, str],
    limit: int,
) -> str:
    """Return the page as HTML.

    `thumbnails` are WebP files of the whole upright drawings, `sizes` the prepared pictures' in
    pixels, both by stem; `edits_text` is the text of edits.yaml, from which `edits` were read;
    `limit` is how many tokens of a caption the trainer reads.
    """
    data = page_data(
        rows=rows,
        sizes=sizes,
        scores=scores,
        rules=rules,
        trigger=trigger,
        edits=edits,
        edits_text=edits_text,
        words=words,
        limit=limit,
    )
    encoded = [base64.b64encode(thumbnails.get(stem, b"")).decode() for stem in used(rows)]
    style = (FOLDER / "page.css").read_text("utf-8")
    script = "".join((FOLDER / name).read_text("utf-8") for name in ("tags.js", "page.js"))
    return rendered(
        FOLDER / "page.html.j2",
        policy=policy(style, script),
        style=Markup(style),
        script=Markup(script),
        trigger=trigger,
        counts={status: sum(row.status == status for row in rows) for status in (USED, SKIPPED)},
        data=island(data),
        chunks=[island(encoded[start : start + CHUNK]) for start in range(0, len(encoded), CHUNK)],
    )
