"""A LoRA tells what it was made of, and how to get its dataset back."""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages.library.training.headers import read_metadata
from stages.library.training.provenance import Papers, as_comment, read_papers
from tests.support.training import safetensors, write_lock, write_lora
from tools import provenance

MD5 = "ab" * 16 + ".dir"


def git(*words: str) -> str:
    answer = subprocess.run(["git", *words], check=True, capture_output=True, text=True)
    return answer.stdout.strip()


def commit_lock(md5: str) -> str:
    """Commit a dvc.lock that records the dataset `md5`, and return the commit."""
    write_lock(Path(), md5)
    git("add", "-A")
    git("commit", "-q", "-m", md5)
    return git("rev-parse", "HEAD")


def lora_of(commit: str, changed: bool = False) -> Path:
    papers = Papers(
        run="0123456789ab",
        git_commit=commit,
        git_changed=changed,
        dataset="data/dataset",
        dataset_md5=MD5,
        params_sha256="c" * 64,
        base_model="anything.safetensors",
        base_model_sha256="d" * 64,
        trainer="train_network.py",
        trainer_commit="e" * 40,
    )
    metadata = {
        "ss_training_comment": as_comment(papers),
        "ss_learning_rate": "0.0001",
        "ss_lr_scheduler": "cosine",
        "ss_network_dim": "64",
        "ss_network_alpha": "32.0",
        "ss_num_epochs": "10",
        "ss_optimizer": "bitsandbytes.optim.adamw.AdamW8bit",
        "ss_seed": "None",
        "sshs_model_hash": "f" * 64,
    }
    return write_lora(Path("nasu.safetensors"), **metadata)


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, an empty Git repository."""
    monkeypatch.chdir(tmp_path)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Nasu")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "nasu@example.com")
    git("init", "-q", "-b", "main")
    return tmp_path


def test_it_names_everything_and_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    commit = commit_lock(MD5)
    assert provenance.main([str(lora_of(commit))]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:12] == [
        "LoRA           nasu, after epoch 10 (training 0123456789ab)",
        f"Git commit     {commit}",
        f"dataset        data/dataset, DVC {MD5}",
        "captions       not checked; the trainer says 0 tags",
        "learning rate  0.0001, cosine",
        "dim, alpha     64, 32.0",
        "epochs         10",
        "optimizer      bitsandbytes.optim.adamw.AdamW8bit",
        f"params         SHA-256 {'c' * 64}",
        f"base model     anything.safetensors, SHA-256 {'d' * 64}",
        f"trainer        sd-scripts {'e' * 40}, train_network.py",
        f"WebUI's hash   {'f' * 12}",
    ]
    assert lines[-1].startswith("  git checkout main && git stash pop")


def test_the_commands_work_whatever_is_not_committed(capsys: pytest.CaptureFixture[str]) -> None:
    Path("params.yaml").write_text("then\n")
    Path(".gitignore").write_text("*.safetensors\n/.dvc/cache\n")
    then = commit_lock(MD5)
    Path("params.yaml").write_text("now\n")
    Path("curves.csv").write_text("committed\n")
    commit_lock("another.dir")
    lora = lora_of(then)

    def ways() -> list[str]:
        assert provenance.main([str(lora)]) == 0
        lines = capsys.readouterr().out.splitlines()
        return [line.replace("dvc ", "echo ") for line in lines if line.startswith("  ")]

    there, back = ways()
    assert there == f"  git checkout {then} && echo pull data/dataset"
    assert back == "  git checkout main && echo checkout data/dataset"
    cached = Path(".dvc/cache/files/md5") / MD5[:2] / MD5[2:]
    cached.parent.mkdir(parents=True)
    cached.touch()
    assert ways()[0] == f"  git checkout {then} && echo checkout data/dataset"
    Path("params.yaml").write_text("changed\n")
    Path("new.csv").write_text("new\n")
    there, back = ways()
    subprocess.run(there, shell=True, check=True)
    assert Path("params.yaml").read_text() == "then\n"
    assert not Path("new.csv").exists()
    subprocess.run(back, shell=True, check=True)
    assert Path("params.yaml").read_text() == "changed\n"
    assert Path("new.csv").read_text() == "new\n"
    assert git("branch", "--show-current") == "main"


@pytest.mark.parametrize("ref", ["refs/heads/later", "refs/exps/ab/cd/colab"])
def test_the_commit_that_holds_the_dataset_is_found_wherever_it_is(
    ref: str, capsys: pytest.CaptureFixture[str]
) -> None:
    started_on = commit_lock("another.dir")
    experiment = commit_lock(MD5)
    git("update-ref", ref, experiment)
    git("reset", "-q", "--hard", started_on)
    assert provenance.main([str(lora_of(started_on, changed=True))]) == 0
    output = capsys.readouterr().out
    assert f"{started_on}, with changes" in output
    assert f"git checkout {experiment} && dvc pull data/dataset" in output


def test_a_repository_that_does_not_know_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    commit_lock("another.dir")
    assert provenance.main([str(lora_of("9" * 40))]) == 1
    captured = capsys.readouterr()
    assert "anything.safetensors" in captured.out  # what is known is told all the same
    assert f"no commit here records the dataset {MD5}" in captured.err


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (safetensors({"ss_output_name": "x"}), "carries no papers of Nasumiso Creator"),
        (b"<html>", "is no safetensors file, or not whole"),
    ],
)
def test_other_files_are_refused(
    data: bytes, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("x.safetensors").write_bytes(data)
    assert provenance.main(["x.safetensors"]) == 1
    assert message in capsys.readouterr().err


def test_a_missing_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert provenance.main(["nowhere.safetensors"]) == 1
    assert "nowhere.safetensors: No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("git_commit", "--output=pwned"),
        ("git_commit", "HEAD"),
        ("dataset_md5", "x; touch pwned"),
        ("dataset_md5", f"{MD5}\n"),
    ],
)
def test_papers_of_a_stranger_go_into_no_command(
    field: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = lora_of(commit_lock(MD5))
    metadata = read_metadata(path)
    papers = read_papers(metadata)
    assert papers
    changes: dict[str, Any] = {field: value}
    comment = as_comment(replace(papers, **changes))
    write_lora(path, **metadata | {"ss_training_comment": comment})
    assert provenance.main([str(path)]) == 1
    assert f"not as this project writes them: {field} is " in capsys.readouterr().err
    assert not list(Path().rglob("pwned"))


def test_a_stranger_s_words_are_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    path = lora_of(commit_lock(MD5))
    metadata = read_metadata(path) | {"ss_optimizer": "\x1b[31mred"}
    write_lora(path, **metadata)
    assert provenance.main([str(path)]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert r"'\x1b[31mred'" in said
    assert "dvc pull 'a; touch pwned'" in "\n".join(provenance.way("c" * 40, "a; touch pwned", MD5))
