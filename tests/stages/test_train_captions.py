"""What the training stage makes sure that the LoRA learns, with a stand-in for sd-scripts."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from stages import train
from stages.library.common.errors import Problem
from stages.library.training.dvc_lock import dvc_md5
from stages.library.training.headers import read_metadata
from stages.library.training.receipt import counted_tags
from tests.stages.test_train import root, runs, without_counts, words
from tests.support.training import TRAINER, write_lock

__all__ = ["root"]

pytestmark = pytest.mark.usefixtures("root")


def learned(log: Path) -> list[list[str]]:
    """Return the tokens of every picture that the stand-in trainer was shown."""
    return [tokens for _, _, tokens in json.loads(log.read_text(encoding="utf-8"))]


def test_captions_arrive_shuffled_but_for_the_trigger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(1, 8):
        path = Path(f"data/dataset/1_nasu/img{number:03d}.txt")
        path.write_text("nasu, smile, hat, tree, sky, sun\n", encoding="utf-8")
    write_lock(Path(), dvc_md5(Path("data/dataset")))
    monkeypatch.setenv("STANDIN_LEARNED", str(tmp_path / "learned"))
    arguments = words(shuffle_caption=True, keep_tokens=1, max_token_length=225)
    assert train.main(arguments) == 0
    assert "captions: checked, 7 pictures, 6 tags" in capsys.readouterr().out
    texts = {" ".join(tokens) for tokens in learned(tmp_path / "learned")}
    assert all(text.startswith("nasu ,") for text in texts)
    assert len(texts) > 3
    metadata = read_metadata(Path("training/lora/nasu.safetensors"))
    tags = ("nasu", "smile", "hat", "tree", "sky", "sun")
    assert counted_tags(metadata) == {"1_nasu": dict.fromkeys(tags, 7)}


def write_sentences() -> None:
    """Give every caption a second line, in words."""
    for number in range(1, 8):
        path = Path(f"data/dataset/1_nasu/img{number:03d}.txt")
        path.write_text("nasu, smile\nnasu, She smiles at me.\n", encoding="utf-8")
    write_lock(Path(), dvc_md5(Path("data/dataset")))


def test_a_second_line_is_learned_with_wildcards_and_the_receipt_is_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_sentences()
    monkeypatch.setenv("STANDIN_LEARNED", str(tmp_path / "learned"))
    arguments = words(enable_wildcard=True, shuffle_caption=True, keep_tokens=1)
    assert train.main(arguments) == 0
    said = capsys.readouterr()
    assert "captions: checked, 7 pictures" in said.out
    assert "second line" not in said.err
    texts = {" ".join(tokens) for tokens in learned(tmp_path / "learned")}
    assert texts == {"nasu , smile", "nasu , she smiles at me ."}


def test_a_second_line_that_is_not_read_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_sentences()
    monkeypatch.setenv("STANDIN_LEARNED", str(tmp_path / "learned"))
    assert train.main(words()) == 0
    assert (
        "train: warning: 7 captions have a second line (img001.txt …), which is not read: set "
        "train.enable_wildcard: true"
    ) in capsys.readouterr().err
    assert {" ".join(each) for each in learned(tmp_path / "learned")} == {"nasu , smile"}


def test_a_sentence_longer_than_what_is_read_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    write_sentences()
    long = "She smiles " * 40
    path = Path("data/dataset/1_nasu/img002.txt")
    path.write_text(f"nasu, smile\nnasu, {long}at me.\n", encoding="utf-8")
    write_lock(Path(), dvc_md5(Path("data/dataset")))
    assert train.main([*words(), "--dry-run"]) == 0
    assert "be cut" not in capsys.readouterr().err
    assert train.main([*words(enable_wildcard=True), "--dry-run"]) == 0
    assert (
        "1 of 7 captions may be cut after 75 tokens, tags lost: img002" in capsys.readouterr().err
    )


def test_a_trainer_that_finds_no_captions_is_stopped_before_it_trains(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STANDIN_CAPTIONS", "lost")
    monkeypatch.setenv("STANDIN_SLOW", "1")
    assert train.main(words()) == 1
    monkeypatch.delenv("STANDIN_SLOW")
    error = capsys.readouterr().err
    assert "the trainer found no captions for 7 pictures of 1_nasu" in error
    assert "キャプションが読み込まれていない" in error
    assert not list(runs()[0].glob("output/*.safetensors"))
    monkeypatch.delenv("STANDIN_CAPTIONS")
    assert train.main(words()) == 0


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            'ss_tag_frequency={"1_nasu": {"nasu": 7}}',
            "in 1_nasu it saw the tag 'smile' 0 times, the captions have it 7 times "
            "(as for 1_nasu/img001.png)",
        ),
        ("ss_max_token_length=75", "it says ss_max_token_length = 75, ordered was None"),
        ("ss_num_train_images=6", "it says ss_num_train_images = 6, ordered was 7"),
    ],
)
def test_a_receipt_for_something_else_brings_no_lora_home(
    told: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STANDIN_SLOW", "0.1")
    monkeypatch.setenv("STANDIN_RECEIPT", told)
    values: dict[str, Any] = train.build_parser().parse(words())
    with pytest.raises(Problem, match=r"nasu-000001\.safetensors did not learn what") as error:
        train.train(**train.ordered(**values), every=0.1)
    assert said in str(error.value)
    (folder,) = runs()
    assert not list(folder.glob("output/nasu-000003.safetensors"))  # stopped long before the end
    monkeypatch.delenv("STANDIN_RECEIPT")
    monkeypatch.delenv("STANDIN_SLOW")
    assert train.main(words()) == 0
    assert "beginning anew, since nasu-000001" in capsys.readouterr().out
    assert not (folder / "refused").exists()  # kept until another start made it right


def test_a_dry_run_tells_all_and_starts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main([*words(max_token_length=225), "--dry-run"]) == 0
    said = capsys.readouterr().out
    for part in (
        "checked: params.yaml: ",
        "checked: data/dataset: 7 pictures, each with its caption, 2 tags",
        "checked: steps: 4 in each of 4 epochs, 16 in all",
        "base.safetensors, SHA-256 as it should be",
        "checked: machine: Stand-in T4, torch ",
        "would begin, in training/state/",
        "--caption_extension=.txt",
        "--max_token_length=225",
    ):
        assert part in said
    assert not Path("training").exists()
    assert train.main([*words(learnig_rate=1), "--dry-run"]) == 1
    assert train.main([*words(base_model_sha256="0" * 64), "--dry-run"]) == 1
    assert "it is another model" in capsys.readouterr().err
    elsewhere = {"base_model": "a/b/c.safetensors", "base_model_sha256": "1" * 64}
    assert train.main([*words(**elsewhere), "--dry-run"]) == 0
    assert "not checked: base model: a/b/c.safetensors is not here" in capsys.readouterr().out


def test_a_dry_run_of_a_training_that_was_cut_off_says_where_it_would_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STANDIN_DIE", "3")
    assert train.main(words()) == 1
    before = sorted(Path("training").rglob("*"))
    monkeypatch.setenv("STANDIN_DEVICE", "cpu")
    assert train.main([*words(), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "would go on with epoch 3 of 4" in said
    assert "not on this machine: there is no graphics card here" in said
    assert sorted(Path("training").rglob("*")) == before


def write_regular() -> None:
    """Write two pictures for regularization, one with a caption."""
    folder = Path("reg/1_girl")
    folder.mkdir(parents=True)
    for name in ("a", "b"):
        Image.new("RGB", (64, 64)).save(folder / f"{name}.png")
    (folder / "a.txt").write_text("1girl, hat", encoding="utf-8")


def test_pictures_for_regularization_are_copied_counted_and_part_of_the_training() -> None:
    write_regular()
    assert train.main(words(reg_data_dir="reg", max_train_epochs=1, lr_warmup_steps=0)) == 0
    metadata = read_metadata(Path("training/lora/nasu.safetensors"))
    assert metadata["ss_num_reg_images"] == "2"
    assert counted_tags(metadata)["1_girl"] == {"1girl": 1, "hat": 1, "girl": 1}
    assert not list(Path("reg").rglob("*.npz"))
    before = runs()
    (Path("reg/1_girl/a.txt")).write_text("1girl", encoding="utf-8")
    assert train.main(words(reg_data_dir="reg", max_train_epochs=1, lr_warmup_steps=0)) == 0
    assert runs() != before  # another training


def test_a_size_that_means_as_large_as_may_be_asks_for_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LyCORIS' LoKr: network_dim 100000."""
    checkout = shutil.copytree(TRAINER, tmp_path / "sd-scripts")
    (checkout / "lycoris").mkdir()
    (checkout / "lycoris" / "kohya.py").write_text("")
    monkeypatch.setenv("NASUMISO_TRAINER", str(checkout))
    lokr = {"network_module": "lycoris.kohya", "network_dim": 100_000}
    assert train.main(words(**lokr, network_args=["algo=lokr", "factor=8"])) == 0


def test_sample_pictures_by_steps_come_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDIN_SLOW", "0.15")  # names of pictures tell seconds, as the log's do
    by_step = {"sample_every_n_epochs": None, "sample_every_n_steps": 5, "sample_at_first": True}
    monkeypatch.setenv("STANDIN_DIE", "3")
    assert train.main(words(**by_step)) == 1
    monkeypatch.delenv("STANDIN_DIE")
    assert train.main(words(**by_step)) == 0
    names = {path.name for path in Path("training/samples").iterdir()}
    assert {"e000000_00_1.png", "s000005_00_1.png", "s000013_00_1.png"} <= names
    assert Path("training/lora/nasu.png").is_file()


def test_pictures_that_a_kill_prevented_are_drawn_after_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main(words()) == 0
    undisturbed = without_counts()
    shutil.rmtree("training")
    monkeypatch.setenv("STANDIN_DIE", "3")
    assert train.main(words()) == 1
    for path in runs()[0].glob("output/sample/nasu_e000002_01_*"):
        path.unlink()  # killed after the state, before its second picture
    monkeypatch.delenv("STANDIN_DIE")
    assert train.main(words()) == 0
    assert "going on with epoch 2 of 4" in capsys.readouterr().out
    assert without_counts() == undisturbed
