"""Two pictures at a time share the cores."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stages.library.tagging import wd14
from tests.support.taggers import write_tagger


def test_all_cores_have_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pictures at a time share the cores, however many there are."""
    write_tagger(tmp_path)
    for cores, threads in ((None, 1), (1, 1), (2, 1), (8, 4), (15, 7)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        session = wd14.load_model(tmp_path, "cpu").session
        assert session.get_session_options().intra_op_num_threads == threads
