"""A trial of a LoRA: which pictures are drawn, and what is to be found in them."""

from dataclasses import dataclass, replace
from pathlib import Path

from stages.library.dataset.captions import caption_files, read_tags
from stages.library.dataset.dictionary import explained, read_dictionary
from stages.library.dataset.manifest import read_manifest, used
from stages.library.dataset.subjects import Triggers
from stages.library.drawing.found import known_tags
from stages.library.drawing.judging.captions import chosen, source
from stages.library.drawing.judging.commissions import Commission, Wish, check_wish, commissions
from stages.library.drawing.judging.evidence import TRAINING, Caption, Evidence
from stages.library.drawing.loras import Lora, loras_of
from stages.library.drawing.loras import chosen as chosen_loras
from stages.library.drawing.orders import Cell, Order, cells
from stages.library.drawing.painters.webui import WebUI, checkpoint_for
from stages.library.drawing.prompts import Drawing, check_lists
from stages.library.drawing.subject import named, subject_tags
from stages.library.tagging.tagger import Choice, Tagger, find_tagger


@dataclass(frozen=True)
class Places:
    """Where the generate stage reads and writes."""

    lora: Path
    captions: Path
    held_out: Path
    dataset: Path
    manifest: Path
    dictionary: Path
    output: Path
    judging: Path
    metrics: Path
    work: Path


@dataclass(frozen=True)
class Trial:
    """What params.yaml asks for."""

    name: str  # of the LoRA
    triggers: Triggers
    threshold: float  # score from which a tag is found
    choice: Choice  # of a tagger
    drawing: Drawing
    judge: Wish


@dataclass(frozen=True)
class Plan:
    """Pictures that can be drawn and looked at, as far as can be told before."""

    trial: Trial
    drawing: Drawing  # with the trigger in its prompts
    loras: list[Lora]  # the finished one is the last
    cells: list[Cell]
    tagger: Tagger
    subject: dict[str, float]  # the captions' most frequent tags: share of captions, 0 to 1
    expected: list[list[str]]  # per prompt: the subject's tags that the prompt doesn't name
    japanese: dict[str, str]  # tag -> Japanese, where known
    evidence: Evidence  # what is drawn for the judge
    commissions: list[Commission]  # its pictures, in that order

    @property
    def orders(self) -> list[Order]:
        """All that is to be drawn, the grids first."""
        ours = [cell.order for cell in self.cells]
        return list(dict.fromkeys([*ours, *(each.order for each in self.commissions)]))

    @property
    def for_the_judge(self) -> int:
        """How many pictures are drawn for the judge alone."""
        return len(self.orders) - len({cell.order for cell in self.cells})


def plan_for(places: Places, trial: Trial, webui: WebUI) -> Plan:
    """Return what is to be drawn, with which LoRAs, and what is to be found in it.

    The WebUI is asked only if params.yaml does not say which model draws.

    Raises:
        Problem: something that can be told now speaks against it.
    """
    check_lists(trial.drawing)
    check_wish(trial.judge)
    loras = chosen_loras(loras_of(places.lora, trial.name), trial.drawing.epochs)
    prompts = [
        prompt.replace("{trigger}", trial.triggers.common) for prompt in trial.drawing.prompts
    ]
    drawing = replace(trial.drawing, prompts=prompts)
    tagger = find_tagger(trial.choice)
    captions = [read_tags(path) for path in caption_files(places.captions)]
    subject = subject_tags(captions, trial.triggers.all, known_tags(tagger))
    words = read_dictionary(places.dictionary)
    checkpoint = checkpoint_for(loras[-1], drawing.checkpoint, webui)
    evidence, ordered = evidence_for(places, trial, loras, checkpoint)
    return Plan(
        trial=trial,
        drawing=drawing,
        loras=loras,
        cells=cells(drawing, loras, checkpoint),
        tagger=tagger,
        subject=subject,
        expected=[[tag for tag in subject if tag not in named(prompt)] for prompt in prompts],
        japanese={tag: japanese for tag in subject if (japanese := explained(tag, words))},
        evidence=evidence,
        commissions=ordered,
    )


def evidence_for(
    places: Places, trial: Trial, loras: list[Lora], checkpoint: str
) -> tuple[Evidence, list[Commission]]:
    """Return what the judge gets, and the orders for it; nothing if nothing is wished for.

    Raises:
        Problem: there are no captions.
    """
    on, captions, ordered = TRAINING, list[Caption](), list[Commission]()
    triggers = trial.triggers.all
    if trial.judge.captions:
        on, folders = source(places.held_out, places.dataset)
        rows = used(read_manifest(places.manifest))
        captions = chosen(folders, rows, triggers, trial.judge.captions)
        ordered = commissions(
            captions, trial.drawing, loras, trial.judge.seeds, checkpoint, triggers
        )
    pictures = [each.picture for each in ordered]
    return Evidence(on, loras[-1].hash, captions if ordered else [], pictures), ordered
