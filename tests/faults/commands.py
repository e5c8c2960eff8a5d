"""The commands that have to bear every fault, and a small project in which each has work to do.

Each finds what an earlier run of it left, and has to make all of it anew: another size, threshold
and trigger, one drawing more and one less.
"""

import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psutil  # type: ignore[import-untyped]
from ruamel.yaml import YAML

from stages.library.common.language import WISH
from stages.library.common.outputs import sha256
from stages.library.common.params import load_params
from stages.library.training.dvc_lock import dvc_md5
from tests.faults.armed import Fault, Job, start
from tests.standins.drive.machines import Machine, machine_with
from tests.standins.webui.server import StandIn, webui
from tests.support.clones import PROJECT
from tests.support.params import write_params
from tests.support.training import TRAINER, safetensors, write_base_model, write_lock

NAME = "nasu"
BASE = "base.safetensors"
DRAWINGS = ("ink_traveller.png", "leaf_umbrella.webp", "misozuke_sepia.jpg", "nap_small.png")
ANOTHER = "なす.png"
KNOBS = "knobs.yaml"
"""A params.yaml that a preset is written into; the project's own stays as the others need it."""
OBJECTS = 12
WITHIN_SECONDS = 120
CALM, FINE = Fault(), MappingProxyType[str, Any]({})


@dataclass(frozen=True)
class Command:
    """A command, what it reads and makes, and what people have there.

    Paths are those within its place, which holds the project, the WebUI, and the remote.
    """

    words: tuple[str, ...]
    outputs: tuple[str, ...]
    """Each is there whole or not at all; of a folder that ends with a slash, each of its files."""
    reads: str
    """A file or folder that may be on a bad disk."""
    meanwhile: tuple[str, ...] = ()
    """Files that people may save while it works."""
    cwd: str = "project"
    webui: bool = False
    inner: bool = True
    """Whether it works in its own process, where a fault can strike at a step."""
    share: float = 1
    """Of the trials, less for what takes long."""


def stages_of(file: str) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(PROJECT / file)["stages"]
    return found


def stage(name: str, reads: str, *meanwhile: str, file: str = "dvc.yaml", **more: Any) -> Command:
    """Return a stage as dvc.yaml has it."""
    declared = stages_of(file)[name]
    outputs = [each if isinstance(each, str) else next(iter(each)) for each in declared["outs"]]
    return Command(
        tuple(declared["cmd"].split()[2:]),
        tuple(f"project/{each}" for each in outputs),
        f"project/{reads}",
        tuple(f"project/{each}" for each in meanwhile),
        **more,
    )


DATASET = f"data/dataset/2_{NAME}"
COMMANDS = {
    "check": stage("check", "params.yaml"),
    "prepare": stage("prepare", "data/raw", f"data/raw/{DRAWINGS[1]}", "data/raw/new.png"),
    "score": stage("score", "data/prepared"),
    "caption": stage("caption", "data/scores.npz"),
    "edit": stage("edit", "data/edits.yaml", "data/edits.yaml"),
    "common-tag": stage("common-tag", "data/edited", "data/tagged/img001.txt"),
    "jp-tags": stage("jp-tags", "data/tagged", "data/tagged/img001.txt"),
    "organize": stage(
        "organize",
        "data/prepared",
        "data/tagged/img001.txt",
        "data/drawings.yaml",
        f"data/dataset/1_{NAME}/img001.txt",
        f"data/held_out/1_{NAME}/img004.txt",
    ),
    "report": stage("report", "data/prepared", "data/edits.yaml", "data/tagged/img001.txt"),
    "corrections save": Command(
        ("tools.corrections.__main__", "save"),
        ("project/data/edits.yaml", "project/data/tagged/", "project/data/dataset/"),
        "project/data/tagged",
        ("project/data/tagged/img001.txt", "project/data/edits.yaml"),
    ),
    "preset": Command(
        ("tools.preset.__main__", "illustrious", "--write", "--params", KNOBS),
        (f"project/{KNOBS}",),
        f"project/{KNOBS}",
    ),
    "train": stage("train", "data/dataset", f"{DATASET}/img001.txt", file="training/dvc.yaml"),
    "webui install": Command(
        ("tools.webui", "install", f"training/lora/{NAME}.safetensors"),
        ("webui/models/Lora/",),
        "project/training/lora",
        webui=True,
    ),
    "generate": stage(
        "generate",
        "training/lora",
        "data/tagged/img001.txt",
        f"data/held_out/1_{NAME}/img003.txt",
        file="training/dvc.yaml",
        webui=True,
    ),
    "judge": stage(
        "judge",
        "training/judging",
        f"data/held_out/1_{NAME}/img003.txt",
        f"{DATASET}/img001.txt",
        file="training/dvc.yaml",
    ),
    "remote push": Command(
        ("tools.remote.__main__", "push", "--tries", "1", "--pause", "0"),
        ("dvc/",),
        "repository/.dvc/cache",
        cwd="repository",
        inner=False,
        share=0.4,
    ),
}


