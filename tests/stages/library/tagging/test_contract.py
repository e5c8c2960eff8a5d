"""What every family's files tell is whole."""

from pathlib import Path

import pytest

from stages.library.tagging.categories import CATEGORIES
from stages.library.tagging.families import recognised
from tests.support.families import WRITERS


@pytest.mark.parametrize("family", WRITERS)
def test_a_contract_is_whole(tmp_path: Path, family: str) -> None:
    named = "model.onnx" if family.endswith("deepghs") else ""
    files, contract = recognised(WRITERS[family](tmp_path), named, "it")
    assert contract.family == family.removesuffix(" of deepghs")
    assert contract.number == 1
    assert all((tmp_path / name).is_file() for name in files.names)
    assert len(contract.tags) == len(contract.categories) == len(set(contract.tags))
    assert {*contract.categories, *contract.thresholds} <= set(CATEGORIES.values())
    assert all(0 < threshold < 1 for threshold in contract.thresholds.values())
    assert len(contract.tag_thresholds) in (0, len(contract.tags))
    assert all(" " not in tag and not tag.startswith("rating") for tag in contract.tags)


def test_a_fingerprint_names_no_two_families_alike(tmp_path: Path) -> None:
    seen = {
        recognised(write(tmp_path / str(number)), "", "it")[1].family
        for number, write in enumerate(WRITERS.values())
    }
    assert len(seen) == len(WRITERS) - 1  # one of them in two forms
    assert not any(" " in family for family in seen)
