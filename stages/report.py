"""Sum up the dataset in figures and plots that DVC shows and compares."""

import csv
import json
import statistics
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from stages.library import command
from stages.library.arguments import Parser
from stages.library.captions import caption_files, read_tags
from stages.library.dictionary import read_dictionary, translate
from stages.library.manifest import SKIPPED, USED, Row, read_manifest
from stages.library.outputs import atomic_directory

OURS = r"metrics\.json|tag_frequencies\.csv|tags_per_image\.csv|sizes\.csv"


def noted(row: Row, note: str) -> bool:
    """Return whether the notes on a used picture, joined by `; `, hold `note`."""
    return row.status == USED and any(each.startswith(note) for each in row.reason.split("; "))


def figures(rows: list[Row], captions: list[list[str]], known: set[str]) -> dict[str, object]:
    """Return the metrics; `known` are the tags that have a Japanese word.

    The trigger counts as a tag: it is what stands in the captions.
    """
    lengths = [len(tags) for tags in captions]
    counts = Counter(tag for tags in captions for tag in tags)
    total = sum(counts.values())
    translated = sum(count for tag, count in counts.items() if tag in known)
    return {
        "images": {
            "in": len(rows),
            "used": sum(row.status == USED for row in rows),
            "skipped": sum(row.status == SKIPPED for row in rows),
            "upscaled": sum(noted(row, "upscaled") for row in rows),
            "look_alike": sum(noted(row, "looks like") for row in rows),
        },
        "tags_per_image": {
            "mean": round(statistics.fmean(lengths), 2),
            "least": min(lengths),
            "most": max(lengths),
        },
        "tags": {
            "different": len(counts),
            "once_only": sum(count == 1 for count in counts.values()),
        },
        "dictionary": {
            "of_tags": round(len(known) / max(1, len(counts)), 4),
            "of_occurrences": round(translated / max(1, total), 4),
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


def report(manifest: Path, captions: Path, dictionary: Path, output: Path) -> None:
    """Write metrics.json and the tables of the plots to the folder `output`."""
    rows = read_manifest(manifest)
    tags = {path.stem: read_tags(path) for path in caption_files(captions)}
    words = read_dictionary(dictionary)
    frequencies = tag_frequencies(list(tags.values()), words)
    known = {str(tag) for tag, ja, _ in frequencies if ja}
    metrics = figures(rows, list(tags.values()), known)
    with atomic_directory(output, only=OURS) as partial:
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
    print(f"report: {output / 'metrics.json'} and plots; see them with: dvc metrics show")


def build_parser() -> Parser:
    parser = Parser("stages.report", __doc__)
    parser.add_argument("--manifest", type=Path, help="csv that tells which picture is which")
    parser.add_argument("--captions", type=Path, help="folder of the final captions")
    parser.add_argument("--dictionary", type=Path, help="folder of ja.csv")
    parser.add_argument("--output", type=Path, help="folder for the report")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), report, argv)


if __name__ == "__main__":
    sys.exit(main())
