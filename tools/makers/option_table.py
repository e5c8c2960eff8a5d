"""Write down the options of a version of sd-scripts, for its trainers of LoRAs, as a table."""

import sys
from pathlib import Path

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.errors import Problem
from stages.library.common.outputs import write_atomically
from stages.library.training.option_source import known_options
from stages.library.training.option_tables import FOLDER, Table, as_json
from stages.library.training.trainer import Trainer, trainer_commit


def make_option_table(checkout: Path, version: str, output: Path) -> None:
    """Write `<version>.json` into `output`, from what the checkout's source says.

    Raises:
        Problem: the checkout is no checkout of sd-scripts, or one that can't be read.
    """
    scripts = sorted(path.name for path in checkout.glob("*train_network.py"))
    commit = trainer_commit(Trainer(checkout, Path(sys.executable), ""))
    if not scripts or commit.startswith("source-"):
        raise Problem(f"{checkout}: is no Git checkout of sd-scripts; clone it and name that")
    table = Table(version, commit, {name: known_options(checkout, name) for name in scripts})
    path = output / f"{version}.json"
    write_atomically(path, as_json(table).encode())
    print(f"{path}: {', '.join(f'{name} {len(each)}' for name, each in table.scripts.items())}")


def build_parser() -> Parser:
    parser = Parser("tools.makers.option_table", __doc__)
    parser.add_argument(
        "checkout", type=Path, help="a Git checkout of kohya-ss/sd-scripts, at that version"
    )
    parser.add_argument("--version", required=True, help="its name, such as v0.10.1")
    parser.add_argument(
        "--output",
        type=Path,
        default=FOLDER,
        help="folder to write <version>.json into; left out: stages/library/training/option_tables",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), make_option_table, argv)


if __name__ == "__main__":
    sys.exit(main())
