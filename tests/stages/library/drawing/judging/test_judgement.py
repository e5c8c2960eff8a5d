"""Truths planted into features: each is named, and no innocent LoRA is accused of anything."""

from dataclasses import replace

import numpy as np
import pytest

from stages.library.drawing.judging.evidence import HELD_OUT, TRAINING
from stages.library.drawing.judging.figures import figures, plotted
from stages.library.drawing.judging.judgement import Judgement, Looks, Material, judged
from tests.support.features import INNOCENT, NO_DIFFERENCE, Truth, World, material

SIZES = [(15, 12), (60, 12), (300, 20)]
"""Drawings trained on, captions."""

FEW = range(2)
"""Chances that each truth is tried with here; benchmarks/judge.py tries many."""


def worlds(chances: range, on: str = HELD_OUT) -> list[World]:
    return [World(*size, on=on, chance=chance) for size in SIZES for chance in chances]


def told(truth: Truth, world: World) -> Judgement:
    return judged(material(world, truth))


@pytest.mark.parametrize(("on", "chances"), [(HELD_OUT, 20), (TRAINING, 5)])
@pytest.mark.parametrize("size", SIZES)
def test_an_innocent_lora_is_accused_of_nothing(
    size: tuple[int, int], on: str, chances: int
) -> None:
    for chance in range(chances):
        found = told(INNOCENT, World(*size, on=on, chance=chance))
        if (size, on) != (SIZES[0], TRAINING):  # of these nothing is told, but no harm either
            assert found.verdict.cell
            assert found.verdict.closer
        accusations = (
            *(found.verdict.suspicious, found.verdict.collapsed, found.verdict.farther),
            [cell for cell, row in found.rows.items() if row.by_heart.above],
            [cell for cell, row in found.rows.items() if row.less_recall.above],
        )
        assert not any(accusations), (chance, accusations)
        assert found.trigger
        assert found.trigger.works is not False


@pytest.mark.parametrize("world", worlds(FEW))
def test_copies_are_named_at_the_epochs_that_draw_them(world: World) -> None:
    found = told(Truth(copies=8), world)
    assert found.verdict.suspicious
    assert {epoch for epoch, _ in found.verdict.suspicious} <= {8, 10}
    assert found.verdict.cell
    assert found.verdict.cell[0] < 8


@pytest.mark.parametrize("world", worlds(FEW))
def test_a_collapse_is_named_at_the_epochs_that_collapse(world: World) -> None:
    found = told(Truth(collapses=8), world).verdict
    assert {epoch for epoch, _ in found.collapsed} == {8, 10}
    assert found.suspicious == []


@pytest.mark.parametrize("world", worlds(FEW))
def test_a_trigger_that_taught_nothing_is_named(world: World) -> None:
    deaf, good = (told(Truth(bare=bare), world).trigger for bare in (1.0, 0.0))
    assert deaf
    assert good
    assert deaf.works is not True
    assert good.works is not False


def test_with_enough_pictures_it_is_sure_of_the_trigger() -> None:
    world = World(300, 40, seeds=3)
    deaf, good = (told(Truth(bare=bare), world).trigger for bare in (1.0, 0.1))
    assert deaf
    assert deaf.works is False
    assert good
    assert good.works is True


@pytest.mark.parametrize("world", worlds(FEW))
def test_what_gets_worse_after_epoch_6_is_not_advised(world: World) -> None:
    found = told(Truth(spoils=True), world).verdict
    assert found.cell
    assert found.cell[0] <= 6
    assert not any(epoch == 10 for epoch, _ in found.alike)


@pytest.mark.parametrize("world", worlds(FEW))
def test_what_changes_nothing_is_no_difference(world: World) -> None:
    found = told(Truth(changes=False), world)
    assert found.unchanged
    assert found.verdict.closer == found.verdict.farther == found.verdict.suspicious == []
    assert found.verdict.cell is None


def test_what_changes_pictures_that_all_look_alike_to_the_model_is_not_unchanged() -> None:
    seen = material(World(60, 12), NO_DIFFERENCE)
    blind = replace(seen.drawn, features=np.ones_like(seen.drawn.features))
    found = judged(replace(seen, drawn=blind))
    assert not found.unchanged
    assert found.verdict.closer == found.verdict.farther == []


