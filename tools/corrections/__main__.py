"""Keep or drop what was changed by hand; take corrections that came from elsewhere."""

import sys
from pathlib import Path

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.errors import Problem
from stages.library.dataset.edits_file import told_copies
from tools.corrections.beside import take_captions
from tools.corrections.copies import take_copy
from tools.corrections.discard import discard
from tools.corrections.save import save

NEEDS = {"import": "the folder of drawings, as data/raw", "take": "the file, as edits (1).yaml"}
"""Actions that need to know of what."""


def corrections(
    action: str,
    source: Path | None,
    data: Path,
    emptied: bool,
    as_written: bool,
    sentences: bool,
) -> None:
    """Do what the command line asks for.

    Raises:
        Problem: it names nothing to import or take from, or something that isn't asked for.
    """
    if source is None and action in NEEDS:
        raise Problem(f"{action}: name {NEEDS[action]}")
    if action == "discard":
        discard(data, source)
    elif source is None:
        save(data, emptied, as_written)
    elif action == "save":
        raise Problem(f"save: takes no {str(source)!r}; leave it out, all is saved together")
    elif action == "import":
        take_captions(source, data, as_written, sentences)
    else:
        take_copy(source, data)
    for line in told_copies(data / "edits.yaml"):
        print(f"  {line}", file=sys.stderr)


def build_parser() -> Parser:
    parser = Parser("tools.corrections", __doc__)
    parser.add_argument(
        "action",
        choices=["save", "discard", "import", "take"],
        help="save: into data/edits.yaml; discard: put back what the pipeline wrote; import: the "
        "captions beside the drawings of a folder; take: a copy of edits.yaml",
    )
    parser.add_argument(
        "source",
        type=Path,
        nargs="?",
        default=None,
        help="import and take: from where; discard: that file or folder alone",
    )
    parser.add_argument("--data", type=Path, default=Path("data"), help="the data folder")
    parser.add_argument(
        "--emptied",
        action="store_true",
        default=False,
        help="with save: captions without any tag are meant to be so",
    )
    parser.add_argument(
        "--as-written",
        action="store_true",
        default=False,
        help="with save and import: Japanese words, and lists without commas, are meant to be so",
    )
    parser.add_argument(
        "--sentences",
        action="store_true",
        default=False,
        help="with import: captions in words go below the tagger's tags, as a second line",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), corrections, argv)


if __name__ == "__main__":
    sys.exit(main())
