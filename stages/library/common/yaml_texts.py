"""YAML whose every scalar is a text, as people and strangers write it: fast, and of any size."""

import json
import re
from typing import Any

import yaml
from yaml.constructor import ConstructorError

LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""libyaml's parser, several times as fast, where PyYAML was built with it."""

PLAIN = r"[A-Za-z0-9_][A-Za-z0-9_().'-]*( [A-Za-z0-9_().'-]+)*"
"""Scalars that are written without quotes."""

UNSEEN = r"[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff\ud800-\udfff]"
"""Characters that YAML refuses, or that nobody can see."""


def scalar(text: str) -> str:
    """Return `text` as YAML, in a flow map, too: plain if it can't be mistaken, else as in JSON.

    stages/library/report/page/tags.js writes the same; tests/support/vectors/edits_yaml.json
    holds them together.

    >>> scalar("long hair"), scalar("a: b"), scalar("なす")
    ('long hair', '"a: b"', '"なす"')
    """
    if re.fullmatch(PLAIN, text):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return re.sub(UNSEEN, lambda found: f"\\u{ord(found.group()):04x}", quoted)


def texts_of(text: str) -> Any:
    """Return what a text of YAML holds, in maps, lists and texts; None if that is nothing.

    It is built from the parser's events: no scalar becomes anything but a text, whatever its tag,
    no node is kept beside it, and no depth of nesting needs a stack.

    Raises:
        yaml.YAMLError: it is no YAML, holds a key twice, or an alias, which could stand for any
            number of texts.
    """
    top: list[Any] = []
    into: list[tuple[list[Any] | dict[str, Any], list[str]]] = [(top, [])]  # and a key to be filled
    for event in yaml.parse(text, Loader=LOADER):
        value: Any
        if isinstance(event, yaml.ScalarEvent):
            value = event.value
        elif isinstance(event, yaml.MappingStartEvent):
            value = {}
        elif isinstance(event, yaml.SequenceStartEvent):
            value = []
        elif isinstance(event, yaml.CollectionEndEvent):
            into.pop()
            continue
        elif isinstance(event, yaml.AliasEvent):
            raise _wrong("aliases (& and *) are not taken; write out what they stand for", event)
        else:
            continue  # where the text and its documents begin and end
        here, key = into[-1]
        if isinstance(here, list):
            here.append(value)
        elif key:
            here[key.pop()] = value
        elif not isinstance(value, str):
            raise _wrong("found unhashable key", event)
        elif value in here:
            raise _wrong(f"{value} is there twice; join the two into one", event)
        else:
            key.append(value)
        if not isinstance(value, str):
            into.append((value, []))
    if len(top) > 1:
        raise yaml.YAMLError("holds a second document, after a line of ---")
    return top[0] if top else None


def _wrong(problem: str, event: yaml.Event) -> ConstructorError:
    return ConstructorError(None, None, problem, event.start_mark)  # type: ignore[arg-type]
