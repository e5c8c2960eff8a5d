"""Nothing that someone writes into params.yaml is ever run by a shell, with real DVC."""

from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.support.clones import Clone, stages_run

pytestmark = pytest.mark.e2e

DATASET = ("check", "prepare", "score", "caption", "edit", "common-tag", "jp-tags", "organize")
STAGES = (*DATASET, "report", "training/dvc.yaml:train", "training/dvc.yaml:generate")


TOUCH = "touch pwned"
EVIL = f"x'; {TOUCH}; $({TOUCH}) `{TOUCH}` | {TOUCH} #"
"""It makes a file in whatever way a shell would read it."""


def every_stage(clone: Clone) -> str:
    """Run every stage for itself, whatever became of the others; return what was said."""
    return clone.run("dvc", "repro", "-f", "-s", "-k", *STAGES, ok=False)


def change(clone: Clone, kind: str) -> None:
    """Write the hostile text into every section, as a key or as the value of every key."""
    path = clone.root / "params.yaml"
    params: dict[str, Any] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    for section, values in params.items():
        if kind == "keys":
            values |= {EVIL: 1, "y --output": "x"}
        else:
            kept = {"prepare": ("input",)}.get(section, ())  # a dependency: no file, no stage
            params[section] = {
                key: [EVIL] if isinstance(value, list) else EVIL
                for key, value in values.items()
                if key not in kept
            } | {key: values[key] for key in kept}
    if kind == "keys":
        params[EVIL] = {EVIL: 1}
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(params, file)


@pytest.mark.parametrize("kind", ["keys", "values"])
def test_no_shell_sees_what_is_hostile(clone: Clone, kind: str) -> None:
    change(clone, kind)
    output = every_stage(clone)
    assert {"check", "caption", "organize"} <= set(stages_run(output))
    assert "no such key" in output if kind == "keys" else "is not a number" in output
    assert not list(clone.root.rglob("pwned"))


def test_a_hostile_text_that_may_stand_there_arrives_as_it_is(clone: Clone) -> None:
    clone.set_param("  tag: nasumiso_style", f'  tag: "{EVIL}"')
    clone.run("dvc", "repro")
    texts = [path.read_text("utf-8") for path in (clone.root / "data/tagged").glob("*.txt")]
    assert texts
    assert all(text.startswith(EVIL) for text in texts)
    assert not list(clone.root.rglob("pwned"))


def test_what_is_wrong_anywhere_stops_everything_first(clone: Clone) -> None:
    clone.set_param("  name: nasumiso_v1", "  name: なす")
    clone.set_param("  model: builtin", "  model: nowhere/nothing")
    output = clone.run("dvc", "repro", ok=False)
    assert stages_run(output) == ["check"]
    assert "check: error: params.yaml, organize.name: 'なす' is no name for a LoRA" in output
