"""A path that the artist wrote is found from a queued experiment too; a name is no path."""

from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.common.paths import is_plain_name, located, refuse_names_out


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


@pytest.mark.parametrize("name", ["img001", "なす, 'み' （2）", ".hidden", "a\\b", "-x", "あ" * 83])
def test_names_of_files(name: str, tmp_path: Path) -> None:
    assert is_plain_name(name)
    (tmp_path / f"{name}.txt").write_text("")
    assert [path.parent for path in tmp_path.iterdir()] == [tmp_path]


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "a/b", "/a", "../../../x", "a/../../x"),
        *("a\0", "a\nb", "\x1b[2J", "\u2028", "\ud800", "あ" * 84),
    ],
)
def test_what_is_no_name_of_a_file(name: str) -> None:
    assert not is_plain_name(name)


def test_a_list_of_files_may_lead_nowhere_else() -> None:
    refuse_names_out(["img001.png", "10_nasu/img001.txt", "..hidden", "a\nb"], "list")
    for name in ("../x", "/x", "a/../../x", "a//x", "."):
        with pytest.raises(Problem, match=r"^list: lists a file"):
            refuse_names_out(["img001.png", name], "list")
