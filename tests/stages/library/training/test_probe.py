"""What the trainer's Python lacks is named."""

import shutil
import sys
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.training.probe import imports, look_at_machine
from stages.library.training.trainer import Trainer
from tests.support.training import TRAINER


@pytest.mark.parametrize(
    ("packages", "message"),
    [([], "No module named 'torch'"), (["torch"], "lacks accelerate; install it as docs/")],
)
def test_a_python_that_lacks_something_is_named(
    packages: list[str], message: str, tmp_path: Path
) -> None:
    (tmp_path / "train_network.py").touch()
    for package in packages:
        text = (TRAINER / package / "__init__.py").read_text()
        (tmp_path / f"{package}.py").write_text(text)
    bare = Trainer(tmp_path, Path(sys.executable), "train_network.py")
    with pytest.raises(Problem, match=message):
        look_at_machine(bare, {})


def test_what_the_trainer_s_modules_import_must_be_there(tmp_path: Path) -> None:
    checkout = shutil.copytree(TRAINER, tmp_path / "sd-scripts")
    source = checkout / "library" / "train_util.py"
    text = source.read_text(encoding="utf-8")
    optional = "try:\n    import optional_one\nexcept ImportError:\n    pass\n"
    added = f"from no_vision.transforms import v2\nfrom .more import x\n{optional}"
    source.write_text(f"{text}\n{added}", encoding="utf-8")
    (checkout / "library" / "more.py").write_text("import no_eyes\nx = 1\n")
    found = imports(checkout, "sdxl_train_network.py")
    assert {"no_vision", "no_eyes", "PIL", "tensorboard"} <= found
    assert not {"optional_one", "library", "train_network"} & found
    trainer = Trainer(checkout, Path(sys.executable), "sdxl_train_network.py")
    with pytest.raises(Problem, match="lacks no_eyes, no_vision; install it as docs/"):
        look_at_machine(trainer, {})
