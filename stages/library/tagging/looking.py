"""A tagger's look at pictures: each once, by content, saved as time goes by."""

import hashlib
import io
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from stages.library.common.errors import Problem
from stages.library.common.workers import run_over
from stages.library.tagging import wd14
from stages.library.tagging.scores import Found, Scores, read_scores, sparse, write_scores
from stages.library.tagging.taggers import Tagger

CHECKPOINT_SECONDS = 15
LONGEST_SIDE = 10_000
"""Pixels; prepared pictures have at most 8192, whatever params.yaml says."""

WORKERS = 2
"""Pictures in work at a time: one is decoded while the model looks at another."""

BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_noinv_fmt}]"


def look(model: wd14.Model, path: Path, digest: str) -> Found:
    """Return the model's scores of one picture.

    Raises:
        Problem: the file is no longer the one with that digest.
        Problem: it is no picture, or the model can't look at it.
    """
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise Problem(f"{path}: was changed while it was read; run the same command again")
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            if max(picture.size) > LONGEST_SIDE:  # the model is shown a square of it
                raise ValueError(f"{picture.size} is no prepared picture")
            pixels = wd14.model_input(picture, model.size)
    except Exception as error:  # a damaged file makes decoders raise anything
        raise Problem(f"{path}: is no picture; run the prepare stage again") from error
    return sparse(wd14.probabilities(model, pixels))


def known_scores(path: Path, fingerprint: str) -> dict[str, Found]:
    """Return the scores that a file holds by the same model, by the picture's SHA-256."""
    try:
        scores = read_scores(path)
    except ValueError:
        return {}  # none yet, or unreadable: the model looks again
    if scores.model != fingerprint:
        return {}
    return dict(zip(scores.digests, scores.found, strict=True))


def look_at_all(
    model: wd14.Model,
    todo: dict[str, Path],
    found: dict[str, Found],
    save: Callable[[], None],
) -> None:
    """Add to `found` the scores of `todo` (pictures by SHA-256), saving them as time goes by."""

    def work(item: tuple[str, Path]) -> tuple[str, Found]:
        digest, path = item
        return digest, look(model, path, digest)

    saved = time.monotonic()
    try:
        results = run_over(todo.items(), work, WORKERS)
        bar = tqdm(results, "score", len(todo), unit=" images", disable=None, bar_format=BAR)
        for digest, scores in bar:
            found[digest] = scores
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                save()
                saved = time.monotonic()
    finally:
        save()


def all_scores(
    tagger: Tagger, pictures: dict[str, Path], known: dict[str, Found], checkpoint: Path
) -> dict[str, Found]:
    """Return the scores of `pictures`, by SHA-256: the model looks at those that aren't `known`.

    Until it has seen all, those that there are are kept in the file `checkpoint`.
    """
    found = {digest: known[digest] for digest in pictures if digest in known}
    todo = {digest: path for digest, path in pictures.items() if digest not in found}

    def save() -> None:
        write_scores(checkpoint, as_scores(tagger, list(found), list(found), found))

    if todo:
        look_at_all(wd14.load_model(tagger.folder, tagger.provider), todo, found, save)
    return found


def as_scores(
    tagger: Tagger, names: list[str], digests: list[str], found: dict[str, Found]
) -> Scores:
    """Return what is to be kept of the scores of pictures: their names and SHA-256, in order."""
    return Scores(
        model=tagger.fingerprint,
        tags=tagger.tags,
        categories=tagger.categories,
        names=names,
        digests=digests,
        found=[found[digest] for digest in digests],
        origin=tagger.origin,
    )
