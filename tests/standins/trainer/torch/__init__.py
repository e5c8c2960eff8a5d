"""A stand-in for torch: only what device there is."""

import os
from types import SimpleNamespace

__version__ = "2.11.0+standin"


def _there(device: str) -> bool:
    return os.environ.get("STANDIN_DEVICE", "cuda") == device


def _capability(_: int) -> tuple[int, ...]:
    return tuple(map(int, os.environ.get("STANDIN_CAPABILITY", "7.5").split(".")))


cuda = SimpleNamespace(
    is_available=lambda: _there("cuda"),
    get_device_name=lambda _: "Stand-in T4",
    get_device_capability=_capability,
)
backends = SimpleNamespace(mps=SimpleNamespace(is_available=lambda: _there("mps")))
