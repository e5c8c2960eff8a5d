"""Papers within a LoRA, and the WebUI's card."""

import subprocess
from pathlib import Path

import pytest

from stages.library.training.provenance import Papers, as_comment, changed, read_papers, run_id

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


def test_a_training_s_name_does_not_depend_on_the_order() -> None:
    assert run_id({"a": 1, "b": ["x"]}) == run_id({"b": ["x"], "a": 1})
    assert run_id({"a": 1}) != run_id({"a": 2})
