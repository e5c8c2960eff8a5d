"""The figures are exact."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages import report
from stages.library.dataset.edits_text import HEADER
from stages.library.dataset.manifest import SKIPPED, USED, Row, write_manifest
from stages.library.report import core, page
from stages.library.tagging.scores import Scores, write_scores
from stages.report import build_parser, figures, main, tag_frequencies
from tests.support.meanwhile import meanwhile, write
from tests.support.params import arguments

ROWS = [
    Row("img001.png", "a.png", "a", 800, 600, USED, ""),
    Row(
        "img002.png",
        "b.png",
        "b",
        100,
        90,
        USED,
        "upscaled width=100 height=90; looks_like name=a.png",
    ),
    Row("img003.png", "c.png", "c", 512, 512, USED, "colours_converted profile='Display P3'"),
    Row("", "upscaled.png", "d", 0, 0, SKIPPED, "empty"),
    Row("", "e.png", "a", 0, 0, SKIPPED, "same_bytes name=a.png"),
]
CAPTIONS = {
    "img001": "nasu, 1girl, solo",
    "img002": "nasu, 1girl, zork, ^_^",
    "img003": "nasu",
}


def run(
    folder: Path,
    rows: list[Row] = ROWS,
    captions: dict[str, str] = CAPTIONS,
    limit: int | bool = 225,
    second: str = "",
) -> int:
    """Run the stage; if a `second` model is to be in the scores, that is the tag it knows."""
    write_manifest(folder / "manifest.csv", rows)
    for name in ("tagged", "dictionary", "prepared", "thumbnails"):
        (folder / name).mkdir(exist_ok=True)
    for stem, text in captions.items():
        (folder / "tagged" / f"{stem}.txt").write_text(f"{text}\n", encoding="utf-8")
    words = "tag,ja\n1girl,女の子1人\nsolo,単独\n"
    (folder / "dictionary" / "ja.csv").write_text(words, encoding="utf-8")
    stems = [Path(row.image).stem for row in rows if row.image]
    for stem in stems:
        Image.new("RGB", (64, 64)).save(folder / "prepared" / f"{stem}.png")
        Image.new("RGB", (64, 48)).save(folder / "thumbnails" / f"{stem}.webp")
    record = {"pictures": {stem: {"stem": stem, "crop": [0, 0.125, 1, 0.75]} for stem in stems}}
    (folder / "prepared.json").write_text(json.dumps(record), encoding="utf-8")
    found = [(np.array([0], np.int32), np.array([9000], np.uint16)) for _ in stems]
    scores = Scores("model", ["1girl"], [0], stems, stems, found)
    others = [replace(scores, tags=[second])] if second else []
    write_scores(folder / "scores.npz", scores, *others)
    (folder / "edits.yaml").write_text(HEADER, encoding="utf-8")
    values: dict[str, object] = {
        "manifest": folder / "manifest.csv",
        "written": folder / "prepared.json",
        "scores": folder / "scores.npz",
        "captions": folder / "tagged",
        "edits": folder / "edits.yaml",
        "dictionary": folder / "dictionary",
        "pictures": folder / "prepared",
        "thumbnails": folder / "thumbnails",
        "output": folder / "report",
        "threshold": 0.35,
        "character_threshold": 0.85,
        "exclude": [],
        "replace": [],
        "underscores": "keep",
        "ratings": False,
        "max_tags": 0,
        "tag": "nasu",
        "max_token_length": limit,
    }
    return main(arguments(build_parser(), values, folder / "params"))


def metrics(folder: Path) -> Any:
    return json.loads((folder / "report" / "metrics.json").read_text(encoding="utf-8"))


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "report" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_metrics_of_three_pictures(tmp_path: Path) -> None:
    assert run(tmp_path) == 0
    assert metrics(tmp_path) == {
        "images": {"in": 5, "used": 3, "skipped": 2, "upscaled": 1, "look_alike": 1},
        "tags_per_image": {"mean": 2.67, "least": 1, "most": 4},
        "tokens": {"median": 9, "most": 14, "limit": 225, "captions_cut": 0},
        "tags": {"different": 5, "once_only": 3},
        "dictionary": {"of_tags": 0.75, "of_occurrences": 0.8},
    }


def test_the_page_offers_the_likeliest_tags_first(tmp_path: Path) -> None:
    (tmp_path / "dictionary").mkdir()
    (tmp_path / "dictionary" / "counts.csv").write_text("tag,posts\nsolo,9\n", "utf-8")
    assert run(tmp_path) == 0
    html = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert html.index('["solo","') < html.index('["1girl","')


def test_the_page_has_the_tags_of_all_models(tmp_path: Path) -> None:
    assert run(tmp_path, second="eggplant") == 0
    html = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert '"tags":["1girl","eggplant"]' in html
    assert '"found":[[0,9000],[1,9000]]' in html


def test_captions_beyond_the_trainers_limit_are_counted(tmp_path: Path) -> None:
    long = ", ".join(["nasu", *(f"smile_{number}" for number in range(20))])
    assert run(tmp_path, captions=CAPTIONS | {"img001": long}, limit=False) == 0
    assert metrics(tmp_path)["tokens"]["captions_cut"] == 1
    assert metrics(tmp_path)["tokens"]["limit"] == 75


def test_a_sentence_below_the_tags_is_no_tag_but_has_its_length(tmp_path: Path) -> None:
    below = "nasu, 1girl\nnasu, She sits here, and she waits and waits for the rain."
    assert run(tmp_path, captions=dict.fromkeys(CAPTIONS, below)) == 0
    assert metrics(tmp_path)["tags_per_image"] == {"mean": 2, "least": 2, "most": 2}
    assert metrics(tmp_path)["tokens"]["most"] > 10
    assert [row["tag"] for row in table(tmp_path, "tag_frequencies")] == ["1girl", "nasu"]


def test_core_tags_are_named_and_kept_in_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "FEWEST", 3)
    (tmp_path / "dictionary").mkdir()
    (tmp_path / "dictionary" / "groups.csv").write_text("tag,group\nhat,clothes\n", "utf-8")
    assert run(tmp_path, captions=dict.fromkeys(CAPTIONS, "nasu, 1girl, hat")) == 0
    assert (
        "report: core tags, in 90 % of the pictures or more: 1girl, hat. Of these a character's "
        "LoRA does better without what the character always has (caption.drop), a style's with "
        "all; docs/captions.md says why\n"
    ) in capsys.readouterr().out
    assert [tuple(row.values()) for row in table(tmp_path, "core_tags")] == [
        ("", "1girl", "女の子1人", "count", "3"),
        ("", "hat", "", "clothes", "3"),
    ]


def test_the_tables_of_three_pictures(tmp_path: Path) -> None:
    run(tmp_path)
    frequencies = [tuple(row.values()) for row in table(tmp_path, "tag_frequencies")]
    assert frequencies == [
        ("nasu", "", "3"),
        ("1girl", "女の子1人", "2"),
        ("^_^", "にこにこと閉じた目", "1"),
        ("solo", "単独", "1"),
        ("zork", "", "1"),
    ]
    assert [tuple(row.values()) for row in table(tmp_path, "tags_per_image")] == [
        ("img001", "3"),
        ("img002", "4"),
        ("img003", "1"),
    ]
    assert [tuple(row.values()) for row in table(tmp_path, "sizes")] == [
        ("img001.png", "a.png", "800", "600"),
        ("img002.png", "b.png", "100", "90"),
        ("img003.png", "c.png", "512", "512"),
    ]


def test_names_of_drawings_are_not_mistaken_for_notes() -> None:
    rows = [Row("img001.png", "x.png", "x", 9, 9, USED, "looks_like name='; upscaled'")]
    counted: Any = figures(rows, [["a"]], set(), ["nasu"], 225, [["a"]])
    assert counted["images"]["upscaled"] == 0
    assert counted["images"]["look_alike"] == 1


def test_pictures_without_a_tag(tmp_path: Path) -> None:
    assert run(tmp_path, captions={"img001": "", "img002": ""}) == 0
    assert metrics(tmp_path)["tags_per_image"] == {"mean": 0, "least": 0, "most": 0}
    assert metrics(tmp_path)["tokens"]["most"] == 0
    assert metrics(tmp_path)["tags"] == {"different": 0, "once_only": 0}
    assert metrics(tmp_path)["dictionary"] == {"of_tags": 0, "of_occurrences": 0}
    assert table(tmp_path, "tag_frequencies") == []


def test_once_only_counts_pictures_not_letters() -> None:
    captions = [["a", "b"], ["a"], ["c", "d", "a"]]
    counted: Any = figures([], captions, {"a", "b"}, ["c"], 225, captions)
    assert counted["tags"] == {"different": 4, "once_only": 3}
    assert counted["dictionary"] == {"of_tags": 0.6667, "of_occurrences": 0.8}


def test_equal_frequencies_by_name() -> None:
    assert [row[0] for row in tag_frequencies([["b", "a"], ["c", "a"]], {})] == ["a", "b", "c"]


@pytest.mark.parametrize("tag", ['"q"', "=_=", "@_@", "'", "; x", "-x", "🍆"])
def test_odd_tags_come_back_from_the_table(tmp_path: Path, tag: str) -> None:
    run(tmp_path, captions={"img001": tag})
    assert table(tmp_path, "tag_frequencies")[0]["tag"] == tag


def test_odd_names_come_back_from_the_table(tmp_path: Path) -> None:
    name = 'a,b "c"\nなす.png'
    run(tmp_path, rows=[Row("img001.png", name, "x", 1, 2, USED, "")])
    assert table(tmp_path, "sizes")[0]["source"] == name


def test_the_same_bytes_on_every_run(tmp_path: Path) -> None:
    run(tmp_path)
    once = {path.name: path.read_bytes() for path in (tmp_path / "report").iterdir()}
    run(tmp_path)
    assert {path.name: path.read_bytes() for path in (tmp_path / "report").iterdir()} == once
    assert sorted(once) == [
        "core_tags.csv",
        "index.html",
        "metrics.json",
        "sizes.csv",
        "tag_frequencies.csv",
        "tags_per_image.csv",
    ]
    assert b"\r" not in b"".join(once.values())


def test_the_page_shows_every_picture(tmp_path: Path) -> None:
    run(tmp_path)
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    for row in ROWS:
        assert row.source in page


def test_a_manifest_of_an_older_version_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, rows=[*ROWS[:2], replace(ROWS[2], reason="looks like a.png")]) == 1
    error = capsys.readouterr().err
    assert "row of c.png: looks like a.png has no code that is known" in error
    assert "run dvc repro" in error
    assert error.count("\n") == 1


def test_the_last_line_is_in_the_readers_language(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path)
    assert capsys.readouterr().out.endswith("figures: dvc metrics show\n")
    monkeypatch.setenv("NASUMISO_LANG", "ja")
    run(tmp_path)
    assert capsys.readouterr().out.endswith("数値は dvc metrics show\n")


def test_no_captions_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, captions={}) == 1
    error = capsys.readouterr().err
    assert "holds no caption (.txt)" in error
    assert error.count("\n") == 1


def test_beyond_so_many_pictures_thumbnails_stay_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "report" / "index.html"
    for most, folder in ((3, "null"), (2, '"../thumbnails"')):
        monkeypatch.setattr(page, "ONE_FILE", most)
        assert run(tmp_path) == 0
        html = index.read_text(encoding="utf-8")
        assert f'"folder":{folder}' in html
        assert html.count('class="thumbnails"') == (folder == "null")


@pytest.mark.parametrize("name", ["edits.yaml", "dictionary/mine.csv", "tagged/img002.txt"])
def test_what_is_written_meanwhile_is_not_passed_over(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    assert run(tmp_path) == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "report").iterdir()}
    with monkeypatch.context() as patch:
        meanwhile(patch, report, "write_figures", write(tmp_path / name, "# another\n"))
        assert run(tmp_path) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"report: error: {tmp_path / name}: changed while this was running;")
    assert {path.name: path.read_bytes() for path in (tmp_path / "report").iterdir()} == before


def test_no_trigger_is_a_tag_that_the_dictionary_should_have() -> None:
    captions = [["nasu", "a"], ["nasu_cry", "a", "b"]]
    counted: Any = figures([], captions, {"a"}, ["nasu", "nasu_cry"], 225, captions)
    assert counted["dictionary"] == {"of_tags": 0.5, "of_occurrences": 0.6667}
