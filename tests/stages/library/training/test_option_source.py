"""Options read from the trainer's source, in the layouts of v0.10 and v0.11."""

import ast
import shutil
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.training.option_source import (
    BASE,
    PINNED,
    Option,
    known_options,
    names_of,
    option_of,
)
from tests.support.training import TRAINER
from tools.colab import SD_SCRIPTS_COMMIT

SCRIPT = "train_network.py"


def test_options_are_read_through_every_call() -> None:
    known = known_options(TRAINER, SCRIPT)
    assert known["mixed_precision"] == Option(choices=("no", "fp16", "bf16"), default="no")
    assert known["network_args"] == Option(many=True, type="str")
    assert known["network_alpha"] == Option(type="float", default=1)
    assert known["cache_latents"] == Option(flag=True)
    assert known_options(TRAINER, "sdxl_train_network.py").keys() - known.keys() == {
        "cache_text_encoder_outputs",
        "disable_mmap_load_safetensors",
    }


@pytest.mark.parametrize(
    ("source", "names", "option"),
    [
        (
            "p.add_argument('--a', type=float, nargs='*', choices=[None, 'x'])",
            ["a"],
            Option(many=True, type="float", choices=("x",)),
        ),
        (
            "p.add_argument('-s', '--split-mode', '--sm', action='store_true', default=False)",
            ["split-mode", "sm"],
            Option(flag=True),
        ),
        ("p.add_argument('--a', default=1e-4)", ["a"], Option(default=1e-4)),
        ("p.add_argument('--a', type=pathlib.Path)", ["a"], Option(type="pathlib.Path")),
        ("p.add_argument('file')", [], Option()),
    ],
)
def test_a_call_is_understood(source: str, names: list[str], option: Option) -> None:
    call = ast.parse(source, mode="eval").body
    assert isinstance(call, ast.Call)
    assert names_of(call) == names
    assert option_of(call) == option


# v0.11.1 (6721028c) moved the functions into library/args.py and imports them as the first of
# these; its library/config_util.py has the relative import, its library/train_util.py hands on.
# https://github.com/kohya-ss/sd-scripts/pull/2337 https://github.com/kohya-ss/sd-scripts/pull/2372
@pytest.mark.parametrize(
    ("statement", "prefix"),
    [
        ("import library.args as args_util", "args_util."),
        ("from library import args as args_util", "args_util."),
        ("import library.args", "library.args."),
        ("from library.args import add_training_arguments as training", ""),
        ("import library.train_util as train_util", "train_util."),
        ("from library import train_util", "train_util."),
    ],
)
@pytest.mark.parametrize("handed_on", ["from library.args import", "from .args import"])
def test_functions_may_have_moved(
    tmp_path: Path, statement: str, prefix: str, handed_on: str
) -> None:
    before = known_options(TRAINER, SCRIPT)
    library = tmp_path / "library"
    shutil.copytree(TRAINER / "library", library)
    names = [f"add_{each}_arguments" for each in ("sd_models", "dataset", "training", "optimizer")]
    (library / "train_util.py").rename(library / "args.py")
    (library / "train_util.py").write_text(f"{handed_on} ({', '.join(names)})\n", encoding="utf-8")
    source = (TRAINER / SCRIPT).read_text(encoding="utf-8")
    source = source.replace("from library import train_util", statement)
    if not prefix:
        rest = ", ".join(name for name in names if name != "add_training_arguments")
        source = source.replace(statement, f"{statement}\nfrom library.args import {rest}")
        source = source.replace("train_util.add_training_arguments", "training")
    source = source.replace("train_util.add", f"{prefix}add")
    (tmp_path / SCRIPT).write_text(source, encoding="utf-8")
    assert known_options(tmp_path, SCRIPT) == before


def test_a_module_that_hands_on_in_a_circle_ends(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from b import setup_parser\n", encoding="utf-8")
    (tmp_path / "b.py").write_text("from a import setup_parser\n", encoding="utf-8")
    with pytest.raises(Problem, match=r"a\.py has no options; it is no trainer"):
        known_options(tmp_path, "a.py")


@pytest.mark.parametrize("source", ["print('hello')\n", "def setup_parser():\n    return 1\n"])
def test_a_script_without_options_is_no_trainer(tmp_path: Path, source: str) -> None:
    (tmp_path / "setup.py").write_text(source, encoding="utf-8")
    with pytest.raises(Problem, match=r"setup\.py has no options; it is no trainer"):
        known_options(tmp_path, "setup.py")


@pytest.mark.parametrize("missing", BASE)
def test_a_trainer_that_cannot_be_read_whole_is_too_new(tmp_path: Path, missing: str) -> None:
    lines = [f"    p.add_argument('--{each}')" for each in (*BASE, "sdpa") if each != missing]
    source = "\n".join(["def setup_parser():", "    somehow(p)", *lines, ""])
    (tmp_path / SCRIPT).write_text(source, encoding="utf-8")
    with pytest.raises(Problem, match=f"newer than the project knows .*no {missing}.*{PINNED}"):
        known_options(tmp_path, SCRIPT)


def test_the_pinned_commit_is_the_one_that_colab_fetches() -> None:
    assert SD_SCRIPTS_COMMIT.startswith(PINNED)
