"""How much of what was expected was found."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from stages.library.drawing.recall import (
    Gallery,
    highest,
    recall,
    recall_figures,
    summed,
    tag_recall,
)
from tests.stages.library.drawing.test_gallery import TAGS, made


def test_recall_is_summed_over_prompts_and_seeds() -> None:
    # pictures in order have 0, 1 | 2, 3 of 4 tags in prompt 1, and 4, 0 | 1, 2 in prompt 2
    gallery = made()
    assert recall(gallery) == {("last", 0.6): (5, 16), ("last", 0.8): (8, 16)}
    assert recall(gallery, prompt=1) == {("last", 0.6): (1, 8), ("last", 0.8): (5, 8)}
    assert recall(gallery, prompt=2) == {("last", 0.6): (4, 8), ("last", 0.8): (3, 8)}


def test_recall_by_tag() -> None:
    counts = tag_recall(made())
    assert list(counts) == TAGS
    assert counts["long_hair"] == {("last", 0.6): (2, 4), ("last", 0.8): (4, 4)}
    assert counts["apron"] == {("last", 0.6): (1, 4), ("last", 0.8): (0, 4)}


def test_a_tag_counts_only_where_it_is_expected() -> None:
    gallery = made(expected=[["smile"], ["apron"]])
    everything = [replace(p, found=frozenset([*TAGS, "1girl"])) for p in gallery.pictures]
    gallery = replace(gallery, pictures=everything)
    assert set(recall(gallery).values()) == {(4, 4)}
    assert set(tag_recall(gallery)["apron"].values()) == {(2, 2)}


def test_figures() -> None:
    assert recall_figures(made()) == {
        "pictures": 8,
        "recall_last_w0.6": 0.3125,
        "recall_last_w0.8": 0.5,
    }


def test_figures_without_expected_tags() -> None:
    assert recall_figures(made(expected=[[], []])) == {"pictures": 8}
    assert recall_figures(made(expected=[[], TAGS]))["recall_last_w0.8"] == 0.375


galleries = st.builds(
    made,
    prompts=st.just(2),
    epochs=st.sampled_from([{"last": 1}, {"e000001": 1, "last": 2}, {"e000002": 2}]),
    weights=st.sampled_from([(1.0,), (0.6, 0.8, 1.0)]),
    seeds=st.sampled_from([(1,), (1, 2, 3)]),
    expected=st.lists(st.lists(st.sampled_from(TAGS), unique=True), min_size=2, max_size=2),
)


@given(galleries)
def test_all_sums_are_the_same(gallery: Gallery) -> None:
    total = recall(gallery)
    assert len(total) == len(gallery.epochs) * len(gallery.weights)
    by_prompt = [recall(gallery, prompt) for prompt in (1, 2)]
    by_tag = tag_recall(gallery)
    for cell, count in total.items():
        assert summed([counts[cell] for counts in by_prompt]) == count
        assert summed([counts[cell] for counts in by_tag.values()]) == count
        assert 0 <= count[0] <= count[1]
    shares = [value for name, value in recall_figures(gallery).items() if name != "pictures"]
    assert all(isinstance(value, float) and 0 <= value <= 1 for value in shares)
    assert len(shares) in (0, len(total))


def test_highest() -> None:
    a, b, c = ("e000001", 0.6), ("e000001", 0.8), ("last", 0.6)
    assert highest({a: (3, 20), b: (6, 20), c: (6, 20)}) == [b, c]
    assert highest({a: (3, 10), b: (4, 10), c: (5, 10)}) == [], "so little may be chance"
    assert highest({a: (1, 4), b: (1, 4)}) == []
    assert highest({a: (1, 4)}) == []
    assert highest({a: (0, 0), b: (0, 0)}) == []
    assert highest({}) == []
