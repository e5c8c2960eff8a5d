"""Do a step of notebooks/train_lora.ipynb; it does by itself what it needs of earlier steps.

Only the standard library is imported: Colab's own Python runs this before anything is installed.
"""

import hashlib
import inspect
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.drive import is_folder
from stages.library.common.errors import Problem, without_secrets
from stages.library.common.git import git, git_or_none
from stages.library.common.paths import refuse_names_out
from tools.experiments import (
    as_set_param,
    baseline,
    check_name,
    copy_into,
    experiments,
    fetch_published,
    free_name,
    keys_in,
    missing_in,
    note_as,
    split_overrides,
)

SD_SCRIPTS = "https://github.com/kohya-ss/sd-scripts"
SD_SCRIPTS_COMMIT = "ae72efb92babe89ff8e70f057e42db68440e8d61"  # v0.10.1
TRAINER = Path("training/sd-scripts")
TRAINED = ["training/lora", "training/samples"]
DATASET, HELD_OUT = "data/dataset", "data/held_out"
KEPT = (Path("data/edits.yaml"), Path("data/drawings.yaml"))
"""Files of the artist's that decide on the dataset, besides params.yaml."""

COMMIT_FIRST = """\
At home, commit first: all files become those of the experiment, data/edits.yaml and params.yaml too
手元で、まずコミットしてください(data/edits.yaml や params.yaml も実験のときのものに変わります):
  git add -A && git commit -qm "Before the experiment"
Then / それから:"""
TO_JSON = """
import json, sys
from ruamel.yaml import YAML
print(json.dumps([YAML(typ="safe").load(text) for text in json.load(sys.stdin)], default=str))
"""


