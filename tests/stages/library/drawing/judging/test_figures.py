"""judged.json and the plot's table: what dvc shows of them, and that nothing in them is endless."""

import csv
import io
import json
from typing import Any

import pytest

from stages.library.drawing.judging.estimates import Estimate
from stages.library.drawing.judging.figures import figures, plotted
from stages.library.drawing.judging.judgement import Judgement, Yardstick
from tests.support.judgements import COPY, judgement, on_training, row, unknown

ROWS = {(6, 0.8): row(), (8, 0.8): row(0.32), (10, 1.0): row(0.4, copies=[COPY])}


def columns(found: Judgement | None) -> dict[str, object]:
    """Return what `dvc exp show` has of it: numbers and texts."""
    return {
        name: each for name, each in figures(found).items() if isinstance(each, int | float | str)
    }


def test_a_run_is_a_few_columns() -> None:
    assert columns(judgement(ROWS)) == {
        "take": "6 at 0.8",
        "closer": 0.6,
        "closer_doubt": 0.1,
        "copies": 1,
        "judged_on": "held out",
        "captions_judged": 12,
    }


def test_behind_them_is_a_row_for_each_epoch_and_weight() -> None:
    cells: Any = figures(judgement(ROWS))["cells"]
    base, first, *others = cells
    assert base == {"epoch": 0, "weight": 0.0, "distance": 0.5, "recall": 0.8, "precision": 0.6}
    assert first == {
        "epoch": 6,
        "weight": 0.8,
        "closer": 0.6,
        "closer_doubt": 0.1,
        "closer_to_trained": 0.8,
        "closer_to_trained_doubt": 0.125,
        "by_heart": 0.0,
        "by_heart_doubt": 0.2,
        "recall": 0.78,
        "precision": 0.5,
        "less_recall": 0.02,
        "less_recall_doubt": 0.1,
        "less_variety": 0.1,
        "less_variety_doubt": 0.1,
        "copies": 0,
        "told": ["advised", "closer"],
    }
    assert [each["told"] for each in others] == [["as good", "closer"], ["closer", "copies"]]


@pytest.mark.parametrize(
    ("found", "take"),
    [
        (judgement({(6, 0.8): row(0.01)}), "unclear"),
        (judgement({(6, 0.8): row(-0.2)}), "none"),
        (judgement({(6, 0.8): row(0.0)}, unchanged=True), "none"),
        (judgement({(6, 0.8): row(copies=[COPY])}), "none"),
        (unknown(ROWS), "unclear"),
        (None, "nothing was drawn"),
    ],
)
def test_where_there_is_no_advice_there_is_no_figure_of_it(
    found: Judgement | None, take: str
) -> None:
    assert columns(found)["take"] == take
    assert "closer" not in columns(found)


def test_what_it_was_judged_on_stands_beside_it() -> None:
    assert columns(on_training(judgement(ROWS)))["judged_on"] == "training, rewards copying"


@pytest.mark.parametrize(
    "found", [judgement(ROWS), unknown(ROWS), on_training(judgement(ROWS)), None]
)
def test_it_is_json_for_everybody(found: Judgement | None) -> None:
    """No NaN and no Infinity, which are no JSON."""
    text = json.dumps(figures(found), allow_nan=False)
    assert "-0.0," not in text


def table(found: Judgement | None) -> list[list[str]]:
    return list(csv.reader(io.StringIO(plotted(found))))


def test_the_plot_begins_with_the_base_model() -> None:
    assert table(judgement(ROWS)) == [
        ["epoch", "weight", "closer", "low", "high"],
        ["0", "0.0", "0.0", "0.0", "0.0"],
        ["6", "0.8", "0.6", "0.5", "0.7"],
        ["8", "0.8", "0.64", "0.54", "0.74"],
        ["10", "1.0", "0.8", "0.7", "0.9"],
    ]


@pytest.mark.parametrize("found", [unknown(ROWS), None])
def test_where_nothing_is_known_the_base_model_is_all(found: Judgement | None) -> None:
    assert len(table(found)) == 2


def test_where_the_base_model_is_no_way_off_the_discrepancy_itself_is_told() -> None:
    found = judgement(ROWS, near=Yardstick(12, Estimate(0.05, 0.1)))
    assert columns(found)["closer"] == 0.3
