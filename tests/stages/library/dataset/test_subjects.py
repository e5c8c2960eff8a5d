"""What a folder's name tells of a subject; the prepare stage's tests have the rest."""

import pytest

from stages.library.dataset.subjects import Subject, known_as, subject_called, subject_of


@pytest.mark.parametrize(
    ("folder", "subject"),
    [
        ("2_cry", Subject("cry", 2)),
        ("1000_nasu no miso", Subject("nasu no miso", 1000)),
        ("10_茄子", Subject("茄子", 10)),
        ("2_か\u3099", Subject("が", 2)),  # as a Mac writes it
        ("3_2_cry", Subject("2_cry", 3)),
        ("2__", Subject("_", 2)),
        ("1001_cry", None),
        ("2024_summer", None),
        ("0_cry", None),
        ("02_cry", None),
        ("２_cry", None),
        ("2_", None),
        ("_cry", None),
        ("cry", None),
        ("2 cry", None),
        ("2_c\nry", None),
        ("2_c\udcffry", None),
        ("2_cry.", None),
        ("2_cry ", None),
        ("2_c:ry", None),
        (f"2_{'c' * 65}", None),
    ],
)
def test_a_folder_tells_of_a_subject_or_of_none(folder: str, subject: Subject | None) -> None:
    assert subject_called(folder) == subject
    assert subject_of(f"{folder}/a.png") == subject


def test_a_drawing_in_no_folder_has_no_subject() -> None:
    assert subject_of("2_cry") is None


def test_a_drawing_is_known_again_when_its_folder_is_shown_more_often() -> None:
    assert known_as("2_か\u3099/a.png") == known_as("10_が/a.png") == "が/a.png"
    assert known_as("2_cry/a.png") != known_as("2_smile/a.png") != known_as("a.png")
