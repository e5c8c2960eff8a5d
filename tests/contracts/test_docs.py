"""End to end: the commands of READMEs and docs, as they stand there, in clones with real DVC.

A test a page, named as the page is. What can't be run here is in `NOT_RUN`, with the reason.
"""

import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from stages.library.common.outputs import sha256
from tests.standins.webui.server import webui
from tests.support.clones import Clone
from tests.support.pages import ENGLISH, blocks, commands, text_of
from tests.support.studio import TRAIN, Studio, commit
from tests.support.training import TRAINER
from tests.support.voting import vote
from tools.votes.votes_file import change_votes

pytestmark = pytest.mark.e2e

NETWORK = "needs a package index, or GitHub"

NOT_RUN = {
    "python3 -m venv .venv && . .venv/bin/activate && pip install -r requirements.txt": (
        f"{NETWORK}; the `dvc repro` at its end is the fixture first_run"
    ),
    "python3 -m venv .venv && . .venv/bin/activate && pip install -r tests/requirements.lock": (
        "runs these tests; .ci/run holds it, word for word"
    ),
    "pip install -r requirements-ray.txt": NETWORK,
    "git clone https://github.com/kohya-ss/sd-scripts training/sd-scripts": NETWORK,
    "git -C training/sd-scripts checkout ": f"{NETWORK}; test_trainer.py compares the commit",
    "python3 -m venv training/sd-scripts/.venv": NETWORK,
    "training/sd-scripts/.venv/bin/pip install torch ": NETWORK,
    "tensorboard --logdir training/state": "runs until it is stopped",
    "python -m tools.votes": "runs until its page is closed, as tests/browser/test_votes.py does",
    "python -m tools.remote check gdrive": (
        "asks Google; test_remote.py runs it against a Drive on this machine"
    ),
}
"""Commands by their beginning, and why no test here runs them."""


def is_run(command: str) -> bool:
    return not command.startswith(tuple(NOT_RUN))


def walk(
    clone: Clone,
    page: str,
    before: Mapping[str, Callable[[], object]] | None = None,
    meant: Mapping[str, str] | None = None,
) -> str:
    """Run the shell blocks of a page, in order, and return what they printed.

    `before` holds what a person does before the block with that command, `meant` what they write
    in place of words such as `<commit>`.
    """
    todo, said = dict(before or {}), []
    for block in blocks(text_of(page)):
        for command in block:
            todo.pop(command, lambda: None)()
        script = "\n".join(command for command in block if is_run(command))
        for words, others in (meant or {}).items():
            script = script.replace(words, others)
        said.append(clone.run("sh", "-e", "-c", script))
    assert todo == {}, f"{page} has no such command"
    return "".join(said)


def add_tag(caption: Path, tag: str) -> None:
    """Add a tag to a caption, as an editor does."""
    caption.write_text(caption.read_text(encoding="utf-8").strip() + f", {tag}\n", encoding="utf-8")


def use_remote(clone: Clone, folder: Path) -> None:
    """Give a clone an origin to push to, and a remote."""
    origin = folder / "origin.git"
    clone.run("git", "clone", "-q", "--bare", str(clone.root), str(origin))
    clone.run("git", "remote", "set-url", "origin", str(origin))
    (folder / "remote").mkdir()
    clone.run("dvc", "remote", "add", "--local", "-d", "mount", str(folder / "remote"))


def make_elsewhere(studio: Studio, name: str) -> None:
    """Push an experiment as another computer would have, so that none of it is here."""
    studio.run("dvc", "exp", "push", "origin", name)
    studio.run("dvc", "exp", "remove", name)


def test_every_page_with_commands_is_run() -> None:
    pages = [page for page in ENGLISH if commands(text_of(page))]
    names = [f"test_{Path(page).stem.lower().replace('-', '_')}" for page in pages]
    assert [name for name in names if name not in globals()] == []


def test_what_is_not_run_stands_in_a_page() -> None:
    found = [command for page in ENGLISH for command in commands(text_of(page))]
    for beginning in NOT_RUN:
        assert any(command.startswith(beginning) for command in found), beginning


