"""The pictures of a run: of the files as they are, or of an experiment, from DVC's cache."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.library.common.dvc_internals import cached_files, opened_project
from stages.library.common.errors import Problem
from stages.library.common.foreign import printable
from stages.library.common.git import git_or_none
from stages.library.common.json_files import json_of, read_json
from stages.library.common.outputs import files_in
from stages.library.drawing.judging.evidence import ASKED, WITHOUT, evidence_of
from stages.library.drawing.painters.infotext import settings
from stages.library.training.dvc_lock import locked_md5
from tools.experiments import REF, refs_in
from tools.votes.pictures import infotext_in

TRAINING = Path("training")
JUDGING, GRIDS = "training/judging", "training/pictures"
LOCK, FIGURES = "training/dvc.lock", "training/figures"

WORKSPACE = "workspace"
"""What DVC calls the files as they are."""

GENERATE = "dvc repro -s training/dvc.yaml:generate"

CELL = re.compile(r"images/[0-9]{2,}_(last|e[0-9]{6})_w([0-9.]{1,9})_s([0-9]{1,10})\.png")
"""A picture of the grids, as stages/library/drawing/orders.py::Cell.name has it."""

Files = Mapping[str, Path]
"""The files of a folder by their names in it."""


@dataclass(frozen=True)
class Drawn:
    """A picture that was drawn."""

    path: Path
    prompt: str
    seed: int
    epoch: str  # a number, or `last`; '' without a LoRA
    weight: float
    model: str  # hash of what drew; '' where the picture doesn't tell


@dataclass(frozen=True)
class Judged:
    """What the judge says of an epoch at a weight: figures, None where it can't tell."""

    closer: float | None  # than the base model
    doubt: float | None
    copies: int
    told: tuple[str, ...]  # what is beyond doubt, in its words


@dataclass(frozen=True)
class Run:
    """The pictures of a LoRA, and what the judge said of them, by epoch and weight."""

    name: str
    lora: str
    drawn: list[Drawn]
    judged: dict[tuple[str, float], Judged]


def run_here() -> Run:
    """Return the pictures as they are in training/.

    Raises:
        Problem: there are none, or they are not as the generate stage writes them.
    """
    judging = {path.name: path for path in files_in(Path(JUDGING), "*")}
    images = {f"images/{path.name}": path for path in files_in(Path(GRIDS, "images"), "*.png")}
    texts = {name: text_of(Path(FIGURES, name)) for name in ("pictures.json", "judged.json")}
    run = run_of(WORKSPACE, judging, images, texts)
    if not run.drawn:
        raise Problem(
            f"{JUDGING}, {GRIDS}: hold no pictures to vote on; draw them: {GENERATE}, or get them: "
            f"dvc pull {JUDGING} {GRIDS} / 投票する絵がありません。上のコマンドで描くか、"
            "取り寄せてください"
        )
    return run


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def runs_called(names: list[str]) -> list[Run]:
    """Return the runs of experiments, branches or commits; of the files here for `workspace`.

    Raises:
        Problem: there is none called so, it has no pictures, or the cache lacks them.
    """
    with opened_project() as project:
        return [run_here() if name == WORKSPACE else run_at(project, name) for name in names]


def run_at(project: Any, name: str) -> Run:
    """Return the run of an experiment, branch or commit."""
    commit, experiment = commit_of(name)
    lock = git_or_none("show", f"{commit}:{LOCK}") or ""
    fetch = how_to_fetch(name, commit, experiment)
    folders = {path: in_cache(project, name, path, lock, fetch) for path in (JUDGING, GRIDS)}
    texts = {
        each: git_or_none("show", f"{commit}:{FIGURES}/{each}") or ""
        for each in ("pictures.json", "judged.json")
    }
    run = run_of(name, folders[JUDGING], folders[GRIDS], texts)
    if not run.drawn:
        apply = f"dvc exp apply {name}" if experiment else f"git checkout {name}, dvc checkout"
        raise Problem(
            f"{printable(name)}: has no pictures to vote on; draw them there: {apply}, then "
            f"{GENERATE} / 投票する絵がありません。上のコマンドで描いてください"
        )
    return run


