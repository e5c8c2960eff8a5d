"""Thresholds begin where scores do."""

from stages.library.params.caption import LOWEST
from stages.library.tagging.scores import FLOOR, SCALE


def test_no_threshold_is_below_what_is_kept() -> None:
    assert LOWEST == FLOOR / SCALE
