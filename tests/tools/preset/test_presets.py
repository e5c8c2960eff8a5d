"""The presets: where each value is from, and that the trainer and our own checks take them."""

import re
from pathlib import Path

import pytest

from stages import check
from stages.library.common.errors import Problem
from stages.library.common.params import sections_in
from stages.library.training.choices import check_choices
from stages.library.training.combinations import check_combinations
from stages.library.training.option_tables import Table, tables
from stages.library.training.options import check_options, options_of
from stages.library.training.preflight import check_prompts
from tests.support.clones import PROJECT
from tools.preset.lines import edited, stands, written
from tools.preset.plan import target, touched
from tools.preset.presets import SHIPPED, comments, preset_called, presets, values_of

PARAMS = PROJECT / "params.yaml"
SHIPPED_TEXT = PARAMS.read_text(encoding="utf-8")
PRESETS = presets()

each_preset = pytest.mark.parametrize("name", PRESETS)


def text_of(name: str) -> str:
    """Return the shipped params.yaml with a preset in it, also one that is not yet offered."""
    return edited(
        SHIPPED_TEXT, {spot: entry.written for spot, entry in PRESETS[name].entries.items()}
    )


@each_preset
def test_every_value_says_where_it_is_from(name: str) -> None:
    for spot, entry in PRESETS[name].entries.items():
        assert re.fullmatch(r"(published|measured): https://\S+|follows: .+", entry.origin), spot
        assert entry.why, spot
        assert not entry.origin.startswith("measured"), "nothing is, as docs/presets.md says"


@each_preset
def test_licences_are_told_in_both_languages_with_their_source(name: str) -> None:
    assert re.search(r"\w.* / .*[ぁ-ん]", PRESETS[name].licence)
    assert PRESETS[name].licence_source.startswith("https://")


@pytest.mark.parametrize("name", [name for name in PRESETS if name != SHIPPED])
def test_a_preset_holds_only_what_differs(name: str) -> None:
    shipped = values_of(sections_in(SHIPPED_TEXT, PARAMS))
    for spot, entry in PRESETS[name].entries.items():
        assert spot not in shipped or shipped[spot] != entry.value, spot


def test_the_preset_that_leads_back_has_all_that_others_change_as_it_is_shipped() -> None:
    shipped = written(SHIPPED_TEXT)
    changed = {spot for spot in touched(PRESETS) if spot in shipped}
    assert PRESETS[SHIPPED].entries.keys() == changed
    assert {spot: entry.written for spot, entry in PRESETS[SHIPPED].entries.items()} == {
        spot: shipped[spot] for spot in changed
    }
    assert text_of(SHIPPED) == SHIPPED_TEXT


@each_preset
@pytest.mark.parametrize("table", tables(), ids=lambda table: table.version)
def test_the_trainer_has_every_option(name: str, table: Table) -> None:
    params = sections_in(text_of(name), PARAMS)
    train, lora = params["train"], params["lora"]
    assert isinstance(train, dict)
    assert isinstance(lora, dict)
    script, options = str(lora["script"]), options_of(train)
    check_options(options, table.scripts[script], script)
    check_choices(options, None)
    check_combinations(options, script)
    check_prompts(lora["sample_prompts"])


@each_preset
def test_the_whole_of_params_is_checked_with_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PROJECT)
    params = tmp_path / "params.yaml"
    params.write_text(text_of(name), encoding="utf-8")
    check.check(params, None)


@each_preset
def test_the_sizes_are_one(name: str) -> None:
    shipped = PRESETS[SHIPPED]

    def value(section: str, key: str) -> object:
        return target(PRESETS[name], shipped, (section, key))

    size = value("prepare", "size")
    assert isinstance(size, int)
    assert value("train", "resolution") == f"{size},{size}"
    assert value("train", "max_bucket_reso") == 2 * size
    assert value("generate", "width") == value("generate", "height") == size
    prompts = value("lora", "sample_prompts")
    assert isinstance(prompts, list)
    assert all(f"--w {size} --h {size}" in prompt for prompt in prompts)


def test_a_value_has_the_comment_above_it_or_that_of_the_value_above() -> None:
    text = (
        "a:\n  # published: https://x\n  # why\n  # so\n  b: 1\n  c: 2\n  # follows: a.b\n  d: 3\n"
    )
    assert comments(text, stands(text)) == {
        ("a", "b"): ("published: https://x", "why so"),
        ("a", "c"): ("published: https://x", "why so"),
        ("a", "d"): ("follows: a.b", ""),
    }


def test_a_misspelt_name_is_told() -> None:
    with pytest.raises(Problem, match="ilustrious: no such preset; did you mean illustrious"):
        preset_called("ilustrious", PRESETS)
