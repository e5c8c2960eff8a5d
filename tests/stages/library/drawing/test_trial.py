"""What is planned before anything is drawn."""

from dataclasses import replace
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.dataset.manifest import write_manifest
from stages.library.dataset.subjects import Triggers
from stages.library.drawing.judging.commissions import Wish
from stages.library.drawing.judging.evidence import HELD_OUT, TRAINING, Evidence
from stages.library.drawing.painters.webui import WebUI
from stages.library.drawing.trial import Places, Trial, plan_for
from stages.library.tagging.tagger import Choice
from tests.support.clones import PROJECT
from tests.support.orders import DRAWING
from tests.support.taggers import write_tagger
from tests.support.training import write_lora

NOBODY = WebUI("http://127.0.0.1:9", remote=False, login="")
"""A WebUI that is not there: planning with the model of the training asks none."""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    write_lora(tmp_path / "lora" / "nasu.safetensors")
    (tmp_path / "captions").mkdir()
    text = "nasumiso_style, blue_theme, scarf\n"
    (tmp_path / "captions" / "img001.txt").write_text(text, encoding="utf-8")
    return Places(
        lora=tmp_path / "lora",
        captions=tmp_path / "captions",
        held_out=tmp_path / "held_out",
        dataset=tmp_path / "dataset",
        manifest=tmp_path / "manifest.csv",
        dictionary=PROJECT / "data" / "dictionary",
        output=tmp_path / "pictures",
        judging=tmp_path / "judging",
        metrics=tmp_path / "pictures.json",
        work=tmp_path / "drawn",
    )


def pair(folder: Path, stem: str, text: str) -> None:
    """Write a picture and its caption as organize does."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.png").write_bytes(stem.encode())
    (folder / f"{stem}.txt").write_text(text, encoding="utf-8")


def trial(tmp_path: Path, *prompts: str, captions: int = 0) -> Trial:
    choice = Choice(str(write_tagger(tmp_path / "tagger", size=32)), "", "", "", "cpu")
    drawing = replace(DRAWING, prompts=list(prompts), epochs=["last"])
    return Trial("nasu", Triggers("nasumiso_style"), 0.35, choice, drawing, Wish(captions, [1, 2]))


def test_what_a_prompt_names_is_not_expected_of_the_lora(tmp_path: Path, places: Places) -> None:
    plan = plan_for(places, trial(tmp_path, "{trigger}", "{trigger}, blue theme"), NOBODY)
    assert plan.drawing.prompts == ["nasumiso_style", "nasumiso_style, blue theme"]
    assert plan.subject == {"blue_theme": 1.0}, "neither the trigger, nor what the tagger can't see"
    assert plan.expected == [["blue_theme"], []]
    assert [cell.order.prompt for cell in plan.cells] == plan.drawing.prompts
    assert {cell.order.lora for cell in plan.cells} == {plan.loras[-1].copy}


def test_a_lora_that_is_not_there_is_told_first(tmp_path: Path, places: Places) -> None:
    (places.lora / "nasu.safetensors").unlink()
    with pytest.raises(Problem, match=r"nasu\.safetensors: no such file; train first"):
        plan_for(places, trial(tmp_path, "a"), NOBODY)


def test_the_judge_gets_nothing_where_nothing_is_wished_for(tmp_path: Path, places: Places) -> None:
    plan = plan_for(places, trial(tmp_path, "a"), NOBODY)
    assert plan.evidence == Evidence(TRAINING, plan.loras[-1].hash, [], [])
    assert plan.for_the_judge == 0
    assert plan.orders == [cell.order for cell in plan.cells]


def test_the_judge_gets_captions_that_were_never_trained_on(tmp_path: Path, places: Places) -> None:
    write_manifest(places.manifest, [])
    pair(places.dataset / "1_nasu", "img001", "nasumiso_style, scarf\n")
    plan = plan_for(places, trial(tmp_path, "a", captions=5), NOBODY)
    assert plan.evidence.on == TRAINING
    pair(places.held_out / "1_nasu", "img002", "nasumiso_style, blue_theme\n")
    plan = plan_for(places, trial(tmp_path, "a", captions=5), NOBODY)
    assert plan.evidence.on == HELD_OUT
    assert [caption.drawing for caption in plan.evidence.captions] == ["img002"]
    assert plan.evidence.pictures == [each.picture for each in plan.commissions]
    assert plan.for_the_judge == len(plan.commissions) == 2 * 3
    assert plan.orders[0] == plan.cells[0].order, "the grids are drawn first"


def test_what_grids_and_judge_share_is_drawn_once(tmp_path: Path, places: Places) -> None:
    write_manifest(places.manifest, [])
    pair(places.dataset / "1_nasu", "img001", "nasumiso_style, scarf\n")
    plan = plan_for(places, trial(tmp_path, "{trigger}, scarf", captions=5), NOBODY)
    assert len(plan.cells) == 1
    assert len(plan.orders) == 6
    assert plan.for_the_judge == 5
