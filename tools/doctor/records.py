"""DVC's and Git's own small files, which a kill can cut: rwlock, dvc.lock, .dvc, index.lock."""

import json
from functools import partial
from pathlib import Path

from stages.library.common.git import git_or_none
from stages.library.common.outputs import write_atomically
from tools.doctor.faults import Examination, Fault, is_held, put_away

RWLOCK = Path(".dvc/tmp/rwlock")


def rwlock() -> Examination:
    """DVC writes it in place (dvc/rwlock.py::_edit_rwlock): killed then, no command runs again."""
    try:
        held = json.loads(RWLOCK.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return "none", []
    except ValueError:
        busy = is_held(RWLOCK.with_name("rwlock.lock"))
        cut = Fault(
            f"{RWLOCK}: cut or empty, since dvc was killed while it wrote it",
            "a dvc is at work: wait for it" if busy else f"--mend removes it, as rm {RWLOCK} does",
            "dvc が実行中です。終わるのを待ってください" if busy else "--mend で取り除けます",
            None if busy else partial(put_away, RWLOCK),
        )
        return "", [cut]
    count = sum(len(each) for each in held.values()) if isinstance(held, dict) else 0
    return f"{count} paths in use" if count else "nothing in use", []


def dvc_records() -> Examination:
    from stages.library.common.dvc_internals import fault_of_record

    listed = git_or_none("ls-files", "--", "*.dvc", "dvc.lock", "*/dvc.lock")
    paths = sorted(
        {Path(each) for each in [*(listed or "").splitlines(), "dvc.lock"] if Path(each).is_file()}
    )
    faults = [record_fault(path, fault) for path in paths if (fault := fault_of_record(path))]
    return f"{len(paths)} can be read", faults


def record_fault(path: Path, fault: str) -> Fault:
    """Return what to do about a record; that of the commit takes its place, if there is one.

    One in the middle of a merge isn't damaged: a person must choose.
    """
    before = git_or_none("show", f"HEAD:{path.as_posix()}") or ""  # it may be new
    if "<<<<<<<" in path.read_text(encoding="utf-8", errors="replace"):
        chosen = f"git checkout --ours {path} (or --theirs), then dvc repro"
        return Fault(
            f"{path}: a merge stopped in it",
            chosen,
            "マージの途中です。上のコマンドでどちらかを選んでください",
        )
    if not before and path.name != "dvc.lock":
        again = f"dvc add {path.with_suffix('')}"
        return Fault(f"{path}: {fault}", again, "上のコマンドで作り直してください")
    return Fault(
        f"{path}: {fault}, as after a kill of dvc",
        "--mend brings back that of the commit; then dvc repro"
        if before
        else "--mend takes it away; then dvc repro",
        "--mend で直してから、dvc repro を実行してください",
        partial(restore, path, before),
    )


def restore(path: Path, before: str) -> str:
    """Put a record away, and the commit's in its place."""
    said = put_away(path)
    if before:
        write_atomically(path, f"{before}\n".encode())
        said += ", that of the commit is back"
    return said


def locks() -> Examination:
    """Git leaves its lock when it is killed, and then refuses all work."""
    folder = Path(git_or_none("rev-parse", "--git-dir") or ".git")
    left = [folder / name for name in ("index.lock", "HEAD.lock") if (folder / name).exists()]
    faults = [
        Fault(
            f"{path}: Git is at work, or was killed",
            f"if no Git and no editor is at work here: rm {path}",
            "Git やエディターが動いていなければ、上のコマンドで消してください",
        )
        for path in left
    ]
    busy = is_held(Path(".dvc/tmp/lock"))
    return "dvc is at work" if busy else "none is held", faults
