"""The known versions' options, and that the project's params are right by every one of them."""

from pathlib import Path
from typing import Any

import pytest
from dvc.utils.serialize import parse_yaml

from stages.library.params.lora import LORA
from stages.library.training.option_source import Option
from stages.library.training.option_tables import Table, as_json, from_json, owner, tables
from stages.library.training.options import GIVEN, check_options, options_of
from tools.colab import SD_SCRIPTS_COMMIT

PARAMS = Path(__file__).parents[4] / "params.yaml"

each_table = pytest.mark.parametrize("table", tables(), ids=lambda table: table.version)


def defaults() -> dict[str, Any]:
    """Return the sections train and lora of params.yaml."""
    params: dict[str, dict[str, Any]] = parse_yaml(PARAMS.read_text(encoding="utf-8"), PARAMS.name)
    return params["train"] | params["lora"]


@each_table
def test_the_params_are_accepted_by_every_known_version(table: Table) -> None:
    section = defaults()
    options = options_of({key: value for key, value in section.items() if key not in LORA.keys})
    assert len(options) > 20
    check_options(options, table.scripts[section["script"]], section["script"])


@each_table
def test_every_script_has_what_the_stage_gives_itself(table: Table) -> None:
    assert len(table.scripts) == 7
    for options in table.scripts.values():
        assert set(GIVEN) <= set(options)


def test_the_pinned_commit_has_a_table() -> None:
    assert {table.commit: table.version for table in tables()}[SD_SCRIPTS_COMMIT] == "v0.10.1"


def test_a_table_comes_back_as_it_was_written() -> None:
    both = {"rate": Option(type="float", default=0), "sdpa": Option(flag=True)}
    own = {"mode": Option(choices=("a", "b"), default="a"), "rate": Option(type="float")}
    table = Table("v1", "c" * 40, {"a.py": both | own, "b.py": both})
    text = as_json(table)
    assert from_json(text) == table
    assert text.count("sdpa") == 1
    assert '\n"mode": {"choices": ["a", "b"], "default": "a"}' in text


@pytest.mark.parametrize(
    ("option", "who"),
    [
        ("split_mode", "flux_train_network.py"),
        ("t5xxl", "flux_train_network.py, sd3_train_network.py"),
        ("train_inpainting", "sd-scripts v0.11.1"),
        ("qqqq", ""),
    ],
)
def test_an_option_s_owner_is_found(option: str, who: str) -> None:
    assert owner(option, "train_network.py") == who
