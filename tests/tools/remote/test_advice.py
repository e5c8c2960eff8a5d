"""What a remote answers, in a few words."""

import json

import pytest

from tools.remote.advice import in_short


def test_answer_that_is_no_json_is_told_in_words() -> None:
    with pytest.raises(json.JSONDecodeError) as raised:
        json.loads("<html>")
    assert in_short(raised.value).startswith("Expecting value")
