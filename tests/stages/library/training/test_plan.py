"""Which training is ordered; the whole of it is tried in tests/stages/test_train.py."""

from pathlib import Path

import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.training.dvc_lock import dvc_md5
from stages.library.training.plan import held_back, learned_part, steps_of, to_validate
from stages.library.training.preflight import dataset_subsets
from tests.support.training import write_dataset, write_held_out


def test_what_is_held_back_is_not_counted_as_learned(tmp_path: Path) -> None:
    subsets = dataset_subsets(write_dataset(tmp_path))
    options = {"validation_split": ["0.3"], "validation_seed": ["1"], "max_train_epochs": ["2"]}
    assert held_back(options) == (0.3, 1)
    learned = learned_part(subsets, options)
    assert [len(subset.pictures) for subset in learned] == [5]
    assert steps_of(learned, options) == (2, 5)
    assert steps_of(learned_part(subsets, {}), {"gradient_accumulation_steps": ["2"]}) == (1, 4)
    with pytest.raises(Problem, match="both trained and validated with"):
        learned_part(subsets, options | {"validation_split": ["0.1"]})


def test_transparency_and_the_option_that_reads_it_belong_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = write_dataset(tmp_path)
    subsets = dataset_subsets(dataset)
    learned_part(subsets, {})
    assert capsys.readouterr().err == ""
    with pytest.raises(Problem, match=r"train\.alpha_mask: no picture of the dataset has transp"):
        learned_part(subsets, {"alpha_mask": []})
    Image.new("RGBA", (64, 64), (255, 255, 255, 0)).save(dataset / "1_nasu" / "img005.png")
    learned_part(subsets, {"alpha_mask": []})
    assert capsys.readouterr().err == ""
    learned_part(subsets, {})
    error = capsys.readouterr().err
    assert error.startswith("train: warning: 1 pictures have transparent parts, which would be")
    assert "set train.alpha_mask: true in params.yaml" in error
    assert error.count("\n") == 1


def test_a_trainer_that_is_too_old_to_validate_leaves_drawings_held_back_aside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_dataset(tmp_path)
    folder = write_held_out(tmp_path, "nasu")
    lock = (tmp_path / "dvc.lock").read_text().replace("data/held_out", folder.as_posix())
    known = ("dataset_config", "validation_seed", "max_data_loader_n_workers")
    found, md5 = to_validate(folder, lock, {}, known)
    assert found is not None
    assert md5 == dvc_md5(folder)
    assert capsys.readouterr().err == ""
    assert to_validate(folder, lock, {}, ("dataset_config",)) == (None, "")
    error = capsys.readouterr().err
    assert error.startswith("train: warning: this sd-scripts can't validate with ")
    assert "計算できません" in error
