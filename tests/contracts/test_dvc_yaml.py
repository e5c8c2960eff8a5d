"""dvc.yaml, params.yaml and the stages tell the same story."""

import ast
import hashlib
import importlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.serialize import parse_yaml

from stages import check
from stages.library.common.arguments import Parser
from tools.makers.code_deps import rests_on, with_code

ROOT = Path(__file__).parents[2]

STANDALONE = {
    "score": {"--use-coreml"},
    "common-tag": {"--exclude-jp"},
    "jp-tags": {"--missing"},
    "train": {"--dry-run"},
}
"""Flags for people who call the stage themselves; the pipeline never gives them."""

UNNAMED = {
    # read in params.yaml; and what makes this stage the second one
    "prepare": {"${prepare.input}", "data/detector", "data/written/checked.txt"},
    "score": {"data/tagger"},  # where tagger.model may be a folder; one of the hub has its digests
    "generate": {"data/tagger"},  # as in score
    "judge": {"data/tagger"},  # likewise
}
"""Dependencies that no flag of the command itself names."""

WORKPLACES = {"train": {"training/state"}, "generate": {"training/drawn"}}
"""Folders that a stage works in: no outputs, Git ignores them."""


def load(name: str) -> Any:
    return parse_yaml((ROOT / name).read_text(encoding="utf-8"), name)  # as DVC reads it: YAML 1.2


PARAMS = load("params.yaml")
FILES = [name for name in ("dvc.yaml", "training/dvc.yaml") if (ROOT / name).is_file()]
STAGES: dict[str, Any] = {
    name: stage for file in FILES for name, stage in load(file)["stages"].items()
}
each_stage = pytest.mark.parametrize("name", STAGES)


def module_of(name: str) -> str:
    found = re.match(r"python -m (stages\.\w+) ", STAGES[name]["cmd"])
    assert found, name
    return found[1]


def parser_of(name: str) -> Parser:
    built: Parser = importlib.import_module(module_of(name)).build_parser()
    return built


def paths(name: str, kind: str) -> dict[str, dict[str, Any]]:
    """Return the deps or outs of a stage, each with its settings."""
    entries = STAGES[name].get(kind, [])
    return {
        path: settings
        for entry in entries
        for path, settings in (entry.items() if isinstance(entry, dict) else [(entry, {})])
    }


def plumbing(name: str) -> dict[str, str]:
    """Return the flags that the command gives, with their values."""
    words = shlex.split(STAGES[name]["cmd"])[3:]
    return dict(zip(words[::2], words[1::2], strict=True))


def tracked(name: str) -> set[str]:
    """Return the keys of params.yaml that make a stage run again."""
    found = set()
    for param in STAGES[name].get("params", []):
        section, _, key = param.partition(".")
        found |= {param} if key else {f"{section}.{each}" for each in PARAMS[section]}
    return found


def read_by(name: str) -> set[str]:
    """Return the keys of params.yaml that a stage reads, as its parser says."""
    return {
        f"{section.name}.{key}"
        for section in parser_of(name).sections
        for key in (PARAMS[section.name] if section.rest else section.keys)
    }


# stages and their modules


def test_every_stage_module_is_a_stage_and_every_stage_a_module() -> None:
    modules = {path.stem for path in (ROOT / "stages").glob("*.py")} - {"__init__"}
    assert {name.replace("-", "_") for name in STAGES} == modules


@each_stage
def test_a_stage_is_named_as_its_module(name: str) -> None:
    assert module_of(name) == f"stages.{name.replace('-', '_')}"


@each_stage
def test_a_stage_is_described_as_its_module(name: str) -> None:
    doc = importlib.import_module(module_of(name)).__doc__ or ""
    assert "\n" not in doc
    assert STAGES[name]["desc"].replace(" - ", ": ") == doc


@each_stage
def test_code_dependencies_are_what_the_stage_imports(name: str) -> None:
    declared = {path for path in paths(name, "deps") if path.startswith("stages/")}
    assert declared == rests_on(module_of(name)), "run python -m tools.makers.code_deps"


