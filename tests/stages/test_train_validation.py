"""Drawings that are held back: the trainer validates with them, and learns nothing of them."""

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from stages import train
from stages.library.common.errors import Problem
from stages.library.training.dvc_lock import dvc_md5
from stages.library.training.headers import read_metadata
from tests.stages.test_train import root, runs, without_counts, words
from tests.stages.test_train_captions import write_regular
from tests.support.meanwhile import meanwhile, write
from tests.support.training import write_held_out, write_lock

__all__ = ["root"]

pytestmark = pytest.mark.usefixtures("root")

HELD_OUT = Path("data/held_out")
VALIDATION = Path("training/curves/validation.csv")


def ordered(capsys: pytest.CaptureFixture[str], **changes: object) -> list[str]:
    """Return the words of the trainer's command, as a dry run prints them."""
    capsys.readouterr()
    assert train.main([*words(**changes), "--dry-run"]) == 0
    return shlex.split(capsys.readouterr().out.splitlines()[-1])


def validated() -> dict[int, float]:
    """Return the loss of the drawings that are held back, by epoch."""
    _, *rows = VALIDATION.read_text().splitlines()
    return {int(epoch): float(loss) for epoch, loss in (row.split(",") for row in rows)}


def test_without_drawings_held_back_the_command_is_what_it_always_was(
    capsys: pytest.CaptureFixture[str], root: Path
) -> None:
    without = ordered(capsys)
    names = [word.partition("=")[0] for word in without if word.startswith("--")]
    last = names[names.index("--pretrained_model_name_or_path") :]
    assert last == [
        *("--pretrained_model_name_or_path", "--train_data_dir", "--caption_extension"),
        *("--output_dir", "--output_name", "--logging_dir", "--log_with", "--training_comment"),
        *("--save_state", "--console_log_simple", "--sample_prompts"),
    ]
    assert not {"--dataset_config", "--validation_seed"} & {*names}
    write_held_out(root)  # nothing but about.md
    assert ordered(capsys) == without


