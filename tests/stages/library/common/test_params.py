"""Every wrong value in params.yaml is one line that names section, key and value, and a remedy."""

from pathlib import Path

import pytest
from dvc.utils.serialize import parse_yaml

from stages.library.common.errors import Problem
from stages.library.common.params import Key, Section, load_params, unknown_sections
from stages.library.common.values import number, one_of, replacement, tag, whole

SOME = Section(
    "some",
    {
        "score": Key(number(0.05, 1)),
        "size": Key(whole(64, 4096, multiple_of=64)),
        "word": Key(tag),
        "kind": Key(one_of("crop", "bucket")),
        "words": Key(tag, many=True),
        "pairs": Key(replacement, many=True),
        "more": Key(switch=True),
        "limit": Key(one_of("false", "225"), false=True),
    },
)
GOOD = {
    "score": "0.35",
    "size": "512",
    "word": "nasu",
    "kind": "crop",
    "words": "[]",
    "pairs": "[]",
    "more": "false",
    "limit": "225",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "params.yaml"


def write(path: Path, **changes: str | None) -> Path:
    """Write a params.yaml; None leaves a key out."""
    lines = [f"  {key}: {value}" for key, value in (GOOD | changes).items() if value is not None]
    path.write_text("\n".join(["some:", *lines, ""]), encoding="utf-8")
    return path


def test_what_is_read_again_is_as_it_stands_there(path: Path) -> None:
    found = load_params(write(path))
    found["some"]["size"] = 1  # type: ignore[index]
    assert SOME.read(load_params(path))["size"] == 512


def test_a_key_that_came_later_means_what_it_always_did(path: Path) -> None:
    later = Section(
        "some",
        {**SOME.keys, "order": Key(one_of("score", "danbooru"), absent="score")},
    )
    assert later.read(load_params(write(path)))["order"] == "score"
    assert later.read(load_params(write(path, order="danbooru")))["order"] == "danbooru"
    with pytest.raises(Problem, match=r"some\.ordr: no such key; did you mean order\?"):
        later.read(load_params(write(path, ordr="danbooru")))


def test_what_the_section_says_arrives(path: Path) -> None:
    assert SOME.read(load_params(write(path))) == {
        "score": 0.35,
        "size": 512,
        "word": "nasu",
        "kind": "crop",
        "words": [],
        "pairs": [],
        "more": False,
        "limit": "225",
    }


@pytest.mark.parametrize(
    ("key", "value", "arrives"),
    [
        ("score", "1e-1", 0.1),
        ("score", "5e-2", 0.05),
        ("score", "1", 1.0),
        ("score", "'0.5'", 0.5),
        ("size", "0x200", 512),
        ("word", "no", "no"),
        ("word", "12", "12"),
        ("word", "なす", "なす"),
        ("word", "🍆", "🍆"),
        ("word", '"$(touch x) `y` \\" \' ; | & * ~ #"', "$(touch x) `y` \" ' ; | & * ~ #"),
        ("word", "'  a b  '", "a b"),
        ("word", "'a=>b=c'", "a=>b=c"),
        ("word", "--fast", "--fast"),
        ("word", "'${score}'", "${score}"),
        (
            "words",
            "[a, 'b c', no, ';)', <o>_<o>, '@_@']",
            ["a", "b c", "no", ";)", "<o>_<o>", "@_@"],
        ),
        ("words", "a", ["a"]),
        ("word", "-a", "-a"),
        ("word", "|\n    a\n", "a"),
        ("pairs", "['a=>b', 'c d => e']", [("a", "b"), ("c d", "e")]),
        ("more", "true", True),
        ("limit", "false", "false"),
    ],
)
def test_good_values(path: Path, key: str, value: str, arrives: object) -> None:
    assert SOME.read(load_params(write(path, **{key: value})))[key] == arrives


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("score", ".nan", "'nan' is not a number from 0.05 to 1; write one"),
        ("score", ".inf", "'inf' is not a number from 0.05 to 1; write one"),
        ("score", "-0.5", "'-0.5' is not a number from 0.05 to 1; write one"),
        ("score", "0.0499", "'0.0499' is not a number from 0.05 to 1; write one"),
        ("score", "1.0001", "'1.0001' is not a number"),
        ("score", "35", "'35' is not a number"),
        ("score", "0,35", "'0,35' is not a number"),
        ("score", "high", "'high' is not a number"),
        ("score", "''", "'' is not a number"),
        ("score", "-.inf", "'-inf' is not a number"),
        ("score", "-1e-9", "'-1e-09' is not a number"),
        ("score", "true", "it needs a value; true is none"),
        ("score", "false", "it needs a value; false is none; write a value"),
        ("score", "null", "it has no value (null); write a value"),
        ("score", "", "it has no value (null); write a value"),
        ("score", None, "it has no value; write one"),
        ("score", "[]", "it takes one value, not a list; write one"),
        ("score", "{low: 0.1}", "{'low': 0.1} is no value; write a value"),
        ("score", "[0.3, 0.4]", "it takes one value, not a list; write one"),
        ("size", "500", "500 is not a multiple of 64; write 512"),
        ("size", "4097", "'4097' is not a whole number from 64 to 4096; write one"),
        ("size", "65", "65 is not a multiple of 64; write 64"),
        ("size", "512.0", "'512.0' is not a whole number from 64 to 4096; write one"),
        ("size", "1e3", "'1000.0' is not a whole number"),
        ("size", "512px", "'512px' is not a whole number"),
        ("size", "-512", "'-512' is not a whole number"),
        (
            "size",
            "５１２",
            "'５１２' is not a whole number",
        ),
        ("size", "99999999999999999999", "'99999999999999999999' is not a whole number"),
        ("size", "[512, 512]", "it takes one value, not a list; write one"),
        ("word", "null", "it has no value (null); write a value"),
        ("word", "", "it has no value (null); write a value"),
        ("word", "''", "'' is no tag; write a word such as long_hair"),
        ("word", "' '", "' ' is no tag"),
        ("word", "a, b", "'a, b' holds ',', which separates tags in a caption"),
        ("word", '"a\\tb"', "'a\\tb' has a line break or an unseen sign"),
        ("word", '"a\\nb"', "'a\\nb' has a line break or an unseen sign; write it on one line"),
        ("word", '"a\\u200bb"', "'a\\u200bb' is no tag"),
        ("word", "[a, b]", "it takes one value, not a list; write one"),
        ("kind", "Crop", "'Crop' is none of crop, bucket; did you mean crop?"),
        (
            "kind",
            "crop　",
            "'crop\\u3000' is none of crop, bucket; did you mean crop?; it holds",
        ),
        ("kind", "square", "'square' is none of crop, bucket; write one of them"),
        ("kind", "true", "it needs a value; true is none"),
        ("words", "null", "it has no value (null); write a list, [] for an empty one"),
        ("words", "[a, null]", "it has no value (null); write a list, [] for an empty one"),
        ("words", "true", "it needs a value; true is none"),
        ("words", "['a,b']", "'a,b' holds ','"),
        ("words", "['']", "'' is no tag"),
        ("words", "[a, [b]]", "['b'] is no value; write a list, [] for an empty one"),
        ("words", "{a: b}", "{'a': 'b'} is no value; write a list, [] for an empty one"),
        ("words", None, "it has no value; write one"),
        ("pairs", "[a]", "'a' is no replacement; write old_tag=>new_tag"),
        ("pairs", "['a=>']", "'a=>' is no replacement; write old_tag=>new_tag (to drop a tag"),
        ("pairs", "['a=>b=>c']", "'a=>b=>c' is no replacement"),
        ("pairs", "['a,b=>c']", "'a,b' holds ','"),
        ("more", "5", "'5' is neither true nor false; write one of them"),
        ("more", "'yes'", "'yes' is neither true nor false"),
        ("more", "yes", "'yes' is neither true nor false"),
        ("more", "null", "it has no value (null) and is neither true nor false"),
        ("more", "[true]", "'[True]' is neither true nor false"),
    ],
)
def test_a_wrong_value_is_named_with_its_key(
    path: Path, key: str, value: str | None, message: str
) -> None:
    with pytest.raises(Problem) as error:
        SOME.read(load_params(write(path, **{key: value})))
    assert str(error.value).startswith(f"params.yaml, some.{key}: {message}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("scor", "some.scor: no such key; did you mean score?"),
        ("Score", "some.Score: no such key; did you mean score?"),
        ("colour", "some.colour: no such key; known keys: score, size, word, kind, "),
        ('"x; touch pwned #"', "some.'x; touch pwned #': no such key; "),
        ("ｗｏｒｄ", "some.ｗｏｒｄ: no such key; "),
        (
            "　word",
            "some.'\\u3000word': no such key; did you mean word?; it holds",
        ),
    ],
)
def test_a_key_that_is_not_known_is_named(path: Path, key: str, message: str) -> None:
    (fault,) = SOME.faults(load_params(write(path, **{key: "1"})))
    assert fault.startswith(f"params.yaml, {message}")


