"""Let the tagger look at every picture, once, and keep its scores."""

import hashlib
import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.outputs import beside, locked, sha256
from stages.library.common.workers import run_over
from stages.library.tagging import tagger
from stages.library.tagging.scores import Found, Scores, read_scores, sparse, write_scores

CHECKPOINT_SECONDS = 15
WORKERS = 2
"""Pictures in work at a time: one is decoded while the model looks at another."""

BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_noinv_fmt}]"
SAMPLE = Path(__file__).parents[1] / "data" / "sample"


def look(model: tagger.Tagger, path: Path, digest: str) -> Found:
    """Return the model's scores of one picture.

    Raises:
        RuntimeError: the file is no longer the one with that digest.
        ValueError: it is no picture, or the model can't look at it.
    """
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise RuntimeError(f"{path}: was changed while it was read; run the same command again")
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            pixels = tagger.model_input(picture, model.size)
    except Exception as error:  # a damaged file makes decoders raise anything
        raise ValueError(f"{path}: is no picture; run the prepare stage again") from error
    return sparse(tagger.probabilities(model, pixels))


def known_scores(path: Path, fingerprint: str) -> dict[str, Found]:
    """Return the scores that a file holds by the same model, by the picture's SHA-256."""
    try:
        scores = read_scores(path)
    except ValueError:
        return {}  # none yet, or unreadable: the model looks again
    if scores.model != fingerprint:
        return {}
    return dict(zip(scores.digests, scores.found, strict=True))


def is_sample(written: Path) -> bool:
    """Return whether the prepare stage's record names only drawings of data/sample."""
    try:
        drawings = json.loads(written.read_text(encoding="utf-8"))["pictures"].keys()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False  # no record, or not one
    return set(drawings) <= {sha256(path) for path in SAMPLE.iterdir()}


def look_at_all(
    model: tagger.Tagger,
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


def score(
    input: Path,
    output: Path,
    written: Path,
    model: str,
    revision: str,
    provider: str,
    use_coreml: bool,
) -> None:
    """Write the scores of every picture in `input` to `output`.

    What an earlier run scored, even one that was killed, is taken over: the model looks only at
    pictures that it has not seen.

    Raises:
        ValueError: there are no pictures, or no such model.
        RuntimeError: the model can't be downloaded.
    """
    if model == "builtin" and not is_sample(written):
        print(
            "score: warning: the builtin tagger sees colours only, not what is drawn: fit for a "
            "first try, not for training; set tagger.model in params.yaml"
            " / 学習には tagger.model に WD14 を指定してください",
            file=sys.stderr,
        )
    paths = sorted(input.glob("*.png"))
    if not paths:
        raise ValueError(f"{input}: holds no picture (.png); run the prepare stage first")
    folder = tagger.tagger_folder(model, revision)
    tags, categories = tagger.read_tag_list(folder / "selected_tags.csv")
    provider = tagger.choose_provider("coreml" if use_coreml else provider, folder)
    fingerprint = tagger.fingerprint(folder, provider)
    origin = tagger.origin(model, folder)
    checkpoint = beside(output, "checkpoint")

    def save(path: Path, names: list[str], digests: list[str]) -> None:
        scores = [found[digest] for digest in digests]
        write_scores(path, Scores(fingerprint, tags, categories, names, digests, scores, origin))

    with locked(output):
        digests = list(run_over(paths, sha256))
        found = known_scores(output, fingerprint) | known_scores(checkpoint, fingerprint)
        pictures = dict(zip(digests, paths, strict=True))
        todo = {digest: path for digest, path in pictures.items() if digest not in found}
        started = time.monotonic()
        if todo:
            look_at_all(
                tagger.load_tagger(folder, provider),
                todo,
                found,
                save=lambda: save(checkpoint, list(found), list(found)),
            )
        save(output, [path.stem for path in paths], digests)
        checkpoint.unlink(missing_ok=True)
    rate = f" ({len(todo) / (time.monotonic() - started):.1f} images/s)" if todo else ""
    print(
        f"score: {len(todo)} pictures scored{rate}, "
        f"{len(paths) - len(todo)} known from before, by {origin} on {provider}"
    )


def build_parser() -> Parser:
    parser = Parser("stages.score", __doc__, section="tagger")
    parser.add_argument("--input", type=Path, help="folder of prepared pictures")
    parser.add_argument("--written", type=Path, help="the prepare stage's record")
    parser.add_argument("--output", type=Path, help="file for the scores (.npz)")
    parser.add_argument(
        "--use-coreml", action="store_true", default=False, help="the same as --provider coreml"
    )
    tagger.add_params(parser)
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), score, argv)


if __name__ == "__main__":
    sys.exit(main())
