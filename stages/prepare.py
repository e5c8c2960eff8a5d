"""Turn a folder of drawings into numbered pictures that a trainer can use."""

import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from tqdm import tqdm

from stages.library.common import command
from stages.library.common.arguments import Parser, filled
from stages.library.common.cluster import chosen
from stages.library.common.disk import keep_tree
from stages.library.common.errors import Problem
from stages.library.common.faults import as_problem, is_machines
from stages.library.common.language import Language, in_language, language
from stages.library.common.links import links_out
from stages.library.common.litter import is_litter
from stages.library.common.outputs import READ_ONLY, atomic_directory, beside
from stages.library.common.unchanged import seen
from stages.library.common.workers import Place, RunOver, here, run_over
from stages.library.dataset import images
from stages.library.dataset.drawings import Wish, Wishes, matched
from stages.library.dataset.drawings_file import read_drawings
from stages.library.dataset.endings import may_be_picture
from stages.library.dataset.framing import Detect
from stages.library.dataset.manifest import (
    SKIPPED,
    USED,
    Row,
    on_a_mac,
    same_name,
    shown,
    write_manifest,
)
from stages.library.dataset.near_duplicates import near_duplicates
from stages.library.dataset.notes import cell, note, notes_of, say
from stages.library.dataset.prepared import (
    Folders,
    Picture,
    keep_picture,
    read_record,
    recipe,
    record_of,
    retouched,
    save_picture,
    wished,
    write_record,
)
from stages.library.dataset.sources import (
    Source,
    error_reason,
    look_at,
    read_again,
    without_copies,
)
from stages.library.dataset.subjects import subject_called
from stages.library.params.prepare import PREPARE
from stages.library.tagging.heads import fingerprint, heads_in, load_detector

PICTURES = r"img\d{3,}\.png"
THUMBNAILS = r"img\d{3,}\.webp"
SHOWN = 20
"""Skipped files and look-alikes that are shown by name; the manifest has them all."""

REPAINTED = (
    "these pictures were changed by hand, and this run would overwrite them:",
    "  put a picture that you changed among your drawings instead, in place of the drawing;",
    "  then drop it here:  python -m tools.corrections discard",
    "  and run dvc repro again",
    "  ここの絵は作り直されます。直した絵は元の絵と入れ替えて絵のフォルダーに入れ、",
    "  ここの変更は discard で捨ててから、もう一度 dvc repro を実行してください。",
)

COUNTED = (
    (("upscaled",), "upscaled", "拡大"),
    (("colours_converted", "unnamed_converted"), "colours converted", "色を sRGB に変換"),
    (("profile_unreadable",), "colour profile unreadable", "読めないカラープロファイル"),
    (("first_frame",), "only the first frame used", "最初のコマだけを使用"),
    (("first_page",), "only the first page used", "1 ページ目だけを使用"),
    (("to_subject", "to_heads"), "cut around the subject", "描かれたものに合わせて切り抜き"),
    (("cropped",), "cropped as you say", "指定どおりに切り抜き"),
    (("filled", "masked"), "with hidden parts", "隠した部分あり"),
)
"""Codes of notes on used pictures that are counted rather than named."""

NAMED = ("nearly_empty", "same_name", "looks_like")
"""Codes of notes on used pictures that are told of each by name."""


Found = tuple[Source, Picture | None, Wish]
"""A source with the picture that the record has of it, and what is wished for it now."""

Made = tuple[Source, Picture | None]
"""A source with its picture, or with the reason why there is none."""


@dataclass(frozen=True)
class Manner:
    """How drawings become pictures."""

    size: int
    fit: str
    alpha: str
    detector: str  # none, or the path of one

    @property
    def heads_by(self) -> Path | None:
        """What finds the heads, if they matter."""
        wanted = self.fit == "subject" and self.detector != "none"
        return Path(self.detector) if wanted else None

    @property
    def recipe(self) -> str:
        return recipe(self.size, self.fit, self.alpha, fingerprint(self.heads_by))

    @property
    def detect(self) -> Detect | None:
        """The detector, loaded."""
        return partial(heads_in, load_detector(self.heads_by)) if self.heads_by else None


