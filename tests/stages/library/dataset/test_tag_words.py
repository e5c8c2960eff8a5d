"""The words are tags' own, with one Japanese word each."""

import pytest

from stages.library.dataset import tag_words

TABLES = {
    name: table
    for name, table in vars(tag_words).items()
    if name.isupper() and isinstance(table, dict)
}


@pytest.mark.parametrize("name", TABLES)
def test_words_are_written_as_danbooru_writes_them_and_all_have_a_meaning(name: str) -> None:
    table: dict[str, str] = TABLES[name]
    assert table
    assert [word for word in table if word != word.lower() or " " in word] == []
    assert [word for word, japanese in table.items() if not japanese.strip()] == []
    assert [word for word, japanese in table.items() if "," in japanese or "、" in japanese] == []
