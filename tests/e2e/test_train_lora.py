"""The whole notebook, as in Colab: from the dataset on the Drive to a LoRA at home."""

import hashlib
import json
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from nbclient.exceptions import DeadKernelError

from tests.standins.colab.git_server import serve
from tests.standins.colab.machine import Machine, processes_of
from tests.support.clones import Clone

pytestmark = pytest.mark.e2e

TOKEN = "ghp_" + "eggplant" * 3  # in two pieces, so that this file does not hold it
MODEL = b"a base model, kept on the Drive"
SHA256 = hashlib.sha256(MODEL).hexdigest()
QUICK = f"lora.base_model_sha256={SHA256} train.train_batch_size=10 train.lr_warmup_steps=2"
FORM = {"EXPERIMENT": "miso", "OVERRIDES": f"{QUICK} train.max_train_epochs=4"}


@dataclass(frozen=True)
class World:
    """What there is besides Colab's machine: a bare repository, a Drive, secrets."""

    folder: Path
    server: str

    @property
    def drive(self) -> Path:
        return self.folder / "drive"

    @property
    def origin(self) -> Path:
        return self.folder / "git/nasu.git"

    def machine(self, **form: str) -> Machine:
        """Return a new machine."""
        address = f"{self.server}/nasu.git"
        secrets = self.folder / "secrets.json"
        return Machine(
            self.folder / "vm", self.drive, secrets, FORM | {"REPOSITORY": address} | form
        )

    def give_token(self, token: str | None = TOKEN) -> None:
        (self.folder / "secrets.json").write_text(json.dumps({"GITHUB_TOKEN": token}))

    def home(self, name: str) -> Clone:
        """Return a new clone at home, whose remote is the same Drive."""
        home = Clone(self.folder / name, self.folder / f"{name}-home")
        home.home.mkdir()
        there = Clone(self.folder, home.home)
        there.run("git", "clone", "-q", str(self.origin), str(home.root))
        use_drive(home, self.drive)
        return home


def use_drive(clone: Clone, drive: Path) -> None:
    folder = str(drive / "MyDrive/NasuTomo/dvc")
    clone.run("dvc", "remote", "add", "--local", "--default", "drive", folder)
    clone.run("dvc", "remote", "modify", "--local", "drive", "verify", "true")


