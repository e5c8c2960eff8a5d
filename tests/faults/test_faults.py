"""Every command under every fault: nothing half done is taken for done, and run again it is whole.

FAULTS_TRIALS sets the trials of each command with each fault, FAULTS_SEED another chance.
"""

import os
import re
import shutil
import time
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from random import Random

import pytest

from stages.library.common.outputs import beside
from tests.faults.armed import Fault
from tests.faults.commands import (
    COMMANDS,
    DRAWINGS,
    Ended,
    correction,
    entry,
    places,
    processes_of,
    run,
)
from tests.faults.strikes import FAULTS, Bench, Calm, Files, calm, files_in
from tests.support.clones import PROJECT
from tools.doctor.leftovers import leftovers

pytestmark = pytest.mark.faults

TRIALS = int(os.environ.get("FAULTS_TRIALS", "1"))
SEED = os.environ.get("FAULTS_SEED", "7")
BUG = re.compile(r"^(Process ForkServer|Exception (in|ignored))", re.MULTILINE)
"""How a traceback of ours begins; a trainer may have its own."""
CURVES = ("project/training/curves", "project/training/figures/train.json")
"""They show a training as it goes on."""
WITHIN_SECONDS = 120


@pytest.fixture(scope="session")
def befores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a place for every command."""
    return places(tmp_path_factory.mktemp("places"))


@pytest.fixture(scope="session")
def calms(
    befores: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Calm]:
    """Return what makes, once, a command's undisturbed run."""
    made: dict[str, Calm] = {}

    def of(name: str) -> Calm:
        if name not in made:
            scratch = tmp_path_factory.mktemp("calm")
            made[name] = calm(befores[name], COMMANDS[name], scratch)
        return made[name]

    return of


STRUCK = [
    (name, fault)
    for fault in FAULTS
    for name, command in COMMANDS.items()
    if command.webui or "WebUI" not in fault
]
MEANWHILE = [(name, path) for name, command in COMMANDS.items() for path in command.meanwhile]