def test_readme(clone: Clone) -> None:
    def own_drawings() -> None:
        shutil.copytree(clone.root / "data" / "sample", clone.root / "data" / "raw")
        clone.set_param("input: data/sample", "input: data/raw")
        clone.run("dvc", "repro")

    caption = clone.root / "data" / "dataset" / "10_nasumiso_v1" / "img001.txt"
    keep = 'dvc add data/raw && git add -A && git commit -qm "First dataset"'
    correct = "python -m tools.corrections save && dvc repro"
    walk(clone, "README.md", {keep: own_drawings, correct: lambda: add_tag(caption, "miso_soup")})
    assert "miso_soup" in (clone.root / "data" / "edits.yaml").read_text(encoding="utf-8")
    assert "miso_soup" in caption.read_text(encoding="utf-8")
    assert "data/raw/" not in clone.run("git", "ls-files", "data")
    assert (clone.root / "data" / "raw.dvc").is_file()


def test_first_steps(clone: Clone, tmp_path: Path) -> None:
    newcomer = Clone(tmp_path / "mac", tmp_path / "home")
    newcomer.root.mkdir()
    newcomer.home.mkdir()
    meant = {"https://github.com/OWNER/REPO": str(clone.root)}
    assert "git version" in walk(newcomer, "docs/first-steps.md", meant=meant)
    assert "you@example.com" in newcomer.run("git", "config", "--global", "user.email")
    assert (newcomer.root / "nasumiso" / "README.md").is_file()


def test_dataset(clone: Clone) -> None:
    commit(clone)
    data = clone.root / "data"
    edits = (data / "edits.yaml").read_text(encoding="utf-8")

    def captions_come_along() -> None:
        assert (data / "edits.yaml").read_text(encoding="utf-8") == edits
        (data / "raw").mkdir()
        (data / "raw" / "ink_traveller.txt").write_text("solo, red_scarf", encoding="utf-8")
        (data / "edits (1).yaml").write_text(edits, encoding="utf-8")

    said = walk(
        clone,
        "docs/dataset.md",
        {
            "python -m tools.corrections discard": lambda: add_tag(
                data / "tagged" / "img001.txt", "miso_soup"
            ),
            "python -m tools.corrections import data/raw": captions_come_along,
        },
    )
    assert "+miso_soup" in said
    assert "+red_scarf" in said
    assert "edits (1).yaml taken into data/edits.yaml, and removed" in said


def test_scale(clone: Clone) -> None:
    pytest.importorskip("ray")

    def ask_for_more() -> None:
        clone.set_param("size: 512", "size: 576")

    said = walk(clone, "docs/scale.md", {"NASUMISO_RAY=auto dvc repro": ask_for_more})
    assert "15 drawings used" in said
    assert "15 pictures scored" in said


def test_troubleshooting(clone: Clone) -> None:
    lock = clone.root / ".dvc" / "tmp" / "rwlock"
    mend = "python -m tools.doctor --mend"
    said = walk(clone, "docs/troubleshooting.md", {mend: lambda: lock.write_text("")})
    assert "mended: .dvc/tmp/rwlock removed" in said
    assert lock.read_text(), "dvc repro after it has written another"


def test_compare(trained: Studio, tmp_path: Path) -> None:
    # where docs/train.md puts the trainer; an experiment in a queue runs elsewhere
    studio = trained.copy(tmp_path / "clone", NASUMISO_TRAINER="")
    shutil.copytree(TRAINER, studio.root / "training" / "sd-scripts")
    use_remote(studio, tmp_path)
    edits = studio.root / "data" / "edits.yaml"
    mine = edits.read_text(encoding="utf-8") + "# mine\n"

    def work_on() -> None:
        make_elsewhere(studio, "slower")
        edits.write_text(mine, encoding="utf-8")

    at_home = {"dvc exp pull origin slower": work_on}
    said = walk(studio, "docs/compare.md", at_home, {"<commit>": "HEAD~1"})
    assert said.count("Queued experiment") == 2
    assert edits.read_text(encoding="utf-8") == mine
    assert "learning rate  5e-05" in said
    assert (studio.root / "history.html").is_file()


def test_drive(clone: Clone) -> None:
    clone = Clone(clone.root, clone.root.parent / "home")
    storage = clone.home / "Library" / "CloudStorage"
    remote = storage / "GoogleDrive-you@example.com" / "My Drive" / "NasuTomo" / "dvc"
    remote.mkdir(parents=True)
    said = walk(clone, "docs/drive.md")
    assert "drive can be used" in said
    assert "push: done" in said
    assert len(list(remote.rglob("*.dir"))) > 0


