import pytest

from stages.library.common.errors import Problem
from stages.library.common.language import in_language, language


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.eucJP", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ja_JP.UTF-8"}, "ja"),
        ({"LC_MESSAGES": "ja_JP.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "", "LANG": "ja"}, "ja"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"NASUMISO_LANG": "ja", "LC_ALL": "C"}, "ja"),
        ({"NASUMISO_LANG": "en", "LC_ALL": "ja_JP.UTF-8"}, "en"),
        ({"NASUMISO_LANG": "", "LC_ALL": "ja_JP.UTF-8"}, "ja"),
    ],
)
def test_the_wish_comes_before_the_locale(environment: dict[str, str], expected: str) -> None:
    assert language(environment) == expected


@pytest.mark.parametrize("wish", ["jp", "JA", "ja_JP.UTF-8", "de", " "])
def test_a_wish_for_another_language_is_refused(wish: str) -> None:
    with pytest.raises(Problem, match=r"NASUMISO_LANG: .* is no language .*; write en or ja"):
        language({"NASUMISO_LANG": wish, "LANG": "ja_JP.UTF-8"})


def test_of_two_sentences_one_is_said() -> None:
    assert [in_language(each, "eggplant", "なす") for each in ("en", "ja")] == ["eggplant", "なす"]
