"""Pictures as files: what they hold, that they can be shown, and that they are what they were."""

import hashlib
import io
from pathlib import Path

from PIL import Image

from stages.library.common.errors import Problem
from stages.library.common.faults import bytes_there, is_machines, named
from stages.library.common.foreign import shown
from stages.library.drawing.painters.infotext import CHUNK

ANEW = (
    "draw it again (dvc repro -f -s training/dvc.yaml:generate), or get it from the cache "
    "(dvc checkout) / 描き直すか、dvc checkout で戻してください"
)


def infotext_in(path: Path) -> str:
    """Return the infotext of a PNG, of which no pixel is unpacked; '' if it has none.

    Raises:
        Problem: it is no PNG, or the machine can't read it.
    """
    try:
        with named(path), Image.open(path, formats=("PNG",)) as picture:
            return str(picture.info.get(CHUNK, ""))
    except Problem:
        raise
    except Exception as error:  # a damaged file makes decoders raise anything
        if is_machines(error):
            raise
        raise no_picture(path) from None


def picture_in(path: Path, sha256: str) -> bytes:
    """Return a picture that is what it was, and can be shown.

    Raises:
        Problem: it was changed, it is damaged, or the machine can't read it.
    """
    data = bytes_there(path)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise Problem(
            f"{shown(path)}: was changed since this was started, as by drawing again; end this "
            "with Ctrl-C, and start it again / 起動したあとに絵が変わりました。Ctrl-C で終わらせ、"
            "もう一度起動してください"
        )
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            picture.load()
    except MemoryError:
        raise
    except Exception:  # as above
        raise no_picture(path) from None
    return data


def no_picture(path: Path) -> Problem:
    return Problem(f"{shown(path)}: is no PNG, or a damaged one; {ANEW}")
