"""Show the dataset: a page to look at and correct, figures and plots that DVC compares."""

import json
import os
import statistics
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.library.common import command
from stages.library.common.arguments import Parser, filled
from stages.library.common.language import Language, in_language, language
from stages.library.common.outputs import atomic_directory, files_in
from stages.library.common.tables import as_csv
from stages.library.common.unchanged import seen
from stages.library.dataset.captions import (
    caption_files,
    parted,
    read_text,
    split,
    tags_of,
    underscored,
)
from stages.library.dataset.dictionary import (
    explained,
    read_counts,
    read_dictionary,
    read_groups,
    read_typed,
)
from stages.library.dataset.edits_file import read_edits
from stages.library.dataset.manifest import SKIPPED, USED, Row, read_manifest, used
from stages.library.dataset.notes import notes_of
from stages.library.dataset.sizes import crops_in, picture_size
from stages.library.dataset.subjects import Triggers, subject_of, triggers_of
from stages.library.params.caption import CAPTION, GROUPS
from stages.library.params.common_tag import COMMON_TAG
from stages.library.params.train import COUNTED
from stages.library.report import page
from stages.library.report.core import SHARE, Core, core_tags
from stages.library.tagging.combined import combined
from stages.library.tagging.groups import group_of
from stages.library.tagging.rules import Rules
from stages.library.tagging.scores import read_scores
from stages.library.tagging.tokens import cut_off, longest, tokens

OUTPUTS = (
    r"index\.html|metrics\.json|tag_frequencies\.csv|tags_per_image\.csv|sizes\.csv"
    r"|core_tags\.csv"
)

CORE = (
    "report: core tags{of}, in {share} % of the pictures or more: {tags}. Of these a character's "
    "LoRA does better without what the character always has (caption.drop), a style's with all; "
    "docs/captions.md says why",
    "report: コアタグ{of}({share} % 以上の絵にあるタグ): {tags}。キャラの LoRA では、このうち"
    "キャラ自身の特徴を書かないほうが(caption.drop)、画風の LoRA では全部書いたほうがよく覚えます。"
    "くわしくは docs/captions.ja.md",
)


SHOWN = 20
"""Core tags that are named in the terminal."""


def noted(row: Row, code: str) -> bool:
    """Return whether one of the notes on a used picture has the code."""
    return row.status == USED and code in [note.code for note in notes_of(row)]


def figures(
    rows: list[Row],
    captions: list[list[str]],
    known: set[str],
    triggers: list[str],
    limit: int,
    read: list[list[str]],
) -> dict[str, object]:
    """Return the metrics; `known` are the tags that have a Japanese word.

    `limit` is how many tokens the trainer reads of a caption, and `read` what of each: its tags,
    or the sentence below if that is longer.

    A trigger counts as a tag of its pictures, since it stands in the captions, but not as one that
    the dictionary should have.
    """
    lengths = [len(tags) for tags in captions]
    sizes = [tokens(tags) for tags in read]
    counts = Counter(tag for tags in captions for tag in tags)
    meant = Counter({tag: count for tag, count in counts.items() if tag not in triggers})
    translated = sum(count for tag, count in meant.items() if tag in known)
    return {
        "images": {
            "in": len(rows),
            "used": sum(row.status == USED for row in rows),
            "skipped": sum(row.status == SKIPPED for row in rows),
            "upscaled": sum(noted(row, "upscaled") for row in rows),
            "look_alike": sum(noted(row, "looks_like") for row in rows),
        },
        "tags_per_image": {
            "mean": round(statistics.fmean(lengths), 2),
            "least": min(lengths),
            "most": max(lengths),
        },
        "tokens": {
            "median": statistics.median(sizes),
            "most": max(sizes),
            "limit": limit,
            "captions_cut": sum(bool(cut_off(tags, limit)) for tags in read),
        },
        "tags": {
            "different": len(counts),
            "once_only": sum(count == 1 for count in counts.values()),
        },
        "dictionary": {
            "of_tags": round(len(known & meant.keys()) / max(1, len(meant)), 4),
            "of_occurrences": round(translated / max(1, meant.total()), 4),
        },
    }


def tag_frequencies(captions: list[list[str]], words: dict[str, str]) -> list[tuple[object, ...]]:
    """Return tag, Japanese and number of pictures, the most frequent first."""
    counts = Counter(tag for tags in captions for tag in tags)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(tag, explained(tag, words), count) for tag, count in ordered]


@dataclass(frozen=True)
class Places:
    """Where the stage reads and writes."""

    manifest: Path
    written: Path
    scores: Path
    captions: Path
    edits: Path
    dictionary: Path
    pictures: Path
    thumbnails: Path
    output: Path


@dataclass(frozen=True)
class Found:
    """What there is to be shown."""

    rows: list[Row]
    captions: dict[str, list[str]]  # tags by stem
    words: dict[str, str]  # tag -> Japanese
    typed: dict[str, list[str]]  # word that people type -> tags
    triggers: Triggers
    limit: int  # tokens of a caption that the trainer reads
    groups: dict[str, str]  # tag -> group
    posts: dict[str, int]  # tag -> posts of Danbooru that have it
    core: Core
    longest: dict[str, list[str]]  # by stem: the longer of a caption's tags and its sentence