def test_a_stage_that_reads_a_part_leaves_the_rest_alone(path: Path) -> None:
    params = load_params(write(path, word="a, b", other="1"))
    assert SOME.only("score").read(params) == {"score": 0.35}
    assert len(SOME.faults(params)) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "params.yaml, some: the section is missing"),
        ("some:", "params.yaml, some: holds no keys; write them there"),
        ("some: nasu", "params.yaml, some: 'nasu' is no list of keys; write key: value"),
        (
            "some:\n  word：nasu",
            "write ':' / 全角の「：」を半角にしてください",
        ),
        (
            "some:\n  word:　nasu",
            "write ' ' / 全角の「　」を半角にしてください",
        ),
        ("some:\n  word:nasu", "write a space behind the colon / コロンのあとに半角スペースを"),
    ],
)
def test_a_section_that_has_no_keys_is_named(path: Path, text: str, message: str) -> None:
    path.write_text(text, encoding="utf-8")
    (fault,) = SOME.faults(load_params(path))
    assert message in fault
    assert "\n" not in fault


LAUGHS = b"b0: &b0 [lol]\n" + b"".join(
    b"b%d: &b%d [%s]\n" % (number, number, b", ".join([b"*b%d" % (number - 1)] * 10))
    for number in range(1, 10)
)
"""Small, and a billion words."""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is not here; run this in the folder of the project"),
        (b"\xff\xfe", "is no UTF-8; save it as UTF-8"),
        (b"", "holds no keys"),
        (b"- a", "is no list of keys"),
        (b"a: [", "line 1: is no YAML: "),
        (b"a: 1\na: 2", "line 2: is no YAML: found duplicate key"),
        ("a:\n  b：1\n  c: 2".encode(), "line 2: is no YAML: mapping values are not allowed"),
        ("a:\n  b：1\n  c: 2".encode(), "全角の「：」を半角にしてください"),
        (b"a:\n\tb: 1", "タブではなく半角スペースで字下げしてください"),
        (b"[" * 2_000, "is no YAML with sections and keys"),
        (b"? [[a]]\n: b", "is no YAML with sections and keys"),
        (b"a: &a [*a]", "aliases (& and *) make it too large"),
        (LAUGHS, "aliases (& and *) make it too large"),
    ],
    ids=range(13),
)
def test_a_file_that_is_no_params_yaml_is_named(
    path: Path, content: bytes | None, message: str
) -> None:
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Problem, match=r"params\.yaml") as error:
        load_params(path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_sections_that_nobody_reads_are_named_with_the_likely_cause() -> None:
    params = dict.fromkeys(("some", "sone", "some.word", "　word", "zzz"))
    faults = unknown_sections(params, {"some": SOME})
    assert [fault.removeprefix("params.yaml, ") for fault in faults] == [
        "sone: no such section; did you mean some?",
        "some.word: no such section; write word: within some:, two spaces further in"
        " / some: の下に、半角スペース 2 つ分下げて書いてください",
        "'\\u3000word': no such section; known sections: some; it holds '\\u3000', which is "
        "full-width: write ' ' / 全角の「　」を半角にしてください",
        "zzz: no such section; known sections: some",
    ]


def test_numbers_and_texts_are_those_that_dvc_reads(path: Path) -> None:
    text = "some: {a: 1e-4, b: no, c: 010, d: 0x1F, e: 1_000, f: 2026-11-27, g: .5, h: ~, i: 'x'}"
    path.write_text(text, encoding="utf-8")
    assert load_params(path) == parse_yaml(text, "params.yaml")
