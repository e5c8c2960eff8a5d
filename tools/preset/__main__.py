"""Set params.yaml for another base model, or show what would change, why, and where it is from.

Without a name the presets are listed. Nothing is written without --write. sd15 leads back.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from stages.library.common import command
from stages.library.common.arguments import PARAMS, Parser
from stages.library.common.errors import Problem
from stages.library.common.foreign import printable
from stages.library.common.outputs import write_atomically
from stages.library.common.params import sections_in
from stages.library.common.unchanged import seen
from tools.preset.lines import Spot, Written, edited, written
from tools.preset.plan import ABSENT, Plan, made_by, plan, target
from tools.preset.presets import SHIPPED, Preset, Presets, Values, preset_called, presets, values_of

MOST = 2000
"""Characters of a value that are shown."""


def read(params: Path) -> str:
    """Return a params.yaml with the ends of its lines as they are.

    Raises:
        Problem: it is not here, or can't be read.
    """
    try:
        return params.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise Problem(f"{params}: is not here; run this in the folder of the project") from None
    except UnicodeDecodeError:
        raise Problem(f"{params}: is no UTF-8; save it as UTF-8") from None


def listed(known: Presets, values: Values) -> Iterator[str]:
    """Yield a line for each preset, and its licence."""
    now = made_by(values, known)
    for name, each in known.items():
        mark = "*" if name == now else " "
        yield f"{mark} {name}: {each.about}{' (not yet)' if each.not_yet else ''}"
        yield f"    licence: {each.licence}"
        yield f"    {each.licence_source}"
    yield "* what params.yaml is now / いまの params.yaml"


def difference(spot: Spot, old: Written | None, new: Written | None) -> list[str]:
    """Return what becomes of a value, in lines."""
    name = ".".join(spot)
    if (old and old.is_list) or (new and new.is_list):
        return [
            f"{name}:",
            *(f"  < {text}" for text in (old.texts if old else ())),
            *(f"  > {text}" for text in (new.texts if new else ())),
        ]
    before, after = (each.whole().strip() if each else "(none)" for each in (old, new))
    return [f"{name}: {before} -> {after}"]


def shown(found: Plan, preset: Preset, now: Mapping[Spot, Written]) -> Iterator[str]:
    """Yield what a preset would change; a reason stands below the last of its values."""
    yield f"{preset.name}: {preset.about}"
    yield f"licence: {preset.licence}"
    yield f"    {preset.licence_source}"
    yield f"params.yaml is now: {found.now}"
    spots = [*(spot for spot in preset.entries if spot in found.changes)]
    spots += [spot for spot in found.changes if spot not in spots]
    for place, spot in enumerate(spots):
        yield from difference(spot, now.get(spot), found.changes[spot])
        reason = why(preset, spot)
        if place + 1 == len(spots) or why(preset, spots[place + 1]) != reason:
            yield from reason
    for spot in found.own:
        yield from difference(spot, now.get(spot), found.own[spot])
        yield "    yours: no preset has put it there / 自分で変えた値です"
    for spot in found.already:
        yield f"{'.'.join(spot)}: already so, and yours; {SHIPPED} would not leave it"


def why(preset: Preset, spot: Spot) -> tuple[str, ...]:
    entry = preset.entries.get(spot)
    return (f"    {entry.why}", f"    {entry.origin}") if entry else (f"    not for {preset.name}",)


def chosen(found: Plan, keep: bool, replace: bool) -> dict[Spot, Written | None]:
    """Return the changes to write.

    Raises:
        Problem: it is not said what to do with values that are the artist's own.
    """
    if found.own and not keep and not replace:
        names = ", ".join(".".join(spot) for spot in found.own)
        raise Problem(
            f"params.yaml, {names}: you have changed what the preset sets, too; nothing is "
            "written. --keep leaves yours, --replace takes the preset's / 自分で変えた値が"
            "あるので、まだ何も書いていません。残すなら --keep、プリセットの値にするなら "
            "--replace を付けてください"
        )
    return found.changes | (found.own if replace else {})


def text_with(text: str, changes: Mapping[Spot, Written | None], meant: Values) -> str:
    """Return a params.yaml with the changes made, which then says what is meant and nothing else.

    Raises:
        Problem: its form allows no such change, such as a section in one line.
    """
    new = edited(text, changes)
    try:
        if values_of(sections_in(new, PARAMS)) == meant:
            return new
    except Problem:  # of the new text, which nobody has seen
        pass
    raise Problem(
        "params.yaml: its values can't be exchanged one by one; write each key in a line of its "
        "own, and no & or * / 1 行に 1 つずつ書き、& や * は使わないでください"
    )


def meant(
    values: Values, changes: Mapping[Spot, Written | None], preset: Preset, known: Presets
) -> Values:
    """Return the values that a params.yaml is to hold after the changes."""
    new = {spot: target(preset, known[SHIPPED], spot) for spot in changes}
    return {spot: value for spot, value in (values | new).items() if value is not ABSENT}


def preset(name: str, params: Path, write: bool, keep: bool, replace: bool) -> None:
    """Do what the command line asks for."""
    file, text, known = seen(params), read(params), presets()
    values = values_of(sections_in(text, params))
    if not name:
        print("\n".join(listed(known, values)))
        return
    wanted = preset_called(name, known)
    if keep and replace:
        raise Problem("--keep and --replace: one or the other")
    found = plan(values, wanted, known)
    for line in shown(found, wanted, written(text)):
        print(printable(line, MOST))
    if wanted.not_yet and write:
        raise Problem(f"{name}: can't be trained yet: {wanted.not_yet}")
    changes = chosen(found, keep, replace) if write else found.changes | found.own
    if not changes:
        print(f"params.yaml is as {name} has it; nothing to change / 変更はありません")
    elif not write:
        why_not = f"; not yet: {wanted.not_yet}" if wanted.not_yet else "; --write writes them"
        print(f"{len(changes)} keys would change, all others stay as they are{why_not}")
    else:
        data = text_with(text, changes, meant(values, changes, wanted, known)).encode()
        write_atomically(params, data, ready=file.look_again)
        print(
            f"params.yaml: {len(changes)} keys written, all others left as they were; then: "
            f"dvc repro / 書き換えました。戻すには python -m tools.preset {SHIPPED} --write"
        )
        if left := [".".join(spot) for spot in found.own if spot not in changes]:
            print(f"kept, and yours: {', '.join(left)} / 自分の値のまま残しました")


def build_parser() -> Parser:
    parser = Parser("tools.preset", __doc__)
    parser.add_argument(
        "name", nargs="?", default="", help="a preset of presets/, such as illustrious"
    )
    parser.add_argument(
        "--params", type=Path, default=PARAMS, help=f"file to read and write ({PARAMS})"
    )
    for flag, does in {
        "--write": "write params.yaml, all comments and other keys left as they are",
        "--keep": "with --write: leave the values that you have changed yourself",
        "--replace": "with --write: take the preset's in place of those",
    }.items():
        parser.add_argument(flag, action="store_true", default=False, help=does)
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), preset, argv)


if __name__ == "__main__":
    sys.exit(main())
