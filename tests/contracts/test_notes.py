"""Every note that the code makes has its words, in both languages, and no words are left over."""

import ast

import pytest

from stages.library.dataset.notes import WORDS, names
from tools.makers.code_deps import ROOT


def made() -> list[tuple[str, set[str]]]:
    """Return code and names of values of every `note(…)` in the stages, as written there."""
    calls = [
        node
        for path in sorted((ROOT / "stages").rglob("*.py"))
        if path.name != "notes.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "note"
    ]
    return [
        (ast.literal_eval(call.args[0]), {word.arg or "**" for word in call.keywords})
        for call in calls
    ]


def test_every_note_has_words_and_all_words_are_needed() -> None:
    assert {code for code, _ in made()} == set(WORDS)


def test_notes_are_made_with_just_the_values_of_their_words() -> None:
    assert [(code, given) for code, given in made() if given != names(WORDS[code][0])] == []


@pytest.mark.parametrize("code", sorted(WORDS))
def test_both_languages_say_the_same(code: str) -> None:
    english, japanese = WORDS[code]
    assert names(english) == names(japanese)
    assert english.isascii()
    assert not japanese.isascii()
