"""Counts of a list in the form that WebUIs' tag completion has it in."""

from pathlib import Path

import pytest

from stages.library.dataset.dictionary import read_counts
from tools.makers.tag_counts import main

POSTS = """\
1girl,0,6008644,"1girls,sole_female"
unworn_hat,0,9876,"hat_removed"
hat_removed,0,0,
hat,0,87,
smile,0,3500000,
"""


def make(folder: Path, posts: str) -> int:
    """Count the tags of a small dictionary in a folder."""
    for name, text in (
        ("ja", "tag,ja\n1girl,女の子1人\nhat_removed,脱いだ帽子\nunheard_of,知らない\n"),
        ("groups", "tag,group\nhat,clothes\n"),
        ("synonyms", "typed,tag\nぼっち,1girl\n"),
    ):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    (folder / "posts.csv").write_text(posts, encoding="utf-8")
    return main(["--posts", str(folder / "posts.csv"), "--dictionary", str(folder)])


def test_the_tags_of_the_dictionary_are_counted_to_two_digits(tmp_path: Path) -> None:
    assert make(tmp_path, POSTS.replace("hat_removed,0,0,\n", "")) == 0
    written = (tmp_path / "counts.csv").read_text(encoding="utf-8")
    assert written == "tag,posts\n1girl,6000000\nhat,87\nhat_removed,9900\n"
    assert read_counts(tmp_path) == {"1girl": 6_000_000, "hat": 87, "hat_removed": 9900}


def test_a_tag_without_posts_is_not_in_the_table(tmp_path: Path) -> None:
    assert make(tmp_path, POSTS) == 0
    assert read_counts(tmp_path) == {"1girl": 6_000_000, "hat": 87}


@pytest.mark.parametrize("posts", ["name,category\n1girl,0\n", "1girl,0,many,\n"])
def test_another_list(tmp_path: Path, capsys: pytest.CaptureFixture[str], posts: str) -> None:
    assert make(tmp_path, posts) == 1
    assert 'has other lines than name,category,posts,"former names"' in capsys.readouterr().err
    assert not (tmp_path / "counts.csv").exists()
