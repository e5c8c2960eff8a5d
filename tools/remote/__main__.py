"""Check whether the DVC remote can be used, or push to it under a time limit."""

import argparse
import os
import shlex
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import partial

import psutil  # type: ignore[import-untyped]

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.dvc_internals import are_targets
from stages.library.common.errors import Problem, without_secrets
from stages.library.common.values import number, whole
from tools.remote.advice import NOWHERE, advice_on, in_short
from tools.remote.checks import CHECKS, LIST_WITHIN, Finding, findings, within
from tools.remote.config import COLAB, described, opened
from tools.remote.objects import Survey, some, survey
from tools.remote.send import AS_PROCESS

IDLE = 0.0001
"""The share of a processor below which a process does nothing."""
LONGEST_PAUSE = 300
KILLED = 124
"""The exit code of a push that was stopped, as with timeout(1)."""
USAGE = (2, 254)
"""Exit codes of dvc when it does not know a flag or value: argparse's and its own."""
AGAIN = (
    "push: not everything went up; nothing is lost, run it again",
    "まだ全部は送れていません。データは失われていません。もう一度実行してください",
)
MEND = (
    "push: not everything went up; nothing is lost: mend what FAILED above, then run it again",
    "まだ全部は送れていません。データは失われていません。"
    "上の FAILED を直してから、もう一度実行してください",
)
CORRECT = (
    "push: nothing went up: correct the words after --, or leave them out to push everything",
    "何も送っていません。-- のあとの言葉を直すか、消してください(消すとすべてを送ります)",
)


def shown(finding: Finding) -> str:
    """Return a finding as lines for the screen.

    >>> print(shown(Finding("clock", "as Google's")))
      ok      clock         as Google's
    """
    lines = [f"  {finding.state:<8}{finding.check:<14}{finding.text}"]
    if finding.advice:
        lines += [f"{'':10}-> {finding.advice.english}", f"{'':10}-> {finding.advice.japanese}"]
    return without_secrets("\n".join(lines))


def check_remote(name: str) -> None:
    """Print what is right and what is wrong with a remote.

    Raises:
        Problem: it can't be used as it is, or nothing here can check it.
    """
    with opened(name) as remote:
        print(f"{remote.name}: {without_secrets(remote.url)}\n  {described(remote)}")
        if remote.kind not in CHECKS:
            raise Problem(
                f"{remote.kind} can't be checked here; dvc push and dvc pull say whether it works "
                "/ ここでは確かめられません。使えるかどうかは dvc push と dvc pull でわかります"
            )
        states = set()
        for finding in findings(remote):
            print(shown(finding), flush=True)
            states.add(finding.state)
        if "FAILED" in states:
            raise Problem(f"{remote.name} can't be used yet / まだ使えません")
        but = (
            ", but see the warning / 使えますが、警告を見てください"
            if "warning" in states
            else " / 使えます"
        )
        to, of = (f" {name}", f" --remote {name}") if name else ("", "")
        print(f"{remote.name} can be used{but}: python -m tools.remote push{to}, dvc pull{of}")


def push(name: str, words: list[str], minutes: float, tries: int, pause: float) -> None:
    """Run `dvc push` until it succeeds, and all that it should have sent is there.

    What dvc says is not believed: killed while it collects, it takes what it had not reached for
    sent ever after (treeverse/dvc#10977), and files for there if their folder's list is (#7532).

    Raises:
        SystemExit: it did not; the exit code is that of the last try, or 1.
        Problem: there is no such remote.
    """
    with opened(name) as remote:
        url = without_secrets(remote.url)
        name, in_colab = remote.name, str(COLAB) in remote.path
    code, remedy = 1, AGAIN
    for attempt in range(1, tries + 1):
        print(f"push: try {attempt} of {tries}: {name}, {url}", flush=True)
        wrong = problems(name, before_push=True)
        if not wrong:
            dvc = [sys.executable, "-m", "dvc", "push", *words, "--remote", name]
            code, last = watched(dvc, minutes * 60)
            if (
                code == 0
            ):  # dvc makes the folder anew, on this disk, when a Drive is unmounted meanwhile
                wrong = problems(name, before_push=True)
            found = Survey()
            if code == 0 and not wrong:
                code, found, wrong = made_sure(name, words, minutes)
            if code == 0 and not wrong and found.complete:
                others = "" if attempt == 1 else f"; tries before this one: {attempt - 1}"
                counted = f"; {found.counted}" if found.wanted else ""
                print(f"push: done, {name}: {last.rstrip('.')}{counted}{others}")
                if in_colab:
                    print("push: now run drive.flush_and_unmount(), or Drive gets it much later")
                return
            failed = f"dvc push failed, exit code {code}"
            if code == KILLED:
                failed = f"nothing moved for {minutes:g} minutes; stopped"
            if found.wanted and not found.complete:
                failed = f"only {found.counted}"
            elif code == 0:
                failed = "the folder went away meanwhile, and may not have got all"
            print(f"push: {failed}", flush=True)
            if found.nowhere and not found.sendable:
                print(f"  neither here nor there: {some(found.nowhere)}", flush=True)
                remedy = (f"push: {NOWHERE.english}", NOWHERE.japanese)
                break
            if code in USAGE or (words and code != KILLED and not are_targets(words)):
                remedy = CORRECT
                break
            wrong = wrong or problems(name)
        if any(finding.lasting for finding in wrong):
            remedy = MEND
            break
        if attempt < tries:
            wait = min(pause * 2 ** (attempt - 1), LONGEST_PAUSE)
            print(f"push: again in {wait:g} s; what is there already stays", flush=True)
            time.sleep(wait)
    print(remedy[0], f"      {remedy[1]}", sep="\n", file=sys.stderr)
    raise SystemExit(code or 1)


