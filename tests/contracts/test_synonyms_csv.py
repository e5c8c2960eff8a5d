"""The words that are typed for tags: sorted, each row once, each leading to a tag."""

from itertools import pairwise
from pathlib import Path

from stages.library.dataset.captions import underscored
from stages.library.dataset.dictionary import read_dictionary, read_typed, rows, translate
from stages.library.dataset.typed_words import find, folded_word, typed_words

DICTIONARY = Path(__file__).parents[2] / "data" / "dictionary"
ROWS = [
    (cells["typed"], cells["tag"]) for _, cells in rows(DICTIONARY / "synonyms.csv", "typed", "tag")
]

UNTRANSLATED = {
    *("kantai_collection", "pokemon", "touhou", "umamusume"),
    *("hatsune_miku", "koakuma", "santa_claus"),
    *("oil_painting_(medium)", "pixel_art"),
}
"""Works, characters and ways to draw, which are no general tags."""


def test_sorted_by_word_so_that_the_lines_of_one_stand_together() -> None:
    assert [(one, other) for (one, _), (other, _) in pairwise(ROWS) if one > other] == []


def test_each_row_once() -> None:
    assert len(set(ROWS)) == len(ROWS)


def test_each_word_in_one_spelling() -> None:
    words = list(dict.fromkeys(word for word, _ in ROWS))
    assert len({folded_word(word) for word in words}) == len(words)


def test_every_tag_is_written_as_on_danbooru_and_has_a_meaning() -> None:
    words = read_dictionary(DICTIONARY)
    assert [tag for _, tag in ROWS if tag != underscored(tag)] == []
    unknown = {tag for _, tag in ROWS if translate(tag, words) is None}
    assert unknown <= UNTRANSLATED


def test_every_word_finds_its_first_tags() -> None:
    typed = read_typed(DICTIONARY)
    words = typed_words(read_dictionary(DICTIONARY), typed)
    lost = {word: tags for word, tags in typed.items() if tags[0] not in find(word, words, 3)}
    assert lost == {}
