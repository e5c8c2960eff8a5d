"""Models from the hub, fetched once, and what its errors mean: taggers, and others."""

import logging
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
import huggingface_hub.errors

from stages.library.common.errors import Problem
from stages.library.common.foreign import printable
from stages.library.common.hub_requests import COMMIT, guard_requests, hub_file
from stages.library.common.hub_troubles import check_settings, trouble
from stages.library.common.paths import is_plain_name
from stages.library.common.values import did_you_mean
from stages.library.tagging.external_data import locations
from stages.library.tagging.families import TAKE, as_other, names_in, needed
from stages.library.tagging.model_files import FILES, KEY, MODEL

ANSWER_SECONDS = 10

REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")


KNOWN = (
    *(
        f"SmilingWolf/wd-{name}"
        for name in (
            *("v1-4-moat-tagger-v2", "v1-4-convnext-tagger-v2", "v1-4-convnextv2-tagger-v2"),
            *("v1-4-swinv2-tagger-v2", "v1-4-vit-tagger-v2", "convnext-tagger-v3"),
            *("swinv2-tagger-v3", "vit-tagger-v3", "vit-large-tagger-v3"),
            "eva02-large-tagger-v3",
        )
    ),
    *("animetimm/caformer_b36.dbv4-full", "animetimm/eva02_large_patch14_448.dbv4-full"),
    *("deepghs/pixai-tagger-v0.9-onnx", "noaione/pixai-tagger-v1.0-onnx"),
    *("cella110n/cl_tagger/cl_tagger_1_02", "cella110n/cl_tagger_v2/v2_00"),
    *("Camais03/camie-tagger-v2", "deepghs/ml-danbooru-onnx/ml_caformer_m36_dec-5-97527.onnx"),
)
"""Taggers that one may have meant."""


@dataclass(frozen=True)
class Address:
    """Where a hub's model stands."""

    repository: str
    folder: str  # in the repository, with a / behind it; '' at its top
    model: str  # the one that is meant, where there are several; '' where it isn't named

    @property
    def first(self) -> str:
        """The file that is asked for first."""
        return self.folder + (self.model or MODEL)


def address_of(model: str) -> Address:
    """Return the parts of OWNER/MODEL, OWNER/MODEL/FOLDER or OWNER/MODEL/FOLDER/FILE.onnx.

    >>> address_of("cella110n/cl_tagger/cl_tagger_1_02")
    Address(repository='cella110n/cl_tagger', folder='cl_tagger_1_02/', model='')
    >>> address_of("deepghs/ml-danbooru-onnx/ml_caformer.onnx").model
    'ml_caformer.onnx'
    """
    owner, name, *inner = model.split("/")
    named = inner.pop() if inner and inner[-1].endswith(".onnx") else ""
    return Address(f"{owner}/{name}", "".join(f"{part}/" for part in inner), named)


@dataclass(frozen=True)
class Wanted:
    """Which models are looked for, and how they are spoken of."""

    key: str  # of params.yaml, where it names one
    revision_key: str  # and its commit
    words: tuple[str, ...]  # what may stand there for one that needs no hub
    known: tuple[str, ...]  # some that one may have meant
    take: str  # where those are told that can be used
    address_of: Callable[[str], Address]
    names_in: Callable[[Path], list[str]]  # the files in a folder that may be of one
    needed: Callable[[Collection[str], str, str], list[str]]  # those that are; the last a model
    as_other: Callable[[Iterable[str]], str] = lambda _: ""  # what else it looks like

    def neither(self, model: str) -> str:
        """Return the message for what names no model at all."""
        words = "".join(f"{word}, nor " for word in self.words)
        return f"{self.key}: {printable(model)!r} is neither {words}a folder, nor OWNER/MODEL"


TAGGERS = Wanted(
    key=KEY,
    revision_key="params.yaml, tagger.revision",
    words=("builtin",),
    known=KNOWN,
    take=TAKE,
    address_of=address_of,
    names_in=names_in,
    needed=needed,
    as_other=as_other,
)


def fetched(model: str, revision: str, wanted: Wanted = TAGGERS) -> tuple[Path, str]:
    """Return the folder of a hub's model, downloading what isn't here, and the model meant.

    The folder is, or is in, one that is called as the commit is. Of a commit that an earlier run
    fetched the hub is not asked; where a repository has no such commit, it is the one that the
    branch main is at.

    Raises:
        Problem: the hub doesn't give the files and they aren't here from an earlier run.
        Problem: the files are those of none that can be used.
    """
    if "/" not in model:
        hint = did_you_mean(model, wanted.words, "write one of these")
        raise Problem(f"{wanted.neither(model)}; {hint}")
    huggingface_hub.logging.set_verbosity(logging.ERROR)  # `hub_error` tells what matters
    address = wanted.address_of(model)
    if not is_inside(address.folder + (address.model or MODEL)):
        raise Problem(f"{wanted.neither(model)}; write one of these")
    here = fetched_before(address, revision, wanted)
    if here and COMMIT.fullmatch(revision):
        return here, address.model
    try:
        commit, names = asked(address, revision)
        return downloaded(address, commit, names, repr(model), wanted), address.model
    except Problem:
        raise
    except Exception as error:  # classes of several libraries below, without a common base
        if here:
            return here, address.model
        raise hub_error(model, revision, error, wanted) from None


