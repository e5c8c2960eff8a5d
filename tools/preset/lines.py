"""Values in a params.yaml exchanged where they stand, so that every other byte stays as it is.

ruamel.yaml tells where a value begins and ends; its own round trip would fold long lines, and write
quotes and numbers its own way.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from stages.library.common.errors import Problem

Spot = tuple[str, str]
"""A section, and a key in it."""


@dataclass(frozen=True)
class Written:
    """How a value is written: as one text, or as a list with an item a line."""

    texts: tuple[str, ...]
    is_list: bool = False

    def whole(self) -> str:
        """Return all that stands behind the key's colon.

        >>> Written(("1", "2"), is_list=True).whole()
        '\\n    - 1\\n    - 2'
        """
        if self.is_list:
            return "".join(f"\n    - {each}" for each in self.texts)
        return f" {self.texts[0]}"


@dataclass(frozen=True)
class Stand:
    """Where a key and its value stand in a text: the key's beginning, its colon, each text."""

    key: int
    colon: int
    spans: tuple[tuple[int, int], ...]
    is_list: bool

    @property
    def end(self) -> int:
        return self.spans[-1][1] if self.spans else self.colon + 1


def written(text: str) -> dict[Spot, Written]:
    """Return how the values in a text are written, by section and key."""
    return {spot: how(text, stand) for spot, stand in stands(text).items()}


def how(text: str, stand: Stand) -> Written:
    return Written(tuple(text[start:end] for start, end in stand.spans), stand.is_list)


def stands(text: str) -> dict[Spot, Stand]:
    """Return where keys and values stand in a text of YAML with sections, in their order."""
    root = YAML().compose(text)
    sections = root.value if isinstance(root, MappingNode) else []
    return {
        (str(name.value), str(key.value)): _stand(text, key, value)
        for name, section in sections
        if isinstance(section, MappingNode)
        for key, value in section.value
    }


def _stand(text: str, key: Node, value: Node) -> Stand:
    start, colon = key.start_mark.index, text.index(":", key.end_mark.index)
    is_list = isinstance(value, SequenceNode) and not value.flow_style
    spans = [_span(text, each) for each in (value.value if is_list else [value])]
    if value.start_mark.index == value.end_mark.index:  # null, which YAML puts anywhere
        spans = [(colon + 1, colon + 1)]
    return Stand(start, colon, tuple(spans), is_list)


def _span(text: str, node: Node) -> tuple[int, int]:
    """Return where a value begins and ends, without the blank lines that YAML counts to it."""
    start, end = node.start_mark.index, node.end_mark.index
    return start, start + len(text[start:end].rstrip())


def edited(text: str, changes: Mapping[Spot, Written | None]) -> str:
    """Return a text with other values: exchanged, added at the end of their section, or removed.

    Raises:
        Problem: there is no such section to add a key to.
    """
    there = stands(text)
    edits = sorted(_edits(text, there, changes), reverse=True)
    for start, end, new in edits:
        text = text[:start] + new + text[end:]
    return text


def _edits(
    text: str, there: Mapping[Spot, Stand], changes: Mapping[Spot, Written | None]
) -> Iterator[tuple[int, int, str]]:
    newline = "\r\n" if "\r\n" in text else "\n"
    added: dict[int, list[str]] = {}
    for (section, key), new in changes.items():
        stand = there.get((section, key))
        if stand is None and new is not None:
            place = _end_of_section(text, there, section)
            added.setdefault(place, []).append(f"\n  {key}:{new.whole()}")
        elif stand is not None and new is None:
            before = _end_of_line(text, text.rindex("\n", 0, stand.key))
            yield before, _end_of_line(text, stand.end), ""
        elif stand is not None and new is not None:
            alike = stand.is_list == new.is_list and len(stand.spans) == len(new.texts)
            if alike and all(start < end for start, end in stand.spans):  # else it has no value
                yield from (
                    (*span, each) for span, each in zip(stand.spans, new.texts, strict=True)
                )
            else:
                yield stand.colon + 1, stand.end, new.whole().replace("\n", newline)
    for place, lines in added.items():
        yield place, place, "".join(lines).replace("\n", newline)


def _end_of_section(text: str, there: Mapping[Spot, Stand], section: str) -> int:
    ends = [stand.end for (name, _), stand in there.items() if name == section]
    if not ends:
        raise Problem(
            f"params.yaml, {section}: the section is missing; write it as the project's "
            "params.yaml has it"
        )
    return _end_of_line(text, max(ends))


def _end_of_line(text: str, place: int) -> int:
    """Return where the line ends that a place is in, before what separates it from the next."""
    end = text.find("\n", place)
    end = len(text) if end < 0 else end
    return end - 1 if text[end - 1 : end] == "\r" else end
