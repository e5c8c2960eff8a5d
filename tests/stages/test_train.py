"""The training stage, with a stand-in for sd-scripts (tests/standins/trainer)."""

import fcntl
import hashlib
import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stages import train
from stages.library.training.carrying import write_digests
from stages.library.training.dvc_lock import dvc_md5
from stages.library.training.headers import read_metadata
from stages.library.training.provenance import read_papers
from tests.support.clones import PROJECT
from tests.support.meanwhile import meanwhile, write
from tests.support.params import arguments
from tests.support.training import (
    PARAMS,
    TRAINER,
    write_base_model,
    write_dataset,
    write_lock,
    write_state,
)

WAITING_SECONDS = 60


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder: a project with a dataset and a base model."""
    write_dataset(tmp_path)
    write_base_model(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("NASUMISO_", "STANDIN_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NASUMISO_TRAINER", str(TRAINER))
    path = [str(Path(sys.executable).parent), os.environ["PATH"]]  # the stand-in's Python is ours
    monkeypatch.setenv("PATH", os.pathsep.join(path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path


def words(**changes: object) -> list[str]:
    """Return the command line, with a params.yaml of PARAMS with `changes`; None leaves one out."""
    own: dict[str, object] = {"name": "nasu", "tag": "nasumiso_style"}
    params = own | PARAMS | write_base_model(Path()) | changes
    kept = {key: value for key, value in params.items() if value is not None}
    return arguments(train.build_parser(), kept, Path())


def result() -> dict[str, str]:
    """Return what a training brought home, without its clock: digests by path."""
    found = {}
    for path in sorted(Path("training").rglob("*")):
        if path.is_file() and "state" not in path.parts and not path.name.startswith("."):
            data = path.read_bytes()
            if path.suffix == ".safetensors":
                kept = {k: v for k, v in read_metadata(path).items() if "started_at" not in k}
                data = json.dumps(kept, sort_keys=True).encode() + data[-8:]
            found[path.as_posix()] = hashlib.sha256(data).hexdigest()
    return found


def runs() -> list[Path]:
    """Return the folders of trainings, without helper files."""
    return [path for path in Path("training/state").iterdir() if path.is_dir()]


@pytest.fixture
def undisturbed(root: Path) -> dict[str, str]:
    """Return what a training that nothing disturbs brings home."""
    assert train.main(words()) == 0
    found = without_counts()
    shutil.rmtree(root / "training")
    return found


def without_counts() -> dict[str, str]:
    """Return `result()`, with only the weights of the LoRAs.

    Their metadata counts the steps since the last start (ss_steps), as sd-scripts does.
    """
    found = result()
    for path in Path("training/lora").glob("*.safetensors"):
        found[path.as_posix()] = path.read_bytes()[-8:].hex()
    return found


@pytest.mark.usefixtures("root")
def test_it_brings_home_every_epoch_its_pictures_and_its_curves(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = dvc_md5(Path("data/dataset"))
    assert train.main(words()) == 0
    assert sorted(path.name for path in Path("training/lora").iterdir()) == [
        *(f"nasu-{epoch:06d}.safetensors" for epoch in (1, 2, 3)),
        "nasu.json",
        "nasu.png",
        "nasu.safetensors",
    ]
    samples = sorted(path.name for path in Path("training/samples").iterdir())
    assert samples == [f"e{e:06d}_{end}.png" for e in (1, 2, 3, 4) for end in ("00_1", "01_2")]
    preview = Path("training/lora/nasu.png").read_bytes()
    assert preview == Path("training/samples/e000004_00_1.png").read_bytes()
    rows = Path("training/curves/steps.csv").read_text().splitlines()
    assert rows[0] == "step,epoch,loss,learning_rate,learning_rate_textencoder"
    assert [row.split(",")[:2] for row in rows[1:]] == [
        [str(step), str((step + 3) // 4)] for step in range(1, 17)
    ]
    assert len(Path("training/curves/epochs.csv").read_text().splitlines()) == 5
    metrics = json.loads(Path("training/figures/train.json").read_text())
    assert metrics["epochs"] == 4
    assert metrics["steps"] == 16
    assert metrics["lowest_loss_epoch"] == 4
    assert dvc_md5(Path("data/dataset")) == before
    assert "epoch 4/4" in capsys.readouterr().out


def test_folders_of_subjects_are_trained_on_together_and_checked_each(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As organize lays them out: of a Japanese subject, and of one drawing that weighs more."""
    dataset = root / "data/dataset"
    for number, name in ((8, "3_なす cry"), (9, "3_なす cry"), (10, "9_nasu")):
        folder = dataset / name
        folder.mkdir(exist_ok=True)
        shutil.copyfile(dataset / "1_nasu/img001.png", folder / f"img{number:03}.png")
        (folder / f"img{number:03}.txt").write_text("nasu_cry, tears\n", encoding="utf-8")
    write_lock(root, dvc_md5(dataset))
    assert train.main(words(subjects=["なす cry=>nasu_cry"])) == 0
    assert "10 pictures, 4 tags" in capsys.readouterr().out
    metadata = read_metadata(Path("training/lora/nasu.safetensors"))
    assert json.loads(metadata["ss_tag_frequency"]) == {
        "1_nasu": {"nasu": 7, "smile": 7},
        "3_なす cry": {"nasu_cry": 2, "tears": 2},
        "9_nasu": {"nasu_cry": 1, "tears": 1},
    }
    assert metadata["ss_num_train_images"] == str(7 + 2 * 3 + 9)
    figures = json.loads(Path("training/figures/train.json").read_text())
    assert figures["steps"] == 4 * 11  # 22 batches an epoch, two of them a step


