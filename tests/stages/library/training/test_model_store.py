"""A base model comes once, whole and checked, through broken connections."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stages.library.common.drive import find_drive
from stages.library.common.errors import Problem
from stages.library.training import model_store
from stages.library.training.base_model import BaseModel
from stages.library.training.model_store import known_sha256, model_file, take
from tests.standins.hub import REPOSITORY, REVISION
from tests.standins.hub import serving as hub_serving
from tests.support.clones import PROJECT
from tests.support.mounts import dead
from tests.support.web import DATA, web

SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.library.training.download.time.sleep", lambda _: None)


def test_a_cut_download_goes_on_and_is_kept_on_the_drive(tmp_path: Path) -> None:
    with web("cut", "503", "cut") as served:
        model = BaseModel(served.address, SHA256)
        (tmp_path / "drive").mkdir()
        drive = find_drive(str(tmp_path / "drive"))
        path = model_file(model, tmp_path / "here", drive)
        assert served.asked == ["", "bytes=65536-", "bytes=65536-", "bytes=131072-"]
        assert path.name == "model.safetensors"
        assert path.read_bytes() == DATA
        kept = tmp_path / "drive" / "models" / SHA256[:12] / path.name
        assert kept.read_bytes() == DATA
        again = model_file(model, tmp_path / "another machine", drive)
        assert again.read_bytes() == DATA
        assert model_file(model, tmp_path / "here", None) == path
    assert len(served.asked) == 4  # the server was not asked again


def test_a_drive_that_is_away_is_neither_needed_nor_made(tmp_path: Path) -> None:
    (tmp_path / "drive").mkdir()
    drive = find_drive(str(tmp_path / "drive"))
    (tmp_path / "drive").rmdir()
    with web() as served:
        model = BaseModel(served.address, SHA256)
        assert model_file(model, tmp_path / "here", drive).read_bytes() == DATA
    assert not (tmp_path / "drive").exists()


def test_from_a_drive_that_died_no_model_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "drive").mkdir()
    with dead(tmp_path / "drive"):
        assert not take(tmp_path / "drive/model.safetensors", tmp_path / "model.safetensors")
    assert "the base model can't be taken: " in capsys.readouterr().err
    assert not list(tmp_path.glob("*model*"))


def test_a_killed_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    partial = tmp_path / SHA256[:12] / ".model.safetensors.partial"
    partial.parent.mkdir()
    partial.write_bytes(DATA[:50_000])
    with web() as served:
        path = model_file(BaseModel(served.address, SHA256), tmp_path, None)
    assert served.asked == ["bytes=50000-"]
    assert path.read_bytes() == DATA


def test_another_file_than_asked_for_is_refused_and_removed(tmp_path: Path) -> None:
    with web("other") as served:
        model = BaseModel(served.address, SHA256)
        with pytest.raises(Problem, match="what was downloaded is removed; run it again"):
            model_file(model, tmp_path, None)
        assert model_file(model, tmp_path, None).read_bytes() == DATA


@pytest.mark.parametrize(
    ("faults", "asked", "message"),
    [
        (["404"], 1, "404"),
        (["401"], 1, "set CIVITAI_TOKEN"),
        (["503"] * 9, 5, "run it again, what has come is kept"),
    ],
)
def test_what_can_t_be_downloaded_is_told_without_the_address_s_secrets(
    tmp_path: Path, faults: list[str], asked: int, message: str
) -> None:
    with web(*faults) as served, pytest.raises(Problem, match=message) as error:
        model_file(BaseModel(served.address, SHA256), tmp_path, None)
    assert "secret" not in str(error.value)
    assert len(served.asked) == asked


def test_a_file_here_is_checked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.safetensors"
    path.write_bytes(DATA)
    assert model_file(BaseModel(str(path), SHA256), tmp_path / "here", None) == path
    with monkeypatch.context() as patch:
        patch.setattr(model_store, "sha256", lambda _: pytest.fail("computed again"))
        assert known_sha256(path) == SHA256
    path.write_bytes(DATA[::-1])
    with pytest.raises(Problem, match="it is another model; correct"):
        model_file(BaseModel(str(path), SHA256), tmp_path / "here", None)
    assert path.is_file()  # never the user's own file


FETCH = """
import sys
from pathlib import Path
from stages.library.training.base_model import BaseModel
from stages.library.training.model_store import model_file
print(model_file(BaseModel(sys.argv[1], sys.argv[2]), Path("here"), None))
"""


@pytest.mark.parametrize("fault", ["", "cut once", "no repository", "SOCKS"])
def test_a_hub_repository_is_a_place_too(tmp_path: Path, fault: str) -> None:
    served = tmp_path / "served"
    served.mkdir()
    (served / "base.safetensors").write_bytes(DATA)
    with hub_serving(served, fault) as hub:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HF_")} | {
            "HF_ENDPOINT": hub.address,
            "HF_HOME": str(tmp_path / "hf"),
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "PYTHONPATH": str(PROJECT),
        }
        if fault == "SOCKS":
            environment |= {"ALL_PROXY": "socks5://127.0.0.1:9", "NO_PROXY": "", "no_proxy": ""}
        repository = "nobody/nothing" if fault == "no repository" else REPOSITORY
        place = f"{repository}/base.safetensors@{REVISION}"
        answer = subprocess.run(
            [sys.executable, "-c", FETCH, place, SHA256],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if fault == "no repository":
        assert "can't be downloaded" in answer.stderr
    elif fault == "SOCKS":
        assert "can't be downloaded: ALL_PROXY is a SOCKS proxy" in answer.stderr
    else:
        assert answer.returncode == 0, answer.stderr
        assert (tmp_path / "here" / SHA256[:12] / "base.safetensors").read_bytes() == DATA
