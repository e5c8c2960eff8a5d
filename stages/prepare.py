"""Turn a folder of drawings into numbered pictures that a trainer can use."""

import os
import sys
import warnings
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from tqdm import tqdm

from stages.library.common import command
from stages.library.common.arguments import Parser, filled
from stages.library.common.errors import Problem
from stages.library.common.language import Language, in_language, language
from stages.library.common.outputs import LITTER, atomic_directory
from stages.library.common.workers import run_over
from stages.library.dataset import images
from stages.library.dataset.manifest import SKIPPED, USED, Row, same_name, shown, write_manifest
from stages.library.dataset.near_duplicates import near_duplicates
from stages.library.dataset.notes import cell, note, notes_of, say
from stages.library.dataset.prepared import (
    Folders,
    Picture,
    keep_picture,
    read_record,
    recipe,
    save_picture,
    write_record,
)
from stages.library.dataset.sources import Source, error_reason, look_at, without_copies
from stages.library.params.prepare import PREPARE

PICTURES = r"img\d{3,}\.png"
THUMBNAILS = r"img\d{3,}\.webp"
SHOWN = 20
"""Skipped files and look-alikes that are shown by name; the manifest has them all."""

COUNTED = (
    (("upscaled",), "upscaled", "拡大"),
    (("colours_converted", "unnamed_converted"), "colours converted", "色を sRGB に変換"),
    (("profile_unreadable",), "colour profile unreadable", "読めないカラープロファイル"),
)
"""Codes of notes on used pictures that are counted rather than named."""


def make_pictures(
    sources: list[Source],
    known: dict[str, Picture],
    kept: Folders,
    into: Folders,
    size: int,
    fit: str,
) -> list[tuple[Source, Picture | None]]:
    """Write `<sha256>.png` and `.webp` for every source that can be used.

    Returns the sources in their order, each with its picture or with the reason why there is none.
    Large drawings are worked on one at a time, which bounds the memory.
    """

    def work(source: Source) -> tuple[Source, Picture | None]:
        stem = source.sha256
        if picture := keep_picture(known.get(source.sha256), kept, stem, into):
            return source, picture
        try:
            rendered = images.render(source.path, size, fit)
        except Exception as error:  # a damaged file makes decoders raise anything
            return replace(source, reason=error_reason(error)), None
        return source, save_picture(rendered, stem, into)

    todo = [source for source in sources if not source.reason]
    small = [source for source in todo if source.pixels <= images.LARGE_PIXELS]
    large = [source for source in todo if source.pixels > images.LARGE_PIXELS]
    results = chain(run_over(small, work), run_over(large, work, workers=1))
    bar = tqdm(results, "prepare", total=len(todo), unit="image", disable=None)
    made = {source.path: (source, picture) for source, picture in bar}
    return [made.get(source.path, (source, None)) for source in sources]


def number_pictures(
    made: list[tuple[Source, Picture | None]], into: Folders
) -> list[tuple[Source, Picture | None]]:
    """Rename the files from `<sha256>` to `img001` …, in order."""
    count = sum(picture is not None for _, picture in made)
    numbers = iter(range(1, count + 1))
    numbered: list[tuple[Source, Picture | None]] = []
    for source, picture in made:
        if picture:
            stem = f"img{next(numbers):0{max(3, len(str(count)))}}"
            for folder, suffix in ((into.pictures, ".png"), (into.thumbnails, ".webp")):
                (folder / f"{source.sha256}{suffix}").rename(folder / f"{stem}{suffix}")
            picture = replace(picture, stem=stem)
        numbered.append((source, picture))
    return numbered


def manifest_rows(made: list[tuple[Source, Picture | None]]) -> list[Row]:
    """Return a row for every source; look-alikes among the used ones are named."""
    used = [(source, picture) for source, picture in made if picture]
    near = near_duplicates([int(picture.hash, 16) for _, picture in used])
    looks_like = {
        used[later][0].path: note("looks_like", name=used[earlier][0].path.name)
        for later, earlier in near.items()
    }
    rows = []
    for source, picture in made:
        name, digest = source.path.name, source.sha256
        if picture is None:
            reason = cell(filter(None, [source.reason]))
            rows.append(Row("", name, digest, 0, 0, SKIPPED, reason))
            continue
        reason = cell(filter(None, [*picture.notes, looks_like.get(source.path)]))
        image, size = f"{picture.stem}.png", (picture.width, picture.height)
        rows.append(Row(image, name, digest, *size, USED, reason))
    return rows


