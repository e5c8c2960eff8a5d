"""Let the taggers look at every picture, once, and keep their scores."""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.cluster import chosen
from stages.library.common.errors import Problem
from stages.library.common.json_files import read_json
from stages.library.common.outputs import beside, files_in, locked, sha256
from stages.library.common.workers import RunOver, run_over
from stages.library.params.tagger import TAGGER
from stages.library.tagging.choices import choices_of, find_taggers
from stages.library.tagging.kept import Kept
from stages.library.tagging.looking import all_scores, as_scores, known_scores
from stages.library.tagging.scores import Found, write_scores
from stages.library.tagging.tagger import Choice, Tagger

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
    """Pictures that are scored, and by which taggers."""

    taggers: list[Tagger]
    pictures: list[Path]


def score(places: Places, choices: list[Choice]) -> None:
    """Write the scores of every picture by every tagger.

    A model looks only at pictures that it has never seen: what one saw is kept, also if the run is
    killed.

    Raises:
        Problem: there are no pictures, or no such model.
        Problem: the model can't be downloaded.
    """
    spread, kept = chosen(os.environ), Kept("score")
    plan = plan_for(places, choices, spread)
    with locked(places.output):
        digests = list(run_over(plan.pictures, sha256))
        found, lines = [], []
        for tagger in plan.taggers:
            started = time.monotonic()
            scores, new = act(tagger, plan, places, digests, kept, spread)
            seconds = time.monotonic() - started
            found.append(scores)
            rate = f" ({new / seconds:.1f} images/s)" if new else ""
            lines.append(
                f"score: {new} pictures scored{rate}, {len(digests) - new} known from before, "
                f"by {tagger.origin} on {tagger.provider}"
            )
        publish(plan, places, digests, found)
    print(*lines, sep="\n")


def plan_for(places: Places, choices: list[Choice], spread: RunOver) -> Plan:
    """Return which pictures are scored by which taggers, if there are any and they can be had.

    Raises:
        Problem: otherwise.
    """
    if [choice.model for choice in choices] == ["builtin"] and not is_sample(places.written):
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
    return Plan(find_taggers(choices, spread), pictures)


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
    tagger: Tagger, plan: Plan, places: Places, digests: list[str], kept: Kept, spread: RunOver
) -> tuple[dict[str, Found], int]:
    """Return a tagger's scores of all pictures, by SHA-256, and how many it had to look at.

    Raises:
        Problem: it fails; of several its name comes first.
    """
    pictures = dict(zip(digests, plan.pictures, strict=True))
    several = len(plan.taggers) > 1
    name = f"score, {tagger.origin}" if several else "score"
    try:
        before = from_before(places, tagger)
        return all_scores(tagger, pictures, before, kept, name, spread)
    except Problem as error:
        raise Problem(f"{tagger.origin}: {error}" if several else str(error)) from error


def publish(plan: Plan, places: Places, digests: list[str], found: list[dict[str, Found]]) -> None:
    """Write the scores under the pictures' names."""
    names = [path.stem for path in plan.pictures]
    pairs = zip(plan.taggers, found, strict=True)
    write_scores(places.output, *(as_scores(each, names, digests, seen) for each, seen in pairs))
    places.checkpoint.unlink(missing_ok=True)


def from_flags(
    use_coreml: bool, provider: str, input: Path, written: Path, output: Path, **tagger: Any
) -> None:
    """Score as the flags say."""
    chosen = choices_of(provider="coreml" if use_coreml else provider, **tagger)
    score(Places(input, written, output), chosen)


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
