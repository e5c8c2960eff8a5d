"""The report's page in a real browser."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from stages.caption import caption_of
from stages.library.dataset.captions import categories_of, with_tag_first
from stages.library.dataset.dictionary import read_dictionary, read_typed
from stages.library.dataset.edits import Edit
from stages.library.dataset.edits_file import read_edits
from stages.library.dataset.edits_text import write_edits
from stages.library.dataset.manifest import USED
from stages.library.dataset.notes import note
from stages.library.dataset.subjects import Triggers
from stages.library.dataset.typed import readings
from stages.library.dataset.typed_words import meant, typed_words
from stages.library.params.caption import NEVER
from stages.library.tagging.policy import policy_for
from stages.library.tagging.rules import Rules
from stages.library.tagging.scores import CHARACTER, GENERAL, RATING, SCALE
from tests.browser.conftest import Opener
from tests.browser.pages import (
    RULES,
    WATCH,
    Dataset,
    Page,
    dataset,
    many,
    read_json,
    row_of,
    skipped_row,
)
from tests.stages.library.common.test_html import HOSTILE
from tests.support.vectors.make import FOLDER as VECTORS
from tests.support.vectors.make import final_caption

pytestmark = pytest.mark.browser

WORDS = {"smile": "笑顔", "long_hair": "長い髪", "eggplant": "茄子", "1girl": "女の子1人"}
TYPED = {
    "体育座り": ["hugging_own_legs", "knees_up"],
    "たいいく座り": ["hugging_own_legs"],
    "ニコニコ": ["smile", "happy"],
    "ロングヘアー": ["long_hair"],
    "ナス": ["eggplant"],
}
ROMAJI = ["tsuinteeru", "ponite", "shippo", "megane", "shatsu", "pa-ka-", "uinku", "jaketto"]
KEYS = [f"{number}" + "0" * 11 for number in range(1, 6)]


@pytest.fixture
def five() -> Dataset:
    """Return five drawings, one of each kind, and a file that is none."""
    rows = [
        row_of(1, "hero.png"),
        row_of(2, "なす.png", 900, 400),
        row_of(3, "small.png", notes=[note("upscaled", width=200, height=300)]),
        row_of(
            4,
            "hero 2.png",
            notes=[note("colours_converted", profile="P3"), note("looks_like", name="hero.png")],
        ),
        row_of(5, "empty.png"),
        skipped_row("memo.txt", note("other_ending", ending=".txt")),
    ]
    found = [
        {"1girl": 9900, "long_hair": 6000, "smile": 3600, "hat": 3000, "general": 9000},
        {"smile": 9000, "hero_(nasu)": 8600, "miso": 5000, "bowl": 4900, "soup": 4800},
        {"1girl": 9900, "smile": 5000},
        {"1girl": 9800, "long_hair": 5900},
        {"hat": 1000},
    ]
    kinds = {"general": RATING, "hero_(nasu)": CHARACTER}
    return dataset(rows, found, kinds=kinds, words=WORDS, typed=TYPED)


# ---- what Python writes, the page shows ----


def test_captions_of_the_vectors(open_page: Opener, five: Dataset) -> None:
    page = open_page(five)
    cases = read_json(VECTORS / "captions.json")
    given = page.js(
        """return arguments[0].map((one) => {
             const {tags, categories, found, rules, edit, trigger, groups, words, implies} = one;
             const model =
               readModel(tags, categories, rules, arguments[1], groups, words, implies);
             const tagged = tagsOf(ranked(found, model), model, rules.threshold);
             const {final} = captioned(tagged, edit, trigger);
             const {tokens} = JSON.parse(document.getElementById("data").textContent);
             return {tagged, final, ends: ends(final, readTable(tokens))};
           })""",
        cases,
        sorted(page.js("return JSON.parse(document.getElementById('data').textContent).faces")),
    )
    expected = [{name: case[name] for name in ("tagged", "final", "ends")} for case in cases]
    assert given == expected


def test_edits_yaml_of_the_vectors(open_page: Opener, five: Dataset) -> None:
    page = open_page(five)
    cases = read_json(VECTORS / "edits_yaml.json")
    given = page.js(
        """const {header} = JSON.parse(document.getElementById('data').textContent);
           return arguments[0].map(({text, was, now}) =>
             editsText(text, new Map(was), new Map(now), header))""",
        cases,
    )
    assert dict(zip([case["name"] for case in cases], given, strict=True)) == {
        case["name"]: case["expected"] for case in cases
    }


@pytest.mark.parametrize(
    "rules",
    [
        RULES,
        Rules(0.3, 0.5, ["red_hair"], [("blue_hair", "sky hair")], "spaces", True, 0),
        Rules(0.9, 0.9, [], [], "keep", True, 7),
        replace(RULES, thresholds=[(GENERAL, 0.5), (CHARACTER, 0.3)]),
        replace(RULES, thresholds=[(CHARACTER, NEVER)]),
    ],
)
def test_slider_shows_what_the_caption_stage_writes(open_page: Opener, rules: Rules) -> None:
    made = replace(many(40, {}), rules=rules)
    page = open_page(made)
    for threshold in (500, 3000, 3500, 5100, 10_000):
        page.set_threshold(threshold)
        at = replace(rules, threshold=threshold / SCALE)
        for name, found in zip(made.scores.names, made.scores.found, strict=True):
            expected = caption_of(found, made.scores.tags, made.scores.categories, at)
            if name == made.scores.names[-1]:
                page.js("document.getElementById(arguments[0]).scrollIntoView()", name)
            given = page.js(
                """const {picture} = document.getElementById(arguments[0]);
                   return picture.now.final""",
                name,
            )
            assert given == with_tag_first(expected, made.triggers.common)
    assert page.text("#command") == "dvc exp run -S caption.threshold=1"


def test_chips_are_the_final_caption(open_page: Opener, five: Dataset) -> None:
    edits = {KEYS[0]: Edit("hero.png", ["eggplant"], ["1girl"], ["eggplant", "smile"])}
    page = open_page(replace(five, edits=edits))
    assert page.chips("img001") == ["+eggplant", "smile", "-1girl", "long_hair"]
    assert page.chips("img005") == []
    assert page.text("#trigger") == "nasumiso_style"
    expected = final_caption(["1girl", "long_hair", "smile"], edits[KEYS[0]], five.triggers.common)
    assert page.js("return document.getElementById('img001').picture.now.final") == expected


def test_subjects_are_shown_alone_and_have_their_triggers(open_page: Opener) -> None:
    rows = [row_of(1, "a.png"), row_of(2, "2_cry/a.png"), row_of(3, "5_なす/a.png")]
    edits = {"9" * 12: Edit("10_cry/a.png", ["eggplant"])}  # it was shown more often then
    triggers = Triggers("nasumiso_style", {"cry": "nasu_cry"})
    scores = [{"1girl": 9900}, {"1girl": 9900}, {"1girl": 9900}]
    page = open_page(replace(dataset(rows, scores), triggers=triggers, edits=edits))
    finals = "return ['img001', 'img002', 'img003'].map("
    finals += "stem => document.getElementById(stem).picture.now.final.join(' '))"
    assert page.js(finals) == [
        "nasumiso_style 1girl",
        "nasu_cry eggplant 1girl",
        "nasumiso_style 1girl",
    ]
    page.click("[data-flag='subject cry']")
    shown = "return [...document.querySelectorAll('#sheet .card')].map(each => each.id)"
    assert page.js(shown) == ["img002"]
    assert page.text("[data-flag='subject なす'] b") == "1"


def test_beside_the_slider_stands_what_it_would_change(open_page: Opener, five: Dataset) -> None:
    page = open_page(five)
    assert page.js("return document.getElementById('params').hidden")
    page.set_threshold(5500)
    assert "+0 −5" in page.text("#change")
    assert "3" in page.text("#change")
    assert page.text("#command") == "dvc exp run -S caption.threshold=0.55"
    page.wait("return document.getElementById('steps').children.length === 20")
    page.click("#steps button", 5)  # 0.30
    assert page.text("#command") == "dvc exp run -S caption.threshold=0.3"
    assert "+1 −0" in page.text("#change")
    assert page.js("return document.querySelectorAll('#steps button')[5].title") == "0.3: +1 (13)"
    page.click("#params")
    assert page.text("#value") == "0.35"


# ---- finding ----


@pytest.mark.parametrize(
    ("query", "stems"),
    [
        ("smile", ["img001", "img002", "img003"]),
        ("笑顔", ["img001", "img002", "img003"]),
        ("long hair", ["img001", "img004"]),
        ("-smile", ["img004", "img005"]),
        ("1girl -smile", ["img004"]),
        ("なす", ["img002"]),
        ("HERO.PNG", ["img001"]),
        ("ｈｅｒｏ　２．", ["img004"]),
        ("img003", ["img003"]),
        ("nothing such", []),
    ],
)
def test_search(open_page: Opener, five: Dataset, query: str, stems: list[str]) -> None:
    page = open_page(five)
    page.type("#search", query)
    assert page.stems() == stems
    page.type("#search", "")
    assert len(page.stems()) == 5


@pytest.mark.parametrize(
    ("flag", "stems"),
    [
        ("upscaled", ["img003"]),
        ("near", ["img001", "img004"]),
        ("colours", ["img004"]),
        ("cropped", ["img002"]),
        ("few", ["img001", "img003", "img004", "img005"]),
        ("bare", ["img005"]),
        ("corrected", ["img002"]),
        ("skipped", [""]),
    ],
)
def test_filters(open_page: Opener, five: Dataset, flag: str, stems: list[str]) -> None:
    edits = {KEYS[1]: Edit("なす.png", ["eggplant"])}
    page = open_page(replace(five, edits=edits))
    page.click(f"[data-flag={flag}]")
    assert page.stems() == stems
    page.click(f"[data-flag={flag}]")
    assert len(page.stems()) == 5


def test_what_the_trainer_does_not_read_is_marked(open_page: Opener, five: Dataset) -> None:
    page = open_page(replace(five, limit=12))
    cut = "return [...document.querySelectorAll('#img001 .chip.cut')].map(each => each.tag)"
    assert page.text("#img001 .tokens") == "14 / 12 トークンtokens"
    assert page.js(cut) == ["smile"]
    assert "12 tokens" in page.js("return document.querySelector('#img001 .chip.cut').title")
    assert page.text("#img002 .tokens").startswith("≤ ")  # no one knows how CLIP reads nasu
    assert page.text("#img003 .tokens") == "10 / 12 トークンtokens"
    page.click("[data-flag=cut]")
    assert page.stems() == ["img001", "img002"]
    page.click("[data-flag=cut]")
    page.click("#img001 .plus")
    page.type("#img001 .adder input", "hat")
    page.press(Keys.ENTER)
    assert page.text("#img001 .tokens") == "16 / 12 トークンtokens"
    assert page.js(cut) == ["long_hair", "smile"]  # not what was added
    page.click("#img001 .frame")
    assert page.text("#detail .tokens") == "16 / 12 トークンtokens"


def test_tag_list_counts_and_filters(open_page: Opener, five: Dataset) -> None:
    page = open_page(five)
    rows = page.js(
        "return [...document.querySelectorAll('#tags button')].map(b => "
        "[b.tag, b.querySelector('b').textContent])"
    )
    assert rows[:3] == [["1girl", "3"], ["smile", "3"], ["long_hair", "2"]]
    page.click("#tags button", 2)
    assert page.stems() == ["img001", "img004"]
    page.click("#tags button", 1)
    assert page.stems() == ["img001"]
    page.click(".chip.wanted")
    assert page.stems() == ["img001", "img002", "img003"]


def test_ingest(open_page: Opener, five: Dataset) -> None:
    page = open_page(five)
    page.click("[data-view=ingest]")
    text = page.text("#view-ingest")
    assert "memo.txt" in text
    assert "絵のファイルではありません(.txt)" in text
    assert "色を P3 から sRGB に変換" in text
    assert page.js("return document.querySelectorAll('.groups .row figure').length") == 2
    box = page.js(
        "const mark = document.querySelector('#view-ingest .mark').getBoundingClientRect(),"
        "whole = document.querySelector('#view-ingest .whole').getBoundingClientRect();"
        "return [mark.width / whole.width, mark.left - whole.left - (whole.right - mark.right)]"
    )
    assert box[0] == pytest.approx(400 / 900, abs=0.01)
    assert box[1] == pytest.approx(0, abs=0.5)


def test_sheet_shows_the_crop_of_the_drawing(open_page: Opener, five: Dataset) -> None:
    crops = {"img002": (0.4, 0.1, 4 / 9, 1.0 / 2), "img003": (0.1, 0, 0.72, 0.9)}
    made = replace(five, sizes=five.sizes | {"img003": (384, 640)}, crops=five.crops | crops)
    page = open_page(made)
    boxes = page.js(
        "return [...document.querySelectorAll('.card .crop')].map(part => {"
        "const shown = part.getBoundingClientRect();"
        "const whole = part.firstChild.getBoundingClientRect();"
        "return [shown.width / shown.height, (shown.left - whole.left) / whole.width,"
        "(shown.top - whole.top) / whole.height, shown.width / whole.width,"
        "shown.height / whole.height]})"
    )
    assert boxes[1] == pytest.approx([1, *crops["img002"]], abs=0.01)
    assert boxes[2] == pytest.approx([384 / 640, *crops["img003"]], abs=0.01)


# ---- languages ----


def test_languages(open_page: Opener, five: Dataset) -> None:
    page = open_page(five)
    shown = """return [...document.querySelectorAll('#img001 .chip bdi, #save .w')]
        .filter(each => each.checkVisibility()).map(each => each.textContent)"""
    both = ["1girl", "女の子1人", "long_hair", "長い髪", "smile", "笑顔"]
    assert page.js(shown) == ["保存", "Save", *both]
    page.click(".languages label", 1)
    assert page.js(shown) == ["Save", "1girl", "long_hair", "smile"]
    page.click(".languages label", 0)
    assert page.js(shown) == ["保存", "女の子1人", "長い髪", "笑顔"]
    page.reload()
    assert page.js("return document.documentElement.dataset.language") == "ja"


# ---- correcting ----


def test_strike_and_restore(open_page: Opener, five: Dataset) -> None:
    page = open_page(five)
    page.click("#img001 [data-act=toggle]", 1)
    assert page.chips("img001") == ["1girl", "-long_hair", "smile"]
    assert page.text("#unsaved") == "1"
    page.click("#img001 [data-act=toggle]", 1)
    assert page.chips("img001") == ["1girl", "long_hair", "smile"]
    assert page.text("#unsaved") == ""


@pytest.mark.parametrize(
    ("typed", "added"),
    [
        ("Eggplant", ["+eggplant"]),
        ("茄子", ["+eggplant"]),
        ("eggplant、 ナス，smile､ hat", ["+eggplant", "+hat"]),
        (r"((eggplant)), (hat:1.2), hero \(nasu\)", ["+eggplant", "+hat", "+hero_(nasu)"]),
        ("ｅｇｇｐｌａｎｔ", ["+eggplant"]),
        ("smile", []),
        ("Nasumiso Style", []),
        ("\u202eevil", []),
        ("体育座り", ["+hugging_own_legs"]),
        ("タイイク座り", ["+hugging_own_legs"]),
    ],
)
def test_add(open_page: Opener, five: Dataset, typed: str, added: list[str]) -> None:
    page = open_page(five)
    page.click("#img001 .plus")
    page.type("#img001 .adder input", typed)
    page.js("closeSuggestions()")
    page.press(Keys.ENTER)
    assert page.chips("img001") == [*added, "1girl", "long_hair", "smile"]


def test_add_in_the_captions_spelling(open_page: Opener, five: Dataset) -> None:
    page = open_page(replace(five, rules=replace(RULES, underscores="spaces")))
    page.click("#img005 .plus")
    page.type("#img005 .adder input", "長い髪, new_tag, ^_^")
    page.press(Keys.ENTER, Keys.ENTER)
    assert page.chips("img005") == ["+long hair", "+new tag", "+^_^"]


def test_a_sign_stays_and_what_it_means_stands_beside_it(open_page: Opener, five: Dataset) -> None:
    page = open_page(replace(five, edits={KEYS[0]: Edit("hero.png", [":d"], [], [])}))
    assert page.chips("img001")[0] == "+:d"
    for place in ("#img001 .chip", "#tags li"):
        names = """return [...document.querySelectorAll(arguments[0])].map(each =>
            [...each.querySelectorAll('bdi')].map(name => name.textContent))"""
        assert [":d", "にっこり開けた口"] in page.js(names, place)
    page.type("#search", "にっこり")
    assert page.stems() == ["img001"]


OFFERED = "return [...document.querySelectorAll('[role=option]')].map(each => each.tag)"
FIELD = "return document.activeElement.value"


@pytest.fixture
def typing(open_page: Opener, five: Dataset) -> Page:
    """Return a page with the field for a fifth picture's tags open, the picture having none."""
    page = open_page(replace(five, words=WORDS | {"smirk": "にやり", "ハット": "帽子"}))
    page.click("#img005 .plus")
    return page


