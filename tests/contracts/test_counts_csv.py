"""How often Danbooru has the dictionary's tags: sorted, and of nearly every tag."""

from itertools import pairwise
from pathlib import Path

from stages.library.dataset.captions import underscored
from stages.library.dataset.dictionary import read_counts, read_dictionary, rows
from tools.makers.tag_counts import rounded

DICTIONARY = Path(__file__).parents[2] / "data" / "dictionary"
TAGS = [cells["tag"] for _, cells in rows(DICTIONARY / "counts.csv", "tag", "posts")]
COUNTS = read_counts(DICTIONARY)


def test_sorted_so_that_a_line_is_found_and_each_tag_once() -> None:
    assert [(one, other) for one, other in pairwise(TAGS) if one >= other] == []


def test_every_tag_is_written_as_on_danbooru_and_its_posts_are_rounded() -> None:
    assert [tag for tag in TAGS if tag != underscored(tag)] == []
    assert {tag: posts for tag, posts in COUNTS.items() if posts != rounded(posts)} == {}


def test_of_the_tags_with_a_japanese_word_few_are_not_counted() -> None:
    words = read_dictionary(DICTIONARY)
    assert len(words.keys() - COUNTS.keys()) / len(words) < 0.03


def test_the_counts_are_plausible() -> None:
    assert COUNTS["1girl"] > COUNTS["long_hair"] > COUNTS["eggplant"] > 0
