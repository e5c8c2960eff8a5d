"""A tagger's look at pictures: each once, by content, saved as time goes by."""

import hashlib
import io
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from stages.library.common.errors import Problem
from stages.library.common.faults import as_problem, is_machines
from stages.library.common.workers import Place, RunOver, here, run_over
from stages.library.tagging import wd14
from stages.library.tagging.scores import Found, Scores, read_scores, sparse, write_scores
from stages.library.tagging.sessions import ON_GPU
from stages.library.tagging.taggers import Tagger, as_there

CHECKPOINT_SECONDS = 15.0
LONGEST_SIDE = 10_000
"""Pixels; prepared pictures have at most 8192, whatever params.yaml says."""

BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_noinv_fmt}]"

Pixels = tuple[str, NDArray[np.uint8] | Problem]
"""SHA-256 of a picture, and what the model gets of it, or why there is nothing to get."""


def pixels_of(size: int, item: tuple[str, Path]) -> Pixels:
    """Return a picture (its SHA-256 and path) as a model of that input size wants it.

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
            return digest, wd14.model_input(picture.convert("RGB"), size)
    except MemoryError:
        raise
    except Exception as error:  # a damaged file makes decoders raise anything
        if is_machines(error):
            return digest, as_problem(path, error)
        return digest, Problem(f"{path}: is no picture; run the prepare stage again")


def look(model: wd14.Model, batch: list[Pixels]) -> dict[str, Found]:
    """Return the model's scores of some pictures, by their SHA-256.

    Raises:
        Problem: one of them is no picture, or the model can't look at it.
    """
    pictures = []
    for _, pixels in batch:
        if isinstance(pixels, Problem):
            raise pixels
        pictures.append(pixels)
    scores = wd14.probabilities(model, pictures)
    return {digest: sparse(row) for (digest, _), row in zip(batch, scores, strict=True)}


def known_scores(path: Path, fingerprint: str) -> dict[str, Found]:
    """Return the scores that a file holds by the same model, by the picture's SHA-256."""
    try:
        scores = read_scores(path)
    except ValueError:
        return {}  # none yet, or unreadable: the model looks again
    if scores.model != fingerprint:
        return {}
    return dict(zip(scores.digests, scores.found, strict=True))


def looks(
    model: wd14.Model, decoders: int, todo: Iterable[tuple[str, Path]]
) -> Iterator[dict[str, Found]]:
    """Yield the model's scores of pictures (SHA-256 and path), batch by batch, decoding ahead."""
    pixels = run_over(todo, partial(pixels_of, model.size), decoders)
    return run_over(batches(pixels, model.batch), partial(look, model), wd14.AT_ONCE)


def look_at_all(
    seen: Iterator[dict[str, Found]],
    count: int,
    found: dict[str, Found],
    save: Callable[[], None],
) -> None:
    """Add to `found` what is `seen` in `count` pictures, saving it as time goes by."""
    bar = tqdm(desc="score", total=count, unit=" images", disable=None, bar_format=BAR)
    saved, pause = time.monotonic(), CHECKPOINT_SECONDS
    try:
        for scores in seen:
            found |= scores
            bar.update(len(scores))
            if time.monotonic() - saved > pause:
                began = time.monotonic()
                save()
                saved = time.monotonic()
                # with a hundred thousand it takes its time: a twentieth of all at most
                pause = max(CHECKPOINT_SECONDS, 20 * (saved - began))
    finally:
        bar.close()
        save()


def batches(pixels: Iterator[Pixels], size: int) -> Iterator[list[Pixels]]:
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
    model = wd14.load_model(tagger.folder, tagger.provider, place.cores)
    return partial(looks, model, place.cores)


def all_scores(
    tagger: Tagger,
    pictures: dict[str, Path],
    known: dict[str, Found],
    checkpoint: Path,
    spread: RunOver = here,
) -> dict[str, Found]:
    """Return the scores of `pictures`, by SHA-256: the model looks at those that aren't `known`.

    Until it has seen all, those that there are are kept in the file `checkpoint`.
    """
    found = {digest: known[digest] for digest in pictures if digest in known}
    todo = {digest: path for digest, path in pictures.items() if digest not in found}

    def save() -> None:
        write_scores(checkpoint, as_scores(tagger, list(found), list(found), found))

    if not todo:  # those may be of a model that was taken for a WD14 tagger once
        wd14.load_model(tagger.folder, "cpu")
    else:
        on_gpu = tagger.provider in ON_GPU
        chunk = wd14.BATCH if on_gpu else 1
        seen = spread(todo.items(), partial(start, tagger), chunk=chunk, gpus=on_gpu)
        look_at_all(seen, len(todo), found, save)
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
