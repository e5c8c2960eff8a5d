"""Check the whole of params.yaml, before anything heavy starts."""

import os
import shlex
import sys
from pathlib import Path
from typing import Any

from stages.library.common import command
from stages.library.common.arguments import PARAMS, Parser
from stages.library.common.errors import Problem
from stages.library.common.foreign import shown
from stages.library.common.outputs import write_atomically
from stages.library.common.params import Params, load_params, unknown_sections
from stages.library.common.unchanged import seen
from stages.library.common.values import did_you_mean
from stages.library.dataset.subjects import triggers_of
from stages.library.params.caption import CAPTION
from stages.library.params.common_tag import COMMON_TAG
from stages.library.params.generate import GENERATE
from stages.library.params.judge import JUDGE
from stages.library.params.lora import LORA
from stages.library.params.organize import ORGANIZE
from stages.library.params.prepare import PREPARE
from stages.library.params.tagger import TAGGER
from stages.library.params.train import COUNTED, TRAIN
from stages.library.training.choices import check_choices
from stages.library.training.combinations import check_combinations
from stages.library.training.option_source import Option, known_options
from stages.library.training.option_tables import tables
from stages.library.training.options import check_options, options_of
from stages.library.training.preflight import check_prompts
from stages.library.training.trainer import find_trainer

TAGGERS = Path("data/tagger")
"""A dependency in dvc.yaml."""

SECTIONS = {
    section.name: section
    for section in (PREPARE, TAGGER, CAPTION, COMMON_TAG, ORGANIZE, LORA, TRAIN, GENERATE, JUDGE)
}


def faults(params: Params) -> list[str]:
    """Return all that is wrong with params.yaml, in words."""
    found = unknown_sections(params, SECTIONS)
    for section in (*SECTIONS.values(), COUNTED):
        if section is not LORA or not TRAIN.faults(params):  # of what has moved, one line
            found += section.faults(params)
    if not found:
        try:
            triggers_of(**COMMON_TAG.read(params))
            check_training(TRAIN.read(params) | LORA.read(params))
        except Problem as error:
            found.append(str(error))
    return list(dict.fromkeys(found))  # COUNTED is a part of TRAIN


def missing_input(folder: Path) -> list[str]:
    """Return what is wrong with a folder of drawings that is neither here nor DVC's, in words."""
    if folder.is_dir() or folder.with_name(f"{folder.name}.dvc").is_file():
        return []
    there = [shown(path.as_posix()) for path in folder.parent.glob("*") if path.is_dir()]
    hint = did_you_mean(folder.as_posix(), there, "make it, and put your drawings in")
    return [
        f"params.yaml, prepare.input: there is no folder {folder}; {hint} "
        "/ 絵のフォルダーが見つかりません。名前を確かめるか、作って絵を入れてください"
    ]


def unseen_tagger(model: str) -> list[str]:
    """Return what is wrong with a tagger's folder that DVC doesn't look into, in words."""
    folder = Path(model).expanduser()
    inside = folder.resolve().is_relative_to(TAGGERS.resolve())  # DVC follows no link
    if model == "builtin" or inside or not folder.is_dir():
        return []
    return [
        f"params.yaml, tagger.model: {folder} is not in {TAGGERS}, the only place where DVC sees "
        f"that a file was exchanged; copy it: cp -rL {shlex.quote(str(folder))} {TAGGERS}/NAME, "
        f"and write {TAGGERS}/NAME / タガーのフォルダーは、上のコマンドで {TAGGERS} の中に"
        f"コピーし、{TAGGERS}/NAME と書いてください"
    ]


def check_training(read: dict[str, Any]) -> None:
    """Raise Problem for what the trainer would refuse, as far as can be told without it."""
    given, script = options_of(read["options"]), read["script"]
    if known := options_here(script):
        check_options(given, known, script)
        check_choices(given, None)
    elif near := did_you_mean(script, {name for each in tables() for name in each.scripts}, ""):
        raise Problem(f"params.yaml, lora.script: sd-scripts has no {script}; {near}")
    check_combinations(given, script)
    check_prompts(read["sample_prompts"])


def options_here(script: str) -> dict[str, Option]:
    """Return the options of a script of the trainer: of the one that is here, else of any known.

    A script that no known version has may be somebody's own: nothing is known of it.
    """
    try:
        return known_options(find_trainer(script, dict(os.environ)).checkout, script)
    except Problem:
        versions = [table.scripts.get(script, {}) for table in tables()]
        return {name: option for each in versions for name, option in each.items()}


def check(params: Path, output: Path | None) -> None:
    """Check every section; write to `output`, if any, that it is done.

    Raises:
        Problem: all that is wrong, a line each; or that the file was changed meanwhile.
    """
    file = seen(params)
    read = load_params(params)
    if wrong := (
        faults(read)
        or missing_input(PREPARE.read(read)["input"])
        or [line for model in TAGGER.read(read)["model"] for line in unseen_tagger(model)]
    ):
        raise Problem("\n  ".join(wrong))
    file.look_again()
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(output, b"params.yaml is as it should be\n")
    print(f"check: {params} is as it should be / 問題ありません")


def build_parser() -> Parser:
    parser = Parser("stages.check", __doc__)
    parser.add_argument("--params", type=Path, default=PARAMS, help=f"file to check ({PARAMS})")
    parser.add_argument("--output", type=Path, default=None, help="file that says it is checked")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), check, argv)


if __name__ == "__main__":
    sys.exit(main())
