"""The tagger that params.yaml names: its files, what it runs on, and what is recorded of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.outputs import sha256
from stages.library.common.paths import located
from stages.library.common.workers import Place, RunOver, here
from stages.library.tagging import encoders
from stages.library.tagging.contract import Contract
from stages.library.tagging.external_data import files_beside
from stages.library.tagging.families import names_in, needed, recognised
from stages.library.tagging.hub import TAGGERS, Wanted, fetched
from stages.library.tagging.model_files import BUILTIN, KEY, Files, snapshot
from stages.library.tagging.models import load_model
from stages.library.tagging.pins import Pin, check_pinned, check_stored
from stages.library.tagging.providers import Load, available, choose_provider
from stages.library.tagging.sessions import ON_GPU
from stages.library.tagging.taggers import wd14


@dataclass(frozen=True)
class Choice:
    """The keys of params.yaml, section tagger."""

    model: str
    revision: str
    model_sha256: str
    tag_list_sha256: str
    provider: str

    @property
    def pin(self) -> Pin:
        """What a repository's files must be."""
        return Pin(self.revision, self.model_sha256, self.tag_list_sha256)


@dataclass(frozen=True)
class Tagger:
    """A tagger that is here, to be loaded."""

    folder: Path
    model: str  # the file's name
    provider: str  # a key of `sessions.PROVIDERS`
    tags: list[str]
    categories: list[int]  # of the tags: `categories.CATEGORIES`
    origin: str  # where it is from, with the commit
    fingerprint: str  # a name for all that decides on a picture's scores
    thresholds: dict[int, float] = field(default_factory=dict)  # the authors' own, by category
    tag_thresholds: list[float] = field(default_factory=list)  # and by tag, if they ship those

    @property
    def is_builtin(self) -> bool:
        """Whether it is the builtin one, which sees colours only."""
        return self.folder == BUILTIN


def find_tagger(choice: Choice, spread: RunOver = here) -> Tagger:
    """Return the tagger that was chosen, fetched from the hub if need be.

    What it runs on is chosen where `spread` has it run.

    Raises:
        Problem: there is none, it can't be fetched, or its files are of no family.
        Problem: it is a repository's, and not the one that is written down.
    """
    local = local_folder(choice.model)
    folder, named = local or fetched(choice.model, choice.revision)
    place = f"the folder {choice.model!r}" if local else repr(choice.model)
    names = needed(names_in(folder), named, place)
    digests = digests_of(folder, names)
    if not local:
        check_stored(folder, digests)
    files, contract = recognised(folder, named, place)
    for other in {*names} - {*files.names}:  # of a family that it might have been
        del digests[other]
    if not local:
        check_pinned(choice.model, choice.pin, files, digests)
    name = origin(choice.model, folder)
    (provider,) = spread([choice.provider], partial(chooser, files, name), gpus=True)
    return Tagger(
        folder=folder,
        model=files.model,
        provider=provider,
        tags=contract.tags,
        categories=contract.categories,
        origin=name,
        fingerprint=fingerprint(files, digests, contract, provider),
        thresholds=contract.thresholds,
        tag_thresholds=contract.tag_thresholds,
    )


def chooser(
    files: Files | encoders.Files,
    origin: str,
    place: Place,
    wanted: Wanted = TAGGERS,
    load: Load = load_model,
) -> Callable[[Iterable[str]], Iterator[str]]:
    """Return what chooses a provider for a model: `choose_provider`, for a machine like this.

    Away, what was named is not given up for the CPU: each machine says itself if it lacks it.
    """

    def choose(provider: str) -> str:
        if place.away and provider != "auto":
            return provider
        folder = folder_there(files.folder, files.names, origin, wanted)
        return choose_provider(provider, folder, files.model, load)

    return partial(map, choose)


def folder_there(folder: Path, names: Iterable[str], origin: str, wanted: Wanted = TAGGERS) -> Path:
    """Return a model's folder on this machine: the same as on the one that asks, or fetched.

    Raises:
        Problem: it is not here, and the hub doesn't give it.
    """
    if all((folder / name).is_file() for name in names):
        return folder
    model, _, revision = origin.rpartition("@")
    if not snapshot(folder):
        raise Problem(f"{wanted.key}: {folder} is not here; share it, at the same path")
    return fetched(model, revision, wanted)[0]


def as_there(tagger: Tagger) -> Tagger:
    """Return the tagger as it is on this machine, which must be the same as on the one that asks.

    Raises:
        Problem: it is another one, or runs on something else.
    """
    folder = folder_there(tagger.folder, [tagger.model], tagger.origin)
    files, contract = recognised(folder, tagger.model, str(folder))
    digests = digests_of(folder, files.names)
    if fingerprint(files, digests, contract, tagger.provider) != tagger.fingerprint:
        raise Problem(f"{KEY}: {folder} holds another tagger here; share it, at the same path")
    if not available(tagger.provider):
        raise Problem(
            f"params.yaml, tagger.provider: {tagger.provider} isn't available here; install what "
            "it needs, or set provider: cpu"
        )
    return replace(tagger, folder=folder)


def local_folder(model: str) -> tuple[Path, str] | None:
    """Return the folder of a tagger that is on this machine, and the model in it if one is named.

    `model` is `builtin`, a folder, or an .onnx file in one; None if it is neither.
    """
    if model == "builtin":
        return BUILTIN, ""
    for path in (Path(model).expanduser(), located(model)):  # in a queued experiment, its owner's
        if path.is_dir():
            return path, ""
        if path.suffix == ".onnx" and path.is_file():
            return path.parent, path.name
    return None


def origin(model: str, folder: Path) -> str:
    """Return what to record of where a tagger is from, for a repository with its commit.

    >>> origin("owner/model", Path("hub/models--owner--model/snapshots/3fa9c1d2"))
    'owner/model@3fa9c1d2'
    """
    stored = snapshot(folder)
    return f"{model}@{stored.name}" if stored else folder.resolve().name


def digests_of(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """Return the SHA-256 of a tagger's files by name, and of what its model takes besides.

    Raises:
        Problem: the model takes weights from outside of the folder.
    """
    models = [name for name in names if name.endswith(".onnx")]
    beside = [other for name in models for other in files_beside(folder / name)]
    return {name: sha256(folder / name) for name in (*names, *beside)}


def fingerprint(files: Files, digests: Mapping[str, str], contract: Contract, provider: str) -> str:
    """Return a name for all that decides on a picture's scores: files, contract, provider.

    Further files of a model come with their names; of WD14's two it is as it always was, so that
    scores from before still count. On a GPU the number of pictures in a batch, which memory may
    lower, changes a score by less than 0.00001 (benchmarks): it says batches, not how large.
    """
    first = (files.model, files.tag_list)
    both = " ".join(digests[name][:16] for name in first)
    beside = [name for name in digests if name not in files.names]
    more = "".join(f" {name} {digests[name][:16]}" for name in (*files.more, *beside))
    batches = " batches" if provider in ON_GPU else ""
    family = "" if contract.family == wd14.FAMILY else f" {contract.family}"
    return f"{both}{more} {provider}{batches}{family} contract {contract.number}"
