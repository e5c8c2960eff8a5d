"""What pictures look like to a model, as rows of numbers whose distances mean something."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stages.library.common.outputs import sha256
from stages.library.common.workers import Place, RunOver, here, run_over
from stages.library.tagging import encoder, models, tagger
from stages.library.tagging.contract import Floats
from stages.library.tagging.encoder import Encoder, Pinned, find_encoder
from stages.library.tagging.families import recognised
from stages.library.tagging.kept import Kept
from stages.library.tagging.layers import features_in, read_layers
from stages.library.tagging.looking import Made, all_scores, look_at_all, looks, pixels_in
from stages.library.tagging.rows import as_rows, of_length_1
from stages.library.tagging.scores import SCALE, Found, sparse
from stages.library.tagging.sessions import ON_GPU
from stages.library.tagging.tagger import Tagger

TAGGER = "tagger"
"""In params.yaml, for the tagger's own features."""

Seen = tuple[Floats, Found | None]
"""Of one picture: its features, and a tagger's scores that came with them."""


@dataclass(frozen=True)
class Features:
    """Whose features are taken, and where in it."""

    model: Tagger | Encoder
    place: str = ""  # in a tagger, the result or layer that they are; '': the scores of its tags

    @property
    def fingerprint(self) -> str:
        """A name for all that decides on a picture's features."""
        return f"{self.model.fingerprint} features {self.place}".rstrip()


def find_features(named: str, pin: Pinned, tagger: Tagger, spread: RunOver = here) -> Features:
    """Return whose features are taken: the tagger's own, or those of an encoder that is `named`.

    An encoder is fetched if need be, and runs on what the tagger runs on.

    Raises:
        Problem: there is none, it can't be fetched, or it is not the one that is written down.
    """
    if named == TAGGER:
        return features_of_tagger(tagger)
    return Features(find_encoder(named, pin, tagger.provider, spread))


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
    features, and with a tagger's the scores, so that `all_scores` needs no other look. A picture
    of which it says nothing at all has a row of zeros. The bar has the `name`.

    Raises:
        Problem: one of them is no picture, or the model can't look at it.
    """
    digests = list(run_over(pictures, sha256))
    todo = dict(zip(digests, pictures, strict=True))
    if isinstance(source.model, Tagger) and not source.place:
        found = of_scores(source.model, todo, kept, name, spread)
    else:
        found = of_layer(source, todo, kept, name, spread)
    if not found:
        return np.zeros((0, 0), np.float32)
    return np.stack([found[digest] for digest in digests])


def of_scores(
    tagger: Tagger, pictures: dict[str, Path], kept: Kept, name: str, spread: RunOver
) -> dict[str, Floats]:
    """Return what a tagger says of each picture, by SHA-256, as a row with a number a tag."""
    found, _ = all_scores(tagger, pictures, {}, kept, name, spread)
    return {digest: dense(one, len(tagger.tags)) for digest, one in found.items()}


def dense(found: Found, tags: int) -> Floats:
    """Return the scores of one picture as a row of length 1."""
    row = np.zeros(tags)
    row[found[0]] = found[1] / SCALE
    return of_length_1(row)


def of_layer(
    source: Features, pictures: dict[str, Path], kept: Kept, name: str, spread: RunOver
) -> dict[str, Floats]:
    """Return the features that a model makes of each picture, by SHA-256."""
    known = kept.known_features(source.fingerprint, pictures)
    todo = {digest: path for digest, path in pictures.items() if digest not in known}
    if not todo:
        return known
    model = source.model
    tags = len(model.tags) if isinstance(model, Tagger) else 0
    scored = kept.known(model.fingerprint, tags, todo)

    def keep(fresh: dict[str, Seen]) -> None:
        kept.add_features(source.fingerprint, {each: row for each, (row, _) in fresh.items()})
        # what the tagger itself has seen stays
        new = {each: found for each, (_, found) in fresh.items() if found and each not in scored}
        kept.add(model.fingerprint, new)

    on_gpu = model.provider in ON_GPU
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
    model = source.model
    if isinstance(model, Encoder):
        model = encoder.as_there(model) if place.away else model
        loaded = models.load_encoder(model.folder, model.provider, place.cores, model.model)
    else:
        model = tagger.as_there(model) if place.away else model
        loaded = models.load_model(
            model.folder, model.provider, place.cores, model.model, source.place
        )
    return partial(looks, loaded, place.cores, look=seen_in)


def seen_in(model: models.Model, batch: list[Made]) -> dict[str, Seen]:
    """Return the features and scores of some pictures, by their SHA-256.

    Raises:
        Problem: one of them is no picture, or the model can't look at it.
    """
    *scores, features = models.results_of(model, pixels_in(batch))
    rows = as_rows(features, len(batch), model.key)
    found: list[Found | None] = [None] * len(batch)
    if scores:
        found = [sparse(row) for row in models.as_probabilities(model, scores[0])]
    return {digest: (row, one) for (digest, _), row, one in zip(batch, rows, found, strict=True)}