def test_enter_takes_the_first_suggestion(typing: Page) -> None:
    typing.press("smi")
    assert typing.js(OFFERED) == ["smile", "smirk"]
    taken = "const field = document.activeElement; return document.getElementById("
    taken += "field.getAttribute('aria-activedescendant')).tag"
    assert typing.js(taken) == "smile"
    typing.press(Keys.ENTER)
    assert typing.chips("img005") == ["+smile"]
    assert typing.js(FIELD) == "", "the field is ready for the next"
    assert typing.js(OFFERED) == []


def test_arrows_choose_another_suggestion_for_the_last_of_several_tags(typing: Page) -> None:
    typing.press("茄子、smi", Keys.ARROW_DOWN, Keys.ENTER)
    assert typing.chips("img005") == ["+eggplant", "+smirk"]
    typing.press("smi", Keys.ARROW_UP, Keys.ENTER)
    assert typing.chips("img005")[-1] == "+smile", "the artist's own came first, this one last"


def test_without_the_suggestions_enter_takes_what_is_typed(typing: Page) -> None:
    typing.press("hat, 長い髪", Keys.ESCAPE)
    assert typing.js(OFFERED) == []
    typing.press(Keys.ENTER)
    assert typing.chips("img005") == ["+hat", "+long_hair"]


