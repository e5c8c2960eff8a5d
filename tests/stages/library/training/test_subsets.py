"""Folders of a dataset, read as sd-scripts v0.10.1 reads them."""

from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.training.subsets import check_parts, parted, read_subsets, shown, shows


def write(folder: Path, **captions: str | None) -> Path:
    """Write pictures, and captions for those that have one."""
    folder.mkdir(parents=True)
    for stem, caption in captions.items():
        Image.new("RGB", (8, 8)).save(folder / f"{stem}.png")
        if caption is not None:
            (folder / f"{stem}.txt").write_text(caption, encoding="utf-8")
    return folder


def test_only_folders_with_repeats_count(tmp_path: Path) -> None:
    write(tmp_path / "10_nasu", b="x", a="x")
    for name in ("0_never", "nasu_10", "notes"):
        write(tmp_path / name, a="x")
    (subset,) = read_subsets(tmp_path)
    assert (subset.name, subset.repeats, subset.class_words) == ("10_nasu", 10, "nasu")
    assert [path.name for path in subset.pictures] == ["a.png", "b.png"]
    assert shown([subset], regular=False) == 20


def test_tags_are_counted_as_the_trainer_counts_them(tmp_path: Path) -> None:
    write(
        tmp_path / "2_nasu_miso",
        a="nasu, Smile,hat , ,smile",  # in small letters; twice in a caption is twice
        b="nasu, blue_eyes\nsecond line, never read",
        c=None,  # the folder's name
    )
    (subset,) = read_subsets(tmp_path)
    assert subset.tag_counts() == {
        "nasu": 2,
        "smile": 2,
        "hat": 1,
        "blue_eyes": 1,
        "nasu_miso": 1,
    }
    assert subset.tag_counts(wildcard=True)["never read"] == 1
    assert subset.tag_counts(wildcard=True)["blue_eyes\nsecond line"] == 1
    assert [path.stem for path in subset.uncaptioned] == ["c"]


@pytest.mark.parametrize(
    ("pictures", "split", "train", "held"), [(7, 0.1, 7, 1), (7, 0.5, 4, 4), (20, 0.1, 18, 2)]
)
def test_what_is_held_back_is_what_the_trainer_would(
    pictures: int, split: float, train: int, held: int, tmp_path: Path
) -> None:
    write(tmp_path / "3_nasu", **{f"img{number:03d}": "x" for number in range(pictures)})
    (subset,) = read_subsets(tmp_path)
    learned, held_back = parted(subset, split, seed=42)
    assert (len(learned.pictures), learned.repeats) == (train, 3)
    assert (len(held_back.pictures), held_back.repeats) == (held, 1)
    assert parted(subset, split, seed=42)[0] == learned
    assert parted(subset, 0, seed=42)[0] == subset


def test_no_picture_is_trained_and_held_back(tmp_path: Path) -> None:
    write(tmp_path / "1_nasu", **{f"img{number:03d}": "x" for number in range(15)})
    subsets = read_subsets(tmp_path)
    check_parts(subsets, 0, 1)
    with pytest.raises(Problem, match=r"makes 1 of them both .*; write 0\.150$"):
        check_parts(subsets, 0.1, 1)  # 14 to train, 2 to validate
    check_parts(subsets, 0.15, 1)
    assert [len(part.pictures) for part in parted(subsets[0], 0.15, 1)] == [13, 2]


def test_pictures_for_regularization_fill_an_epoch_up(tmp_path: Path) -> None:
    write(tmp_path / "data" / "2_nasu", a="x", b="x", c="x")
    write(tmp_path / "reg" / "1_girl", d=None, e=None)
    subsets = read_subsets(tmp_path / "data") + read_subsets(tmp_path / "reg", regular=True)
    times = Counter({path.stem: count for path, count in shows(subsets).items()})
    assert times == {"a": 2, "b": 2, "c": 2, "d": 3, "e": 3}
    assert (shown(subsets, regular=False), shown(subsets, regular=True)) == (6, 2)
    assert shows(subsets[:1]).total() == 6
