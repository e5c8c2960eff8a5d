"""The dictionary is read with care and wins over the rules."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from stages.library.common.errors import Problem
from stages.library.dataset.dictionary import (
    explained,
    is_sign,
    read_counts,
    read_dictionary,
    read_typed,
    read_words,
    translate,
)
from stages.library.dataset.tag_words import SIGNS

DICTIONARY = Path(__file__).parents[4] / "data" / "dictionary"


def dictionary(folder: Path, ja: bytes | str, mine: str | None = None) -> Path:
    (folder / "ja.csv").write_bytes(ja if isinstance(ja, bytes) else ja.encode())
    if mine is not None:
        (folder / "mine.csv").write_text(mine, encoding="utf-8")
    return folder


def test_keys_get_underscores(tmp_path: Path) -> None:
    assert read_dictionary(dictionary(tmp_path, "tag,ja\nlong hair,長い髪\n")) == {
        "long_hair": "長い髪"
    }


def test_own_words_win(tmp_path: Path) -> None:
    folder = dictionary(tmp_path, "tag,ja\nsolo,単独\nhat,帽子\n", "tag,ja\nsolo,ひとり\n")
    assert read_dictionary(folder) == {"solo": "ひとり", "hat": "帽子"}


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux")
def test_own_words_that_the_disk_fails_at_are_not_left_out(tmp_path: Path) -> None:
    folder = dictionary(tmp_path, "tag,ja\nsolo,単独\n")
    (folder / "mine.csv").symlink_to("/proc/self/mem")
    with pytest.raises(Problem, match=f"^{folder}/mine.csv: can't be read: Input/output error"):
        read_dictionary(folder)


def test_what_excel_writes(tmp_path: Path) -> None:
    content = "\ufefftag,ja,,\r\nsolo,単独,,\r\n\r\n,,,\r\nhat,帽子\r\n"
    assert read_dictionary(dictionary(tmp_path, content)) == {"solo": "単独", "hat": "帽子"}


def test_a_tag_with_a_comma_can_be_quoted(tmp_path: Path) -> None:
    assert read_dictionary(dictionary(tmp_path, 'tag,ja\n"a,b",甲乙\n')) == {"a,b": "甲乙"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "line 1: no column 'tag'"),
        ("tag,japanese\nsolo,単独\n", "line 1: no column 'ja'"),
        ("tag,ja\nhat,帽子\nsolo,\n", "line 3: no Japanese for 'solo'"),
        ("tag,ja\nsolo\n", "line 2: no Japanese for 'solo'"),
        ("tag,ja\n,単独\n", "line 2: no tag before '単独'"),
        ("tag,ja\nsolo,単独\n\nsolo,ひとり\n", "line 4: 'solo' is in the file twice"),
        ("tag,ja\nlong_hair,長い髪\nlong hair,長髪\n", "line 3: 'long_hair' is in the file twice"),
        ("tag,ja\na,b,甲乙\n", "line 2: more cells than columns"),
        ('tag,ja\nsolo,"単独, 一人"\n', "line 2: comma or line break"),
        ("tag,ja\nsolo,単独\n".encode("cp932"), "line 2: not UTF-8"),
        (f'tag,ja\nsolo,"単独\n{"hat,帽子" * 40_000}', "line 3: can't be read as csv"),
        ("a" * 200_000, "line 1: can't be read as csv"),
        (f'tag,ja\nsolo,"単独{", 一人" * 9_000}"', "line 2: comma or line break"),
    ],
    ids=range(13),
)
def test_one_clear_line_for_a_mistake(tmp_path: Path, content: bytes | str, said: str) -> None:
    with pytest.raises(Problem, match=re.escape(f"ja.csv, {said}")) as caught:
        read_dictionary(dictionary(tmp_path, content))
    message = str(caught.value)
    assert ";" in message  # what to do about it
    assert len(message) < 500
    assert "\n" not in message


def test_a_mistake_in_own_words_names_their_file(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"mine\.csv, line 2"):
        read_dictionary(dictionary(tmp_path, "tag,ja\nsolo,単独\n", "tag,ja\nhat,\n"))


@pytest.mark.parametrize("tag", ["red_dress", "red dress"])
def test_entry_wins_over_rule(tag: str) -> None:
    assert translate(tag, {"dress": "ドレス"}) == "赤いドレス"
    assert translate(tag, {"dress": "ドレス", "red_dress": "紅のドレス"}) == "紅のドレス"


@pytest.mark.parametrize(
    "sign", [":d", "^_^", "^ ^", ">_<", "...", "!?", "\\m/", "0_0", "o_o", "xd", "zzz", "69", "+++"]
)
def test_signs_stay(sign: str) -> None:
    assert translate(sign, {}) == sign


def test_a_sign_can_have_an_entry() -> None:
    assert translate("v", {"v": "ピースサイン"}) == "ピースサイン"


@pytest.mark.parametrize(
    ("tag", "shown"),
    [
        (":d", "にっこり開けた口"),
        (":D", "にっこり開けた口"),
        ("^_^", "にこにこと閉じた目"),
        ("^ ^", "にこにこと閉じた目"),
        ("red dress", "赤いドレス"),
        ("2007", "2007年"),
        ("(o)_(o)", "(o)_(o)"),
        ("nasumiso_style", ""),
    ],
)
def test_what_is_shown_beside_a_tag(tag: str, shown: str) -> None:
    assert explained(tag, {"dress": "ドレス"}) == shown


def test_own_words_win_over_what_a_sign_means() -> None:
    assert explained(":d", {":d": "わーい"}) == "わーい"


def test_every_meaning_is_of_a_sign_that_captions_keep() -> None:
    words = read_dictionary(DICTIONARY)
    assert [sign for sign in SIGNS if not is_sign(sign) or translate(sign, words) != sign] == []
    assert list(SIGNS) == sorted(SIGNS)
    assert len(set(SIGNS.values()) - set(words.values())) == len(SIGNS)


@pytest.mark.parametrize("tag", ["nasumiso_style", "thingamajig", "tv", "ピース", ""])
def test_unknown_words_are_none(tag: str) -> None:
    assert translate(tag, {}) is None


class Asked(Mapping[str, str]):
    """A dictionary that counts how often it is asked, and can't be walked through."""

    def __init__(self, words: dict[str, str]) -> None:
        self.words = words
        self.times = 0

    def __getitem__(self, tag: str) -> str:
        self.times += 1
        return self.words[tag]

    def __iter__(self) -> Iterator[str]:
        pytest.fail("walked through all words for one tag")

    def __len__(self) -> int:
        return len(self.words)


