import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stages.library.common.errors import Problem
from stages.library.dataset.manifest import SKIPPED, USED, Row, read_manifest, write_manifest
from stages.library.dataset.notes import WORDS, Note, cell, names, note, notes_of, read_cell, say

texts = st.text(st.characters(exclude_categories=["Cs"]))
made = st.sampled_from(sorted(WORDS)).flatmap(
    lambda code: st.builds(
        Note, st.just(code), st.fixed_dictionaries(dict.fromkeys(names(WORDS[code][0]), texts))
    )
)
HOSTILE = "; looks_like name=a.png\n'\"\\ #$(x)\r\t なす\u2028"


@given(st.lists(made, max_size=4))
@example([note("looks_like", name=HOSTILE), note("damaged", why="")])
@example([note("looks_like", name=";"), note("looks_like", name="=")])
def test_any_notes_come_back_from_their_cell(notes: list[Note]) -> None:
    assert read_cell(cell(notes)) == notes


@given(st.lists(made, max_size=2))
@example([note("looks_like", name=HOSTILE)])
def test_any_notes_come_back_from_the_manifest(
    tmp_path_factory: pytest.TempPathFactory, notes: list[Note]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "manifest.csv"
    write_manifest(path, [Row("img001.png", "a.png", "", 1, 1, USED, cell(notes))])
    assert notes_of(read_manifest(path)[0]) == notes


def test_a_cell_is_readable() -> None:
    notes = [
        note("upscaled", width=300, height=400),
        note("colours_converted", profile="Display P3"),
        note("looks_like", name="なす.png"),
    ]
    assert cell(notes) == (
        "upscaled width=300 height=400; colours_converted profile='Display P3'; "
        "looks_like name='なす.png'"
    )
    assert cell([]) == ""


def test_a_name_that_is_not_utf_8_is_that_of_the_manifest() -> None:
    assert note("same_bytes", name="\udcff.png").values == {"name": "\\udcff.png"}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_words_stay_on_one_line_and_values_are_no_template(language: str) -> None:
    said = say(note("looks_like", name="{name} {0}\n.png"), "ja" if language == "ja" else "en")
    assert "'{name} {0}\\n.png'" in said
    assert said.isprintable()


@pytest.mark.parametrize(
    ("code", "values"),
    [
        ("enlarged", {}),
        ("upscaled", {}),
        ("upscaled", {"width": 3}),
        ("empty", {"name": "a.png"}),
        ("", {}),
    ],
)
def test_a_note_has_a_known_code_and_just_its_values(code: str, values: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="is no note"):
        note(code, **values)


@pytest.mark.parametrize(
    "reason",
    [
        "is empty (0 bytes)",
        "can't be read",
        "upscaled from 300x400; looks like a.png",
        "looks like a.png",
        "empty; ",
        ";",
        "empty name=a.png",
        "enlarged",
        "upscaled code=1 width=2 height=3",
    ],
)
def test_reasons_of_another_version_are_a_problem_that_names_the_file(reason: str) -> None:
    with pytest.raises(Problem, match=r"^the manifest's row of b\.png: .*; run dvc repro$"):
        notes_of(Row("", "b.png", "", 0, 0, SKIPPED, reason))
