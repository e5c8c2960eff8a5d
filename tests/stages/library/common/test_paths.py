"""A path that the artist wrote is found from a queued experiment too."""

from pathlib import Path

import pytest

from stages.library.common.paths import located


@pytest.mark.parametrize("folder", [".", ".dvc/tmp/exps/tmp1", ".dvc/tmp/exps/standalone/tmp2"])
def test_what_lies_in_the_repository_is_found(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / "model").touch()
    monkeypatch.chdir(tmp_path / folder)
    assert located("model") == tmp_path / "model"
    assert located(str(tmp_path / "model")) == tmp_path / "model"
    Path("model").write_text("its own")
    assert located("model").read_text() == "its own"
