"""The project's folder on the Drive: a mount that may go away, and that nothing of ours makes.

After an unmount the mount's place is an ordinary folder of this machine's own disk: what is written
there never reaches the Drive, and blocks the next mount. A mount whose program has died answers
everything with OSError 107, `Path.exists()` too (googlecolab/colabtools#3441).
"""

import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from stages.library.common.disk import mount_point
from stages.library.common.errors import Problem

AGAIN = (
    "in Colab run cell 2 again, elsewhere start Google Drive",
    "Colab では 2 のセルをもう一度実行し、ほかでは Google ドライブを起動してください",
)
"""What brings it back."""


@dataclass
class Drive:
    """The project's folder, the mount it was on at the start, and what is wrong as last said."""

    folder: Path
    mount: Path
    said: str = ""

    @property
    def there(self) -> bool:
        """Whether the folder is on the mount of the start; the same mount made anew is that one."""
        return is_folder(self.folder) and mount_point(self.folder) == self.mount

    def say(self, wrong: str) -> None:
        """Print what is wrong, '' for nothing, unless it was said already."""
        if wrong and wrong != self.said:
            print(f"train: warning: {wrong}", file=sys.stderr)
        elif self.said and not wrong:
            print("train: the Drive has all again / ドライブへの保存が追いつきました")
        self.said = wrong


def find_drive(named: str) -> Drive | None:
    """Return the project's folder on the Drive, if one is named.

    Raises:
        Problem: it isn't there, as when the Drive isn't mounted or its mount is dead.
    """
    if not named:
        return None
    folder = Path(named).expanduser().absolute()
    if fault := fault_of(folder):
        raise Problem(
            f"NASUMISO_DRIVE: {fault} {named}; mount the Drive ({AGAIN[0]}), make the folder, or "
            f"unset it / ドライブのフォルダーが見つかりません。{AGAIN[1]}。"
            "フォルダーがなければ作り、ドライブを使わないなら設定を消してください"
        )
    return Drive(folder, mount_point(folder))


def fault_of(folder: Path) -> str:
    """Return why a path is no folder that can be used; '' if it is one."""
    try:
        return "" if stat.S_ISDIR(folder.stat().st_mode) else "there is a file, no folder, at"
    except (FileNotFoundError, NotADirectoryError):
        return "there is no folder"
    except OSError as error:
        return f"the Drive doesn't answer ({error.strerror}) at"


def is_folder(path: Path) -> bool:
    """Return whether a folder is there and answers."""
    return not fault_of(path)
