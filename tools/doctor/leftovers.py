"""What killed stages left beside their outputs."""

import shutil
from functools import partial
from pathlib import Path

from stages.library.common.outputs import beside
from stages.library.dataset.edits_file import copies
from tools.doctor.faults import Examination, Fault, is_held

PIPELINES = (Path("dvc.yaml"), Path("training/dvc.yaml"))
EDITS = Path("data/edits.yaml")
VOTES = Path("training/votes.yaml")
ONE_BY_ONE = (
    Path("data/tagged"),
    Path("data/dataset"),
    Path("data/held_out"),
    Path("training/drawn"),
)
"""Folders in which files are also written singly."""


def leftovers() -> Examination:
    """Only beside what we write ourselves is anything taken for ours."""
    faults, kept, busy = [], 0, 0
    for output in [*written(), EDITS, VOTES]:
        kept += beside(output, "checkpoint").exists()
        left = [each for suffix in ("partial", "old") if (each := beside(output, suffix)).exists()]
        if left and is_held(beside(output, "lock")):
            busy += 1
            continue
        faults += [leftover(output, path) for path in left]
    for folder in ONE_BY_ONE:
        left = sorted(folder.rglob(".*.partial"))
        if left and is_held(beside(folder, "lock")):
            busy += 1
            continue
        faults += [leftover(folder, path) for path in left]
    said = "none" if not busy else f"{busy} outputs are being written"
    said += f"; {kept} checkpoints, from which the next run goes on" if kept else ""
    return said, faults


def corrections() -> Examination:
    """A browser that may not write into the project saves beside what is there."""
    faults = [
        Fault(
            f"{path}: a copy of {EDITS}, which nothing reads",
            f'take it: python -m tools.corrections take "{path}"; or delete it',
            "上のコマンドで取り込むか、不要なら削除してください",
        )
        for path in copies(EDITS)
    ]
    return "none lies beside edits.yaml", faults


def lent_loras() -> Examination:
    """Look for LoRAs that a killed `generate` left with the WebUI."""
    from stages.library.drawing.painters.lending import left_by_killed_runs

    faults = [
        Fault(
            f"{folder}: {len(left)} LoRAs, lent the WebUI by a run that was killed",
            "--mend takes them back, and so does the next generate",
            "--mend で片づきます(次の generate でも片づきます)",
            partial(took_back, folder),
        )
        for folder, left in left_by_killed_runs().items()
    ]
    return "none is lent still", faults


def took_back(folder: Path) -> str:
    from stages.library.drawing.painters.lending import take_back

    return f"{len(take_back(folder))} LoRAs removed from {folder}"


def leftover(output: Path, path: Path) -> Fault:
    """Return what to do about a leftover; `.old` without its output is the output itself."""
    only = path.name.endswith(".old") and not output.exists()
    return Fault(
        f"{path}: left by a killed run" + (f", and all there is of {output}" if only else ""),
        "--mend puts it back" if only else "--mend removes it, and so does the next run",
        "--mend で元に戻せます" if only else "--mend で消せます(次の実行でも消えます)",
        partial(put_back if only else remove, path, output),
    )


def put_back(path: Path, output: Path) -> str:
    path.rename(output)
    return f"{output} is back"


def remove(path: Path, _: Path) -> str:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    return f"{path} removed"


def written() -> list[Path]:
    """Return the outputs of the pipelines, and the records that stages keep beside them."""
    from ruamel.yaml import YAML

    found = set()
    for pipeline in PIPELINES:
        stages = YAML(typ="safe").load(pipeline)["stages"]
        for stage in stages.values():
            for kind in ("outs", "metrics", "plots"):
                for out in stage.get(kind, []):
                    found.add(Path(out if isinstance(out, str) else next(iter(out))))
    return sorted(found)
