"""Addresses where no cluster is; tests/e2e/test_cluster.py is part of one."""

import socket
import sys

import pytest

from stages.library.common.cluster_address import WISH, joined
from stages.library.common.errors import Problem


def enter(address: str) -> None:
    with joined(address):
        pytest.fail("there is no such cluster")


@pytest.mark.parametrize("address", ["somewhere", "ray://host:10001", "host:port", "a b:1"])
def test_what_is_no_address_is_said_to_be_none(address: str) -> None:
    with pytest.raises(Problem, match=f"{WISH}: .* is neither auto nor HOST:PORT"):
        enter(address)


@pytest.mark.parametrize("port", ["free", "99999"])
def test_a_cluster_that_does_not_answer_is_given_up_at_once(port: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1] if port == 'free' else port}"
    with pytest.raises(Problem, match=f"{WISH}: no cluster answers at {address} .*ray start --he"):
        enter(address)


def test_ray_is_asked_for_only_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(Problem, match=r"not installed; type pip install -r requirements-ray\.txt"):
        enter("auto")
