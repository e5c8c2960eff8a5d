"""Options of the trainer: read from its source, checked, and handed on unchanged."""

import sys
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.training import trainer
from stages.library.training.option_source import Option, known_options
from stages.library.training.options import (
    as_words,
    check_options,
    options_of,
    wrong_value,
)
from stages.library.training.trainer import Trainer, trainer_command
from tests.support.training import TRAINER

ORIGINAL_TEXT = """
--enable_bucket --min_bucket_reso=256 --max_bucket_reso=1024 --resolution=512,512
--network_module=networks.lora --network_dim=64 --network_alpha=32 --train_batch_size=1
--gradient_accumulation_steps=2 --max_train_epochs=10 --learning_rate=1e-4
--lr_scheduler=cosine_with_restarts --lr_warmup_steps=100 --optimizer_type=AdamW8bit
--mixed_precision=fp16 --save_precision=fp16 --save_every_n_epochs=1 --cache_latents
--cache_latents_to_disk --gradient_checkpointing --clip_skip=2 --xformers
--save_model_as=safetensors
"""
ORIGINAL = ORIGINAL_TEXT.split()
"""The options of the project's original command, without those that the stage gives."""


def test_the_original_command_comes_out_word_for_word() -> None:
    pairs = [word.removeprefix("--").partition("=") for word in ORIGINAL]
    options = options_of({key: value if sign else True for key, sign, value in pairs})
    assert as_words(options) == ORIGINAL
    built = trainer_command(Trainer(TRAINER, Path(sys.executable), "train_network.py"), options)
    assert built[1:4] == ["-m", "accelerate.commands.launch", "--num_cpu_threads_per_process=1"]
    assert built[-len(ORIGINAL) :] == ORIGINAL
    check_options(options, known_options(TRAINER, "train_network.py"), "train_network.py")


@pytest.mark.parametrize(
    ("asked", "cores", "given"), [(None, 64, 8), (None, 2, 2), (4, 2, 2), (1, 2, 1), (0, 2, 0)]
)
def test_no_more_pictures_are_read_at_once_than_there_are_usable_cores(
    monkeypatch: pytest.MonkeyPatch, asked: int | None, cores: int, given: int
) -> None:
    monkeypatch.setattr(trainer, "usable_cores", lambda: cores)
    section = {"max_data_loader_n_workers": asked} if asked is not None else {}
    options = options_of({"seed": 42, **section, "sdpa": True})
    words = trainer_command(Trainer(TRAINER, Path(sys.executable), "train_network.py"), options)
    assert [each for each in words if "n_workers" in each] == [
        f"--max_data_loader_n_workers={given}"
    ]


@pytest.mark.parametrize(
    "value", ["two words", "it's", '"quoted"', "$(touch pwned)", "`x`; rm", "a=b", "茄子", "--d 1"]
)
def test_no_value_is_changed_on_its_way(value: str) -> None:
    assert as_words({"training_comment": [value]}) == [f"--training_comment={value}"]


@pytest.mark.parametrize(
    ("section", "options"),
    [
        ({"sdpa": True, "xformers": False, "network_args": []}, {"sdpa": []}),
        ({"learning_rate": 1e-4, "seed": -1}, {"learning_rate": ["0.0001"], "seed": ["-1"]}),
        ({"network_args": ["a=1", 2, "-1"]}, {"network_args": ["a=1", "2", "-1"]}),
        ({"training_comment": "--output_dir=x"}, {"training_comment": ["--output_dir=x"]}),
    ],
)
def test_a_section_becomes_options(
    section: dict[str, object], options: dict[str, list[str]]
) -> None:
    assert options_of(section) == options


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"seed": None}, "train.seed: it has no value (null); write a value or remove the line"),
        ({"seed": [1, None]}, "train.seed: it has no value (null)"),
        ({"seed": {"a": 1}}, "train.seed: {'a': 1} is no value; write a text or a number"),
        ({"network_args": [True, "a"]}, "train.network_args: True is no value"),
        ({"training_comment": "a\nb"}, "train.training_comment: 'a\\nb' has a line break"),
        ({"network_args": ["a", "--output_dir=x"]}, "begins with '-', as an option does"),
        ({"x; touch pwned #": 1}, "train.'x; touch pwned #': no option is called so; mend it"),
        ({"seed=1 --vae": 1}, "train.'seed=1 --vae': no option is called so"),
        ({"seed：1": 1}, "write ':' / 全角の「：」を半角にしてください"),
    ],
)
def test_what_no_option_can_be_is_refused(section: dict[str, object], problem: str) -> None:
    with pytest.raises(Problem, match=r"^params\.yaml, train\.") as error:
        options_of(section)
    assert problem in str(error.value)


@pytest.mark.parametrize(
    ("option", "values", "problem"),
    [
        (Option(flag=True), [], ""),
        (Option(type="int"), ["-1"], ""),
        (Option(type="float"), ["1e-4"], ""),
        (Option(type="int"), ["1.5"], "is not a whole number"),
        (Option(type="float"), ["fast"], "is not a number"),
        (Option(many=True), ["a", "b"], ""),
        (Option(choices=("a",)), ["z"], "is none of a; write one of them"),
    ],
)
def test_values_are_checked_as_the_trainer_would(
    option: Option, values: list[str], problem: str
) -> None:
    found = wrong_value(option, values)
    assert problem in found
    assert bool(found) == bool(problem)


def test_an_unlike_option_points_to_the_documentation() -> None:
    with pytest.raises(Problem, match="see sd-scripts' docs"):
        check_options(
            {"qqqq": ["1"]}, known_options(TRAINER, "train_network.py"), "train_network.py"
        )


def test_an_option_of_another_trainer_or_version_is_known_as_such() -> None:
    known = known_options(TRAINER, "train_network.py")
    with pytest.raises(Problem, match=r"remove it; it is one of flux_train_network\.py$"):
        check_options({"split_mode": []}, known, "train_network.py")
    with pytest.raises(Problem, match=r"remove it; it is one of sd-scripts v0\.11\.1$"):
        check_options({"train_inpainting": []}, known, "train_network.py")