def test_a_tap_takes_a_suggestion(typing: Page) -> None:
    typing.press("hat, smi")
    typing.click(".suggestions li", 1)
    assert typing.chips("img005") == ["+hat", "+smirk"]
    assert typing.js("return document.activeElement.matches('#img005 .adder input')")


def compose(page: Page, text: str) -> None:
    """Type as an input method does, without an end."""
    end = len(text)
    page.browser.execute_cdp_cmd(
        "Input.imeSetComposition", {"text": text, "selectionStart": end, "selectionEnd": end}
    )


def key_down(page: Page, code: int) -> None:
    """Press Enter, with the code that the browser has for it: 229 while an input method has it."""
    key = {"type": "rawKeyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": code}
    page.browser.execute_cdp_cmd("Input.dispatchKeyEvent", key)


@pytest.mark.parametrize("code", [13, 229])
def test_enter_that_ends_a_composition_takes_nothing(typing: Page, code: int) -> None:
    compose(typing, "なが")
    compose(typing, "長い髪")
    assert typing.js(OFFERED) == ["long_hair"], "a phone composes every word"
    key_down(typing, code)
    assert typing.chips("img005") == []
    typing.browser.execute_cdp_cmd("Input.insertText", {"text": "長い髪"})
    key_down(typing, 229)  # as browsers do that end it first
    assert typing.chips("img005") == []
    assert typing.js(FIELD) == "長い髪"
    typing.press(Keys.ENTER)
    assert typing.chips("img005") == ["+long_hair"]


def test_enter_that_ends_a_composition_answers_nothing(typing: Page) -> None:
    typing.browser.execute_cdp_cmd("Input.insertText", {"text": "味噌"})
    typing.press(Keys.ENTER)
    key_down(typing, 229)
    assert typing.chips("img005") == []
    assert "味噌" in typing.text(".ask p")


def test_a_tap_while_composing_takes_the_suggestion_alone(typing: Page) -> None:
    compose(typing, "smi")
    typing.click(".suggestions li")
    assert typing.chips("img005") == ["+smile"]
    assert typing.js(FIELD) == ""


