"""Send the objects that a remote lacks, whatever DVC believes to be there.

A process of its own, so that tools.remote can stop it when it hangs; no command for people.
"""

import hashlib
import sys
from pathlib import Path

from stages.library.common.dvc_internals import forget, jobs_of, send
from tools.remote.config import Remote, opened
from tools.remote.objects import survey

AS_PROCESS = (
    sys.executable,
    "-c",
    f"import sys, {__name__} as it; sys.exit(it.main(sys.argv[1:]))",
)
"""The command; the remote's name and the words for dvc push follow."""


def send_lacking(remote: Remote, words: list[str]) -> list[str]:
    """Send what waits in the cache, the lists of folders last; return what could not be sent.

    Nothing is deleted but an object of the wrong size, of which Drive would keep both.
    """
    found = survey(remote, words)
    cache, store = remote.repo.cache.local, remote.dvc.odb
    forget(remote.repo, store)
    sendable = found.sendable
    damaged = [oid for oid in sendable if not is_right(Path(cache.oid_to_path(oid)), oid)]
    failed = [f"{found.waiting[oid]}: damaged in the cache" for oid in damaged]
    good = [oid for oid in sendable if oid not in damaged]
    for oid in found.wrong & set(good):
        store.delete(oid)
    jobs = jobs_of(words)
    for lists in (False, True):
        oids = [oid for oid in good if oid.endswith(".dir") == lists]
        if not failed:  # a list without its files would make DVC believe in them
            failed += send(cache, store, oids, jobs)
            print(f"{len(oids)} {'lists of folders' if lists else 'files'} sent", flush=True)
    return failed


def is_right(path: Path, oid: str) -> bool:
    """Return whether an object's bytes have the MD5 that is its name."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest() == oid.removesuffix(".dir")


def main(argv: list[str]) -> int:
    with opened(argv[0]) as remote:
        failed = send_lacking(remote, argv[1:])
    print(*failed, sep="\n", end="\n" if failed else "", file=sys.stderr)
    return 1 if failed else 0
