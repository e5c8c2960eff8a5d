"""A stand-in for the package google.colab; a machine of the tests has it under that name.

It behaves as https://github.com/googlecolab/colabtools does, errors included.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any


class Drive:
    """`google.colab.drive`; the mounted Drive is a folder, and to mount it is to link to it."""

    mounted: Path | None = None

    def mount(self, mountpoint: str) -> None:
        place = Path(mountpoint)
        if place.is_symlink():
            print(f"Drive already mounted at {place}; to attempt to forcibly remount, …")
            return
        if place.is_dir() and any(place.iterdir()):
            raise ValueError("Mountpoint must not already contain files")
        if place.is_dir():
            place.rmdir()
        place.symlink_to(os.environ["STANDIN_DRIVE"])
        Path(os.environ["STANDIN_DRIVE"], "mounted-at").write_text(mountpoint)
        print(f"Mounted at {mountpoint}")

    def flush_and_unmount(self) -> None:
        note = Path(os.environ["STANDIN_DRIVE"], "mounted-at")
        if not note.exists():
            print("Drive not mounted, so nothing to flush and unmount.")
            return
        place = Path(note.read_text())
        if place.is_symlink():
            place.unlink()
            place.mkdir()
        note.unlink()


class Error(Exception):
    """`google.colab.errors.Error`."""


class Userdata:
    """`google.colab.userdata` (colabtools 3c07d776): secrets, which only the kernel can ask for."""

    class SecretNotFoundError(Error):
        pass

    class TimeoutException(Error):
        pass

    class NotebookAccessError(Exception):
        pass

    def get(self, key: str) -> str:
        secrets = json.loads(Path(os.environ["STANDIN_SECRETS"]).read_text())
        if not isinstance(secrets, dict):  # no page is open that could answer
            raise self.TimeoutException(
                f"Requesting secret {key} timed out. Secrets can only be fetched when running from"
                " the Colab UI."
            )
        if key not in secrets:
            raise self.SecretNotFoundError(f"Secret {key} does not exist.")
        if secrets[key] is None:  # its switch "Notebook access" is off
            raise self.NotebookAccessError(f"Notebook does not have access to secret {key}")
        return str(secrets[key])


drive, userdata = Drive(), Userdata()


def shell(_: str, cell: str) -> None:
    """`%%shell`: bash, its output shown at once; it alone gets the interrupt of the stop button."""
    process = subprocess.Popen(
        cell,
        shell=True,
        executable="/bin/bash",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout
    while True:
        try:
            while piece := os.read(process.stdout.fileno(), 65536):
                sys.stdout.write(piece.decode("utf-8", "replace"))
                sys.stdout.flush()
            break
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
    process.stdout.close()
    if process.wait():
        raise subprocess.CalledProcessError(process.returncode, cell)


def register(ipython: Any) -> None:
    """Give a kernel the magic commands that Colab's has."""
    ipython.register_magic_function(shell, magic_kind="cell", magic_name="shell")