@pytest.mark.parametrize("place", ["sheet", "detail", "bulk"])
@pytest.mark.parametrize("height", [844, 420])
def test_suggestions_stay_on_a_small_screen(
    open_page: Opener, five: Dataset, place: str, height: int
) -> None:
    words = {f"hair_as_{'long_as_a_river_' * n}can_be": "川のように長い髪" * n for n in range(1, 9)}
    browser = open_page.browser
    metrics = {"width": 390, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        page = open_page(replace(five, words=words))
        if place == "detail":
            page.click("#img003 .frame")
        elif place == "bulk":
            page.js("document.querySelector('.bulk').open = true")
        else:
            page.click("#img003 .plus")
        selector = {"sheet": "#img003", "detail": "#detail", "bulk": "#bulk"}[place]
        page.click(f"{selector} [data-suggest]")
        page.press("hair")
        box = page.js(
            """const list = document.querySelector('.suggestions');
               const {left, right, top, bottom} = list.getBoundingClientRect();
               const field = document.activeElement.getBoundingClientRect();
               const [x, y] = [left + 20, Math.min(bottom, top + 30) - 5];
               return {left, right, top, bottom, across: field.left, wide: innerWidth,
                       high: innerHeight, apart: bottom <= field.top || top >= field.bottom,
                       seen: list.contains(document.elementFromPoint(x, y)),
                       scrolls: document.documentElement.scrollWidth > innerWidth}"""
        )
        assert 0 <= box["left"] < box["right"] <= box["wide"]
        assert 0 <= box["top"] < box["bottom"] <= box["high"]
        assert (box["apart"], box["seen"], box["scrolls"]) == (True, True, False)
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_of_suggestions_that_fit_alike_the_likeliest_comes_first(
    open_page: Opener, five: Dataset
) -> None:
    posts = {"hair_ornament": 1_600_000, "hairband": 570_000, "long_hair": 5_000_000, "hairpin": 3}
    edits = {KEYS[1]: Edit("なす.png", ["hair_of_nasu"])}
    words = WORDS | dict.fromkeys(posts, "")
    page = open_page(replace(five, words=words, posts=posts, edits=edits))
    page.click("#img005 .plus")
    page.type("#img005 .adder input", "hair")
    given = page.js("return [...document.querySelectorAll('[role=option]')].map(each => each.tag)")
    first = ["hair_of_nasu", "hair_ornament", "hairband", "hairpin"]
    assert given == [*first, "long_hair"], "the artist's own, Danbooru's most, within a tag last"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("体育座り", ["hugging_own_legs", "knees_up"]),
        ("にこにこ", ["smile", "happy"]),
        ("nikoniko", ["smile", "happy"]),
        ("ﾛﾝｸﾞﾍｱ", ["long_hair"]),
        ("roNguhea-", ["long_hair"]),
        ("ろんぐ", ["long_hair"]),
        ("座り", ["hugging_own_legs", "knees_up"]),
        ("長髪", []),
    ],
)
def test_what_people_type_is_offered_as_tags(
    open_page: Opener, five: Dataset, typed: str, offered: list[str]
) -> None:
    page = open_page(five)
    page.click("#img005 .plus")
    page.type("#img005 .adder input", typed)
    given = page.js("return [...document.querySelectorAll('[role=option]')].map(each => each.tag)")
    assert given == offered


# ---- words that are no known tags ----

ASKED = ".ask p [lang=ja]"
ANSWERS = "return [...document.querySelectorAll('.ask button')].map(each => each.how)"


@pytest.mark.parametrize("typed", ["味噌", "miso soup"])
def test_a_word_that_is_no_known_tag_is_asked_for(typing: Page, typed: str) -> None:
    typing.press(typed, Keys.ENTER)
    assert typing.chips("img005") == []
    tag = typed.replace(" ", "_")
    assert typing.text(ASKED) == f"「{tag}」は候補にありません。追加しますか？"
    assert typing.text(".ask p [lang=en]") == f"“{tag}” is not a known tag: add it?"
    assert typing.js(FIELD) == typed
    typing.press(Keys.ENTER)
    assert typing.chips("img005") == [f"+{tag}"]
    typing.press("醤油", Keys.ENTER)
    assert typing.chips("img005") == [f"+{tag}"], "each word is asked for"


def test_a_word_once_added_is_known_and_offered(typing: Page) -> None:
    typing.press("味噌スープ", Keys.ENTER, Keys.ENTER, Keys.ESCAPE)
    typing.click("#img003 .plus")
    typing.press("味噌")
    assert typing.js(OFFERED) == ["味噌スープ"]
    typing.press("スープ", Keys.ESCAPE, Keys.ENTER)
    assert typing.chips("img003")[0] == "+味噌スープ"


@pytest.mark.parametrize("how", ["none", "escape", "typing"])
def test_what_is_not_wanted_after_all_is_not_added(typing: Page, how: str) -> None:
    typing.press("misoo", Keys.ENTER)
    if how == "none":
        typing.click(".ask [how=none], .ask button", 1)
    else:
        typing.press({"escape": Keys.ESCAPE, "typing": Keys.BACKSPACE}[how])
    assert typing.js("return document.querySelector('.ask') === null")
    assert typing.chips("img005") == []
    assert typing.js(FIELD) == ("miso" if how == "typing" else "misoo")


def test_a_key_held_down_answers_nothing(typing: Page) -> None:
    typing.press("misoo", Keys.ENTER)
    key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
    for _ in range(3):
        held = key | {"type": "keyDown", "autoRepeat": True}
        typing.browser.execute_cdp_cmd("Input.dispatchKeyEvent", held)
    assert typing.chips("img005") == []
    assert "misoo" in typing.text(ASKED)


def paste(page: Page, text: str) -> None:
    """Paste into the field that has the focus."""
    page.js(
        """const clipboardData = new DataTransfer();
           clipboardData.setData('text/plain', arguments[0]);
           document.activeElement.dispatchEvent(
             new ClipboardEvent('paste', {clipboardData, bubbles: true, cancelable: true}))""",
        text,
    )


PASTED = "smile\n味噌\r\nlong hair, misoo、ナス\n"


@pytest.mark.parametrize(
    ("how", "added", "left"),
    [
        ("all", ["smile", "味噌", "long_hair", "misoo", "eggplant"], ""),
        ("known", ["smile", "long_hair", "eggplant"], "味噌, misoo"),
        ("none", [], "smile, 味噌, long hair, misoo、ナス"),
    ],
)
def test_of_several_that_are_pasted_the_unknown_ones_are_asked_for(
    open_page: Opener, five: Dataset, how: str, added: list[str], left: str
) -> None:
    page = open_page(replace(five, typed=TYPED))
    page.click("#img005 .plus")
    paste(page, PASTED)
    assert page.js(OFFERED) == [], "what is pasted is not half a word"
    page.press(Keys.ENTER)
    assert page.chips("img005") == []
    assert page.text(ASKED) == "「味噌」「misoo」は候補にありません。追加しますか？"
    answers = page.js(ANSWERS)
    assert answers == ["all", "known", "none"]
    page.click(".ask button", answers.index(how))
    assert page.chips("img005") == [f"+{tag}" for tag in added]
    assert page.js(FIELD) == left


