"""What is asked of DVC's insides, beyond its commands and `dvc.api`: all of it is here.

Any release may change them; `TRIED` is the one that they are known with.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from dvc.cli import parse_args
from dvc.exceptions import DvcException
from dvc.fs import ConfigError, RemoteMissingDepsError
from dvc.repo import Repo
from dvc.utils import glob_targets

from stages.library.common.errors import Problem
from stages.library.common.paths import refuse_names_out

TRIED = "3.67"
"""The release of DVC; requirements.txt lets no other in."""


@contextmanager
def as_problem(before: str, after: str) -> Iterator[None]:
    """Have what DVC says is wrong shown as a Problem, with some words before and after it."""
    try:
        yield
    except DvcException as error:
        raise Problem(f"{before}{error}{after}") from None
    except sqlite3.OperationalError as error:  # in notes that it keeps outside the project
        raise Problem(
            f"DVC can't write its notes: {error}; make room on the disk of your home folder"
            " / ホームフォルダーのあるディスクの空きを増やしてください"
        ) from None


@contextmanager
def opened_remote(name: str) -> Iterator[tuple[str, Any, Repo]]:
    """Yield the name and the `dvc.data_cloud.Remote` of a DVC remote, and the repository.

    Without a name it is the default one.

    Raises:
        ImportError: a package is missing that it needs.
        Problem: there is no such remote, or DVC can't read its settings.
    """
    advice = "; see: dvc remote list, dvc config --list"
    try:
        with as_problem("", advice), Repo() as repo:
            chosen = name or repo.config["core"].get("remote") or ""
            yield chosen, repo.cloud.get_remote(name or None, "push"), repo
    except RemoteMissingDepsError as error:
        raise ImportError(str(error)) from None
    except ConfigError as error:
        raise Problem(f"{error}{advice}") from None


@contextmanager
def opened_project() -> Iterator[Repo]:
    """Yield the project in the current folder.

    Raises:
        Problem: DVC can't read it.
    """
    with as_problem("the project can't be read: ", ""), Repo() as repo:
        yield repo


def jobs_of(words: list[str]) -> int | None:
    """Return how many objects `dvc push WORDS` sends at once; None where it decides itself."""
    jobs: int | None = parse_args(["push", *words]).jobs
    return jobs


def are_targets(words: list[str]) -> bool:
    """Return whether DVC knows all targets among the words that `dvc push` takes."""
    given = parse_args(["push", *words])
    if given.all_branches or given.all_tags or given.all_commits:
        return True  # it may be known in one of those only
    try:
        with Repo() as repo:
            targets = glob_targets(given.targets, glob=given.glob)
            repo.index.collect_targets(
                targets, with_deps=given.with_deps, recursive=given.recursive
            )
    except DvcException:
        return False
    return True


class Output(NamedTuple):
    """What an output was when it was last recorded: its path, its object, what is meant of it."""

    path: str
    oid: str
    within: tuple[str, ...] = ()


def outputs(repo: Any, words: list[str], remote: str) -> Iterator[Output]:
    """Yield the outputs that `dvc push WORDS --remote REMOTE` means, and those of the commit.

    As dvc/repo/fetch.py::_collect_indexes collects them, but without the index that DVC keeps
    outside the repository, which a killed push leaves partial (treeverse/dvc#10977). Without words
    the outputs that HEAD records count, too: they are what somebody else pulls.
    """
    from dvc.repo.index import index_from_targets
    from dvc.scm import NoSCM

    given = parse_args(["push", *words])
    whole = given.all_branches or given.all_tags or given.all_commits
    head = not (whole or given.targets or isinstance(repo.scm, NoSCM) or repo.scm.no_commits)
    targets = glob_targets(given.targets, glob=given.glob)
    for _ in repo.brancher(
        revs=["HEAD"] if head else None,
        all_branches=given.all_branches,
        all_tags=given.all_tags,
        all_commits=given.all_commits,
    ):
        view = index_from_targets(
            repo, targets, with_deps=given.with_deps, recursive=given.recursive
        )
        for out, part in view._filtered_outs:
            mine = out.use_cache and out.can_push and out.remote in (None, remote)
            if mine and out.hash_name == "md5" and out.hash_info and not out.stage.is_repo_import:
                within = out.fs.relparts(part, out.fs_path) if part else ()
                path = out.fs.as_posix(out.fs.relpath(out.fs_path, repo.root_dir))
                yield Output(path, str(out.hash_info.value), () if within == (".",) else within)


def files_of(output: Output, stores: list[Any]) -> dict[str, str] | None:
    """Return the files of an output by their objects; None if no store can tell what they are.

    Only a folder has more than its own object: a `.dir`, which lists them.

    Raises:
        Problem: it lists a file outside of the folder.
    """
    if not output.oid.endswith(".dir"):
        return {}
    for store in stores:
        if (listed := _listed(store, output.oid, output.path)) is not None:
            start = len(output.within)
            return {
                oid: "/".join((output.path, *parts))
                for parts, oid in listed
                if parts[:start] == output.within
            }
    return None


def cached_files(repo: Any, path: str, oid: str) -> dict[str, Path] | None:
    """Return where the cache has the files of a folder, by their names in it, if it has them.

    None if the cache can't tell what they are.

    Raises:
        Problem: it lists a file outside of the folder.
    """
    store = repo.cache.local
    listed = _listed(store, oid, path)
    if listed is None:
        return None
    return {"/".join(parts): Path(store.oid_to_path(file)) for parts, file in listed}


def _listed(store: Any, oid: str, path: str) -> list[tuple[tuple[str, ...], str]] | None:
    """Return the files that a `.dir` lists, each with its object; None if a store can't tell."""
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.tree import Tree
    from dvc_objects.errors import ObjectFormatError

    try:
        tree = Tree.load(store, HashInfo("md5", oid))
    except (FileNotFoundError, ObjectFormatError):
        return None
    refuse_names_out(["/".join(parts) for parts, _, _ in tree], f"{path} ({oid})")
    return [(parts, str(file.value)) for parts, _, file in tree]


def sizes(store: Any) -> dict[str, int]:
    """Return the size in bytes of each object of a store, by its id; in one listing.

    dvc_objects/db.py::_list_oids, but with sizes: PyDrive2 lists folders, not files, a request,
    and keeps ids of folders as long as the process lives, unless its instances are forgotten.
    """
    fs = store.fs.fs
    found = fs.find(store.path, detail=True)
    if isinstance(found, dict):
        type(fs).clear_instance_cache()
        listed = {path: int(info["size"] or 0) for path, info in found.items()}
    else:  # DVC's own find of a local folder knows no details
        listed = {}
        for path in found:
            with suppress(FileNotFoundError):  # another push renames its own
                listed[path] = Path(path).lstat().st_size
    ids = {path: Path(path).parts[-2:] for path in listed}
    return {"".join(ids[path]): size for path, size in listed.items() if len(ids[path][0]) == 2}


def forget(repo: Any, store: Any) -> None:
    """Clear what DVC believes to be in a remote, and what it collected for a push or pull of it.

    dvc_data/hashfile/status.py::_indexed_dir_hashes takes the files of a known `.dir` for there,
    dvc_data/index/collect.py::collect what a killed process had collected for everything.
    """
    from dvc_data.hashfile.db import get_index

    with closing(get_index(store)) as index:
        index.clear()
    repo.drop_data_index()


def send(cache: Any, store: Any, oids: list[str], jobs: int | None) -> list[str]:
    """Copy objects from the cache to a remote, whatever is believed; return those that failed.

    As dvc_data/hashfile/transfer.py::_add does.
    """
    failed: list[str] = []
    if oids:
        store.add(
            [cache.oid_to_path(oid) for oid in oids],
            cache.fs,
            oids,
            check_exists=False,
            batch_size=jobs or store.fs.jobs,
            on_error=lambda oid, error: failed.append(f"{oid}: {error}"),
        )
    return failed


def fault_of_record(path: Path) -> str:
    """Return why DVC can't read a dvc.lock or .dvc file; '' if it can.

    DVC writes them in place (dvc/utils/serialize/_common.py::_modify_data), so that a kill leaves
    an empty or a cut one.
    """
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA, COMPILED_SINGLE_STAGE_SCHEMA
    from dvc.utils.serialize import loads_yaml
    from ruamel.yaml.error import YAMLError
    from voluptuous import Invalid

    lock = path.name == "dvc.lock"
    try:
        record = loads_yaml(path.read_text(encoding="utf-8"))
        (COMPILED_LOCKFILE_SCHEMA if lock else COMPILED_SINGLE_STAGE_SCHEMA)(record)
    except (YAMLError, Invalid, ValueError) as error:
        return " ".join(str(error).split())[:100] if path.stat().st_size else "empty"
    return "" if lock or record.get("outs") else "names no output"
