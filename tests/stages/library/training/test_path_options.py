"""Options that name a file or a folder."""

from pathlib import Path

import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.training.option_tables import tables
from stages.library.training.path_options import HELPERS, PATHS, contents, regular_subsets, resolved


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty folder the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_paths_are_of_the_project_and_what_they_hold_counts(here: Path) -> None:
    (here / "vae.safetensors").write_text("a")
    (here / "qwen").mkdir()
    (here / "qwen" / "x.json").write_text("x")
    (here / "tokenizers").mkdir()
    options = {
        "vae": ["vae.safetensors"],
        "base_weights": ["vae.safetensors", "vae.safetensors"],
        "qwen3": ["qwen"],
        "tokenizer_cache_dir": ["tokenizers"],
        "seed": ["1"],
    }
    found = resolved(options)
    assert found["vae"] == [str(here / "vae.safetensors")]
    assert found["tokenizer_cache_dir"] == [str(here / "tokenizers")]
    assert found["seed"] == ["1"]
    before = contents(found)
    assert set(before) == {"vae", "base_weights", "qwen3"}
    (here / "qwen" / "x.json").write_text("y")
    assert {key for key in before if contents(found)[key] != before[key]} == {"qwen3"}


def test_a_path_that_leads_nowhere_is_named() -> None:
    with pytest.raises(Problem, match=r"train\.vae: there is no stabilityai/sd-vae-ft-mse;"):
        resolved({"vae": ["stabilityai/sd-vae-ft-mse"]})


def test_regularization_pictures_are_folders_with_repeats(here: Path) -> None:
    assert regular_subsets({}) == []
    folder = here / "reg" / "1_girl"
    folder.mkdir(parents=True)
    with pytest.raises(Problem, match="has no folder <repeats>_<class>"):
        regular_subsets({"reg_data_dir": [str(here / "reg")]})
    Image.new("RGB", (8, 8)).save(folder / "a.JPG")
    (subset,) = regular_subsets({"reg_data_dir": [str(here / "reg")]})
    assert subset.regular
    assert [path.name for path in subset.pictures] == ["a.JPG"]


def test_every_path_option_is_one_of_sd_scripts() -> None:
    known = {name for table in tables() for script in table.scripts.values() for name in script}
    assert set(PATHS + HELPERS) <= known
