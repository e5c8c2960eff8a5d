"""A table is made from a checkout, and only from one."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from stages.library.training.option_source import known_options
from stages.library.training.option_tables import from_json
from tests.support.training import TRAINER
from tools.makers.option_table import main


def test_a_checkout_s_options_are_written_down(tmp_path: Path) -> None:
    checkout = tmp_path / "sd-scripts"
    shutil.copytree(TRAINER, checkout)
    identity = ["-c", "user.name=Nasu", "-c", "user.email=nasu@example.invalid"]
    for command in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "-m", "x"]):
        subprocess.run(["git", "-C", str(checkout), *command], check=True)
    words = [str(checkout), "--version", "v9.9.9", "--output", str(tmp_path / "tables")]
    assert main(words) == 0
    table = from_json((tmp_path / "tables" / "v9.9.9.json").read_text(encoding="utf-8"))
    assert table.version == "v9.9.9"
    assert re.fullmatch("[0-9a-f]{40}", table.commit)
    assert table.scripts == {
        name: known_options(TRAINER, name) for name in ("sdxl_train_network.py", "train_network.py")
    }


@pytest.mark.parametrize("there", [True, False])
def test_what_is_no_checkout_is_refused(
    there: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A copy without Git, even inside another repository, has no commit to name."""
    checkout = TRAINER if there else tmp_path
    assert main([str(checkout), "--version", "v1", "--output", str(tmp_path)]) == 1
    assert "is no Git checkout of sd-scripts" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
