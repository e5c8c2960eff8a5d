"""A push says done only when all is there: killed, interrupted, robbed pushes to a folder."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.standins.drive.machines import Machine, machine_with

pytestmark = pytest.mark.e2e

FILES = 150
TRIALS = 6
OBJECTS = 2 * (FILES + 1)
THERE = f"{OBJECTS} of {OBJECTS} objects there"

KILLED_AFTER_THE_FIRST_OUTPUT = """
import os, signal, sys
import dvc_data.index.collect as collecting
from dvc.cli import main
collect = collecting._collect_from_index
def collect_once(cache, *rest, **more):
    collect(cache, *rest, **more)
    cache.commit()
    os.kill(os.getpid(), signal.SIGKILL)
collecting._collect_from_index = collect_once
sys.exit(main(["push"]))
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Return a machine with two outputs, each a folder of files."""
    files = {f"img{n:03}.png": f"picture {n}".encode() * 50 for n in range(FILES)}
    machine = machine_with(tmp_path_factory.mktemp("objects"), files)
    (machine.root / "texts").mkdir()
    for n in range(FILES):
        (machine.root / "texts" / f"img{n:03}.txt").write_text(f"1girl, {n}\n", encoding="utf-8")
    machine.run("dvc", "add", "--quiet", "texts")
    return machine


@pytest.fixture
def machine(prepared: Machine, tmp_path: Path) -> Machine:
    """Return a copy of the machine, whose remote is an empty folder."""
    shutil.copytree(prepared.root, tmp_path / "repository")
    machine = Machine(tmp_path / "repository", tmp_path / "home")
    (machine.home / "cache").mkdir(parents=True)
    new_remote(machine, tmp_path / "dvc")
    return machine


def new_remote(machine: Machine, folder: Path) -> None:
    folder.mkdir()
    machine.configure(str(folder), verify="true")


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def assert_all_there(machine: Machine, remote: Path, said: str) -> None:
    """Assert that a push said done with the counts, and that every object is in the remote."""
    assert said.rstrip().splitlines()[-1].startswith("push: done, gdrive: ")
    assert THERE in said.rstrip().splitlines()[-1]
    found = files_in(remote)
    assert {name: found.get(name) for name in machine.objects()} == machine.objects()


def assert_pulled_elsewhere(machine: Machine, folder: Path) -> None:
    second = machine.second(folder)
    shutil.copyfile(machine.root / "texts.dvc", second.root / "texts.dvc")
    second.run("dvc", "pull")
    assert second.digests() == machine.digests()
    assert len(list((second.root / "texts").iterdir())) == FILES


def test_push_that_was_killed_while_it_collected_is_made_whole(
    machine: Machine, tmp_path: Path
) -> None:
    """treeverse/dvc#10977: the next push takes what the killed one had collected for all."""
    machine.run(sys.executable, "-c", KILLED_AFTER_THE_FIRST_OUTPUT, code=-signal.SIGKILL)
    half = f"{FILES + 1} of {OBJECTS} objects there"
    said = machine.remote("push")
    assert f"\n{FILES + 1} files pushed\npush: {half}, though dvc says done" in said
    assert_all_there(machine, tmp_path / "dvc", said)
    assert f"ok      objects       {THERE}" in machine.remote("check")
    assert_pulled_elsewhere(machine, tmp_path / "second")
    (machine.root / "texts" / "new.txt").write_text("solo\n", encoding="utf-8")
    machine.run("dvc", "add", "--quiet", "texts")
    assert "2 files pushed" in machine.run("dvc", "push")  # DVC's own index is right again


def test_what_somebody_deleted_or_cut_comes_back(machine: Machine, tmp_path: Path) -> None:
    machine.remote("push")
    files = [path for path in (tmp_path / "dvc").rglob("*") if len(path.name) == 30]
    for path in files[:10]:
        path.unlink()
    for path, content in zip(files[10:12], (b"", b"cut"), strict=True):
        path.chmod(0o644)
        path.write_bytes(content)
    assert f"{OBJECTS - 12} of {OBJECTS} objects there" in machine.remote("check")
    assert_all_there(machine, tmp_path / "dvc", machine.remote("push"))
    assert_pulled_elsewhere(machine, tmp_path / "second")


def test_list_of_a_folder_does_not_stand_for_its_files(machine: Machine, tmp_path: Path) -> None:
    """treeverse/dvc#7532: with the `.dir` there, DVC sends none of its files, index or not."""
    for name, content in machine.objects().items():
        if name.endswith(".dir"):
            (tmp_path / "dvc" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "dvc" / name).write_bytes(content)
    assert "up to date" in machine.run("dvc", "push")
    assert_all_there(machine, tmp_path / "dvc", machine.remote("push"))


def test_list_that_leads_out_of_its_folder_is_named_before_anybody_pulls(
    machine: Machine, tmp_path: Path
) -> None:
    """DVC 3.67 writes what such a list names, though the remote is to be verified."""
    machine.remote("push")
    (path,) = (
        path for path in (tmp_path / "dvc").rglob("*.dir") if b"img001.txt" in path.read_bytes()
    )
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"img001.txt", b"../../escaped.txt"))
    second = machine.second(tmp_path / "second")
    shutil.copyfile(machine.root / "texts.dvc", second.root / "texts.dvc")
    said = second.remote("check", code=1)
    assert "lists a file '../../escaped.txt', outside of its folder" in said


