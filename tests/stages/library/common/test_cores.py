"""Threads follow what the process may use, not what the machine has."""

import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stages.library.common import cores
from stages.library.common.cores import quotas, usable_cores
from tests.support.clones import PROJECT

V2 = "29 22 0:25 {root} {mount} rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate"
V1 = "32 31 0:29 {root} {mount} rw,relatime - cgroup cgroup rw,cpu,cpuacct"
MEMORY = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory"


def process(folder: Path, mounts: str, groups: str) -> Path:
    """Return a folder as a process has it in /proc."""
    folder.mkdir(parents=True)
    (folder / "mountinfo").write_text(f"{MEMORY}\n{mounts}\n")
    (folder / "cgroup").write_text(groups)
    return folder


def mounted(folder: Path, limits: dict[str, str]) -> Path:
    """Return a folder with the files that control groups have."""
    for name, text in limits.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{text}\n")
    return folder


@pytest.mark.parametrize(
    ("root", "path", "limits", "found"),
    [
        # a container with a namespace of its own
        ("/", "/", {"cpu.max": "200000 100000"}, [2]),
        ("/", "/", {"cpu.max": "max 100000"}, []),
        ("/", "/", {"cpu.max": "50000 100000"}, [1]),
        ("/", "/", {"cpu.max": "250000 100000"}, [3]),
        # a service: every group that it is in may have a limit
        ("/", "/a/b", {"a/b/cpu.max": "max 100000", "a/cpu.max": "400000 100000"}, [4]),
        ("/", "/a/b", {"a/b/cpu.max": "100000 50000", "a/cpu.max": "400000 100000"}, [2, 4]),
        # a container that sees the machine's names, and only its own group
        ("/docker/1", "/docker/1", {"cpu.max": "300000 100000"}, [3]),
        ("/docker/1", "/docker/1/a", {"a/cpu.max": "100000 100000"}, [1]),
        ("/../..", "/", {"cpu.max": "300000 100000"}, [3]),
        ("/docker/1", "/", {"cpu.max": "300000 100000"}, [3]),
        ("/", "/", {"cpu.max": "nonsense"}, []),
        ("/", "/", {}, []),
    ],
)
def test_quota_of_version_2(
    tmp_path: Path, root: str, path: str, limits: dict[str, str], found: list[int]
) -> None:
    mount = mounted(tmp_path / "mount", limits)
    line = V2.format(root=root, mount=mount)
    assert list(quotas(process(tmp_path / "self", line, f"0::{path}\n"))) == found


@pytest.mark.parametrize(
    ("root", "path", "quota", "found"),
    [
        ("/", "/nasu", 150_000, [2]),
        ("/", "/nasu", -1, []),
        ("/docker/1", "/docker/1/nasu", 800_000, [8]),
    ],
)
def test_quota_of_version_1(
    tmp_path: Path, root: str, path: str, quota: int, found: list[int]
) -> None:
    limits = {"nasu/cpu.cfs_quota_us": str(quota), "nasu/cpu.cfs_period_us": "100000"}
    line = V1.format(root=root, mount=mounted(tmp_path / "mount", limits))
    groups = f"4:memory:/elsewhere\n2:cpu,cpuacct:{path}\n0::/\n"
    assert list(quotas(process(tmp_path / "self", line, groups))) == found


def test_without_proc_there_is_no_quota(tmp_path: Path) -> None:
    assert list(quotas(tmp_path)) == []


def test_the_least_of_all_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.setattr(cores, "PROCESS", tmp_path / "nothing")
    assert usable_cores() == 16
    mount = mounted(tmp_path / "mount", {"cpu.max": "200000 100000"})
    line = V2.format(root="/", mount=mount)
    monkeypatch.setattr(cores, "PROCESS", process(tmp_path / "self", line, "0::/\n"))
    assert usable_cores() == 2
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    assert usable_cores() == 1


@pytest.mark.parametrize(("counted", "usable"), [(8, 8), (None, 1)])
def test_where_no_core_can_be_taken_away_the_machines_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counted: int | None, usable: int
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: counted)
    monkeypatch.setattr(cores, "PROCESS", tmp_path)
    assert usable_cores() == usable


ASK = "from stages.library.common.cores import usable_cores; print(usable_cores())"


def asked(*before: str) -> int:
    """Return what another process counts, started by a command."""
    words = [*before, sys.executable, "-c", ASK]
    return int(subprocess.run(words, cwd=PROJECT, check=True, stdout=subprocess.PIPE).stdout)


@pytest.mark.skipif(not shutil.which("taskset"), reason="needs taskset")
def test_a_process_that_is_kept_to_a_core_counts_one() -> None:
    core = min(os.sched_getaffinity(0))
    assert asked("taskset", "-c", str(core)) == 1


@pytest.fixture
def group() -> Iterator[Path]:
    """Yield a real control group, of either version; only root may make one."""
    for place in (Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")):
        made = place / f"nasumiso-test-{os.getpid()}"
        try:
            made.mkdir()
        except OSError:
            continue
        if (made / "cpu.cfs_quota_us").exists() or (made / "cpu.max").exists():
            yield made
            made.rmdir()
            return
        shutil.rmtree(made, ignore_errors=True)
    pytest.skip("no control group can be made here")


@pytest.mark.parametrize("share", [0.5, 1.5])
def test_a_real_quota_counts(group: Path, share: float) -> None:
    quota = int(share * 100_000)
    if (group / "cpu.max").exists():
        (group / "cpu.max").write_text(f"{quota} 100000")
    else:
        (group / "cpu.cfs_quota_us").write_text(str(quota))
    join = f'echo $$ > {group}/cgroup.procs && exec "$@"'
    assert asked("bash", "-c", join, "bash") == min(math.ceil(share), usable_cores())
