"""What a preset changes, and what it finds that is the artist's own."""

from stages.library.common.params import sections_in
from tests.support.clones import PROJECT
from tools.preset.plan import made_by, plan
from tools.preset.presets import SHIPPED, Values, presets, values_of

PARAMS = PROJECT / "params.yaml"
PRESETS = presets()
DIM, LOSS = ("train", "network_dim"), ("train", "min_snr_gamma")


def shipped(**train: object) -> Values:
    values = values_of(sections_in(PARAMS.read_text(encoding="utf-8"), PARAMS))
    return values | {("train", key): value for key, value in train.items()}


def with_preset(name: str, **train: object) -> Values:
    entries = PRESETS[name].entries.items()
    return (
        shipped()
        | {spot: e.value for spot, e in entries}
        | {("train", key): value for key, value in train.items()}
    )


def test_it_is_seen_which_preset_params_are_at_also_with_a_few_own_values() -> None:
    for name in PRESETS:
        assert made_by(with_preset(name), PRESETS) == name
        assert made_by(with_preset(name, network_dim=5, shuffle_caption=True), PRESETS) == name


def test_nothing_changes_twice() -> None:
    for name, preset in PRESETS.items():
        found = plan(with_preset(name), preset, PRESETS)
        assert (found.changes, found.own, found.already) == ({}, {}, [])


def test_what_another_preset_has_put_there_is_nobodys_own() -> None:
    found = plan(with_preset("noobai-vpred"), PRESETS["illustrious"], PRESETS)
    assert found.own == {}
    assert found.changes[("train", "v_parameterization")] is None
    assert DIM not in found.changes


def test_a_value_that_no_preset_has_put_there_is_the_artists() -> None:
    found = plan(shipped(network_dim=128, min_snr_gamma=5), PRESETS["illustrious"], PRESETS)
    assert list(found.own) == [DIM, LOSS]
    back = plan(shipped(min_snr_gamma=5), PRESETS[SHIPPED], PRESETS)
    assert (back.own, back.changes) == ({LOSS: None}, {})


def test_an_own_value_that_is_the_presets_too_is_told() -> None:
    found = plan(shipped(network_dim=32), PRESETS["illustrious"], PRESETS)
    assert found.already == [DIM]
    assert DIM not in found.changes | found.own


def test_a_switch_is_no_number() -> None:
    found = plan(shipped(no_half_vae=1), PRESETS["illustrious"], PRESETS)
    assert ("train", "no_half_vae") in found.own
