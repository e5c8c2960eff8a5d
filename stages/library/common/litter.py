"""What systems and editors leave in a folder, and nobody put there.

Git and DVC are told the same, in .gitignore and .dvcignore; a test holds them together.
"""

import re

SYSTEMS = re.compile(
    r"\._.*"  # a Mac's notes beside a file on a foreign disk
    r"|\.DS_Store|\.localized|Icon\r|\.AppleDouble|\.AppleDB|\.AppleDesktop|\.apdisk|__MACOSX"
    r"|\.Spotlight-V100|\.Trashes|\.Trash(-\d+)?|\.fseventsd|\.TemporaryItems"
    r"|\.DocumentRevisions-V100"
    r"|(eh|album)?thumbs(_vista)?\.db(:encryptable)?|desktop\.ini|\$RECYCLE\.BIN"
    r"|System Volume Information"
    r"|\.directory|\.thumbnails|\.xvpics|\.nfs[0-9a-f]+|\.fuse_hidden[0-9a-f]+"
    r"|@eaDir|@tmp|#recycle|@Recycle|\.@__thumb|\.nomedia|\.?picasa\.ini"
    r"|\.dropbox(\.attr|\.cache)?|\.stfolder|\.stversions|\.stignore",
    flags=re.IGNORECASE | re.DOTALL,
)
"""Of macOS; of Windows; of Linux's desktops and disks; of NAS, phones and clouds."""

EDITORS = re.compile(
    r".*~"  # Emacs, gedit, Krita
    r"|\.#.*|#.*#"  # Emacs
    r"|\..*\.sw[a-px]|\..*\.un~|4913"  # Vim
    r"|\..*\.kate-swp|\.goutputstream-.*|\.~lock\..*#"
    r"|.*\.(bak|backup|orig|tmp|temp)|.*\.sb-[0-9a-f]{8}-\w{6}",
    flags=re.IGNORECASE | re.DOTALL,
)


def is_litter(name: str) -> bool:
    r"""Return whether a file or folder of this name is a system's own.

    >>> [is_litter(name) for name in (".DS_Store", "Desktop.ini", "Icon\r", "._a.png", "a.png")]
    [True, True, True, True, False]
    """
    return bool(SYSTEMS.fullmatch(name))


def is_backup(name: str) -> bool:
    """Return whether a file of this name is a copy that an editor keeps of another.

    >>> [is_backup(name) for name in ("a.txt~", ".a.txt.swp", "a.txt.bak", "a.txt")]
    [True, True, True, False]
    """
    return bool(EDITORS.fullmatch(name))
