"""The whole of params.yaml is checked at once."""

from pathlib import Path
from typing import Any

import pytest

from stages import check
from stages.library.common.params import load_params
from tests.support.clones import PROJECT
from tests.support.meanwhile import meanwhile, write
from tests.support.params import write_params
from tests.support.training import TRAINER


@pytest.fixture
def params() -> dict[str, Any]:
    return load_params(PROJECT / "params.yaml")


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No trainer is here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NASUMISO_TRAINER", raising=False)


@pytest.mark.parametrize(
    "model", ["builtin", "owner/model", "data/tagger/mine", "./data/tagger/mine"]
)
def test_a_tagger_that_dvc_sees_is_right(model: str) -> None:
    for name in ("builtin", "data/tagger/mine"):
        Path(name).mkdir(parents=True)
    assert check.unseen_tagger(model) == []


@pytest.mark.parametrize(
    "model", ["mine", "data", ".", "/", "data/tagger/link", "data/tagger/../../mine"]
)
def test_a_tagger_that_dvc_does_not_see_is_refused(model: str) -> None:
    Path("data/tagger/x").mkdir(parents=True)
    Path("mine").mkdir()
    Path("data/tagger/link").symlink_to(Path("mine").absolute())
    (fault,) = check.unseen_tagger(model)
    assert fault.startswith(f"params.yaml, tagger.model: {Path(model)} is not in data/tagger, the")


def test_each_of_several_taggers_is_looked_at(
    params: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    Path("mine").mkdir()
    params["prepare"]["input"] = "mine"
    params["tagger"]["model"] = ["builtin", "mine"]
    words = ["--params", str(write_params(Path("params.yaml"), params))]
    assert check.main(words) == 1
    assert "params.yaml, tagger.model: mine is not in data/tagger" in capfd.readouterr().err
    params["tagger"]["model"] = ["builtin", "owner/model"]
    write_params(Path("params.yaml"), params)
    assert check.main(words) == 0


def test_the_shipped_params_are_right(params: dict[str, Any]) -> None:
    assert check.faults(params) == []


@pytest.mark.parametrize("section", check.SECTIONS)
def test_a_hostile_key_is_refused_in_every_section(params: dict[str, Any], section: str) -> None:
    params[section]["x; touch pwned #"] = 1
    (fault,) = check.faults(params)
    assert fault.startswith(f"params.yaml, {section}.'x; touch pwned #': ")


@pytest.mark.parametrize("section", [name for name in check.SECTIONS if name != "train"])
@pytest.mark.parametrize("value", [None, {"a": 1}, "a\nb"])
def test_every_key_refuses_what_no_key_can_be(
    params: dict[str, Any], section: str, value: object
) -> None:
    for key, shipped in params[section].items():
        changed = {**params, section: {**params[section], key: value}}
        (fault,) = check.faults(changed)
        assert fault.startswith(f"params.yaml, {section}.{key}: "), shipped
        assert "\n" not in fault


@pytest.mark.parametrize(
    ("section", "key", "value", "fault"),
    [
        ("organize", "name", "なす", "organize.name: 'なす' is no name for a LoRA"),
        (
            "common_tag",
            "tag",
            "a" * 251,
            "aaa' … has 251 characters",
        ),
        ("common_tag", "subjects", ["a=>b", "a=>c"], "'a' has two triggers, 'b' and 'c'; keep"),
        ("train", "learnig_rate", 1, "has no such option; did you mean learning_rate?"),
        ("train", "network_dim", "big", "train.network_dim: 'big' is not a whole number"),
        ("train", "output_dir", "x", "train.output_dir: the stage gives this option itself"),
        ("train", "t5xxl", "x", "is one of flux_train_network.py, sd3_train_network.py"),
        ("train", "optimizer_type", "AdamW16", "sd-scripts knows no AdamW16; did you mean AdamW?"),
        ("train", "cache_latents", None, "train.cache_latents: it has no value (null)"),
        ("train", "color_aug", True, "train.color_aug: it changes the pictures from step to"),
        ("train", "max_token_length", 75, "train.max_token_length: '75' is no length"),
        ("train", "base_model", "x", "train.base_model: has moved; write script, base_model, "),
        ("lora", "script", "trian_network.py", "has no trian_network.py; did you mean train_netw"),
        ("lora", "sample_prompts", ["a、b --d 1"], "'a、b --d 1' holds '、', which"),
        ("lora", "sample_prompts", ["nasu"], "lora.sample_prompts: 'nasu' has no seed"),
    ],
)
def test_what_a_stage_would_refuse_is_known_at_once(
    params: dict[str, Any], section: str, key: str, value: object, fault: str
) -> None:
    params[section][key] = value
    (found,) = check.faults(params)
    assert fault in found


def test_a_params_yaml_of_before_is_one_line(params: dict[str, Any]) -> None:
    params["train"] |= params.pop("lora")
    (fault,) = check.faults(params)
    assert fault.startswith("params.yaml, train.script: has moved; write script, base_model, ")


def test_a_script_of_somebody_s_own_is_not_known(params: dict[str, Any]) -> None:
    params["lora"]["script"] = "my.py"
    params["train"]["my_option"] = 1
    assert check.faults(params) == []


def test_the_trainer_that_is_here_knows_better(
    params: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NASUMISO_TRAINER", str(TRAINER))
    params["train"]["split_mode"] = True  # only flux_train_network.py has it
    (fault,) = check.faults(params)
    assert "train.split_mode: train_network.py has no such option" in fault


def test_all_that_is_wrong_is_told_at_once_and_the_output_says_nothing_else(
    params: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "written" / "checked.txt"
    words = ["--params", str(tmp_path / "params.yaml"), "--output", str(output)]
    write_params(tmp_path / "params.yaml", params)
    (tmp_path / "data" / "sampel").mkdir(parents=True)
    assert check.main(words) == 1
    assert "there is no folder data/sample; did you mean data/sampel?" in capsys.readouterr().err
    (tmp_path / "data" / "sample.dvc").touch()  # DVC has it, and may bring it
    assert check.main(words) == 0
    before = output.read_bytes()

    params["prepare"]["size"] = 1024
    write_params(tmp_path / "params.yaml", params)
    assert check.main(words) == 0
    assert output.read_bytes() == before

    params["prepare"]["size"], params["x"] = 500, 1
    write_params(tmp_path / "params.yaml", params)
    assert check.main(words) == 1
    error = capsys.readouterr().err.splitlines()
    assert [line.partition(": no")[0].partition(": 500")[0] for line in error] == [
        "check: error: params.yaml, x",
        "  params.yaml, prepare.size",
    ]
    assert [path.name for path in output.parent.iterdir()] == ["checked.txt"]


def test_params_saved_meanwhile_are_not_called_right(
    params: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "data" / "sample").mkdir(parents=True)
    path = write_params(tmp_path / "params.yaml", params)
    words = ["--params", str(path), "--output", str(tmp_path / "checked.txt")]
    with monkeypatch.context() as patch:
        meanwhile(patch, check, "missing_input", write(path, "prepare: {}\n"))
        assert check.main(words) == 1
    assert capsys.readouterr().err.startswith(f"check: error: {path}: changed while this was runn")
    assert not (tmp_path / "checked.txt").exists()

    write_params(path, params)
    assert check.main(words) == 0
    assert (tmp_path / "checked.txt").exists()