def test_a_tag_costs_a_few_looks_into_the_dictionary_however_large_it_is() -> None:
    words = read_dictionary(DICTIONARY)
    asked = Asked(words)
    for tag in list(words)[::70]:
        assert translate(tag, asked) == translate(tag, words)
    assert asked.times == len(list(words)[::70])
    ruled = ["red_dress", "holding_black_umbrella", "2girls", "food_on_face", "cat_tail", "none_x"]
    asked.times = 0
    for tag in ruled:
        assert translate(tag, asked) == translate(tag, words)
    assert asked.times <= 20 * len(ruled)


def test_a_tag_that_only_gets_a_group_needs_no_japanese(tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("tag,ja,group\nhero_cape,,clothes\ncap,帽子,\n", encoding="utf-8")
    assert read_words(mine) == {"cap": "帽子"}


def test_a_word_that_is_only_typed_needs_no_japanese(tmp_path: Path) -> None:
    mine = "tag,ja,typed\nhat,,ぼうし、ハット\nsolo,ひとり,ぼっち\ncap,帽子,\n"
    folder = dictionary(tmp_path, "tag,ja\nhat,帽子\n", mine)
    assert read_dictionary(folder) == {"hat": "帽子", "solo": "ひとり", "cap": "帽子"}
    assert read_typed(folder) == {"ぼうし": ["hat"], "ハット": ["hat"], "ぼっち": ["solo"]}


def test_one_typed_word_for_several_tags_in_the_order_of_lines(tmp_path: Path) -> None:
    folder = dictionary(tmp_path, "tag,ja\n")
    (folder / "synonyms.csv").write_text("typed,tag\n羽,wings\n羽,feathers\n", encoding="utf-8")
    assert read_typed(folder) == {"羽": ["wings", "feathers"]}


def test_half_a_row_of_synonyms(tmp_path: Path) -> None:
    folder = dictionary(tmp_path, "tag,ja\n")
    (folder / "synonyms.csv").write_text("typed,tag\n羽,\n", encoding="utf-8")
    with pytest.raises(Problem, match=r"synonyms\.csv, line 2: half a row; write typed,tag"):
        read_typed(folder)


def test_a_typed_word_without_its_tag(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"mine\.csv, line 2: no tag before '羽'"):
        read_dictionary(dictionary(tmp_path, "tag,ja\n", "tag,ja,typed\n,,羽\n"))


def test_how_often_danbooru_has_a_tag(tmp_path: Path) -> None:
    assert read_counts(tmp_path) == {}
    (tmp_path / "counts.csv").write_text("tag,posts\nLong Hair,5000000\nhat,87\n", "utf-8")
    assert read_counts(tmp_path) == {"long_hair": 5_000_000, "hat": 87}


@pytest.mark.parametrize("row", ["hat,", "hat,many", ",87", "hat,-1", "hat,²"])
def test_a_count_that_is_none(tmp_path: Path, row: str) -> None:
    (tmp_path / "counts.csv").write_text(f"tag,posts\n{row}\n", encoding="utf-8")
    with pytest.raises(Problem, match=r"counts\.csv, line 2: half a row; write tag,posts"):
        read_counts(tmp_path)
