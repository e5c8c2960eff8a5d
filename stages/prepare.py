"""Turn a folder of drawings into numbered pictures that a trainer can use."""

import hashlib
import json
import stat
import sys
import warnings
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path

import PIL
from tqdm import tqdm

from stages.library import command, images
from stages.library.arguments import Parser, one_of, whole
from stages.library.manifest import SKIPPED, USED, Row, same_name, shown, write_manifest
from stages.library.outputs import LITTER, atomic_directory, sha256, write_atomically
from stages.library.workers import run_over

OURS = r"img\d{3,}\.png"
NEAR = 28
"""Of 256 bits of the perceptual hash: pictures that differ in no more look alike.

On 200 game portraits, variants of one figure differed in 11 to 34 bits, others in 33 and more."""


LOOKS_LIKE = "looks like"


@dataclass(frozen=True)
class Source:
    """A file of the input folder; `reason` says why it can't be used, '' as far as is known."""

    path: Path
    sha256: str = ""
    pixels: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Picture:
    """A prepared picture; recorded, so that it need not be made again."""

    image: str  # its file in the output folder
    sha256: str  # of that file's bytes
    width: int  # of the drawing
    height: int
    hash: str  # perceptual, hex
    notes: list[str]


def entry_reason(path: Path) -> str:
    """Return why a directory entry can't be a picture, judged without opening it; else ''."""
    try:
        status = path.stat()
    except OSError:
        return "is a broken link" if path.is_symlink() else "can't be read"
    if stat.S_ISDIR(status.st_mode):
        return "is a folder; only files directly in the input folder are read"
    if not stat.S_ISREG(status.st_mode):
        return "is no regular file"
    if path.suffix.lower() not in images.SUFFIXES:
        return f"is no picture file ({path.suffix or 'no file ending'})"
    return "" if status.st_size else "is empty (0 bytes)"


def error_reason(error: Exception) -> str:
    """Return in one line why a file could not be read."""
    if isinstance(error, PIL.UnidentifiedImageError):
        return "is no picture, or a damaged one"
    if isinstance(error, PermissionError):
        return "can't be read: permission denied"
    if isinstance(error, MemoryError):
        return "needs more memory than there is; save a smaller copy"
    message = " ".join(str(error).split())
    return (
        message if isinstance(error, images.UnusableError) else f"is damaged: {message or error!r}"
    )


def look_at(path: Path) -> Source:
    """Read a file's digest and header."""
    source = Source(path, reason=entry_reason(path))
    if source.reason:
        return source
    try:
        source = replace(source, sha256=sha256(path))
        with images.open_picture(path) as image:
            return replace(source, pixels=image.width * image.height)
    except Exception as error:  # a damaged file makes decoders raise anything
        return replace(source, reason=error_reason(error))


def without_copies(sources: list[Source]) -> list[Source]:
    """Return the sources with all but the first of byte-identical files marked unusable."""
    first: dict[str, str] = {}
    marked = []
    for source in sources:
        name = first.setdefault(source.sha256, source.path.name)
        if not source.reason and name != source.path.name:
            source = replace(source, reason=f"has the same bytes as {name}")
        marked.append(source)
    return marked


def near_duplicates(hashes: list[int], limit: int = NEAR) -> dict[int, int]:
    """Return, for each picture that looks like an earlier one, the first such one, by index.

    >>> near_duplicates([0b1111, 0b1111_0000_0000, 0b1110], limit=1)
    {2: 0}
    """
    near = {}
    for later, one in enumerate(hashes):
        for earlier in range(later):
            if (one ^ hashes[earlier]).bit_count() <= limit:
                near[later] = earlier
                break
    return near


def save_picture(rendered: images.Rendered, into: Path) -> Picture:
    """Write a rendered picture and return what is to be recorded of it."""
    data = images.png_bytes(rendered.picture)
    into.write_bytes(data)
    return Picture(
        image=into.name,
        sha256=hashlib.sha256(data).hexdigest(),
        width=rendered.width,
        height=rendered.height,
        hash=f"{images.difference_hash(rendered.picture):064x}",
        notes=rendered.notes,
    )


def keep_picture(known: Picture | None, folder: Path, into: Path) -> Picture | None:
    """Copy a picture made before from `folder` to `into`, if it is still there unchanged."""
    if known is None or not (folder / known.image).is_file():
        return None
    data = (folder / known.image).read_bytes()
    if hashlib.sha256(data).hexdigest() != known.sha256:
        return None
    into.write_bytes(data)
    return known


def recipe(size: int, fit: str) -> str:
    """Return a name for everything but the drawing that decides on a picture's bytes."""
    code = hashlib.sha256(Path(images.__file__).read_bytes()).hexdigest()
    return f"{fit} {size}, Pillow {PIL.__version__}, images.py {code[:12]}"


