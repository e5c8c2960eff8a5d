"""Vote blind on test pictures: of two, which would you rather have drawn?"""

import sys
from pathlib import Path

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.errors import Problem
from stages.library.common.git import git_or_none
from stages.library.common.values import whole
from tools.serving.loopback import serve
from tools.votes.pool import pool_of
from tools.votes.runs import run_here, runs_called
from tools.votes.session import Session
from tools.votes.site import site
from tools.votes.votes_file import read_votes, votes_in

VOTES = Path("training/votes.yaml")


KEEP = 'git add training/votes.yaml && git commit -m "Votes"'

LONGEST_NAME = 200


def votes(runs: list[str], who: str, port: int, browser: bool) -> None:
    """Serve the page until it is done, or Ctrl-C ends it.

    Raises:
        Problem: nobody votes, there is nothing to vote on, or the votes can't be read.
    """
    voter = voter_called(who)
    read_votes(VOTES)  # what is wrong with them is told first
    tell_of_lost_votes()
    pool = pool_of(runs_called(runs) if runs else [run_here()])
    session = Session(pool, VOTES, voter)
    print(
        f"votes: {len(pool.candidates)} candidates, {len(pool.pairs)} pairs of pictures / "
        f"候補 {len(pool.candidates)} 個、比べられる絵の組 {len(pool.pairs)} 組"
    )
    try:
        serve(lambda _, end: site(session, end), port, browser)
    finally:
        session.write(session.mine)  # a `git checkout` may have taken some away
        if session.mine:
            print(
                f"votes: {len(session.mine)} more in {VOTES}; keep them: {KEEP} / "
                f"{len(session.mine)} 票を追加しました。上のコマンドで記録できます"
            )


def voter_called(name: str) -> str:
    """Return who votes: that name, or the one that Git knows.

    Raises:
        Problem: there is none, or it is too long.
    """
    voter = name.strip() or (git_or_none("config", "user.name") or "").strip()
    if not voter or len(voter) > LONGEST_NAME:
        raise Problem(
            'who votes? Tell Git your name: git config --global user.name "…", or write --who NAME '
            "/ 投票する人の名前がわかりません。上のコマンドで Git に登録するか、--who で"
            "書いてください"
        )
    return voter


def tell_of_lost_votes() -> None:
    """Say so if the file lacks votes that the last commit has, as `dvc exp apply` leaves it."""
    text = git_or_none("show", f"HEAD:{VOTES}")
    try:
        known = votes_in(text, VOTES) if text else []
    except Problem:  # of the commit, and no longer of the file
        return
    if lost := len(set(known) - set(read_votes(VOTES))):
        print(
            f"votes: warning: {VOTES} lacks {lost} votes that the last commit has; if you didn't "
            f"take them back: git checkout HEAD -- {VOTES} / 最後のコミットにある {lost} 票が"
            "ありません。取り消したのでなければ、上のコマンドで戻してください",
            file=sys.stderr,
        )


def build_parser() -> Parser:
    parser = Parser("tools.votes", __doc__)
    parser.add_argument(
        "--runs",
        nargs="+",
        default=[],
        metavar="RUN",
        help="experiments, branches or commits whose pictures meet, from DVC's cache; workspace: "
        "the files as they are, which is all where this is left out",
    )
    parser.add_argument("--who", default="", help="who votes; left out: Git's user.name")
    parser.add_argument(
        "--port", type=whole(0, 65535), default=0, help="of the page; left out: any that is free"
    )
    parser.add_argument(
        "--no-browser",
        dest="browser",
        action="store_false",
        default=True,
        help="open none; the address is shown anyway",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), votes, argv)


if __name__ == "__main__":
    sys.exit(main())
