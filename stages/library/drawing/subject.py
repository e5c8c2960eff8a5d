"""The LoRA's subject: the tags that the captions have most often."""

import re
from collections import Counter

from stages.library.dataset.captions import split, underscored

MOST = 12
LEAST_SHARE = 0.25
"""Tags of fewer captions are not what the LoRA is about."""

NETWORK = re.compile(r"<\w+:[^>]*>")
BETWEEN = re.compile(r"\b(?:BREAK|AND)\b|[\r\n]")
WEIGHT = re.compile(r"\s*:\s*[+-]?[\d.]+\s*(?=[)\]])")
BRACKET = re.compile(r"(?<!\\)[()\[\]]")


def subject_tags(
    captions: list[list[str]], triggers: list[str], known: set[str]
) -> dict[str, float]:
    """Return the share of captions, 0 to 1, by tag, the most frequent first.

    Left out are the triggers and what the tagger doesn't know (`known` is what it does).

    >>> captions = [["nasu", "1girl", "eggplant"], ["nasu", "1girl"]]
    >>> subject_tags(captions, ["nasu"], {"1girl", "nasu"})
    {'1girl': 1.0}
    """
    counts = Counter(tag for tags in captions for tag in {underscored(tag) for tag in tags})
    meant = {underscored(trigger) for trigger in triggers}
    shares = {
        tag: count / len(captions)
        for tag, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        if tag in known and tag not in meant
    }
    frequent = [tag for tag, share in shares.items() if share >= LEAST_SHARE]
    return {tag: shares[tag] for tag in frequent[:MOST]}


def named(prompt: str) -> set[str]:
    r"""Return the tags that a prompt names, without the WebUI's brackets and weights.

    >>> sorted(named(r"1girl, (long hair:1.2), [smile], miku \(cosplay\)"))
    ['1girl', 'long_hair', 'miku_(cosplay)', 'smile']
    """
    plain = BRACKET.sub("", WEIGHT.sub("", BETWEEN.sub(",", NETWORK.sub(",", prompt))))
    return {underscored(tag.replace("\\", "")) for tag in split(plain)} - {""}
