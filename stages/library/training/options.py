"""The options of sd-scripts: what params.yaml may hold of them, and how they are handed on."""

import re
from collections.abc import Iterable, Mapping

from stages.library.common.errors import Problem
from stages.library.common.params import as_text, full_width, shown, unseen
from stages.library.common.values import did_you_mean
from stages.library.training.option_source import Option
from stages.library.training.option_tables import owner

Options = dict[str, list[str]]
"""Options by name: [] for a bare flag, one value, or several for an option that takes a list."""

GIVEN = {
    "pretrained_model_name_or_path": "write lora.base_model",
    "output_name": "write organize.name",
    "train_data_dir": "it is data/dataset",
    "dataset_config": "its <repeats>_ folders are not read that way",
    "in_json": "captions are beside the pictures",
    "caption_extension": "captions are .txt, beside the pictures",
    "caption_extention": "captions are .txt, beside the pictures",
    "dataset_class": "it is data/dataset",
    "debug_dataset": "it only shows the dataset, and trains nothing",
    "max_train_steps": "write train.max_train_epochs; epochs are what is kept and compared",
    "console_log_file": "the stage reads what the trainer says",
    "console_log_level": "the stage reads what the trainer says",
    "console_log_simple": "the stage reads what the trainer says",
    "config_file": "it checks no option",
    "output_config": "it writes a file, and trains nothing",
    "output_dir": "it is training/state while training, training/lora afterwards",
    "logging_dir": "it is training/state",
    "log_with": "the curves are read from TensorBoard's log",
    "log_prefix": "the curves are found by the log's name",
    "log_tracker_name": "the curves are found by the log's name",
    "save_state": "a state is kept with every checkpoint",
    "resume": "it goes on by itself where it stopped",
    "initial_epoch": "it goes on by itself where it stopped",
    "initial_step": "it goes on by itself where it stopped",
    "skip_until_initial_step": "with it a resumed run overwrites the LoRA and trains nothing",
    "no_metadata": "the LoRA carries its papers there",
}
"""Options that the stage gives itself, and where to write instead."""


def options_of(section: Mapping[str, object]) -> Options:
    """Return the options that the section train of params.yaml gives.

    >>> options_of({"sdpa": True, "xformers": False, "learning_rate": 1e-4, "seed": 42})
    {'sdpa': [], 'learning_rate': ['0.0001'], 'seed': ['42']}

    Raises:
        Problem: one has no value, or one that no option can have.
    """
    options: Options = {}
    for name, value in section.items():
        place = f"params.yaml, train.{shown(name)}"
        if not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII):
            raise Problem(f"{place}: no option is called so; mend it{full_width(name)}")
        values = value if isinstance(value, list) else [] if value is True else [value]
        if value is None or None in values:
            raise Problem(f"{place}: it has no value (null); write a value or remove the line")
        if value is False or value == []:
            continue
        for each in values:
            if isinstance(each, bool | dict | list):
                raise Problem(f"{place}: {each!r} is no value; write a text or a number")
            if unseen(as_text(each)):
                raise Problem(f"{place}: {each!r} has a line break; write it on one line")
            if len(values) > 1 and re.match(r"-+[A-Za-z]", as_text(each)):
                raise Problem(f"{place}: {each!r} begins with '-', as an option does; remove it")
        options[name] = [as_text(each) for each in values]
    return options


def check_options(options: Options, known: dict[str, Option], script: str) -> None:
    """Raise Problem for the first option that the trainer would refuse, or we give ourselves."""
    for name, values in options.items():
        place = f"params.yaml, train.{name}"
        if name in GIVEN:
            raise Problem(f"{place}: the stage gives this option itself ({GIVEN[name]}); remove it")
        if name not in known:
            raise Problem(
                f"{place}: {script} has no such option; {instead_of(name, known, script)}"
            )
        if problem := wrong_value(known[name], values):
            raise Problem(f"{place}: {problem}")


def instead_of(name: str, known: Iterable[str], script: str) -> str:
    """Return what to do about an option that the script does not have."""
    if theirs := owner(name, script):
        return f"remove it; it is one of {theirs}"
    return did_you_mean(name, [*known, *GIVEN], "see sd-scripts' docs/train_network.md")


def wrong_value(option: Option, values: list[str]) -> str:
    """Return what is wrong with an option's values; else ''.

    >>> wrong_value(Option(choices=("no", "fp16", "bf16")), ["fp-16"])
    "'fp-16' is none of no, fp16, bf16; did you mean fp16?"
    """
    if option.flag:
        return f"it takes no value but true or false; not {values[0]!r}" if values else ""
    if not values:
        return "it needs a value; true is none"
    if len(values) > 1 and not option.many:
        return "it takes one value, not a list"
    for value in values:
        try:
            {"int": int, "float": float}.get(option.type, str)(value)
        except ValueError:
            kind = "a whole number" if option.type == "int" else "a number"
            return f"{value!r} is not {kind}; write one"
        if option.choices and value not in option.choices:
            hint = did_you_mean(value, option.choices, "write one of them")
            return f"{value!r} is none of {', '.join(option.choices)}; {hint}"
    return ""


def as_words(options: Options) -> list[str]:
    """Return options as the words of a command line; no shell ever reads them.

    >>> as_words({"sdpa": [], "network_dim": ["64"], "network_args": ["a=1", "b=2"]})
    ['--sdpa', '--network_dim=64', '--network_args', 'a=1', 'b=2']
    """
    words: list[str] = []
    for name, values in options.items():
        one = len(values) == 1
        words += [f"--{name}={values[0]}"] if one else [f"--{name}", *values]
    return words


def first(options: Options, key: str, default: str) -> str:
    """Return the value of an option that takes one."""
    return (options.get(key) or [default])[0]
