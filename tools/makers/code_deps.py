"""Write into dvc.yaml and training/dvc.yaml the code that each stage rests on.

A new stage names its own module in its deps; the rest is written here.
"""

import ast
import re
from pathlib import Path

from stages.library.common import command
from stages.library.common.arguments import Parser

ROOT = Path(__file__).parents[2]
FILES = ("dvc.yaml", "training/dvc.yaml")
READ = ("", ".csv", ".json", ".txt")
"""Endings of what modules read, '' being a folder's."""


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
    """Return the code that a stage rests on: its module and all that this imports, in the end.

    A file or folder called as a module beside it is what the module reads, and belongs to it.
    """
    found: set[str] = set()
    todo = {module.replace(".", "/") + ".py"}
    while todo:
        path = todo.pop()
        if path.startswith(("stages/", "tools/")):
            found.add(path)
            todo |= imports(path) - found
    return found | {
        other.relative_to(ROOT).as_posix()
        for path in found
        for other in (ROOT / path).parent.iterdir()
        if other.stem == Path(path).stem and other.suffix in READ
    }


def with_code(text: str) -> str:
    """Return the text of a dvc.yaml with exactly this code in the deps of its stages."""
    lines: list[str] = []
    todo: list[str] = []
    for line in text.splitlines(keepends=True):
        if stage := re.search(r"python -m (stages\.\w+)", line):
            todo = sorted(rests_on(stage[1]), key=lambda path: (path.count("/") > 1, path))
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
