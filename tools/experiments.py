"""DVC's experiments: what may be set for one, and how Git keeps them.

They are refs/exps/<commit they are based on>/<name>. What origin or the Drive has of them is noted
in refs/published; those whose LoRAs were pushed from here, in refs/pushed.
"""

import re
import shlex
import shutil
from pathlib import Path

from stages.library.common.disk import keep
from stages.library.common.errors import Problem
from stages.library.common.git import git, git_or_none
from stages.library.common.values import did_you_mean
from stages.library.params.lora import LORA
from stages.library.training.option_tables import tables
from stages.library.training.options import GIVEN, wrong_value

REF = re.compile(r"refs/\w+/([0-9a-f]{2})/([0-9a-f]{38})/(.+)")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
OVERRIDE = re.compile(r"(?P<sign>[+~]{0,2})(?P<key>[A-Za-z_][\w.]*)=(?P<value>.*)", re.DOTALL)
ANOTHER = re.compile(r"[,;、,;]\s*[+~]*[A-Za-z_][\w.]*=")
"""Within a value: the next override, which a space should have parted from it."""

WORD = re.compile(r"""(?:[^\s"'\[]|"[^"]*"|'[^']*'|\[(?:[^\]"']|"[^"]*"|'[^']*')*\])+""")
"""An override as it is typed: spaces part two, but for those in quotation marks or in a list."""