@dataclass(frozen=True)
class Workshop:
    """Where pictures are made: those of an earlier run, and those that one left unfinished."""

    known: dict[str, Picture]
    kept: Folders
    checkpoint: Folders
    made_by: str

    def from_before(self, source: Source, known: Picture | None, wish: str) -> Picture | None:
        """Return the picture of a source, made before and put into the checkpoint; else None."""
        stem, here = source.sha256, self.checkpoint
        known = known if known and known.wish == wish else None
        if picture := keep_picture(known, self.kept, stem, here):
            return picture
        left = read_record(here.pictures / f"{stem}.json", self.made_by).get(stem)
        return keep_picture(left if left and left.wish == wish else None, here, stem, here)

    def keep(self, source: Source, rendered: images.Rendered, wish: str) -> Picture:
        """Put a new picture into the checkpoint; last what is known of it."""
        stem, here = source.sha256, self.checkpoint
        picture = save_picture(rendered, stem, here, wish)
        (here.pictures / f"{stem}.json").write_bytes(record_of(self.made_by, {stem: picture}))
        return picture


def make_pictures(
    sources: list[Source],
    shop: Workshop,
    manner: Manner,
    wishes: Mapping[str, Wish],
    spread: RunOver = here,
) -> list[Made]:
    """Write `<sha256>.png` and `.webp` into the checkpoint for every source that can be used.

    `wishes` are by the drawing's name. Returns the sources in their order. Large drawings are
    worked on one at a time, which bounds the memory, and so are those that could not be decoded:
    beside others there may have been too little of it.

    Raises:
        Problem: the machine can't read a drawing or has no memory for it.
        Problem: a drawing is no longer what was looked at.
    """
    todo = [
        (source, shop.known.get(source.sha256), wishes.get(source.name, images.NO_WISH))
        for source in sources
        if not source.reason
    ]
    small = [each for each in todo if each[0].pixels <= images.LARGE_PIXELS]
    large = [each for each in todo if each[0].pixels > images.LARGE_PIXELS]
    shop = replace(shop, known={})  # each source has its own; all of them may have far to go

    def work(detect: Detect | None, found: Found, alone: bool = True) -> Made:
        source, known, wish = found
        try:
            if picture := shop.from_before(source, known, wished(wish)):
                return source, picture
            data = read_again(source)
            try:
                rendered = images.render(
                    BytesIO(data),
                    manner.size,
                    manner.fit,
                    alpha=manner.alpha,
                    wish=wish,
                    detect=detect,
                )
            except Problem:  # the detector's fault, and no drawing's
                raise
            except images.UnusableError as error:
                return replace(source, reason=error.reason), None
            except Exception as error:  # a damaged file makes decoders raise anything
                if not alone:
                    return source, None
                if is_machines(error):
                    raise
                images.check_memory(source.pixels)
                return replace(source, reason=error_reason(error)), None
            if reason := images.emptiness(rendered):
                return replace(source, reason=reason), None
            return source, shop.keep(source, rendered, wished(wish))
        except MemoryError as error:
            raise as_problem(source.path, error) from error

    def check(place: Place) -> None:
        if place.away and manner.recipe != shop.made_by:
            raise Problem(
                f"would prepare by {manner.recipe}, not by {shop.made_by}; install the same "
                "requirements.lock there"
            )

    def start(place: Place) -> Callable[[Iterable[Found]], Iterator[Made]]:
        check(place)
        detect = manner.detect
        return lambda sources: run_over(sources, partial(work, detect, alone=False))

    def start_alone(place: Place) -> Callable[[Iterable[Found]], Iterator[Made]]:
        check(place)
        return partial(map, partial(work, manner.detect))

    def results() -> Iterator[Made]:
        again: list[Found] = []
        for (source, picture), (_, _, wish) in zip(spread(small, start), small, strict=True):
            if picture or source.reason:
                yield source, picture
            else:
                again.append((source, None, wish))
        yield from spread(again + large, start_alone, at_once=1)

    bar = tqdm(results(), "prepare", total=len(todo), unit="image", disable=None)
    made = {source.path: (source, picture) for source, picture in bar}
    return [made.get(source.path, (source, None)) for source in sources]


def number_pictures(made: list[Made]) -> list[Made]:
    """Name the pictures `img001` …, in order."""
    count = sum(picture is not None for _, picture in made)
    digits = max(3, len(str(count)))
    numbers = iter(range(1, count + 1))
    return [
        (source, picture and replace(picture, stem=f"img{next(numbers):0{digits}}"))
        for source, picture in made
    ]


def take_over(made: list[Made], checkpoint: Folders, into: Folders) -> None:
    """Move the pictures from the checkpoint to where they belong, under their names."""
    for source, picture in made:
        if picture:
            for here, there, suffix in (
                (checkpoint.pictures, into.pictures, ".png"),
                (checkpoint.thumbnails, into.thumbnails, ".webp"),
            ):
                (here / f"{source.sha256}{suffix}").rename(there / f"{picture.stem}{suffix}")
            (into.pictures / f"{picture.stem}.png").chmod(READ_ONLY)


