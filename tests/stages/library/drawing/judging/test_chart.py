"""The chart: every cell where its figure is, higher is closer, none outside."""

from stages.library.drawing.judging.chart import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, chart
from stages.library.drawing.judging.estimates import Estimate
from stages.library.drawing.judging.judgement import Yardstick
from tests.support.judgements import judgement, row, unknown

ROWS = {
    (epoch, weight): row(0.04 * epoch * weight) for epoch in (2, 6, 10) for weight in (0.6, 1.0)
}


def test_every_cell_has_a_mark_on_the_line_of_its_weight() -> None:
    found = chart(judgement(ROWS))
    assert found
    assert [line.label for line in found.lines] == ["0.6", "1.0"]
    assert [[mark.cell for mark in line.marks] for line in found.lines] == [
        [(2, 0.6), (6, 0.6), (10, 0.6)],
        [(2, 1.0), (6, 1.0), (10, 1.0)],
    ]
    assert [text for _, text in found.epochs] == ["2", "6", "10"]


def test_closer_is_higher_and_the_base_model_lies_at_0() -> None:
    found = chart(judgement(ROWS))
    assert found
    marks = {mark.cell: mark for line in found.lines for mark in line.marks}
    assert marks[10, 1.0].y < marks[6, 1.0].y < marks[2, 1.0].y < found.base
    assert all(mark.high < mark.y < mark.low for mark in marks.values())
    assert (found.base, "0 %") in found.levels


def test_nothing_is_drawn_outside() -> None:
    found = chart(judgement({(2, 0.6): row(3.0), (4, 0.6): row(-3.0), (6, 1.0): row()}))
    assert found
    for line in found.lines:
        for mark in line.marks:
            assert LEFT <= mark.x <= WIDTH
            assert all(TOP <= y <= HEIGHT - BOTTOM for y in (mark.y, mark.low, mark.high))


def test_marks_of_an_epoch_stand_side_by_side() -> None:
    rows = {(epoch, weight / 10): row() for epoch in range(1, 41) for weight in range(1, 11)}
    found = chart(judgement(rows))
    assert found
    places = [mark.x for line in found.lines for mark in line.marks]
    assert len(set(places)) == len(places) == 400


def test_where_nothing_is_known_there_is_no_chart() -> None:
    assert chart(unknown(ROWS)) is None
    assert chart(judgement({})) is None


def test_where_the_base_model_is_no_way_off_the_levels_are_the_figures() -> None:
    found = chart(judgement(ROWS, near=Yardstick(12, Estimate(0.05, 0.1))))
    assert found
    assert not any("%" in text for _, text in found.levels)
    assert "0.000" in [text for _, text in found.levels]
