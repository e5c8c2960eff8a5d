"""What a LoRA tells of its training."""

from pathlib import Path

from stages.library.drawing.lora_papers import made_of, trained_on
from stages.library.drawing.loras import loras_of
from stages.library.training.provenance import Papers, as_comment
from tests.stages.library.drawing.test_loras import NAME, write

SHA256 = "7f" * 32


PAPERS = Papers(
    run="0123456789ab",
    git_commit="c" * 40,
    git_changed=False,
    dataset="data/dataset",
    dataset_md5="d" * 32 + ".dir",
    params_sha256="e" * 64,
    base_model="anything-v5.safetensors",
    base_model_sha256=SHA256,
    trainer="train_network.py",
    trainer_commit="a" * 40,
)


def test_the_papers_tell_the_base_model(tmp_path: Path) -> None:
    write(
        tmp_path,
        NAME,
        {
            "ss_training_comment": as_comment(PAPERS),
            "ss_sd_model_name": "model.safetensors",
            "ss_new_sd_model_hash": "0" * 64,
        },
    )
    (lora,) = loras_of(tmp_path, NAME)
    assert trained_on(lora) == ("anything-v5.safetensors", SHA256)
    assert made_of(lora) == {
        "training": "0123456789ab",
        "Git commit": "c" * 40,
        "dataset": "d" * 32 + ".dir",
        "base model": "anything-v5.safetensors [7f7f7f7f7f]",
    }


def test_another_tool_s_lora_tells_what_sd_scripts_wrote(tmp_path: Path) -> None:
    write(tmp_path, NAME, {"ss_sd_model_name": "x.safetensors", "ss_new_sd_model_hash": "1" * 64})
    (lora,) = loras_of(tmp_path, NAME)
    assert trained_on(lora) == ("x.safetensors", "1" * 64)
    assert made_of(lora) == {}


def test_a_lora_without_metadata_tells_nothing(tmp_path: Path) -> None:
    write(tmp_path, NAME)
    (lora,) = loras_of(tmp_path, NAME)
    assert trained_on(lora) == ("", "")
    assert made_of(lora) == {}
