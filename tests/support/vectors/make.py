"""Make the vectors that Python and the page's JavaScript must agree on: what Python gives.

Run it again after a change that is meant: python -m tests.support.vectors.make
"""

import json
import random
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from stages.caption import caption_of
from stages.library.dataset.captions import categories_of, join, split, with_tag_first
from stages.library.dataset.edits import Edit, apply
from stages.library.dataset.edits_file import is_tag, parsed
from stages.library.dataset.edits_text import write_edits
from stages.library.params.caption import CATEGORIES, GROUPS, NEVER
from stages.library.report.page import implies_data, rules_data
from stages.library.tagging.policy import policy_for
from stages.library.tagging.rules import Rules
from stages.library.tagging.scores import CHARACTER, GENERAL, RATING, SCALE
from stages.library.tagging.tokens import ends

FOLDER = Path(__file__).parent
TRIGGER = "Nasumiso_Style"
KINDS = [GENERAL] * 6 + [CHARACTER, RATING, 1, 3]
TAGS = [
    *("1girl", "long_hair", "Long Hair", "smile", "blue_eyes", "^_^", "<o>_<o>", "o_o", ">_<"),
    *("nasumiso_style", "nasumiso style", "hero_(nasu)", "なす", "茄子", "ﾅｽ", "café", "İstanbul"),
    *("ΣΑΣ", "a:_b", "don't", "__proto__", "constructor", "hasOwnProperty", "</script>", "<!--"),
    *("\U0001f346", "\ufb01sh", "\U00020bb7野家", "ｅｌｌｅ", "x_y,z", " padded ", "two\nlines"),
    *("general", "sensitive", "questionable", "explicit", '"quoted"', "\u202egnp.exe", "e\u0301"),
    *("grey_hair", "silver_hair", "Grey_Hair", "&amp;", "%3Cscript%3E", "\\", "🇯🇵", "\x85edge\xa0"),
]
GROUPED = [
    *("1girl", "2girls", "multiple_girls", "long_hair", "very_long_hair", "blue_eyes", "smile"),
    *("skirt", "black_skirt", "plaid_skirt", "hair_ribbon", "ribbon", "<o>_<o>", "sitting"),
    *("holding_sword", "holding", "sword", "cat_ears", "animal_ears", "sky", "blue_sky", "zzz"),
    *("hero_(nasu)", "monochrome", "signature", "general", "sensitive", "Long Hair", "なす"),
]
PLAIN = [tag for tag in TAGS if tag.isprintable() and "," not in tag and tag == tag.strip()]


def final_caption(tagged: Sequence[str], edit: Edit, trigger: str) -> list[str]:
    """Return a caption as common-tag writes it; every stage reads back a line of the one before."""
    return with_tag_first(split(join(apply(read_back(tagged), edit))), trigger)


def read_back(tags: Sequence[str]) -> list[str]:
    """Return tags as a stage reads them that another wrote; see captions.read_tags."""
    return split(join(list(tags)).replace("\n", ",").replace("\r", ","))


def caption_case(random_: random.Random, thresholds: bool = False) -> dict[str, Any]:
    """Return a picture's scores, rules and edit, all random, and what the stages write.

    With `thresholds` some categories have one of their own.
    """
    tags = random_.sample(TAGS, random_.randrange(1, len(TAGS)))
    categories = [random_.choice(KINDS) for _ in tags]
    indices = sorted(random_.sample(range(len(tags)), random_.randrange(len(tags) + 1)))
    values = [
        random_.choice([500, 3499, 3500, 3501, 8500, 10000, *range(500, 10001, 700)])
        for _ in indices
    ]
    old = random_.sample(PLAIN, 4)
    rules = Rules(
        threshold=random_.choice([0.05, 0.1, 0.35, 0.3500499, 0.5, 0.85, 1.0, 0.29995]),
        character_threshold=random_.choice([0.05, 0.5, 0.85]),
        exclude=random_.sample(PLAIN, random_.randrange(4)),
        replace=[(tag, random_.choice(PLAIN)) for tag in old[: random_.randrange(5)]],
        underscores=random_.choice(["keep", "spaces"]),
        ratings=random_.random() < 0.5,
        max_tags=random_.choice([0, 0, 1, 3, 10]),
    )
    if thresholds:
        kinds = random_.sample([*CATEGORIES.values()], random_.randrange(1, 5))
        own = [0.0, 0.05, 0.1, 0.29995, 0.5, NEVER]
        rules = replace(rules, thresholds=[(kind, random_.choice(own)) for kind in kinds])
    corrected = random_.sample(PLAIN, 12)
    parts = [corrected[:3], corrected[3:6]]
    add, remove = (
        [random_.choice([tag, tag.upper(), tag.replace("_", " ").strip()]) for tag in part]
        for part in parts
    )
    edit = Edit(
        "a.png",
        add[: random_.randrange(4)],
        remove[: random_.randrange(4)],
        random_.choices(PLAIN, k=random_.choice([0, 0, 2, 8])),
    )
    if random_.random() < 0.2:
        edit = replace(edit, caption="\n".join(random_.sample(PLAIN, 3)) + ", she sits here.")
    return case_of(tags, categories, dict(zip(indices, values, strict=True)), rules, edit)