def read_record(path: Path, made_by: str) -> dict[str, Picture]:
    """Return the pictures made before by the same recipe, by the drawing's SHA-256."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["recipe"] == made_by:
            return {key: Picture(**picture) for key, picture in record["pictures"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        pass  # no record, or not one: make every picture anew
    return {}


def write_record(path: Path, made_by: str, pictures: dict[str, Picture]) -> None:
    """Write what `read_record` reads."""
    record = {key: asdict(picture) for key, picture in pictures.items()}
    text = json.dumps({"recipe": made_by, "pictures": record}, indent=1, ensure_ascii=False)
    write_atomically(path, f"{text}\n".encode())


def make_pictures(
    sources: list[Source], known: dict[str, Picture], kept: Path, into: Path, size: int, fit: str
) -> list[tuple[Source, Picture | None]]:
    """Write `<sha256>.png` to `into` for every source that can be used.

    Returns the sources in their order, each with its picture or with the reason why there is none.
    Large drawings are worked on one at a time, which bounds the memory.
    """

    def work(source: Source) -> tuple[Source, Picture | None]:
        path = into / f"{source.sha256}.png"
        if picture := keep_picture(known.get(source.sha256), kept, path):
            return source, picture
        try:
            rendered = images.render(source.path, size, fit)
        except Exception as error:  # a damaged file makes decoders raise anything
            return replace(source, reason=error_reason(error)), None
        return source, save_picture(rendered, path)

    todo = [source for source in sources if not source.reason]
    small = [source for source in todo if source.pixels <= images.LARGE_PIXELS]
    large = [source for source in todo if source.pixels > images.LARGE_PIXELS]
    results = chain(run_over(small, work), run_over(large, work, workers=1))
    bar = tqdm(results, "prepare", total=len(todo), unit="image", disable=None)
    made = {source.path: (source, picture) for source, picture in bar}
    return [made.get(source.path, (source, None)) for source in sources]


def number_pictures(
    made: list[tuple[Source, Picture | None]], folder: Path
) -> list[tuple[Source, Picture | None]]:
    """Rename the files of `folder` from `<sha256>.png` to `img001.png` …, in order."""
    count = sum(picture is not None for _, picture in made)
    numbers = iter(range(1, count + 1))
    numbered: list[tuple[Source, Picture | None]] = []
    for source, picture in made:
        if picture:
            name = f"img{next(numbers):0{max(3, len(str(count)))}}.png"
            (folder / f"{source.sha256}.png").rename(folder / name)
            picture = replace(picture, image=name)
        numbered.append((source, picture))
    return numbered


def manifest_rows(made: list[tuple[Source, Picture | None]]) -> list[Row]:
    """Return a row for every source; look-alikes among the used ones are named."""
    used = [(source, picture) for source, picture in made if picture]
    near = near_duplicates([int(picture.hash, 16) for _, picture in used])
    looks_like = {
        used[later][0].path: f"{LOOKS_LIKE} {used[earlier][0].path.name}"
        for later, earlier in near.items()
    }
    rows = []
    for source, picture in made:
        name, digest = source.path.name, source.sha256
        if picture is None:
            rows.append(Row("", name, digest, 0, 0, SKIPPED, source.reason))
            continue
        notes = [*picture.notes, looks_like.get(source.path, "")]
        reason = "; ".join(note for note in notes if note)
        rows.append(Row(picture.image, name, digest, picture.width, picture.height, USED, reason))
    return rows


def summary(rows: list[Row], manifest: Path) -> str:
    """Return what the artist should read: counts, every skipped file, every look-alike."""
    skipped = [row for row in rows if row.status == SKIPPED]
    used = [row for row in rows if row.status == USED]
    lines = [f"prepare: {len(used)} drawings used, {len(skipped)} files skipped"]
    lines += [f"  skipped: {shown(row.source)}: {row.reason}" for row in skipped]
    for kind in ("upscaled", "colours converted", "colour profile unreadable"):
        if count := sum(kind in row.reason for row in used):
            lines.append(f"  {kind}: {count}")
    lines += [
        f"  {shown(row.source)} {row.reason[row.reason.index(LOOKS_LIKE) :]}, both are used"
        for row in used
        if LOOKS_LIKE in row.reason
    ]
    if skipped:
        lines.append(
            "  使えなかったファイルは上のとおりです。直して入れ直せば次の実行で使われます。"
        )
    return "\n".join([*lines, f"  every file and what became of it: {manifest}"])


def prepare(input: Path, output: Path, manifest: Path, written: Path, size: int, fit: str) -> None:
    """Write `img001.png` … to `output` and a row for every file of `input` to `manifest`.

    Pictures that `output` and the record `written` hold from an earlier run are kept.

    Raises:
        ValueError: `input` is no folder, or holds no usable picture.
    """
    if not input.is_dir():
        raise ValueError(
            f"params.yaml, prepare.input: there is no folder {str(input)!r}; "
            "create it and put your drawings in / フォルダーを作って絵を入れてください"
        )
    paths = sorted(
        (path for path in input.iterdir() if path.name not in LITTER),
        key=lambda path: (same_name(path.name), path.name),
    )
    made_by = recipe(size, fit)
    known = read_record(written, made_by)
    with atomic_directory(output, only=OURS) as partial, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata beside good pixels
        sources = without_copies(list(run_over(paths, look_at)))
        made = make_pictures(sources, known, output, partial, size, fit)
        made = number_pictures(made, partial)
        rows = manifest_rows(made)
        print(summary(rows, manifest))
        if not any(row.status == USED for row in rows):
            raise ValueError(
                f"{input}: holds no picture that can be used; put drawings in / 絵を入れてください"
            )
    record = {source.sha256: picture for source, picture in made if picture}
    write_record(written, made_by, record)
    write_manifest(manifest, rows)


def build_parser() -> Parser:
    parser = Parser("stages.prepare", __doc__, section="prepare")
    parser.add_argument("--output", type=Path, help="folder for the pictures")
    parser.add_argument("--manifest", type=Path, help="csv with a row for every file")
    parser.add_argument("--written", type=Path, help="record of the pictures that were made")
    parser.add_param("input", Path, help="folder of drawings, read and never written to")
    parser.add_param("size", whole(64, 4096, multiple_of=64), help="short side in pixels")
    parser.add_param("fit", one_of("crop", "bucket"), help="crop to a square, or keep the aspect")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), prepare, argv)


if __name__ == "__main__":
    sys.exit(main())
