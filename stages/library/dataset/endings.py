"""What a file's ending says of it: a picture that is read, or how to make one of it."""

import re

from stages.library.common.litter import is_backup
from stages.library.dataset import images
from stages.library.dataset.notes import Note, note

ENDING = re.compile(r"\.(?=[0-9_-]*[a-z])[a-z0-9_-]{1,12}", flags=re.IGNORECASE | re.ASCII)
"""Of `絵.その2` and `sketch 1.5` no more than the name goes on behind the dot."""

SAVED_FROM_THE_WEB = re.compile(r"(\.[a-z]{3,4})[_-](large|orig|small|medium|thumb)", re.IGNORECASE)
"""As of Twitter's `a.jpg_large`."""

PROGRAMS = {
    ".psd": "Photoshop",
    ".psb": "Photoshop",
    ".psdc": "Photoshop",
    ".clip": "CLIP STUDIO PAINT",
    ".lip": "CLIP STUDIO PAINT",
    ".cmc": "CLIP STUDIO PAINT",
    ".kra": "Krita",
    ".krz": "Krita",
    ".ora": "Krita",
    ".xcf": "GIMP",
    ".sai": "PaintTool SAI",
    ".sai2": "PaintTool SAI",
    ".mdp": "MediBang Paint",
    ".procreate": "Procreate",
    ".ipv": "ibisPaint",
    ".pdn": "Paint.NET",
    ".afphoto": "Affinity",
    ".afdesign": "Affinity",
    ".af": "Affinity",
    ".pxd": "Pixelmator",
    ".pxm": "Pixelmator",
    ".aseprite": "Aseprite",
    ".ase": "Aseprite",
    ".rif": "Painter",
    ".riff": "Painter",
    ".psp": "PaintShop",
    ".pspimage": "PaintShop",
    ".tvpp": "TVPaint",
    ".blend": "Blender",
    ".sketch": "Sketch",
    ".fig": "Figma",
    ".xd": "Adobe XD",
    ".spp": "Substance Painter",
    ".openraster": "Krita",
    ".apd": "AzPainter",
    ".ptg": "ArtRage",
}
"""Drawing programs by the ending of their own files, which hold layers."""

VECTORS = frozenset({".svg", ".svgz", ".ai", ".ait", ".pdf", ".eps", ".ps", ".cdr", ".emf", ".wmf"})

OTHER_PICTURES = frozenset(
    {".jxl", ".jp2", ".j2k", ".jpf", ".jpx", ".jpm", ".jxr", ".wdp", ".hdp", ".bpg", ".flif"}
    | {".tga", ".icb", ".vda", ".vst", ".pcx", ".dds", ".ico", ".cur", ".icns", ".qoi", ".sgi"}
    | {".pbm", ".pgm", ".ppm", ".pnm", ".pam", ".pfm", ".xpm", ".xbm", ".exr", ".hdr", ".pict"}
    | {".pct", ".pic", ".mag", ".ff", ".ras", ".wbmp", ".dcx", ".iff", ".ilbm", ".lbm", ".jng"}
    | {".mng", ".ktx", ".ktx2", ".heics", ".djvu", ".xps"}
)

RAW = frozenset(
    {".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".orf", ".raf"}
    | {".rw2", ".pef", ".srw", ".x3f", ".3fr", ".iiq", ".kdc", ".dcr", ".erf", ".mrw", ".rwl"}
)

FILMS = frozenset(
    {".mp4", ".m4v", ".mov", ".avi", ".webm", ".mkv", ".wmv", ".flv", ".mpg", ".mpeg", ".3gp"}
    | {".mts", ".m2ts", ".ogv", ".livp"}
)

ARCHIVES = frozenset(
    {".zip", ".rar", ".7z", ".lzh", ".lha", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".cbz", ".cbr"}
    | {".sit", ".dmg", ".iso", ".zst"}
)

CAPTIONS = frozenset({".txt", ".caption"})
"""As they lie beside drawings that come from another trainer's folder."""

UNFINISHED = frozenset({".crdownload", ".part", ".partial", ".download", ".opdownload", ".aria2"})

SHORTCUTS = frozenset({".lnk", ".url", ".webloc", ".inetloc", ".desktop", ".alias"})


def ending(name: str) -> str:
    r"""Return what a file's name says of its kind, in small letters; '' if it says nothing.

    >>> [ending(name) for name in ("a.PNG", "a.jpg_large", "絵.その2", "sketch 1.5", ".png")]
    ['.png', '.jpg', '', '', '']
    """
    stem, dot, rest = name.rpartition(".")
    suffix = f"{dot}{rest}".strip().lower()
    if not stem or not ENDING.fullmatch(suffix):
        return ""
    web = SAVED_FROM_THE_WEB.fullmatch(suffix)
    return web[1] if web and web[1] in images.SUFFIXES else suffix


def may_be_picture(name: str) -> bool:
    """Return whether a file of this name is looked into: called as a picture is, or as nothing.

    >>> [may_be_picture(name) for name in ("a.png", "a", "a.txt", "a.png~")]
    [True, True, False, False]
    """
    return ending(name) in images.SUFFIXES | {""} and not is_backup(name) and not cloud_name(name)


def cloud_name(name: str) -> str:
    """Return the name of a file of which iCloud has put only a placeholder here; '' else.

    >>> cloud_name(".なす.png.icloud"), cloud_name("なす.png")
    ('なす.png', '')
    """
    here = name.startswith(".") and name.endswith(".icloud")
    return name[1:].removesuffix(".icloud") if here else ""


def ending_reason(name: str) -> Note | None:
    """Return why a file of this name is no picture that is read, and how to make one of it."""
    suffix = ending(name)
    if cloud := cloud_name(name):
        return note("in_icloud", name=cloud)
    if is_backup(name):
        return note("backup")
    if may_be_picture(name):
        return None
    if program := PROGRAMS.get(suffix):
        return note("programs_own", program=program, ending=suffix)
    for endings, reason in (
        (VECTORS, note("vector", ending=suffix)),
        (OTHER_PICTURES, note("other_picture", ending=suffix)),
        (RAW, note("camera_raw", ending=suffix)),
        (FILMS, note("film", ending=suffix)),
        (ARCHIVES, note("archive", ending=suffix)),
        (CAPTIONS, note("caption")),
        (UNFINISHED, note("unfinished")),
        (SHORTCUTS, note("shortcut", ending=suffix)),
    ):
        if suffix in endings:
            return reason
    return note("other_ending", ending=suffix)
