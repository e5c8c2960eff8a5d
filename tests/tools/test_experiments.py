"""Experiments by their refs, in repositories of one commit."""

import subprocess
from pathlib import Path

import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser

from stages.library.common.errors import Problem
from stages.library.common.git import git
from tests.support.clones import PROJECT
from tools.experiments import (
    DATASET,
    as_set_param,
    baseline,
    copy_into,
    experiments,
    fetch_published,
    free_name,
    keys_in,
    missing_in,
    note_as,
    split_overrides,
)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository with one commit the current folder."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Nasu")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "nasu@example.com")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    subprocess.run(["git", "init", "-q", "-b", "main"], check=True)
    commit("First")
    return here


def commit(message: str) -> str:
    subprocess.run(["git", "commit", "-q", "--allow-empty", "-m", message], check=True)
    return git("rev-parse", "HEAD")


def experiment(name: str, message: str) -> str:
    """Make an experiment as DVC does: a commit that no branch has."""
    base = baseline()
    made = git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", message)
    ref = f"refs/exps/{base[:2]}/{base[2:]}/{name}"
    git("update-ref", ref, made)
    return ref


def test_experiments_are_known_by_base_and_message_but_not_dvc_s_own_refs(repository: Path) -> None:
    experiment("miso", "train.seed=1")
    git("update-ref", "refs/exps/exec/EXEC_HEAD", "HEAD")
    git("update-ref", "refs/exps/stash", "HEAD")
    assert experiments("refs/exps") == {"miso": (baseline(), "train.seed=1")}
    assert repository.is_dir()


def test_what_origin_or_a_bundle_has_is_published(repository: Path, tmp_path: Path) -> None:
    drive = tmp_path / "drive"
    drive.mkdir()
    pushed, saved, new = (experiment(name, "a=1") for name in ("pushed", "saved", "new"))
    subprocess.run(["git", "clone", "-q", "--bare", ".", tmp_path / "origin"], check=True)
    git("remote", "add", "origin", str(tmp_path / "origin"))
    git("push", "-q", "origin", f"{pushed}:{pushed}")
    git("bundle", "create", "-q", "saved.bundle", saved)
    copy_into(drive / "experiments", repository / "saved.bundle")
    assert missing_in("published") == [new, pushed, saved]
    fetch_published(drive)
    assert missing_in("published") == [new]
    assert set(experiments("refs/published")) == {"pushed", "saved"}
    note_as("pushed", [new])
    assert missing_in("pushed") == [pushed, saved]
    assert [path.name for path in (drive / "experiments").iterdir()] == ["saved.bundle"]


def test_a_name_is_kept_for_the_same_experiment_and_counted_up_for_another() -> None:
    taken = {"lora": ("abc", "a=1"), "lora-2": ("abc", "a=2")}
    assert free_name("lora", ("abc", "a=1"), taken) == "lora"
    assert free_name("lora", ("abc", "a=2"), taken) == "lora-2"
    assert free_name("lora", ("def", "a=1"), taken) == "lora-3"
    assert free_name("other", ("abc", "a=1"), taken) == "other"


@pytest.mark.parametrize("name", ["", "-n", "a b", "ナス", "a/b", "a..b", "a" * 65, "x;y"])
def test_a_name_that_git_or_a_shell_could_misread_is_refused(name: str) -> None:
    with pytest.raises(Problem, match="is no name"):
        free_name(name, ("abc", ""), {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("train.seed=1", ["train.seed=1"]),
        ("-S train.seed=1 --set-param train.sdpa=true", ["train.seed=1", "train.sdpa=true"]),
        ("+train.noise_offset=0.1 ++train.seed=2", ["train.noise_offset=0.1", "train.seed=2"]),
        ("train.seed=1　train.sdpa=true", ["train.seed=1", "train.sdpa=true"]),
        ("'train.training_comment=my nasu'", ["train.training_comment=my nasu"]),
        ("train.resolution=768,768", ["train.resolution=768,768"]),
        ("""'train.network_args=["a=1","b=2"]'""", ['train.network_args=["a=1","b=2"]']),
        # as the docs of LyCORIS and sd-scripts write them, and as people do
        (
            """train.network_args=["a=1","b=2"] train.seed=1""",
            ['train.network_args=["a=1","b=2"]', "train.seed=1"],
        ),
        ("train.network_args=['a=1', 'b=2 c']", ['train.network_args=["a=1","b=2 c"]']),
        ("train.network_args=[a=1, b=2]", ['train.network_args=["a=1","b=2"]']),
        ("train.network_args=[]", ["train.network_args=[]"]),
        ("+train.base_weights_multiplier=[0.9,0.99]", ["train.base_weights_multiplier=[0.9,0.99]"]),
    ],
)
def test_overrides_are_words_of_key_and_value(text: str, words: list[str]) -> None:
    assert split_overrides(text) == words


