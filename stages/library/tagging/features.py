"""What pictures look like to a model, as rows of numbers whose distances mean something."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stages.library.common.errors import Problem
from stages.library.common.outputs import sha256
from stages.library.common.workers import Place, RunOver, here, run_over
from stages.library.tagging import models
from stages.library.tagging.contract import Floats
from stages.library.tagging.families import recognised
from stages.library.tagging.kept import MOST_FEATURES, Kept
from stages.library.tagging.layers import features_in, read_layers
from stages.library.tagging.looking import Made, all_scores, look_at_all, looks, pixels_in
from stages.library.tagging.model_files import KEY
from stages.library.tagging.scores import SCALE, Found, sparse
from stages.library.tagging.sessions import ON_GPU
from stages.library.tagging.tagger import Tagger, as_there

Seen = tuple[Floats, Found]
"""Of one picture: its features, and the scores that came with them."""


@dataclass(frozen=True)
class Features:
    """Whose features are taken, and where in it."""

    tagger: Tagger
    place: str  # in the model, the result or layer that they are; '' for the scores of the tags

    @property
    def fingerprint(self) -> str:
        """A name for all that decides on a picture's features."""
        return f"{self.tagger.fingerprint} features {self.place}"


def features_of_tagger(tagger: Tagger) -> Features:
    """Return how a tagger's features are taken: what its tags are made of, else the tags.

    Raises:
        Problem: its files fit no contract.
    """
    files, contract = recognised(tagger.folder, tagger.model, str(tagger.folder))
    layers = read_layers(tagger.folder / files.model)
    output = models.named_output(layers.outputs, contract)
    place = features_in(layers, output[0], len(contract.tags)) if output else ""
    return Features(tagger, place)


def features_of(
    source: Features,
    pictures: Sequence[Path],
    kept: Kept,
    name: str = "judge",
    spread: RunOver = here,
) -> NDArray[np.float32]:
    """Return a row of features of length 1 for each picture, in their order.

    The model looks once at each picture that it hasn't seen yet. What it sees is kept: the
    features, and with them the scores, so that `all_scores` needs no other look. A picture of
    which it says nothing at all has a row of zeros. The bar has the `name`.

    Raises:
        Problem: one of them is no picture, or the model can't look at it.
    """
    digests = list(run_over(pictures, sha256))
    todo = dict(zip(digests, pictures, strict=True))
    rows = of_layer if source.place else of_scores
    found = rows(source, todo, kept, name, spread)
    if not found:
        return np.zeros((0, 0), np.float32)
    return np.stack([found[digest] for digest in digests])


def of_scores(
    source: Features, pictures: dict[str, Path], kept: Kept, name: str, spread: RunOver
) -> dict[str, Floats]:
    """Return what a tagger says of each picture, by SHA-256, as a row with a number a tag."""
    found, _ = all_scores(source.tagger, pictures, {}, kept, name, spread)
    return {digest: dense(one, len(source.tagger.tags)) for digest, one in found.items()}


def dense(found: Found, tags: int) -> Floats:
    """Return the scores of one picture as a row of length 1."""
    row = np.zeros(tags, np.float32)
    row[found[0]] = found[1].astype(np.float32) / np.float32(SCALE)
    return of_length_1(row)


def of_layer(
    source: Features, pictures: dict[str, Path], kept: Kept, name: str, spread: RunOver
) -> dict[str, Floats]:
    """Return the features that a model makes of each picture, by SHA-256."""
    tagger = source.tagger
    known = kept.known_features(source.fingerprint, pictures)
    todo = {digest: path for digest, path in pictures.items() if digest not in known}
    if not todo:
        return known
    scored = kept.known(tagger.fingerprint, len(tagger.tags), todo)

    def keep(fresh: dict[str, Seen]) -> None:
        kept.add_features(source.fingerprint, {each: row for each, (row, _) in fresh.items()})
        # what the tagger itself has seen stays
        new = {each: found for each, (_, found) in fresh.items() if each not in scored}
        kept.add(tagger.fingerprint, new)

    on_gpu = tagger.provider in ON_GPU
    chunk = models.BATCH if on_gpu else 1
    seen = spread(todo.items(), partial(start, source), chunk=chunk, gpus=on_gpu)
    found = look_at_all(seen, len(todo), keep, name)
    return known | {digest: row for digest, (row, _) in found.items()}


def start(
    source: Features, place: Place
) -> Callable[[Iterable[tuple[str, Path]]], Iterator[dict[str, Seen]]]:
    """Load the model; return what looks at pictures for their features.

    Raises:
        Problem: away, it is not the same model on the same provider.
    """
    tagger = as_there(source.tagger) if place.away else source.tagger
    model = models.load_model(
        tagger.folder, tagger.provider, place.cores, tagger.model, source.place
    )

    return partial(looks, model, place.cores, look=seen_in)


def seen_in(model: models.Model, batch: list[Made]) -> dict[str, Seen]:
    """Return the features and scores of some pictures, by their SHA-256.

    Raises:
        Problem: one of them is no picture, or the model can't look at it.
    """
    scores, features = models.results_of(model, pixels_in(batch))
    probabilities = models.as_probabilities(model, scores)
    rows = as_rows(features, len(batch))
    return {
        digest: (row, sparse(found))
        for (digest, _), row, found in zip(batch, rows, probabilities, strict=True)
    }


def as_rows(features: NDArray[np.float32], pictures: int) -> list[Floats]:
    """Return a row of length 1 for each of so many pictures.

    Raises:
        Problem: the model gave none.
    """
    if features.ndim < 2 or len(features) != pictures or not features.size:
        raise Problem(f"{KEY}: the model gives no row of features for each picture")
    rows = features.reshape(pictures, -1)
    if rows.shape[1] > MOST_FEATURES:
        raise Problem(f"{KEY}: the model gives {rows.shape[1]} features, {MOST_FEATURES} at most")
    if not np.isfinite(rows).all():
        raise Problem(
            f"{KEY}: the model gives features that are no numbers; it is damaged, or fails on this "
            "provider: set tagger.provider: cpu, or download it again"
        )
    return [of_length_1(row) for row in rows]


def of_length_1(row: Floats) -> Floats:
    """Return a row in the same direction, of length 1; one of zeros stays so.

    >>> of_length_1(np.array([3, 4], np.float32)).round(6).tolist()
    [0.6000000238418579, 0.800000011920929]
    """
    length = np.sqrt(np.square(row, dtype=np.float64).sum())
    scaled: Floats = (row / length).astype(np.float32) if length else row
    return scaled
