"""The core tags of a subject: what nearly all its pictures have."""

from collections import Counter
from collections.abc import Collection, Mapping

from stages.library.dataset.captions import underscored

SHARE = 90
"""Per cent of a subject's pictures that have a core tag."""

FEWEST = 5
"""Pictures of a subject from which on it has core tags: of fewer nearly all tags would be."""

Core = dict[str, list[tuple[str, int]]]
"""By subject: its core tags with their numbers of pictures, the most frequent first."""


def core_tags(
    captions: Mapping[str, list[str]], subjects: Mapping[str, str], own: Collection[str]
) -> Core:
    """Return the core tags of each subject; '' is that of pictures that `subjects` do not name.

    `captions` are tags by stem, the trigger first, which is no core tag. Nor are the artist's
    `own` tags of all captions.

    >>> core_tags({f"img{n}": ["nasu", "hat", f"tag{n}"] for n in range(5)}, {}, [])
    {'': [('hat', 5)]}
    """
    several: dict[str, list[list[str]]] = {}
    for stem, tags in captions.items():
        several.setdefault(subjects.get(stem, ""), []).append(tags[1:])
    mine = {underscored(tag) for tag in own}
    found: Core = {}
    for subject, pictures in several.items():
        if len(pictures) < FEWEST:
            continue
        counts = Counter(tag for tags in pictures for tag in tags if underscored(tag) not in mine)
        core = [each for each in counts.items() if each[1] * 100 >= SHARE * len(pictures)]
        found[subject] = sorted(core, key=lambda pair: (-pair[1], pair[0]))
    return {subject: core for subject, core in found.items() if core}
