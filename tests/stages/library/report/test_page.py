"""The page as text; tests/browser opens it."""

import hashlib
import json
import re
from base64 import b64decode, b64encode
from dataclasses import replace
from typing import Any

from stages.library.dataset.dictionary import translate
from stages.library.dataset.edits import Edit
from stages.library.dataset.manifest import Row
from stages.library.dataset.notes import REMARKS, note
from stages.library.dataset.subjects import Triggers
from stages.library.report.page import CHUNK, FOLDER, KINDS, PART, look_alikes
from stages.library.tagging.rules import Rules
from tests.browser.pages import RULES, Dataset, dataset, read_json, row_of, skipped_row
from tests.stages.library.common.test_html import HOSTILE
from tests.support.vectors.make import FOLDER as VECTORS
from tests.support.vectors.make import texts


def small(**others: Any) -> Dataset:
    """Return a dataset of two drawings."""
    rows = [row_of(1, "a.png"), row_of(2, "b.png", notes=[note("looks_like", name="a.png")])]
    found = [{"smile": 9000, "long_hair": 4000}, {"smile": 3000}]
    return dataset(rows, found, **others)


def data_of(html: str) -> Any:
    """Return what the page's islands of data hold, the pictures under a key of their own."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found
    parts = re.findall(r'class="pictures">(.*?)</script>', html, re.DOTALL)
    pictures = [picture for part in parts for picture in json.loads(part)]
    return {"pictures": pictures} | json.loads(found.group(1))


def test_vectors_are_what_python_gives() -> None:
    assert {name: (VECTORS / name).read_text("utf-8") for name in texts()} == texts()


def test_same_dataset_same_bytes() -> None:
    made = small(words={"smile": "笑顔"})
    assert made.html() == made.html()


def test_page_loads_nothing() -> None:
    html = small().html()
    assert not re.search(r"""(src|href)=["'](?!#|data:)""", html)
    assert not re.search(r"@import|url\(|\bimport\b|fetch\(|XMLHttpRequest", html)
    assert "default-src &#39;none&#39;; img-src data:;" in html


def test_policy_allows_exactly_the_style_and_the_script_of_the_page() -> None:
    html = small().html()
    for name in ("style", "script"):
        text = re.search(f"<{name}>(.*?)</{name}>", html, re.DOTALL)
        assert text
        digest = b64encode(hashlib.sha256(text.group(1).encode()).digest()).decode()
        assert f"{name}-src &#39;sha256-{digest}&#39;".replace("+", "&#43;") in html.replace(
            "+", "&#43;"
        )
    assert html.count("<script>") == html.count("<style>") == 1
    assert " style=" not in html
    assert not re.search(r"\son\w+=", html)


def test_the_tags_that_danbooru_has_most_come_first() -> None:
    html = small(words={"hat": "帽子", "solo": "一人"}, posts={"solo": 50, "long_hair": 60}).html()
    assert [tag for tag, _, _ in data_of(html)["words"]] == ["long_hair", "solo", "smile", "hat"]


def test_the_page_says_which_taggers_looked() -> None:
    made = small()
    pinned = replace(made.scores, origin="owner/a<b@3fa9c1d2e4b5 + mine")
    html = replace(made, scores=pinned).html()
    named = re.search(r'<p id="taggers">(.*?)</p>', html, re.DOTALL)
    assert named
    assert re.sub("<[^>]+>", "", named[1]) == "見たタガー:Tagger: owner/a&lt;b (3fa9c1d), mine"
    assert 'id="builtin"' not in html


def test_the_builtin_taggers_captions_are_said_to_be_for_trying_out() -> None:
    made = small()
    html = replace(made, scores=replace(made.scores, origin="builtin")).html()
    assert "Captions for trying out: the built-in tagger (builtin) sees colours only" in html
    assert "お試し用のキャプションです" in html
    assert (
        'id="builtin"'
        not in replace(
            made, scores=replace(made.scores, origin="builtin + owner/model@3fa9c1d2")
        ).html()
    )
    assert 'id="taggers"' not in made.html(), "scores of old don't say"


def test_code_holds_no_end_of_its_own_element() -> None:
    for path in FOLDER.iterdir():
        assert path.suffix == ".j2" or "</" not in path.read_text("utf-8"), path.name


def test_hostile_names_are_data_only() -> None:
    rows = [row_of(number, name) for number, name in enumerate(HOSTILE, 1)]
    rows += [skipped_row(name, note("damaged", why=name)) for name in HOSTILE]
    made = dataset(
        rows, [{name: 9000} for name in HOSTILE], words=dict.fromkeys(HOSTILE[:5], "<b>")
    )
    html = replace(made, triggers=Triggers(HOSTILE[0])).html()
    assert html.count("<script") == small().html().count("<script")
    assert "<img" not in html.replace("<img src=x", "")
    assert [picture["source"] for picture in data_of(html)["pictures"]] == HOSTILE


def test_thumbnails_come_in_islands_of_their_own() -> None:
    count = CHUNK + 1
    rows = [row_of(number, f"{number}.png") for number in range(1, count + 1)]
    made = dataset(rows, [{}] * count)
    chunks = re.findall(r'class="thumbnails">(.*?)</script>', made.html())
    assert [len(json.loads(chunk)) for chunk in chunks] == [CHUNK, 1]
    assert b64decode(json.loads(chunks[1])[0]) == made.thumbnails[f"img{count:03}"]


