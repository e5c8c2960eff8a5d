"""Judge which epoch at which weight is close to your drawings, and which copies them."""

import json
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from stages.library.common import command
from stages.library.common.arguments import Parser, filled
from stages.library.common.errors import Problem
from stages.library.common.outputs import atomic_directory, write_atomically
from stages.library.common.unchanged import Seen, seen
from stages.library.drawing.found import known_tags, tags_in
from stages.library.drawing.judging.captions import folders_of
from stages.library.drawing.judging.evidence import HELD_OUT, TRAINING, Evidence, read_evidence
from stages.library.drawing.judging.figures import figures, plotted
from stages.library.drawing.judging.judgement import Judgement, judged
from stages.library.drawing.judging.material import (
    Drawings,
    drawings_in,
    material_of,
    vocabulary_of,
)
from stages.library.drawing.judging.page import Shown, render
from stages.library.drawing.judging.words import NOTHING, verdict_in_words
from stages.library.params.caption import CAPTION
from stages.library.params.judge import JUDGE
from stages.library.params.tagger import TAGGER
from stages.library.tagging.choices import choices_of
from stages.library.tagging.encoder import Pinned
from stages.library.tagging.features import Features, features_of, find_features
from stages.library.tagging.kept import Kept
from stages.library.tagging.tagger import Choice, Tagger, find_tagger

OUTPUTS = r"index\.html|closeness\.csv"
"""Files of the output folder."""


@dataclass(frozen=True)
class Places:
    """Where the stage reads and writes."""

    judging: Path
    dataset: Path
    held_out: Path
    output: Path
    metrics: Path


@dataclass(frozen=True)
class Eyes:
    """What params.yaml says of the models that look at pictures."""

    tagger: Choice
    threshold: float  # score from which a tag is found
    features: str  # whose features are compared
    pinned: Pinned


@dataclass(frozen=True)
class Plan:
    """What is judged, and by which models."""

    evidence: Evidence
    pictures: list[Path]  # the evidence's
    drawings: dict[str, Drawings]  # held out, and trained on
    tagger: Tagger
    features: Features
    threshold: float  # score from which a tag is found
    vocabulary: set[str]  # tags that captions have and the tagger knows

    @property
    def sees_shapes(self) -> bool:
        """Whether its features are more than colours, of which the builtin tagger sees nothing."""
        return not (isinstance(self.features.model, Tagger) and self.features.model.is_builtin)


def judge(places: Places, eyes: Eyes) -> None:
    """Write what the drawn pictures say of the LoRA: a page, a plot's table, and figures.

    A model looks only at pictures that it has never seen.

    Raises:
        Problem: something is missing, or a drawing or caption was changed meanwhile.
    """
    read = what_is_read(places)
    evidence = read_evidence(places.judging)
    plan = plan_for(places, evidence, eyes)
    judgement = act(plan) if evidence.pictures else None
    publish(plan, judgement, places, read)
    print(f"judge: open {places.output / 'index.html'} / ブラウザーで開いてください")
    japanese, english = verdict_in_words(judgement) if judgement else NOTHING
    print(f"judge: {english}")
    print(f"judge: {japanese}")


def what_is_read(places: Places) -> Seen:
    """Return what people may write meanwhile, as it is now."""
    within = [folder for top in (places.dataset, places.held_out) for folder in folders_of(top)]
    return seen(places.dataset, places.held_out, *within)


def plan_for(places: Places, evidence: Evidence, eyes: Eyes) -> Plan:
    """Return what is judged, and by which models.

    Raises:
        Problem: there are no drawings, or no such model.
    """
    tagger = find_tagger(eyes.tagger)
    drawings = {TRAINING: drawings_in(places.dataset), HELD_OUT: drawings_in(places.held_out)}
    if not drawings[TRAINING].paths:
        raise Problem(
            f"{places.dataset}: holds no drawings to compare with; run dvc repro or dvc pull / "
            "比べる絵がありません。dvc repro か dvc pull を実行してください"
        )
    return Plan(
        evidence=evidence,
        pictures=[places.judging / each.name for each in evidence.pictures],
        drawings=drawings,
        tagger=tagger,
        features=find_features(eyes.features, eyes.pinned, tagger),
        threshold=eyes.threshold,
        vocabulary=vocabulary_of(places.dataset, places.held_out) & known_tags(tagger),
    )


def act(plan: Plan) -> Judgement:
    """Look at all pictures, and return what they say of the LoRA.

    Raises:
        Problem: one of them is no picture, or a drawing of a caption isn't there.
    """
    kept = Kept("judge")
    return judged(
        material_of(
            plan.evidence,
            plan.pictures,
            plan.drawings,
            plan.vocabulary,
            plan.sees_shapes,
            features=partial(features_of, plan.features, kept=kept),
            tags=partial(tags_in, tagger=plan.tagger, threshold=plan.threshold, kept=kept),
        )
    )


def publish(plan: Plan, judgement: Judgement | None, places: Places, read: Seen) -> None:
    """Write the page, the plot's table, and the figures.

    Raises:
        Problem: what was read for them was changed since.
    """
    with atomic_directory(places.output, OUTPUTS, read.look_again) as partial_folder:
        page = render(judgement, shown(plan))
        (partial_folder / "index.html").write_text(page, encoding="utf-8", newline="\n")
        (partial_folder / "closeness.csv").write_text(plotted(judgement), "utf-8", newline="")
    text = json.dumps(figures(judgement), indent=1)
    write_atomically(places.metrics, f"{text}\n".encode())


def shown(plan: Plan) -> Shown:
    """Return what the page shows besides the figures."""
    drawings = plan.drawings[plan.evidence.on]
    captions = plan.evidence.captions
    return Shown(
        evidence=plan.evidence,
        pictures=plan.pictures,
        drawings=[drawings.paths[drawings.rows[caption.drawing]] for caption in captions],
        trained=plan.drawings[TRAINING].paths,
        papers={
            "LoRA": plan.evidence.lora,
            "features": plan.features.model.origin,
            "tags": f"{plan.tagger.origin} ≥ {plan.threshold}",
        },
        builtin=not plan.sees_shapes,
    )


def from_flags(
    threshold: float,
    judge_features: str,
    judge_features_revision: str,
    judge_features_sha256: str,
    **flags: Any,
) -> None:
    """Judge as the flags say."""
    first, *_ = choices_of(**{key: flags[key] for key in TAGGER.keys})
    pinned = Pinned(judge_features_revision, judge_features_sha256)
    judge(filled(Places, flags), Eyes(first, threshold, judge_features, pinned))


def build_parser() -> Parser:
    parser = Parser(
        "stages.judge",
        __doc__,
        CAPTION.only("threshold"),
        TAGGER,
        JUDGE.only("features", "features_revision", "features_sha256"),
    )
    parser.add_argument("--judging", type=Path, help="folder of what was drawn for the judge")
    parser.add_argument("--dataset", type=Path, help="folder of the drawings trained on")
    parser.add_argument("--held-out", type=Path, help="folder of those never trained on")
    parser.add_argument("--output", type=Path, help="folder for the page and the plot's table")
    parser.add_argument("--metrics", type=Path, help="json for the figures")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), from_flags, argv)


if __name__ == "__main__":
    sys.exit(main())
