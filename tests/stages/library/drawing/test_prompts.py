"""Lists that would draw nothing, or one picture twice."""

from dataclasses import replace
from typing import Any

import pytest

from stages.library.common.errors import Problem
from stages.library.drawing.prompts import check_lists
from tests.support.orders import DRAWING


@pytest.mark.parametrize("key", ["prompts", "weights", "epochs", "seeds"])
def test_a_list_is_neither_empty_nor_holds_something_twice(key: str) -> None:
    check_lists(DRAWING)
    one = getattr(DRAWING, key)[0]
    empty: dict[str, Any] = {key: []}
    twice: dict[str, Any] = {key: [one, one]}
    with pytest.raises(Problem, match=rf"^params.yaml, generate\.{key}: is empty; write at least"):
        check_lists(replace(DRAWING, **empty))
    with pytest.raises(Problem, match=rf"generate\.{key}: .* is there twice; keep one"):
        check_lists(replace(DRAWING, **twice))