def test_they_are_validated_with_after_every_epoch_and_never_learned(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_held_out(root, "nasu, hat", "nasu, cat")
    before = dvc_md5(HELD_OUT)
    monkeypatch.setenv("STANDIN_LEARNED", str(root / "learned"))
    assert train.main(words()) == 0
    assert "captions: checked, 7 pictures, 2 tags; 2 held back" in capsys.readouterr().out
    seen = json.loads((root / "learned").read_text())
    assert {name for epoch, name, _ in seen if not epoch} == {"img101.png", "img102.png"}
    assert {name for epoch, name, _ in seen if epoch} == {f"img{n:03d}.png" for n in range(1, 8)}
    losses = validated()
    assert [*losses] == [1, 2, 3, 4]
    assert sorted(losses.values(), reverse=True) == [*losses.values()], "the weight alone decides"
    figures = json.loads(Path("training/figures/train.json").read_text())
    assert figures["lowest_validation_loss_epoch"] == 4
    metadata = read_metadata(Path("training/lora/nasu.safetensors"))
    assert metadata["ss_num_validation_images"] == "2"
    assert json.loads(metadata["ss_tag_frequency"])["1_held_out"] == {}
    assert dvc_md5(HELD_OUT) == before, "the trainer works on a copy"
    (run,) = runs()
    assert not (run / "held_out").exists()


def test_where_nothing_is_held_back_the_curve_has_a_head_alone() -> None:
    assert train.main(words(max_train_epochs=1, lr_warmup_steps=0)) == 0
    assert VALIDATION.read_text() == "epoch,loss\n"
    assert "validation_loss" not in Path("training/figures/train.json").read_text()


def test_a_killed_trainer_goes_on_and_the_curve_is_the_same(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_held_out(root, "nasu, hat")
    assert train.main(words()) == 0
    undisturbed = without_counts()
    assert "training/curves/validation.csv" in undisturbed
    shutil.rmtree("training")
    for epoch in ("3", "3 state", "4"):
        monkeypatch.setenv("STANDIN_DIE", epoch)
        assert train.main(words()) == 1
    monkeypatch.delenv("STANDIN_DIE")
    assert train.main(words()) == 0
    assert without_counts() == undisturbed


def test_the_trainer_reads_one_file_and_no_folders_of_its_own(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_held_out(root, "nasu, hat")
    write_regular()
    more = {"reg_data_dir": "reg", "persistent_data_loader_workers": True}
    names = [word.partition("=")[0] for word in ordered(capsys, **more)]
    assert not {"--train_data_dir", "--reg_data_dir"} & {*names}
    assert {"--dataset_config", "--validation_seed", "--max_data_loader_n_workers"} < {*names}
    assert train.main(words(**more, max_train_epochs=1, lr_warmup_steps=0)) == 0
    metadata = read_metadata(Path("training/lora/nasu.safetensors"))
    found = [metadata[f"ss_num_{what}_images"] for what in ("train", "reg", "validation")]
    assert found == ["7", "2", "1"]


def test_a_share_that_params_yaml_holds_back_goes_before(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_held_out(root, "nasu, hat")
    split = {"validation_split": 0.3, "validation_seed": 1}
    assert not any("dataset_config" in word for word in ordered(capsys, **split))
    assert train.main(words(**split)) == 0
    assert [*validated()] == [1, 2, 3, 4]


def test_a_dry_run_tells_of_them(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_held_out(root, "nasu, hat", "nasu, cat")
    assert train.main([*words(), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "checked: data/held_out: 2 pictures, to validate with and never to train on" in said
    assert not Path("training").exists()


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("ss_num_validation_images=1", "it says ss_num_validation_images = 1, ordered was 2"),
        (
            'ss_tag_frequency={"1_nasu": {"nasu": 7, "smile": 7}, "1_held_out": {"nasu": 2}}',
            "it trained on 1_held_out, the drawings that are held back",
        ),
    ],
)
def test_a_lora_that_learned_them_is_not_brought_home(
    root: Path, told: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_held_out(root, "nasu, hat", "nasu, cat")
    monkeypatch.setenv("STANDIN_RECEIPT", told)
    values: dict[str, Any] = train.build_parser().parse(words())
    with pytest.raises(Problem, match="did not learn what was ordered") as error:
        train.train(**train.ordered(**values), every=0.1)
    assert said in str(error.value)
    assert not list(Path("training").glob("lora/*"))


def test_another_choice_of_them_is_another_training(root: Path) -> None:
    short = {"max_train_epochs": 1, "lr_warmup_steps": 0}
    assert train.main(words(**short)) == 0
    write_held_out(root)
    before = runs()
    assert train.main(words(**short)) == 0
    assert runs() == before, "nothing is held back, as before"
    for captions in (("nasu, hat",), ("nasu, hat", "nasu, cat")):
        write_held_out(root, *captions)
        assert train.main(words(**short)) == 0
        assert runs() != before
        before = runs()


def test_those_that_dvc_does_not_know_are_not_taken(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_held_out(root, "nasu, hat")
    caption = folder / "3_nasu" / "img101.txt"
    caption.write_text("nasu, cat\n")
    assert train.main(words()) == 1
    assert "data/held_out: is not the dataset that dvc.lock records" in capsys.readouterr().err
    write_lock(root, dvc_md5(root / "data" / "dataset"))
    assert train.main(words()) == 1
    assert "dvc.lock: does not list data/held_out; run dvc repro" in capsys.readouterr().err
    caption.write_text("\n")
    assert train.main(words()) == 1
    assert "img101.txt: is empty, or its first line is" in capsys.readouterr().err
    assert not Path("training").exists()


@pytest.mark.parametrize("captions", [(), ("nasu, hat",)])
def test_those_that_come_or_change_meanwhile_are_told(
    root: Path,
    captions: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DVC would record what is there at the end, and nothing was validated with that."""
    folder = write_held_out(root, *captions)
    act = write(folder / "3_nasu" / "img109.txt", "nasu\n")
    meanwhile(monkeypatch, train, "check_meanwhile", act)
    assert train.main(words(max_train_epochs=1, lr_warmup_steps=0)) == 1
    assert "data/held_out: changed during the training; the LoRA" in capsys.readouterr().err
    assert not list(Path("training").glob("lora/*"))
