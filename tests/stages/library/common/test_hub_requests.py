"""What the hub is sent and may answer; tests of the tagger's hub have the rest, with a real one."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest

from stages.library.common import hub_requests
from stages.library.common.errors import Problem
from stages.library.common.hub_requests import (
    bounded_bar,
    guard_requests,
    keep_token,
    refuse_paths,
    room,
)


def request(scheme: str, host: str, method: str = "GET", **headers: str) -> Any:
    return SimpleNamespace(
        url=SimpleNamespace(scheme=scheme, host=host), headers=headers, method=method
    )


@pytest.mark.parametrize(
    ("scheme", "host", "sent"),
    [
        ("https", "huggingface.co", True),
        ("http", "huggingface.co", False),
        ("http", "localhost.example", False),
        ("http", "192.168.1.5", False),
        ("http", "127.0.0.1", True),
        ("http", "localhost", True),
    ],
)
def test_a_token_goes_over_https_alone(scheme: str, host: str, sent: bool) -> None:
    keep_token(request(scheme, host))
    if sent:
        keep_token(request(scheme, host, authorization="Bearer hf_secret"))
        return
    with pytest.raises(Problem, match=f"{scheme}://{host} is not https") as error:
        keep_token(request(scheme, host, authorization="Bearer hf_secret"))
    assert "hf_secret" not in str(error.value)


GOOD = {"x-repo-commit": "0f" * 20, "etag": '"' + "ab" * 32 + '"', "x-linked-etag": 'W/"5d-1a"'}


@pytest.mark.parametrize("header", GOOD)
@pytest.mark.parametrize("value", ["../../x", "/etc/x", '"../../x"', "..", ".", "", "a/b", "a\\b"])
def test_what_becomes_a_path_is_none(header: str, value: str) -> None:
    asked = request("https", "hub.example", "HEAD")
    refuse_paths(SimpleNamespace(request=asked, headers=GOOD))
    with pytest.raises(Problem, match=f"hub.example answers with the {header} ") as error:
        refuse_paths(SimpleNamespace(request=asked, headers=GOOD | {header: value}))
    assert repr(value) in str(error.value)


@pytest.mark.parametrize("value", ["main", "0f" * 19, "0F" * 20, "0f" * 20 + "\n", '"' + "0f" * 20])
def test_a_commit_is_forty_digits(value: str) -> None:
    answer = SimpleNamespace(
        request=request("https", "h", "HEAD"), headers=GOOD | {"x-repo-commit": value}
    )
    with pytest.raises(Problem, match="x-repo-commit"):
        refuse_paths(answer)


def test_every_request_is_looked_at_once() -> None:
    for _ in range(3):
        guard_requests()
    hooks = huggingface_hub.get_session().event_hooks
    assert hooks["request"].count(keep_token) == 1
    assert hooks["response"].count(refuse_paths) == 1


def test_no_more_comes_than_was_announced(tmp_path: Path) -> None:
    bar = bounded_bar("params.yaml, x", tmp_path, 100)(total=10, disable=True)
    bar.update(6)
    bar.update(4)
    with pytest.raises(Problem, match=r"params\.yaml, x: more comes than was announced"):
        bar.update(1)
    bar.close()


def test_no_more_comes_than_there_is_room_for(tmp_path: Path) -> None:
    kind = bounded_bar("params.yaml, x", tmp_path, 100)
    with pytest.raises(Problem, match=r"it has 0\.0 GB, but .* make room there"):
        kind(total=101, disable=True)
    bar = kind(total=None, disable=True)
    bar.update(100)
    with pytest.raises(Problem, match=r"or than .* has room for"):
        bar.update(1)
    bar.close()
    again = kind(total=50, initial=40, disable=True)  # what an earlier run fetched counts
    again.update(10)
    with pytest.raises(Problem, match="more comes"):
        again.update(1)
    again.close()


def test_room_is_left_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = 3 * hub_requests.SPARE
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert room(tmp_path / "not" / "there") == 2 * hub_requests.SPARE
    free = 5
    assert room(tmp_path) == 0
