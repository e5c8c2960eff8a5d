"""List the commands that are no stage."""

import ast
from pathlib import Path

from stages.library.common import command
from stages.library.common.arguments import Parser

ROOT = Path(__file__).parents[1]


def commands() -> dict[str, str]:
    """Return what `python -m` runs of tools/, and the first line of what each says of itself."""
    found: dict[str, str] = {}
    for path in Path(__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "\nif __name__ ==" in text and path != Path(__file__):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            docstring = ast.get_docstring(ast.parse(text)) or ""
            found[name.removesuffix(".__main__")] = docstring.partition("\n")[0]
    return dict(sorted(found.items(), key=lambda it: ("makers" in it[0], it)))


def show() -> None:
    """Print the commands, those that only developers need last."""
    listed = commands()
    width = max(map(len, listed))
    for name, does in listed.items():
        print(f"python -m {name:<{width}}  {does}")
    print("\nEach says more with --help. The stages are run by dvc repro, see dvc.yaml.")


def main(argv: list[str] | None = None) -> int:
    return command.run(Parser("tools", __doc__), show, argv)


if __name__ == "__main__":
    raise SystemExit(main())
