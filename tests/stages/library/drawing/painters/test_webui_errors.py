"""A WebUI's errors in one line, with what helps."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.library.common.errors import Problem
from stages.library.common.foreign import MOST
from stages.library.drawing.painters.webui_errors import UnreachableError, in_short, trouble
from stages.library.drawing.painters.webui_exchange import Answer


def response(status: int, body: object = b"", place: str = "") -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, "Some Reason", place, data)


@pytest.mark.parametrize("status", [200, 201, 204])
def test_an_answer_is_no_trouble(status: int) -> None:
    assert trouble(response(status), "options") is None


@pytest.mark.parametrize(
    ("status", "path", "kind", "message"),
    [
        (502, "options", UnreachableError, "answers 502 Some Reason"),
        (503, "txt2img", UnreachableError, "answers 503 Some Reason"),
        (504, "txt2img", UnreachableError, "answers 504 Some Reason"),
        (401, "options", Problem, "wants a login, or another one; set NASUMISO_WEBUI_LOGIN="),
        (
            404,
            "schedulers",
            Problem,
            "is older than 1.9 and has no schedulers; update the WebUI",
        ),
        (404, "options", Problem, "answers, but without the API; "),
        (405, "txt2img", Problem, "answers, but without the API; "),
        (301, "options", Problem, "sends on to another address; write the WebUI's own address"),
        (403, "options", Problem, "can't do it: 403 Some Reason"),
        (429, "options", Problem, "can't do it: 429 Some Reason"),
        (500, "options", Problem, "can't do it: 500 Some Reason"),
    ],
)
def test_each_trouble_has_its_remedy(
    status: int, path: str, kind: type[Exception], message: str
) -> None:
    found = trouble(response(status), path)
    assert type(found) is kind
    assert str(found).startswith(message)


@pytest.mark.parametrize("status", [404, 405])
def test_where_there_is_no_api_both_causes_are_told(status: int) -> None:
    found = str(trouble(response(status), "options"))
    assert "start it with ./webui.sh --api" in found
    assert "or correct generate.url: another program may be there / --api を" in found


def test_where_it_sends_on_to_is_told() -> None:
    found = trouble(response(307, place="https://example.com/login"), "options")
    assert "sends on to https://example.com/login; write" in str(found)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"detail": "Internal Server Error"}, "Internal Server Error"),
        ({"error": "KeyError", "detail": "", "body": "", "errors": "'x'"}, "KeyError: 'x'"),
        (
            {"error": "HTTPException", "detail": "not\n  found", "errors": ""},
            "HTTPException: not found",
        ),
        (
            {"error": "E", "errors": "Traceback:\r\n\tline 1\n\nline 2"},
            "E: Traceback: line 1 line 2",
        ),
        (
            {"detail": [{"loc": ["body", "steps"], "msg": "not a number", "type": "t"}]},
            "body.steps: not a number",
        ),
        (
            {"detail": [{"loc": ["body", 3], "msg": "a"}, {"loc": ["body"], "msg": "b\nc"}, "x"]},
            "body.3: a; body: b c",
        ),
        ({"detail": []}, "500 Some Reason"),
        ({}, "500 Some Reason"),
        ([], "500 Some Reason"),
        (b"<html>Oops</html>", "500 Some Reason"),
        (b"\xff\xfe", "500 Some Reason"),
    ],
)
def test_an_error_s_own_words_are_told_on_one_line(body: object, said: str) -> None:
    assert str(trouble(response(500, body), "txt2img")) == f"can't do it: {said}"


@pytest.mark.parametrize(
    "body",
    [
        {"error": "E", "errors": "long " * 1000},
        {"detail": [{"loc": ["body", f"field{n}"], "msg": "is wrong"} for n in range(100)]},
        {"detail": "茄" * 5000},
    ],
)
def test_a_long_error_is_cut_short(body: object) -> None:
    assert len(str(trouble(response(422, body), "txt2img"))) < MOST + 20


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB", "--medvram"),
        ("RuntimeError: MPS backend out of memory", "lower generate.width and height"),
        ("NansException: A tensor with NaNs was produced in VAE.", "--no-half-vae"),
    ],
)
def test_what_helps_is_told(error: str, remedy: str) -> None:
    kind, _, words = error.partition(": ")
    found = str(trouble(response(500, {"error": kind, "errors": words}), "txt2img"))
    assert found.startswith(f"can't do it: {error}; ")
    assert remedy in found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab\n"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["detail", "error", "errors", "loc", "msg"]), inner, max_size=5
        )
    ),
    max_leaves=20,
)

WRONG_FIELDS = st.fixed_dictionaries(
    {"detail": st.lists(st.fixed_dictionaries({"loc": JSON, "msg": JSON}), max_size=2)}
)


@given(JSON | WRONG_FIELDS, st.sampled_from([400, 422, 500]))
def test_whatever_an_error_holds_it_is_one_line(body: object, status: int) -> None:
    found = str(trouble(response(status, body), "txt2img"))
    assert found.startswith("can't do it: ")
    assert len(found.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("[Errno 111] Connection refused", "nothing answers there; start the WebUI with"),
        ("[WinError 10061] ... the target machine actively refused it", "nothing answers there;"),
        ("[Errno -2] Name or service not known", "there is no such machine; correct generate.url"),
        ("[Errno -3] Temporary failure in name resolution", "there is no such machine; correct"),
        ("[Errno 8] nodename nor servname provided", "there is no such machine; correct"),
        ("[Errno 11001] getaddrinfo failed", "there is no such machine; correct generate.url"),
        ("certificate verify failed: CERTIFICATE_VERIFY_FAILED", "its certificate is not valid"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", "speaks no https; write http://"),
        ("Read timed out. (read timeout=20)", "gives no answer"),
        ("[Errno 113] No route to host", "can't be reached"),
        ("[Errno 101] Network is unreachable", "can't be reached"),
        ("Connection aborted., RemoteDisconnected", "the answer broke off"),
    ],
)
def test_what_kept_an_answer_from_coming_is_told_in_short(text: str, short: str) -> None:
    assert in_short(OSError(text)).startswith(short)
