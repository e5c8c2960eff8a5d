"""Do a step of notebooks/train_lora.ipynb; it does by itself what it needs of earlier steps.

Only the standard library is imported: Colab's own Python runs this before anything is installed.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from stages.library import command
from stages.library.arguments import Parser
from tools.experiments import (
    baseline,
    copy_into,
    experiments,
    fetch_published,
    free_name,
    git,
    missing_in,
    note_as,
)

SD_SCRIPTS = "https://github.com/kohya-ss/sd-scripts"
SD_SCRIPTS_COMMIT = "ae72efb92babe89ff8e70f057e42db68440e8d61"  # v0.10.1
TRAINER = Path("training/sd-scripts")
TRAINED = ["training/lora", "training/samples"]
OVERRIDE = re.compile(r"[+~]{0,2}[A-Za-z_][\w./:-]*=.*", re.DOTALL)


def run(*words: str) -> None:
    """Show a command and run it, in the project's own virtual environment.

    Colab's stop button interrupts this process alone; it hands the interrupt on.

    Raises:
        RuntimeError: it failed.
    """
    print(f"$ {shlex.join(words)}", flush=True)
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
        raise RuntimeError(f"{shlex.join(words[:3])} failed with exit code {code}, see above")


def drive() -> Path:
    """Return the project's folder on the mounted Drive.

    Raises:
        ValueError: it isn't there.
    """
    named = os.environ.get("NASUMISO_DRIVE", "")
    if not named:
        raise ValueError("run the cell with the form first / 先にフォームのセルを実行してください")
    folder = Path(named)
    if not folder.parent.is_dir():
        raise ValueError(
            "Google Drive isn't mounted: run the cell that mounts it "
            "/ ドライブをマウントするセルを実行してください"
        )
    if not (folder / "dvc").is_dir():
        raise ValueError(
            f"{folder.name}/dvc: there is no such folder in My Drive; correct the name in the "
            "form, or push your dataset at home first (dvc push) "
            "/ マイドライブにこのフォルダーがありません"
        )
    return folder


# ---- the steps, in the notebook's order


def update(repository: str, branch: str) -> None:
    """Bring the clone to the newest commit of the branch."""
    git("remote", "set-url", "origin", repository)
    if not git("config", "user.name"):
        git("config", "user.name", "Nasumiso Creator in Colab")
        git("config", "user.email", "colab@localhost")
    run("git", "fetch", "--quiet", "origin", branch)
    if git("rev-parse", "HEAD") != git("rev-parse", "FETCH_HEAD^{commit}"):
        fetched = git("rev-parse", "FETCH_HEAD^{commit}")
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
        raise ValueError(
            "dvc.lock: this commit records no dataset; at home: dvc repro, dvc push, git add -A, "
            "git commit, git push / このコミットにはデータセットの記録がありません"
        )
    use_drive()
    run("dvc", "pull", "data/dataset")
    print(f"{sum(1 for _ in Path('data/dataset').glob('*/*.png'))} pictures in data/dataset")


def use_drive() -> None:
    """Make the mounted folder the default remote of this clone."""
    if not Path(".venv/bin/dvc").exists():
        packages()
    remote, config = str(drive() / "dvc"), Path(".dvc/config.local")
    if not config.is_file() or f"url = {remote}\n" not in config.read_text(encoding="utf-8"):
        run("dvc", "remote", "add", "--quiet", "--local", "--force", "--default", "drive", remote)
        # without it a corrupted file would be taken for the right one
        run("dvc", "remote", "modify", "--quiet", "--local", "drive", "verify", "true")


def trainer() -> None:
    """Install sd-scripts into a virtual environment of its own, on the runtime's torch."""
    if named := os.environ.get("NASUMISO_TRAINER"):
        print(f"using the trainer in {named}, as NASUMISO_TRAINER says")
        return
    if git("-C", str(TRAINER), "rev-parse", "HEAD") != SD_SCRIPTS_COMMIT:
        folder = str(TRAINER)
        run("git", "init", "--quiet", folder)
        run("git", "-C", folder, "fetch", "--quiet", "--depth=1", SD_SCRIPTS, SD_SCRIPTS_COMMIT)
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
        print(f"{name} is trained and published already / 学習済みです")
        print("another name in the form trains it again / 名前を変えるともう一度学習します")
        return
    dataset()
    trainer()
    put_aside()
    if name in experiments("refs/exps"):  # its training is finished, so this takes seconds
        run("dvc", "exp", "remove", "--quiet", name)
    words = [word for each in given for word in ("--set-param", each)]
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
        print("at home, after: git fetch / 家で")
        for ref in refs:
            print(f"  dvc exp pull origin {Path(ref).name} && dvc exp apply {Path(ref).name}")
    except RuntimeError:
        print("Git takes no push, so it is saved on the Drive; at home / ドライブに保存しました")
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


def split_overrides(text: str) -> list[str]:
    """Return the overrides of the form, one a word; `-S` may stand before each, as for DVC.

    >>> split_overrides("train.learning_rate=5e-5 -S 'common_tag.tag=my nasu'")
    ['train.learning_rate=5e-5', 'common_tag.tag=my nasu']

    Raises:
        ValueError: a word is no override.
    """
    try:
        words = [word for word in shlex.split(text) if word not in ("-S", "--set-param")]
    except ValueError:
        raise ValueError(f"overrides: {text!r} has a quotation mark too many or too few") from None
    for word in words:
        if not OVERRIDE.fullmatch(word):
            raise ValueError(
                f"overrides: {word!r} is none; write key=value, such as train.learning_rate=5e-5, "
                "several with spaces between / 「キー=値」の形で書いてください"
            )
    return words


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


STEPS = {
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
    taken = work.__code__.co_varnames[: work.__code__.co_argcount]
    work(**{key: settings[key] for key in taken})  # type: ignore[operator]
    print(f"{step}: {time.monotonic() - started:.0f} s")


def build_parser() -> Parser:
    parser = Parser("tools.colab", __doc__)
    parser.add_argument("step", choices=STEPS, help="what to do")
    parser.add_argument("--repository", default="", help="update: its address, without a token")
    parser.add_argument("--branch", default="main", help="update: branch or tag")
    parser.add_argument("--experiment", default="lora", help="train: what to call the result")
    parser.add_argument("--overrides", default="", help="train: key=value key=value")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), colab, argv)


if __name__ == "__main__":
    sys.exit(main())