def summary(rows: list[Row], manifest: Path, language: Language) -> str:
    """Return what the artist should read: counts, every skipped file, every look-alike."""

    def words(english: str, japanese: str) -> str:
        return in_language(language, english, japanese)

    used = sum(row.status == USED for row in rows)
    notes = [(row, each) for row in rows for each in notes_of(row)]
    skipped = [
        f"  {words('skipped', '使えません')}: {shown(row.source)}: {say(each, language)}"
        for row, each in notes
        if row.status == SKIPPED
    ]
    alike = [
        f"  {shown(row.source)}{words(' ', ': ')}{say(each, language)}"
        + words(", both are used", "。どちらも使います")
        for row, each in notes
        if each.code == "looks_like"
    ]
    lines = [
        words(
            f"prepare: {used} drawings used, {len(skipped)} files skipped",
            f"prepare: 使った絵 {used} 枚、使えなかったファイル {len(skipped)} 個",
        )
    ]
    lines += skipped[:SHOWN]
    if (more := len(skipped) - SHOWN) > 0:
        all_of_them = (
            f"and {more} more; {manifest} has them all",
            f"ほか {more} 個({manifest} に全部)",
        )
        lines.append(f"  … {words(*all_of_them)}")
    for codes, english, japanese in COUNTED:
        if count := sum(each.code in codes for _, each in notes):
            lines.append(f"  {words(english, japanese)}: {count}")
    lines += alike[:SHOWN]
    if (more := len(alike) - SHOWN) > 0:
        lines.append(f"  … {words(f'and {more} look-alikes more', f'ほか、似た絵 {more} 枚')}")
    if skipped:
        mended = (
            "mend a skipped file where it is, and the next run uses it",
            "使えなかったファイルは、直して入れ直せば次の実行で使われます",
        )
        lines.append(f"  {words(*mended)}")
    if used:
        every = words("every file and what became of it", "すべてのファイルの結果")
        lines.append(f"  {every}: {manifest}")
    return "\n".join(lines)


def check_input(input: Path, output: Path) -> None:
    """Check that there is a folder of drawings, and that nothing will be written into it.

    Raises:
        Problem: otherwise.
    """
    place = f"params.yaml, prepare.input: {str(input)!r}"
    if not input.exists():
        raise Problem(
            f"{place} is not there; create the folder and put your drawings in"
            " / フォルダーを作って絵を入れてください"
        )
    if not input.is_dir():
        raise Problem(f"{place} is a file; name the folder that it is in")
    drawings, pictures = input.resolve(), output.resolve()
    if drawings in (pictures, *pictures.parents) or pictures in drawings.parents:
        raise Problem(
            f"{place} overlaps with the output folder {str(output)!r}; name a folder that holds "
            "only drawings, such as data/raw"
        )


@dataclass(frozen=True)
class Places:
    """Where the stage reads and writes."""

    input: Path
    output: Path
    thumbnails: Path
    manifest: Path
    written: Path


def prepare(places: Places, size: int, fit: str) -> None:
    """Write `img001.png` …, thumbnails of the whole drawings, and a row for every file.

    Pictures that are there from an earlier run, as the record `written` has them, are kept.

    Raises:
        Problem: the input is no folder, overlaps with the output, or holds no usable picture.
        Problem: the environment asks for a language that is not spoken here.
    """
    reader = language(os.environ)
    check_input(places.input, places.output)
    made_by = recipe(size, fit)
    with (
        atomic_directory(places.output, only=PICTURES) as new_pictures,
        atomic_directory(places.thumbnails, only=THUMBNAILS) as new_thumbnails,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata beside good pixels
        kept = Folders(places.output, places.thumbnails)
        into = Folders(new_pictures, new_thumbnails)
        known = read_record(places.written, made_by)
        sources = sources_in(places.input)
        made = number_pictures(make_pictures(sources, known, kept, into, size, fit), into)
        rows = manifest_rows(made)
        print(summary(rows, places.manifest, reader))
        if not any(row.status == USED for row in rows):
            raise Problem(
                f"{places.input}: holds no picture that can be used; put drawings in "
                "/ 絵を入れてください"
            )
        # still under the lock, lest a run that waits for it reads or writes them at the same time
        record = {source.sha256: picture for source, picture in made if picture}
        write_record(places.written, made_by, record)
        write_manifest(places.manifest, rows)


def sources_in(folder: Path) -> list[Source]:
    """Return the files of a folder, by name, and why some of them can't be used."""
    paths = sorted(
        (path for path in folder.iterdir() if path.name not in LITTER),
        key=lambda path: (same_name(path.name), path.name),
    )
    return without_copies(list(run_over(paths, look_at)))


def from_flags(size: int, fit: str, **flags: Any) -> None:
    """Prepare as the flags say."""
    prepare(filled(Places, flags), size, fit)


def build_parser() -> Parser:
    parser = Parser("stages.prepare", __doc__, PREPARE)
    parser.add_argument("--output", type=Path, help="folder for the pictures")
    parser.add_argument("--thumbnails", type=Path, help="folder for the thumbnails")
    parser.add_argument("--manifest", type=Path, help="csv with a row for every file")
    parser.add_argument("--written", type=Path, help="record of the pictures that were made")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), from_flags, argv)


if __name__ == "__main__":
    sys.exit(main())
