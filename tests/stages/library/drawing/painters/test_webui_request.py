"""What is sent is what was ordered."""

from dataclasses import replace

import pytest

from stages.library.drawing.painters.webui_request import as_request
from tests.stages.library.drawing.painters.test_webui import NAME
from tests.support.drawing import ORDER


@pytest.mark.parametrize(
    ("weight", "written"), [(1.0, "1"), (0.65, "0.65"), (0.1 + 0.2, "0.3"), (1.25, "1.25")]
)
def test_the_weight_is_written_as_people_do(weight: float, written: str) -> None:
    order = replace(ORDER, lora=NAME, weight=weight)
    assert as_request(order)["prompt"] == f"nasu, ナス <lora:{NAME}:{written}>"


def test_without_a_lora_the_prompt_is_the_artist_s() -> None:
    assert as_request(replace(ORDER, weight=0.0))["prompt"] == "nasu, ナス"
