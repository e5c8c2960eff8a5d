"""Write into dvc.yaml and training/dvc.yaml the code that each stage rests on.

A new stage names its own module in its deps; the rest is written here: the rooms of the library
that it imports from, each as a whole. DVC reads and writes dvc.yaml and dvc.lock anew for every
stage it runs, and a list of all modules made a `dvc repro` twice as long.
"""

import ast
import re
from pathlib import Path

from stages.library.common import command
from stages.library.common.arguments import Parser

ROOT = Path(__file__).parents[2]
FILES = ("dvc.yaml", "training/dvc.yaml")
LIBRARY = "stages/library"


def imports(path: str) -> set[str]:
    """Return the files of the project's modules that a module imports itself."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            base = node.module or ""
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        files = [name.replace(".", "/") + ".py" for name in names]
        found |= {file for file in files if (ROOT / file).is_file()}
    return found


def rests_on(module: str) -> set[str]:
    """Return the code that a stage rests on: its module, and each room it reaches in the end.

    What modules read lies beside them, in their room.
    """
    found: set[str] = set()
    todo = {module.replace(".", "/") + ".py"}
    while todo:
        path = todo.pop()
        found.add(path)
        todo |= imports(path) - found
    return {room_of(path) or path for path in found}


def room_of(path: str) -> str:
    """Return the folder of the library that a module is in; '' for one that is in none.

    >>> room_of("stages/library/drawing/painters/webui.py")
    'stages/library/drawing'
    """
    parts = path.split("/")
    return "/".join(parts[:3]) if path.startswith(f"{LIBRARY}/") and len(parts) > 3 else ""


def with_code(text: str) -> str:
    """Return the text of a dvc.yaml with exactly this code in the deps of its stages."""
    lines: list[str] = []
    todo: list[str] = []
    for line in text.splitlines(keepends=True):
        if stage := re.search(r"python -m (stages\.\w+)", line):
            todo = sorted(rests_on(stage[1]), key=lambda path: (path.startswith(LIBRARY), path))
        if dep := re.fullmatch(r"( *- )stages/\S+\n", line):
            lines += [f"{dep[1]}{path}\n" for path in todo]
            todo = []
        else:
            lines.append(line)
    return "".join(lines)


def write() -> None:
    """Write the code deps of all stages."""
    for name in FILES:
        path = ROOT / name
        path.write_text(with_code(path.read_text(encoding="utf-8")), encoding="utf-8")


def main(argv: list[str] | None = None) -> int:
    return command.run(Parser("tools.makers.code_deps", __doc__), write, argv)


if __name__ == "__main__":
    raise SystemExit(main())