@pytest.mark.parametrize(("name", "fault"), STRUCK)
def test_a_command_that_a_fault_strikes(
    calms: Callable[[str], Calm],
    name: str,
    fault: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    command, losses = COMMANDS[name], []
    trials = max(1, round(TRIALS * command.share))
    for number in range(trials):
        chance = Random(f"{SEED}, {name}, {fault}, {number}")
        folder = tmp_path / str(number)
        folder.mkdir()
        place = shutil.copytree(calms(name).before, folder / "place", symlinks=True)
        bench = Bench(place, command, calms(name))
        done = FAULTS[fault](bench, chance)
        wrong = [*wrong_after(bench, done), *wrong_again(bench)]
        if wrong:
            losses.append("\n".join([f"trial {number}:", *wrong, done.said]))
        else:
            shutil.rmtree(folder)
    record_property("fault", fault)
    record_property("trials", trials)
    record_property("losses", len(losses))
    assert not losses, "\n".join(losses)


@pytest.mark.parametrize(("name", "path"), MEANWHILE)
def test_what_is_saved_meanwhile_is_neither_lost_nor_overlooked(
    befores: dict[str, Path],
    calms: Callable[[str], Calm],
    name: str,
    path: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    command, losses = COMMANDS[name], []
    text = saved(befores[name], path)
    place = shutil.copytree(befores[name], tmp_path / "saved", symlinks=True)
    (place / path).write_bytes(text)
    wanted = run(place, command).code, finished(place)
    for number in range(TRIALS):
        chance = Random(f"{SEED}, {name}, {path}, {number}")
        step = chance.randrange(calms(name).commit)
        place = shutil.copytree(befores[name], tmp_path / str(number), symlinks=True)
        done = run(place, command, Fault("change", step, path=str(place / path), text=text))
        wrong = ["a traceback"] if BUG.search(done.said) else []
        if files_in(place).get(path) not in (text, wanted[1][path]):
            wrong.append("what was saved is gone")
        if done.code == 0 and (done.code, finished(place)) != wanted:
            wrong.append("done, but not with what was saved")
        again = run(place, command)
        if (again.code, finished(place)) != wanted:
            odd = different(finished(place), wanted[1])
            wrong.append(f"again: exit code {again.code}, {odd}: {again.said}")
        if wrong:
            losses.append("\n".join([f"trial {number}, step {step}:", *wrong, done.said]))
    record_property("fault", "saved meanwhile")
    record_property("trials", TRIALS)
    record_property("losses", len(losses))
    assert not losses, "\n".join(losses)


def finished(place: Path) -> Files:
    """Return the files of a place without what is written beside outputs, and a course's curves."""
    return {
        name: data
        for name, data in files_in(place).items()
        if not is_helper(name) and not name.startswith(CURVES)
    }


def saved(place: Path, path: str) -> bytes:
    """Return what a person saves: another drawing, one more correction or wish, one more tag."""
    if "/raw/" in path:
        return (PROJECT / "data" / "sample" / "parade_wide.jpg").read_bytes()
    text = (place / path).read_bytes()
    if path.endswith("drawings.yaml"):
        return text + entry(place / "project", DRAWINGS[2], "use: test").encode()
    if path.endswith(".yaml"):
        return text + correction(place / "project", DRAWINGS[2], "saved_meanwhile").encode()
    return text.strip() + b", saved_meanwhile\n"


def wrong_after(bench: Bench, done: Ended) -> list[str]:
    """Return what is wrong after a fault, before anybody mends anything."""
    wrong = [f"a traceback, exit code {done.code}"] if BUG.search(done.said) else []
    files, before, after = files_in(bench.place), bench.calm.files_before, bench.calm.files
    odd = [name for name in different(files, after) if not is_helper(name)]
    if done.code == 0 and odd:
        wrong.append(f"says done and isn't: {odd}")
    for name in bench.calm.mine:
        if files.get(name) not in (before[name], after.get(name)):
            wrong.append(f"a person's file is another: {name}")
    for output in bench.command.outputs:
        if output.startswith(CURVES):
            continue
        found = below(output, files)
        whole = [below(output, before), below(output, after)]
        if output.endswith("/"):
            allowed = [set(each.items()) for each in whole]
            if set(found.items()) - allowed[0] - allowed[1]:
                wrong.append(f"half done: {different(found, whole[1])}")
        elif found not in whole and (found or below(str(beside(Path(output), "old")), files) == {}):
            wrong.append(f"half done: {different(found, whole[1])}")
    return wrong + [f"nobody knows: {name}" for name in unknown(bench.place, files)]


def wrong_again(bench: Bench) -> list[str]:
    """Return what is wrong after the same command again, now that the fault is over."""
    done = run(bench.place, bench.command)
    wrong = [f"again: exit code {done.code}: {done.said}"] if done.code else []
    wrong += ["again: a traceback"] if BUG.search(done.said) else []
    if odd := different(files_in(bench.place), bench.calm.files):
        wrong.append(f"again: not as undisturbed: {odd}")
    if left := alive(bench.place):
        wrong.append(f"still at work: {left}")
    return wrong


def different(found: Files, wanted: Files) -> list[str]:
    return sorted(
        name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name)
    )


def below(output: str, files: Files) -> Files:
    """Return the finished files of an output, by their path."""
    top = output.rstrip("/")
    return {
        name: data
        for name, data in files.items()
        if (name == top or name.startswith(f"{top}/")) and not is_helper(name.removeprefix(top))
    }


def is_helper(name: str) -> bool:
    """Return whether a file is, or is in, what is written beside an output."""
    ends = ("partial", "old", "checkpoint")
    return any(part.startswith(".") and part.endswith(ends) for part in name.split("/"))


def unknown(place: Path, files: Files) -> list[str]:
    """Return leftovers in the project that `tools.doctor` takes for nobody's."""
    with chdir(place / "project"):
        _, faults = leftovers()
    known = tuple(f"project/{fault.wrong.partition(': ')[0]}" for fault in faults)
    return [
        name
        for name in files
        if name.startswith(("project/data/", "project/training/"))
        and is_helper(name)
        and not name.startswith(known)
        and ".checkpoint" not in name  # from which the next run goes on
    ]


def alive(place: Path) -> list[str]:
    """Return the commands of processes of a place that don't end."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while (left := processes_of(place)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [" ".join(process.cmdline()) for process in left]
