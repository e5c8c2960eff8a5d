"""No caption has more tokens than told, and the table knows every word of the dictionary's tags."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.library.dataset.captions import KAOMOJI, spaced, split
from stages.library.tagging.tokens import cut_off, ends, known, table, tokens, words

ROOT = Path(__file__).parents[4]

# What transformers 4.54.1's CLIPTokenizer makes of them, with ftfy 6.3.1 and the vocabulary of
# openai/clip-vit-large-patch14: the versions that sd-scripts v0.10.1 pins. Run 2026-11-27.
GOLDEN = {
    "nasumiso_style, 1girl, long_hair, smile": 14,
    "nasumiso_style, 1girl, long hair, smile": 13,
    "^_^": 1,
    "^_^, :d, ;), <o>_<o>": 14,
    "1girl, ;)": 4,
    "hatsune_miku_(cosplay), solo": 8,
    "hatsune_miku_\\(cosplay\\), solo": 11,
    "girl's_und_panzer, don't_say_\"lazy\"": 15,
    "<|>_<|>": 6,
    "2girls, 6+boys, 1990s_(style), 2021": 19,
    "!?, ..., +++": 4,
    "High_Heels, T-Shirt, multiple_views": 11,
    "shampoo_(ranma_1/2), blue_eyes": 12,
    "general, sensitive": 3,
    "fate/grand_order, jeanne_d'arc_(fate)": 14,
}

ODD = ["1girl", "Long_Hair", "^_^", ";)", "'s", "don't", "x_(y)", "なす", "味噌汁", "²½", "é", "🍆"]


@pytest.mark.parametrize(("caption", "count"), GOLDEN.items())
def test_as_many_tokens_as_the_trainers_tokenizer_gives(caption: str, count: int) -> None:
    assert known(split(caption))
    assert tokens(split(caption)) == count


@pytest.mark.parametrize(
    ("tag", "count"),
    [("misozuke", 3), ("sakuraba_yuki", 5), ("茄子", 5), ("なすみそ", 7), ("🍆", 2)],
)
def test_a_word_that_is_not_in_the_table_has_at_most_so_many(tag: str, count: int) -> None:
    """`count` is from the same run as GOLDEN."""
    assert not known([tag])
    assert count <= tokens([tag]) <= len(tag.encode())


def test_every_word_of_the_dictionary_is_in_the_table() -> None:
    with (ROOT / "data/dictionary/ja.csv").open(encoding="utf-8", newline="") as file:
        tags = [row["tag"] for row in csv.DictReader(file)]
    for tag in [*tags, *KAOMOJI, "nasumiso_style"]:
        for spelling in (tag, spaced(tag)):
            assert known([spelling, spelling]), spelling


def test_the_table_is_small_and_each_word_is_there_once() -> None:
    lines = (ROOT / "stages/library/tagging/tokens.txt").read_text(encoding="utf-8").splitlines()
    found = [word for line in lines if not line.startswith("# ") for word in line.split(" ")[1:]]
    assert len(found) == len(set(found)) == len(table())
    assert all(1 <= table()[word] <= len(word) for word in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's 'd'", ["it", "'s", "'d", "'"]),
        ("90s x²3", ["9", "0", "s", "x", "²", "3"]),
        ("キャラ一二", ["キャラ一二"]),
        ("e\u0301a\u3000_b", ["éa", "_", "b"]),
        ("(o)_(o), 🍆!", ["(", "o", ")_(", "o", "),", "🍆!"]),
        ("", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert list(words(text)) == expected


def test_a_comma_belongs_to_the_signs_before_it() -> None:
    assert words(";),") == (";),",)
    assert (ends([";)"]), ends([";)", "x"])) == ([1], [2, 3])


@given(st.lists(st.sampled_from(ODD), max_size=9, unique=True), st.integers(0, 60))
def test_cut_is_what_ends_beyond_the_limit(tags: list[str], limit: int) -> None:
    lost = cut_off(tags, limit)
    kept = tags[: len(tags) - len(lost)]
    assert kept + lost == tags
    assert max(ends(tags)[: len(kept)], default=0) <= limit
    assert (tokens(tags) > limit) == bool(lost)
    assert tokens(kept) <= tokens(tags)


def test_a_caption_without_tags() -> None:
    assert (tokens([]), ends([]), cut_off([], 75), known([])) == (0, [], [], True)
