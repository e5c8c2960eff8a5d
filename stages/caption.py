"""Turn scores into captions: which tags, in which order, in which spelling."""

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stages.library.common import command
from stages.library.common.arguments import Parser, filled
from stages.library.common.errors import Problem
from stages.library.common.values import did_you_mean
from stages.library.dataset.captions import categories_of, join, renamed, spaced, underscored
from stages.library.dataset.dictionary import read_groups
from stages.library.dataset.manual_edits import write_between
from stages.library.dataset.typed_words import meant, read_typed_words
from stages.library.params.caption import ALL, CAPTION, GROUP, GROUPS
from stages.library.tagging.combined import combined, word
from stages.library.tagging.policy import AS_SCORED, Policy, arranged, policy_for
from stages.library.tagging.rules import Rules, bars
from stages.library.tagging.scores import RATING, SCALE, Found, Scores, read_scores


def caption_of(
    found: Found,
    tags: list[str],
    categories: list[int],
    rules: Rules,
    policy: Policy = AS_SCORED,
) -> list[str]:
    """Return the caption of one picture, in the order of `policy`, equal scores by name.

    A score reaches a threshold when both, rounded to ten-thousandths, do. The tags of every caption
    come first; they don't count for `max_tags`, nor does the rating, which, if wanted, comes last.
    """
    least, usual = bars(rules), round(rules.threshold * SCALE)
    scored = [
        (int(value), tags[index], categories[index]) for index, value in zip(*found, strict=True)
    ]
    chosen = rewritten(
        ((value, tag) for value, tag, kind in scored if value >= least.get(kind, usual)),
        rules,
    )
    chosen = with_always(arranged_names(chosen, policy, rules.max_tags), rules.always)
    rated = [(value, tag) for value, tag, kind in scored if kind == RATING]
    if rules.ratings and rated:
        best = min(rated, key=lambda pair: (-pair[0], pair[1]))
        chosen += [tag for tag in rewritten([best], rules) if tag not in chosen]
    return [spaced(tag) if rules.underscores == "spaces" else tag for tag in chosen]


def arranged_names(names: list[str], policy: Policy, most: int) -> list[str]:
    """Return what `policy` leaves of tags, whatever their spelling."""
    by_key = {underscored(name): name for name in names}
    return [by_key[key] for key in arranged(by_key, policy, most)]


def with_always(names: list[str], always: list[str]) -> list[str]:
    """Return tags with those of every caption before them.

    >>> with_always(["1girl", "solo"], ["Solo", "my style"])
    ['Solo', 'my_style', '1girl']
    """
    first = {underscored(tag): tag.replace(" ", "_") for tag in always}
    return [*first.values(), *(name for name in names if underscored(name) not in first)]


def rewritten(scored: Iterable[tuple[int, str]], rules: Rules) -> list[str]:
    """Return the tags after exclusions and replacements, highest score first, each once.

    An excluded tag is not written in place of another either.
    """
    name_of = renamed(rules.exclude, rules.replace)
    kept = [(-value, name) for value, tag in scored if (name := name_of(tag)) is not None]
    once: dict[str, str] = {}
    for _, name in sorted(kept):
        once.setdefault(underscored(name), name)
    return list(once.values())


def needs_groups(rules: Rules) -> bool:
    """Return whether it matters for the captions of which group a tag is."""
    named = any(tag.startswith(GROUP) for tag in (*rules.drop, *rules.keep))
    return named or rules.order == "danbooru" or rules.overlap == "drop"


def policy_of(rules: Rules, scores: Scores, dictionary: Path | None) -> Policy:
    """Return what the rules say of the tags that the model gives; `dictionary` has their groups."""
    grouped = needs_groups(rules)
    if not (grouped or rules.drop or rules.keep):
        return AS_SCORED
    listed = read_groups(dictionary, GROUPS) if dictionary and grouped else {}
    names = categories_of(scores.tags, scores.categories, rules.exclude, rules.replace)
    return policy_for(rules, names, listed)


def unknown_tags(rules: Rules, tags: list[str]) -> list[str]:
    """Return the tags that are to be left out, kept or replaced, and that the model can't give."""
    known = {underscored(tag) for tag in tags}
    named = [*rules.exclude, *(old for old, _ in rules.replace)]
    after = known | {underscored(new) for _, new in rules.replace}
    left = [tag for tag in (*rules.drop, *rules.keep) if not tag.startswith(GROUP)]
    return list(
        dict.fromkeys(
            [
                *(tag for tag in named if underscored(tag) not in known),
                *(tag for tag in left if underscored(tag) not in after),
            ]
        )
    )


