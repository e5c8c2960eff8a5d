"""Somebody who works on the files at the very moment that a stage is in the middle of its work."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def meanwhile(
    patch: pytest.MonkeyPatch, module: ModuleType, name: str, act: Callable[[], object]
) -> None:
    """Have `act` done, once, when a function of a module is called, before that does its work."""
    function = getattr(module, name)
    waiting = [act]

    def called(*words: Any, **more: Any) -> Any:
        if waiting:
            waiting.pop()()
        return function(*words, **more)

    patch.setattr(module, name, called)


def write(path: Path, text: str) -> Callable[[], object]:
    """Return what somebody does who saves a file."""
    return lambda: path.write_text(text, encoding="utf-8")
