"""What a preset changes in a params.yaml, and what it finds that is the artist's own."""

from dataclasses import dataclass

from tools.preset.lines import Spot, Written
from tools.preset.presets import SHIPPED, Preset, Presets, Values

ABSENT = object()
"""In place of a value: the key is not there, or not to be there."""


@dataclass(frozen=True)
class Plan:
    """What a preset means for a params.yaml that is, as far as can be told, as `now` has it."""

    now: str
    changes: dict[Spot, Written | None]
    own: dict[Spot, Written | None]  # changes, too, but of values that no preset has put there
    already: list[Spot]  # the artist's own values, and the same as the preset's


def target(preset: Preset, shipped: Preset, spot: Spot) -> object:
    """Return the value that a preset means for a key that any preset sets."""
    for each in (preset, shipped):
        if spot in each.entries:
            return each.entries[spot].value
    return ABSENT


def touched(known: Presets) -> list[Spot]:
    """Return the keys that any preset sets, in the order of the preset that leads back."""
    return list(dict.fromkeys(spot for each in known.values() for spot in each.entries))


def same(one: object, other: object) -> bool:
    """Return whether two values of YAML mean the same: 1 and 1.0 do, 1 and true don't.

    >>> same(1, 1.0), same(1, True)
    (True, False)
    """
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def made_by(values: Values, known: Presets) -> str:
    """Return the preset that agrees with most of the values."""

    def agreeing(preset: Preset) -> int:
        return sum(
            same(values.get(spot, ABSENT), target(preset, known[SHIPPED], spot))
            for spot in touched(known)
        )

    return max(known.values(), key=agreeing).name


def plan(values: Values, preset: Preset, known: Presets) -> Plan:
    """Return what a preset changes; what differs from the preset it is at is the artist's own."""
    now, shipped = made_by(values, known), known[SHIPPED]
    found = Plan(now, {}, {}, [])
    for spot in touched(known):
        value, wanted = values.get(spot, ABSENT), target(preset, shipped, spot)
        own = not same(value, target(known[now], shipped, spot))
        if same(value, wanted):
            found.already.extend([spot] if own else [])
            continue
        entry = preset.entries.get(spot) or shipped.entries.get(spot)
        (found.own if own else found.changes)[spot] = entry.written if entry else None
    return found
