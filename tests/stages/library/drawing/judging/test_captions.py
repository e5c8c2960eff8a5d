"""Which drawings' captions are drawn, and what a WebUI reads of them."""

import hashlib
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.library.common.errors import Problem
from stages.library.dataset.manifest import USED, Row
from stages.library.drawing.judging.captions import (
    caption_of,
    chosen,
    folders_of,
    source,
    without_triggers,
)
from stages.library.drawing.judging.evidence import HELD_OUT, TRAINING

TRIGGERS = ["nasumiso_style", "nasu_cry"]


def write(folder: Path, stem: str, text: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.png").write_bytes(f"picture {stem}".encode())
    (folder / f"{stem}.txt").write_text(text or f"nasumiso_style, {stem}\n", encoding="utf-8")


def row(drawing: str, stem: str) -> Row:
    sha256 = hashlib.sha256(drawing.encode()).hexdigest()
    return Row(f"{stem}.png", f"{drawing}.png", sha256, 9, 9, USED, "")


def chosen_of(tmp_path: Path, drawings: list[str], most: int) -> set[str]:
    """Return the drawings that are chosen of a dataset; they are numbered as `prepare` does."""
    folder = tmp_path / f"{len(list(tmp_path.iterdir()))}" / "1_nasu"
    rows = {f"img{n:03d}": row(drawing, f"img{n:03d}") for n, drawing in enumerate(drawings, 1)}
    for stem, each in rows.items():
        write(folder, stem, f"nasumiso_style, {each.source}\n")
    found = chosen([folder], rows, TRIGGERS, most)
    return {rows[caption.drawing].source.removesuffix(".png") for caption in found}


def test_the_same_drawings_are_chosen_when_others_come_and_go(tmp_path: Path) -> None:
    drawings = [f"drawing {n}" for n in range(30)]
    once = chosen_of(tmp_path, drawings, 8)
    assert len(once) == 8
    random.Random(1).shuffle(drawings)
    assert chosen_of(tmp_path, drawings, 8) == once, "whatever their numbers"
    fewer = [each for at, each in enumerate(drawings) if each in once or at % 2]
    assert chosen_of(tmp_path, fewer, 8) == once
    more = chosen_of(tmp_path, [*drawings, "another"], 8)
    assert len(once - more) <= 1, "one more drawing replaces one at most"
    assert chosen_of(tmp_path, drawings, 12) > once, "asked for more, they stay"


def test_all_are_chosen_where_there_are_no_more(tmp_path: Path) -> None:
    assert chosen_of(tmp_path, ["a", "b", "c"], 12) == {"a", "b", "c"}


def test_a_drawing_that_the_manifest_does_not_know_goes_by_its_picture(tmp_path: Path) -> None:
    for stem in ("one", "two", "three"):
        write(tmp_path / "1_nasu", stem)
    first = chosen([tmp_path / "1_nasu"], {}, TRIGGERS, 1)
    for old, new in (("one", "x"), ("two", "y"), ("three", "z")):
        for ending in ("png", "txt"):
            path = tmp_path / "1_nasu" / f"{old}.{ending}"
            path.rename(path.with_stem(new))
    assert chosen([tmp_path / "1_nasu"], {}, TRIGGERS, 1)[0].prompt == first[0].prompt


def test_of_drawings_with_the_same_prompt_one_is_drawn(tmp_path: Path) -> None:
    for n in range(5):
        write(tmp_path / "1_nasu", f"img{n}", "nasumiso_style, 1girl\n")
    write(tmp_path / "1_nasu", "img9", "nasumiso_style,  1girl, smile\n")
    found = chosen([tmp_path / "1_nasu"], {}, TRIGGERS, 6)
    assert sorted(each.prompt for each in found) == [
        "nasumiso_style, 1girl",
        "nasumiso_style, 1girl, smile",
    ]


def test_what_is_no_pair_and_what_says_nothing_is_not_drawn(tmp_path: Path) -> None:
    write(tmp_path / "1_nasu", "img1")
    write(tmp_path / "1_nasu", "img2", "\n")
    write(tmp_path / "1_nasu", "img3", "# all of it hidden\n")
    (tmp_path / "1_nasu" / "img1.png").rename(tmp_path / "1_nasu" / "other.png")
    assert chosen([tmp_path / "1_nasu"], {}, TRIGGERS, 6) == []


def test_a_caption_that_a_power_cut_emptied_is_told(tmp_path: Path) -> None:
    write(tmp_path / "1_nasu", "img1")
    (tmp_path / "1_nasu" / "img1.txt").write_bytes(b"")
    with pytest.raises(Problem, match=r"img1\.txt: is empty, as a power cut leaves files"):
        chosen([tmp_path / "1_nasu"], {}, TRIGGERS, 6)


def test_drawings_that_are_held_out_come_first(tmp_path: Path) -> None:
    held_out, dataset = tmp_path / "held_out", tmp_path / "dataset"
    with pytest.raises(Problem, match=r"dataset: holds no pictures with captions, .* or set judge"):
        source(held_out, dataset)
    for folder in ("2_cry", "10_nasu"):
        write(dataset / folder, folder)
    held_out.mkdir()
    (held_out / "about.md").write_text("none is held out")
    assert source(held_out, dataset) == (TRAINING, [dataset / "10_nasu", dataset / "2_cry"])
    write(held_out / "1_nasu", "img1")
    assert source(held_out, dataset) == (HELD_OUT, [held_out / "1_nasu"])
    assert folders_of(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("nasumiso_style, 1girl, long_hair\n", "nasumiso_style, 1girl, long_hair"),
        ("nasumiso_style,1girl ,,  long hair", "nasumiso_style, 1girl, long hair"),
        ("nasu, miku_(cosplay), [x]", r"nasu, miku_\(cosplay\), \[x\]"),
        (r"nasu, miku_\(cosplay\)", r"nasu, miku_\\\(cosplay\\\)"),
        ("nasu, (smile:1.2)", r"nasu, \(smile:1.2\)"),
        ("nasu, hat\nnasu, She waits here.\n", "nasu, hat"),
        ("\nnasu, hat\n", "nasu, hat"),
        (
            "nasu, She waits, and he BREAKS it AND goes.",
            "nasu, She waits, and he BREAKS it and goes.",
        ),
        ("nasu ||| hat, shoe", "nasu, hat, shoe"),
        ("nasu, #unicus, hat", "nasu, hat"),
        ("nasu, <lora:other:1>, hat", "nasu, hat"),
        ("nasu, <o>_<o>, |_|", "nasu, <o>_<o>, |_|"),
        ("nasu, a\t b\u3000c", "nasu, a b c"),
        ("nasu, :3", "nasu, :3,"),
        ("nasu, re: .5", "nasu, re: .5,"),
        ("nasu, :3, cat", "nasu, :3, cat"),
        ("nasu, :d", "nasu, :d"),
    ],
)
def test_a_webui_reads_the_caption_as_the_trainer_did(text: str, prompt: str) -> None:
    assert caption_of("img001", text, ["nasu"]).prompt == prompt