@pytest.fixture(scope="module")
def pushed(first_run: tuple[Clone, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a bare repository and a Drive, to which a dataset was pushed."""
    folder = tmp_path_factory.mktemp("pushed")
    project = folder / "drive/MyDrive/NasuTomo"
    (project / "dvc").mkdir(parents=True)
    kept = project / "models" / SHA256[:12] / "Anything-v5.0-PRT-RE.safetensors"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(MODEL)
    clone = first_run[0].copy(folder / "clone")
    clone.run("git", "add", "-A")
    clone.run("git", "commit", "-q", "-m", "First dataset")
    use_drive(clone, folder / "drive")
    clone.run("dvc", "push")
    clone.run("git", "clone", "-q", "--bare", str(clone.root), str(folder / "git/nasu.git"))
    shutil.rmtree(clone.root)
    return folder


@contextmanager
def there(pushed: Path, folder: Path, private: bool = False) -> Iterator[World]:
    """Yield a copy of it, served; whatever still runs there afterwards is ended."""
    for name in ("drive", "git"):
        shutil.copytree(pushed / name, folder / name)
    (folder / "secrets.json").write_text("{}")
    try:
        with serve(folder / "git", TOKEN, private) as server:
            yield World(folder, server)
    finally:
        for process in processes_of(folder / "vm/home"):
            process.kill()


@pytest.fixture
def world(pushed: Path, tmp_path: Path) -> Iterator[World]:
    with there(pushed, tmp_path) as world:
        yield world


def result(root: Path) -> dict[str, str]:
    """Return what a training made, by name: digests; of a LoRA those of its tensors alone."""
    lora = {
        path.name: path.read_bytes()[-8:].hex()
        for path in (root / "training/lora").glob("*.safetensors")
    }
    others = [
        root / "training/figures/train.json",
        *(root / "training/curves").iterdir(),
        *(root / "training/samples").iterdir(),
    ]
    return lora | {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in others}


@pytest.fixture(scope="module")
def undisturbed(
    pushed: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, str, dict[str, str]]]:
    """Return the world after *Run all*, without a token, what it showed, and its result."""
    with there(pushed, tmp_path_factory.mktemp("undisturbed")) as world:
        machine = world.machine()
        with machine.session() as session:
            output = session.run()
        yield world, output, result(machine.clone)


def test_run_all_without_a_token_saves_the_experiment_on_the_drive(
    undisturbed: tuple[World, str, dict[str, str]],
) -> None:
    world, output, _ = undisturbed
    assert "no GITHUB_TOKEN" in output
    assert "experiments/miso.bundle" in output
    assert not world.machine().content.joinpath("drive/MyDrive").exists()  # unmounted
    assert (world.machine().clone / "training/state").is_dir()


def test_its_bundle_brings_lora_and_dataset_home(
    undisturbed: tuple[World, str, dict[str, str]],
) -> None:
    world, _, expected = undisturbed
    home = world.home("home")
    bundle = str(world.drive / "MyDrive/NasuTomo/experiments/miso.bundle")
    home.run("git", "fetch", "-q", bundle, "refs/exps/*:refs/exps/*")
    home.run("dvc", "exp", "branch", "miso")
    home.run("git", "checkout", "-q", "miso-branch")
    home.run("dvc", "pull", "training/lora", "training/samples")
    check_at_home(home, expected)


def test_machine_lost_in_the_third_epoch_and_run_again_equals_an_undisturbed_run(
    world: World, undisturbed: tuple[World, str, dict[str, str]]
) -> None:
    world.give_token()
    machine = world.machine()
    watcher = threading.Thread(target=lose_after_second_epoch, args=(machine,))
    watcher.start()
    with machine.session(STANDIN_SLOW="0.25") as session, pytest.raises(DeadKernelError):
        session.run("form", "mount", "sign-in", "project", "train")
    watcher.join()
    assert not machine.clone.exists()

    with machine.session() as session:
        output = session.run(*(name for name in session.names if name != "tensorboard"))
    assert re.search("going on with epoch [34] of 4", output)
    assert result(machine.clone) == undisturbed[2]
    assert TOKEN not in output
    assert files_with(TOKEN.encode(), machine.disk, world.drive, world.origin) == []

    home = world.home("home")
    edits = home.root / "data/edits.yaml"
    committed = edits.read_text(encoding="utf-8")
    edits.write_text(f"{committed}# not committed\n", encoding="utf-8")
    assert "git fetch && dvc exp pull origin miso && dvc exp apply miso" in output
    assert "commit first" in output
    home.run("git", "fetch")
    home.run("dvc", "exp", "pull", "origin", "miso")
    home.run("dvc", "exp", "apply", "miso")
    assert (
        edits.read_text(encoding="utf-8") == committed
    )  # lost, as docs/colab.md says, but for this
    home.run("git", "checkout", "refs/exps/apply/stash", "--", "data/edits.yaml")
    assert edits.read_text(encoding="utf-8").endswith("# not committed\n")
    check_at_home(home, undisturbed[2])

    # cells again, in another order, then all of them on a new machine: nothing is trained twice
    with machine.session() as session:
        assert "form" in session.fail("train")
        assert "isn't mounted" in session.run("form") + session.fail("train")
        again = session.run("mount", "publish", "push", "train", "trainer", "project")
    machine.lose()
    with machine.session() as session:
        assert "run cells 1 to 4 first" in session.run("form") + session.fail("train")
        again += session.run("mount", "sign-in", "project", "train", "publish")
        again += session.run("packages", "unmount", "unmount", "mount", "push")
    assert "$ dvc exp run" not in again
    assert again.count("miso is trained and published already") == 2
    refs = home.run("git", "ls-remote", "origin", "refs/exps/*")
    assert refs.count("refs/exps/") == 1


def test_other_overrides_get_another_name_and_both_are_published(world: World) -> None:
    world.give_token()
    form = {"OVERRIDES": f"{QUICK} -S train.max_train_epochs=2"}
    with world.machine(**form).session(STANDIN_DIE="2") as session:
        session.run("form", "mount", "sign-in", "project")
        assert "epochs 1 to 1 are kept" in session.fail("train")
    with world.machine(**form).session() as session:  # the same machine, a new kernel
        session.run("form", "sign-in")
        assert "going on with epoch 2 of 2" in session.run("train")
        more = " -S train.network_dim=8 train.min_snr_gamma=5"  # which is new
        session.fill_in({"OVERRIDES": form["OVERRIDES"] + more})
        shown = session.run("form", "train")
        assert "--name miso-2" in shown
        assert "train.min_snr_gamma is new" in shown
        session.run("publish", "unmount")
    git = Clone(world.origin, world.folder / "vm/home")
    refs = git.run("git", "for-each-ref", "--format=%(refname)", "refs/exps").split()
    locks = [git.run("git", "show", f"{ref}:training/dvc.lock") for ref in refs]
    dims = [re.findall(r"network_dim: (\d+)", lock) for lock in locks]
    assert [Path(ref).name for ref in refs] == ["miso", "miso-2"]
    assert dims == [["64"], ["8"]]
    assert ["min_snr_gamma: 5" in lock for lock in locks] == [False, True]
    for lock in locks:
        found = re.findall(r"path: training/(?:lora|samples)\n.*\n *md5: (\w+\.dir)", lock)
        assert len(found) == 2
        for md5 in found:
            assert (world.drive / "MyDrive/NasuTomo/dvc/files/md5" / md5[:2] / md5[2:]).is_file()


def test_a_private_repository_is_cloned_with_the_token_only(tmp_path: Path, pushed: Path) -> None:
    with there(pushed, tmp_path, private=True) as world:
        with world.machine().session() as session:
            session.run("form", "mount", "sign-in")
            shown = session.fail("project")
            assert "could not read Username" in shown
            assert "add GITHUB_TOKEN and run cell 3" in shown
            world.give_token(None)
            assert "switch on its Notebook access" in session.run("sign-in")
            world.give_token()
            shown = session.run("sign-in", "project", "project")
            assert "First dataset" in shown
            assert TOKEN not in shown
            session.fill_in({"BRANCH": "mian"})
            assert "has no branch mian" in session.run("form") + session.fail("project")
        config = (world.machine().clone / ".git/config").read_text()
        assert f"url = {world.server}/nasu.git\n" in config


def test_a_secret_that_nobody_hands_out_is_none(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.json"
    form = {"REPOSITORY": "https://git.example/nasu.git"}
    with Machine(tmp_path / "vm", tmp_path / "drive", secrets, form).session() as session:
        session.run("form")
        for answer, told in (("null", "timed out"), ("{}", "Secret GITHUB_TOKEN does not exist")):
            secrets.write_text(answer)
            shown = session.run("sign-in")
            assert re.search(rf"^no GITHUB_TOKEN \(.*{told}.*\): the result will be", shown, re.M)
        secrets.unlink()  # whatever else goes wrong there
        assert "no GITHUB_TOKEN (" in session.run("sign-in")


def test_a_form_that_can_t_be_used_is_told_in_the_first_cells(world: World) -> None:
    leaking = world.server.replace("//", f"//nasu:{TOKEN}@")
    with world.machine().session() as session:
        for address in ("https://github.com/OWNER/REPO", "git@github.com:a/b.git", leaking, ""):
            session.fill_in({"REPOSITORY": address})
            shown = session.fail("form")
            assert "REPOSITORY: write your own repository's https:// address" in shown
            assert TOKEN not in shown
        assert "form first" in session.fail("project")
        session.fill_in(world.machine().form)
        world.machine().plug_in("")
        assert "no graphics card here: choose Runtime" in session.fail("form")
        world.machine().plug_in("GPU 0: Tesla T4")
        session.fill_in({"OVERRIDES": "caption.threshold=0.9", "BRANCH": "mian"})
        assert "REPOSITORY or BRANCH" in session.run("form") + session.fail("project")
        session.fill_in({"BRANCH": "main"})
        assert "belongs to the dataset" in session.run("form") + session.fail("project")
        session.fill_in({"OVERRIDES": "", "EXPERIMENT": "なす"})
        assert "is no name" in session.run("form") + session.fail("project")
        session.fill_in({"EXPERIMENT": "miso", "DRIVE_FOLDER": "Shareddrives/Circle/NasuTomo"})
        session.run("form", "mount", "project")
        assert "Shareddrives/Circle/NasuTomo/dvc: there is no" in session.fail("dataset")
        shared = world.drive / "Shareddrives/Circle/NasuTomo"
        shutil.copytree(world.drive / "MyDrive/NasuTomo/dvc", shared / "dvc")
        assert "15 pictures in data/dataset" in session.run("dataset")


def test_a_dataset_that_is_old_or_not_on_the_drive_is_told_before_the_trainer_comes(
    world: World,
) -> None:
    home = world.home("home")
    home.set_param("tag: nasumiso_style", "tag: miso_style")
    home.run("git", "commit", "-q", "-a", "-m", "Forgot dvc repro")
    home.run("git", "push", "-q")
    with world.machine().session() as session:
        session.run("form", "mount", "sign-in", "project")
        assert "common_tag.tag: changed since the dataset was made" in session.fail("dataset")
        assert "common_tag.tag: changed since the dataset was made" in session.fail("train")
        home.run("git", "revert", "--no-edit", "HEAD")
        home.run("git", "push", "-q")
        remote = world.drive / "MyDrive/NasuTomo/dvc"
        remote.rename(remote.with_name("pushed"))
        remote.mkdir()
        assert "at home: python -m tools.remote push" in session.run("project") + session.fail(
            "dataset"
        )


def check_at_home(home: Clone, expected: dict[str, str]) -> None:
    """Compare the result, and follow the LoRA's papers back to its dataset."""
    assert result(home.root) == expected
    told = home.run("python", "-m", "tools.provenance", "training/lora/nasumiso_v1.safetensors")
    there, _back = [line for line in told.splitlines() if line.startswith("  ")]
    home.run("sh", "-c", there)
    assert len(list((home.root / "data/dataset").glob("*/*.png"))) == 15


def lose_after_second_epoch(machine: Machine) -> None:
    """Lose the machine as soon as the state of a second epoch has reached the Drive."""
    states = machine.drive / "MyDrive/NasuTomo/state"
    while not [*states.glob("*/output/*-00000[23]-state")]:
        time.sleep(0.05)
    machine.lose()


def files_with(text: bytes, *folders: Path) -> list[Path]:
    """Return the files that hold a text."""
    files = [path for folder in folders for path in folder.rglob("*")]
    return [path for path in files if path.is_file() and text in path.read_bytes()]