def manifest_rows(made: list[Made]) -> list[Row]:
    """Return a row for every source; look-alikes among the used ones are named."""
    used = [(source, picture) for source, picture in made if picture]
    near = near_duplicates([int(picture.hash, 16) for _, picture in used])
    looks_like = {
        used[later][0].path: note("looks_like", name=used[earlier][0].name)
        for later, earlier in near.items()
    }
    names: dict[str, str] = {}
    for source, _ in used:
        names.setdefault(on_a_mac(source.name), source.name)
    rows = []
    for source, picture in made:
        name, digest = source.name, source.sha256
        if picture is None:
            reason = cell(filter(None, [source.reason]))
            rows.append(Row("", name, digest, 0, 0, SKIPPED, reason))
            continue
        other = names[on_a_mac(name)]
        twin = note("same_name", name=other) if other != name else None
        reason = cell(filter(None, [*picture.notes, twin, looks_like.get(source.path)]))
        image, size = f"{picture.stem}.png", (picture.width, picture.height)
        rows.append(Row(image, name, digest, *size, USED, reason))
    return rows


def summary(rows: list[Row], manifest: Path, language: Language, litter: int = 0) -> str:
    """Return what the artist should read: counts, skipped files, remarks worth a name."""

    def words(english: str, japanese: str) -> str:
        return in_language(language, english, japanese)

    used = sum(row.status == USED for row in rows)
    notes = [(row, each) for row in rows for each in notes_of(row)]
    skipped = [
        f"  {words('skipped', '使えません')}: {shown(row.source)}: {say(each, language)}"
        for row, each in notes
        if row.status == SKIPPED
    ]
    named = [
        f"  {shown(row.source)}{words(' ', ': ')}{say(each, language)}"
        + (words(", both are used", "。どちらも使います") if each.code == "looks_like" else "")
        for row, each in notes
        if each.code in NAMED
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
            f"ほか {more} 個(すべて {manifest} にあります)",
        )
        lines.append(f"  … {words(*all_of_them)}")
    for codes, english, japanese in COUNTED:
        if count := sum(each.code in codes for _, each in notes):
            lines.append(f"  {words(english, japanese)}: {count}")
    if litter:
        passed = ("files of the system's own, passed over", "システムのファイル(無視しました)")
        lines.append(f"  {words(*passed)}: {litter}")
    lines += named[:SHOWN]
    if (more := len(named) - SHOWN) > 0:
        lines.append(f"  … {words(f'and {more} remarks more', f'ほか {more} 件')}")
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


def told_link(folder: Path) -> str:
    """Return what to say of an input that is a link, which is read, and which DVC can't keep."""
    return (
        f"prepare: {shown(folder)} is a link; its drawings are used, but DVC can't keep a link: "
        f"leave out dvc add {shown(folder)}, or put the folder itself there / リンクです。"
        "絵は使いますが、DVC には記録できません。dvc add は省くか、"
        "フォルダーそのものを置いてください"
    )


@dataclass(frozen=True)
class Places:
    """Where the stage reads and writes."""

    input: Path
    drawings: Path
    output: Path
    thumbnails: Path
    manifest: Path
    written: Path

    @property
    def checkpoint(self) -> Folders:
        """What a run leaves that fails or is killed."""
        pictures, thumbnails = self.output.resolve(), self.thumbnails.resolve()
        return Folders(beside(pictures, "checkpoint"), beside(thumbnails, "checkpoint"))


def refuse_retouched(places: Places, made: list[Made]) -> None:
    """Raise Problem if a picture in the output is somebody's work: neither made before nor now."""
    coming = {picture.sha256 for _, picture in made if picture}
    hand = retouched(places.output, places.written)
    if names := [f"  {shown(path)}" for path, digest in hand.items() if digest not in coming]:
        raise Problem("\n".join([REPAINTED[0], *names[:SHOWN], *REPAINTED[1:]]))


def wishes_for(sources: list[Source], wishes: Wishes) -> dict[str, Wish]:
    """Return what is wished for drawings, by name; organize tells of what fits none."""
    drawings = [(source.name, source.sha256) for source in sources if not source.reason]
    return matched(wishes, drawings)[0]


