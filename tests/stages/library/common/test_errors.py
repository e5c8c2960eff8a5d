"""What a person can mend; tests of `command` show it as a line, and a bug with its traceback."""

import pytest

from stages.library.common.errors import Problem, without_secrets


def test_a_problem_is_a_value_error_and_its_message_is_all_that_it_says() -> None:
    problem = Problem("params.yaml, prepare.size: 500; write 512")
    assert isinstance(problem, ValueError)
    assert str(problem) == "params.yaml, prepare.size: 500; write 512"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://nasu:word@host/a.git: no", "https://host/a.git: no"),
        ("fatal: 'https://ghp_abc@github.com/a/b'", "fatal: 'https://github.com/a/b'"),
        ("http://a:b@h1 and https://c:d@h2/", "http://h1 and https://h2/"),
        ("ssh://git:word@host/x", "ssh://git@host/x"),
        ("git@github.com:a/b.git, ssh://git@host/x", "git@github.com:a/b.git, ssh://git@host/x"),
        ("https://c.com/api/1?token=abc; set", "https://c.com/api/1?token=…; set"),
        ("https://h/?id=3&Api_Key=a%2Fb&size=1", "https://h/?id=3&Api_Key=…&size=1"),
        ("for 'https://cdn/x?X-Amz-Signature=ab12&X-Amz-Date=1'", None),
        ("https://h/x?modelVersionId=30163&type=Model", None),
        ("tagger.model: 'a/b' @ 3; key=value", None),
    ],
)
def test_no_message_shows_what_opens_an_address(text: str, shown: str | None) -> None:
    if shown is None:
        shown = text.replace("ab12", "…")
    assert without_secrets(text) == shown
