"""Every file keyed by drawing is there, is YAML, and its entries have their names."""

from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.dataset.keyed_file import Kind, Written, entries_in, read_file

KEY = "3fa9c1d2e4b5"
NOTES = Kind("notes", "メモ", "say")


def test_an_entry_is_its_source_and_what_is_said(tmp_path: Path) -> None:
    path = tmp_path / "notes.yaml"
    path.write_text(f"{KEY}:\n  say: no\n  source: a.png\n")
    entries = list(entries_in(read_file(path, NOTES), path, NOTES))
    assert entries == [Written(KEY, "a.png", {"say": "no"}, f"{path}, {KEY}")]


def test_messages_call_the_content_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.yaml"
    with pytest.raises(Problem, match=f"^{path}: no such file; get it back with: git checkout"):
        read_file(path, NOTES)
    path.write_text("")
    with pytest.raises(Problem, match=r": is empty; get your notes back with: .*メモを全部なくす"):
        read_file(path, NOTES)
    with pytest.raises(Problem, match=r": holds no notes; write KEY: and below it source, say, …"):
        list(entries_in("- a", path, NOTES))
