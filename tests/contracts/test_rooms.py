"""The rooms of stages/library, and which of them may rest on which."""

import pytest

from tools.makers import code_deps
from tools.makers.code_deps import ROOT, imports

ARROWS: dict[str, set[str]] = {
    "common": set(),
    "params": {"common"},
    "dataset": {"common"},
    "tagging": {"params"},
    "report": {"dataset", "tagging"},
    "training": {"common", "dataset"},
    "drawing": {"training", "tagging"},
}
"""What a room rests on, and with it on all that rests on."""

STAGES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "stages").glob("*.py"))
LIBRARY = ROOT / "stages" / "library"
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in LIBRARY.rglob("*.py")
    if path.name != "__init__.py"
)


def below(room: str) -> set[str]:
    """Return a room and all that it may rest on."""
    return {room}.union(*(below(other) for other in ARROWS[room]))


def room_of(path: str) -> str:
    """Return the name of a module's room; '' for one that is in none."""
    return code_deps.room_of(path).removeprefix("stages/library/")


def test_every_module_is_in_a_room_and_every_room_has_some() -> None:
    assert {room_of(path) for path in MODULES} == set(ARROWS)


@pytest.mark.parametrize("path", MODULES)
def test_a_module_rests_on_its_room_and_those_below(path: str) -> None:
    assert {room_of(other) for other in imports(path)} <= below(room_of(path)), imports(path)


@pytest.mark.parametrize("path", STAGES)
def test_a_stage_imports_the_library_and_no_stage(path: str) -> None:
    assert all(room_of(other) for other in imports(path)), imports(path)


@pytest.mark.parametrize("path", MODULES)
def test_no_module_imports_itself_in_the_end(path: str) -> None:
    reached: set[str] = set()
    todo = imports(path)
    while todo:
        other = todo.pop()
        reached.add(other)
        todo |= imports(other) - reached
    assert path not in reached
