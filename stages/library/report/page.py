"""The report's page: the whole dataset in an HTML file that opens by double-click."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import chain, islice
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from stages.library.common.html import island, policy, rendered, script, style
from stages.library.dataset.captions import KAOMOJI, categories_of, underscored
from stages.library.dataset.dictionary import explained
from stages.library.dataset.drawings import Box
from stages.library.dataset.edits import Edits
from stages.library.dataset.edits_text import HEADER
from stages.library.dataset.keyed import KEY_LENGTH
from stages.library.dataset.manifest import SKIPPED, USED, Row, used
from stages.library.dataset.notes import notes_of, say
from stages.library.dataset.subjects import Triggers, subject_of
from stages.library.dataset.typed_words import SOUNDS, folded_word, syllables
from stages.library.params.caption import GROUPS
from stages.library.report.core import FEWEST, SHARE
from stages.library.tagging.groups import group_of
from stages.library.tagging.model_files import BUILTIN
from stages.library.tagging.policy import Policy, policy_for
from stages.library.tagging.rules import Rules, bars
from stages.library.tagging.scores import CHARACTER, GENERAL, RATING, SCALE, Scores
from stages.library.tagging.tokens import table

FOLDER = Path(__file__).with_suffix("")

CHUNK = 40
"""Thumbnails per JSON island: the browser parses an island when it first shows one of them."""

PART = 500
"""Pictures per JSON island: as one, those of 100,000 would need a gigabyte while it is written."""

ONE_FILE = 5_000
"""Of more pictures the page does not hold the thumbnails, which browsers then load as they are
scrolled to: with 10,000 it would be a file of 90 MB."""

WHOLE = (0.0, 0.0, 1.0, 1.0)

KINDS = {
    "upscaled": "upscaled",
    "colours_converted": "colours",
    "unnamed_converted": "colours",
    "profile_unreadable": "colours",
    "first_frame": "part",
    "first_page": "part",
    "nearly_empty": "part",
    "cropped": "crop",
    "to_subject": "crop",
    "to_heads": "crop",
    "filled": "hidden",
    "masked": "hidden",
    "same_name": "part",
    "looks_like": "near",
}
"""Of every remark on a used picture, by its code, what the page calls it."""


def look_alikes(pictures: Mapping[str, Row]) -> list[list[str]]:
    """Return the groups of pictures that look alike, by stem, in the order of `pictures`."""
    stems = {row.source: stem for stem, row in pictures.items()}
    groups = {stem: [stem] for stem in pictures}
    for stem, row in pictures.items():
        for note in notes_of(row):
            other = stems.get(note.values["name"]) if note.code == "looks_like" else None
            if other and groups[other] is not groups[stem]:
                groups[other] += groups[stem]
                for member in groups[stem]:
                    groups[member] = groups[other]
    order = {stem: place for place, stem in enumerate(pictures)}
    each_once = {id(group): sorted(group, key=order.__getitem__) for group in groups.values()}
    return [group for group in each_once.values() if len(group) > 1]


def rules_data(rules: Rules) -> dict[str, object]:
    """Return the rules of captions with thresholds in ten-thousandths.

    That of general tags, which the page can move, is also for the categories without another.
    """
    least = bars(rules)
    others = {kind: bar for kind, bar in least.items() if kind not in (CHARACTER, RATING)}
    return asdict(rules) | {
        "threshold": round(rules.threshold * SCALE),
        "character_threshold": least[CHARACTER],
        "thresholds": sorted(others.items()),
    }


def implies_data(policy: Policy) -> list[tuple[str, list[str]]]:
    """Return the tags that leave out others, with those."""
    return [(tag, sorted(others)) for tag, others in policy.implies.items()]


def words_data(dataset: "Dataset", policy: Policy) -> list[tuple[str, str, int]]:
    """Return every tag the page may show or offer, in the form for comparing, the likeliest first.

    Each with its Japanese, and the place of its group among all groups. The likeliest are those
    that most posts of Danbooru have.
    """
    edits, words = dataset.edits.values(), dataset.words
    corrected = (tag for edit in edits for tag in (*edit.add, *edit.remove, *edit.order))
    named = chain(
        dataset.scores.tags,
        (new for _, new in dataset.rules.replace),
        corrected,
        sorted(words),
        *dataset.typed.values(),
    )
    tags = dict.fromkeys(underscored(tag) for tag in named)
    places = {group: place for place, group in enumerate(GROUPS)}
    return [
        (
            tag,
            japanese if (japanese := explained(tag, words)) != tag else "",
            places[policy.groups.get(tag) or group_of(tag, dataset.groups)],
        )
        for tag in sorted(tags, key=lambda tag: -dataset.posts.get(tag, 0))
    ]


def typed_data(
    typed: Mapping[str, list[str]], words: list[tuple[str, str, int]]
) -> list[tuple[str, str]]:
    """Return the words that people type, each with its tags, but for what `words` say already.

    >>> typed_data({"えがお": ["smile"], "ハネ": ["wings", "feathers"]}, [("smile", "エガオ", 8)])
    [('ハネ', 'wings feathers')]
    """
    said = {(folded_word(japanese), tag) for tag, japanese, _ in words}
    return [
        (word, " ".join(tags))
        for word, tags in typed.items()
        if len(tags) > 1 or (folded_word(word), tags[0]) not in said
    ]


def romaji_data() -> dict[str, object]:
    """Return what romaji is compared by, regular expressions as JavaScript has them."""
    return {
        "syllables": [[chr(code), sound] for code, sound in syllables().items()],
        "sounds": [[spelling, sound.replace("\\", "$")] for spelling, sound in SOUNDS.items()],
    }


def tokens_data(table: Mapping[str, int]) -> list[tuple[int, str]]:
    """Return the table of tokens, short: each count with its words.

    >>> tokens_data({"long": 1, "hair": 1, "misozuke": 3})
    [(1, 'long hair'), (3, 'misozuke')]
    """
    counts = sorted(set(table.values()))
    return [(n, " ".join(word for word in table if table[word] == n)) for n in counts]


@dataclass(frozen=True)
class Dataset:
    """What the page shows."""

    rows: list[Row]
    thumbnails: Mapping[str, bytes]  # by stem: WebP files of the whole upright drawings
    folder: str | None  # where they are as seen from the page, if it is not to hold them
    sizes: Mapping[str, tuple[int, int]]  # by stem: the prepared pictures', in pixels
    crops: Mapping[str, Box]  # by stem: what of its drawing each shows
    scores: Scores
    rules: Rules
    triggers: Triggers
    edits: Edits
    edits_text: str  # the text of edits.yaml, from which `edits` were read
    words: Mapping[str, str]  # Japanese by tag
    limit: int  # tokens of a caption that the trainer reads
    typed: Mapping[str, list[str]] = field(default_factory=dict)  # tags by the words for them
    groups: Mapping[str, str] = field(default_factory=dict)  # of groups.csv, by tag
    posts: Mapping[str, int] = field(default_factory=dict)  # of Danbooru, by tag


def subjects_data(dataset: Dataset) -> list[tuple[str, str]]:
    """Return the subjects of the pictures, by name, each with its trigger."""
    subjects = filter(None, (subject_of(row.source) for row in used(dataset.rows).values()))
    names = sorted({subject.name for subject in subjects})
    return [(name, dataset.triggers.subjects.get(name, dataset.triggers.common)) for name in names]


def page_data(dataset: Dataset) -> dict[str, object]:
    """Return all that the page knows, but for the pictures."""
    rows, scores, rules = dataset.rows, dataset.scores, dataset.rules
    names = categories_of(scores.tags, scores.categories, rules.exclude, rules.replace)
    policy = policy_for(rules, names, dataset.groups)
    words = words_data(dataset, policy)
    return {
        "trigger": dataset.triggers.common,
        # a list, as `words`: with the subjects that have no trigger of their own
        "subjects": subjects_data(dataset),
        "rules": rules_data(rules),
        "faces": sorted(KAOMOJI),
        "tags": scores.tags,
        "categories": scores.categories,
        # a list, not an object: `__proto__` is a tag like any other
        "words": words,
        "kinds": list(GROUPS.items()),
        "implies": implies_data(policy),
        "core": [SHARE, FEWEST],
        "typed": typed_data(dataset.typed, words),
        "romaji": romaji_data(),
        "skipped": [
            [row.source, say(note, "ja"), say(note, "en")]
            for row in rows
            if row.status == SKIPPED
            for note in notes_of(row)
        ],
        "groups": look_alikes(used(rows)),
        "edits": [[key, asdict(edit)] for key, edit in dataset.edits.items()],
        "text": dataset.edits_text,
        "header": HEADER,
        "chunk": CHUNK,
        "folder": dataset.folder and quote(dataset.folder),
        "limit": dataset.limit,
        "tokens": tokens_data(table()),
    }


def pictures_data(dataset: Dataset) -> Iterator[dict[str, object]]:
    """Yield what the page knows of each picture, but for its thumbnail."""
    found = dict(zip(dataset.scores.names, dataset.scores.found, strict=True))
    for stem, row in used(dataset.rows).items():
        yield {
            "stem": stem,
            "key": row.sha256[:KEY_LENGTH],
            "source": row.source,
            "subject": subject.name if (subject := subject_of(row.source)) else None,
            "width": row.width,
            "height": row.height,
            "size": dataset.sizes.get(stem, (1, 1)),
            "crop": [round(side, 4) for side in dataset.crops.get(stem, WHOLE)],
            "notes": [
                [KINDS[note.code], say(note, "ja"), say(note, "en")] for note in notes_of(row)
            ],
            "found": [
                [int(index), int(value)]
                for index, value in zip(*found.get(stem, ((), ())), strict=True)
            ],
        }


def encoded_thumbnails(dataset: Dataset) -> list[str]:
    """Return the thumbnails of the used pictures in Base64, in their order."""
    thumbnails = dataset.thumbnails
    return [base64.b64encode(thumbnails.get(stem, b"")).decode() for stem in used(dataset.rows)]


def taggers_of(origin: str) -> list[tuple[str, str]]:
    """Return the taggers that looked, each with the commit of its repository, or ''.

    >>> taggers_of("owner/model@3fa9c1d2 + mine")
    [('owner/model', '3fa9c1d2'), ('mine', '')]
    """
    parted = (one.partition("@") for one in origin.split(" + ") if one)
    return [(name, commit) for name, _, commit in parted]


def render_page(dataset: Dataset) -> str:
    """Return the page as HTML."""
    rows, pictures = dataset.rows, pictures_data(dataset)
    encoded = encoded_thumbnails(dataset) if dataset.folder is None else []
    css = style(FOLDER / "page.css")
    code = script(FOLDER / "keys.js")
    return rendered(
        FOLDER / "page.html.j2",
        # where a page is a file, browsers differ in what its 'self' is
        policy=policy(css, code, "data:" if dataset.folder is None else "data: file: 'self'"),
        style=Markup(css),
        script=Markup(code),
        trigger=dataset.triggers.common,
        taggers=taggers_of(dataset.scores.origin),
        builtin=dataset.scores.origin == BUILTIN.name,
        general_apart=GENERAL in bars(dataset.rules),
        counts={status: sum(row.status == status for row in rows) for status in (USED, SKIPPED)},
        data=island(page_data(dataset)),
        pictures=[island(part) for part in iter(lambda: list(islice(pictures, PART)), [])],
        chunks=[island(encoded[start : start + CHUNK]) for start in range(0, len(encoded), CHUNK)],
    )
