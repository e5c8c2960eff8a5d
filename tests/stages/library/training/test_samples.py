"""Sample pictures, named as sd-scripts v0.10.1 names them."""

from pathlib import Path

import pytest

from stages.library.training.samples import collect_samples, named, newest


@pytest.fixture
def training(tmp_path: Path) -> Path:
    """Return a training's folder: begun at 12:00, gone on with epoch 3 at 13:00."""
    for start in ("000-from-epoch-000001/20261127120000", "001-from-epoch-000003/20261127130000"):
        (tmp_path / "logs" / start / "network_train").mkdir(parents=True)
    (tmp_path / "sample").mkdir()
    for name in (
        "nasu_v1_e000000_00_20261127120010_1",  # before the training
        "nasu_v1_e000001_00_20261127120100_1",
        "nasu_v1_000005_00_20261127120110_1",
        "nasu_v1_000005_00_20261127130110_1",  # step 5 since it went on
        "nasu_v1_e000000_00_20261127130010_1",  # and before it went on
        "nasu_v1_e000001_00_20261127120200_1",  # once more, as after a kill
    ):
        (tmp_path / "sample" / f"{name}.png").write_text(name)
    (tmp_path / "sample" / "mine.png").write_text("mine")
    return tmp_path


def test_steps_count_from_the_beginning_and_the_first_picture_stays(training: Path) -> None:
    found = named(training / "sample", training / "logs", steps_per_epoch=10)
    assert {name: path.stem.removeprefix("nasu_v1_") for name, path in found.items()} == {
        "e000000_00_1.png": "e000000_00_20261127120010_1",
        "e000001_00_1.png": "e000001_00_20261127120200_1",
        "s000005_00_1.png": "000005_00_20261127120110_1",
        "s000025_00_1.png": "000005_00_20261127130110_1",
    }
    collect_samples(found, training / "home")
    assert sorted(path.name for path in (training / "home").iterdir()) == sorted(found)


def test_the_preview_is_the_first_picture_of_the_newest(training: Path) -> None:
    found = named(training / "sample", training / "logs", steps_per_epoch=10)
    assert newest(found) == found["e000001_00_1.png"]
    by_step = {name: path for name, path in found.items() if name[:2] in ("s0", "e0")}
    del by_step["e000001_00_1.png"]
    assert newest(by_step) == found["s000025_00_1.png"]
    assert newest({"e000000_00_1.png": Path("a")}) == Path("a")
    assert newest({}) is None
