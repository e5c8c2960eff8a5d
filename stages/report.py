"""Show the dataset: a page to look at and correct, figures and plots that DVC compares."""

import csv
import json
import os
import statistics
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.language import in_language, language
from stages.library.common.outputs import atomic_directory
from stages.library.dataset.captions import caption_files, read_tags, read_text
from stages.library.dataset.dictionary import read_dictionary, translate
from stages.library.dataset.edits_file import read_edits
from stages.library.dataset.manifest import SKIPPED, USED, Row, read_manifest
from stages.library.dataset.notes import notes_of
from stages.library.dataset.sizes import picture_size
from stages.library.params.caption import CAPTION
from stages.library.params.common_tag import COMMON_TAG
from stages.library.params.train import COUNTED
from stages.library.report import page
from stages.library.tagging.rules import Rules
from stages.library.tagging.scores import read_scores
from stages.library.tagging.tokens import cut_off, tokens

OUTPUTS = r"index\.html|metrics\.json|tag_frequencies\.csv|tags_per_image\.csv|sizes\.csv"


def noted(row: Row, code: str) -> bool:
    """Return whether one of the notes on a used picture has the code."""
    return row.status == USED and code in [note.code for note in notes_of(row)]


def figures(
    rows: list[Row], captions: list[list[str]], known: set[str], trigger: str, limit: int
) -> dict[str, object]:
    """Return the metrics; `known` are the tags that have a Japanese word.

    `limit` is how many tokens of a caption the trainer reads.

    The trigger counts as a tag of each picture, since it stands in the captions, but not as one
    that the dictionary should have.
    """
    lengths = [len(tags) for tags in captions]
    sizes = [tokens(tags) for tags in captions]
    counts = Counter(tag for tags in captions for tag in tags)
    meant = Counter({tag: count for tag, count in counts.items() if tag != trigger})
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
            "captions_cut": sum(bool(cut_off(tags, limit)) for tags in captions),
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
    return [(tag, translate(tag, words) or "", count) for tag, count in ordered]


def write_csv(path: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    """Write a table that DVC can plot."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def report(
    manifest: Path,
    scores: Path,
    captions: Path,
    edits: Path,
    dictionary: Path,
    pictures: Path,
    thumbnails: Path,
    output: Path,
    tag: str,
    max_token_length: int,
    **knobs: Any,
) -> None:
    """Write index.html, metrics.json and the tables of the plots to the folder `output`.

    `tag` is the trigger; `knobs` are those of the caption stage.
    """
    rows = read_manifest(manifest)
    tags = {path.stem: read_tags(path) for path in caption_files(captions)}
    words = read_dictionary(dictionary)
    frequencies = tag_frequencies(list(tags.values()), words)
    known = {str(tag) for tag, ja, _ in frequencies if ja}
    metrics = figures(rows, list(tags.values()), known, tag, max_token_length)
    html = page.render_page(
        rows=rows,
        thumbnails={path.stem: path.read_bytes() for path in sorted(thumbnails.glob("*.webp"))},
        sizes={path.stem: picture_size(path) for path in sorted(pictures.glob("*.png"))},
        scores=read_scores(scores),
        rules=Rules(**knobs),
        trigger=tag,
        edits=read_edits(edits),
        edits_text=read_text(edits),
        words=words,
        limit=max_token_length,
    )
    with atomic_directory(output, only=OUTPUTS) as partial:
        (partial / "index.html").write_text(html, encoding="utf-8", newline="\n")
        text = json.dumps(metrics, indent=2, ensure_ascii=False)
        (partial / "metrics.json").write_text(f"{text}\n", encoding="utf-8")
        write_csv(partial / "tag_frequencies.csv", ("tag", "ja", "pictures"), frequencies)
        write_csv(
            partial / "tags_per_image.csv",
            ("image", "tags"),
            [(stem, len(tags[stem])) for stem in sorted(tags)],
        )
        write_csv(
            partial / "sizes.csv",
            ("image", "source", "width", "height"),
            [(row.image, row.source, row.width, row.height) for row in rows if row.image],
        )
    index = output / "index.html"
    print(
        in_language(
            language(os.environ),
            f"report: open {index} to see and correct the dataset; figures: dvc metrics show",
            f"report: {index} をブラウザーで開くと、データセットを見て手直しできます。"
            "数値は dvc metrics show",
        )
    )


def build_parser() -> Parser:
    parser = Parser("stages.report", __doc__, CAPTION, COMMON_TAG, COUNTED.only("max_token_length"))
    parser.add_argument("--manifest", type=Path, help="csv that tells which picture is which")
    parser.add_argument("--scores", type=Path, help="file of scores (.npz)")
    parser.add_argument("--captions", type=Path, help="folder of the final captions")
    parser.add_argument("--edits", type=Path, help="file of corrections (.yaml)")
    parser.add_argument("--dictionary", type=Path, help="folder of ja.csv")
    parser.add_argument("--pictures", type=Path, help="folder of prepared pictures")
    parser.add_argument("--thumbnails", type=Path, help="folder of thumbnails")
    parser.add_argument("--output", type=Path, help="folder for the report")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), report, argv)


if __name__ == "__main__":
    sys.exit(main())
