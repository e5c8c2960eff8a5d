"""Every error becomes one line and an exit code, in one place."""

import io
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.errors import Problem
from stages.library.common.params import Key, Section
from stages.library.common.values import whole

ROOT = Path(__file__).parents[4]


def parser() -> Parser:
    made = Parser("stages.some_stage", "Do it.")
    made.add_argument("--size", type=int, help="side")
    return made


def test_what_steers_a_terminal_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    _, line = outcome(Problem("a\x1b[2Jb\u202ec.png: is odd"), capsys)
    assert line.endswith(r"error: a\x1b[2Jb\u202ec.png: is odd" + "\n")


def outcome(error: BaseException | None, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Return exit code and stderr of work that raises `error`."""

    def work(size: int) -> None:
        assert size == 5
        if error:
            raise error

    code = command.run(parser(), work, ["--size", "5"])
    return code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (None, 0, ""),
        (Problem("a.txt: is bad; mend it"), 1, "a.txt: is bad; mend it"),
        (
            PermissionError(13, "Permission denied", "a.txt"),
            1,
            f"a.txt: Permission denied{command.LOCKED}",
        ),
        (OSError(5, "Input/output error", "a\nb.t\nxt"), 1, r"'a\nb.t\nxt': Input/output error"),
        (FileNotFoundError(2, "No such file", "なす.txt"), 1, "なす.txt: No such file"),
        (Problem("https://a:b@h/x?token=c: no"), 1, "https://h/x?token=…: no"),
        (Problem("a\x1b[2J\u202e.png: is bad"), 1, "a\\x1b[2J\\u202e.png: is bad"),
        (Problem("these:\n  a\n  b"), 1, "these:\n  a\n  b"),
        (TimeoutError("timed out"), 1, "timed out"),
        (BrokenPipeError(32, "Broken pipe"), 1, "Broken pipe"),
        (MemoryError(), 1, command.NO_MEMORY),
        (OSError(12, "Cannot allocate memory"), 1, command.NO_MEMORY),
        (KeyboardInterrupt(), 130, "stopped by Ctrl-C; run the same command again to go on"),
    ],
)
def test_an_error_is_one_line(
    capsys: pytest.CaptureFixture[str], error: BaseException | None, code: int, line: str
) -> None:
    expected = f"some_stage: error: {line}\n" if line else ""
    assert outcome(error, capsys) == (code, expected)


def test_full_disk_is_told_even_if_nobody_knows_which(capsys: pytest.CaptureFixture[str]) -> None:
    code, line = outcome(OSError(28, "No space left on device"), capsys)
    assert code == 1
    assert line.startswith("some_stage: error: the disk is full; make room there, then run the sam")
    assert "ディスクがいっぱいです" in line


MISTAKES = [
    *(KeyError("x"), ValueError("x"), RuntimeError("x"), OSError("odd")),
    *(OSError(9, "Bad file descriptor"), OSError(22, "Invalid argument", "a.txt")),
]


@pytest.mark.parametrize("error", MISTAKES, ids=repr)
def test_a_mistake_of_ours_is_not_hidden(
    capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    with pytest.raises(type(error)):
        outcome(error, capsys)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_at_a_signal_what_was_begun_is_tidied_up_once(
    capsys: pytest.CaptureFixture[str], number: signal.Signals, code: int
) -> None:
    tidied = []

    def work(size: int) -> None:
        try:
            signal.raise_signal(number)
        finally:
            signal.raise_signal(number)  # whoever is impatient is not heard
            signal.raise_signal(signal.SIGTERM)
            tidied.append(size)

    before = signal.getsignal(number)
    assert command.run(parser(), work, ["--size", "5"]) == code
    assert tidied == [5]
    assert signal.getsignal(number) == before
    assert capsys.readouterr().err == (
        f"some_stage: error: stopped by {number.name}; run the same command again to go on\n"
    )


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_a_signal_where_python_drops_exceptions_is_not_lost(
    capsys: pytest.CaptureFixture[str], number: signal.Signals, code: int
) -> None:
    class Dying:
        def __del__(self) -> None:
            signal.raise_signal(number)

    came = []

    def work(size: int) -> None:
        Dying()
        came.append(size)
        signal.pause()
        came.append(size)

    before = signal.getsignal(signal.SIGALRM), sys.unraisablehook
    ctrl_c = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's "&" ignores it
    try:
        assert command.run(parser(), work, ["--size", "5"]) == code
    finally:
        signal.signal(signal.SIGINT, ctrl_c)
    assert came == [5]
    assert capsys.readouterr().err.startswith("some_stage: error: stopped by ")
    assert (signal.getsignal(signal.SIGALRM), sys.unraisablehook) == before


def test_a_signal_dropped_at_the_end_is_not_lost(capsys: pytest.CaptureFixture[str]) -> None:
    class Dying:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    assert command.run(parser(), lambda size: print(Dying(), size), ["--size", "5"]) == 143
    assert "stopped by SIGTERM" in capsys.readouterr().err
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_what_else_python_drops_is_printed_as_ever() -> None:
    class Dying:
        def __del__(self) -> None:
            raise ValueError("a bug")

    seen: list[object] = []
    before, sys.unraisablehook = sys.unraisablehook, seen.append
    try:
        assert command.run(parser(), lambda size: print(Dying(), size), ["--size", "5"]) == 0
    finally:
        sys.unraisablehook = before
    assert len(seen) == 1


def test_a_signal_that_is_ignored_stays_so() -> None:
    """As by nohup, which is asked for a run that outlives its terminal."""

    def work(size: int) -> None:
        signal.raise_signal(signal.SIGHUP)
        assert size == 5

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert command.run(parser(), work, ["--size", "5"]) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_beside_the_main_thread_a_command_runs_too(capsys: pytest.CaptureFixture[str]) -> None:
    found: list[tuple[int, str]] = []
    thread = threading.Thread(target=lambda: found.append(outcome(None, capsys)))
    thread.start()
    thread.join()
    assert found == [(0, "")]


HUNGRY = """
import resource, sys
from stages.library.common import command
from stages.library.common.arguments import Parser

def work():
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
    b"x" * 2**31

sys.exit(command.run(Parser("stages.some_stage", "Do it."), work, []))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS holds on Linux")
def test_memory_that_is_short_is_told_as_that() -> None:
    done = subprocess.run([sys.executable, "-c", HUNGRY], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == f"some_stage: error: {command.NO_MEMORY}\n"


def test_a_wrong_flag_stops_before_any_work(capsys: pytest.CaptureFixture[str]) -> None:
    def work(**_: object) -> None:
        raise AssertionError

    assert command.run(parser(), work, ["--size", "x"]) == 1
    assert capsys.readouterr().err == "some_stage: error: --size: invalid int value: 'x'\n"


def test_a_terminal_without_japanese_is_no_reason_to_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    assert command.run(parser(), lambda size: print("なす", size), ["--size", "5"]) == 0
    terminal.flush()
    assert terminal.buffer.getvalue() == rb"\u306a\u3059 5" + os.linesep.encode()


def test_the_exit_code_reaches_the_shell(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "stages.common_tag", "--input", str(tmp_path / "x")]
    words += ["--output", str(tmp_path / "y"), "--params", str(tmp_path / "params.yaml")]
    (tmp_path / "params.yaml").write_text("common_tag: {tag: 'a,b'}\n", encoding="utf-8")
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("common_tag: error: params.yaml, common_tag.tag: 'a,b' holds ','")
    assert "Traceback" not in done.stderr


def test_params_changed_while_a_stage_works_are_not_what_it_worked_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("some: {size: 5}\n", encoding="utf-8")
    stage = Parser("stages.some_stage", "Do it.", Section("some", {"size": Key(whole(1, 9), "")}))
    sizes = []

    def work(size: int) -> None:
        sizes.append(size)
        path.write_text("some: {size: 6}\n", encoding="utf-8")

    assert command.run(stage, work, ["--params", str(path)]) == 1
    assert capsys.readouterr().err == (
        "some_stage: error: params.yaml, some.size: changed while this was running; run the same "
        "command again / 実行中に変更されました。もう一度実行してください\n"
    )
    assert command.run(stage, work, ["--params", str(path)]) == 0
    assert sizes == [5, 6]
