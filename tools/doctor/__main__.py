"""Say what is wrong with the project on this computer; with --mend, mend what is safe."""

import sys
from collections.abc import Callable
from pathlib import Path

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.errors import Problem
from tools.doctor.cache import objects
from tools.doctor.faults import Examination, Fault
from tools.doctor.leftovers import corrections, leftovers, lent_loras
from tools.doctor.machine import INSTALL, identity, packages, python
from tools.doctor.records import dvc_records, locks, rwlock
from tools.doctor.remotes import drive, remote

CHECKS: dict[str, Callable[[], Examination]] = {
    "Python": python,
    "packages": packages,
    "Git": identity,
    "rwlock": rwlock,
    "dvc.lock, .dvc": dvc_records,
    "locks": locks,
    "leftovers": leftovers,
    "corrections": corrections,
    "lent LoRAs": lent_loras,
    "cache": objects,
    "remote": remote,
    "Drive": drive,
}
"""In this order: what stands first can keep those below from being examined."""


def examined(check: Callable[[], Examination]) -> Examination:
    """Call a check; what keeps it from its work is a fault, too."""
    try:
        return check()
    except ImportError as error:
        return "", [Fault(str(error), *INSTALL)]
    except (OSError, Problem) as error:
        return "", [Fault(str(error), "see above", "上の行を見てください")]


def doctor(mend: bool) -> None:
    """Print what every check finds, and mend.

    Raises:
        Problem: something is wrong still.
    """
    if not Path("dvc.yaml").is_file():
        raise Problem("dvc.yaml: is not here; run this in the folder of the project")
    left = mendable = 0
    for name, check in CHECKS.items():
        said, faults = examined(check)
        if not faults:
            print(f"  ok      {name:<16}{said}", flush=True)
        for fault in faults:
            print(f"  WRONG   {name:<16}{fault.wrong}")
            if mend and fault.mend:
                print(f"{'':10}-> mended: {fault.mend()}", flush=True)
                continue
            left, mendable = left + 1, mendable + bool(fault.mend)
            print(f"{'':10}-> {fault.english}\n{'':10}-> {fault.japanese}", flush=True)
    if left:
        can, japanese = "", ""
        if mendable:
            can = f"; python -m tools.doctor --mend mends {mendable} of them"
            japanese = f"(うち {mendable} 個は --mend で直せます)"
        raise Problem(f"{left} left to mend{can} / 直すところが {left} 個あります{japanese}")


def build_parser() -> Parser:
    parser = Parser("tools.doctor", __doc__)
    parser.add_argument("--mend", action="store_true", default=False, help="mend what is safe")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), doctor, argv)


if __name__ == "__main__":
    sys.exit(main())