@pytest.mark.parametrize(
    ("text", "told"),
    [
        *((text, "is none; write key=value") for text in ("train.seed", "-f", "--queue", "=1")),
        ("train.a=1 'b=2", "quotation mark"),
        ("""train.a=["b=2",""", "bracket"),
        ("train.a=[b=2", "bracket"),
        ("train.a=[[1],[2]]", "is no list"),
        ("""train.a=["b" c]""", "is no list"),
        ("train.a=[{b: 1}]", "is no list"),
        ("train.a=[1]x", "is no list"),
        ("x train.y=1", "is none; write key=value"),
        ("params.yaml:train.seed=1", "is none; write key=value"),
        ("caption.threshold=0.9", "caption.threshold belongs to the dataset"),
        ("organize.name=miso", "belongs to the dataset"),
        ("~common_tag.tag=", "belongs to the dataset"),
        ("learning_rate=5e-5", "write train.learning_rate=5e-5"),
        ("+learning_rate=5e-5", "write train.learning_rate=5e-5"),
        ("base_model=a.safetensors", "write lora.base_model=a.safetensors"),
        ("train.base_model=a.safetensors", "write lora.base_model"),
        ("lora.base_modle=a.safetensors", "no such key; did you mean base_model"),
        ("generate.steps=1", "only those can be set here"),
        ("train.a.b=1", "only those can be set here"),
        ("~train.seed=", "write train.seed=false"),
        ("train.seed=1,train.sdpa=true", "write spaces between"),
        ("train.seed=1, sdpa=true", "sdpa=true"),
        ("train.seed=1、train.sdpa=true", "write spaces between"),
        ("train.learnig_rate=1e-4", "did you mean learning_rate"),
        ("train.training_comment=${oc.env:GITHUB_TOKEN}", "which is not allowed"),
        ("train.network_dim=big", "'big' is not a whole number"),
        ("train.network_dim=[8,16]", "it takes one value, not a list"),
        ("train.sdpa=yes", "it takes no value but true or false"),
        ("train.caption_extension=.caption", "the stage gives this option itself"),
    ],
)
def test_what_is_no_override_is_named_and_never_an_option_of_dvc(text: str, told: str) -> None:
    with pytest.raises(Problem, match=rf"^overrides: .*{told}.*[ぁ-ん]"):
        split_overrides(text)


@pytest.mark.parametrize(
    ("override", "given"),
    [
        ("train.seed=1", "train.seed=1"),
        ("lora.base_model=a/b/c.safetensors@1f", "lora.base_model=a/b/c.safetensors@1f"),
        ("train.resolution=768,768", 'train.resolution="768,768"'),
        ("lora.base_model=https://a.b/c?x=1", 'lora.base_model="https://a.b/c?x=1"'),
        ("""train.network_args=["a=1"]""", """++train.network_args=["a=1"]"""),
        ("train.noise_offset=0.05", "++train.noise_offset=0.05"),
    ],
)
def test_dvc_gets_new_options_with_a_sign_and_text_in_quotes(override: str, given: str) -> None:
    assert as_set_param(override, {"train.seed", "lora.base_model", "train.resolution"}) == given


def test_a_list_reaches_dvc_as_it_was_typed() -> None:
    for text in ("""train.network_args=["a=1","b=2 c"]""", "train.network_args=[a=1,'b=2 c']"):
        (override,) = split_overrides(text)
        read = OverridesParser.create().parse_override(as_set_param(override, set()))
        assert read.value() == ["a=1", "b=2 c"]


def test_keys_are_those_of_params_yaml() -> None:
    text = (PROJECT / "params.yaml").read_text(encoding="utf-8")
    read = yaml.safe_load(text)
    both = {f"{section}.{key}" for section in ("train", "lora") for key in read[section]}
    assert keys_in(text) == both
    assert keys_in("train: {seed: 1}") == set()
    assert keys_in("train:\n    seed: 1\n\n    # b: c\n    sdpa: true\nx:\n    y: 1") == {
        "train.seed",
        "train.sdpa",
    }


def test_the_dataset_s_sections_are_those_of_its_stages() -> None:
    stages = yaml.safe_load((PROJECT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    sections = [key for stage in stages.values() for key in stage.get("params", [])]
    counting = [key for key in sections if key.startswith("train.")]
    assert list(dict.fromkeys(key for key in sections if key not in counting)) == list(DATASET)
