"""The list of tags that comes with a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.library.common.errors import Problem
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


@pytest.mark.parametrize("text", ["", "a,d\n1,2\n", "tag,b\n1\n"])
def test_a_list_without_the_column_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tags.csv"
    path.write_text(text)
    with pytest.raises(
        Problem, match=r"tags\.csv is no list with the column b or c; take it, like"
    ):
        model_files.read_rows(path, "b", "c")


def test_the_first_column_that_is_there_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "tags.csv"
    path.write_text("c,b\n1,2\n")
    assert model_files.read_rows(path, "b", "c") == ("b", [{"c": "1", "b": "2"}])


@pytest.mark.parametrize("data", [b"[1]", b"", b"<html>", b"\xff", b"[" * 9999])
def test_json_without_keys_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(data)
    with pytest.raises(Problem, match=r"config\.json holds no JSON"):
        model_files.read_facts(path)


def test_in_the_hubs_cache_a_commit_is_found_from_folders_within(tmp_path: Path) -> None:
    commit = tmp_path / "snapshots" / ("c" * 40)
    assert model_files.snapshot(commit) == commit
    assert model_files.snapshot(commit / "v2" / "model.onnx") == commit
    assert model_files.snapshot(tmp_path / "v2") is None