def fetched_before(address: Address, revision: str, wanted: Wanted) -> Path | None:
    """Return the folder with the files that an earlier run fetched, if all are there."""
    if not REPOSITORY.fullmatch(address.repository):
        return None
    called = "models--" + address.repository.replace("/", "--")
    home = Path(huggingface_hub.constants.HF_HUB_CACHE) / called
    branch = home / "refs" / (revision or "main")
    commit = branch.read_text(encoding="utf-8") if branch.is_file() else revision
    folder = home / "snapshots" / commit / address.folder
    if not COMMIT.fullmatch(commit) or not folder.is_dir():
        return None
    try:
        *_, name = wanted.needed(wanted.names_in(folder), address.model, "it")
    except Problem:
        return None  # not all of it came
    model = folder / name
    all_there = all((model.parent / other).is_file() for other in locations(model))
    return folder if all_there else None


def is_inside(name: str) -> bool:
    """Return whether a file of that name stands in the repository that it is of.

    >>> is_inside("v2_00/model.onnx"), is_inside("../../model.onnx"), is_inside("/model.onnx")
    (True, False, False)
    """
    return all(is_plain_name(part) for part in name.split("/"))


def downloaded(address: Address, commit: str, names: list[str], place: str, wanted: Wanted) -> Path:
    """Return the folder of a model's files, each downloaded if need be; `names` are those there.

    The model comes after what says how it is asked, so that one is there only with all of that.

    Raises:
        Problem: they are of none that can be used.
        Exception: what the library raises.
    """
    inside = [
        name.removeprefix(address.folder)
        for name in names
        if name.startswith(address.folder) and is_inside(name)
    ]
    for name in wanted.needed(inside, address.model, place):
        path = hub_file(wanted.key, address.repository, address.folder + name, commit)
    beside = {f"{name.rpartition('/')[0]}/{other}".lstrip("/") for other in locations(path)}
    for other in sorted(beside & {*inside}):
        hub_file(wanted.key, address.repository, address.folder + other, commit)
    return path.parents[name.count("/")]


def asked(address: Address, revision: str) -> tuple[str, list[str]]:
    """Return the commit of a revision, and the names of its files.

    Of the branch main where there is no such commit. The hub is asked once, with a short patience,
    before anything else: left to itself the library tries for six minutes.

    Raises:
        Exception: the hub doesn't answer, or has no such repository or revision.
    """
    check_settings()
    guard_requests()
    try:
        url = huggingface_hub.hf_hub_url(
            address.repository, address.first, revision=revision or "main"
        )
        commit = huggingface_hub.get_hf_file_metadata(url, timeout=ANSWER_SECONDS).commit_hash
    except huggingface_hub.errors.RevisionNotFoundError:
        if not COMMIT.fullmatch(revision):
            raise
        return asked(address, "main")
    except huggingface_hub.errors.RemoteEntryNotFoundError:  # the model may be called otherwise
        commit, names = listed(address, revision)
        if not commit or address.first in names:
            raise
        return commit, names
    if commit is None:
        raise huggingface_hub.errors.FileMetadataError("its answer names no commit, it is no hub's")
    # a hub that tells no names has WD14's, or has none that we could know
    return commit, listed(address, commit)[1] or [address.folder + name for name in FILES]


def listed(address: Address, revision: str) -> tuple[str, list[str]]:
    """Return the commit of a revision, and the names of its files; nothing if untold."""
    try:
        found = huggingface_hub.HfApi().model_info(
            address.repository, revision=revision or "main", timeout=ANSWER_SECONDS
        )
    except Problem:
        raise
    except Exception:  # classes of several libraries below, without a common base
        return "", []
    commit = found.sha or ""
    return commit if COMMIT.fullmatch(commit) else "", [
        each.rfilename for each in found.siblings or []
    ]


def hub_error(model: str, revision: str, error: Exception, wanted: Wanted) -> Problem:
    """Return the error to show for one that the hub's library raised."""
    errors, place = huggingface_hub.errors, f"{wanted.key}: {model!r}"
    status = error.response.status_code if isinstance(error, errors.HfHubHTTPError) else 0
    if isinstance(error, errors.HFValidationError):
        return Problem(f"{wanted.neither(model)}; write one of these")
    if isinstance(error, errors.RevisionNotFoundError):
        return Problem(
            f"{wanted.revision_key}: {model} has no revision {revision!r}; "
            "see 'Files and versions' on its page"
        )
    if isinstance(error, errors.RemoteEntryNotFoundError):
        address = wanted.address_of(model)
        other = wanted.as_other(listed(address, revision)[1])
        return Problem(
            f"{place} lacks {address.first}, or a file that goes with it{other}; {wanted.take}"
        )
    if isinstance(error, errors.GatedRepoError) or status == 403:
        return Problem(
            f"{place} is not open to everybody; accept its terms on its page and set HF_TOKEN"
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        hint = did_you_mean(model, wanted.known, "check its spelling")
        return Problem(f"{place} is no folder here and no model on the hub; {hint}")
    if status == 401:
        return Problem(f"{place} can't be downloaded: the hub doesn't accept your HF_TOKEN")
    if known := trouble(error):
        return Problem(f"{place} can't be downloaded: {known}")
    reason = next((line for line in str(error).splitlines() if line.strip()), repr(error))
    return Problem(
        f"{place} is no folder here and can't be downloaded: {reason.strip()}; try again when the "
        "hub can be reached, what was scored is kept / ネットにつないでもう一度実行してください"
    )
