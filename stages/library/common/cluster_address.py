"""The Ray cluster that the environment names, and being part of it."""

import logging
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from stages.library.common.errors import Problem

WISH = "NASUMISO_RAY"
"""The environment variable: `auto`, or the address of a cluster."""

REACHED_SECONDS = 5

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else it warns that this will be so
    "RAY_py_gcs_connect_timeout_s": "10",
    "RAY_gcs_server_request_timeout_seconds": "10",
}
"""What Ray reads from the environment, where nobody has set it."""

OPTIONS: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}


@contextmanager
def joined(address: str) -> Iterator[None]:
    """Be part of the cluster at an address; `auto`: of the one that runs here, or of a new one.

    Raises:
        Problem: Ray isn't installed, or there is no such cluster, or it is of another version.
    """
    if address != "auto":
        check_reached(address)
        # of 20: else it tries for minutes where something answers that is no cluster
        os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", "1")
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError:
        raise Problem(
            f"{WISH}: Ray is not installed; type pip install -r requirements-ray.txt"
        ) from None
    try:
        if at := running() if address == "auto" else address:
            join(at)
        else:
            ray.init("local", include_dashboard=False, **OPTIONS)
        with suppress(AttributeError):  # what it prints of nodes that die, we say ourselves
            ray._private.worker.print_to_stdstream = lambda *_, **__: None
        yield
    finally:
        ray.shutdown()


def running() -> str:
    """Return the address of the cluster that this machine belongs to; '' if there is none.

    Ray's own `auto` would try for minutes to reach one that has died.
    """
    from ray._private.utils import read_ray_address

    address = str(os.environ.get("RAY_ADDRESS") or read_ray_address() or "")
    try:
        check_reached(address)
    except Problem:
        return ""
    return address


def join(address: str) -> None:
    """Connect to a cluster.

    Raises:
        Problem: it is of another version, or this machine is none of its nodes.
    """
    import ray

    if has_token():  # as `ray start` does
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    try:
        ray.init(address, **OPTIONS)
    except ConnectionError as error:
        if isinstance(error.__cause__, ray.exceptions.AuthenticationError):
            raise Problem(
                f"{WISH}: {address} wants a token; copy ~/.ray/auth_token of its head to all nodes"
            ) from error
        raise Problem(
            f"{WISH}: {address} is no Ray cluster, or has no node on this machine; type ray start "
            f"--address={address} --num-cpus=0 here, so that it belongs to the cluster"
        ) from error
    except RuntimeError as error:  # of another version
        raise Problem(f"{WISH}: {address} can't be used: {one_line(error)}") from error


def has_token() -> bool:
    """Return whether there is a token for clusters that want one, where Ray looks for it."""
    named = {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & os.environ.keys()
    return bool(named) or (Path.home() / ".ray" / "auth_token").is_file()


def check_reached(address: str) -> None:
    """Raise Problem unless something answers at an address: Ray itself would try for minutes."""
    if not (place := re.fullmatch(r"(\S+):(\d+)", address)) or "/" in address:
        raise Problem(f"{WISH}: {address!r} is neither auto nor HOST:PORT, such as 10.0.0.1:6379")
    try:
        socket.create_connection((place[1], int(place[2])), REACHED_SECONDS).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Problem(
            f"{WISH}: no cluster answers at {address} ({reason}); start one there with ray start "
            f"--head, or unset {WISH} to work on this machine alone"
        ) from None


def one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