def policy_case(random_: random.Random) -> dict[str, Any]:
    """Return a case as above, of tags that have groups, and of rules that ask for them."""
    tags = random_.sample(GROUPED, random_.randrange(6, len(GROUPED)))
    categories = [random_.choice(KINDS) for _ in tags]
    values = {
        i: random_.choice([3400, 3500, 9000, *range(500, 10001, 300)]) for i in range(len(tags))
    }
    named = [*GROUPED, *(f"group:{group}" for group in GROUPS)]
    rules = Rules(
        threshold=random_.choice([0.05, 0.35]),
        character_threshold=random_.choice([0.05, 0.85]),
        exclude=random_.sample(GROUPED, random_.randrange(2)),
        replace=[(tag, random_.choice(GROUPED)) for tag in random_.sample(GROUPED, 2)],
        underscores=random_.choice(["keep", "spaces"]),
        ratings=random_.random() < 0.3,
        max_tags=random_.choice([0, 0, 3, 8]),
        drop=random_.sample(named, random_.randrange(12)),
        keep=random_.sample(named, random_.randrange(4)),
        order=random_.choice(["score", "danbooru"]),
        overlap=random_.choice(["keep", "drop"]),
        always=random_.sample(["nasu style", "Skirt", "smile", "<o>_<o>"], random_.randrange(3)),
    )
    edit = Edit("a.png", random_.sample(GROUPED, random_.randrange(3)), sentence="She waits.")
    return case_of(tags, categories, values, rules, edit)


def case_of(
    tags: list[str], categories: list[int], values: dict[int, int], rules: Rules, edit: Edit
) -> dict[str, Any]:
    """Return a case with what the stages write; `values` are scores by the tags' places."""
    found = (np.array(list(values), np.int32), np.array(list(values.values()), np.uint16))
    names = categories_of(tags, categories, rules.exclude, rules.replace)
    policy = policy_for(rules, names, {})
    tagged = caption_of(found, tags, categories, rules, policy)
    final = final_caption(tagged, edit, TRIGGER)
    places = list(GROUPS)
    return {
        "tags": tags,
        "categories": categories,
        "found": [list(pair) for pair in values.items()],
        "rules": rules_data(rules),
        "groups": places,
        "words": [[tag, "", places.index(group)] for tag, group in policy.groups.items()],
        "implies": implies_data(policy),
        "edit": asdict(edit),
        "trigger": TRIGGER,
        "tagged": read_back(tagged),
        "final": final,
        "ends": ends(final),
    }


def captions() -> list[dict[str, Any]]:
    """Return the cases of captions.json."""
    random_ = random.Random(SCALE)
    plain = [caption_case(random_) for _ in range(80)]
    more = [caption_case(random_, thresholds=True) for _ in range(40)]
    return [*plain, *more, *(policy_case(random_) for _ in range(80))]


A, B, C = "00000000000a", "00000000000b", "00000000000c"
OLD = f"""\
# なおし
# ---
{A}:   # my own layout
    source: 'hero.png'
    # she has none
    remove:
      - 1girl

# about b
"{B}":
  source: b.png
  add: [ eggplant,smile ]
# the end
"""
ODD = [
    *("plain", "two words", "a: b", "- a", "#a", "a #b", "", "no", "1e5", "~", "'", "it's", "(o)_"),
    *("なす.png", "a\nb.png", "\t", '"', "\\", "\u202egnp.exe", "\u200b", "\x7f\x85\xa0", "\u2028"),
    *("\ufeff", "\U0001f346", "a  b", " a", "a ", "<b>", "&a", "*a", "!a", "%a", "@a", "`a", "[a"),
    *(
        "{a",
        "a]",
        "a}",
        "a, b",
        "?",
        "? a",
        ":",
        "a:",
        ":a",
        "|",
        ">",
        "-",
        "---",
        "...",
        "=",
        "<<",
    ),
    *("_", "null", "0x1f", "12:30", "2020-01-01", "__proto__", "/", "é", "a" * 200),
]