@dataclass(frozen=True)
class Ended:
    """A command that has ended: its exit code, and what it said."""

    code: int
    said: str


def environment(place: Path) -> dict[str, str]:
    """Return an environment that reads and writes nobody's own settings or caches."""
    own = Machine(place / "repository", place / "home").environment()
    return own | {"NASUMISO_TRAINER": str(TRAINER), WISH: "en", "FAULTS_PLACE": str(place)}


def log_of(place: Path) -> Path:
    """Return where what a command says is written, if its disk stays as it is."""
    return place.with_name(f"{place.name}.log")


@contextmanager
def at_work(
    place: Path,
    command: Command,
    fault: Fault = CALM,
    spoilt: Mapping[str, Any] = FINE,
    log: Path | None = None,
) -> Iterator[BaseProcess]:
    """Start a command, beside the WebUI that it needs; after the block it has ended."""
    job = Job(place, command.cwd, command.words, environment(place), log or log_of(place))
    with webui_of(place, **spoilt) if command.webui else nullcontext():
        process = start(job, fault)
        yield process
        process.join(WITHIN_SECONDS)
        hangs = process.is_alive()
        process.kill()
        process.join()
    assert not hangs, f"{command.words} does not end"


def webui_of(place: Path, **settings: Any) -> AbstractContextManager[StandIn]:
    """Return the WebUI that params.yaml names, with the base model loaded."""
    drawing: Any = load_params(place / "project" / "params.yaml")["generate"]
    port = int(drawing["url"].rpartition(":")[2])
    base = {"base": sha256(place / "project" / BASE)}
    return webui(place / "webui", port=port, checkpoints=base, **settings)


def run(
    place: Path,
    command: Command,
    fault: Fault = CALM,
    spoilt: Mapping[str, Any] = FINE,
    log: Path | None = None,
) -> Ended:
    """Run a command to its end; `spoilt` says what is wrong with the WebUI, as `StandIn` does."""
    with at_work(place, command, fault, spoilt, log) as process:
        pass
    return ended(process, log or log_of(place))


def ended(process: BaseProcess, log: Path) -> Ended:
    said = log.read_text(encoding="utf-8", errors="replace")
    assert process.exitcode is not None
    return Ended(process.exitcode, said)


def processes_of(place: Path) -> list[psutil.Process]:
    """Return the processes that a command of a place has started."""
    return [
        process
        for process in psutil.process_iter(["environ"])
        if (process.info["environ"] or {}).get("FAULTS_PLACE") == str(place)
    ]


