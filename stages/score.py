"""Let the tagger look at every picture, once, and keep its scores."""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.library.common import command
from stages.library.common.arguments import Parser, filled
from stages.library.common.cluster import chosen
from stages.library.common.errors import Problem
from stages.library.common.json_files import read_json
from stages.library.common.outputs import beside, files_in, locked, sha256
from stages.library.common.workers import RunOver, run_over
from stages.library.params.tagger import TAGGER
from stages.library.tagging.kept import Kept
from stages.library.tagging.looking import all_scores, as_scores, known_scores
from stages.library.tagging.scores import Found, write_scores
from stages.library.tagging.tagger import Choice, Tagger, find_tagger

SAMPLE = Path(__file__).parents[1] / "data" / "sample"


@dataclass(frozen=True)
class Places:
    """Where the stage reads and writes."""

    input: Path
    written: Path
    output: Path

    @property
    def checkpoint(self) -> Path:
        """What a run left that was killed before looks were kept; it is taken over."""
        return beside(self.output, "checkpoint")


@dataclass(frozen=True)
class Plan:
    """Pictures to be scored, and by which tagger."""

    tagger: Tagger
    pictures: list[Path]


def score(places: Places, choice: Choice) -> None:
    """Write the scores of every picture.

    The model looks only at pictures that it has never seen: what it saw is kept, also if the run
    is killed.

    Raises:
        Problem: there are no pictures, or no such model.
        Problem: the model can't be downloaded.
    """
    spread, kept = chosen(os.environ), Kept("score")
    plan = plan_for(places, choice, spread)
    with locked(places.output):
        digests = list(run_over(plan.pictures, sha256))
        started = time.monotonic()
        found, new = act(plan, places, digests, kept, spread)
        seconds = time.monotonic() - started
        publish(plan, places, digests, found)
    rate = f" ({new / seconds:.1f} images/s)" if new else ""
    print(
        f"score: {new} pictures scored{rate}, {len(digests) - new} known from before, "
        f"by {plan.tagger.origin} on {plan.tagger.provider}"
    )


def plan_for(places: Places, choice: Choice, spread: RunOver) -> Plan:
    """Return which pictures are scored by which tagger, if there are any and it can be had.

    Raises:
        Problem: otherwise.
    """
    if choice.model == "builtin" and not is_sample(places.written):
        print(
            "score: warning: the builtin tagger sees colours only, not what is drawn: fit for a "
            "first try, not for training; set tagger.model in params.yaml"
            " / builtin は色しか見ません。学習には本物のタガーを tagger.model に指定してください"
            " (docs/taggers.ja.md)",
            file=sys.stderr,
        )
    pictures = files_in(places.input, "*.png")
    if not pictures:
        raise Problem(f"{places.input}: holds no picture (.png); run the prepare stage first")
    return Plan(find_tagger(choice, spread), pictures)


def is_sample(written: Path) -> bool:
    """Return whether the prepare stage's record names only drawings of data/sample."""
    try:
        drawings = read_json(written)["pictures"].keys()
    except Problem:  # the machine's fault, and no record's
        raise
    except (ValueError, KeyError, TypeError, AttributeError):
        return False  # no record, or not one
    return set(drawings) <= {sha256(path) for path in SAMPLE.iterdir()}


def from_before(places: Places, tagger: Tagger) -> dict[str, Found]:
    """Return the scores that earlier runs of the same tagger left, by the picture's SHA-256."""
    return {
        digest: found
        for path in (places.output, places.checkpoint)
        for digest, found in known_scores(path, tagger.fingerprint).items()
    }


def act(
    plan: Plan, places: Places, digests: list[str], kept: Kept, spread: RunOver
) -> tuple[dict[str, Found], int]:
    """Return the scores of all pictures, by SHA-256, and how many the model had to look at."""
    pictures = dict(zip(digests, plan.pictures, strict=True))
    before = from_before(places, plan.tagger)
    return all_scores(plan.tagger, pictures, before, kept, "score", spread)


def publish(plan: Plan, places: Places, digests: list[str], found: dict[str, Found]) -> None:
    """Write the scores under the pictures' names."""
    names = [path.stem for path in plan.pictures]
    write_scores(places.output, as_scores(plan.tagger, names, digests, found))
    places.checkpoint.unlink(missing_ok=True)


def from_flags(use_coreml: bool, provider: str, **flags: Any) -> None:
    """Score as the flags say."""
    flags["provider"] = "coreml" if use_coreml else provider
    score(filled(Places, flags), filled(Choice, flags))


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
    return command.run(build_parser(), from_flags, argv)


if __name__ == "__main__":
    sys.exit(main())
