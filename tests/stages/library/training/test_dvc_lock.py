"""A folder is called as DVC calls it."""

from pathlib import Path

from stages.library.training.dvc_lock import dvc_md5, locked_md5
from tests.support.training import write_dataset


def test_a_folder_s_name_is_dvc_s(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path)
    (dataset / ".DS_Store").write_text("litter")
    (dataset / "1_nasu" / "茄子.txt").write_text("x")
    lock = (tmp_path / "dvc.lock").read_text()
    found = dvc_md5(dataset)
    assert found.endswith(".dir")
    assert locked_md5(lock, "data/dataset") != found
    (dataset / "1_nasu" / "茄子.txt").unlink()
    assert locked_md5(lock, "data/dataset") == dvc_md5(dataset)
    assert locked_md5(lock, "data/other") == ""
    assert locked_md5("", "data/dataset") == ""
    assert locked_md5("stages:\n<<<<<<< HEAD\n  a: {}\n", "data/dataset") == ""
