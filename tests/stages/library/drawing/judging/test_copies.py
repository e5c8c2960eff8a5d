"""Which pictures are told to be near to a drawing, and how much pictures vary."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from stages.library.dataset.images import difference_hash
from stages.library.dataset.near_duplicates import NEAR, words_of
from stages.library.drawing.judging.copies import (
    BY_FEATURES,
    BY_HASH,
    FEWEST,
    hashes_away,
    nearest,
    neighbours,
    uniformity,
    usual_limit,
    variety,
)
from tests.support.clones import PROJECT

Floats = NDArray[np.float64]
LENGTH = 32
SAMPLE = sorted((PROJECT / "data" / "sample").glob("*.jpg"))


def chance(*shape: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(size=shape)


DRAWINGS, BASE = chance(30, LENGTH), chance(12, 2, LENGTH, seed=1)


def accused(pictures: Floats, drawings: Floats = DRAWINGS, base: Floats = BASE) -> list[int]:
    """Return the pictures, each of another caption, that may be copies."""
    found = nearest(pictures, np.arange(len(pictures)), drawings, base, BY_FEATURES)
    return [index for index, each in enumerate(found) if each.is_suspicious]


def test_a_copy_is_told_with_the_drawing_that_it_is_of() -> None:
    pictures = chance(12, LENGTH, seed=2)
    pictures[4] = DRAWINGS[17] + 0.1 * chance(LENGTH, seed=3)
    found = nearest(pictures, np.arange(12), DRAWINGS, BASE, BY_FEATURES)
    assert [index for index, each in enumerate(found) if each.is_suspicious] == [4]
    assert found[4].drawing == 17
    away = np.linalg.norm(pictures[:, None] - DRAWINGS, axis=-1)
    assert [each.drawing for each in found] == away.argmin(axis=1).tolist()
    assert [each.distance for each in found] == pytest.approx(away.min(axis=1))


def test_a_drawing_that_is_there_twice_protects_no_copy() -> None:
    """Look-alikes among the drawings are ordinary; the usual distance is that of most."""
    drawings = DRAWINGS.copy()
    drawings[:4] = drawings[4:8] + 0.01
    pictures = chance(12, LENGTH, seed=2)
    pictures[4] = drawings[17] + 0.1 * chance(LENGTH, seed=3)
    assert accused(pictures, drawings) == [4]


def test_what_the_base_model_draws_of_that_caption_is_no_copy() -> None:
    """As where it knows a character that the artist drew, too."""
    pictures, base = chance(12, LENGTH, seed=2), BASE.copy()
    pictures[4] = DRAWINGS[17] + 0.1 * chance(LENGTH, seed=3)
    base[4, 1] = DRAWINGS[17] + 0.15 * chance(LENGTH, seed=4)
    assert accused(pictures, base=base) == []
    base[4, 1], base[5, 1] = base[5, 1], base[4, 1].copy()
    assert accused(pictures, base=base) == [4], "of another caption it says nothing"


@pytest.mark.parametrize("count", [1, 2, FEWEST - 1])
def test_where_nobody_knows_what_is_usual_nobody_is_accused(count: int) -> None:
    pictures = DRAWINGS[:12]
    assert accused(pictures) == list(range(12))
    assert accused(pictures, drawings=DRAWINGS[:count]) == []
    assert accused(pictures[:2], base=BASE[:2]) == [], "of four pictures without the LoRA"


def test_of_more_pictures_one_must_be_nearer_to_be_odd() -> None:
    usual = np.exp(chance(100))
    assert usual_limit(usual, 1000) < usual_limit(usual, 10) < usual.min()


def test_a_few_that_are_very_near_move_no_limit_far() -> None:
    usual = np.exp(0.2 * chance(100))
    some = np.concatenate([usual, np.full(5, 1e-6)])
    assert usual_limit(some, 100) == pytest.approx(usual_limit(usual, 100), rel=0.2)


def test_neighbours_are_others_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = neighbours(DRAWINGS, BY_FEATURES)
    away = np.linalg.norm(DRAWINGS[:, None] - DRAWINGS, axis=-1)
    np.fill_diagonal(away, np.inf)
    assert whole == pytest.approx(away.min(axis=1))
    monkeypatch.setattr("stages.library.drawing.judging.copies.BLOCK", 7)
    assert neighbours(DRAWINGS, BY_FEATURES) == pytest.approx(whole)
    monkeypatch.setattr("stages.library.drawing.judging.copies.MANY", 10)
    assert neighbours(DRAWINGS, BY_FEATURES) == pytest.approx(whole[:10])


def words(pictures: list[Image.Image]) -> NDArray[np.uint64]:
    return words_of([difference_hash(each.convert("RGB")) for each in pictures]).T


def test_the_hash_knows_a_picture_again_in_another_tint_and_size() -> None:
    drawings = [Image.open(path).convert("RGB") for path in SAMPLE]
    tinted = ImageOps.colorize(ImageOps.grayscale(drawings[2]), "#301040", "#fff0d0")
    again = tinted.resize((100, 140)).filter(ImageFilter.GaussianBlur(1))
    found = nearest(
        words([again, drawings[0].rotate(90)]),
        np.array([0, 1]),
        words(drawings),
        words([each.rotate(180) for each in drawings[:4]])[:, None],
        BY_HASH,
    )
    assert (found[0].drawing, found[0].is_suspicious) == (2, True)
    assert not found[1].is_suspicious
    assert found[0].distance < NEAR


def test_blank_pictures_are_near_to_nothing() -> None:
    blank = words([Image.new("RGB", (64, 64), colour) for colour in ("white", "red")])
    assert hashes_away(blank, blank).tolist() == [[1, 1], [1, 1]]


def test_variety_is_the_mean_distance_between_a_captions_pictures() -> None:
    features = chance(3, 4, LENGTH)
    pairs = [(one, other) for one in range(4) for other in range(one)]
    wanted = [np.mean([np.linalg.norm(row[a] - row[b]) for a, b in pairs]) for row in features]
    assert variety(features) == pytest.approx(wanted)


def test_pictures_that_are_one_and_the_same_vary_not_at_all() -> None:
    base = chance(8, 2, LENGTH)
    same = np.repeat(base[:, :1], 2, axis=1)
    assert uniformity(same, base).estimate().value == pytest.approx(1)
    half = uniformity(
        base.mean(axis=1, keepdims=True) + (base - base.mean(1, keepdims=True)) / 2, base
    )
    assert half.estimate().value == pytest.approx(0.5)
    assert uniformity(base, base).estimate().value == pytest.approx(0)


def test_of_one_picture_a_caption_nobody_can_say_how_they_vary() -> None:
    assert uniformity(chance(8, 1, LENGTH), chance(8, 1, LENGTH)).estimate().doubt == np.inf