def test_known_tags_with_blanks_between_them_can_be_parted(typing: Page) -> None:
    paste(typing, "1girl long_hair smile")
    typing.press(Keys.ENTER)
    assert typing.js(ANSWERS) == ["parts", "all", "none"]
    typing.click(".ask button")
    assert typing.chips("img005") == ["+1girl", "+long_hair", "+smile"]


def test_for_many_pictures_an_unknown_word_is_asked_for_too(
    open_page: Opener, five: Dataset
) -> None:
    page = open_page(five)
    bulk(page, "add", "misoo", "all")
    assert page.text("#unsaved") == ""
    assert page.text("#bulk .ask p [lang=en]") == "“misoo” is not a known tag: add it?"
    page.click("#bulk .ask button")
    assert page.text("#unsaved") == "5"
    assert page.js("return document.getElementById('bulk').tag.value") == ""


def test_for_many_pictures_enter_fills_in_a_suggestion_first(
    open_page: Opener, five: Dataset
) -> None:
    page = open_page(five)
    page.js("document.querySelector('.bulk').open = true")
    page.click("#bulk [name=tag]")
    page.press("eggp", Keys.ENTER)
    assert page.js(FIELD) == "eggplant"
    assert page.text("#unsaved") == ""
    page.press(Keys.ENTER)
    assert page.text("#unsaved") == "5"


def test_in_the_large_a_word_is_asked_for_and_the_field_stays(typing: Page) -> None:
    typing.click("#img005 .frame")
    typing.press("a")
    typing.js("document.querySelector('#detail [data-suggest]').focus()")
    typing.press("misoo", Keys.ENTER)
    typing.click("#detail .ask button")
    assert typing.js("return document.activeElement.matches('#detail [data-suggest]')")
    assert typing.js("return document.activeElement.value") == ""
    assert typing.js("return editOf(byStem.get('img005')).add") == ["misoo"]


def test_signs_of_prompts_are_read_as_python_reads_them(open_page: Opener, five: Dataset) -> None:
    page = open_page(five)
    tried = [r"((saber \(fate\):1.2))", "(o)_(o)", "[[x]]", "{x", "<lora:0.7>", r"\\(a", "^_^"]
    tried += ["(^_^)", "((a)(b))", "(:1)", "()", "(a:1.2) ", "🍆", "(🍆:0.5)"]
    given = page.js("return arguments[0].map(each => readings(each, faces))", tried)
    assert given == [list(readings(each)) for each in tried]


def test_search_finds_what_people_call_a_tag(open_page: Opener, five: Dataset) -> None:
    page = open_page(five)
    shown = "return [...document.querySelectorAll('#sheet .card:not([hidden])')].map(c => c.id)"
    page.type("#search", "ろんぐへあー -ニコニコ")
    assert page.js(shown) == ["img004"]


def test_words_mean_what_python_says(open_page: Opener, five: Dataset) -> None:
    """The page folds words by itself; the same tags are to come out."""
    folder = Path(__file__).parents[2] / "data" / "dictionary"
    words, typed = read_dictionary(folder), read_typed(folder)
    page = open_page(replace(five, words=words, typed=typed))
    known = typed_words(words, typed, five.scores.tags)
    tried = [*list(typed)[::9], *list(words.values())[::23], *ROMAJI]
    given = page.js("return arguments[0].map((each) => meantBy(each, typedWords()))", tried)
    assert {word: set(tags) for word, tags in zip(tried, given, strict=True)} == {
        word: set(meant(word, known)) for word in tried
    }


def bulk(page: Page, how: str, tag: str, button: str) -> None:
    """Correct many pictures."""
    page.js("document.querySelector('.bulk').open = true")
    page.js("document.getElementById('bulk').how.value = arguments[0]", how)
    page.type("#bulk [name=tag]", tag)
    page.press(Keys.ESCAPE)
    page.click(f"#bulk [value={button}]")


def test_correct_many(open_page: Opener, five: Dataset) -> None:
    page = open_page(five)
    page.type("#search", "1girl")
    bulk(page, "strike", "女の子1人", "shown")
    page.type("#search", "")
    assert [page.chips(f"img{n:03}")[0] for n in (1, 3, 4)] == ["-1girl"] * 3
    bulk(page, "add", "eggplant", "all")
    assert all(page.chips(f"img{n:03}")[0] == "+eggplant" for n in range(1, 6))
    assert page.text("#unsaved") == "5"
    page.js("document.activeElement.blur()")
    page.press("z")
    assert page.text("#unsaved") == "3"
    page.press("z")
    assert page.text("#unsaved") == ""
    page.press("y")
    assert page.text("#unsaved") == "3"
    page.click("#redo")
    assert page.text("#unsaved") == "5"
    page.click("#undo")
    assert page.text("#unsaved") == "3"


def test_reload_keeps_what_is_not_saved(open_page: Opener, five: Dataset) -> None:
    page = open_page(five)
    page.click("#img001 [data-act=toggle]")
    page.reload()
    assert page.chips("img001") == ["-1girl", "long_hair", "smile"]
    assert page.text("#unsaved") == "1"


def test_a_page_made_anew_gets_what_was_not_saved(open_page: Opener, five: Dataset) -> None:
    open_page(five).click("#img001 [data-act=toggle]")
    text = f"{KEYS[0]}:\n  source: hero.png\n  add: [eggplant]\n"
    edits = {KEYS[0]: Edit("hero.png", ["eggplant"])}
    page = open_page(replace(five, edits=edits, edits_text=text))
    assert page.chips("img001") == ["+eggplant", "-1girl", "long_hair", "smile"]
    assert "1" in page.text("#toast")
    saved = page.save().decode()
    assert saved == f"{KEYS[0]}:\n  source: hero.png\n  add: [eggplant]\n  remove: [1girl]\n"


def test_nothing_is_left_once_the_dataset_has_the_corrections(
    open_page: Opener, five: Dataset
) -> None:
    page = open_page(five)
    page.click("#img001 [data-act=toggle]")
    text = page.save().decode()
    page.reload()
    assert page.chips("img001") == ["-1girl", "long_hair", "smile"], "saved, not yet reproduced"
    assert page.text("#unsaved") == ""
    edits = {KEYS[0]: Edit("hero.png", remove=["1girl"])}
    page = open_page(replace(five, edits=edits, edits_text=text))
    assert page.chips("img001") == ["-1girl", "long_hair", "smile"]
    assert page.js("return localStorage.getItem('nasumiso:nasumiso_style') === null") or (
        page.text("#unsaved") == ""
    )


WAITING = (
    "return [...document.querySelectorAll('#waiting:not([hidden]) > .w')].map(w => w.innerText)"
)