def commit_of(name: str) -> tuple[str, bool]:
    """Return the commit of an experiment, branch, tag or commit, and whether it is the first.

    Raises:
        Problem: there is none, or several experiments are called so.
    """
    found = [
        commit
        for ref, commit, _ in refs_in("refs/exps")
        if (match := REF.fullmatch(ref)) and match[3] == name
    ]
    if len(found) > 1:
        raise Problem(
            f"--runs {printable(name)}: several experiments are called so; give one's commit: "
            f"{', '.join(commit[:7] for commit in found)}"
        )
    if found:
        return found[0], True
    commit = None
    if not name.startswith("-"):
        commit = git_or_none("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if not commit:
        raise Problem(
            f"--runs {printable(name)}: there is no such experiment, branch or commit here; "
            "dvc exp list shows the experiments, and dvc exp pull origin NAME brings one / "
            "そのような実験もコミットもありません。dvc exp list で確かめてください"
        )
    return commit, False


def how_to_fetch(name: str, commit: str, experiment: bool) -> str:
    """Return the command that brings a run's pictures into the cache."""
    if experiment:
        return f"dvc exp pull origin {shlex.quote(name)}"
    here = commit == git_or_none("rev-parse", "HEAD")
    return f"dvc fetch {'' if here else '--all-commits '}{JUDGING} {GRIDS}"


def in_cache(project: Any, name: str, path: str, lock: str, fetch: str) -> Files:
    """Return the files of a folder that a dvc.lock records, in the cache.

    Raises:
        Problem: the cache lacks some.
    """
    md5 = locked_md5(lock, path)
    if not re.fullmatch(r"[0-9a-f]{32}\.dir", md5):  # it was never made
        return {}
    files = cached_files(project, path, md5)
    if files is None or any(not file.is_file() for file in files.values()):
        raise Problem(
            f"{printable(name)}: its {path} is not in the cache of this computer; get it: {fetch} "
            "/ このパソコンにまだありません。上のコマンドで取り寄せてください"
        )
    return files


def run_of(name: str, judging: Files, grids: Files, texts: Mapping[str, str]) -> Run:
    """Return a run: what was drawn for the judge, or where that is nothing, for the grids.

    Raises:
        Problem: asked.json is not as the generate stage writes it, or a picture is missing.
    """
    lora, drawn = for_the_judge(name, judging) if ASKED in judging else ("", [])
    if not drawn:
        lora, drawn = for_the_grids(grids, texts["pictures.json"])
    return Run(name, lora, drawn, judged_in(texts["judged.json"]))


def for_the_judge(name: str, files: Files) -> tuple[str, list[Drawn]]:
    """Return the hash of the LoRA, and the pictures whose prompts have the trigger."""
    of = f"{printable(name)}: {JUDGING}/{ASKED}"
    try:
        evidence = evidence_of(read_json(files[ASKED]))
    except Problem:
        raise
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Problem(
            f"{of} is not as the generate stage writes it; draw again: {GENERATE} / "
            "上のコマンドで、もう一度絵を描いてください"
        ) from None
    asked = [picture for picture in evidence.pictures if picture.trigger]
    if lost := [picture.name for picture in asked if picture.name not in files]:
        raise Problem(
            f"{of} tells of {lost[0]}, which isn't there; get it back: dvc checkout {JUDGING}, or "
            f"draw again: {GENERATE} / 絵が足りません。上のコマンドのどちらかで戻してください"
        )
    drawn = []
    for picture in asked:
        path = files[picture.name]
        model, _ = told_by(path)
        epoch = "" if picture.epoch == WITHOUT else str(picture.epoch)
        prompt = evidence.captions[picture.caption].prompt
        drawn.append(Drawn(path, sound(prompt), picture.seed, epoch, float(picture.weight), model))
    return hash_or_none(evidence.lora), drawn


def for_the_grids(files: Files, figures: str) -> tuple[str, list[Drawn]]:
    """Return the hash of the LoRA, and the pictures of the grids."""
    drawn = []
    for name, path in sorted(files.items()):
        if match := CELL.fullmatch(name):
            weight = float(match[2]) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", match[2]) else 0.0
            epoch = match[1] if match[1] == "last" else str(int(match[1][1:]))
            model, prompt = told_by(path)
            drawn.append(Drawn(path, prompt, int(match[3]), epoch if weight else "", weight, model))
    return lora_in(figures), drawn


def told_by(path: Path) -> tuple[str, str]:
    """Return the model and the prompt, without our LoRA, that a picture tells in its infotext."""
    infotext = sound(infotext_in(path))
    prompt = infotext.rpartition("\nSteps: ")[0].partition("\nNegative prompt: ")[0]
    model = settings(infotext).get("Model hash", "")
    without = re.sub(r" ?<lora:[^<>]*>$", "", prompt)
    return hash_or_none(model), without


def sound(text: str) -> str:
    """Return a text without half surrogate pairs, which no file can hold."""
    return text.encode("utf-8", "replace").decode()


def lora_in(figures: str) -> str:
    """Return the LoRA's hash in the text of pictures.json; '' if there is none."""
    try:
        lora = json_of(figures)["lora"]
    except (ValueError, KeyError, TypeError):
        return ""
    return hash_or_none(lora)


def hash_or_none(value: object) -> str:
    """Return the hash that a value is; '' if it is none."""
    return value if isinstance(value, str) and re.fullmatch("[0-9a-fA-F]{1,64}", value) else ""


def judged_in(figures: str) -> dict[tuple[str, float], Judged]:
    """Return what the text of judged.json says, by epoch and weight; nothing if it is none."""
    found = {}
    try:
        for cell in json_of(figures)["cells"]:
            if cell["epoch"] != WITHOUT:
                found[str(cell["epoch"]), float(cell["weight"])] = Judged(
                    number_in(cell, "closer"),
                    number_in(cell, "closer_doubt"),
                    int(cell["copies"]),
                    tuple(str(word) for word in cell["told"]),
                )
    except (ValueError, KeyError, TypeError):
        return {}
    return found


def number_in(cell: Any, name: str) -> float | None:
    value = cell.get(name)
    return float(value) if isinstance(value, int | float) else None
