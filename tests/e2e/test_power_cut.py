"""The power goes after `dvc repro` has ended, and while it runs; on an ext4 of its own."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path

import pytest

from tests.support.clones import Clone
from tests.support.mounts import Disk, disk

pytestmark = pytest.mark.e2e

TRIALS = 2
LONGEST_WAIT = 8
"""Seconds: ext4 writes its journal every 5, and what else is new within 30."""

RETUNE = ("  threshold: 0.35", "  threshold: 0.2")


class Machine(Clone):
    """A clone on a disk of its own, with the home of its user."""

    def doctor(self, *words: str) -> str:
        return self.run(sys.executable, "-m", "tools.doctor", *words)

    def damaged_objects(self) -> list[Path]:
        kept = self.root / ".dvc/cache/files/md5"
        paths = [path for path in kept.rglob("*") if path.is_file() and path.suffix != ".tmp"]
        return [path for path in paths if not self.is_whole(path)]

    def is_whole(self, path: Path) -> bool:
        name = f"{path.parent.name}{path.name}".removesuffix(".dir")
        return md5(path.read_bytes()).hexdigest() == name


@pytest.fixture
def power(tmp_path: Path) -> Iterator[Disk]:
    with disk(tmp_path / "power") as mounted:
        yield mounted


def machine_on(power: Disk, clone: Clone) -> Machine:
    """Put a copy of a clone on the disk, for good."""
    shutil.rmtree(power.root / "clone", ignore_errors=True)
    shutil.rmtree(power.root / "home", ignore_errors=True)
    shutil.copytree(clone.root, power.root / "clone", symlinks=True)
    shutil.copytree(clone.home, power.root / "home", symlinks=True)
    machine = Machine(power.root / "clone", power.root / "home")
    machine.set_param(*RETUNE)
    subprocess.run(["sync", "-f", str(power.root)], check=True)
    return machine


@pytest.fixture
def undisturbed(clone: Clone) -> dict[str, str]:
    clone.set_param(*RETUNE)
    clone.run("dvc", "repro")
    return clone.digests()


@pytest.mark.kills
def test_what_a_finished_run_made_is_there_after_a_power_cut(
    power: Disk, first_run: tuple[Clone, str], undisturbed: dict[str, str]
) -> None:
    """DVC does not wait for the disk: what it lost of its own the doctor finds."""
    chance = random.Random(11)
    lost = 0
    for trial in range(TRIALS):
        machine = machine_on(power, first_run[0])
        machine.run("dvc", "repro")
        assert machine.digests() == undisturbed
        time.sleep(chance.uniform(0, LONGEST_WAIT) if trial else 0)
        power.cut_power()

        without_records = {name for name in undisturbed if name != "dvc.lock"}
        left = machine.digests()
        assert {name: left.get(name) for name in without_records} == {
            name: undisturbed[name] for name in without_records
        }
        lost += len(machine.damaged_objects())
        assert_mended(machine, undisturbed)
    assert lost, "the power cut loses nothing: the trials show nothing"


@pytest.mark.kills
def test_run_that_a_power_cut_ended_is_done_by_the_next(
    power: Disk, first_run: tuple[Clone, str], undisturbed: dict[str, str]
) -> None:
    chance = random.Random(12)
    machine = machine_on(power, first_run[0])
    began = time.monotonic()
    machine.run("dvc", "repro")
    whole = time.monotonic() - began
    for _ in range(TRIALS):
        machine = machine_on(power, first_run[0])
        with machine.start("dvc", "repro") as process:
            time.sleep(whole * chance.uniform(0.2, 1))
            power.lose_power()
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        power.start_anew()
        assert_mended(machine, undisturbed)


def assert_mended(machine: Machine, undisturbed: dict[str, str]) -> None:
    """Assert that the doctor and one `dvc repro` leave everything as without the power cut."""
    machine.doctor("--mend")
    assert "by hand" not in machine.run("dvc", "repro")
    assert machine.digests() == undisturbed
    assert machine.damaged_objects() == []