@pytest.mark.parametrize("file", FILES)
def test_code_dependencies_are_in_the_order_they_are_written_in(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert with_code(text) == text, "run python -m tools.makers.code_deps"


def test_packages_hold_no_code() -> None:
    """Importing a module runs its package's __init__.py, which no stage declares."""
    for path in (ROOT / "stages").rglob("__init__.py"):
        assert len(ast.parse(path.read_text(encoding="utf-8")).body) <= 1, path


# flags


@each_stage
def test_the_command_gives_every_flag(name: str) -> None:
    flags = {flag for action in parser_of(name)._actions for flag in action.option_strings}
    own = flags - {"-h", "--help"} - STANDALONE.get(name, set())
    assert set(plumbing(name)) == own - ({"--params"} if parser_of(name).sections else set())


@each_stage
def test_what_a_stage_reads_of_params_yaml_is_what_makes_it_run_again(name: str) -> None:
    assert read_by(name) == tracked(name)


@each_stage
def test_the_shipped_params_are_accepted(name: str) -> None:
    values = parser_of(name).read(PARAMS)
    assert not [key for key, value in values.items() if value is None]


@each_stage
def test_no_two_things_of_a_stage_have_one_name(name: str) -> None:
    keys = [section.rest or key for section in parser_of(name).sections for key in section.names]
    names = [*keys, *(action.dest for action in parser_of(name)._actions)]
    assert len(names) == len(set(names))


def test_every_key_is_read_by_a_stage_and_every_section_is_checked() -> None:
    read = {key for name in STAGES for key in read_by(name)}
    assert read == {f"{section}.{key}" for section in PARAMS for key in PARAMS[section]}
    assert list(check.SECTIONS) == list(PARAMS)
    assert check.faults(PARAMS) == []


@pytest.mark.parametrize("file", FILES)
def test_nothing_of_params_yaml_stands_in_a_command(file: str) -> None:
    """DVC quotes neither the keys of a section nor a single value; a shell would run them."""
    text = (ROOT / file).read_text(encoding="utf-8")
    expressions = re.findall(r"\$\{(?!\.)[^}]*\}", re.sub(r"(?m)^ *#.*$", "", text))
    assert expressions == (["${prepare.input}"] if file == "dvc.yaml" else [])
    assert not [name for name in STAGES if "$" in STAGES[name]["cmd"]]


@each_stage
def test_help_shows_the_docstring_and_every_flag(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module_of(name), "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert done.returncode == 0, done.stderr
    assert importlib.import_module(module_of(name)).__doc__ in done.stdout.splitlines()
    for key in {key for section in parser_of(name).sections for key in section.keys}:
        assert f".{key} " in done.stdout
    for action in parser_of(name)._actions:
        assert action.option_strings[-1] in done.stdout
        assert action.help, action.option_strings
        assert " ".join(action.help.split()) in " ".join(done.stdout.split())


# files


@each_stage
def test_the_paths_of_the_command_are_its_dependencies_and_outputs(name: str) -> None:
    given = set(plumbing(name).values()) - WORKPLACES.get(name, set())
    data = {path for path in paths(name, "deps") if not path.startswith("stages/")}
    assert given == (data - UNNAMED.get(name, set())) | set(paths(name, "outs"))
    assert UNNAMED.get(name, set()) <= data


@each_stage
def test_where_a_stage_writes_is_an_output(name: str) -> None:
    assert plumbing(name)["--output"] in paths(name, "outs")


def test_each_output_has_one_maker_and_is_used_after_it() -> None:
    made: list[str] = []
    for name in STAGES:
        later = [
            path
            for other in list(STAGES)[list(STAGES).index(name) :]
            for path in paths(other, "outs")
        ]
        assert not set(paths(name, "deps")) & set(later), name
        made += paths(name, "outs")
    assert len(made) == len(set(made))


def test_dependencies_that_no_stage_makes_are_in_the_repository() -> None:
    made = {path for name in STAGES for path in paths(name, "outs")}
    for name in STAGES:
        for path in set(paths(name, "deps")) - made - {"${prepare.input}"}:
            assert (ROOT / path).exists(), path
    assert (ROOT / PARAMS["prepare"]["input"]).is_dir()


def test_metrics_and_plots_lie_in_outputs() -> None:
    shown = [
        *load("dvc.yaml")["metrics"],
        *(name for plot in load("dvc.yaml")["plots"] for name in plot),
    ]
    outs = [path for name in STAGES for path in paths(name, "outs")]
    for path in shown:
        assert any(Path(path).is_relative_to(out) for out in outs), path


def test_figures_of_a_training_lie_in_the_folder_that_dvc_shows() -> None:
    """A file that is declared and isn't there yet would be a row of dashes, and a warning."""
    training = parse_yaml((ROOT / "training/dvc.yaml").read_text(), "training/dvc.yaml")
    assert training["metrics"] == ["figures"]
    assert [path.name for path in (ROOT / "training/figures").iterdir()] == [".gitkeep"]
    outs = [path for name in training["stages"] for path in paths(name, "outs")]
    figures = [path for path in outs if path.endswith(".json")]
    assert len(figures) == 3
    assert all(path.startswith("training/figures/") for path in figures)


def ignored(path: str) -> bool:
    """Return whether Git's ignore rules leave `path` out, tracked or not."""
    words = ["git", "check-ignore", "-q", "--no-index", path]
    code = subprocess.run(words, cwd=ROOT).returncode
    assert code in (0, 1)
    return code == 0


@pytest.mark.parametrize(
    ("path", "cached"),
    [
        (path, settings.get("cache", True))
        for name in STAGES
        for path, settings in paths(name, "outs").items()
    ],
)
def test_git_keeps_what_dvc_does_not(path: str, cached: bool) -> None:
    assert ignored(path) == cached


def test_what_was_never_made_counts_as_an_empty_folder() -> None:
    """Without an entry in dvc.lock, `dvc exp apply`, `dvc checkout` and `dvc pull` fail."""
    empty = hashlib.md5(b"[]").hexdigest() + ".dir"
    object_ = ROOT / ".dvc" / "cache" / "files" / "md5" / empty[:2] / empty[2:]
    assert object_.read_bytes() == b"[]"
    entries = load("training/dvc.lock")["stages"]
    for name in ("train", "generate", "judge"):
        cached = {path for path, how in paths(name, "outs").items() if how.get("cache", True)}
        assert {out["path"]: out["md5"] for out in entries[name]["outs"]} == dict.fromkeys(
            cached, empty
        )
        assert entries[name]["cmd"] == "not run yet"


@pytest.mark.parametrize(
    "path",
    [
        "data/edits.yaml",
        "data/dictionary/mine.csv",
        "data/raw.dvc",
        "data/tagger/mine.dvc",
        "data/detector/head.onnx.dvc",
    ],
)
def test_git_keeps_what_the_artist_wrote(path: str) -> None:
    assert not ignored(path)


@pytest.mark.parametrize(
    "path",
    [
        "data/raw",
        "data/raw-2024",
        "data/raw_old/a.png",
        "data/raw.zip",
        "data/raw のコピー/a.png",
        "data/tagger/mine/model.onnx",
        "data/detector/head.onnx",
        "data/tagger/mine",
        "data/tagger/mine.zip",
        "data/tagger/model.onnx",
        "client_secret_1234.apps.googleusercontent.com.json",
        "credentials.json",
        "gdrive-user-credentials.json",
        "my_credentials.json",
        "secrets/google_credentials_2.json",
        ".dvc/config.local",
        "data/.tagged.partial",
        "data/.tagged.old",
        "data/.scores.npz.lock",
        "data/.scores.npz.checkpoint",
        "data/written/.tagged.json.partial",
        ".venv/pyvenv.cfg",
        "stages/__pycache__/score.pyc",
        "data/sample/.DS_Store",
    ],
)
def test_git_never_sees(path: str) -> None:
    assert ignored(path)


def test_no_credentials_in_the_repository() -> None:
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = [Path(line).name.lower() for line in listed.splitlines()]
    assert names
    assert [name for name in names if "credential" in name or "client_secret" in name] == []
    config = (ROOT / ".dvc" / "config").read_text(encoding="utf-8")
    assert not re.search("secret|token|password|client_id|access_key", config)