@pytest.mark.parametrize("damage", ["gone", "empty"])
def test_what_is_nowhere_is_named_with_the_remedy(
    machine: Machine, tmp_path: Path, damage: str
) -> None:
    name = next(name for name in machine.objects() if not name.endswith(".dir"))
    lost = machine.root / ".dvc" / "cache" / name
    content = lost.read_bytes()
    lost.chmod(0o644)
    lost.write_bytes(b"")
    if damage == "gone":
        lost.unlink()
    said = machine.remote("push", "--pause", "0", code=1)
    assert "push: done" not in said
    path = next(
        path.relative_to(machine.root).as_posix()
        for path in [*machine.root.glob("data/*"), *machine.root.glob("texts/*")]
        if path.read_bytes() == content
    )
    assert f"neither here nor there: {path}\n" in said
    assert "dvc repro" in said
    assert not said.splitlines()[-1].isascii()
    assert said.count("push: try ") == 1
    assert len(list((tmp_path / "dvc").rglob("*.dir"))) == 1  # its folder's list waits for it


def test_damaged_object_is_not_sent(machine: Machine, tmp_path: Path) -> None:
    machine.remote("push")
    name = next(name for name in machine.objects() if not name.endswith(".dir"))
    (tmp_path / "dvc" / name).unlink()
    here = machine.root / ".dvc" / "cache" / name
    here.chmod(0o644)
    here.write_bytes(b"not what its name says")
    said = machine.remote("push", "--tries", "1", code=1)
    assert "damaged in the cache" in said
    assert not (tmp_path / "dvc" / name).exists()


def test_targets_are_compared_alone(machine: Machine, tmp_path: Path) -> None:
    said = machine.remote("push", "--", "texts.dvc")
    assert f"{FILES + 1} of {FILES + 1} objects there" in said
    assert "1 of 1 objects" not in said
    said = machine.remote("push", "--", "data/img001.png")
    assert "2 of 2 objects there" in said
    assert len(files_in(tmp_path / "dvc")) == FILES + 3


def test_outputs_of_the_commit_count_too(machine: Machine, tmp_path: Path) -> None:
    """Who pulls elsewhere gets the commit, not what was added here since."""
    config = machine.root / ".dvc" / "config"
    config.write_text(config.read_text("utf-8").replace("no_scm = true\n", ""), encoding="utf-8")
    identity = ("-c", "user.name=Nasu", "-c", "user.email=nasu@example.com")
    machine.run("git", "init", "-q")
    machine.run("git", "add", "texts.dvc", "data.dvc", ".dvc/config")
    machine.run("git", *identity, "commit", "-q", "-m", "First")
    (machine.root / "texts" / "img000.txt").write_text("2girls\n", encoding="utf-8")
    machine.run("dvc", "add", "--quiet", "texts")
    assert f"{OBJECTS + 2} of {OBJECTS + 2} objects there" in machine.remote("push")
    machine.run("git", "checkout", "-q", "texts.dvc")
    machine.configure(str(tmp_path / "dvc"), verify="true")  # without Git again
    machine.run("dvc", "checkout")
    assert_pulled_elsewhere(machine, tmp_path / "second")


@pytest.mark.kills
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_push_after_pushes_that_were_stopped_anywhere_sends_all(
    how: signal.Signals, machine: Machine, tmp_path: Path
) -> None:
    """Seeded; each trial stops `dvc push` somewhere in the time that a whole one takes."""
    chance = random.Random(7)
    began = time.monotonic()
    machine.run("dvc", "push")
    whole = time.monotonic() - began
    for trial in range(TRIALS):
        remote = tmp_path / f"dvc{trial}"
        new_remote(machine, remote)
        shutil.rmtree(machine.home / "dvc", ignore_errors=True)  # DVC's own index, outside
        with machine.start("dvc", "push") as process:
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=whole * chance.uniform(0.3, 1))
            process.send_signal(how)
            process.communicate(timeout=60)
        assert_all_there(machine, remote, machine.remote("push", "--pause", "0"))
    assert_pulled_elsewhere(machine, tmp_path / "second")


@pytest.mark.kills
def test_ctrl_c_ends_a_push_that_says_done_only_if_it_is(machine: Machine, tmp_path: Path) -> None:
    """Ctrl-C reaches every process of the terminal at once."""
    chance = random.Random(11)
    began = time.monotonic()
    machine.remote("push")
    whole = time.monotonic() - began
    for trial in range(TRIALS // 2):
        remote = tmp_path / f"dvc{trial}"
        new_remote(machine, remote)
        shutil.rmtree(machine.home / "dvc", ignore_errors=True)
        with subprocess.Popen(
            [sys.executable, "-m", "tools.remote", "push", "--pause", "0"],
            cwd=machine.root,
            env=machine.environment(),
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=whole * chance.uniform(0.2, 1))
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            said, _ = process.communicate(timeout=60)
        if process.returncode == 0 or "push: done" in said:  # it may be stopped after its last word
            assert_all_there(machine, remote, said)
