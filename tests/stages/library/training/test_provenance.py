"""Papers within a LoRA, and the WebUI's card."""

import subprocess
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.training.provenance import (
    Papers,
    as_comment,
    card,
    changed,
    dvc_md5,
    is_whole,
    locked_md5,
    read_metadata,
    read_papers,
    run_id,
)
from tests.support.training import safetensors, write_dataset

PAPERS = Papers("1f" * 6, "c" * 40, True, "data/dataset", "d.dir", "e", "m", "f", "t.py", "a")


def test_papers_come_back_from_the_metadata() -> None:
    comment = as_comment(PAPERS, 'mine, "quoted"')
    assert "\n" not in comment
    assert read_papers({"ss_training_comment": comment}) == PAPERS


@pytest.mark.parametrize("comment", ["", "None", "[]", '{"nasumiso": {"run": 1}}', '{"x": 1}'])
def test_other_people_s_loras_have_no_papers(comment: str) -> None:
    assert read_papers({"ss_training_comment": comment}) is None
    assert read_papers({}) is None


def test_what_dvc_and_a_training_write_is_no_change_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = [Path("params.yaml"), Path("dvc.lock"), Path("training/curves/steps.csv")]
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("before")
    identity = ("-c", "user.name=Nasu", "-c", "user.email=nasu@example.com")
    for words in (("init", "-q"), ("add", "-A"), (*identity, "commit", "-q", "-m", "x")):
        subprocess.run(["git", *words], check=True)
    files[1].write_text("after")
    files[2].unlink()
    assert not changed()
    files[0].write_text("after")
    assert changed()


def test_a_folder_s_name_is_dvc_s(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path)
    (dataset / ".DS_Store").write_text("litter")
    (dataset / "1_nasu" / "茄子.txt").write_text("x")
    lock = (tmp_path / "dvc.lock").read_text()
    found = dvc_md5(dataset)
    assert found.endswith(".dir")
    assert locked_md5(lock, "data/dataset") != found
    (dataset / "1_nasu" / "茄子.txt").unlink()
    assert locked_md5(lock, "data/dataset") == dvc_md5(dataset)
    assert locked_md5(lock, "data/other") == ""
    assert locked_md5("", "data/dataset") == ""
    assert locked_md5("stages:\n<<<<<<< HEAD\n  a: {}\n", "data/dataset") == ""


def test_a_training_s_name_does_not_depend_on_the_order() -> None:
    assert run_id({"a": 1, "b": ["x"]}) == run_id({"b": ["x"], "a": 1})
    assert run_id({"a": 1}) != run_id({"a": 2})


@pytest.mark.parametrize(
    "data", [b"", b"PNG", safetensors({"a": "b"})[:-1], safetensors({}) + b"x", b"\xff" * 40]
)
def test_a_file_that_is_not_whole_is_told(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(data)
    assert not is_whole(path)
    with pytest.raises(Problem, match="get it again"):
        read_metadata(path)
    path.write_bytes(safetensors({"a": "b"}))
    assert is_whole(path)
    assert read_metadata(path) == {"a": "b"}


@pytest.mark.parametrize(
    ("version", "shown"),
    [("sd_v1", "SD1"), ("sd_v2", "SD2"), ("sdxl_base_v1-0", "SDXL"), ("flux1", "Unknown")],
)
def test_the_card_has_the_webui_s_keys(version: str, shown: str) -> None:
    found = card("nasu", {"ss_base_model_version": version, "ss_epoch": "10"}, 0.8, "")
    assert found["sd version"] == shown
    assert found["activation text"] == "nasu"
    assert set(found) == {
        "description",
        "sd version",
        "activation text",
        "preferred weight",
        "negative text",
        "notes",
    }
