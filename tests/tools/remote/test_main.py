"""The command of tools.remote: its words, and the process it watches."""

import sys

import pytest

from tools.remote.__main__ import KILLED, main, watched


def test_process_that_does_nothing_is_killed(capsys: pytest.CaptureFixture[str]) -> None:
    code = "import time; print('here', flush=True); time.sleep(100)"
    assert watched([sys.executable, "-c", code], 1) == (KILLED, "here")
    assert capsys.readouterr().out == "here\n"


@pytest.mark.parametrize("counts_bytes", [True, False])
def test_process_that_works_slowly_is_not_killed(
    counts_bytes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not counts_bytes:
        monkeypatch.delattr("psutil.Process.io_counters", raising=False)  # as on a Mac
    code = """if 1:
        import os, time
        for _ in range(30):
            os.write(os.open(os.devnull, os.O_WRONLY), b"x")
            sum(range(300_000))
            time.sleep(0.1)
    """
    assert watched([sys.executable, "-c", code], 2) == (0, "")


@pytest.mark.parametrize(
    ("words", "proposed"),
    [
        (["push", "drive", "data/dataset"], "push drive -- data/dataset"),
        (["push", "drive", "--tries", "2", "my data"], "push drive -- 'my data'"),
        (["push", "--jobs", "2"], "push -- --jobs 2"),
    ],
)
def test_words_for_dvc_without_dashes_are_told_where_they_go(
    words: list[str], proposed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 1
    said = capsys.readouterr().err
    assert f"those for dvc go after --: python -m tools.remote {proposed} / dvc に渡す" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "drive", "stray"], "'stray' does not belong here"),
        (["push", "--tries", "many"], "--tries: 'many' is not a whole number from 1 to 100"),
        (["pull"], "invalid choice: 'pull'"),
    ],
)
def test_other_wrong_words_are_told_as_before(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 1
    assert said in capsys.readouterr().err


def test_check_takes_no_words_for_dvc(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--", "--jobs", "2"]) == 1
    assert "check takes no --jobs 2" in capsys.readouterr().err
