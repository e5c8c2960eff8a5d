"""The trainer's copy of the dataset; the train stage's tests have the rest."""

import zipfile
from pathlib import Path

from stages.library.training.subsets import read_subsets
from stages.library.training.training import FINISHED, copy_subsets, is_finished
from tests.support.training import write_dataset


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")}


def test_the_copy_holds_pictures_with_their_captions_and_nothing_else(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path)
    (dataset / "1_nasu" / "notes.md").write_text("mine")
    (dataset / "1_nasu" / "img007.txt").unlink()
    copy = tmp_path / "copy"
    found = copy_subsets(read_subsets(dataset), copy)
    assert names(copy) == names(dataset) - {"1_nasu/notes.md"}
    assert [(each.name, len(each.pictures)) for each in found] == [("1_nasu", 7)]
    assert all(path.is_relative_to(copy) for path in found[0].pictures)


def test_whole_latents_of_an_earlier_start_are_kept_and_cut_ones_are_not(tmp_path: Path) -> None:
    subsets, copy = read_subsets(write_dataset(tmp_path)), tmp_path / "copy"
    copy_subsets(subsets, copy)
    with zipfile.ZipFile(copy / "1_nasu" / "img001.npz", "w") as latents:
        latents.writestr("latents", "1.0")
    (copy / "1_nasu" / "img002.npz").write_bytes(b"PK, and no more")
    copy_subsets(subsets, copy)
    assert {name for name in names(copy) if name.endswith(".npz")} == {"1_nasu/img001.npz"}


def test_a_copy_that_was_cut_off_is_made_anew(tmp_path: Path) -> None:
    dataset, copy = write_dataset(tmp_path), tmp_path / "copy"
    (tmp_path / ".copy.partial" / "1_other").mkdir(parents=True)
    copy_subsets(read_subsets(dataset), copy)
    assert names(copy) == names(dataset)
    assert not (tmp_path / ".copy.partial").exists()


def test_finished_is_what_the_record_says_of_this_training(tmp_path: Path) -> None:
    folder = tmp_path / "0123456789ab"
    folder.mkdir()
    assert not is_finished(folder)
    for record, finished in (
        ('{"run": "0123456789ab"}', True),
        ('{"run": "another"}', False),
        ('{"run": "01234', False),
    ):
        (folder / FINISHED).write_text(record)
        assert is_finished(folder) == finished
