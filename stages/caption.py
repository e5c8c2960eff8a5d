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
from stages.library.dataset.captions import join, spaced, underscored
from stages.library.dataset.manual_edits import write_between
from stages.library.dataset.typed_words import meant, read_typed_words
from stages.library.params.caption import ALL, CAPTION
from stages.library.tagging.combined import combined, word
from stages.library.tagging.rules import Rules, bars
from stages.library.tagging.scores import RATING, SCALE, Found, read_scores


def caption_of(found: Found, tags: list[str], categories: list[int], rules: Rules) -> list[str]:
    """Return the caption of one picture, highest score first, equal scores by name.

    A score reaches a threshold when both, rounded to ten-thousandths, do. The rating, if wanted,
    comes last and does not count for `max_tags`.
    """
    least, usual = bars(rules), round(rules.threshold * SCALE)
    scored = [
        (int(value), tags[index], categories[index]) for index, value in zip(*found, strict=True)
    ]
    chosen = rewritten(
        ((value, tag) for value, tag, kind in scored if value >= least.get(kind, usual)),
        rules,
    )
    if rules.max_tags:
        chosen = chosen[: rules.max_tags]
    rated = [(value, tag) for value, tag, kind in scored if kind == RATING]
    if rules.ratings and rated:
        best = min(rated, key=lambda pair: (-pair[0], pair[1]))
        chosen += [tag for tag in rewritten([best], rules) if tag not in chosen]
    return [spaced(tag) if rules.underscores == "spaces" else tag for tag in chosen]


def rewritten(scored: Iterable[tuple[int, str]], rules: Rules) -> list[str]:
    """Return the tags after exclusions and replacements, highest score first, each once.

    An excluded tag is not written in place of another either.
    """
    excluded = {underscored(tag) for tag in rules.exclude}
    replacements = {underscored(old): new.replace(" ", "_") for old, new in rules.replace}
    kept = [
        (-value, replacements.get(tag, tag))
        for value, tag in ((value, underscored(tag)) for value, tag in scored)
        if tag not in excluded
    ]
    once: dict[str, str] = {}
    for _, name in sorted(kept):
        if underscored(name) not in excluded:
            once.setdefault(underscored(name), name)
    return list(once.values())


def unknown_tags(rules: Rules, tags: list[str]) -> list[str]:
    """Return the tags in exclusions and replacements that the model can't give."""
    known = {underscored(tag) for tag in tags}
    named = [*rules.exclude, *(old for old, _ in rules.replace)]
    return [tag for tag in named if underscored(tag) not in known]


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


def caption(
    input: Path, output: Path, written: Path, dictionary: Path | None, rules: Rules
) -> None:
    """Write a caption for every picture scored in `input` to the folder `output`.

    Of a tag in the rules that the model can't give, the `dictionary` knows which was meant.

    Raises:
        Problem: a caption in `output` is not as the record `written` has it.
        Problem: a tag is to be replaced by two, or `input` holds no scores.
    """
    old = Counter(underscored(old) for old, _ in rules.replace)
    if twice := [tag for tag, count in old.items() if count > 1]:
        raise Problem(f"params.yaml, caption.replace: {twice[0]!r} is replaced twice; keep one")
    wanted = [kind for kind, _ in rules.thresholds]
    scores, rules = combined(read_scores(input), rules, underscored)
    if not scores.names:
        raise Problem(f"{input}: holds no picture's scores; run the score stage again")
    captions = {
        name: caption_of(found, scores.tags, scores.categories, rules)
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
        print(f"  this tagger never gives (exclude, replace): {', '.join(asked)}")
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
        help="folder of ja.csv and synonyms.csv",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), from_flags, argv)


if __name__ == "__main__":
    sys.exit(main())
