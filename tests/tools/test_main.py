"""The list of commands."""

import re
from pathlib import Path

import pytest

from tools.__main__ import commands, main

ROOT = Path(__file__).parents[2]


def test_every_command_is_listed_with_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    listed = capsys.readouterr().out
    for name in ("colab", "corrections", "history", "provenance", "remote", "webui"):
        assert re.search(rf"^python -m tools\.{name} +[A-Z].*[.;]", listed, re.M), name
    assert listed.index("tools.webui") < listed.index("tools.makers.sample")
    assert "experiments" not in listed  # no command


def test_what_documentation_tells_to_run_is_listed() -> None:
    texts = [*ROOT.glob("README*.md"), *ROOT.glob("docs/*.md")]
    told = {
        name
        for path in texts
        for name in re.findall(r"python -m (tools\.[a-z_.]*[a-z])", path.read_text("utf-8"))
    }
    assert len(told) > 4
    assert told <= set(commands())


def test_a_word_too_much_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 1
    assert "'check' does not belong here" in capsys.readouterr().err
