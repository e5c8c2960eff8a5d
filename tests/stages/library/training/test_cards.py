"""The card that a WebUI shows."""

import pytest

from stages.library.training.cards import card


@pytest.mark.parametrize(
    ("version", "shown"),
    [("sd_v1", "SD1"), ("sd_v2", "SD2"), ("sdxl_base_v1-0", "SDXL"), ("flux1", "Unknown")],
)
def test_the_card_has_the_webui_s_keys(version: str, shown: str) -> None:
    found = card("nasu", {"ss_base_model_version": version, "ss_epoch": "10"}, 0.8, "")
    assert found["sd version"] == shown
    assert found["activation text"] == "nasu"
    assert set(found) == {
        "description",
        "sd version",
        "activation text",
        "preferred weight",
        "negative text",
        "notes",
    }
