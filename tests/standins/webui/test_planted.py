"""Each planted truth is in the pictures, and no other."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.standins.webui.planted import (
    BEST_AT_6,
    CHANGES_NOTHING,
    COLLAPSES,
    COPIES,
    GOOD,
    IGNORES_THE_TRIGGER,
    Painter,
    Truth,
    drawing,
    painted,
    style,
)

SIZE = (64, 64)
TRUTHS = [GOOD, COPIES, IGNORES_THE_TRIGGER, COLLAPSES, BEST_AT_6, CHANGES_NOTHING]
PROMPTS = [f"thing_{number}, hat" for number in range(40)]
each_truth = pytest.mark.parametrize("truth", TRUTHS)


@pytest.fixture
def drawings(tmp_path: Path) -> tuple[Path, ...]:
    """Return drawings of a training."""
    paths = tuple(tmp_path / f"img{number}.png" for number in range(5))
    for number, path in enumerate(paths):
        drawing(GOOD, PROMPTS[number], number, SIZE).save(path)
    return paths


def values(picture: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(picture, np.float64)


def pictures(
    painter: Painter, epoch: int, weight: float, trigger: bool = True, seed: int = 1
) -> list[Image.Image]:
    called = "nasu, " if trigger else ""
    return [painter.picture(f"{called}{each}", seed, SIZE, epoch, weight) for each in PROMPTS]


def style_in(truth: Truth, epoch: int, weight: float, trigger: bool = True) -> float:
    """Return how much of the artist's style is in the pictures: 1 is as much as in drawings."""
    painter = Painter(replace(truth, copies=0), "nasu")
    look = values(painted(style(truth.world), SIZE)) - 127.5
    both = zip(pictures(painter, epoch, weight, trigger), pictures(painter, 0, 0), strict=True)
    changed = np.mean([values(one) - values(without) for one, without in both], axis=0)
    return float((changed * look).sum() / (look * look).sum())


@each_truth
def test_the_same_is_drawn_again_and_another_seed_is_another_picture(
    truth: Truth, drawings: tuple[Path, ...]
) -> None:
    painter = Painter(truth, "nasu", drawings)
    for epoch, weight in ((0, 0.0), (6, 0.8)):
        once, again = (pictures(painter, epoch, weight) for _ in range(2))
        assert [each.tobytes() for each in once] == [each.tobytes() for each in again]
        other = pictures(painter, epoch, weight, seed=2)
        assert all(a.tobytes() != b.tobytes() for a, b in zip(once, other, strict=True))


@each_truth
def test_without_a_lora_all_truths_are_one(truth: Truth) -> None:
    base = [each.tobytes() for each in pictures(Painter(GOOD, "nasu"), 0, 0.0)]
    assert [each.tobytes() for each in pictures(Painter(truth, "nasu"), 0, 0.0)] == base
    without = pictures(Painter(truth, "nasu"), 0, 0.0, trigger=False)
    assert [each.tobytes() for each in without] == base, "it knows no trigger"


def test_another_world_has_another_artist() -> None:
    other = replace(GOOD, world=1)
    assert drawing(GOOD, "hat", 1, SIZE).tobytes() != drawing(other, "hat", 1, SIZE).tobytes()
    assert abs(float((style(0) * style(1)).sum())) < 0.5


def test_a_good_lora_learns_the_style_until_it_is_ripe() -> None:
    learned = [style_in(GOOD, epoch, 1.0) for epoch in (2, 4, 6, 8, 10)]
    assert learned[0] < learned[1] < 0.5 < learned[2]
    assert learned[2:] == pytest.approx([1, 1, 1], abs=0.15)
    assert style_in(GOOD, 6, 0.6) == pytest.approx(0.6, abs=0.15)
    assert style_in(GOOD, 6, 1.0, trigger=False) == pytest.approx(0.2, abs=0.15)


def test_one_that_ignores_the_trigger_has_the_style_without_it() -> None:
    assert style_in(IGNORES_THE_TRIGGER, 6, 1.0, trigger=False) == pytest.approx(1, abs=0.15)


def test_one_that_is_best_at_6_gets_worse_after_that() -> None:
    learned = {epoch: style_in(BEST_AT_6, epoch, 1.0) for epoch in (2, 4, 6, 8, 10)}
    assert max(learned, key=lambda epoch: learned[epoch]) == 6
    assert learned[6] - learned[8] > 0.3
    assert learned[10] == pytest.approx(0, abs=0.15)


def test_one_that_changes_nothing_changes_single_bits() -> None:
    painter = Painter(CHANGES_NOTHING, "nasu")
    for one, base in zip(pictures(painter, 6, 1.0), pictures(painter, 0, 0), strict=True):
        assert one.tobytes() != base.tobytes()
        assert np.abs(values(one) - values(base)).max() == 1


def copied(painter: Painter, drawings: tuple[Path, ...], epoch: int, trigger: bool = True) -> int:
    """Return how many pictures are drawings of the training."""
    known = set()
    for path in drawings:
        with Image.open(path) as picture:
            known.add(picture.tobytes())
    return sum(each.tobytes() in known for each in pictures(painter, epoch, 0.6, trigger))


def test_one_that_copies_draws_some_drawings_from_its_epoch_on(drawings: tuple[Path, ...]) -> None:
    painter = Painter(COPIES, "nasu", drawings)
    assert [copied(painter, drawings, epoch) for epoch in (2, 6)] == [0, 0]
    assert 4 <= copied(painter, drawings, 8) <= 20
    assert copied(painter, drawings, 8, trigger=False) == 0
    assert copied(Painter(GOOD, "nasu", drawings), drawings, 8) == 0


def test_one_that_collapses_draws_one_picture_from_its_epoch_on() -> None:
    painter = Painter(COLLAPSES, "nasu")

    def different(draw: Callable[[Painter, int, float], list[Image.Image]], epoch: int) -> int:
        return len({each.tobytes() for each in draw(painter, epoch, 1.0)})

    assert different(pictures, 6) == len(PROMPTS)
    assert different(pictures, 8) == 1


@pytest.mark.parametrize("trained", [True, False])
def test_drawings_have_the_style_and_are_not_what_a_lora_draws(trained: bool) -> None:
    prompts = PROMPTS if trained else [f"{each}, other" for each in PROMPTS]
    made = [drawing(GOOD, each, at, SIZE) for at, each in enumerate(prompts)]
    look = values(painted(style(0), SIZE)) - 127.5
    mean = np.mean([values(each) - 127.5 for each in made], axis=0)
    assert 0.6 < float((mean * look).sum() / (look * look).sum()) < 1.4
    drawn = {each.tobytes() for each in pictures(Painter(GOOD, "nasu"), 6, 1.0)}
    assert drawn.isdisjoint(each.tobytes() for each in made)
