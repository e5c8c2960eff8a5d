"""How many cores this process may use: in a container often far fewer than the machine has."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

PROCESS = Path("/proc/self")


def usable_cores() -> int:
    """Return how many cores this process may use, at least one.

    Python knows which cores it may run on (3.13 has os.process_cpu_count for that), but not how
    much of their time a container is given: with threads for all of them each waits for the others.
    """
    if hasattr(os, "sched_getaffinity"):  # not on a Mac, which can't take cores away
        allowed = len(os.sched_getaffinity(0))
    else:
        allowed = os.cpu_count() or 1
    return max(1, min([allowed, *quotas(PROCESS)]))


def quotas(process: Path) -> Iterator[int]:
    """Yield what the process's control groups, and those that they are in, allow in cores.

    `process` is its folder in /proc; of a group that can't be read nothing is known.
    https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
    """
    for mount, inside in groups(process):
        folder = mount / inside
        for each in (folder, *folder.parents[: len(inside.parts)]):
            try:
                quota, period = limits(each)
            except (OSError, ValueError):  # no limit: "max", or no such file
                continue
            if quota > 0 and period > 0:  # -1: no limit
                yield math.ceil(quota / period)


def groups(process: Path) -> Iterator[tuple[Path, Path]]:
    """Yield where the control groups with a limit for the CPU are mounted, and the process's there.

    Without a namespace of its own a container sees the names that the machine has for its groups,
    and mounted is only what is below them.
    """
    try:
        mounts = (process / "mountinfo").read_text().splitlines()
        lines = (process / "cgroup").read_text().splitlines()
    except OSError:
        return
    names: dict[str, str] = {}
    for line in lines:
        _, controllers, path = line.split(":", 2)
        names |= dict.fromkeys(controllers.split(","), path)
    for line in mounts:
        place, _, kind = line.partition(" - ")
        root, mount = place.split()[3:5]
        filesystem, *_, options = kind.split()
        if filesystem == "cgroup2":
            path = names.get("", "")  # version 2 has one tree for all
        elif filesystem == "cgroup" and "cpu" in options.split(","):
            path = names.get("cpu", "")
        else:
            continue
        if path:
            inside = Path(os.path.relpath(path, root))
            yield Path(mount), Path() if ".." in inside.parts else inside


def limits(group: Path) -> tuple[int, int]:
    """Return the microseconds of a core that a group has in every so many, in either version."""
    try:
        quota, period = (group / "cpu.max").read_text().split()
    except FileNotFoundError:
        quota = (group / "cpu.cfs_quota_us").read_text()
        period = (group / "cpu.cfs_period_us").read_text()
    return int(quota), int(period)