def test_pictures_come_in_islands_too() -> None:
    rows = [row_of(number, f"{number}.png") for number in range(1, PART + 2)]
    html = dataset(rows, [{}] * len(rows)).html()
    assert html.count('class="pictures"') == 2
    assert [picture["stem"] for picture in data_of(html)["pictures"]][-1] == f"img{PART + 1}"


def test_a_threshold_of_general_tags_alone_is_told_beside_the_slider() -> None:
    note = "General tags have a threshold of their own in caption.thresholds"
    cases: list[tuple[list[tuple[int, float | str]], bool]] = [
        ([], False),
        ([(1, 0.5), (4, 0.5)], False),
        ([(0, 0.5)], True),
    ]
    for thresholds, told in cases:
        html = small(rules=replace(RULES, thresholds=thresholds)).html()
        assert (note in html) == told
        rules = data_of(html)["rules"]
        assert rules["thresholds"] == [
            [kind, round(float(value) * 10_000)] for kind, value in thresholds if kind != 4
        ]
        assert rules["character_threshold"] == (5000 if (4, 0.5) in thresholds else 8500)


def test_data_says_everything_of_a_picture() -> None:
    edit = Edit("a.png", ["eggplant"], ["smile"])
    text = "00000000000a:\n  source: a.png\n"
    rules = Rules(0.35, 0.85, ["x"], [("a", "b c")], "spaces", True, 20)
    made = small(
        edits={"00000000000a": edit}, edits_text=text, rules=rules, words={"smile": "笑顔"}
    )
    data = data_of(made.html())
    first = data["pictures"][0]
    assert (first["stem"], first["key"], first["source"]) == ("img001", "1" + "0" * 11, "a.png")
    assert (first["width"], first["height"], first["size"]) == (300, 400, [512, 512])
    assert first["found"] == [[0, 9000], [1, 4000]]
    assert data["rules"]["threshold"] == 3500
    assert data["groups"] == [["img001", "img002"]]
    assert data["edits"] == [
        [
            "00000000000a",
            {
                "source": "a.png",
                "add": ["eggplant"],
                "remove": ["smile"],
                "order": [],
                "caption": "",
                "sentence": "",
            },
        ]
    ]
    assert data["text"] == text
    assert [(tag, ja, data["kinds"][kind][0]) for tag, ja, kind in data["words"]] == [
        ("smile", "笑顔", "expression"),
        ("long_hair", "長い髪", "hair"),
        ("b_c", "", "other"),
        ("eggplant", "", "other"),
    ]


def test_every_tag_has_the_dictionarys_japanese() -> None:
    words = {"dress": "ドレス", "smile": "笑顔"}
    data = data_of(
        small(words=words, edits={"0" * 12: Edit("z", add=["red dress", "^_^", "8_8"])}).html()
    )
    japanese = {tag: ja for tag, ja, _ in data["words"]}
    assert japanese["red_dress"] == translate("red dress", words) == "赤いドレス"
    assert japanese["^_^"] == "にこにこと閉じた目"
    assert japanese["8_8"] == ""


def test_look_alikes_of_look_alikes_are_one_group() -> None:
    names = ["a.png", "b.png", "c.png", "d; looks like a.png", "e\n.png"]
    alike = [[], [], [names[0]], [names[2]], [names[3]]]
    rows: dict[str, Row] = {
        name[0]: row_of(number, name, notes=[note("looks_like", name=other) for other in others])
        for number, (name, others) in enumerate(zip(names, alike, strict=True))
    }
    assert look_alikes(rows) == [["a", "c", "d", "e"]]


def test_notes_are_shown_in_both_languages() -> None:
    rows = [
        row_of(1, "a.png", notes=[note("upscaled", width=9, height=8), note("profile_unreadable")]),
        skipped_row("b.txt", note("no_ending")),
    ]
    data = data_of(dataset(rows, [{}]).html())
    assert data["pictures"][0]["notes"] == [
        ["upscaled", "9×8 から拡大", "upscaled from 9x8"],
        [
            "colours",
            "カラープロファイルが読めず、sRGB とみなしました",
            "colour profile unreadable, colours taken as sRGB",
        ],
    ]
    assert data["skipped"] == [
        [
            "b.txt",
            "絵のファイルではありません(拡張子がありません)",
            "is no picture file (no file ending)",
        ]
    ]


def test_every_remark_on_a_picture_is_of_some_kind() -> None:
    assert set(KINDS) == set(REMARKS)


def test_vectors_cover_the_rules() -> None:
    cases = read_json(VECTORS / "captions.json")
    rules = [case["rules"] for case in cases]
    assert {rule["underscores"] for rule in rules} == {"keep", "spaces"}
    assert {rule["ratings"] for rule in rules} == {True, False}
    assert any(case["tagged"] != case["final"][1:] for case in cases)
    assert sum(bool(rule["max_tags"]) for rule in rules) > 10


def test_thumbnails_in_a_folder_are_not_in_the_page() -> None:
    html = replace(small(), folder="../thumb nails").html()
    assert data_of(html)["folder"] == "../thumb%20nails"
    assert 'class="thumbnails"' not in html
    assert "img-src data: file: &#39;self&#39;;" in html
    assert data_of(small().html())["folder"] is None
