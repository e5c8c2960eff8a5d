"""Which pictures stand where: found by what asked.json says, in whatever order."""

import random
from dataclasses import replace

import pytest

from stages.library.common.errors import Problem
from stages.library.drawing.judging.evidence import HELD_OUT, Caption, Evidence, Picture
from stages.library.drawing.judging.grid import grid_of

CELLS = [(0, 0.0, True), (2, 0.6, True), (2, 1, True), (4, 0.6, True), (4, 1, True), (4, 1, False)]
PICTURES = [
    Picture(
        f"{caption}_{epoch}_{weight}_{seed}_{trigger}.png", caption, epoch, weight, seed, trigger
    )
    for epoch, weight, trigger in CELLS
    for caption in range(3)
    for seed in (7, 5)
]
EVIDENCE = Evidence(
    HELD_OUT, "0" * 12, [Caption(f"img{n}", "nasu", []) for n in range(3)], PICTURES
)


def test_every_caption_and_seed_has_its_place_in_each_cell() -> None:
    grid = grid_of(EVIDENCE)
    assert list(grid.cells) == [(2, 0.6), (2, 1.0), (4, 0.6), (4, 1.0)]
    assert list(grid.silent) == [(4, 1.0)]
    assert grid.seeds == 2
    for table in (grid.base, *grid.cells.values(), *grid.silent.values()):
        found = [[(PICTURES[at].caption, PICTURES[at].seed) for at in row] for row in table]
        assert found == [[(caption, 5), (caption, 7)] for caption in range(3)]


def test_the_order_of_the_file_decides_nothing() -> None:
    mixed = random.Random(1).sample(PICTURES, len(PICTURES))
    names = [
        [mixed[at].name for at in row] for row in grid_of(replace(EVIDENCE, pictures=mixed)).base
    ]
    assert names == [[PICTURES[at].name for at in row] for row in grid_of(EVIDENCE).base]


@pytest.mark.parametrize(
    ("lost", "named"),
    [
        (0, "epoch 0 with weight 0.0 are"),
        (9, "epoch 2 with weight 0.6 are"),
        (-1, "without the trigger"),
    ],
)
def test_a_picture_that_is_missing_is_told(lost: int, named: str) -> None:
    kept = [each for each in PICTURES if each is not PICTURES[lost]]
    with pytest.raises(Problem, match=rf"asked\.json: pictures of .*{named}.*; draw again"):
        grid_of(replace(EVIDENCE, pictures=kept))


def test_without_pictures_of_the_base_model_nothing_can_be_judged() -> None:
    kept = [each for each in PICTURES if each.epoch]
    with pytest.raises(Problem, match="epoch 0 with weight 0"):
        grid_of(replace(EVIDENCE, pictures=kept))