def run(*words: str) -> None:
    """Show a command and run it, in the project's own virtual environment.

    Colab's stop button interrupts this process alone; it hands the interrupt on.

    Raises:
        Problem: it failed.
    """
    print(without_secrets(f"$ {shlex.join(words)}"), flush=True)
    path = os.pathsep.join([str(Path(".venv/bin").absolute()), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "GIT_TERMINAL_PROMPT": "0"}
    with subprocess.Popen(words, env=environment, start_new_session=True) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            os.killpg(process.pid, signal.SIGINT)
            process.wait()
            raise
    if code:
        raise Problem(f"{shlex.join(words[:3])} failed with exit code {code}, see above")


def drive() -> Path:
    """Return the project's folder on the mounted Drive.

    Raises:
        Problem: it isn't there.
    """
    named = os.environ.get("NASUMISO_DRIVE", "")
    if not named:
        raise Problem("run the cell with the form first / 先にフォームのセルを実行してください")
    folder = Path(named)
    mount = next(
        (top.parent for top in folder.parents if top.name in ("MyDrive", "Shareddrives")),
        folder.parent,
    )
    if not is_folder(mount / "MyDrive"):
        raise Problem(
            "Google Drive isn't mounted: run the cell that mounts it "
            "/ ドライブをマウントするセルを実行してください"
        )
    if not is_folder(folder / "dvc"):
        raise Problem(
            f"{folder.relative_to(mount)}/dvc: there is no such folder on the Drive; correct "
            "DRIVE_FOLDER in the form, or push your dataset at home first (python -m tools.remote "
            "push) / ドライブにこのフォルダーがありません。フォームの DRIVE_FOLDER を直すか、"
            "先に手元で python -m tools.remote push を実行してください"
        )
    return folder


# ---- the steps, in the notebook's order


def update(repository: str, branch: str, experiment: str = "lora", overrides: str = "") -> None:
    """Bring the clone to the newest commit of the branch, if the form can be used."""
    check_name(experiment)
    split_overrides(overrides)
    if not re.fullmatch(r"\w[\w./-]*", branch):
        raise Problem(
            f"BRANCH: {branch!r} is no name of a branch; write one such as main "
            "/ ブランチの名前を書いてください"
        )
    git("remote", "set-url", "origin", repository)
    if not git_or_none("config", "user.name"):
        git("config", "user.name", "Nasumiso Creator in Colab")
        git("config", "user.email", "colab@localhost")
    try:
        run("git", "fetch", "--quiet", "--", "origin", branch)
    except Problem:
        raise Problem(
            f"BRANCH: {repository} has no branch {branch}, or can't be read, see above; correct "
            "the form, and for a private repository run the cell that signs in to Git / フォームの "
            "REPOSITORY と BRANCH を確かめ、非公開なら Git にログインするセルも実行してください"
        ) from None
    fetched = git("rev-parse", "FETCH_HEAD^{commit}")
    if git("rev-parse", "HEAD") != fetched:
        put_aside()
        run("git", "checkout", "--quiet", "--detach", fetched)
    print(git("log", "-1", "--format=%h %s (%cr)"))


def packages() -> None:
    """Install the project's packages into a virtual environment of their own."""
    install(Path(".venv"), [], ["-r", "requirements.txt"])


def dataset() -> None:
    """Pull the dataset from the Drive, which is a plain folder here."""
    lock = Path("dvc.lock")
    if not lock.is_file() or "data/dataset" not in lock.read_text(encoding="utf-8"):
        raise Problem(
            "dvc.lock: this commit records no dataset; at home: dvc repro, git add -A, git commit, "
            "python -m tools.remote push, git push / このコミットにはデータセットの記録が"
            "ありません。手元で、上のコマンドを順に実行してください"
        )
    use_drive()
    params, recorded = as_yaml(git("show", "HEAD:params.yaml"), git("show", "HEAD:dvc.lock"))
    if changed := changed_since(recorded, params, KEPT):
        raise Problem(
            f"{', '.join(changed)}: changed since the dataset was made; at home: dvc repro, "
            "git add -A, git commit, python -m tools.remote push, git push / データセットを"
            "作ったあとで変わっています。手元で、上のコマンドを順に実行してください"
        )
    outputs = {path: entry_of(recorded, "outs", path) for path in (DATASET, HELD_OUT)}
    outputs = {path: md5 for path, md5 in outputs.items() if md5 or path == DATASET}
    stores = (Path(".dvc/cache"), drive() / "dvc")
    if files := [file for path, md5 in outputs.items() for file in absent(path, md5, *stores)]:
        raise Problem(
            f"the Drive lacks the dataset of this commit, or files of it ({files[0]}, {len(files)} "
            "in all); at home: python -m tools.remote push, and wait until Google Drive has "
            "uploaded it / このコミットのデータセットが、ドライブに揃っていません。手元で "
            "python -m tools.remote push を実行し、ドライブへの送信が終わるまで待ってください"
        )
    run("dvc", "pull", *outputs)
    for path in outputs:
        if (count := sum(1 for _ in Path(path).glob("*/*.png"))) or path == DATASET:
            print(f"{count} pictures in {path}")


def use_drive() -> None:
    """Make the mounted folder the default remote of this clone."""
    if not Path(".venv/bin/dvc").exists():
        packages()
    remote, config = str(drive() / "dvc"), Path(".dvc/config.local")
    if not config.is_file() or f"url = {remote}\n" not in config.read_text(encoding="utf-8"):
        run("dvc", "remote", "add", "--quiet", "--local", "--force", "--default", "drive", remote)
        # without it a corrupted file would be taken for the right one
        run("dvc", "remote", "modify", "--quiet", "--local", "drive", "verify", "true")


def trainer(source: str = SD_SCRIPTS, commit: str = SD_SCRIPTS_COMMIT) -> None:
    """Install sd-scripts into a virtual environment of its own, on the runtime's torch."""
    if named := os.environ.get("NASUMISO_TRAINER"):
        print(f"using the trainer in {named}, as NASUMISO_TRAINER says")
        return
    if git_or_none("-C", str(TRAINER), "rev-parse", "HEAD") != commit:
        folder = str(TRAINER)
        run("git", "init", "--quiet", folder)
        run("git", "-C", folder, "fetch", "--quiet", "--depth=1", source, commit)
        run("git", "-C", folder, "checkout", "--quiet", "--detach", "FETCH_HEAD")
    pins = ["--no-deps", "-r", "training/requirements.txt"]
    install(TRAINER / ".venv", ["--system-site-packages"], pins)


def train(experiment: str, overrides: str) -> None:
    """Train, as an experiment; an interrupted training goes on where it stopped."""
    given = split_overrides(overrides)
    wanted = (baseline(), " ".join(given) or "params.yaml as it is")
    fetch_published(drive())
    published = experiments("refs/published")
    name = free_name(experiment, wanted, published | experiments("refs/exps"))
    if published.get(name) == wanted:
        print(f"{name} is trained and published already / 学習と記録が済んでいます")
        print("for another LoRA change a value, such as train.seed=43 in OVERRIDES; another name")
        print("would give the same one / 別の LoRA を作るには OVERRIDES に train.seed=43 のように")
        print("書いて値を変えてください。名前だけを変えても同じ LoRA になります")
        return
    dataset()
    trainer()
    put_aside()
    if name in experiments("refs/exps"):  # its training is finished, so this takes seconds
        run("dvc", "exp", "remove", "--quiet", name)
    known = keys_in(git("show", "HEAD:params.yaml"))
    words = [word for each in given for word in ("--set-param", as_set_param(each, known))]
    for option in [word.partition("=")[0][2:] for word in words if word.startswith("++")]:
        print(f"{option} is new, params.yaml doesn't have it / 新しいオプションとして渡します")
    run(
        *("dvc", "exp", "run", "--single-item", "training/dvc.yaml:train"),
        *("--name", name, "--message", wanted[1], *words),
    )


def push() -> None:
    """Push LoRAs and sample pictures of a new experiment to the Drive."""
    new = missing_in("pushed")
    if not new:
        print("nothing new to push / 新しく送るものはありません")
        return
    use_drive()
    run("python", "-m", "tools.remote", "push", "drive", "--", *TRAINED)
    note_as("pushed", new)


def publish() -> None:
    """Push new experiments to Git; where that isn't allowed, save them on the Drive."""
    push()
    refs = missing_in("published")
    if not refs:
        return
    try:
        run("git", "push", "--quiet", "origin", *(f"{ref}:{ref}" for ref in refs))
        print("pushed to Git / Git に送りました")
        print(COMMIT_FIRST)
        for ref in refs:
            name = Path(ref).name
            print(f"  git fetch && dvc exp pull origin {name} && dvc exp apply {name}")
    except Problem:
        print(
            "Git takes no push, so it is saved on the Drive "
            "/ Git に送れなかったので、ドライブに保存しました"
        )
        print(COMMIT_FIRST)
        for ref in refs:
            save_bundle(ref, drive() / "experiments")
            name = Path(ref).name
            bundle = f"…/{drive().name}/experiments/{name}.bundle"
            print(f"  git fetch '{bundle}' 'refs/exps/*:refs/exps/*' && dvc exp branch {name}")
            print(f"  git checkout {name}-branch && dvc pull {' '.join(TRAINED)}")
    note_as("published", refs)


# ---- what the steps share


def install(environment: Path, options: list[str], wanted: list[str]) -> None:
    """Install packages into a virtual environment, which is made if need be, on this Python."""
    if not shutil.which("uv"):
        run(sys.executable, "-m", "pip", "install", "--quiet", "uv")
    there = str(environment)
    if not (environment / "bin/python").exists():
        run("uv", "venv", "--quiet", *options, "--python", sys.executable, there)
    run("uv", "pip", "install", "--quiet", "--python", there, *wanted)


def as_yaml(*texts: str) -> list[Any]:
    """Return what YAML texts hold, as DVC reads them: its Python is asked, this one may lack YAML.

    Raises:
        Problem: one is no YAML.
    """
    words = [".venv/bin/python", "-c", TO_JSON]
    answer = subprocess.run(
        words, input=json.dumps(texts), capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise Problem(
            f"params.yaml or dvc.lock can't be read: {answer.stderr.strip().splitlines()[-1]}; at "
            "home: dvc repro / 手元で dvc repro を実行して直してください"
        )
    return list(json.loads(answer.stdout))


def changed_since(
    recorded: dict[str, Any], params: dict[str, Any], kept: Iterable[Path]
) -> list[str]:
    """Return what differs from what a dvc.lock records of the dataset's making.

    Those are keys, and files of those that the artist keeps.
    """
    changed = []
    for stage, entry in recorded["stages"].items():
        sections = entry.get("params", {}).get("params.yaml", {}) if stage != "report" else {}
        for section, then in sections.items():
            if not isinstance(then, dict):
                continue  # one of train's, with which steps are counted: it makes no other dataset
            now = params.get(section)
            now = now if isinstance(now, dict) else {}
            keys = [key for key in then | now if then.get(key, ...) != now.get(key, ...)]
            changed += [f"{section}.{key}" for key in keys]
    for path in filter(Path.is_file, kept):
        md5 = hashlib.md5(path.read_bytes()).hexdigest()
        if entry_of(recorded, "deps", path.as_posix()) not in ("", md5):
            changed.append(path.as_posix())
    return changed


def entry_of(recorded: dict[str, Any], kind: str, path: str) -> str:
    """Return the MD5 that a dvc.lock has of a path among its `deps` or `outs`; '' without one."""
    entries = [each for stage in recorded["stages"].values() for each in stage.get(kind, [])]
    return next((str(each.get("md5", "")) for each in entries if each["path"] == path), "")


def absent(path: str, md5: str, *stores: Path) -> list[str]:
    """Return the files of a recorded folder that no store of DVC holds; the folder for its list.

    The list alone proves nothing: a killed push can leave it there without its files.

    Raises:
        Problem: the list names a file outside of the folder.
    """
    listed = Path("files/md5", md5[:2], md5[2:])
    for store in stores:
        try:
            entries = json.loads((store / listed).read_text(encoding="utf-8"))
            wanted = {entry["relpath"]: entry["md5"] for entry in entries}
        except (OSError, ValueError, KeyError, TypeError):
            continue
        refuse_names_out(wanted, str(store / listed))
        held = {f"{file.parent.name}{file.name}" for s in stores for file in objects(s)}
        return [name for name, digest in wanted.items() if digest not in held]
    return [path]


def objects(store: Path) -> Iterator[Path]:
    """Yield the objects that a cache or a remote lists, without a look at each."""
    return store.glob("files/md5/[0-9a-f][0-9a-f]/*")


def put_aside() -> None:
    """Bring the tree back to its commit; what is new goes to the Drive, changes to a stash."""
    push()
    if git("status", "--porcelain"):
        run("git", "stash", "push", "--quiet", "--include-untracked")
        print("what was changed here is kept in: git stash list / 変更は git stash にあります")


def save_bundle(ref: str, folder: Path) -> None:
    """Write an experiment's commits, as far as origin lacks them, into a file."""
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch, f"{Path(ref).name}.bundle")
        run("git", "bundle", "create", "--quiet", str(made), ref, "--not", "--remotes=origin")
        copy_into(folder, made)


STEPS: dict[str, Callable[..., None]] = {
    "update": update,
    "packages": packages,
    "dataset": dataset,
    "trainer": trainer,
    "train": train,
    "push": push,
    "publish": publish,
}


def colab(step: str, **settings: str) -> None:
    """Do a step with those settings that it takes, and tell how long it took."""
    started = time.monotonic()
    work = STEPS[step]
    takes = inspect.signature(work).parameters
    work(**{key: value for key, value in settings.items() if key in takes})
    print(f"{step}: {time.monotonic() - started:.0f} s")


def build_parser() -> Parser:
    parser = Parser("tools.colab", __doc__)
    parser.add_argument("step", choices=STEPS, help="what to do")
    parser.add_argument("--repository", default="", help="update: its address, without a token")
    parser.add_argument("--branch", default="main", help="update: branch or tag")
    parser.add_argument("--experiment", default="lora", help="update, train: name of the result")
    parser.add_argument("--overrides", default="", help="update, train: key=value key=value")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), colab, argv)


if __name__ == "__main__":
    sys.exit(main())
