"""A machine as Colab lends it, on which the notebook runs; when it is lost, the Drive remains."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import psutil  # type: ignore[import-untyped]
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.support.clones import PROJECT

NOTEBOOK = PROJECT / "notebooks" / "train_lora.ipynb"
STANDIN = Path(__file__).with_name("colab.py")
START = "from google.colab import register\nregister(get_ipython())\n"
UV = """#!/bin/sh
# a stand-in for uv: a virtual environment is that of the tests, in which all is installed
echo "$@" >> "$HOME/uv.log"
[ "$1" = venv ] || exit 0
for folder; do :; done
mkdir -p "$folder" && cd "$folder" && ln -s {prefix}/* .
"""


@dataclass(frozen=True)
class Machine:
    """A machine: an empty disk, the user's Drive, and what the form will say."""

    disk: Path
    drive: Path
    secrets: Path
    form: dict[str, str]

    def start(self) -> None:
        """Make the disk, with the runtime's own things on it."""
        for folder in ("home", "tmp", "bin", "runtime/google/colab", "ipython/profile_default"):
            (self.disk / folder).mkdir(parents=True)
        shutil.copyfile(STANDIN, self.disk / "runtime/google/colab/__init__.py")
        startup = self.disk / "ipython/profile_default/startup"
        startup.mkdir()
        (startup / "00-colab.py").write_text(START)
        (self.disk / "content").mkdir()
        uv = self.disk / "bin/uv"
        uv.write_text(UV.format(prefix=sys.prefix))
        uv.chmod(0o755)
        self.plug_in("GPU 0: Tesla T4 (UUID: GPU-0)")

    def plug_in(self, card: str) -> None:
        """Give the machine a graphics card; '' takes it away, as where Colab lends none."""
        program = self.disk / "bin/nvidia-smi"
        program.write_text(f"#!/bin/sh\necho '{card}'\n{'true' if card else 'exit 9'}\n")
        program.chmod(0o755)

    @property
    def content(self) -> Path:
        """The folder in which a notebook starts: /content."""
        return self.disk / "content"

    @property
    def clone(self) -> Path:
        """The clone that the notebook makes."""
        return self.content / "nasumiso"

    def environment(self, **more: str) -> dict[str, str]:
        """Return what the kernel finds in its environment."""
        path = [str(self.disk / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
        return {
            "PATH": os.pathsep.join(path),
            "HOME": str(self.disk / "home"),
            "TMPDIR": str(self.disk / "tmp"),
            "IPYTHONDIR": str(self.disk / "ipython"),
            "PYTHONPATH": str(self.disk / "runtime"),
            "LANG": "C.UTF-8",
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(self.disk / "dvc"),
            "NASUMISO_TRAINER": str(PROJECT / "tests/standins/trainer"),
            "STANDIN_DRIVE": str(self.drive),
            "STANDIN_SECRETS": str(self.secrets),
            **more,
        }

    @contextmanager
    def session(self, **environment: str) -> "Iterator[Session]":
        """Open the notebook on the machine, in a kernel of its own."""
        if not self.disk.exists():
            self.start()
        book = read_notebook()
        client = NotebookClient(book, timeout=240, kernel_name="python3")
        session = Session(self, client, book)
        session.fill_in(self.form)
        with client.setup_kernel(env=self.environment(**environment), cwd=str(self.content)):
            yield session

    def lose(self) -> None:
        """Lose the machine, with all that runs on it and its disk."""
        for process in processes_of(self.disk / "home"):
            process.kill()
        shutil.rmtree(self.disk)
        (self.drive / "mounted-at").unlink(missing_ok=True)


@dataclass(frozen=True)
class Session:
    """The notebook, open on a machine."""

    machine: Machine
    client: NotebookClient
    book: Any

    @property
    def names(self) -> list[str]:
        """The code cells, from top to bottom."""
        return [cell.id for cell in self.book.cells if cell.cell_type == "code"]

    def fill_in(self, form: dict[str, str]) -> None:
        """Write values into the fields of the form, as Colab does."""
        cell = next(cell for cell in self.book.cells if cell.id == "form")
        lines = cell.source.splitlines()
        for field, value in form.items():
            number = next(n for n, line in enumerate(lines) if line.startswith(f"{field} = "))
            lines[number] = f'{field} = "{value}"  # @param {{type:"string"}}'
        cell.source = "\n".join(lines)

    def run(self, *names: str) -> str:
        """Run cells, all of them if none is named; return what they showed."""
        shown = []
        for name in names or self.names:
            number = next(n for n, cell in enumerate(self.book.cells) if cell.id == name)
            cell = self.book.cells[number]
            try:
                self.client.execute_cell(cell, number)
            finally:
                shown.append(text_of(cell))
        return "".join(shown)

    def fail(self, name: str) -> str:
        """Run a cell that must fail; return what it showed."""
        try:
            text = self.run(name)
        except CellExecutionError:
            return text_of(next(cell for cell in self.book.cells if cell.id == name))
        raise AssertionError(f"{name} did not fail: {text}")


def read_notebook() -> Any:
    """Return the notebook as it is in the repository."""
    return nbformat.reads(NOTEBOOK.read_text(encoding="utf-8"), as_version=4)  # type: ignore[no-untyped-call]


def text_of(cell: Any) -> str:
    """Return what a cell has shown."""
    texts = []
    for output in cell.outputs:
        texts.append(output.get("text", ""))
        texts += [str(each) for each in output.get("data", {}).values()]
        texts += output.get("traceback", [])
    return "".join(texts)


def processes_of(home: Path) -> list[Any]:
    """Return the processes that run with this home."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("HOME") == str(home):
                found.append(process)
        except psutil.Error:
            continue
    return found
