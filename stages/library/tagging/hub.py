"""Taggers from the hub: fetched once, and what its errors mean."""

import logging
from pathlib import Path

import huggingface_hub
import huggingface_hub.errors

from stages.library.common.errors import Problem
from stages.library.tagging.model_files import FILES, KEY, MODEL

ANSWER_SECONDS = 10


def fetched(model: str, revision: str) -> Path:
    """Return the folder of a hub repository's files at `revision`, downloading what isn't here.

    The hub is asked once, with a short patience, before anything else: left to itself the library
    tries for six minutes. If it doesn't answer, what an earlier run downloaded serves.
    """
    huggingface_hub.logging.set_verbosity(logging.ERROR)  # `hub_error` tells what matters
    # plain HTTP gives up after a minute without a byte, the hub's own protocol not in ten
    huggingface_hub.constants.HF_HUB_DISABLE_XET = True
    problem: Exception | None = None
    try:
        url = huggingface_hub.hf_hub_url(model, MODEL, revision=revision)
        huggingface_hub.get_hf_file_metadata(url, timeout=ANSWER_SECONDS)
    except Exception as error:  # classes of several libraries below, without a common base
        problem = error
    try:
        for name in FILES:
            path = huggingface_hub.hf_hub_download(
                model, name, revision=revision, local_files_only=problem is not None
            )
        return Path(path).parent
    except Exception as error:
        raise hub_error(model, revision, problem or error) from None


def hub_error(model: str, revision: str, error: Exception) -> Problem:
    """Return the error to show for one that the hub's library raised."""
    errors, place = huggingface_hub.errors, f"{KEY}: {model!r}"
    status = error.response.status_code if isinstance(error, errors.HfHubHTTPError) else 0
    if isinstance(error, errors.HFValidationError):
        return Problem(f"{place} is neither builtin, nor a folder, nor OWNER/MODEL")
    if isinstance(error, errors.RevisionNotFoundError):
        return Problem(
            f"params.yaml, tagger.revision: {model} has no revision {revision!r}; "
            "see 'Files and versions' on its page"
        )
    if isinstance(error, errors.RemoteEntryNotFoundError):
        return Problem(f"{place} lacks {' or '.join(FILES)}; it is no WD14 tagger")
    if isinstance(error, errors.GatedRepoError) or status == 403:
        return Problem(
            f"{place} is not open to everybody; accept its terms on its page and set HF_TOKEN"
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return Problem(f"{place} is no folder here and no model on the hub; check its spelling")
    if status == 401:
        return Problem(f"{place} can't be downloaded: the hub doesn't accept your HF_TOKEN")
    reason = next((line for line in str(error).splitlines() if line.strip()), repr(error))
    return Problem(
        f"{place} is no folder here and can't be downloaded: {reason.strip()}; try again when the "
        "hub can be reached, what was scored is kept / ネットにつないでもう一度実行してください"
    )
