"""Let the tagger look at every picture, once, and keep its scores."""

import json
import sys
import time
from pathlib import Path

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.errors import Problem
from stages.library.common.outputs import beside, locked, sha256
from stages.library.common.workers import run_over
from stages.library.params.tagger import TAGGER
from stages.library.tagging import tagger
from stages.library.tagging.looking import known_scores, look_at_all
from stages.library.tagging.scores import Scores, write_scores

SAMPLE = Path(__file__).parents[1] / "data" / "sample"


def is_sample(written: Path) -> bool:
    """Return whether the prepare stage's record names only drawings of data/sample."""
    try:
        drawings = json.loads(written.read_text(encoding="utf-8"))["pictures"].keys()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False  # no record, or not one
    return set(drawings) <= {sha256(path) for path in SAMPLE.iterdir()}


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
        Problem: there are no pictures, or no such model.
        Problem: the model can't be downloaded.
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
        raise Problem(f"{input}: holds no picture (.png); run the prepare stage first")
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
    parser = Parser("stages.score", __doc__, TAGGER)
    parser.add_argument("--input", type=Path, help="folder of prepared pictures")
    parser.add_argument("--written", type=Path, help="the prepare stage's record")
    parser.add_argument("--output", type=Path, help="file for the scores (.npz)")
    parser.add_argument(
        "--use-coreml", action="store_true", default=False, help="the same as --provider coreml"
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), score, argv)


if __name__ == "__main__":
    sys.exit(main())
