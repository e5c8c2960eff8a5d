"""A download goes on where it stopped, tells no key to others, and never fills the disk."""

import shutil
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.training.download import fetch_rest
from tests.support.web import DATA, web


def test_a_server_without_ranges_starts_over_and_a_complete_part_is_taken(tmp_path: Path) -> None:
    partial = tmp_path / "partial"
    with web("no ranges") as served:
        partial.write_bytes(DATA[:50_000])
        assert fetch_rest(served.address, partial)
        assert partial.read_bytes() == DATA
        assert fetch_rest(served.address, partial)  # 416: nothing is missing
        partial.write_bytes(DATA + b"too long")
        assert not fetch_rest(served.address, partial)
        assert not partial.exists()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_key_is_not_sent_on_to_another_server(tmp_path: Path, host: str) -> None:
    """As Civitai's addresses lead to a storage that must not see it."""
    with web() as storage, web() as site:
        site.leads_to = storage.address.replace("127.0.0.1", host)  # at another port, too
        assert fetch_rest(site.address, tmp_path / "partial", "key")
    assert site.tokens == ["Bearer key"]
    assert storage.tokens == [""]
    assert (tmp_path / "partial").read_bytes() == DATA


@pytest.mark.parametrize("fault", ["huge", "endless"])
def test_what_there_is_no_room_for_is_not_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    there = shutil.disk_usage(tmp_path)
    spare = 1 << 30
    little = there._replace(free=spare + 100_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: little)
    partial = tmp_path / "partial"
    with web(fault) as served, pytest.raises(Problem, match=r"only 0\.0 GB to spare; make room"):
        fetch_rest(served.address, partial)
    assert not partial.exists() or partial.stat().st_size < 100_000