def test_what_is_saved_is_said_to_be_not_in_place_until_a_page_shows_it(
    open_page: Opener, five: Dataset
) -> None:
    page = open_page(five)
    page.click("#img001 [data-act=toggle]")
    assert page.js(WAITING) == []
    text = page.save().decode()
    for _ in range(2):  # and when it is opened again
        japanese, english = page.js(WAITING)
        assert japanese.startswith("保存しましたが、まだ反映されていません。")
        assert english.startswith("Saved, but not in place yet: put it into data/")
        page.reload()
    page = open_page(replace(five, rules=replace(RULES, threshold=0.5)))
    assert page.js(WAITING), "made anew, but not from it"
    assert page.chips("img001")[0] == "-1girl"
    again = Path(page.browser.downloads, "edits.yaml")  # type: ignore[attr-defined]
    again.unlink()
    page.js("window.showOpenFilePicker = undefined")
    page.click("#waiting [data-act=save]")
    WebDriverWait(page.browser, 20).until(lambda _: again.is_file())
    assert again.read_text("utf-8") == text
    edits = {KEYS[0]: Edit("hero.png", remove=["1girl"])}
    page = open_page(replace(five, edits=edits, edits_text=text))
    assert page.js(WAITING) == []
    assert page.chips("img001")[0] == "-1girl"
    page = open_page(five)
    assert page.chips("img001")[0] == "1girl", "taken back in the file, it does not come again"


def test_what_was_saved_and_never_put_into_its_place_is_not_lost(
    open_page: Opener, five: Dataset
) -> None:
    page = open_page(five)
    page.click("#img001 [data-act=toggle]")
    page.save()
    text = f'{KEYS[1]}:\n  source: "なす.png"\n  add: [eggplant]\n'
    edits = {KEYS[1]: Edit("なす.png", ["eggplant"])}
    page = open_page(replace(five, edits=edits, edits_text=text))
    assert page.chips("img001")[0] == "-1girl"
    assert page.text("#unsaved") == "1", "it is to be saved again, with what came meanwhile"
    saved = page.save().decode()
    assert saved.startswith(text)
    assert f"{KEYS[0]}:\n  source: hero.png\n  remove: [1girl]\n" in saved


def test_what_is_undone_after_saving_stays_undone(open_page: Opener, five: Dataset) -> None:
    page = open_page(five)
    page.click("#img001 [data-act=toggle]")
    text = page.save().decode()
    page.js("document.activeElement.blur()")
    page.press("z")
    edits = {KEYS[0]: Edit("hero.png", remove=["1girl"])}
    for made in (five, replace(five, edits=edits, edits_text=text)):
        page = open_page(made)
        assert page.chips("img001")[0] == "1girl"
        assert page.text("#unsaved") == "1"


def test_save_keeps_the_text_of_what_did_not_change(open_page: Opener, five: Dataset) -> None:
    text = (
        f"# mine\n{KEYS[3]}:   # as I like it\n    source: 'hero 2.png'\n    add: [ a,b ]\n"
        f"\n# the first\n{KEYS[0]}:\n  source: hero.png\n  remove: [smile]\n"
        f"ffffffffffff:\n  source: gone.png\n  add: [x]\n# end\n"
    )
    path = open_page.folder / "edits.yaml"
    path.write_text(text, encoding="utf-8")
    edits = read_edits(path)
    page = open_page(replace(five, edits=edits, edits_text=text))
    page.click("#img001 [data-act=toggle]", 0)
    page.click("#img002 .plus")
    page.type("#img002 .adder input", "what's this: a #tag")
    page.press(Keys.ENTER, Keys.ENTER)
    saved = page.save()
    assert saved.decode() == (
        f"# mine\n{KEYS[3]}:   # as I like it\n    source: 'hero 2.png'\n    add: [ a,b ]\n"
        f"\n# the first\n{KEYS[0]}:\n  source: hero.png\n  remove: [smile, 1girl]\n"
        "ffffffffffff:\n  source: gone.png\n  add: [x]\n"
        f'{KEYS[1]}:\n  source: "なす.png"\n  add: ["what\'s_this:_a_#tag"]\n# end\n'
    )
    assert page.save() == saved, "saved again: the same bytes"
    page.click("#img001 [data-act=toggle]", 0)
    page.click("#img002 [data-act=toggle]", 0)
    assert page.save().decode() == text
    path.write_bytes(saved)
    write_edits(path, read_edits(path))
    assert path.read_bytes() == saved, "Python writes the same"


def test_save_into_the_file(open_page: Opener, five: Dataset) -> None:
    page = open_page(replace(five, edits_text="# mine\n"))
    page.click("#img001 [data-act=toggle]")
    page.js("""window.disk = '# other\\n'; window.showOpenFilePicker = async () => [{
        getFile: async () => ({text: async () => window.disk}),
        createWritable: async () => ({write: async text => { window.disk = text },
                                      close: async () => {}})}]""")
    page.click("#save")
    page.wait("return document.getElementById('toast').matches(':popover-open')")
    assert page.js(WAITING) == []
    assert page.js("return window.disk") == "# other\n", "somebody else's change is not overwritten"
    assert page.text("#unsaved") == "1"
    page.js("window.disk = '# mine\\r\\n'")
    page.click("#save")
    page.wait("return document.getElementById('unsaved').textContent === ''")
    expected = f"# mine\n{KEYS[0]}:\n  source: hero.png\n  remove: [1girl]\n"
    assert page.js("return window.disk") == expected
    assert page.js(WAITING)[1].startswith("Saved in data/edits.yaml. Run dvc repro")
    assert page.text("#unsaved") == ""


def test_a_drawing_that_changed_keeps_its_corrections(open_page: Opener, five: Dataset) -> None:
    text = "aaaaaaaaaaaa:\n  source: hero.png\n  remove: [1girl]\n"
    edits = {"aaaaaaaaaaaa": Edit("hero.png", remove=["1girl"])}
    page = open_page(replace(five, edits=edits, edits_text=text))
    assert page.chips("img001") == ["-1girl", "long_hair", "smile"]
    assert page.js("return document.querySelector('#img001 .badge.changed') !== null")
    page.click("#img001 [data-act=toggle]", 2)
    assert page.save().decode() == text + (
        f"{KEYS[0]}:\n  source: hero.png\n  remove: [1girl, smile]\n"
    )
    page.click("#img001 [data-act=toggle]", 0)
    page.click("#img001 [data-act=toggle]", 2)
    assert page.chips("img001") == ["1girl", "long_hair", "smile"]
    assert page.save().decode() == text + f"{KEYS[0]}:\n  source: hero.png\n", "keeps the old out"
    page.js("document.activeElement.blur()")
    page.press("z", "z", "z")
    assert page.chips("img001") == ["-1girl", "long_hair", "smile"]
    assert page.save().decode() == text


# ---- keys and sight ----