def edit_cases() -> dict[str, tuple[str, dict[str, Edit]]]:
    """Return, by name, an old text of edits.yaml and the edits to write."""
    a, b = Edit("hero.png", remove=["1girl"]), Edit("b.png", ["eggplant", "smile"])
    empty_b = Edit("b.png")
    return {
        "nothing changed": (OLD, {A: a, B: b}),
        "changed": (OLD, {A: Edit("hero.png", ["a: b"], ["1girl", "2girls"]), B: b}),
        "new": (OLD, {A: a, B: b, C: Edit("なす.png", order=["eggplant", "solo"])}),
        "removed": (OLD, {B: b}),
        "a whole caption": (
            OLD,
            {A: Edit("hero.png", caption="A girl, she waits.\nなす"), B: replace(b, caption="x")},
        ),
        "a whole caption gone": (
            f"{A}:\n  source: a.png\n  caption: |\n    A girl waits.\n",
            {A: Edit("a.png")},
        ),
        "a sentence": (OLD, {A: Edit("hero.png", ["x"], sentence="She: waits."), B: b}),
        "a sentence gone": (
            f"{A}:\n  source: a.png\n  sentence: She waits.\n  add: [x]\n",
            {A: Edit("a.png", ["x"])},
        ),
        "emptied": (OLD, {A: a, B: empty_b}),
        "all emptied": (OLD, {A: Edit("hero.png"), B: empty_b}),
        "empty, but keeps an older one out": (OLD, {A: a, B: b, C: empty_b}),
        "empty, but keeps out an older one of a folder shown otherwise": (
            f"{A}:\n  source: 2_cry/a.png\n  add: [x]\n",
            {A: Edit("2_cry/a.png", ["x"]), B: Edit("3_cry/a.png"), C: Edit("3_cry/b.png")},
        ),
        "renamed": (OLD, {A: Edit("heroine.png", remove=["1girl"]), B: b}),
        "Windows line ends": (OLD.replace("\n", "\r\n"), {A: a, B: Edit("b.png", ["x"])}),
        "no last line end": (OLD.rstrip("\n").removesuffix("\n# the end"), {A: a, B: b, C: a}),
        "only comments": ("# one\n# two\n", {C: a}),
        "no text": ("", {C: a}),
        "flow": (f"{{{A}: {{source: a.png, add: [x]}}}}\n", {A: Edit("a.png", ["x"]), B: b}),
        "empty map": ("# c\n{}\n", {A: a}),
        "marks": (f"---\n{A}:\n  source: a.png\n  add: x\n", {A: Edit("a.png", ["x"]), B: b}),
        "end mark": (
            f"---\n{A}:\n  source: a.png\n  add: x\n...\n",
            {A: Edit("a.png", ["x"]), B: b},
        ),
        "indented": (f"  {A}:\n    source: a.png\n    add: [x]\n", {A: Edit("a.png", ["x"]), B: b}),
        "question mark": (f"? {A}\n: source: a.png\n  add: [x]\n", {A: Edit("a.png"), B: b}),
        "list over lines": (f"{A}:\n  source: a\n  add: [\nx]\n", {A: Edit("a", ["x"]), B: b}),
        "the last one gone": (f"{A}:\n  source: a.png\n  add: [x]\n", {A: Edit("a.png")}),
        "idle by hand": (f"{A}:\n  source: a.png\n", {A: Edit("a.png"), B: b}),
        **{
            f"scalar {number}": ("", {A: Edit(text or "a", ["x", *as_tags(text)])})
            for number, text in enumerate(ODD)
        },
    }


def as_tags(text: str) -> list[str]:
    """Return the text as the only tag, if it can be one."""
    return [text] if is_tag(text) and text == text.strip() else []


def edit_texts() -> list[dict[str, Any]]:
    """Return the cases of edits_yaml.json."""
    cases = []
    for name, (text, edits) in edit_cases().items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "edits.yaml")
            path.write_bytes(text.encode())
            was = parsed(text, path)
            write_edits(path, edits)
            expected = path.read_bytes().decode()
        pairs = {"was": entries(was), "now": entries(edits)}
        cases.append({"name": name, "text": text, **pairs, "expected": expected})
    return cases


def entries(edits: dict[str, Edit]) -> list[list[Any]]:
    """Return edits as the page gets them."""
    return [[key, asdict(edit)] for key, edit in edits.items()]


def texts() -> dict[str, str]:
    """Return the files of vectors by name."""
    found = {"captions.json": captions(), "edits_yaml.json": edit_texts()}
    return {
        name: "[\n" + ",\n".join(json.dumps(case, ensure_ascii=True) for case in cases) + "\n]\n"
        for name, cases in found.items()
    }


def main() -> None:
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
