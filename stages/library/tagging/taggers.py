"""The tagger that params.yaml names: its files, what it runs on, and what is recorded of it."""

from dataclasses import dataclass
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.common.outputs import sha256
from stages.library.tagging import wd14
from stages.library.tagging.hub import fetched
from stages.library.tagging.model_files import BUILTIN, FILES, KEY, TAG_LIST, read_tag_list
from stages.library.tagging.providers import choose_provider
from stages.library.tagging.sessions import ON_GPU


@dataclass(frozen=True)
class Choice:
    """The keys of params.yaml, section tagger."""

    model: str
    revision: str
    provider: str


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


def find_tagger(choice: Choice) -> Tagger:
    """Return the tagger that was chosen, fetched from the hub if need be.

    Raises:
        Problem: there is none, it can't be fetched, or its tag list is none.
    """
    folder = tagger_folder(choice.model, choice.revision)
    tags, categories = read_tag_list(folder / TAG_LIST)
    provider = choose_provider(choice.provider, folder)
    return Tagger(
        folder=folder,
        provider=provider,
        tags=tags,
        categories=categories,
        origin=origin(choice.model, folder),
        fingerprint=fingerprint(folder, provider),
    )


def tagger_folder(model: str, revision: str) -> Path:
    """Return the folder of a tagger: `builtin`, a local folder, or a hub repository (fetched).

    Raises:
        Problem: there is no such folder, repository or revision, or a file is missing.
        Problem: the hub doesn't give the files and they aren't here from an earlier run.
    """
    if model == "builtin":
        return BUILTIN
    folder = Path(model).expanduser()
    if not folder.is_dir():
        return fetched(model, revision)
    for name in FILES:
        if not (folder / name).is_file():
            raise Problem(
                f"{KEY}: the folder {model!r} lacks {name}; a WD14 tagger has {' and '.join(FILES)}"
            )
    return folder


def origin(model: str, folder: Path) -> str:
    """Return what to record of where a tagger is from, for a repository with its commit.

    >>> origin("owner/model", Path("hub/models--owner--model/snapshots/3fa9c1d2"))
    'owner/model@3fa9c1d2'
    """
    return f"{model}@{folder.name}" if folder.parent.name == "snapshots" else folder.resolve().name


def fingerprint(folder: Path, provider: str) -> str:
    """Return a name for all that decides on a picture's scores: model, tag list, provider.

    On a GPU the number of pictures in a batch, which memory may lower, changes a score by less
    than 0.00001 (benchmarks): the name says batches, not how large.
    """
    digests = " ".join(sha256(folder / name)[:16] for name in FILES)
    batches = " batches" if provider in ON_GPU else ""
    return f"{digests} {provider}{batches} contract {wd14.CONTRACT}"