def report(places: Places, rules: Rules, triggers: Triggers, limit: int) -> None:
    """Write index.html, metrics.json and the tables of the plots.

    `rules` are those of the caption stage, `limit` is how many tokens of a caption are read.

    Raises:
        Problem: something is missing, not as it should be, or was changed meanwhile.
    """
    read = seen(places.captions, places.edits, places.dictionary)
    texts = {path.stem: parted(read_text(path)) for path in caption_files(places.captions)}
    tags = {stem: tags_of(text) for stem, (text, _) in texts.items()}
    rows = read_manifest(places.manifest)
    known = ((stem, subject_of(row.source)) for stem, row in used(rows).items())
    subjects = {stem: subject.name for stem, subject in known if subject}
    found = Found(
        rows=rows,
        captions=tags,
        longest={
            stem: longest([tags[stem], *([split(sentence)] if sentence else [])])
            for stem, (_, sentence) in texts.items()
        },
        words=read_dictionary(places.dictionary),
        typed=read_typed(places.dictionary),
        groups=read_groups(places.dictionary, GROUPS),
        posts=read_counts(places.dictionary),
        core=core_tags(tags, subjects, rules.always),
        triggers=triggers,
        limit=limit,
    )
    html = html_of(found, places, rules)
    with atomic_directory(places.output, OUTPUTS, read.look_again) as partial:
        (partial / "index.html").write_text(html, encoding="utf-8", newline="\n")
        write_figures(found, partial)
    for line in told_core(found.core, language(os.environ)):
        print(line)
    index = places.output / "index.html"
    print(
        in_language(
            language(os.environ),
            f"report: open {index} to see and correct the dataset; figures: dvc metrics show",
            f"report: {index} をブラウザーで開くと、データセットを見て手直しできます。"
            "数値は dvc metrics show",
        )
    )


def told_core(core: Core, spoken: Language) -> list[str]:
    """Return what to say of core tags, in English or Japanese."""
    lines = []
    for subject, tags in core.items():
        of = subject and in_language(spoken, f" of {subject}", f"「{subject}」")
        named = [tag for tag, _ in tags]
        more = " …" if len(named) > SHOWN else ""
        said = in_language(spoken, *CORE)
        lines.append(said.format(of=of, share=SHARE, tags=", ".join(named[:SHOWN]) + more))
    return lines


def html_of(found: Found, places: Places, rules: Rules) -> str:
    """Return the page to look at and correct."""
    pictures = files_in(places.pictures, "*.png")
    folder, thumbnails = None, files_in(places.thumbnails, "*.webp")
    if len(pictures) > page.ONE_FILE:
        folder, thumbnails = os.path.relpath(places.thumbnails, places.output), []
    scores, rules = combined(read_scores(places.scores), rules, underscored)
    dataset = page.Dataset(
        rows=found.rows,
        thumbnails={path.stem: path.read_bytes() for path in thumbnails},
        folder=folder,
        sizes={path.stem: picture_size(path) for path in pictures},
        crops=crops_in(places.written),
        scores=scores,
        rules=rules,
        triggers=found.triggers,
        edits=read_edits(places.edits),
        edits_text=read_text(places.edits),
        words=found.words,
        typed=found.typed,
        limit=found.limit,
        groups=found.groups,
        posts=found.posts,
    )
    return page.render_page(dataset)


def write_figures(found: Found, folder: Path) -> None:
    """Write what DVC compares: metrics, and the tables of its plots."""
    captions = list(found.captions.values())
    frequencies = tag_frequencies(captions, found.words)
    known = {str(tag) for tag, japanese, _ in frequencies if japanese}
    read = list(found.longest.values())
    metrics = figures(found.rows, captions, known, found.triggers.all, found.limit, read)
    text = json.dumps(metrics, indent=2, ensure_ascii=False)
    (folder / "metrics.json").write_text(f"{text}\n", encoding="utf-8")
    lengths = [(stem, len(tags)) for stem, tags in sorted(found.captions.items())]
    sizes = [(row.image, row.source, row.width, row.height) for row in found.rows if row.image]
    core = [
        (subject, tag, explained(tag, found.words), group_of(underscored(tag), found.groups), count)
        for subject, tags in found.core.items()
        for tag, count in tags
    ]
    for name, head, rows in (
        ("tag_frequencies", ("tag", "ja", "pictures"), frequencies),
        ("tags_per_image", ("image", "tags"), lengths),
        ("sizes", ("image", "source", "width", "height"), sizes),
        ("core_tags", ("subject", "tag", "ja", "group", "pictures"), core),
    ):
        table = as_csv(head, rows)
        (folder / f"{name}.csv").write_text(table, encoding="utf-8", newline="")


def from_flags(
    tag: str, subjects: list[tuple[str, str]], max_token_length: int, **flags: Any
) -> None:
    """Show the dataset as the flags say."""
    triggers = triggers_of(tag, subjects)
    report(filled(Places, flags), filled(Rules, flags), triggers, max_token_length)


def build_parser() -> Parser:
    parser = Parser("stages.report", __doc__, CAPTION, COMMON_TAG, COUNTED.only("max_token_length"))
    parser.add_argument("--manifest", type=Path, help="csv that tells which picture is which")
    parser.add_argument("--written", type=Path, help="the prepare stage's record")
    parser.add_argument("--scores", type=Path, help="file of scores (.npz)")
    parser.add_argument("--captions", type=Path, help="folder of the final captions")
    parser.add_argument("--edits", type=Path, help="file of corrections (.yaml)")
    parser.add_argument("--dictionary", type=Path, help="folder of ja.csv")
    parser.add_argument("--pictures", type=Path, help="folder of prepared pictures")
    parser.add_argument("--thumbnails", type=Path, help="folder of thumbnails")
    parser.add_argument("--output", type=Path, help="folder for the report")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), from_flags, argv)


if __name__ == "__main__":
    sys.exit(main())
