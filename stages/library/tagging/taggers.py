"""The tagger that params.yaml names: its files, what it runs on, and what is recorded of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.outputs import sha256
from stages.library.common.paths import located
from stages.library.common.workers import Place, RunOver, here
from stages.library.tagging import wd14
from stages.library.tagging.external_data import files_beside
from stages.library.tagging.families import ONLY, as_family
from stages.library.tagging.hub import fetched
from stages.library.tagging.model_files import BUILTIN, FILES, KEY, TAG_LIST, read_tag_list
from stages.library.tagging.pins import Pin, check_pinned, check_stored
from stages.library.tagging.providers import available, choose_provider
from stages.library.tagging.sessions import ON_GPU


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
    provider: str  # a key of `sessions.PROVIDERS`
    tags: list[str]
    categories: list[int]
    origin: str  # where it is from, with the commit
    fingerprint: str  # a name for all that decides on a picture's scores

    @property
    def is_builtin(self) -> bool:
        """Whether it is the builtin one, which sees colours only."""
        return self.folder == BUILTIN


def find_tagger(choice: Choice, spread: RunOver = here) -> Tagger:
    """Return the tagger that was chosen, fetched from the hub if need be.

    What it runs on is chosen where `spread` has it run.

    Raises:
        Problem: there is none, it can't be fetched, or its tag list is none.
        Problem: it is a repository's, and not the one that is written down.
    """
    local = local_folder(choice.model)
    folder = local or fetched(choice.model, choice.revision)
    digests = digests_of(folder)
    if not local:
        check_stored(folder, digests)
        check_pinned(choice.model, choice.pin, folder, digests)
    tags, categories = read_tag_list(folder / TAG_LIST)
    name = origin(choice.model, folder)
    (provider,) = spread([choice.provider], partial(chooser, folder, name), gpus=True)
    return Tagger(
        folder=folder,
        provider=provider,
        tags=tags,
        categories=categories,
        origin=name,
        fingerprint=fingerprint(digests, provider),
    )


def chooser(folder: Path, origin: str, place: Place) -> Callable[[Iterable[str]], Iterator[str]]:
    """Return what chooses a provider for the tagger: `choose_provider`, for a machine like this.

    Away, what was named is not given up for the CPU: each machine says itself if it lacks it.
    """

    def choose(wanted: str) -> str:
        if place.away and wanted != "auto":
            return wanted
        return choose_provider(wanted, folder_there(folder, origin))

    return partial(map, choose)


def folder_there(folder: Path, origin: str) -> Path:
    """Return a tagger's folder on this machine: the same as on the one that asks, or fetched.

    Raises:
        Problem: it is not here, and the hub doesn't give it.
    """
    if all((folder / name).is_file() for name in FILES):
        return folder
    model, _, revision = origin.rpartition("@")
    if folder.parent.name != "snapshots":
        raise Problem(f"{KEY}: {folder} is not here; share it, at the same path")
    return fetched(model, revision)


def as_there(tagger: Tagger) -> Tagger:
    """Return the tagger as it is on this machine, which must be the same as on the one that asks.

    Raises:
        Problem: it is another one, or runs on something else.
    """
    folder = folder_there(tagger.folder, tagger.origin)
    if fingerprint(digests_of(folder), tagger.provider) != tagger.fingerprint:
        raise Problem(f"{KEY}: {folder} holds another tagger here; share it, at the same path")
    if not available(tagger.provider):
        raise Problem(
            f"params.yaml, tagger.provider: {tagger.provider} isn't available here; install what "
            "it needs, or set provider: cpu"
        )
    return replace(tagger, folder=folder)


def local_folder(model: str) -> Path | None:
    """Return the folder of a tagger that is on this machine, `builtin` or another; None if none is.

    Raises:
        Problem: a file is missing there.
    """
    if model == "builtin":
        return BUILTIN
    folder = Path(model).expanduser()
    folder = folder if folder.is_dir() else located(model)  # in a queued experiment, its owner's
    if not folder.is_dir():
        return None
    for name in FILES:
        if not (folder / name).is_file():
            family = as_family(path.name for path in folder.iterdir())
            raise Problem(
                f"{KEY}: the folder {model!r} lacks {name}; a WD14 tagger has {' and '.join(FILES)}"
                + (f"{family}; {ONLY}" if family else "")
            )
    return folder


def origin(model: str, folder: Path) -> str:
    """Return what to record of where a tagger is from, for a repository with its commit.

    >>> origin("owner/model", Path("hub/models--owner--model/snapshots/3fa9c1d2"))
    'owner/model@3fa9c1d2'
    """
    return f"{model}@{folder.name}" if folder.parent.name == "snapshots" else folder.resolve().name


def digests_of(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of a tagger's files by name: `FILES`, then what the model takes besides.

    Raises:
        Problem: the model takes weights from outside of the folder.
    """
    return {name: sha256(folder / name) for name in (*FILES, *files_beside(folder))}


def fingerprint(digests: Mapping[str, str], provider: str) -> str:
    """Return a name for all that decides on a picture's scores: model, tag list, provider.

    Further files of a model come with their names; of two files it is as it always was, so that
    scores from before still count. On a GPU the number of pictures in a batch, which memory may
    lower, changes a score by less than 0.00001 (benchmarks): it says batches, not how large.

    >>> fingerprint({"model.onnx": 64 * "a", "selected_tags.csv": 64 * "b"}, "cpu")
    'aaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbb cpu contract 1'
    """
    both = " ".join(digests[name][:16] for name in FILES)
    more = "".join(
        f" {name} {digest[:16]}" for name, digest in digests.items() if name not in FILES
    )
    batches = " batches" if provider in ON_GPU else ""
    return f"{both}{more} {provider}{batches} contract {wd14.CONTRACT}"
