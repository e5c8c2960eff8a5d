"""Subjects: folders `<repeats>_<subject>` among the drawings, named as kohya has them.

A drawing in one is called by folder and name, `2_cry/a.png`: that says whose it is, in the manifest
and wherever else a drawing is named. No name of a file holds a slash.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from stages.library.common.errors import Problem
from stages.library.dataset.manifest import same_name

MOST_REPEATS = 1000

LONGEST = 64
"""Characters of a subject's name; folders with its drawings are named by it."""

REPEATS = r"[1-9][0-9]*_"


@dataclass(frozen=True)
class Subject:
    """What the drawings of a folder show, and how often an epoch shows each."""

    name: str
    repeats: int

    @property
    def folder(self) -> str:
        """The name of its folder."""
        return f"{self.repeats}_{self.name}"


def subject_called(folder: str) -> Subject | None:
    """Return the subject that a folder's name tells; None if it tells of none.

    sd-scripts takes more names for such folders, as `02_cry` and `2_`; those are more likely
    numbered than shown so often.

    >>> subject_called("2_cry"), subject_called("cry"), subject_called("2024_summer")
    (Subject(name='cry', repeats=2), None, None)
    """
    repeats, name = same_name(folder).partition("_")[::2]
    if not re.fullmatch(REPEATS, f"{repeats}_") or len(repeats) > len(str(MOST_REPEATS)):
        return None
    known = int(repeats) <= MOST_REPEATS and 0 < len(name) <= LONGEST and name.isprintable()
    everywhere = not re.search(r'[<>:"/\\|?*]|[ .]$', name)  # what Windows has no folders of
    return Subject(name, int(repeats)) if known and everywhere else None


def subject_of(source: str) -> Subject | None:
    """Return the subject of a drawing; None if it is directly in the input folder.

    >>> subject_of("2_cry/a.png"), subject_of("2_cry.png")
    (Subject(name='cry', repeats=2), None)
    """
    folder, slash, _ = source.partition("/")
    return subject_called(folder) if slash else None


def known_as(source: str) -> str:
    """Return the name by which a drawing is known again, however often its folder is shown.

    stages/library/report/page/tags.js has the same.

    >>> known_as("2_cry/a.png"), known_as("2_a.png")
    ('cry/a.png', '2_a.png')
    """
    return re.sub(f"^{REPEATS}(?=[^/]+/)", "", same_name(source))


@dataclass(frozen=True)
class Triggers:
    """The tag that calls up the LoRA, and those of subjects that have one of their own."""

    common: str
    subjects: Mapping[str, str] = field(default_factory=dict)

    def of(self, source: str) -> str:
        """Return the trigger of a drawing."""
        subject = subject_of(source)
        return self.subjects.get(subject.name, self.common) if subject else self.common

    @property
    def all(self) -> list[str]:
        """The different triggers, the common one first."""
        return list(dict.fromkeys([self.common, *self.subjects.values()]))


def triggers_of(tag: str, subjects: Iterable[tuple[str, str]]) -> Triggers:
    """Return the triggers that params.yaml tells of.

    Raises:
        Problem: a subject has two.
    """
    found: dict[str, str] = {}
    for subject, trigger in subjects:
        if found.setdefault(subject, trigger) != trigger:
            raise Problem(
                f"params.yaml, common_tag.subjects: {subject!r} has two triggers, "
                f"{found[subject]!r} and {trigger!r}; keep one / "
                "ひとつの題材にトリガーワードが 2 つあります"
            )
    return Triggers(tag, found)
