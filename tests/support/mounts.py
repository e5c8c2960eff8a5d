"""Real mounts: a Drive that goes away, a full disk, a power cut; else the test is skipped."""

import ctypes
import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

EXT4_IOC_SHUTDOWN = 0x8004587D
"""_IOR('X', 125, __u32), from Linux' fs/ext4/ext4.h."""

NO_LOG_FLUSH = 2
"""EXT4_GOING_FLAGS_NOLOGFLUSH: nothing more reaches the disk, not even the journal."""


@contextmanager
def store(folder: Path, size: str = "50%") -> Iterator[Path]:
    """Yield a folder with a file system of its own, which keeps what a Drive holds.

    `size` is how much it has room for, as mount(8) takes it.
    """
    folder.mkdir()
    mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder)
    try:
        yield folder
    finally:
        unmount(folder)


@contextmanager
def fill(folder: Path, but: int = 0) -> Iterator[None]:
    """Leave no room on the disk of a folder, or so many bytes."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        with suppress(OSError):
            while file.write(b"0" * 4096):
                pass
        file.truncate(max(0, file.tell() - but))
    try:
        yield
    finally:
        filler.unlink()


@dataclass(frozen=True)
class Disk:
    """An ext4 file system of its own, of which the power can go."""

    image: Path
    root: Path

    def mount(self) -> None:
        mount("-o", "loop", self.image, self.root)

    def cut_power(self) -> None:
        """Lose all that is not on the disk yet, and start anew; nobody may be at work there."""
        self.lose_power()
        self.start_anew()

    def lose_power(self) -> None:
        """Let nothing more reach the disk."""
        folder = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        except OSError as error:
            pytest.skip(f"this kernel has no forced shutdown of ext4: {error}")
        finally:
            os.close(folder)

    def start_anew(self) -> None:
        """Mount what the disk has kept."""
        subprocess.run(["umount", str(self.root)], check=True)
        self.mount()


@contextmanager
def disk(folder: Path, megabytes: int = 200) -> Iterator[Disk]:
    """Yield a disk that is mounted in a folder; what it keeps is in memory, which is fast."""
    if not shutil.which("mkfs.ext4"):
        pytest.skip("needs mkfs.ext4")
    folder.mkdir(parents=True)
    with store(folder / "memory", f"{megabytes + 10}m") as memory:
        made = Disk(memory / "image", folder / "disk")
        made.root.mkdir()
        with made.image.open("wb") as file:
            file.truncate(megabytes << 20)
        subprocess.run(["mkfs.ext4", "-q", str(made.image)], check=True)
        made.mount()
        try:
            yield made
        finally:
            unmount(made.root)


def mount(*words: object) -> None:
    """Call mount(8), with `--bind` and a store to mount a Drive; skip the test if it may not."""
    answer = subprocess.run(
        ["mount", *map(str, words)], capture_output=True, text=True, check=False
    )
    if answer.returncode:
        pytest.skip(f"needs the right to mount: {answer.stderr.strip()}")


def unmount(folder: Path) -> None:
    """Take a mount away, also one that is in use, as Colab does."""
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def dead(folder: Path) -> Iterator[None]:
    """Mount a FUSE file system whose program has ended: all there answers with OSError 107.

    In place of a file, too.
    """
    try:
        program = os.open("/dev/fuse", os.O_RDWR)
    except OSError as error:
        pytest.skip(f"needs FUSE: {error}")
    mode = 40000 if folder.is_dir() else 100000
    options = f"fd={program},rootmode={mode},user_id={os.getuid()},group_id={os.getgid()}"
    libc = ctypes.CDLL(None, use_errno=True)
    failed = libc.mount(b"fuse", os.fsencode(folder), b"fuse", 0, options.encode())
    reason = os.strerror(ctypes.get_errno())
    os.close(program)
    if failed:
        pytest.skip(f"needs the right to mount: {reason}")
    try:
        yield
    finally:
        unmount(folder)
