"""What a model gives is made rows of length 1, or told as what it is."""

from typing import Any

import numpy as np
import pytest

from stages.library.common.errors import Problem
from stages.library.tagging.rows import as_rows, of_length_1

KEY = "params.yaml, tagger.model"


def test_a_row_for_each_picture_whatever_is_beside_it() -> None:
    rows = as_rows(np.array([[[[3]], [[4]]], [[[0]], [[2]]]], np.float32), 2, KEY)
    assert np.array(rows).tolist() == pytest.approx(np.array([[0.6, 0.8], [0, 1]]), abs=1e-7)


def test_a_row_of_nothing_stays_so() -> None:
    assert as_rows(np.zeros((1, 3), np.float32), 1, KEY)[0].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (np.zeros(3), "gives no row of features for each picture"),
        (np.zeros((2, 3)), "gives no row of features for each picture"),
        (np.zeros((3, 0)), "gives no row of features for each picture"),
        (np.zeros((3, 1 << 17)), "gives 131072 features, 65536 at most"),
        (
            np.full((3, 4), np.nan),
            "gives features that are no numbers; it is damaged, or fails",
        ),
        (
            np.full((3, 4), np.inf),
            "gives features that are no numbers; it is damaged, or fails",
        ),
    ],
)
def test_what_is_no_row_of_numbers_is_told(given: Any, said: str) -> None:
    with pytest.raises(Problem, match=f"{KEY}: the model {said}"):
        as_rows(given.astype(np.float32), 3, KEY)


def test_large_numbers_have_a_length() -> None:
    assert of_length_1(np.array([3e38, -3e38], np.float32)).tolist() == pytest.approx(
        [np.sqrt(0.5), -np.sqrt(0.5)]
    )
