"""Real mounts, for tests of a Drive that goes away; skipped without the right to mount."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def store(folder: Path) -> Iterator[Path]:
    """Yield a folder with a file system of its own, which keeps what a Drive holds."""
    folder.mkdir()
    mount("-t", "tmpfs", "tmpfs", folder)
    try:
        yield folder
    finally:
        unmount(folder)


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