def test_keys(open_page: Opener, five: Dataset) -> None:
    page = open_page(five)
    page.js("document.activeElement.blur()")
    page.press(Keys.ARROW_RIGHT)
    page.focused("img002")
    page.press(Keys.ARROW_LEFT)
    page.focused("img001")
    page.press(Keys.ENTER)
    assert page.js("return document.getElementById('detail').open")
    page.press(Keys.ARROW_RIGHT)
    assert "img002" in page.text("#detail h2")
    page.press(Keys.ESCAPE)
    page.focused("img002")
    page.press("a")
    page.press("x", Keys.ENTER, Keys.ENTER)
    assert page.chips("img002")[0] == "+x"
    page.press(Keys.ESCAPE)
    page.focused("img002")
    page.press("/")
    page.focused("search")
    page.press("z", Keys.ESCAPE)
    assert page.text("#unsaved") == "1", "z is a letter while typing"
    page.type("#search", "")
    page.js("document.activeElement.blur()")
    page.press("z")
    assert page.text("#unsaved") == ""
    page.press("?")
    assert page.js("return document.getElementById('help').open")
    page.press(Keys.ESCAPE)


CONTRAST = """
const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const rgba = colour => {
  canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
};
const over = (top, under) =>
  under.map((c, i) => top[i] * top[3] / 255 + c * (1 - top[3] / 255));
const linear = c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
const light = rgb => rgb.map(c => linear(c / 255))
  .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
const ground = node => {
  const path = []; for (let each = node; each; each = each.parentElement) path.unshift(each);
  return path.map(each => rgba(getComputedStyle(each).backgroundColor))
    .reduce((under, top) => over(top, under), [255, 255, 255]);
};
const exempt = 'button:disabled, script, dialog:not([open]), .skip', poor = [];
for (const node of document.querySelectorAll('body *')) {
  const own = [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim());
  if (!own || !node.checkVisibility() || node.closest(exempt)) continue;
  const under = ground(node), text = over(rgba(getComputedStyle(node).color), under);
  const [dark, bright] = [light(under), light(text)].sort((a, b) => a - b);
  const ratio = (bright + .05) / (dark + .05);
  if (ratio < 4.5) poor.push([node.className, node.textContent, ratio]);
}
return poor
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1920])
def test_contrast_and_width(open_page: Opener, five: Dataset, scheme: str, width: int) -> None:
    browser = open_page.browser
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        page = open_page(replace(five, edits={KEYS[0]: Edit("hero.png", ["x"], ["smile"])}))
        page.wait("return document.getElementById('steps').children.length === 20")
        page.click("[data-flag=corrected]")
        page.click("[data-flag=corrected]")
        views = ["", "[data-view=ingest]", "[data-view=sheet]", "#img001 .frame"]
        for view in views:
            if view:
                page.click(view)
            assert page.js("return document.documentElement.scrollWidth <= innerWidth")
            assert page.js(CONTRAST) == []
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


# ---- what must do no harm ----


def test_hostile_names_and_tags(open_page: Opener) -> None:
    names = [name for name in HOSTILE if name != "\ud800"]
    alike = note("looks_like", name=names[0])
    rows = [row_of(number, name, notes=[alike]) for number, name in enumerate(names, 1)]
    rows += [skipped_row(name, note("damaged", why=name)) for name in names]
    made = dataset(
        rows,
        [{tag: 9000 - place for place, tag in enumerate(names)} for _ in names],
        words={"__proto__": "<b>プロト</b>", "constructor": "</script>"},
        triggers=Triggers(names[0]),
        edits={row.sha256[:12]: Edit(row.source, ["valueOf", "<i>x</i>"]) for row in rows[:3]},
    )
    page = open_page(made)
    page.js("window.alert = () => { window.harmed = true }")
    used = [row for row in rows if row.status == USED]
    assert page.stems() == [row.image.removesuffix(".png") for row in used]
    for name in names:
        page.type("#search", name)
        page.type("#search", "")
        page.click("#img001 .plus")
        page.type("#img001 .adder input", name.split(",")[0])
        page.js("document.querySelector('#img001 .adder').requestSubmit()")
    for index in reversed(range(len(page.chips("img002")))):
        page.js(f"document.querySelectorAll('#img002 [data-act=toggle]')[{index}].click()")
    page.click("#img002 .frame")
    page.click("[data-act=step-on]")
    page.press(Keys.ESCAPE)
    page.click("[data-flag=skipped]")
    page.click("[data-view=ingest]")
    saved = page.save()
    assert page.js("return window.harmed === undefined && ({}).add === undefined")
    assert not page.js("return document.querySelector('b b, i:not(:empty), script[src]')")
    assert "\u202e" not in page.js("return document.body.innerText")
    path = open_page.folder / "edits.yaml"
    path.write_bytes(saved)
    read = read_edits(path)
    assert {"__proto__", "constructor", "<!--<script>"} <= set(read[rows[1].sha256[:12]].remove)
    assert {edit.source for edit in read.values()} <= set(names)


def test_the_policy_blocks_what_is_not_the_pages(
    browser: Chrome, tmp_path: Path, five: Dataset
) -> None:
    page = Opener(browser, tmp_path)(five)
    page.js(WATCH)
    page.js("""const script = document.createElement('script');
        try { script.textContent = 'window.harmed = true'; document.body.append(script); } catch {}
        const image = new Image(); image.src = 'file:///nothing.png'; document.body.append(image);
        try { document.body.setAttribute('onclick', 'window.harmed = true'); } catch {}
        document.body.click()""")
    page.wait("return blocked.some(each => each.startsWith('img-src'))")
    assert page.js("return window.harmed === undefined")


def test_a_thousand_pictures(open_page: Opener) -> None:
    page = open_page(many(1000, WORDS))
    assert len(page.stems()) == 1000
    filled = page.js("return document.querySelectorAll('.card img[src]').length")
    assert 0 < filled < 200, "only what is near is drawn"
    page.js("document.getElementById('img1000').scrollIntoView()")
    page.wait("return document.querySelector('#img1000 img').naturalWidth > 0")
    page.type("#search", "drawing_0999")
    assert page.stems() == ["img999"]


@pytest.fixture
def parted(open_page: Opener, tmp_path: Path) -> Page:
    """Return the page of 2,100 pictures whose thumbnails are in files beside it."""
    made = many(2100, WORDS)
    folder = tmp_path / "thumbs #1 なす"
    folder.mkdir()
    for stem, data in made.thumbnails.items():
        (folder / f"{stem}.webp").write_bytes(data)
    return open_page(replace(made, thumbnails={}, folder=folder.name))


def test_beyond_one_file_pictures_come_as_they_are_scrolled_to(parted: Page) -> None:
    assert (parted.folder / "index.html").stat().st_size < 4_000_000
    assert len(parted.stems()) == 1000
    assert parted.text("#count").startswith("2100 / 2100")
    loaded = "return document.querySelectorAll('.card img[src]').length"
    assert 0 < parted.js(loaded) < 200, "only what is near is loaded"
    parted.wait("return document.querySelector('#img001 img').naturalWidth > 0")
    for last in ("img1000", "img2000"):
        parted.js("document.getElementById(arguments[0]).scrollIntoView()", last)
        parted.wait("return document.querySelector(`#${arguments[0]} img`).naturalWidth > 0", last)
    parted.wait("return document.querySelectorAll('.card').length === 2100")
    assert parted.js(loaded) < 400


def test_what_is_not_scrolled_to_yet_is_found_counted_and_corrected(parted: Page) -> None:
    parted.type("#search", "drawing_2099")
    assert parted.stems() == ["img2099"]
    parted.wait("return document.querySelector('#img2099 img').naturalWidth > 0")
    parted.type("#search", "")
    assert len(parted.stems()) == 1000
    parted.js(
        "document.getElementById('bulk').tag.value = 'eggplant';"
        "document.querySelector('#bulk [value=all]').click()"
    )
    assert parted.js("return state.counts.get('eggplant')") == 2100
    assert parted.save().count(b"eggplant") == 2100
    parted.press("z")
    assert parted.js("return state.counts.get('eggplant')") is None


def test_the_next_picture_is_shown_beyond_those_in_the_sheet(parted: Page) -> None:
    parted.click("#img999 [data-act=open]")
    for _ in range(3):
        parted.click("[data-act=step-on]")
    assert parted.text("#detail h2 b") == "img1002"
    parted.press(Keys.ESCAPE)
    parted.focused("img1002")
    assert parted.chips("img1002")


def test_counts_stay_those_of_the_captions(open_page: Opener, five: Dataset) -> None:
    page = open_page(five)
    anew = """const counts = {};
      for (const {now} of pictures)
        for (const tag of new Set(now.final.slice(1).map(underscored)))
          counts[tag] = (counts[tag] ?? 0) + 1;
      return [Object.fromEntries(state.counts), counts]"""
    page.click("#img001 [data-act=toggle]")
    page.click("#img002 [data-act=toggle]")
    page.set_threshold(2000)
    page.press("z")
    shown, counted = page.js(anew)
    assert shown == counted
    assert "hat" in counted


# ---- groups, and what is left out ----


def elements(page: Page, selector: str) -> list[WebElement]:
    return page.browser.find_elements(By.CSS_SELECTOR, selector)


GROUPS = {"1girl": "count", "hat": "clothes", "smile": "expression", "soup": "food"}


@pytest.mark.parametrize(
    ("changes", "hidden"),
    [
        ({"drop": ["group:hair", "hat"], "keep": []}, True),
        ({"order": "danbooru", "overlap": "drop"}, False),
        ({"always": ["my style", "smile"], "max_tags": 2, "order": "danbooru"}, False),
    ],
)
def test_the_policy_of_params_is_in_what_the_page_shows(
    open_page: Opener, five: Dataset, changes: dict[str, Any], hidden: bool
) -> None:
    made = replace(five, rules=replace(RULES, **changes), groups=GROUPS)
    page = open_page(made)
    names = categories_of(made.scores.tags, made.scores.categories, [], [])
    policy = policy_for(made.rules, names, GROUPS)
    for name, found in zip(made.scores.names, made.scores.found, strict=True):
        tags = caption_of(found, made.scores.tags, made.scores.categories, made.rules, policy)
        final = page.js("return byStem.get(arguments[0]).now.final", name)
        assert final == with_tag_first(tags, made.triggers.common)
    left = [chip.get_attribute("title") for chip in elements(page, "#img001 .chip.left")]
    assert len(left) == hidden
    assert all(str(title).startswith("髪 / hair — caption.drop") for title in left)


def test_a_chip_knows_its_group(open_page: Opener, five: Dataset) -> None:
    page = open_page(replace(five, groups=GROUPS))
    chips = {
        chip.get_attribute("tag") or chip.text.split("\n")[0]: chip.get_attribute("data-group")
        for chip in elements(page, "#img001 .chip[data-group]")
    }
    assert set(chips.values()) == {"count", "hair", "expression"}
    page.js("look(byStem.get('img002'))")
    groups = [
        str(chip.get_attribute("data-group"))
        for chip in elements(page, "#detail .chip[data-group]")
    ]
    assert sorted(groups) == ["character", "expression", "food", "object", "other"]


def test_a_group_can_be_tried_without_and_the_command_says_so(
    open_page: Opener, five: Dataset
) -> None:
    page = open_page(
        replace(five, groups=GROUPS, rules=replace(RULES, drop=["don't", "group:food"]))
    )
    pills = {pill.get_attribute("data-group"): pill for pill in elements(page, "#groups .pill")}
    counts = page.js(
        "return [...document.querySelectorAll('#groups .pill')]"
        ".map(pill => [pill.dataset.group, pill.lastChild.textContent])"
    )
    assert dict(counts) == {
        **{"count": "3", "character": "1", "hair": "2", "expression": "3", "object": "1"},
        **{"food": "1", "other": "1"},
    }
    assert pills["food"].get_attribute("aria-pressed") == "true"
    page.click("#groups [data-group=hair]")
    assert "long_hair" not in page.js("return byStem.get('img001').now.final")
    assert "−2" in page.text("#change")
    assert page.text("#command") == (
        "dvc exp run -S caption.threshold=0.35 "
        "-S 'caption.drop=[\"don'\\''t\",group:food,group:hair]'"
    )
    page.click("#params")
    assert "long_hair" in page.js("return byStem.get('img001').now.final")
    assert page.text("#command") == "dvc exp run -S caption.threshold=0.35"


def test_a_tag_left_out_can_be_added_to_one_picture(open_page: Opener, five: Dataset) -> None:
    page = open_page(replace(five, groups=GROUPS, rules=replace(RULES, drop=["group:hair"])))
    page.click("#img001 .chip.left")
    assert page.js("return byStem.get('img001').now.final")[:2] == ["nasumiso_style", "long_hair"]
    assert page.js("return editOf(byStem.get('img001')).add") == ["long_hair"]
    assert len(elements(page, "#img001 .chip.left")) == 0
    assert len(elements(page, "#img004 .chip.left")) == 1


def test_a_sentence_is_shown_counted_and_saved(open_page: Opener, five: Dataset) -> None:
    sentence = "She waits in the rain, and then she leaves."
    edits = {KEYS[0]: Edit("hero.png", sentence=sentence)}
    page = open_page(replace(five, edits=edits, limit=75))
    assert page.js("return byStem.get('img001').now.tokens") > 12
    page.js("look(byStem.get('img001'))")
    assert page.text("#detail .sentence") == sentence
    page.js("$('detail').close()")
    page.js(
        "correct([byStem.get('img001')], (edit) => ({...edit, remove: ['smile']}))",
    )
    assert f'  sentence: "{sentence}"\n  remove: [smile]\n' in page.js("return textToSave()")
