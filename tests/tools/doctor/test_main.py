"""tools.doctor, in a small project with DVC and Git as they are."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import md5
from pathlib import Path

import pytest

from stages.library.common.outputs import beside
from stages.library.training.headers import read_metadata
from tests.support.clones import PROJECT, Clone
from tests.support.training import write_lora
from tools.doctor.faults import DAMAGED, is_held
from tools.doctor.machine import package_fault

pytestmark = pytest.mark.e2e

PIPELINE = """\
stages:
  caption:
    cmd: mkdir -p data/captions && echo 1girl > data/captions/img001.txt && touch data/captions/none
    outs: [data/captions]
"""


class Patient(Clone):
    def doctor(self, *words: str, ok: bool = True, **variables: str) -> str:
        """Run tools.doctor from the project under test."""
        setting = [f"{key}={value}" for key, value in variables.items()]
        path = f"PYTHONPATH={PROJECT}"
        return self.run("env", path, *setting, sys.executable, "-m", "tools.doctor", *words, ok=ok)

    def cached(self, content: str) -> Path:
        name = md5(content.encode()).hexdigest()
        return self.root / ".dvc/cache/files/md5" / name[:2] / name[2:]


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Patient:
    """Return a project that is in order and committed."""
    folder = tmp_path_factory.mktemp("doctor")
    patient = Patient(folder / "project", folder / "home")
    (patient.root / "training").mkdir(parents=True)
    (patient.root / "data/raw").mkdir(parents=True)
    patient.home.mkdir()
    shutil.copyfile(PROJECT / "requirements.txt", patient.root / "requirements.txt")
    (patient.root / "dvc.yaml").write_text(PIPELINE)
    (patient.root / "training/dvc.yaml").write_text("stages: {}\n")
    (patient.root / "data/edits.yaml").write_text("{}\n")
    (patient.root / "data/raw/nasu.png").write_text("a drawing")
    for words in (
        "git init -q",
        "dvc init -q",
        f"dvc remote add -q -d drive {folder}/home",
        "dvc add -q data/raw",
        "dvc repro -q",
        "git add -A",
        "git commit -q -m First",
    ):
        patient.run(*words.split())
    return patient


@pytest.fixture
def patient(well: Patient, tmp_path: Path) -> Patient:
    shutil.copytree(well.root, tmp_path / "project", symlinks=True)
    return Patient(tmp_path / "project", well.home)


def assert_mended(patient: Patient, wrong: str) -> str:
    """Assert that a fault is named in both languages, mended, and gone."""
    said = patient.doctor(ok=False)
    line, *remedies = said[said.index("  WRONG") :].splitlines()[:3]
    assert wrong in line
    assert all(remedy.startswith(f"{'':10}-> ") for remedy in remedies)
    assert not remedies[1].isascii()
    assert "doctor: error: 1 left to mend; python -m tools.doctor --mend mends 1 of them" in said
    mended = patient.doctor("--mend")
    assert "-> mended: " in mended
    assert "WRONG" not in patient.doctor()
    return mended


def test_project_in_order_has_nothing_wrong(patient: Patient) -> None:
    said = patient.doctor()
    assert said.count("  ok      ") == len(said.splitlines()) == 12
    assert "cache           5 of this commit in the cache, 5 of them read" in said
    assert "Git             Nasu" in said


def test_copy_of_the_corrections_is_named_and_left(patient: Patient) -> None:
    copy = patient.root / "data" / "edits (1).yaml"
    copy.write_text("{}\n", encoding="utf-8")
    said = patient.doctor("--mend", ok=False)
    assert 'take it: python -m tools.corrections take "data/edits (1).yaml"; or delete it' in said
    assert copy.is_file()


@pytest.mark.parametrize("left", ["", '{"write": {"data'])
def test_cut_rwlock_is_removed(patient: Patient, left: str) -> None:
    lock = patient.root / ".dvc/tmp/rwlock"
    lock.write_text(left)
    assert "RWLock" in patient.run("dvc", "repro", "-f", ok=False)
    assert_mended(patient, ".dvc/tmp/rwlock: cut or empty")
    patient.run("dvc", "repro", "-f")


def test_rwlock_that_dvc_is_writing_is_left_alone(patient: Patient) -> None:
    lock = patient.root / ".dvc/tmp/rwlock"
    lock.write_text("")
    with lock.with_name("rwlock.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "a dvc is at work" in patient.doctor("--mend", ok=False)
    assert lock.exists()


@pytest.mark.parametrize("cut", [0, 30, -20])
def test_cut_dvc_lock_is_that_of_the_commit_again(patient: Patient, cut: int) -> None:
    record = patient.root / "dvc.lock"
    whole = record.read_text()
    record.write_text(whole[:cut] + ("\n  x: [" if cut else ""))
    patient.run("dvc", "repro", ok=False)
    assert "that of the commit is back" in assert_mended(patient, "dvc.lock: ")
    assert record.read_text() == whole


def test_cut_dvc_lock_without_a_commit_goes_away(patient: Patient) -> None:
    patient.run("git", "rm", "-q", "--cached", "dvc.lock")
    patient.run("git", "commit", "-q", "-m", "Without")
    (patient.root / "dvc.lock").write_text("")
    assert "dvc.lock removed" in assert_mended(patient, "dvc.lock: empty")
    patient.run("dvc", "repro")


def test_record_in_the_middle_of_a_merge_is_a_person_s(patient: Patient) -> None:
    record = patient.root / "dvc.lock"
    text = "<<<<<<< HEAD\na: 1\n=======\nb: 2\n>>>>>>> other\n"
    record.write_text(text)
    assert "a merge stopped in it" in patient.doctor("--mend", ok=False)
    assert record.read_text() == text


@pytest.mark.parametrize("content", ["", "2girls\n"])
def test_wrong_cache_object_is_taken_away_and_made_again(patient: Patient, content: str) -> None:
    caption = patient.cached("1girl\n")
    caption.chmod(0o644)
    caption.write_text(content)
    name = "empty" if not content else "not what its name says"
    assert_mended(patient, f"{name} (data/captions/img001.txt)")
    kept = list((patient.root / DAMAGED).glob("*")) if content else []
    assert [path.read_text() for path in kept] == ([content] if content else [])
    shutil.rmtree(patient.root / "data/captions")
    patient.run("dvc", "repro")
    assert (patient.root / "data/captions/img001.txt").read_text() == "1girl\n"
    assert caption.read_text() == "1girl\n"


def test_all_empty_objects_are_found_at_once_without_the_lists_that_name_them(
    patient: Patient,
) -> None:
    """After a power cut a list of files may be empty, as well as what it lists."""
    kept = [path for path in (patient.root / ".dvc/cache/files/md5").rglob("*") if path.is_file()]
    for path in kept:
        path.chmod(0o644)
        path.write_bytes(b"")
        path.chmod(0o444)
    said = assert_mended(patient, f"and {len(kept) - 2} more")  # one of them should be empty
    assert "removed, and 3 more" in said
    patient.run("dvc", "repro")
    patient.run("dvc", "add", "data/raw")
    assert patient.cached("1girl\n").read_text() == "1girl\n"
    assert "WRONG" not in patient.doctor()


@pytest.mark.parametrize("folder", ["data/tagged", "data/dataset/1_nasu", "training/drawn"])
def test_half_files_go_where_files_are_written_singly(patient: Patient, folder: str) -> None:
    half = patient.root / folder / ".img001.txt.partial"
    half.parent.mkdir(parents=True, exist_ok=True)
    half.touch()
    assert_mended(patient, f"{folder}/.img001.txt.partial: left by a killed run")
    assert not half.exists()


def test_leftovers_go_unless_a_run_is_at_work_or_they_are_all_there_is(patient: Patient) -> None:
    output = patient.root / "data/captions"
    partial, old = beside(output, "partial"), beside(output, "old")
    partial.mkdir()
    beside(output, "checkpoint").write_text("what a killed run knows")
    mine = patient.root / "data/raw/.nasu.png.partial"
    mine.write_text("not ours")
    with beside(output, "lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "1 outputs are being written" in patient.doctor("--mend")
    assert partial.exists()
    assert_mended(patient, "data/.captions.partial: left by a killed run")
    assert not partial.exists()
    output.rename(old)
    assert "data/captions is back" in assert_mended(patient, "all there is of data/captions")
    assert (output / "img001.txt").read_text() == "1girl\n"
    assert beside(output, "checkpoint").exists()
    assert mine.exists()


def test_what_only_a_person_can_mend_is_told(patient: Patient, tmp_path: Path) -> None:
    (patient.root / ".git/index.lock").touch()
    (patient.root / "requirements.txt").write_text("numpy<1\nno-such-package\n")
    patient.run("dvc", "remote", "modify", "--local", "drive", "url", str(tmp_path / "gone"))
    empty = {f"GIT_{role}_NAME": "" for role in ("AUTHOR", "COMMITTER")}
    said = patient.doctor("--mend", ok=False, NASUMISO_DRIVE=str(tmp_path / "away"), **empty)
    for wrong in (
        "numpy ",
        "no-such-package is missing",
        "Git doesn't know your name",
        ".git/index.lock: Git is at work, or was killed",
        "folder: there is no folder",
        "NASUMISO_DRIVE: there is no folder",
    ):
        assert wrong in said
    assert "doctor: error: 5 left to mend / 直すところが 5 個あります" in said
    assert (patient.root / ".git/index.lock").exists()


def test_it_is_run_in_the_project(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "tools.doctor"]
    place = os.environ | {"PYTHONPATH": str(PROJECT)}
    answer = subprocess.run(words, cwd=tmp_path, env=place, capture_output=True, text=True)
    assert answer.returncode == 1
    assert "dvc.yaml: is not here" in answer.stderr


def test_packages_are_compared_with_their_bounds() -> None:
    assert package_fault("pytest>=1,<1000") == ""
    assert package_fault("pytest<1").startswith("pytest ")
    assert package_fault('no-such-package ; python_version < "3"') == ""
    assert package_fault("dvc[no-such-extra]>=3") == "dvc-no-such-extra is missing"


def test_lock_that_nobody_holds_is_free(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    assert not is_held(lock)
    assert not lock.exists()
    lock.write_text(json.dumps("a pid"))
    assert not is_held(lock)
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert is_held(lock)


def test_loras_that_a_killed_run_lent_are_taken_back(patient: Patient, tmp_path: Path) -> None:
    folder = tmp_path / "webui" / "nasumiso-test"
    digest = read_metadata(write_lora(folder / "nasu.safetensors"))["sshs_model_hash"]
    (folder / "nasu.safetensors").rename(folder / f"nasu-{digest[:8]}.safetensors")
    mine = write_lora(folder / "mine.safetensors")
    record = patient.root / ".dvc/tmp/lent/1"
    record.parent.mkdir(parents=True)
    record.write_text(f"{folder}\n")
    with folder_held(folder):
        assert "lent LoRAs      none is lent still" in patient.doctor()
    said = assert_mended(patient, f"{folder}: 1 LoRAs, lent the WebUI by a run that was killed")
    assert f"1 LoRAs removed from {folder}" in said
    assert list(folder.iterdir()) == [mine]


@contextmanager
def folder_held(folder: Path) -> Iterator[None]:
    """Hold a folder as a run does that lends there."""
    handle = os.open(folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_SH)
    yield
    os.close(handle)
