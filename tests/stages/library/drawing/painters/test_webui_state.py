"""What a WebUI would silently replace is told."""

from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.drawing.painters.webui_state import LOADED, TRAINED
from tests.stages.library.drawing.painters.test_webui import NAME, SHA256, loaded, ours
from tests.support.training import BASE


def test_the_model_of_the_training_is_the_right_one(tmp_path: Path) -> None:
    loaded("renamed.safetensors [7f]", SHA256).check_model(ours(tmp_path), TRAINED)


def test_another_model_than_the_trained_one_is_told_with_both_names(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="choose that at the top left of the WebUI") as error:
        loaded("other.safetensors [0000000000]", "0" * 64).check_model(ours(tmp_path), TRAINED)
    assert "has other.safetensors [0000000000] loaded" in str(error.value)
    assert f"{NAME} was trained on {BASE} [{SHA256[:10]}]" in str(error.value)


def test_a_model_whose_hash_isn_t_told_is_told(tmp_path: Path) -> None:
    for title in ("x.safetensors", ""):
        with pytest.raises(Problem, match="has loaded no model yet, or runs with --no-hashing"):
            loaded(title).check_model(ours(tmp_path), TRAINED)


def test_no_model_at_all_is_told(tmp_path: Path) -> None:
    for wanted in (TRAINED, BASE):
        with pytest.raises(Problem, match="no model"):
            loaded("").check_model(ours(tmp_path), wanted)


def test_whatever_is_loaded_will_do_if_that_is_asked_for(tmp_path: Path) -> None:
    loaded("other.safetensors", "0" * 64).check_model(ours(tmp_path), LOADED)


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("any-v5.1.safetensors [7f96a1a9ca]", ["any-v5.1", "any-v5.1.safetensors"]),
        ("sd15/any.ckpt [7f96a1a9ca]", ["any", "any.ckpt", "sd15/any.ckpt"]),
        ("sd15\\any.safetensors [7f96a1a9ca]", ["any", "any.safetensors"]),
        ("any.safetensors", ["any", "any.safetensors"]),
        ("any [fp16].safetensors [7f96a1a9ca]", ["any [fp16]", "any [fp16].safetensors"]),
        ("any [fp16].safetensors", ["any [fp16]", "any [fp16].safetensors"]),
        ("茄子 モデル.safetensors [7f96a1a9ca]", ["茄子 モデル"]),
    ],
)
def test_a_model_goes_by_its_title_or_its_file(
    tmp_path: Path, title: str, names: list[str]
) -> None:
    for name in [title, *names]:
        loaded(title).check_model(ours(tmp_path), name)
    for name in ("other", "an", title[:-1]):
        with pytest.raises(Problem, match=r"^params\.yaml, generate\.checkpoint: the WebUI has"):
            loaded(title).check_model(ours(tmp_path), name)


def test_names_that_the_webui_has_are_right() -> None:
    loaded("any").check_names("Euler a", "Karras")


@pytest.mark.parametrize(
    ("sampler", "scheduler", "message"),
    [
        (
            "euler a",
            "Karras",
            "generate.sampler: the WebUI has no 'euler a'; did you mean Euler a?",
        ),
        (
            "DPM++ 2M Karras",
            "Automatic",
            "generate.sampler: the WebUI has no 'DPM++ 2M Karras'; "
            "write sampler: DPM++ 2M, scheduler: Karras",
        ),
        ("Euler a Karas", "Karras", "the WebUI has no 'Euler a Karas'; did you mean Euler a?"),
        ("DPM++ Karras", "Karras", "the WebUI has no 'DPM++ Karras'; did you mean DPM++ 2M?"),
        ("DDIM", "DDIM Karras", "generate.scheduler: the WebUI has no 'DDIM Karras'; did you"),
        ("zzzz", "Karras", "no 'zzzz'; it has DPM++ 2M, Euler a, DDIM"),
        ("DDIM", "karras", "generate.scheduler: the WebUI has no 'karras'; did you mean Karras?"),
        ("DDIM", "", "generate.scheduler: the WebUI has no ''; it has Automatic, Karras"),
    ],
)
def test_names_that_it_would_silently_replace_are_told(
    sampler: str, scheduler: str, message: str
) -> None:
    with pytest.raises(Problem, match=r"^params\.yaml, generate") as error:
        loaded("any").check_names(sampler, scheduler)
    assert message in str(error.value)
