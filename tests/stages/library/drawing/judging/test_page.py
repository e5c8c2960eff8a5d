"""The judge's page as text: what it says in each case, and that no words of others steer it."""

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from stages.library.drawing.judging.copies import Nearest
from stages.library.drawing.judging.evidence import HELD_OUT, Evidence
from stages.library.drawing.judging.judgement import Judgement, Pair, Row
from stages.library.drawing.judging.page import MOST_COPIES, Shown, render, together
from stages.library.drawing.judging.verdict import Cell
from tests.stages.library.common.test_html import HOSTILE
from tests.support.judgements import CAPTIONS, COPY, judgement, on_training, row, shown_in, unknown


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    return shown_in(tmp_path, (10, 0.8))


ROWS = {(6, 0.8): row(), (10, 0.8): row(0.32)}


def text_of(html: str) -> str:
    """Return what a page says, on one line."""
    body = re.sub(r"(?s)<(style|script).*?</\1>|<[^>]+>", " ", html)
    return " ".join(unescape(body).split())


def page(found: Judgement | None, shown: Shown) -> str:
    return text_of(render(found, shown))


def test_the_advice_comes_first_with_reasons_and_doubt(shown: Shown) -> None:
    said = page(judgement(ROWS), shown)
    assert said.index("Take epoch 6 at weight 0.8. Can't tell apart: 6, 10.") < said.index("Why")
    assert "It goes 60 % ± 10 of the way" in said
    assert "What to doubt" in said
    assert "Without the trigger 80 % of what was gained is lost" in said


def test_every_epoch_and_weight_has_a_row(shown: Shown) -> None:
    said = page(judgement(ROWS), shown)
    assert "LoRA なし without the LoRA 0 % 0 % 80 % 60 % 100 % –" in said
    assert "6 0.8 60 % ± 10 80 % ± 12 78 % 50 % 90 % ± 10 0" in said
    assert "10 0.8 64 % ± 10 80 % ± 12 78 % 50 % 90 % ± 10 0" in said


def test_drawing_and_pictures_stand_side_by_side(shown: Shown) -> None:
    html = render(judgement(ROWS), shown)
    (sheet,) = re.findall(r'(?s)<table class="sheet">.*?</table>', html)
    heads = re.findall(r"(?s)<th.*?</th>", sheet)
    assert [text_of(head) for head in heads] == [
        "あなたの絵 your drawing",
        "LoRA なし without the LoRA",
        "エポック 6、強さ 0.8 epoch 6 at weight 0.8",
        "エポック 10、強さ 0.8 epoch 10 at weight 0.8",
        "エポック 6、強さ 0.8 epoch 6 at weight 0.8 トリガーなし no trigger",
    ]
    assert sheet.count("<img") == 4 * 5


def test_without_pictures_that_lack_the_trigger_nothing_is_said_of_it(shown: Shown) -> None:
    html = render(judgement(ROWS, trigger=None), shown)
    (sheet,) = re.findall(r'(?s)<table class="sheet">.*?</table>', html)
    assert sheet.count("<img") == 4 * 4
    assert "trigger" not in text_of(html)


def test_a_suspicious_picture_stands_beside_its_drawing(shown: Shown) -> None:
    copies = [COPY, replace(COPY, measure="hash")]
    html = render(judgement({**ROWS, (10, 0.8): row(copies=copies)}), shown)
    (pairs,) = re.findall(r'(?s)<div class="pairs">.*?</section>', html)
    assert pairs.count("<img") == 2
    assert "img000" in text_of(pairs)
    assert "by features" in text_of(pairs)
    assert "by perceptual hash" in text_of(pairs)
    assert "Whether it is a copy your eye decides" in text_of(html)


def test_where_none_is_suspicious_the_nearest_are_shown_all_the_same(shown: Shown) -> None:
    html = render(judgement(ROWS), shown)
    assert "None is nearer to a drawing than is usual" in text_of(html)
    assert len(re.findall('<figure class="pair"', html)) == 1


def test_of_very_many_copies_some_are_shown_and_all_counted(shown: Shown) -> None:
    pairs = [
        Pair(picture, Nearest(drawing, 0.1, 0.4), "hash")
        for picture in range(0, 12, 2)
        for drawing in range(CAPTIONS)
    ]
    html = render(judgement({**ROWS, (10, 0.8): row(copies=pairs)}), shown)
    assert len(re.findall('<figure class="pair"', html)) == MOST_COPIES
    assert f"and {36 - MOST_COPIES} more pairs" in text_of(html)


def test_pairs_of_a_caption_and_a_drawing_are_told_as_one(shown: Shown) -> None:
    pairs = [Pair(at, Nearest(2, 0.1, 0.4), "features") for at in (12, 13, 24)]
    (found,) = together(pairs, shown.evidence)
    assert (found.picture, found.drawing, found.cells) == (12, 2, [(6, 0.8), (10, 0.8)])


@pytest.mark.parametrize("rows", [ROWS, {(10, 0.8): row(0.01)}])
def test_on_training_captions_every_table_says_so(rows: dict[Cell, Row], shown: Shown) -> None:
    html = render(on_training(judgement(rows)), shown)
    panels = re.findall(r'(?s)<section class="panel.*?</section>', html)
    with_figures = [text_of(each) for each in panels if re.search(r"\d %|±", text_of(each))]
    assert len(with_figures) >= 2
    for each in with_figures:
        assert "rewards copying" in each, each
    assert "never saw" not in text_of(html)


def test_too_few_captions_are_said_and_no_figure_is_shown(shown: Shown) -> None:
    said = page(unknown(ROWS), shown)
    assert "Too few captions to tell anything: 3." in said
    assert "±" not in said.partition("What these numbers")[0].replace("± は", "").replace(
        "± is", ""
    )


def test_where_nothing_was_drawn_it_says_what_to_do(shown: Shown) -> None:
    nothing = replace(shown, evidence=Evidence(HELD_OUT, "", [], []), pictures=[], drawings=[])
    said = page(None, nothing)
    assert "Nothing was drawn to be judged; set judge.captions" in said
    assert "%" not in said


def test_the_page_needs_nothing_from_elsewhere(shown: Shown) -> None:
    html = render(judgement(ROWS), shown)
    assert re.findall(r"""(?:src|href)=["'](?!data:|#)[^"']*""", html) == []
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)', html)
    assert "default-src 'none'" in unescape(policy)
    assert "img-src data:" in policy


@pytest.mark.parametrize("text", HOSTILE)
def test_no_words_of_others_become_a_part_of_it(shown: Shown, text: str) -> None:
    evil = replace(shown, papers={"LoRA": text, text: "x"})
    html = render(judgement(ROWS), evil)
    plain = render(judgement(ROWS), shown)
    tags = [re.findall(r"<[a-z/!][^>]*>", each) for each in (html, plain)]
    assert len(tags[0]) == len(tags[1]) + len(
        re.findall(r"<[a-z/!][^>]*>", "<dt></dt><dd><bdi></bdi></dd>")
    )
    assert text_of(html).count(" ".join(text.split())) >= 2


def test_both_languages_stand_everywhere(shown: Shown) -> None:
    html = render(judgement({**ROWS, (10, 0.8): row(copies=[COPY])}), shown)
    assert len(re.findall('class="w" lang="ja"', html)) == len(
        re.findall('class="w" lang="en"', html)
    )