def test_the_lora_carries_its_papers_and_a_card(root: Path) -> None:
    assert train.main(words(training_comment='it\'s $(touch pwned) "nasu"; `x`')) == 0
    metadata = read_metadata(Path("training/lora/nasu.safetensors"))
    papers = read_papers(metadata)
    assert papers
    assert papers.dataset_md5 == dvc_md5(Path("data/dataset"))
    assert papers.base_model == "base.safetensors"
    assert (
        papers.base_model_sha256
        == hashlib.sha256(Path("base.safetensors").read_bytes()).hexdigest()
    )
    comment = json.loads(metadata["ss_training_comment"])["comment"]
    assert comment == 'it\'s $(touch pwned) "nasu"; `x`'
    assert str(root) not in metadata["ss_training_comment"]
    card = json.loads(Path("training/lora/nasu.json").read_text())
    assert card["activation text"] == "nasumiso_style"
    assert card["sd version"] == "SD1"
    assert card["preferred weight"] == 0.8


@pytest.mark.kills
@pytest.mark.parametrize("orders", [["3"], ["3 state"], ["1"], ["2", "3"], ["4"]])
def test_a_killed_trainer_goes_on_and_the_result_is_the_same(
    undisturbed: dict[str, str],
    orders: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for order in orders:
        monkeypatch.setenv("STANDIN_DIE", order)
        assert train.main(words()) == 1
        error = capsys.readouterr().err
        assert "made no LoRA" in error
        assert "  | died with <Signals.SIGKILL: 9>" in error
        assert "CalledProcessError" not in error  # the launcher's own last lines
        last = int(order[0]) - 1
        kept = f"epochs 1 to {last} are kept; the same command goes on" if last else "; the whole"
        assert kept in error or order == "3 state"
        assert ("the same command goes on" in error) == (last > 0)
        assert not Path("training/lora").exists()
        shown = Path("training/curves/steps.csv").read_text().splitlines()
        assert int(shown[-1].split(",")[0]) > (int(order[0]) - 1) * 4  # the cut run's curve
    monkeypatch.delenv("STANDIN_DIE")
    assert train.main(words()) == 0
    last = 1 if orders == ["1"] else int(orders[-1][0])
    going_on = f"going on with epoch {last} of 4"
    assert (going_on in capsys.readouterr().out) == (last > 1)
    assert without_counts() == undisturbed


def test_a_state_of_the_end_is_not_resumed_but_the_one_before(
    undisturbed: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STANDIN_DIE", "4")
    assert train.main(words()) == 1
    monkeypatch.delenv("STANDIN_DIE")
    write_state(runs()[0] / "output" / "nasu-000004-state", 4)
    assert train.main(words()) == 0
    assert "going on with epoch 4 of 4" in capsys.readouterr().out
    assert without_counts() == undisturbed


@pytest.mark.kills
def test_a_killed_stage_leaves_no_second_trainer(undisturbed: dict[str, str]) -> None:
    command = [sys.executable, "-m", "stages.train", *words()]
    environment = os.environ | {"STANDIN_SLOW": "0.05", "PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(command, env=environment, start_new_session=True) as process:
        # the state comes before the pictures: killed between the two, they are never drawn
        until(lambda: list(Path("training/state").glob("*/output/sample/nasu_e000002_01_*")))
        os.killpg(process.pid, signal.SIGKILL)
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "going on with epoch" in again.stdout
    assert without_counts() == undisturbed


@pytest.mark.kills
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_stopped_stage_stops_its_trainer(
    undisturbed: dict[str, str], number: signal.Signals
) -> None:
    command = [sys.executable, "-m", "stages.train", *words()]
    environment = os.environ | {"STANDIN_SLOW": "0.05", "PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(command, env=environment) as process:
        until(lambda: list(Path("training/state").glob("*/output/sample/nasu_e000002_01_*")))
        process.send_signal(number)
    assert process.returncode == 128 + number
    with Path("training/state/.train.lock").open("a") as lock:  # the trainer held it, too
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "going on with epoch" in again.stdout
    assert without_counts() == undisturbed


def until(there: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAITING_SECONDS
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("change", [{"learning_rate": 2e-3}, {"seed": 1}, {"network_dim": 16}])
def test_a_state_of_other_params_is_never_resumed(
    change: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("STANDIN_DIE", "3")
    assert train.main(words()) == 1
    monkeypatch.delenv("STANDIN_DIE")
    (interrupted,) = runs()
    assert train.main(words(**change)) == 0
    output = capsys.readouterr().out
    assert "going on" not in output
    assert f"also keeps the unfinished trainings {interrupted.name}" in output


def test_another_dataset_or_trainer_is_another_training(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STANDIN_DIE", "2")
    assert train.main(words()) == 1
    (root / "data/dataset/1_nasu/img001.txt").write_text("nasu, sad\n")
    write_lock(root, dvc_md5(root / "data/dataset"))
    assert train.main(words()) == 1
    checkout = shutil.copytree(TRAINER, tmp_path / "newer")
    (checkout / "library" / "new.py").write_text("\n")
    monkeypatch.setenv("NASUMISO_TRAINER", str(checkout))
    assert train.main(words()) == 1
    assert len(runs()) == 3


def test_a_finished_training_is_not_done_twice(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main(words()) == 0
    before = result()
    (folder,) = runs()
    assert not list(folder.glob("output/*-state"))
    assert not (folder / "dataset").exists()
    for name in ("lora", "samples", "curves"):
        shutil.rmtree(root / "training" / name)  # as DVC does before the stage starts
    monkeypatch.setenv("STANDIN_FAIL", "it was started")
    assert train.main(words()) == 0
    assert "finished already" in capsys.readouterr().out
    assert result() == before


def test_the_drive_outlives_the_machine(
    undisturbed: dict[str, str],
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    drive = root / "drive"
    drive.mkdir()
    monkeypatch.setenv("NASUMISO_DRIVE", str(drive))
    monkeypatch.setenv("STANDIN_DIE", "4")
    assert train.main(words()) == 1
    shutil.rmtree(root / "training")  # the machine is gone
    monkeypatch.delenv("STANDIN_DIE")
    (newest,) = drive.glob("state/*/output/nasu-000003-state")
    (newest / "optimizer.bin").write_bytes(b"damaged on the way")
    assert train.main(words()) == 0
    assert "going on with epoch 3 of 4" in capsys.readouterr().out
    assert without_counts() == undisturbed
    assert not list(drive.glob("state/*/output/*-state"))
    shutil.rmtree(root / "training")
    monkeypatch.setenv("STANDIN_FAIL", "it was started")
    assert train.main(words()) == 0
    assert without_counts() == undisturbed


def test_a_state_that_somebody_changed_on_the_drive_runs_nothing(
    undisturbed: dict[str, str],
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The stand-in reads the state's pickle as it is, as an older torch does."""
    drive, mark = root / "drive", root / "attacked"
    drive.mkdir()
    monkeypatch.setenv("NASUMISO_DRIVE", str(drive))
    monkeypatch.setenv("STANDIN_DIE", "4")
    assert train.main(words()) == 1
    shutil.rmtree(root / "training")
    monkeypatch.delenv("STANDIN_DIE")
    (newest,) = drive.glob("state/*/output/nasu-000003-state")
    touch = f"touch {mark}".encode()
    attack = b"cposix\nsystem\n(X" + len(touch).to_bytes(4, "little") + touch + b"tR."
    with zipfile.ZipFile(newest / "random_states_0.pkl", "w") as archive:
        archive.writestr("archive/data.pkl", attack)
    pickle.loads(attack)
    assert mark.exists(), "it works"
    mark.unlink()
    write_digests(newest)
    assert train.main(words()) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert "train: error: the Drive's state nasu-000003-state is not as sd-scripts writes" in error
    assert "random_states_0.pkl names posix system, which no state of an optimizer holds" in error
    shutil.rmtree(newest)
    assert train.main(words()) == 0
    assert "going on with epoch 3 of 4" in capsys.readouterr().out
    assert without_counts() == undisturbed
    assert not mark.exists()


def test_a_drive_that_is_full_stops_no_training(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "drive").mkdir()
    monkeypatch.setenv("NASUMISO_DRIVE", str(root / "drive"))
    (root / "drive" / "state").write_text("a file where a folder should be")
    assert train.main(words()) == 0
    error = capsys.readouterr().err
    assert error.count("the Drive takes no state now") == 1
    assert "the Drive hasn't got all of this training" in error


@contextmanager
def watching(there: Callable[[], object], then: Callable[[], object]) -> Iterator[None]:
    """Do something as soon as something is there, while the block trains."""

    def watch() -> None:
        until(there)
        then()

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield
    watcher.join()


def test_a_drive_that_goes_away_for_good_stops_no_training_and_is_not_made(
    undisturbed: dict[str, str],
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    drive = root / "drive/MyDrive/NasuTomo"
    drive.mkdir(parents=True)
    monkeypatch.setenv("NASUMISO_DRIVE", str(drive))
    monkeypatch.setenv("STANDIN_SLOW", "0.05")

    def unmount() -> None:
        shutil.rmtree(root / "drive")
        (root / "drive").mkdir()

    with watching(lambda: [*root.glob("training/state/*/output/nasu-000001-state")], unmount):
        assert train.main(words()) == 0
    error = capsys.readouterr().err
    assert error.count("the Drive is away; the training goes on") == 1
    assert "run cell 2 again, elsewhere start Google Drive, then run cell 10" in error
    assert not list((root / "drive").iterdir())
    assert without_counts() == undisturbed
    drive.mkdir(parents=True)
    monkeypatch.setenv("STANDIN_FAIL", "it was started")
    assert train.main(words()) == 0  # finished already, and sent now
    assert list(drive.glob("state/*/output/nasu.safetensors"))
    assert "Drive" not in capsys.readouterr().err


@pytest.mark.usefixtures("undisturbed")
def test_what_was_made_while_the_drive_was_away_is_on_it_at_the_next_start(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drive, elsewhere = root / "drive", root / "elsewhere"
    drive.mkdir()
    monkeypatch.setenv("NASUMISO_DRIVE", str(drive))
    monkeypatch.setenv("STANDIN_DIE", "4")
    monkeypatch.setenv("STANDIN_SLOW", "0.05")

    def made(name: str) -> list[Path]:
        return [*root.glob(f"training/state/*/output/{name}")]

    def away_for_a_while() -> None:
        drive.rename(elsewhere)
        until(lambda: made("nasu-000003.safetensors"))
        elsewhere.rename(drive)

    with watching(lambda: made("nasu-000001-state"), away_for_a_while):
        assert train.main(words()) == 1
    shutil.rmtree(root / "training")  # the machine is gone
    monkeypatch.delenv("STANDIN_DIE")
    assert train.main(words()) == 0
    assert "going on with epoch 4 of 4" in capsys.readouterr().out


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("change", "environment", "message"),
    [
        (
            {},
            {"STANDIN_DATA": "none"},
            "counts 0 pictures of the train images, the dataset has 7; it is stopped. Run it",
        ),
        ({}, {"STANDIN_FAIL": "CUDA out of memory"}, "lower train_batch_size"),
        ({}, {"STANDIN_LOSS": "nan"}, "the loss is no number"),
        (
            {"min_bucket_reso": 1},
            {"STANDIN_FAIL": "odd"},
            "  | RuntimeError: odd\n  mend it, and run it again; the whole log: training/state/",
        ),
    ],
)
def test_a_training_without_a_lora_is_a_failure_and_shows_why(
    change: dict[str, object],
    environment: dict[str, str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert train.main(words(**change, gradient_accumulation_steps=1)) == 1
    assert message in capsys.readouterr().err
    assert train.main(words(**change, gradient_accumulation_steps=1)) == 1  # nor the second time
    assert not Path("training/lora").exists()


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"learnig_rate": 1e-4},
            "train.learnig_rate: train_network.py has no such option; did you mean learning_rate?",
        ),
        (
            {"cache_text_encoder_outputs": True},
            "train.cache_text_encoder_outputs: train_network.py has no such option",
        ),
        ({"output_dir": "x"}, "train.output_dir: the stage gives this option itself"),
        ({"skip_until_initial_step": True}, "overwrites the LoRA"),
        ({"caption_extension": ".caption"}, "captions are .txt, beside the pictures"),
        ({"max_train_steps": 100}, "write train.max_train_epochs; epochs are what is kept"),
        ({"save_model_as": "ckpt"}, "train.save_model_as: a ckpt file can't say what it was"),
        ({"zero_terminal_snr": True}, "train.zero_terminal_snr: only a model that was made for"),
        ({"vae": "nowhere.safetensors"}, "train.vae: there is no nowhere.safetensors; write a"),
        ({"reg_data_dir": "data"}, "has no folder <repeats>_<class>, such as 1_girl"),
        (
            {"validation_split": 0.1, "validation_seed": 1},
            "0.1 of the 7 pictures of 1_nasu makes 1 of them both trained and validated with; "
            "write 0.179",
        ),
        ({"alpha_mask": True}, "train.alpha_mask: no picture of the dataset has transparency"),
        ({"network_dim": "big"}, "train.network_dim: 'big' is not a whole number"),
        ({"network_dim": [8, 16]}, "train.network_dim: it takes one value, not a list"),
        ({"network_dim": True}, "train.network_dim: it needs a value"),
        ({"mixed_precision": "fp-16"}, "did you mean fp16?"),
        ({"sdpa": "yes"}, "train.sdpa: it takes no value but true or false; not 'yes'"),
        ({"seed": [None]}, "train.seed: it has no value (null)"),
        (
            {"script": "train_netwerk.py"},
            "has no train_netwerk.py; there are sdxl_train_network.py",
        ),
        (
            {"base_model": "nowhere.safetensors"},
            "lora.base_model: 'nowhere.safetensors' is no file",
        ),
        ({"base_model_sha256": "abc"}, "lora.base_model_sha256: is no SHA-256"),
        ({"base_model_sha256": "0" * 64}, "is another model"),
        ({"sample_prompts": ["no seed"]}, "'no seed' has no seed; end it with --d 1"),
        ({"lr_warmup_steps": 16}, "train.lr_warmup_steps: 16 is not less than the 16 steps"),
        ({"max_train_epochs": 20_000}, "organize.repeats: 80000 steps are more than a day"),
        ({"preferred_weight": 3}, "lora.preferred_weight: '3' is not a number from 0 to 2"),
        (
            {"xformers": True},
            "train.xformers: the package xformers isn't here; write false, and sdpa: true",
        ),
        ({"network_dim": 0}, "train.network_dim: 0 is less than 1; write 1 or more"),
        ({"network_dim": -8}, "train.network_dim: -8 is less than 1"),
        ({"train_batch_size": 0}, "train.train_batch_size: 0 is less than 1"),
        ({"optimizer_type": "AdamW16"}, "sd-scripts knows no AdamW16; did you mean AdamW?"),
        ({"optimizer_type": "adam"}, "sd-scripts knows no adam; did you mean Adam?"),
        (
            {"optimizer_type": "prodigy"},
            "prodigy needs the package prodigyopt, which isn't here; write AdamW, or take the # "
            "away before prodigyopt in training/requirements.txt and install that again",
        ),
        ({"optimizer_type": "nowhere.of.Any"}, "nowhere.of.Any needs the package nowhere"),
        (
            {"network_module": "networks.lroa"},
            "train.network_module: sd-scripts has no networks.lroa; did you mean networks.lora?",
        ),
        (
            {"network_module": "lycoris.kohya"},
            "train.network_module: lycoris.kohya needs the package lycoris, which isn't here; "
            "write networks.lora, or take the # away before lycoris-lora in training/requirements",
        ),
        (
            {"lr_scheduler": "cosin"},
            "train.lr_scheduler: sd-scripts knows no cosin; did you mean cosine?",
        ),
        ({"lr_scheduler": "my.Own"}, "write a class's path as train.lr_scheduler_type"),
        ({"lr_scheduler": "constant"}, "constant takes no warm-up; write constant_with_warmup"),
    ],
)
def test_what_can_be_told_at_once_is_told_in_one_line(
    change: dict[str, object], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main(words(**change)) == 1
    lines = capsys.readouterr().err.splitlines()
    lines = [line for line in lines if "warning" not in line]
    assert len(lines) == 1
    assert message in lines[0]
    assert not list(Path("training").glob("state/*/logs"))


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("device", "change", "message"),
    [
        (
            "cpu",
            {},
            "set NASUMISO_DEVICE=cpu and in params.yaml train.optimizer_type: AdamW, "
            'train.mixed_precision: "no")',
        ),
        (
            "cpu",
            {"optimizer_type": "AdamW", "mixed_precision": "no"},
            "for days, set NASUMISO_DEVICE=cpu) / GPU",
        ),
        (
            "mps",
            {},
            "params.yaml, train.optimizer_type: AdamW8bit needs a CUDA card, which isn't here; "
            "write AdamW; train.mixed_precision: fp16 needs a CUDA card, which isn't here; "
            'write "no"',
        ),
        ("mps", {"optimizer_type": "AdamW"}, "train.mixed_precision: fp16 needs a CUDA card"),
        ("mps", {"optimizer_type": "AdamW", "mixed_precision": "no"}, ""),
        (
            "cuda",
            {"mixed_precision": "bf16"},
            "train.mixed_precision: a Stand-in T4 only imitates bf16, many times slower; write fp1",
        ),
    ],
)
def test_the_machine_is_looked_at_first(
    device: str,
    change: dict[str, object],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("STANDIN_DEVICE", device)
    assert train.main(words(**change)) == (1 if message else 0)
    assert message in capsys.readouterr().err


@pytest.mark.usefixtures("root")
def test_the_cpu_is_used_only_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDIN_DEVICE", "cpu")
    monkeypatch.setenv("NASUMISO_DEVICE", "cpu")
    assert train.main(words(optimizer_type="AdamW", mixed_precision="no")) == 0


def test_without_bitsandbytes_it_names_the_option_to_change(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout = shutil.copytree(TRAINER, root / "sd-scripts")
    (checkout / "bitsandbytes.py").unlink()
    monkeypatch.setenv("NASUMISO_TRAINER", str(checkout))
    assert train.main(words()) == 1
    assert (
        "params.yaml, train.optimizer_type: AdamW8bit needs the package bitsandbytes, which isn't "
        "here; write AdamW"
    ) in capsys.readouterr().err


@pytest.mark.usefixtures("root")
def test_sdxl_has_its_own_script_and_options() -> None:
    change = {"script": "sdxl_train_network.py", "cache_text_encoder_outputs": True}
    assert train.main(words(**change, network_train_unet_only=True)) == 0
    card = json.loads(Path("training/lora/nasu.json").read_text())
    assert card["sd version"] == "SDXL"
    head = Path("training/curves/steps.csv").read_text().splitlines()[0]
    assert head == "step,epoch,loss,learning_rate"


@pytest.mark.usefixtures("root")
def test_without_prompts_there_are_no_samples() -> None:
    assert train.main(words(sample_prompts=[])) == 0
    assert list(Path("training/samples").iterdir()) == []
    assert not Path("training/lora/nasu.png").exists()


def test_no_trainer_no_dataset_no_lock_no_room(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(message: str) -> None:
        assert train.main(words()) == 1
        assert message in capsys.readouterr().err

    usage = type("Usage", (), {"free": 1e8})()
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage)
        refused("0.1 GB are free; free some, or lower train.network_dim")
    monkeypatch.setenv("NASUMISO_DRIVE", "nowhere")
    refused("NASUMISO_DRIVE: there is no folder nowhere; mount the Drive")
    monkeypatch.delenv("NASUMISO_DRIVE")
    (root / "data/dataset/1_nasu/img001.txt").write_text("changed")
    refused("is not the dataset that dvc.lock records")
    (root / "data/dataset/1_nasu/img001.txt").unlink()
    refused("img001 has no caption, 1 files stand alone")
    shutil.rmtree(root / "data/dataset")
    refused("holds no pictures; run dvc repro, or dvc pull data/dataset")
    write_dataset(root)
    Path("dvc.lock").unlink()
    refused("dvc.lock: does not list data/dataset; run dvc repro first")
    monkeypatch.setenv("NASUMISO_TRAINER_PYTHON", "nowhere/python")
    refused("NASUMISO_TRAINER_PYTHON: there is no file nowhere/python")
    monkeypatch.setenv("NASUMISO_TRAINER", "nowhere")
    refused("nowhere: there is no sd-scripts; set NASUMISO_TRAINER to the folder")


@pytest.mark.parametrize(
    ("change", "environment"),
    [
        ({"learnig_rate": 1e-4}, {}),
        ({}, {"STANDIN_DEVICE": "cpu"}),
        ({"base_model_sha256": "0" * 64}, {}),
        ({"seed": 1}, {"STANDIN_FAIL": "odd"}),
    ],
)
@pytest.mark.usefixtures("root")
def test_what_begins_no_training_leaves_the_last_one_as_it_was(
    change: dict[str, object], environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert train.main(words(max_train_epochs=1, lr_warmup_steps=0)) == 0
    before = result()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert train.main(words(**change)) == 1
    assert result() == before


@pytest.mark.usefixtures("root")
def test_another_training_leaves_nothing_of_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert train.main(words()) == 0
    assert train.main(words(name="other", max_train_epochs=2, sample_prompts=["x --d 1"])) == 0
    assert [path.name for path in sorted(Path("training/lora").iterdir())] == [
        *("other-000001.safetensors", "other.json", "other.png", "other.safetensors"),
    ]
    assert len(list(Path("training/samples").iterdir())) == 2
    assert json.loads(Path("training/figures/train.json").read_text())["epochs"] == 2
    monkeypatch.setenv("STANDIN_DIE", "2")
    assert train.main(words()) == 1
    # of the run that was interrupted: the whole first epoch, of the second no loss yet
    assert json.loads(Path("training/figures/train.json").read_text())["epochs"] == 1
    assert Path("training/lora/other.safetensors").is_file()


@pytest.mark.usefixtures("root")
def test_a_file_that_would_be_lost_is_named_before_the_training(
    capsys: pytest.CaptureFixture[str],
) -> None:
    mine = Path("training/lora/notes.txt")
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    assert train.main(words()) == 1
    assert f"{mine}: the training did not write it" in capsys.readouterr().err
    assert not Path("training/state").exists()


def test_a_sha256_may_have_capitals_as_windows_prints_it(root: Path) -> None:
    digest = hashlib.sha256((root / "base.safetensors").read_bytes()).hexdigest()
    assert train.main(words(base_model_sha256=digest.upper())) == 0


def test_a_queued_experiment_finds_trainer_and_model_of_the_repository(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(TRAINER, root / "training" / "sd-scripts")
    queued = root / ".dvc" / "tmp" / "exps" / "tmp1"
    queued.mkdir(parents=True)
    write_dataset(queued)
    monkeypatch.chdir(queued)
    monkeypatch.delenv("NASUMISO_TRAINER")
    change = write_base_model(root) | {"base_model": "base.safetensors"}
    assert train.main(words(**change)) == 0
    assert (queued / "training/lora/nasu.safetensors").is_file()


@pytest.mark.usefixtures("root")
def test_latents_that_were_cut_off_are_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDIN_DIE", "2")
    assert train.main(words()) == 1
    monkeypatch.delenv("STANDIN_DIE")
    latents = sorted(runs()[0].glob("dataset/*/*.npz"))
    assert len(latents) == 7
    latents[0].write_bytes(latents[0].read_bytes()[:20])
    assert train.main(words()) == 0


def test_help_names_every_param(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        train.main(["--help"])
    assert re.search("base_model_sha256", capsys.readouterr().out)


# What is saved meanwhile


CAPTION = Path("data/dataset/1_nasu/img001.txt")


def test_a_dataset_changed_while_it_is_trained_on_is_not_recorded_as_what_was_learned(
    undisturbed: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = CAPTION.read_text()
    with monkeypatch.context() as patch:
        meanwhile(patch, train, "check_meanwhile", write(CAPTION, "nasu, miso\n"))
        assert train.main(words()) == 1
    error = capsys.readouterr().err
    (run,) = runs()
    assert "train: error: data/dataset: changed during the training; the LoRA" in error
    assert f"the LoRA that was trained is kept in {os.path.relpath(run)}; to have it, put" in error
    assert not list(Path("training").glob("lora/*"))

    CAPTION.write_text(before)
    assert train.main(words()) == 0
    assert "is finished already; taking its LoRA" in capsys.readouterr().out
    assert without_counts() == undisturbed


def test_params_changed_while_they_are_trained_with_are_not_recorded_as_what_was_ordered(
    undisturbed: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        meanwhile(patch, train, "check_meanwhile", lambda: words(learning_rate=1e-4))
        assert train.main(words()) == 1
    error = capsys.readouterr().err
    assert "train: error: params.yaml, train: changed while this was running; " in error
    assert "the LoRA that was trained is kept in training/state/" in error
    assert not list(Path("training").glob("lora/*"))

    assert train.main(words()) == 0
    assert "is finished already; taking its LoRA" in capsys.readouterr().out
    assert without_counts() == undisturbed


@pytest.mark.usefixtures("root")
def test_a_dataset_changed_while_it_is_copied_is_not_trained_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        meanwhile(patch, train, "copy_subsets", write(CAPTION, "nasu, miso\n"))
        assert train.main(words()) == 1
    assert "data/dataset: is not the dataset that dvc.lock records" in capsys.readouterr().err
    (run,) = runs()
    assert not (run / "dataset").exists()
