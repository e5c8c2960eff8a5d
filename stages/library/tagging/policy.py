"""Which of the tags above the threshold a caption has, and in which order: caption.drop and others.

What the artist adds comes later, in the edit stage: nothing here takes it away.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from stages.library.params.caption import GROUP, GROUPS
from stages.library.tagging.groups import OTHER, group_of
from stages.library.tagging.implications import implied
from stages.library.tagging.rules import Rules

ORDER = {group: place for place, group in enumerate(GROUPS)}


@dataclass(frozen=True)
class Policy:
    """What params.yaml says of tags, and what is known of those that may come.

    All tags are in Danbooru's form.
    """

    drop: frozenset[str] = frozenset()  # tags, and groups as `group:hair`
    keep: frozenset[str] = frozenset()
    order: str = "score"
    groups: Mapping[str, str] = field(default_factory=dict)  # by tag
    implies: Mapping[str, frozenset[str]] = field(default_factory=dict)  # what to leave out, too


AS_SCORED = Policy()
"""Nothing is left out, and the highest score comes first."""


def policy_for(rules: Rules, categories: Mapping[str, int], listed: Mapping[str, str]) -> Policy:
    """Return what `rules` say of the tags that may come, by their `categories`.

    `listed` are the groups of groups.csv by tag.
    """
    groups = {tag: group_of(tag, listed, kind) for tag, kind in categories.items()}

    def group(tag: str) -> str:
        return groups.get(tag) or group_of(tag, listed)

    implies = {}
    if rules.overlap == "drop":
        found = {tag: implied(tag, group) & groups.keys() for tag in groups}
        implies = {tag: frozenset(others) for tag, others in found.items() if others}
    drop, keep = frozenset(rules.drop), frozenset(rules.keep)
    return Policy(drop, keep, rules.order, groups, implies)


def arranged(tags: Iterable[str], policy: Policy, most: int = 0) -> list[str]:
    """Return the tags that stay, in their order; they come by score, the highest first.

    At `most` so many stay, those of the highest scores; 0: all.

    >>> groups = {"long_hair": "hair", "1girl": "count", "hat": "clothes"}
    >>> arranged(["long_hair", "hat", "1girl"], Policy(frozenset(["group:hair"]), groups=groups))
    ['hat', '1girl']
    >>> arranged(["long_hair", "hat", "1girl"], Policy(order="danbooru", groups=groups))
    ['1girl', 'long_hair', 'hat']
    """
    staying = [
        tag
        for tag in tags
        if named(tag, policy.keep, policy) or not named(tag, policy.drop, policy)
    ]
    said = {other for tag in staying for other in policy.implies.get(tag, ())}
    staying = [tag for tag in staying if tag not in said or named(tag, policy.keep, policy)]
    staying = staying[:most] if most else staying
    if policy.order == "danbooru":
        staying.sort(key=lambda tag: ORDER[policy.groups.get(tag, OTHER)])
    return staying


def named(tag: str, tags: frozenset[str], policy: Policy) -> bool:
    """Return whether `tags` name a tag or its group."""
    return tag in tags or f"{GROUP}{policy.groups.get(tag, OTHER)}" in tags
