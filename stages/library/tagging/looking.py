"""A tagger's look at pictures: each once, by content, kept as time goes by."""

import hashlib
import io
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from stages.library.common.errors import Problem
from stages.library.common.faults import as_problem, is_machines
from stages.library.common.workers import Place, RunOver, here, run_over
from stages.library.tagging import models
from stages.library.tagging.contract import Pixels
from stages.library.tagging.kept import Kept, Look
from stages.library.tagging.scores import SCALE, Found, Scores, read_scores, sparse
from stages.library.tagging.sessions import ON_GPU
from stages.library.tagging.tagger import Tagger, as_there

KEEPING_SECONDS = 5.0
"""What a kill costs at most, and the pictures that are in work."""

LONGEST_SIDE = 10_000
"""Pixels; prepared pictures have at most 8192, whatever params.yaml says."""

BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_noinv_fmt}]"

Made = tuple[str, Pixels | Problem]
"""SHA-256 of a picture, and what the model gets of it, or why there is nothing to get."""


def pixels_of(prepare: Callable[[Image.Image], Pixels], item: tuple[str, Path]) -> Made:
    """Return a picture (its SHA-256 and path) as `prepare` makes it for a model.

    What is wrong is returned, not raised, lest it stops the look at the pictures before it.
    """
    digest, path = item
    try:
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            return digest, Problem(
                f"{path}: was changed while it was read; run the same command again"
            )
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            if max(picture.size) > LONGEST_SIDE:  # the model is shown a square of it
                raise ValueError(f"{picture.size} is no prepared picture")
            # white lies under what is transparent, and under what is hidden what lies around
            return digest, prepare(picture.convert("RGB"))
    except MemoryError:
        raise
    except Exception as error:  # a damaged file makes decoders raise anything
        if is_machines(error):
            return digest, as_problem(path, error)
        return digest, Problem(f"{path}: is no picture; run the prepare stage again")


def scores_in(model: models.Model, batch: list[Made]) -> dict[str, Found]:
    """Return the model's scores of some pictures, by their SHA-256.

    Raises:
        Problem: one of them is no picture, or the model can't look at it.
    """
    scores = models.probabilities(model, pixels_in(batch))
    return {digest: sparse(row) for (digest, _), row in zip(batch, scores, strict=True)}


def pixels_in(batch: list[Made]) -> list[Pixels]:
    """Return the pictures of a batch as the model gets them.

    Raises:
        Problem: one of them is no picture.
    """
    pictures = []
    for _, pixels in batch:
        if isinstance(pixels, Problem):
            raise pixels
        pictures.append(pixels)
    return pictures


def known_scores(path: Path, fingerprint: str) -> dict[str, Found]:
    """Return the scores that a file holds by the same model, by the picture's SHA-256."""
    try:
        found = read_scores(path)
    except ValueError:
        return {}  # none yet, or unreadable: the model looks again
    same = [scores for scores in found if scores.model == fingerprint]
    return {
        digest: one
        for scores in same
        for digest, one in zip(scores.digests, scores.found, strict=True)
    }


def looks(
    model: models.Model,
    decoders: int,
    todo: Iterable[tuple[str, Path]],
    look: Callable[[models.Model, list[Made]], dict[str, Look]],
) -> Iterator[dict[str, Look]]:
    """Yield what a `look` of the model tells of pictures (SHA-256 and path), decoding ahead."""
    pixels = run_over(todo, partial(pixels_of, model.prepare), decoders)
    return run_over(batches(pixels, model.batch), partial(look, model), models.AT_ONCE)


def look_at_all(
    seen: Iterator[dict[str, Look]],
    count: int,
    keep: Callable[[dict[str, Look]], None],
    name: str,
) -> dict[str, Look]:
    """Return what is `seen` in `count` pictures, and `keep` it as time goes by, each once."""
    found: dict[str, Look] = {}
    fresh: dict[str, Look] = {}
    bar = tqdm(desc=name, total=count, unit=" images", disable=None, bar_format=BAR)
    kept = time.monotonic()
    try:
        for looks in seen:
            fresh |= looks
            bar.update(len(looks))
            if time.monotonic() - kept > KEEPING_SECONDS:
                keep(fresh)
                found |= fresh
                fresh, kept = {}, time.monotonic()
    finally:
        bar.close()
        keep(fresh)
    return found | fresh


def batches(pixels: Iterator[Made], size: int) -> Iterator[list[Made]]:
    """Yield pictures in lists of `size`; the last may have fewer."""
    while batch := list(islice(pixels, size)):
        yield batch


def start(
    tagger: Tagger, place: Place
) -> Callable[[Iterable[tuple[str, Path]]], Iterator[dict[str, Found]]]:
    """Load the tagger's model; return how it `looks` at pictures.

    Raises:
        Problem: away, it is not the same tagger on the same provider.
    """
    tagger = as_there(tagger) if place.away else tagger
    model = models.load_model(tagger.folder, tagger.provider, place.cores, tagger.model)
    return partial(looks, model, place.cores, look=scores_in)


def all_scores(
    tagger: Tagger,
    pictures: dict[str, Path],
    before: dict[str, Found],
    kept: Kept,
    name: str = "score",
    spread: RunOver = here,
) -> tuple[dict[str, Found], int]:
    """Return the scores of `pictures`, by SHA-256, and how many the model had to look at.

    Those are the ones that are not `kept`, nor known from `before`; then all of these are kept.
    The bar has the `name`.
    """
    keep = partial(kept.add, tagger.fingerprint)
    there = kept.known(tagger.fingerprint, len(tagger.tags), [*pictures, *before])
    keep({digest: found for digest, found in before.items() if digest not in there})
    known = there | before
    found = {digest: known[digest] for digest in pictures if digest in known}
    todo = {digest: path for digest, path in pictures.items() if digest not in found}
    if not todo:  # those may be of a model that was taken for another family's once
        models.load_model(tagger.folder, "cpu", named=tagger.model)
        return found, 0
    on_gpu = tagger.provider in ON_GPU
    chunk = models.BATCH if on_gpu else 1
    seen = spread(todo.items(), partial(start, tagger), chunk=chunk, gpus=on_gpu)
    return found | look_at_all(seen, len(todo), keep, name), len(todo)


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
        advised=advised(tagger),
    )


def advised(tagger: Tagger) -> list[int]:
    """Return the threshold that the authors advise for each tag, in ten-thousandths; 0: none."""
    of_kinds = [tagger.thresholds.get(kind, 0) for kind in tagger.categories]
    pairs = zip(tagger.tag_thresholds or of_kinds, of_kinds, strict=True)
    return [round((own if 0 < own <= 1 else of_kind) * SCALE) for own, of_kind in pairs]
