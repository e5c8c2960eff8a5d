"""What a file's ending says; the prepare stage's tests have what becomes of the file."""

import pytest

from stages.library.dataset.endings import (
    ARCHIVES,
    FILMS,
    OTHER_PICTURES,
    PROGRAMS,
    RAW,
    SHORTCUTS,
    UNFINISHED,
    VECTORS,
    ending,
    ending_reason,
    may_be_picture,
)
from stages.library.dataset.images import SUFFIXES
from stages.library.dataset.notes import say


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.png", ".png"),
        ("a.PNG ", ".png"),
        ("a.png\n", ".png"),
        ("a.jpg_large", ".jpg"),
        ("a.png-orig", ".png"),
        ("a.txt_large", ".txt_large"),
        ("a.p\nng", ""),
        ("絵.その2", ""),
        ("sketch 1.5", ""),
        ("2024.01.02", ""),
        ("なす．png", ""),
        ("a.", ""),
        ("a", ""),
        (".png", ""),
    ],
)
def test_an_ending_is_told_from_a_name_that_goes_on_behind_a_dot(name: str, expected: str) -> None:
    assert ending(name) == expected


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("a.psd", "programs_own", "Photoshop's own (.psd); export it"),
        ("a.PSB", "programs_own", "Photoshop"),
        ("a.clip", "programs_own", "CLIP STUDIO PAINT"),
        ("a.kra", "programs_own", "Krita"),
        ("a.xcf", "programs_own", "GIMP"),
        ("a.sai", "programs_own", "PaintTool SAI"),
        ("a.sai2", "programs_own", "PaintTool SAI"),
        ("a.mdp", "programs_own", "MediBang"),
        ("a.procreate", "programs_own", "Procreate"),
        ("a.svg", "vector", "export it as PNG"),
        ("a.ai", "vector", "export it as PNG"),
        ("a.pdf", "vector", "export it as PNG"),
        ("a.jxl", "other_picture", "export it as PNG"),
        ("a.tga", "other_picture", "export it as PNG"),
        ("a.CR2", "camera_raw", "export it as PNG"),
        ("a.mp4", "film", "export the frame"),
        ("a.zip", "archive", "unpack it"),
        ("a.png.crdownload", "unfinished", "download it again"),
        ("a.png.lnk", "shortcut", "put the picture itself here"),
        (".なす.png.icloud", "in_icloud", "right-click なす.png and choose Download Now"),
        ("a.png~", "backup", "an editor keeps"),
        ("a.xyz", "other_ending", "is no picture file (.xyz)"),
        ("a.txt", "caption", "is a text; if it holds a drawing's tags"),
    ],
)
def test_a_file_that_is_not_read_says_how_to_make_a_picture_of_it(
    name: str, code: str, words: str
) -> None:
    reason = ending_reason(name)
    assert reason
    assert reason.code == code
    assert words in say(reason)
    assert not may_be_picture(name)


def test_no_ending_is_of_two_kinds() -> None:
    kinds = [SUFFIXES, PROGRAMS, VECTORS, OTHER_PICTURES, RAW, FILMS, ARCHIVES, UNFINISHED]
    every = [each for kind in (*kinds, SHORTCUTS) for each in kind]
    assert len(every) == len(set(every))
    assert [each for each in every if ending(f"a{each}") != each] == []
