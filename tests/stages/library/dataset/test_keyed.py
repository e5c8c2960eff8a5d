"""An entry finds its drawing by content, else by name; which holds, when several would."""

from dataclasses import dataclass

from stages.library.dataset.keyed import Astray, of_drawings


@dataclass(frozen=True)
class Said:
    source: str


A, B, C = "aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"


def digest(key: str) -> str:
    return key + 52 * "0"


def test_a_renamed_drawing_is_found_by_its_content() -> None:
    assert of_drawings({A: Said("old.png")}, {"new.png": digest(A)}) == ({"new.png": A}, {})


def test_a_changed_drawing_is_found_by_its_name() -> None:
    found, astray = of_drawings({A: Said("a.png")}, {"a.png": digest(B)})
    assert (found, astray) == ({"a.png": A}, {A: Astray("a.png")})


def test_a_name_is_found_however_a_mac_writes_it() -> None:
    found, _ = of_drawings({A: Said("が.png")}, {"か\u3099.png": digest(B)})
    assert found == {"か\u3099.png": A}


def test_a_changed_drawing_of_a_subject_that_is_shown_more_often_is_found() -> None:
    found, astray = of_drawings({A: Said("2_cry/a.png")}, {"10_cry/a.png": digest(B)})
    assert (found, astray) == ({"10_cry/a.png": A}, {A: Astray("10_cry/a.png")})


def test_drawings_of_two_subjects_may_have_one_name() -> None:
    entries = {A: Said("2_cry/a.png"), B: Said("a.png")}
    drawings = {"a.png": digest(C), "10_cry/a.png": digest("d" * 12), "2_smile/a.png": "e" * 64}
    assert of_drawings(entries, drawings)[0] == {"10_cry/a.png": A, "a.png": B}
    assert of_drawings(entries, {"2_smile/a.png": "e" * 64})[0] == {}


def test_of_two_folders_of_a_subject_the_one_that_is_named_is_meant() -> None:
    drawings = {"2_cry/a.png": digest(B), "3_cry/a.png": digest(C)}
    assert of_drawings({A: Said("2_cry/a.png")}, drawings)[0] == {"2_cry/a.png": A}
    assert of_drawings({A: Said("3_cry/a.png")}, drawings)[0] == {"3_cry/a.png": A}


def test_an_entry_of_a_drawing_that_is_gone_belongs_to_none() -> None:
    assert of_drawings({A: Said("a.png")}, {"b.png": digest(B)}) == ({}, {A: Astray()})


def test_of_two_for_one_drawing_the_one_of_its_content_holds_and_else_the_last() -> None:
    entries = {A: Said("a.png"), B: Said("a.png"), C: Said("a.png")}
    found, astray = of_drawings(entries, {"a.png": digest(B)})
    assert (found, astray) == ({"a.png": B}, {A: Astray("a.png", B), C: Astray("a.png", B)})
    found, astray = of_drawings(entries, {"a.png": digest("d" * 12)})
    assert found == {"a.png": C}
    assert list(astray.items()) == [
        (A, Astray("a.png", C)),
        (B, Astray("a.png", C)),
        (C, Astray("a.png")),
    ]
