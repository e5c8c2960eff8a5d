"""The list of tags that comes with a model."""

from __future__ import annotations

from pathlib import Path

from stages.library.tagging import model_files
from tests.support.taggers import write_tag_list


def test_names_with_quotes_commas_and_other_letters(tmp_path: Path) -> None:
    names = ['say_"hi"', "a,b", "<o>_<o>", "なす", "re:zero", ";)", "don't", " x "]
    write_tag_list(tmp_path, [(name, 4) for name in names])
    assert model_files.read_tag_list(tmp_path / "selected_tags.csv") == (names, [4] * len(names))


def test_a_byte_order_mark_and_other_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "selected_tags.csv"
    path.write_bytes(b"\xef\xbb\xbfname,category\r\nsmile,0\r\nmiku,4\r\n")
    assert model_files.read_tag_list(path) == (["smile", "miku"], [0, 4])


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    path = tmp_path / "selected_tags.csv"
    path.write_text("category,id,name,ips\n9,1,general,[]\n0,2,smile,\n")
    assert model_files.read_tag_list(path) == (["general", "smile"], [9, 0])
