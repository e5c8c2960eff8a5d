"""The remote, and the Drive where it is mounted; what tools.remote checks before a push."""

import os
from pathlib import Path

from stages.library.common.drive import AGAIN, fault_of
from tools.doctor.faults import Examination, Fault


def remote() -> Examination:
    """Only a remote that was set up here can be wrong; a fresh clone has none of its own."""
    from tools.remote.checks import findings  # a second that the others need not pay
    from tools.remote.config import described, opened

    with opened("") as chosen:
        said = f"{chosen.name}: {described(chosen)}"
        if chosen.kind != "folder" and not Path(".dvc/config.local").is_file():
            return f"{said}; not set up here yet (docs/drive.md)", []
        found = [each for each in findings(chosen, before_push=True) if each.advice]
    faults = [
        Fault(f"{each.check}: {each.text}", each.advice.english, each.advice.japanese)
        for each in found
        if each.advice
    ]
    return f"{said}; python -m tools.remote check says more", faults


def drive() -> Examination:
    named = os.environ.get("NASUMISO_DRIVE", "")
    fault = fault_of(Path(named).expanduser()) if named else ""
    if not fault:
        return named or "NASUMISO_DRIVE is not set", []
    return "", [Fault(f"NASUMISO_DRIVE: {fault} {named}", *AGAIN)]
