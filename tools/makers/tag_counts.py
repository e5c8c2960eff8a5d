"""Make data/dictionary/counts.csv: how many posts of Danbooru have each tag of the dictionary."""

import csv
import sys
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.errors import Problem
from stages.library.common.outputs import write_atomically
from stages.library.common.tables import as_csv
from stages.library.dataset.dictionary import COUNTS, read_dictionary, read_groups, read_typed
from stages.library.params.caption import GROUPS

DICTIONARY = Path(__file__).parents[2] / "data" / "dictionary"

DIGITS = 2
"""So many digits are kept: enough to say which of two tags is likelier, for years."""


def read_posts(path: Path) -> dict[str, int]:
    """Return the posts by tag of a list as tag completion in WebUIs has it, for former names, too.

    Its lines are name, category, posts and, in quotes, the former names; it has no first line
    that says so.

    Raises:
        Problem: the file is no such list.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    try:
        former = {name: int(row[2]) for row in reversed(rows) for name in row[3].split(",")}
        return former | {row[0]: int(row[2]) for row in rows}
    except (IndexError, ValueError):
        raise Problem(f'{path}: has other lines than name,category,posts,"former names"') from None


def rounded(count: int) -> int:
    """Return a number of which the first digits are kept.

    >>> rounded(6008644), rounded(87)
    (6000000, 87)
    """
    return round(count, min(0, DIGITS - len(str(count))))


def counted(tags: Iterable[str], posts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return the known ones of `tags`, sorted, each with about so many posts."""
    return [(tag, rounded(posts[tag])) for tag in sorted(set(tags)) if posts.get(tag)]


def make_tag_counts(posts: Path, dictionary: Path) -> None:
    """Write the counts of the tags in `dictionary`, from the list in the file `posts`."""
    groups, typed = read_groups(dictionary, GROUPS), read_typed(dictionary)
    tags = chain(read_dictionary(dictionary), groups, *typed.values())
    rows = counted(tags, read_posts(posts))
    write_atomically(dictionary / COUNTS, as_csv(("tag", "posts"), rows).encode())
    print(f"make-tag-counts: {len(rows)} tags in {dictionary / COUNTS}")


def build_parser() -> Parser:
    parser = Parser("tools.makers.tag_counts", __doc__)
    parser.add_argument("--posts", type=Path, help="list of Danbooru's tags: danbooru.csv")
    parser.add_argument("--dictionary", type=Path, default=DICTIONARY, help="folder of ja.csv")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), make_tag_counts, argv)


if __name__ == "__main__":
    sys.exit(main())