def prepare(places: Places, manner: Manner, follow_links: bool) -> None:
    """Write `img001.png` …, thumbnails of the whole drawings, and a row for every file.

    Pictures that are there from an earlier run, as the record `written` has them, are kept, and so
    are those that a run has made which failed or was killed. Links that lead out of the input are
    used only with `follow_links`.

    Raises:
        Problem: the machine fails at a drawing, or somebody changed one meanwhile.
        Problem: the input is no folder, overlaps with the output, or holds no usable picture.
        Problem: the environment asks for a language that is not spoken here.
    """
    reader = language(os.environ)
    check_input(places.input, places.output)
    if places.input.is_symlink():
        print(told_link(places.input), file=sys.stderr)
    read = seen(places.drawings)
    wishes = read_drawings(places.drawings)
    made_by = manner.recipe

    def record() -> None:
        """Not before the pictures have their place: by the record those are known again."""
        pictures = {source.sha256: picture for source, picture in made if picture}
        write_record(places.written, made_by, pictures)
        write_manifest(places.manifest, rows)
        checkpoint.remove()

    with (
        atomic_directory(places.output, only=PICTURES, done=record) as new_pictures,
        atomic_directory(places.thumbnails, only=THUMBNAILS) as new_thumbnails,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata beside good pixels
        folders = [places.input, *subject_folders(places.input)]
        drawings = seen(*folders, is_read=lambda path: may_be_picture(path.name))
        litter = sum(is_litter(path.name) for folder in folders for path in folder.iterdir())
        sources = sources_in(places.input, follow_links)
        known = read_record(places.written, made_by)
        kept, checkpoint = Folders(places.output, places.thumbnails), places.checkpoint
        checkpoint.make()
        shop = Workshop(known, kept, checkpoint, made_by)
        wanted = wishes_for(sources, wishes)
        made = number_pictures(make_pictures(sources, shop, manner, wanted, chosen(os.environ)))
        for folder in (checkpoint.pictures, checkpoint.thumbnails):
            keep_tree(folder)  # before the last look, since it may take the disk long
        rows = manifest_rows(made)
        refuse_retouched(places, made)
        drawings.look_again()
        read.look_again()
        print(summary(rows, places.manifest, reader, litter))
        if not any(row.status == USED for row in rows):
            checkpoint.remove()
            raise Problem(
                f"{places.input}: holds no picture that can be used; put drawings in "
                "/ 使える絵がありません。絵を入れてください"
            )
        take_over(made, checkpoint, Folders(new_pictures, new_thumbnails))


def in_order(folder: Path) -> list[Path]:
    """Return what is directly in a folder, by name, but for litter."""
    return sorted(
        (path for path in folder.iterdir() if not is_litter(path.name)),
        key=lambda path: (same_name(path.name), path.name),
    )


def subject_folders(folder: Path) -> list[Path]:
    """Return the folders in a folder that hold the drawings of a subject each.

    A link to one is none: DVC would not see what changes in there.
    """
    return [
        path
        for path in in_order(folder)
        if subject_called(path.name) and path.is_dir() and not path.is_symlink()
    ]


def sources_in(folder: Path, follow_links: bool) -> list[Source]:
    """Return the files of a folder, by name, then those of the subjects in it.

    Each says why it can't be used, if it can't.
    """
    subjects = {path: in_order(path) for path in subject_folders(folder)}
    paths = [path for path in in_order(folder) if not subjects.get(path)]
    paths += [path for inside in subjects.values() for path in inside]
    out = set[Path]() if follow_links else links_out(paths)

    def work(path: Path) -> Source:
        if path in subjects:
            return Source(path, reason=note("no_drawings"))
        source = Source(path, reason=note("link_out")) if path in out else look_at(path)
        return replace(source, folder=path.parent.name if path.parent in subjects else "")

    return without_copies(list(run_over(paths, work)))


def from_flags(follow_links: bool, **flags: Any) -> None:
    """Prepare as the flags say."""
    prepare(filled(Places, flags), filled(Manner, flags), follow_links)


def build_parser() -> Parser:
    parser = Parser("stages.prepare", __doc__, PREPARE)
    parser.add_argument("--drawings", type=Path, help="file of wishes for drawings (.yaml)")
    parser.add_argument("--output", type=Path, help="folder for the pictures")
    parser.add_argument("--thumbnails", type=Path, help="folder for the thumbnails")
    parser.add_argument("--manifest", type=Path, help="csv with a row for every file")
    parser.add_argument("--written", type=Path, help="record of the pictures that were made")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), from_flags, argv)


if __name__ == "__main__":
    sys.exit(main())
