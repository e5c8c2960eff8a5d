"""training/votes.yaml: each vote is a line of its own, so that Git can join those of two people.

Git is told to keep the lines of both sides (.gitattributes: merge=union). A vote that stood on
several lines would come apart there, where two have a line in common.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from stages.library.common.errors import Problem
from stages.library.common.foreign import shown
from stages.library.common.json_files import LARGEST
from stages.library.common.outputs import locked, write_atomically
from stages.library.common.unchanged import seen
from stages.library.common.yaml_texts import scalar, texts_of
from stages.library.dataset.captions import read_text
from stages.library.drawing.orders import weight_text
from tools.votes.vote import CHOICES, Candidate, Side, Vote, once_each

HEADER = """\
# Your votes on test pictures, made by `python -m tools.votes`: one a line, so that Git joins those
# of two people. Which two pictures (by SHA-256), what they were, and which was preferred.
#
# 試し描きへの投票です。1 行が 1 票なので、2 人の票も Git がまとめてくれます。
"""

TRIES = 20
"""Times that a file is read again which somebody else is writing."""

TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
WHOLE, NUMBER = r"[0-9]{1,20}", r"-?[0-9]{1,6}(\.[0-9]{1,6})?"
SHA256, HASH, EPOCH = "[0-9a-f]{64}", "[0-9a-fA-F]{0,64}", "[0-9]{1,9}|last|"

VOTE = {
    **{"at": TIME, "who": "(?s).{1,200}", "prompt": "(?s).*", "seed": WHOLE},
    "chose": "|".join(CHOICES),
}
SIDE = {
    **{"sha256": SHA256, "run": "(?s).{0,200}", "lora": HASH, "model": HASH},
    **{"epoch": EPOCH, "weight": NUMBER},
}
"""What the values of a vote, and of one of its sides, look like."""

BACK = (
    "mend that line, or get the file back with: git checkout {path} (votes since the last commit "
    "are lost) / その行を直すか、git checkout で戻してください(コミット後の票は失われます)"
)


def read_votes(path: Path) -> list[Vote]:
    """Return the votes in a file, each once; none where there is no such file.

    Raises:
        Problem: naming what is wrong; or the file is empty, as a power cut leaves it.
    """
    return votes_in(text_in(path), path) if path.exists() else []


def text_in(path: Path) -> str:
    """Return the text of the file.

    Raises:
        Problem: it is empty, not UTF-8, or far too large.
    """
    if path.stat().st_size > LARGEST:
        raise Problem(f"{shown(path)}: has more than {LARGEST >> 20} MB; these are no votes")
    text = read_text(path)
    if not text.strip():
        raise Problem(
            f"{shown(path)}: is empty; get your votes back with: git checkout {path}; if there are "
            "to be none, delete it / 空です。票は git checkout で戻ります。"
            "票をなくすときはファイルを削除してください"
        )
    return text


def votes_in(text: str, path: Path) -> list[Vote]:
    """Return the votes in a text, each once.

    Raises:
        Problem: naming the line that is no YAML, or the vote that is none.
    """
    if conflict := re.search("^(<<<<<<<|=======|>>>>>>>)", text, flags=re.MULTILINE):
        line = text.count("\n", 0, conflict.start()) + 1
        raise Problem(
            f"{shown(path)}, line {line}: holds Git's conflict marks; keep the votes of both "
            "sides, delete the lines <<<<<<<, ======= and >>>>>>> / "
            "Git の競合の印があります。両方の票を残し、印の行を消してください"
        )
    if (quickly := votes_by_line(text)) is not None:
        return once_each(quickly)
    back = BACK.format(path=path)
    try:
        entries = texts_of(text) or []
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        last = text.rstrip().count("\n")  # a fault at the end is shown on a line behind it
        where = f", line {min(mark.line, last) + 1}" if mark else ""
        said = getattr(error, "problem", None) or getattr(error, "reason", error)
        raise Problem(f"{shown(path)}{where}: can't be read as YAML: {said}; {back}") from None
    if not isinstance(entries, list):
        raise Problem(f"{shown(path)}: holds no list of votes; {back}")
    found = []
    for number, entry in enumerate(entries, start=1):
        try:
            found.append(vote_of(entry))
        except ValueError as error:
            raise Problem(f"{shown(path)}, vote {number}: {error}; {back}") from None
    return once_each(found)


def votes_by_line(text: str) -> list[Vote] | None:
    """Return the votes in a text as we write it; None if it is any other.

    Each line is read once, and known again: the file is read with every vote.
    """
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    try:
        return [vote_on(line) for line in lines]
    except (ValueError, yaml.YAMLError):
        return None


@lru_cache(maxsize=1 << 17)
def vote_on(line: str) -> Vote:
    """Return the vote on a line.

    Raises:
        ValueError, yaml.YAMLError: it is none, or not all of one.
    """
    entries = texts_of(line)
    if not isinstance(entries, list) or len(entries) != 1:
        raise ValueError("is no vote on a line of its own")
    return vote_of(entries[0])


def vote_of(entry: Any) -> Vote:
    """Return the vote that an entry holds.

    Raises:
        ValueError: naming what is wrong with it.
    """
    values = checked(entry, VOTE, ("left", "right"), "")
    left, right = (side_of(entry[side], side) for side in ("left", "right"))
    if left.sha256 == right.sha256:
        raise ValueError("both sides are the same picture")
    chose = next(choice for choice in CHOICES if choice == values["chose"])
    who, prompt, seed = values["who"], values["prompt"], int(values["seed"])
    return Vote(values["at"], who, prompt, seed, left, right, chose)


def side_of(entry: Any, name: str) -> Side:
    values = checked(entry, SIDE, (), f"{name}.")
    weight = float(values["weight"])
    candidate = Candidate(values["lora"], values["model"], values["epoch"], weight)
    return Side(values["sha256"], candidate, values["run"])


def checked(
    entry: Any, wanted: dict[str, str], others: Sequence[str], within: str
) -> dict[str, str]:
    """Return the wanted values of an entry, which must look as wanted.

    Raises:
        ValueError: one is missing, another is there, or one looks otherwise.
    """
    if not isinstance(entry, dict):
        raise ValueError(f"{within.rstrip('.') or 'it'} is no map of values")
    for name in [*wanted, *others]:
        if name not in entry:
            raise ValueError(f"{within}{name} is missing")
    for name, value in entry.items():
        if name not in wanted and name not in others:
            raise ValueError(f"{within}{str(name)[:40]!r} is nothing that a vote has")
        if name in wanted and not (isinstance(value, str) and re.fullmatch(wanted[name], value)):
            raise ValueError(f"{within}{name} can't be {str(value)[:40]!r}")
    return {name: entry[name] for name in wanted}


def line_of(vote: Vote) -> str:
    """Return a vote as its line of the file."""
    values = {
        "at": scalar(vote.at),
        "who": scalar(vote.who),
        "chose": vote.chose,
        "left": _side(vote.left),
        "right": _side(vote.right),
        "seed": str(vote.seed),
        "prompt": scalar(vote.prompt),
    }
    return f"- {_map(values)}\n"


def _side(side: Side) -> str:
    of = side.candidate
    return _map(
        {
            "run": scalar(side.run),
            "epoch": scalar(of.epoch),
            "weight": weight_text(of.weight),
            "lora": scalar(of.lora),
            "model": scalar(of.model),
            "sha256": side.sha256,
        }
    )


def _map(values: dict[str, str]) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in values.items()) + "}"


Change = Callable[[list[Vote]], list[Vote]]
"""Returns what the votes are to be, of what they are."""


def change_votes(path: Path, change: Change) -> list[Vote]:
    """Change the votes in the file as it is now, and return them.

    What somebody else writes meanwhile, as `git pull` does, is read first; what can't be read is
    left as it is. Lines that stay keep their text, comments among them.

    Raises:
        Problem: the file can't be read, or somebody keeps writing it.
    """
    with locked(path):
        for _ in range(TRIES):
            before = seen(path)
            text = text_in(path) if path.exists() else HEADER
            now = votes_in(text, path)
            wanted = change(now)
            if wanted == now:
                return now
            try:
                write_atomically(path, laid_out(text, now, wanted, path), before.look_again)
            except Problem:  # of those, only that it was changed: once more
                continue
            return wanted
    raise Problem(f"{shown(path)}: something else keeps writing it; stop that, then vote again")


def laid_out(text: str, now: list[Vote], wanted: list[Vote], path: Path) -> bytes:
    """Return the text of the file with the votes that are wanted, for those that it has now."""
    text = text if text.endswith("\n") else f"{text}\n"
    end = "\r\n" if "\r\n" in text else "\n"
    old, new = set(now), set(wanted)
    for vote in now:
        if vote not in new:
            text = text.replace(line_of(vote).replace("\n", end), "")
    text += "".join(line_of(vote).replace("\n", end) for vote in wanted if vote not in old)
    try:
        if votes_in(text, path) == wanted:
            return text.encode()
    except Problem:  # laid out by somebody else, as with [ and ]
        pass
    return (HEADER + "".join(map(line_of, wanted))).encode()