ITEM = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([^,"'\[\]{}]*?))\s*(,|$)""")
"""An item of a list, and what follows it."""

PLAIN_ITEM = re.compile(r"[\w./:@%+-]+", re.ASCII)
"""The same of a list's items."""

PLAIN = re.compile(r"""[\w./:@%+-]*|[\[{'"].*""", re.ASCII | re.DOTALL)
"""Values that Hydra, which reads them for DVC, takes as they are written."""

DATASET = ("prepare", "tagger", "caption", "common_tag", "organize")
"""The sections of params.yaml that the dataset is made with."""

SETTABLE = ("train", "lora")
"""The sections that another LoRA of the same dataset is made with."""

Experiments = dict[str, tuple[str, str]]
"""Base commit and message by name; two are the same if both are."""


def baseline() -> str:
    """Return the commit that an experiment started now is based on."""
    return git("rev-parse", "HEAD")


def refs_in(place: str) -> list[list[str]]:
    """Return ref, commit and subject of experiments; none of DVC's own refs."""
    listed = git("for-each-ref", "--format=%(refname) %(objectname) %(contents:subject)", place)
    rows = [line.split(" ", 2) for line in listed.splitlines()]
    return [row for row in rows if REF.fullmatch(row[0])]


def experiments(place: str) -> Experiments:
    """Return the experiments in refs/exps or refs/published."""
    found = {}
    for ref, _, subject in refs_in(place):
        if match := REF.fullmatch(ref):
            found[match[3]] = (match[1] + match[2], subject)
    return found


def missing_in(kind: str) -> list[str]:
    """Return the refs of the experiments here that refs/published or refs/pushed lacks."""
    there = [(ref.replace(kind, "exps", 1), commit) for ref, commit, _ in refs_in(f"refs/{kind}")]
    return [ref for ref, commit, _ in refs_in("refs/exps") if (ref, commit) not in there]


def note_as(kind: str, refs: list[str]) -> None:
    """Note that experiments are published or pushed."""
    for ref in refs:
        git("update-ref", ref.replace("exps", kind, 1), ref)


def fetch_published(drive: Path) -> None:
    """Learn which experiments origin has, and which are bundles on the Drive.

    Raises:
        Problem: origin can't be asked: the same might be trained twice.
    """
    refs = "+refs/exps/*:refs/published/*"
    git("fetch", "--quiet", "origin", refs)
    for bundle in sorted(drive.glob("experiments/*.bundle")):
        # one that builds on commits that are not here can't hold the experiment that is wanted
        git_or_none("fetch", "--quiet", str(bundle), refs)


def check_name(name: str) -> None:
    """Raise Problem if an experiment can't be called so."""
    if not NAME.fullmatch(name):
        raise Problem(
            f"experiment: {name!r} is no name; write letters A-Z a-z, digits, - and _ "
            "/ 半角英数字で書いてください"
        )


def free_name(name: str, wanted: tuple[str, str], taken: Experiments) -> str:
    """Return a name that is free, or that the very same experiment has.

    >>> free_name("lora", ("abc", "b=2"), {"lora": ("abc", "a=1"), "lora-2": ("abc", "b=2")})
    'lora-2'

    Raises:
        Problem: an experiment can't be called so.
    """
    check_name(name)
    number, candidate = 1, name
    while taken.get(candidate, wanted) != wanted:
        number += 1
        candidate = f"{name}-{number}"
    return candidate


def copy_into(folder: Path, file: Path) -> None:
    """Copy a file into a folder, whole or not at all."""
    folder.mkdir(exist_ok=True)
    partial = folder / f".{file.name}.partial"
    shutil.copyfile(file, partial)
    keep(partial)
    partial.replace(folder / file.name)


# ---- what may be set for one


def split_overrides(text: str) -> list[str]:
    """Return the overrides of a form, one a word; `-S` may stand before each, as for DVC.

    >>> split_overrides("train.learning_rate=5e-5 -S +train.noise_offset=0.05")
    ['train.learning_rate=5e-5', 'train.noise_offset=0.05']

    Raises:
        Problem: a word is none, or not one for a training.
    """
    text = text.replace("\u3000", " ")  # the space of a Japanese keyboard
    if WORD.sub("", text).strip():
        raise Problem(
            f"overrides: {text!r} has a quotation mark or a bracket too many or too few "
            "/ 引用符かかっこの数が合いません"
        )
    words = [_unquoted(word) for word in WORD.findall(text)]
    given = [_checked(word) for word in words if word not in ("-S", "--set-param")]
    for override in given:
        key, _, value = override.partition("=")
        if problem := wrong_option(key, value):
            raise Problem(f"overrides: {override}: {problem} / このオプションは使えません")
    return given


def _unquoted(word: str) -> str:
    """Return a word without quotation marks, but for those of a list's items."""
    return word if "=[" in word.split('"')[0].split("'")[0] else shlex.split(word)[0]


def listed(key: str, text: str) -> str:
    """Return a list as Hydra, which reads it for DVC, wants it: text in quotation marks.

    >>> listed("train.network_args", "['conv_dim=4', conv_alpha=1, 5]")
    '["conv_dim=4","conv_alpha=1",5]'

    Raises:
        Problem: it is none, or one in another.
    """
    items: list[str] = []
    inside, place = text[1:-1], 0
    while text.endswith("]") and (match := ITEM.match(inside, place)):
        value = next((each for each in match.groups()[:3] if each is not None), "")
        if value or match.start(3) < 0:
            items.append(value if PLAIN_ITEM.fullmatch(value) else quoted(value))
        place = match.end()
        if not match[4]:
            return f"[{','.join(items)}]"
    raise Problem(
        f'overrides: {key}={text} is no list; write {key}=["conv_dim=4","conv_alpha=1"] '
        "/ リストの書き方が正しくありません"
    )


def quoted(text: str) -> str:
    """Return text in quotation marks, as Hydra reads it."""
    return '"{}"'.format(text.replace('"', '\\"'))


def _checked(word: str) -> str:
    """Return an override without its sign."""
    match = OVERRIDE.fullmatch(word)
    if not match:
        raise Problem(
            f"overrides: {word!r} is none; write key=value, such as train.learning_rate=5e-5, "
            "several with spaces between / 「キー=値」の形で、間は半角スペースで書いてください"
        )
    if "${" in word:  # Hydra would put an environment variable into the experiment, for good
        raise Problem(
            f"overrides: {word!r} holds ${{, which is not allowed; write the value itself "
            "/ 値そのものを書いてください"
        )
    sign, key, value = match.groups()
    section, dot, name = key.partition(".")
    if dot and section in DATASET:
        raise Problem(
            f"overrides: {key} belongs to the dataset: change it in params.yaml at home, then "
            "dvc repro, git add -A, git commit, python -m tools.remote push, git push "
            "/ データセットの設定です。手元の params.yaml で変え、"
            "上のコマンドを順に実行してください"
        )
    if not dot:
        section = "lora" if key in LORA.keys else "train"
        raise Problem(
            f"overrides: {word!r} lacks its section; write {section}.{key}={value} "
            f"/ 先頭に {section}. を付けてください"
        )
    if section not in SETTABLE or not name or "." in name:
        raise Problem(
            f"overrides: {key} is no key of train or lora; only those can be set here, such as "
            "train.learning_rate=5e-5 / ここで変えられるのは train. と lora. の設定だけです"
        )
    if "~" in sign:
        raise Problem(
            f"overrides: {word!r}; to leave an option out write {key}=false "
            f"/ 外すには {key}=false と書いてください"
        )
    if value[:1] not in ("[", "{", "'", '"') and ANOTHER.search(value):
        raise Problem(
            f"overrides: {word!r} holds several; write spaces between them, no commas "
            "/ カンマや「、」ではなく、半角スペースで区切ってください"
        )
    return f"{key}={listed(key, value) if value.startswith('[') else value}"


def wrong_option(key: str, value: str) -> str:
    """Return what is wrong with a key of train or lora, as far as can be told here; else ''.

    >>> wrong_option("train.learnig_rate", "1e-4")
    'sd-scripts has no such option; did you mean learning_rate?'
    >>> wrong_option("train.base_model", "a.safetensors")
    'it is no option of sd-scripts; write lora.base_model'
    """
    section, _, name = key.partition(".")
    if section == LORA.name:
        known = f"known keys: {', '.join(LORA.keys)}"
        return "" if name in LORA.keys else f"no such key; {did_you_mean(name, LORA.keys, known)}"
    if name in LORA.keys:
        return f"it is no option of sd-scripts; write lora.{name}"
    if value in ("false", "[]"):
        return ""
    if name in GIVEN:
        return f"the stage gives this option itself ({GIVEN[name]}); remove it"
    scripts = [options for table in tables() for options in table.scripts.values()]
    known_here = [options[name] for options in scripts if name in options]
    if not known_here:
        names = {each for options in scripts for each in options}
        return f"sd-scripts has no such option; {did_you_mean(name, names, 'see its docs')}"
    values = [] if value == "true" else [value]
    if value.startswith("["):
        values = [each for item in ITEM.findall(value[1:-1]) for each in item[:3] if each]
    return wrong_value(known_here[0], values)


def keys_in(params: str) -> set[str]:
    """Return the keys of train and lora in the text of a params.yaml, as it is usually written.

    >>> sorted(keys_in("train:\\n  # a: b\\n  seed: 1\\n  list:\\n    - b: c\\nlora:\\n  x: 1\\n"))
    ['lora.x', 'train.list', 'train.seed']
    """
    found = set()
    for section in SETTABLE:
        text = rf"^{section}:.*\n((?:(?:[ \t].*|#.*)?\n)*)"
        match = re.search(text, f"{params}\n", re.MULTILINE)
        keys: list[tuple[str, str]] = re.findall(
            r"^([ \t]+)(\w+):", match[1] if match else "", re.MULTILINE
        )
        found |= {f"{section}.{key}" for indent, key in keys if indent == keys[0][0]}
    return found


def as_set_param(override: str, known: set[str]) -> str:
    """Return an override as `dvc exp run --set-param` takes it.

    One that is not `known` is added: DVC refuses a new key without a sign. Text is quoted: a comma
    would mean several experiments.

    >>> as_set_param("train.resolution=768,768", {"train.resolution"})
    'train.resolution="768,768"'
    >>> as_set_param("train.noise_offset=0.05", {"train.resolution"})
    '++train.noise_offset=0.05'
    """
    key, _, value = override.partition("=")
    sign = "" if key in known else "++"
    if not PLAIN.fullmatch(value):
        value = quoted(value)
    return f"{sign}{key}={value}"
