"""What was asked for and what is shown, counted caption by caption."""

import numpy as np
import pytest

from stages.library.drawing.judging.asked import precisions, recalls

ASKED = [{"hat", "smile"}, {"cat"}, set[str]()]
FOUND = [[{"hat"}, {"hat", "smile", "dog"}], [set[str](), {"dog"}], [{"dog"}, set[str]()]]


def test_recall_is_the_share_of_what_was_asked_in_the_mean_of_a_captions_pictures() -> None:
    assert recalls(ASKED, FOUND) == pytest.approx([0.75, 0, np.nan], nan_ok=True)


def test_precision_is_the_share_of_what_is_shown_where_anything_is() -> None:
    assert precisions(ASKED, FOUND) == pytest.approx([(1 + 2 / 3) / 2, 0, 0])
    assert precisions([{"cat"}], [[set(), set()]]) == pytest.approx([np.nan], nan_ok=True)