def check_rules(rules: Rules) -> None:
    """Raise Problem for a tag that the rules say two things of."""
    old = Counter(underscored(old) for old, _ in rules.replace)
    if twice := [tag for tag, count in old.items() if count > 1]:
        raise Problem(f"params.yaml, caption.replace: {twice[0]!r} is replaced twice; keep one")
    excluded = {underscored(tag) for tag in rules.exclude}
    for name, tags in (("always", rules.always), ("keep", rules.keep)):
        if both := [tag for tag in tags if underscored(tag) in excluded]:
            raise Problem(
                f"params.yaml, caption.{name}: {both[0]!r} is in caption.exclude, too, which never "
                f"writes it; take it out of one / {both[0]} は caption.exclude にもあります。"
                "どちらか一方にしてください"
            )


def questions(unknown: list[str], tags: list[str], dictionary: Path | None) -> list[str]:
    """Return tags that the model can't give, each with the one that may be meant.

    >>> questions(["lnog_hair", "xyzzy"], ["long_hair", "solo"], None)
    ['lnog_hair (did you mean long_hair?)', 'xyzzy']
    """
    words = read_typed_words(dictionary, tags) if dictionary else None
    known = {underscored(tag) for tag in tags}
    found = []
    for tag in unknown:
        given = [each for each in (meant(tag, words) if words else []) if each in known]
        question = did_you_mean(underscored(tag), known, "")
        question = f"did you mean {given[0]}?" if given else question
        found.append(f"{tag} ({question})" if question else tag)
    return found


def group_meant(tag: str) -> str:
    """Return the group that is most likely meant by a tag that is none; '' if none is.

    >>> group_meant("hair"), group_meant("grop:eyes"), group_meant("髪"), group_meant("hat")
    ('group:hair', 'group:eyes', 'group:hair', '')
    """
    head, _, name = tag.rpartition(":")
    english = next((group for group, japanese in GROUPS.items() if japanese == name), name)
    likely = english in GROUPS and (not head or did_you_mean(head, [GROUP], ""))
    return f"{GROUP}{english}" if likely else ""


def caption(
    input: Path, output: Path, written: Path, dictionary: Path | None, rules: Rules
) -> None:
    """Write a caption for every picture scored in `input` to the folder `output`.

    Of a tag in the rules that the model can't give, the `dictionary` knows which was meant.

    Raises:
        Problem: a caption in `output` is not as the record `written` has it.
        Problem: the rules say two things of a tag, or `input` holds no scores.
    """
    check_rules(rules)
    wanted = [kind for kind, _ in rules.thresholds]
    scores, rules = combined(read_scores(input), rules, underscored)
    if not scores.names:
        raise Problem(f"{input}: holds no picture's scores; run the score stage again")
    policy = policy_of(rules, scores, dictionary)
    captions = {
        name: caption_of(found, scores.tags, scores.categories, rules, policy)
        for name, found in zip(scores.names, scores.found, strict=True)
    }
    texts = {name: join(tags) + "\n" for name, tags in captions.items()}
    write_between(output, r"[^/]+\.txt", written, texts)
    count = sum(len(tags) for tags in captions.values())
    print(f"caption: {len(captions)} captions, {count / len(captions):.1f} tags each on average")
    if bare := [name for name, tags in captions.items() if not tags]:
        print(f"  without any tag at this threshold: {', '.join(bare)}")
    if unknown := unknown_tags(rules, scores.tags):
        asked = questions(unknown, scores.tags, dictionary)
        groups = {tag: group_meant(tag) for tag in (*rules.drop, *rules.keep)}
        asked = [
            f"{tag} (did you mean {groups[tag]}?)" if groups.get(tag) else question
            for tag, question in zip(unknown, asked, strict=True)
        ]
        print(f"  this tagger never gives (exclude, replace, drop, keep): {', '.join(asked)}")
    if none := [word(kind) for kind in wanted if kind not in (*scores.categories, ALL)]:
        print(f"  this tagger has no tags of a category (thresholds): {', '.join(none)}")


def from_flags(
    input: Path, output: Path, written: Path, dictionary: Path | None, **flags: Any
) -> None:
    """Write captions as the flags say."""
    caption(input, output, written, dictionary, filled(Rules, flags))


def build_parser() -> Parser:
    parser = Parser("stages.caption", __doc__, CAPTION)
    parser.add_argument("--input", type=Path, help="file of scores (.npz)")
    parser.add_argument("--output", type=Path, help="folder for the captions")
    parser.add_argument("--written", type=Path, help="record of what was written to --output")
    parser.add_argument(
        "--dictionary",
        type=Path,
        default=None,
        help="folder of ja.csv, synonyms.csv and groups.csv",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), from_flags, argv)


if __name__ == "__main__":
    sys.exit(main())
