"""LoRAs are lent to a WebUI, and taken back, by whatever a run is ended."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.drawing.loras import Lora, loras_of
from stages.library.drawing.painters import lending
from stages.library.drawing.painters.lending import (
    LENT,
    RECORDS,
    left_by_killed_runs,
    lent,
    take_all_back,
    take_back,
)
from stages.library.drawing.painters.lora_folder import check_name
from stages.library.drawing.painters.webui import WebUI
from tests.stages.library.drawing.painters.test_lora_folder import NAME, contents, lora_in
from tests.standins.webui.server import StandIn, webui
from tests.support.clones import PROJECT

KILLED_WHILE_IT_LENDS = """
import os, signal, sys, time
from pathlib import Path
from stages.library.drawing.loras import loras_of
from stages.library.drawing.painters.lending import lent
from stages.library.drawing.painters.webui import WebUI

client = WebUI(sys.argv[1], remote=False, login="")
with lent(client, client.state(), loras_of(Path("training/lora"), sys.argv[2]), "auto"):
    print("lent", flush=True)
    sys.stdin.read()
"""
"""A run of its own, which lends as long as its input is open."""


@pytest.fixture
def epochs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Lora]:
    """Return the LoRAs of a training of the current project, of which one epoch was saved."""
    folder = tmp_path / "project" / "training" / "lora"
    for stem in (NAME, f"{NAME}-000002"):
        lora_in(folder, stem=stem)
    monkeypatch.chdir(tmp_path / "project")
    return loras_of(folder, NAME)


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[StandIn]:
    with webui(tmp_path / "webui") as started:
        yield started


@pytest.fixture
def client(stand_in: StandIn) -> WebUI:
    return WebUI(stand_in.url, remote=False, login="")


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def killed(stand_in: StandIn) -> list[str]:
    """Return the names of what a killed run of this project has lent."""
    with lender(stand_in) as process:
        process.kill()
    return names(stand_in.lora_folder)


def lender(stand_in: StandIn) -> "subprocess.Popen[bytes]":
    """Return a run that lends, once it does."""
    command = [sys.executable, "-c", KILLED_WHILE_IT_LENDS, stand_in.url, NAME]
    process = subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stdout.readline() == b"lent\n"
    return process


def test_a_copy_s_name_is_of_its_epoch_and_its_content(epochs: list[Lora]) -> None:
    newer = loras_of(lora_in(epochs[0].file.parent, run="2" * 12).parent, NAME)
    copies = [lora.copy for lora in (*epochs, newer[-1])]
    assert len(set(copies)) == 3
    assert [copy.rpartition("-")[0] for copy in copies] == [f"{NAME}-000002", NAME, NAME]
    for copy in copies:
        check_name(Path(f"{copy}.safetensors"))


def test_copies_are_lent_the_webui_sees_them_and_nothing_stays(
    stand_in: StandIn, client: WebUI, epochs: list[Lora]
) -> None:
    lora_in(stand_in.lora_folder, run="")
    before = contents(stand_in.lora_folder)
    with lent(client, client.state(), epochs, "auto"):
        seen = {stem: each.hash for stem, each in client.state().loras.items() if stem != NAME}
        assert seen == {lora.copy: lora.hash for lora in epochs}
        for lora in epochs:
            copy = stand_in.lora_folder / LENT / f"{lora.copy}.safetensors"
            assert copy.read_bytes() == lora.file.read_bytes()
    assert contents(stand_in.lora_folder) == before
    assert set(client.state().loras) == {NAME}, "it has looked again"


@pytest.mark.parametrize("error", [Problem, KeyboardInterrupt, OSError])
def test_however_a_run_ends_nothing_stays(
    stand_in: StandIn, client: WebUI, epochs: list[Lora], error: type[BaseException]
) -> None:
    with pytest.raises(error), lent(client, client.state(), epochs, "auto"):
        raise error
    assert names(stand_in.lora_folder) == []
    assert client.state().loras == {}


def test_a_webui_that_is_gone_by_then_keeps_nothing(
    stand_in: StandIn, client: WebUI, epochs: list[Lora]
) -> None:
    with lent(client, client.state(), epochs, "auto"):
        stand_in.fault = "reset"
    assert names(stand_in.lora_folder) == []


def test_where_no_copy_can_be_lent_it_is_told_how_to_copy_by_hand(
    tmp_path: Path, client: WebUI, epochs: list[Lora]
) -> None:
    with (
        pytest.raises(Problem, match="or copy there by hand: ") as error,
        lent(client, client.state(), epochs, str(tmp_path / "nowhere")),
    ):
        raise AssertionError
    assert str(error.value).startswith("params.yaml, generate.lora_folder: ")
    for lora in epochs:
        assert f"{lora.file} as {lora.copy}.safetensors" in str(error.value)


def test_copies_that_were_copied_by_hand_will_do_and_stay(
    tmp_path: Path, stand_in: StandIn, client: WebUI, epochs: list[Lora]
) -> None:
    for lora in epochs:
        shutil.copyfile(lora.file, stand_in.lora_folder / f"{lora.copy}.safetensors")
    before = contents(stand_in.lora_folder)
    client.refresh_loras()
    for folder in (str(tmp_path / "nowhere"), "auto"):
        with lent(client, client.state(), epochs, folder):
            assert contents(stand_in.lora_folder) == before
        assert contents(stand_in.lora_folder) == before


# ---------------------------------------------------------------------------- what a kill leaves


@pytest.mark.kills
def test_the_next_run_takes_back_what_a_killed_one_has_lent(
    stand_in: StandIn, client: WebUI, epochs: list[Lora]
) -> None:
    left = [LENT, *sorted(f"{LENT}/{lora.copy}.safetensors" for lora in epochs)]
    assert killed(stand_in) == left
    newer = loras_of(lora_in(epochs[0].file.parent, run="2" * 12).parent, NAME)[-1:]
    with lent(client, client.state(), newer, "auto"):
        assert names(stand_in.lora_folder) == [LENT, f"{LENT}/{newer[0].copy}.safetensors"]
    assert names(stand_in.lora_folder) == []


@pytest.mark.kills
def test_it_is_taken_back_without_a_webui(stand_in: StandIn, epochs: list[Lora]) -> None:
    killed(stand_in)
    stand_in.asked.clear()
    folder = stand_in.lora_folder / LENT
    assert {at: len(left) for at, left in left_by_killed_runs().items()} == {folder: len(epochs)}
    assert len(take_all_back()) == len(epochs)
    assert names(stand_in.lora_folder) == []
    assert (left_by_killed_runs(), take_all_back()) == ({}, [])
    assert list(RECORDS.iterdir()) == []
    assert stand_in.asked == []


@pytest.mark.kills
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_what_another_run_draws_with_is_never_taken(
    stand_in: StandIn, client: WebUI, epochs: list[Lora], end: signal.Signals
) -> None:
    """It ends in the middle, and whoever is the last takes all."""
    with lender(stand_in) as other:
        before = contents(stand_in.lora_folder)
        assert (take_all_back(), take_back(stand_in.lora_folder / LENT)) == ([], [])
        assert left_by_killed_runs() == {}
        with lent(client, client.state(), epochs, "auto"):
            assert contents(stand_in.lora_folder) == before
            other.send_signal(end)
            other.wait()
            assert contents(stand_in.lora_folder) == before
            assert set(client.state().loras) == {lora.copy for lora in epochs}
    assert names(stand_in.lora_folder) == []


@pytest.mark.kills
def test_the_first_one_out_leaves_all_to_the_last(
    stand_in: StandIn, client: WebUI, epochs: list[Lora]
) -> None:
    with ExitStack() as lends:
        lends.enter_context(lent(client, client.state(), epochs, "auto"))
        before = contents(stand_in.lora_folder)
        with lender(stand_in) as other:
            lends.close()
            assert contents(stand_in.lora_folder) == before
            other.communicate()
    assert other.returncode == 0
    assert names(stand_in.lora_folder) == []


# ------------------------------------------------------------------------------- whose they are


def test_somebody_s_own_files_stay(
    stand_in: StandIn, client: WebUI, epochs: list[Lora], tmp_path: Path
) -> None:
    folder = stand_in.lora_folder / LENT
    with lent(client, client.state(), epochs, "auto"):
        for stem in ("nasu-favorite", f"{NAME}-000002", "notes", "nasu-deadbeef", "nasu-0123abcd"):
            lora_in(folder, run="", stem=stem)
        (folder / "broken-deadbeef.safetensors").write_bytes(b"half")
        (folder / "folder-deadbeef.safetensors").mkdir()
        (folder / "link-deadbeef.safetensors").symlink_to(tmp_path / "nowhere")
        (folder / "nasu-deadbeef.safetensors.partial").write_bytes(b"half")
        mine = set(names(folder)) - {f"{lora.copy}.safetensors" for lora in epochs}
        partial = folder / f".{epochs[0].copy}.safetensors.partial"
        partial.write_bytes(b"what a killed run left")
    assert set(names(folder)) == mine
    assert len(mine) == 9
    assert take_back(folder) == []
    assert set(names(folder)) == mine


def test_only_in_that_folder_is_anything_taken_for_a_copy(
    stand_in: StandIn, epochs: list[Lora]
) -> None:
    for folder in (stand_in.lora_folder, stand_in.lora_folder / "other"):
        folder.mkdir(exist_ok=True)
        shutil.copyfile(epochs[0].file, folder / f"{epochs[0].copy}.safetensors")
        assert take_back(folder) == []
    record = RECORDS / "a"
    record.parent.mkdir(parents=True)
    record.write_text(f"{stand_in.lora_folder}\n")
    assert take_all_back() == []
    assert len(names(stand_in.lora_folder)) == 3


def test_a_folder_on_a_disk_that_is_away_is_remembered(tmp_path: Path, epochs: list[Lora]) -> None:
    assert epochs
    RECORDS.mkdir(parents=True)
    for name in ("away/disk", "here"):
        (RECORDS / Path(name).name).write_text(f"{tmp_path}/{name}/{LENT}\n")
    (tmp_path / "here").mkdir()
    assert take_all_back() == []
    assert names(RECORDS) == ["disk"]


def test_without_locks_nothing_but_the_own_copies_is_taken(
    stand_in: StandIn, client: WebUI, epochs: list[Lora], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on some network mounts: nobody can tell who lends there, too."""

    def refused(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    folder = stand_in.lora_folder / LENT
    folder.mkdir()
    other = loras_of(lora_in(epochs[0].file.parent.parent / "other", run="3" * 12).parent, NAME)[0]
    shutil.copyfile(other.file, folder / f"{other.copy}.safetensors")
    monkeypatch.setattr(fcntl, "flock", refused)
    with lent(client, client.state(), epochs, "auto"):
        assert len(names(folder)) == 3
    assert names(folder) == [f"{other.copy}.safetensors"]
    assert take_back(folder) == []


def test_a_folder_that_is_removed_meanwhile_is_held_again(
    stand_in: StandIn, client: WebUI, epochs: list[Lora], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two system calls, by a run that is the last one out."""
    folder, locked, times = stand_in.lora_folder / LENT, lending.locked, iter([True])

    def slow(handle: int, how: int) -> bool:
        if how == fcntl.LOCK_SH and next(times, False):
            folder.rmdir()
        return locked(handle, how)

    monkeypatch.setattr(lending, "locked", slow)
    with lent(client, client.state(), epochs, "auto"):
        assert len(names(folder)) == 2
    assert names(stand_in.lora_folder) == []


def test_nothing_can_be_taken_back_where_nothing_was_lent(tmp_path: Path) -> None:
    assert take_back(tmp_path / LENT) == []
    assert names(tmp_path) == []