def test_colab(ready: Studio, tmp_path: Path) -> None:
    drive = tmp_path / "NasuTomo"
    (drive / "experiments").mkdir(parents=True)
    studio = ready.copy(tmp_path / "clone")
    use_remote(studio, tmp_path)
    home = Studio(studio.root, studio.home, {"NASUMISO_DRIVE": str(drive)})

    def train_there() -> None:
        bundle = drive / "experiments" / "lora.bundle"
        studio.run(*TRAIN, "-n", "lora", "-S", "train.seed=7")
        studio.run("git", "bundle", "create", "-q", str(bundle), "--glob=refs/exps/*/*/lora")
        make_elsewhere(studio, "lora")
        studio.run("sh", "-c", "git checkout -q . && dvc checkout -q")

    at_home = 'dvc repro && git add -A && git commit -qm "Dataset for Colab"'
    from_git = "git fetch && dvc exp pull origin lora && dvc exp apply lora"
    from_drive = "git fetch \"$NASUMISO_DRIVE/experiments/lora.bundle\" 'refs/exps/*:refs/exps/*'"
    walk(
        home,
        "docs/colab.md",
        {
            at_home: lambda: studio.set_param("  threshold: 0.35", "  threshold: 0.4"),
            from_git: train_there,
            from_drive: lambda: studio.run("dvc", "exp", "remove", "lora"),
        },
    )
    assert "  seed: 7\n" in studio.run("git", "show", "main:params.yaml")
    assert studio.run("git", "branch", "--show-current").strip() == "lora-branch"
    assert (studio.root / "training" / "lora" / "nasumiso_v1.safetensors").is_file()


def test_train(ready: Studio, tmp_path: Path) -> None:
    studio = ready.copy(tmp_path / "clone")
    use_remote(studio, tmp_path)
    said = walk(studio, "docs/train.md")
    assert "the command, which was not started" in said
    assert re.search(r"captions +checked, 15 pictures, \d+ tags", said)
    assert studio.run("git", "status", "--porcelain") == ""
    assert len(list((tmp_path / "remote").rglob("*.dir"))) > 0


def test_presets(clone: Clone) -> None:
    said = walk(clone, "docs/presets.md")
    assert "* sd15: " in said
    assert said.count("keys written") == 2
    assert clone.run("git", "status", "--porcelain", "params.yaml") == "", "back byte for byte"
    preset = (sys.executable, "-m", "tools.preset")
    clone.run(*preset, "illustrious", "--write")
    clone.run("dvc", "exp", "run", "check", "-n", "wide", "-S", "train.network_dim=48")
    assert "  network_dim: 48\n" in (clone.root / "params.yaml").read_text(encoding="utf-8")
    assert "prepare.size: 1024 -> 512" in clone.run(*preset, "sd15")


def test_votes(clone: Clone) -> None:
    commit(clone)
    votes = clone.root / "training" / "votes.yaml"
    keep = 'git add training/votes.yaml && git commit -m "Votes"'
    walk(clone, "docs/votes.md", {keep: lambda: change_votes(votes, lambda _: [vote(1, 2)])})
    assert clone.run("git", "log", "-1", "--format=%s", "--", "training/votes.yaml") == "Votes\n"


@contextmanager
def drawing_studio(trained: Studio, folder: Path) -> Iterator[Studio]:
    """Yield a copy that draws small pictures, with a WebUI that has loaded its base model."""
    studio = trained.copy(folder / "clone")
    base = re.search(r"base_model: (.*)", (studio.root / "params.yaml").read_text("utf-8"))
    assert base
    with webui(folder / "webui", checkpoints={"base": sha256(Path(base[1]))}) as stand_in:
        studio.set_param("http://127.0.0.1:7860", stand_in.url)
        for side in ("width", "height"):
            studio.set_param(f"  {side}: 512", f"  {side}: 64")
        studio.set_param("  captions: 12", "  captions: 1")
        commit(studio)
        yield studio


def test_judge(trained: Studio, tmp_path: Path) -> None:
    with drawing_studio(trained, tmp_path) as studio:
        said = walk(studio, "docs/judge.md")
    assert "judge: Too few captions to tell anything: 1. It takes 5, better 12." in said
    assert "judge: キャプションが 1 個しかなく、判定できません。" in said
    assert "captions_judged" not in said, "the table has the columns that are named"
    assert "judged_on" in said


def test_draw(trained: Studio, tmp_path: Path) -> None:
    with drawing_studio(trained, tmp_path) as studio:
        use_remote(studio, tmp_path)
        said = walk(studio, "docs/draw.md")
    assert "the WebUI can be used" in said
    assert "in a prompt: <lora:nasumiso_v1:0.8> nasumiso_style" in said
    assert len(list((studio.root / "training" / "pictures" / "images").iterdir())) == 12
