"""Taggers from the hub: fetched once, and what its errors mean."""

import logging
from pathlib import Path

import huggingface_hub
import huggingface_hub.errors

from stages.library.common.errors import Problem
from stages.library.common.foreign import printable
from stages.library.common.hub_requests import COMMIT, guard_requests, hub_file
from stages.library.common.hub_troubles import check_settings, trouble
from stages.library.common.values import did_you_mean
from stages.library.tagging.families import ONLY, OTHERS, SAYS, as_family
from stages.library.tagging.model_files import FILES, KEY, MODEL

ANSWER_SECONDS = 10


WD14 = tuple(
    f"SmilingWolf/wd-{name}"
    for name in (
        *("v1-4-moat-tagger-v2", "v1-4-convnext-tagger-v2", "v1-4-convnextv2-tagger-v2"),
        *("v1-4-swinv2-tagger-v2", "v1-4-vit-tagger-v2", "convnext-tagger-v3"),
        *("swinv2-tagger-v3", "vit-tagger-v3", "vit-large-tagger-v3", "eva02-large-tagger-v3"),
    )
)
"""Taggers that one may have meant."""


def fetched(model: str, revision: str) -> Path:
    """Return the folder of a hub repository's files, downloading what isn't here.

    It is called as the commit is. Of a commit that an earlier run fetched the hub is not asked;
    where a repository has no such commit, it is the one that the branch main is at.

    Raises:
        Problem: the hub doesn't give the files and they aren't here from an earlier run.
    """
    if "/" not in model:
        raise Problem(f"{neither(model)}; {did_you_mean(model, ['builtin'], 'write one of these')}")
    huggingface_hub.logging.set_verbosity(logging.ERROR)  # `hub_error` tells what matters
    here = fetched_before(model, revision)
    if here and COMMIT.fullmatch(revision):
        return here
    try:
        commit = asked(model, revision)
        if OTHERS in (names := files_of(model, commit)):
            raise Problem(f"{KEY}: {OTHERS} of {model!r} {SAYS}{as_family(names)}; {ONLY}")
        for name in FILES:
            path = hub_file(KEY, model, name, commit)
        return path.parent
    except Problem:
        raise
    except Exception as error:  # classes of several libraries below, without a common base
        if here:
            return here
        raise hub_error(model, revision, error) from None


def fetched_before(model: str, revision: str) -> Path | None:
    """Return the folder with the files that an earlier run fetched, if both are there."""
    try:
        found = [
            huggingface_hub.try_to_load_from_cache(model, name, revision=revision) for name in FILES
        ]
    except huggingface_hub.errors.HFValidationError:
        return None
    paths = [Path(path) for path in found if isinstance(path, str)]
    return paths[0].parent if len(paths) == len(FILES) else None


def asked(model: str, revision: str) -> str:
    """Return the commit of a revision, or of the branch main where there is no such commit.

    The hub is asked once, with a short patience, before anything else: left to itself the library
    tries for six minutes.

    Raises:
        Exception: the hub doesn't answer, or has no such repository, file or revision.
    """
    check_settings()
    guard_requests()
    try:
        url = huggingface_hub.hf_hub_url(model, MODEL, revision=revision or "main")
        commit = huggingface_hub.get_hf_file_metadata(url, timeout=ANSWER_SECONDS).commit_hash
    except huggingface_hub.errors.RevisionNotFoundError:
        if not COMMIT.fullmatch(revision):
            raise
        return asked(model, "main")
    if commit is None:
        raise huggingface_hub.errors.FileMetadataError("its answer names no commit, it is no hub's")
    return commit


def files_of(model: str, revision: str) -> list[str]:
    """Return the names of a repository's files; none where the hub doesn't tell them.

    They only explain what is wrong with it, or say so before a download.
    """
    try:
        found = huggingface_hub.HfApi().model_info(
            model, revision=revision or "main", timeout=ANSWER_SECONDS
        )
    except Problem:
        raise
    except Exception:  # classes of several libraries below, without a common base
        return []
    return [each.rfilename for each in found.siblings or []]


def neither(model: str) -> str:
    """Return the message for what names no tagger at all."""
    return f"{KEY}: {printable(model)!r} is neither builtin, nor a folder, nor OWNER/MODEL"


def hub_error(model: str, revision: str, error: Exception) -> Problem:
    """Return the error to show for one that the hub's library raised."""
    errors, place = huggingface_hub.errors, f"{KEY}: {model!r}"
    status = error.response.status_code if isinstance(error, errors.HfHubHTTPError) else 0
    if isinstance(error, errors.HFValidationError):
        return Problem(f"{neither(model)}; write one of these")
    if isinstance(error, errors.RevisionNotFoundError):
        return Problem(
            f"params.yaml, tagger.revision: {model} has no revision {revision!r}; "
            "see 'Files and versions' on its page"
        )
    if isinstance(error, errors.RemoteEntryNotFoundError):
        family = as_family(files_of(model, revision))
        return Problem(f"{place} lacks {' or '.join(FILES)}{family}; {ONLY}")
    if isinstance(error, errors.GatedRepoError) or status == 403:
        return Problem(
            f"{place} is not open to everybody; accept its terms on its page and set HF_TOKEN"
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        hint = did_you_mean(model, WD14, "check its spelling")
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