def test_tags_are_told_as_a_tagger_names_them_and_triggers_are_none() -> None:
    text = r"Nasumiso Style, Long hair, miku_(cosplay), b \(c\), nasu_cry, long_hair"
    assert caption_of("img001", text, ["nasumiso_style", "nasu_cry"]).tags == [
        "long_hair",
        "miku_(cosplay)",
        "b_(c)",
    ]


def test_a_tag_keeps_a_backslash_of_its_own() -> None:
    caption = caption_of("img001", r"nasu, \m/, \o/, b \(c\)", ["nasu"])
    assert caption.tags == [r"\m/", r"\o/", "b_(c)"]
    assert caption.prompt.startswith(r"nasu, \\m/, \\o/")


@pytest.mark.parametrize(
    ("prompt", "without"),
    [
        ("nasumiso_style, 1girl", "1girl"),
        ("Nasumiso style, 1girl, nasu_cry", "1girl"),
        ("1girl", "1girl"),
        ("nasumiso_style", ""),
        ("nasumiso_styles, 1girl", "nasumiso_styles, 1girl"),
        ("nasumiso_style, :3,", ":3,"),
    ],
)
def test_without_its_triggers_a_prompt_is_all_else(prompt: str, without: str) -> None:
    assert without_triggers(prompt, TRIGGERS) == without


def test_a_trigger_with_brackets_is_found_in_the_prompt() -> None:
    caption = caption_of("img001", "nasu_(artist), 1girl", ["nasu_(artist)"])
    assert without_triggers(caption.prompt, ["nasu_(artist)"]) == "1girl"
    assert caption.tags == ["1girl"]


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=40))
def test_no_bracket_of_a_caption_is_one_of_the_webui(text: str) -> None:
    prompt = caption_of("img001", text, []).prompt
    plain = re_escaped(prompt)
    assert not set("()[]\\#") & set(plain)


def re_escaped(prompt: str) -> str:
    """Return a prompt without what a backslash escapes, as A1111's parser takes it."""
    left, signs = "", iter(prompt)
    for sign in signs:
        if sign == "\\":
            next(signs, "")
        else:
            left += sign
    return left
