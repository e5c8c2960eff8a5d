"""Put back what the pipeline wrote."""

from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.foreign import shown
from stages.library.common.outputs import write_atomically
from tools.corrections.places import between, places, why_not_kept


def discard(data: Path, only: Path | None) -> None:
    """Put back what the pipeline wrote; `only` is the file, or folder of files, to put back.

    Raises:
        Problem: a file is not the pipeline's; it stays.
    """

    def asked(path: Path) -> bool:
        return only is None or path.resolve().is_relative_to(only.resolve())

    dropped, left = 0, []
    for place in places(data):
        for path in filter(asked, [*place.hand, *place.lost]):
            entry = place.entry_of(path)
            if entry is None:
                left.append(f"{shown(path)} {why_not_kept(path, place)}")
                continue
            prepared = data / "prepared" / path.name
            written = entry.text.encode() if path.suffix == ".txt" else prepared.read_bytes()
            write_atomically(path, written)
            print(f"  {shown(path)}: as the pipeline wrote it")
            dropped += 1
    for path in filter(asked, between(data)):
        path.unlink()
        print(f"  {shown(path)}: removed; dvc repro makes it again")
        dropped += 1
    print(f"corrections: {dropped} files put back")
    if left:
        raise Problem("\n  ".join(["these are left as they are:", *left]))