def make_place(place: Path) -> None:
    """Make a place with a project whose drawings nothing has seen yet."""
    project = place / "project"
    for name in ("dvc.yaml", "training/dvc.yaml", "data/edits.yaml", "data/drawings.yaml"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / name, project / name)
    for name in ("data/dictionary", "data/tagger"):
        shutil.copytree(PROJECT / name, project / name)
    (project / "data" / "raw").mkdir()
    for name in DRAWINGS:
        shutil.copyfile(PROJECT / "data" / "sample" / name, project / "data" / "raw" / name)
    (project / "data" / "raw" / "notes.txt").write_text("no drawing\n", encoding="utf-8")
    with (project / "data" / "edits.yaml").open("a", encoding="utf-8") as file:
        file.write(correction(project, DRAWINGS[1], "miso"))
    with (project / "data" / "drawings.yaml").open("a", encoding="utf-8") as file:
        file.write(entry(project, DRAWINGS[3], "use: test"))
    params: dict[str, Any] = load_params(PROJECT / "params.yaml")
    params["prepare"] |= {"input": "data/raw", "size": 256}
    params["organize"] |= {"name": NAME, "repeats": 1}
    params["lora"] |= write_base_model(project) | {"base_model": BASE}
    params["train"] |= {"max_train_epochs": 2, "lr_warmup_steps": 2, "network_dim": 1}
    params["generate"] |= {"url": f"http://127.0.0.1:{free_port()}", "steps": 4}
    params["generate"] |= {"width": 64, "height": 64, "seeds": [1], "weights": [0.6, 1.0]}
    params["judge"] |= {"captions": 2, "seeds": [1]}
    write_params(project / "params.yaml", params)
    shutil.copyfile(PROJECT / "params.yaml", project / KNOBS)
    (place / "webui" / "models" / "Lora").mkdir(parents=True)
    (place / "webui" / "models" / "Lora" / "mine.safetensors").write_bytes(safetensors({}))
    files = {f"img{n:03}.png": f"picture {n}".encode() * 500 for n in range(OBJECTS)}
    made = machine_with(place / "made", files)
    made.configure("../../dvc")
    made.root.rename(place / "repository")
    (place / "dvc").mkdir()


def change(place: Path) -> None:
    """Change the knobs and the drawings, so that every command has all to do again."""
    project = place / "project"
    shutil.copyfile(PROJECT / "data" / "sample" / ANOTHER, project / "data" / "raw" / ANOTHER)
    (project / "data" / "raw" / DRAWINGS[0]).unlink()
    params: dict[str, Any] = load_params(project / "params.yaml")
    params["prepare"] |= {"size": 320}
    params["caption"] |= {"threshold": 0.3}
    params["common_tag"] |= {"tag": "misonasu"}
    params["organize"] |= {"repeats": 2}
    params["generate"] |= {"seeds": [2]}
    params["judge"] |= {"seeds": [2]}
    write_params(project / "params.yaml", params)
    shipped = (PROJECT / "params.yaml").read_text(encoding="utf-8")
    (project / KNOBS).write_text(f"{shipped}# more\n", encoding="utf-8")


def correction(project: Path, drawing: str, tag: str) -> str:
    """Return an entry of edits.yaml, as the page writes it."""
    return entry(project, drawing, f"add: [{tag}]")


def entry(project: Path, drawing: str, said: str) -> str:
    """Return what is said of a drawing, in a file keyed by drawing."""
    key = sha256(project / "data" / "raw" / drawing)[:12]
    return f'"{key}":\n  source: {drawing}\n  {said}\n'


def edit_by_hand(place: Path) -> None:
    """Correct captions in both places where people do: at the end, and before the trigger."""
    for path in (place / "project" / "data").glob("[td]a[gt]*/**/img00[12].txt"):
        tags = path.read_text(encoding="utf-8").strip()
        words = f"{tags}, miso_soup" if path.stem == "img001" else f"miso_soup, {tags}"
        path.write_text(f"{words}\n", encoding="utf-8")


def places(folder: Path) -> dict[str, Path]:
    """Return a place for every command, as it is before its work."""
    now = folder / "now"
    make_place(now)
    for name in COMMANDS:
        follow(now, name)
    change(now)
    shutil.rmtree(now / "made")
    found = {}
    for name in COMMANDS:
        found[name] = folder / name
        shutil.copytree(now, found[name], symlinks=True)
        follow(now, name)
    edit_by_hand(found["corrections save"])
    return found


def follow(place: Path, name: str) -> None:
    """Run a command that nothing disturbs."""
    done = run(place, COMMANDS[name])
    assert done.code == 0, f"{name}: {done.said}"
    project = place / "project"
    if name == "organize":
        folders = (project / "data" / name for name in ("dataset", "held_out"))
        write_lock(project, *map(dvc_md5, folders))


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