def test_what_draws_other_pictures_but_no_style_is_no_difference() -> None:
    found = told(NO_DIFFERENCE, World(60, 12))
    assert not found.unchanged
    assert found.verdict.closer == found.verdict.farther == []


@pytest.mark.parametrize("world", worlds(range(1)))
def test_what_goes_away_from_the_drawings_is_said_to_be_farther(world: World) -> None:
    found = told(Truth(skill=-1.0), world).verdict
    assert found.farther
    assert found.closer == []


def test_of_the_way_to_the_drawings_all_is_gone_where_the_style_is_whole() -> None:
    found = told(INNOCENT, World(300, 60))
    ways = {cell: found.near.way(row.farther) for cell, row in found.rows.items()}
    assert ways[10, 1.0].value == pytest.approx(1, abs=0.15)
    assert 0.1 < ways[2, 0.6].value < 0.5
    assert found.trained
    trained = found.trained.way(found.rows[10, 1.0].farther_trained)
    assert trained.value == pytest.approx(1, abs=0.15)


def test_on_training_captions_there_is_nothing_else_to_compare_with() -> None:
    found = told(INNOCENT, World(60, 12, on=TRAINING))
    assert not found.on_held_out
    assert found.trained is None
    assert found.near.drawings == 60
    assert all(row.by_heart.doubt == np.inf for row in found.rows.values())


@pytest.mark.parametrize("captions", [1, 2, 4])
def test_too_few_captions_are_no_figure(captions: int) -> None:
    found = told(INNOCENT, World(60, captions))
    assert not found.can_tell
    assert found.verdict.cell is None


def written(given: Material) -> tuple[object, str]:
    found = judged(given)
    return figures(found), plotted(found)


def reordered(looks: Looks, order: np.ndarray) -> Looks:
    return Looks(looks.features[order], looks.hashes[order])


def test_the_order_of_pictures_and_drawings_changes_no_figure() -> None:
    """Not in the fourth digit, with which they are written."""
    given = material(World(60, 12), Truth(copies=8))
    chance = np.random.default_rng(5)
    drawn = chance.permutation(len(given.found))
    trained, held_out = chance.permutation(60), chance.permutation(12)
    moved = replace(
        given,
        evidence=replace(given.evidence, pictures=[given.evidence.pictures[at] for at in drawn]),
        drawn=reordered(given.drawn, drawn),
        found=[given.found[at] for at in drawn],
        trained=reordered(given.trained, trained),
        held_out=reordered(given.held_out, held_out),
        own=[int(at) for at in np.argsort(held_out)[given.own]],
    )
    assert written(moved) == written(given)


def test_features_that_are_written_anew_change_no_figure() -> None:
    """As a model's are that rounds otherwise: by a millionth."""
    given = material(World(60, 12), Truth(copies=8))

    def anew(looks: Looks) -> Looks:
        noise = np.random.default_rng(6).normal(size=looks.features.shape) * 1e-7
        return Looks(looks.features + noise, looks.hashes)

    again = replace(
        given,
        drawn=anew(given.drawn),
        trained=anew(given.trained),
        held_out=anew(given.held_out),
    )
    wanted, found = judged(given), judged(again)
    assert found.verdict == wanted.verdict
    for cell, row in wanted.rows.items():
        assert found.rows[cell].farther.value == pytest.approx(row.farther.value, abs=1e-6)
        assert found.rows[cell].farther.doubt == pytest.approx(row.farther.doubt, abs=1e-6)


def test_a_tagger_of_colours_alone_accuses_nobody_by_its_features() -> None:
    given = material(World(60, 12), Truth(copies=8))
    found = judged(replace(given, sees_shapes=False))
    assert found.verdict.suspicious == []
    assert not found.accuses
    assert judged(given).accuses


def test_what_the_hash_says_alone_is_enough_for_a_suspicion() -> None:
    given = material(World(60, 12))
    hashes = given.drawn.hashes.copy()
    copied = next(i for i, each in enumerate(given.evidence.pictures) if each.epoch == 4)
    hashes[copied] = given.trained.hashes[11]
    found = judged(replace(given, drawn=Looks(given.drawn.features, hashes)))
    (pair,) = [pair for pair in found.pairs if pair.nearest.is_suspicious]
    assert (pair.picture, pair.nearest.drawing, pair.measure) == (copied, 11, "hash")
    assert found.verdict.suspicious == [(4, given.evidence.pictures[copied].weight)]