def made_sure(name: str, words: list[str], minutes: float) -> tuple[int, Survey, list[Finding]]:
    """Compare what the remote lists with what it should have, and send what it lacks.

    Returns the exit code of sending, what was found at last, and what kept it from being found.
    """
    code, found = 0, Survey()
    try:
        found = looked(name, words)
        if found.sendable:
            print(f"push: {found.counted}, though dvc says done; sending the others", flush=True)
            code, _ = watched([*AS_PROCESS, name, *words], minutes * 60)
            found = looked(name, words)
    except Problem:
        raise
    except Exception as error:
        finding = Finding("objects there", in_short(error), advice_on(error))
        print(shown(finding), flush=True)
        return 1, found, [finding]
    return code, found, []


def looked(name: str, words: list[str]) -> Survey:
    """Compare what the remote lists with what it should have; nothing for one of another kind."""
    with opened(name) as remote, within(LIST_WITHIN):
        return survey(remote, words) if remote.kind in CHECKS else Survey()


def problems(name: str, before_push: bool = False) -> list[Finding]:
    """Print and return what is wrong with the remote."""
    with opened(name) as remote:
        wrong = [finding for finding in findings(remote, before_push) if finding.advice]
    for finding in wrong:
        print(shown(finding), flush=True)
    return wrong


def watched(words: list[str], limit: float) -> tuple[int, str]:
    """Run a command, its output shown; return the exit code and the last line it printed.

    It is killed when it has done nothing for `limit` seconds: PyDrive2 sets no time limit, and
    after a lost connection it waits for the answer to an upload that it has not sent again.
    """
    lines = [""]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        reader = threading.Thread(target=show, args=(process, lines), daemon=True)
        reader.start()
        done, since = 0.0, time.monotonic()
        try:
            while process.poll() is None and time.monotonic() - since < limit:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=min(1, limit / 10))
                now = work_done(process.pid)
                if now > done + IDLE * limit:
                    done, since = now, time.monotonic()
            stopped = process.poll() is None
        finally:
            process.kill()
            reader.join(timeout=10)
    return (KILLED if stopped else process.returncode), lines[-1]


def show(process: "subprocess.Popen[str]", lines: list[str]) -> None:
    """Print what a process prints, and keep the lines that hold anything."""
    for line in process.stdout or []:
        print(without_secrets(line), end="", flush=True)
        lines += [line.strip()] if line.strip() else []


def work_done(pid: int) -> float:
    """Return a number that grows while a process works, and hardly while it waits.

    Bytes read and written, those of connections included, where the system counts them (Linux);
    else seconds of processor time, of which a push that waits uses 0.00007 a second.
    """
    try:
        process = psutil.Process(pid)
        if hasattr(process, "io_counters"):
            counted = process.io_counters()
            return float(counted.read_chars + counted.write_chars)
        times = process.cpu_times()
    except psutil.Error:  # it has just ended
        return 0.0
    return float(times.user + times.system)


def remote(
    action: str, remote: str, words: list[str], minutes: float, tries: int, pause: float
) -> None:
    """Do what the command line asks for."""
    if not sys.stdin.isatty():
        os.environ["GDRIVE_NON_INTERACTIVE"] = "1"  # nobody is there to sign in
    if action == "push":
        push(remote, words, minutes, tries, pause)
    elif words:
        raise Problem(f"check takes no {' '.join(words)}; only push hands words on to dvc")
    else:
        check_remote(remote)


class RemoteParser(Parser):
    """A parser that tells where the words for dvc go."""

    def parse(self, argv: list[str] | None) -> dict[str, object]:
        with suppress(argparse.ArgumentError):  # which the parser itself words better
            known, stray = self.parse_known_args(argv)
            if stray and known.action == "push":
                words = shlex.join(["push", *filter(None, [known.remote]), "--", *stray])
                raise Problem(
                    f"{stray[0]!r} is none of this command's words; those for dvc go after --: "
                    f"python -m tools.remote {words} / dvc に渡す言葉は -- のあとに書いてください"
                )
        return super().parse(argv)


def build_parser() -> Parser:
    parser = RemoteParser("tools.remote", __doc__)
    parser.add_argument(
        "action",
        choices=["check", "push"],
        help="check: can it be used, and if not, why; push: dvc push, watched and repeated",
    )
    parser.add_argument("remote", nargs="?", default="", help="its name; else DVC's default one")
    parser.add_argument(
        "--minutes",
        type=number(0.01, 600),
        default=5.0,
        help="push: without progress for so long, it is stopped and run again (5)",
    )
    parser.add_argument("--tries", type=whole(1, 100), default=6, help="push: at most so often (6)")
    parser.add_argument(
        "--pause",
        type=number(0, 3600),
        default=10.0,
        help="push: seconds before the second try, twice as many before each further one (10)",
    )
    parser.epilog = "Words after -- are handed on to dvc push: push gdrive -- --jobs 2"
    return parser


def main(argv: list[str] | None = None) -> int:
    words = sys.argv[1:] if argv is None else argv
    end = words.index("--") if "--" in words else len(words)
    return command.run(build_parser(), partial(remote, words=words[end + 1 :]), words[:end])


if __name__ == "__main__":
    sys.exit(main())
