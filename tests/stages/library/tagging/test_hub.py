"""A tagger from the hub: what goes wrong, and what is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import onnx
import pytest

from stages.library.common.outputs import sha256
from stages.library.tagging.families import recognised
from stages.library.tagging.scores import read_scores
from tests.standins.hub import COMMIT, REPOSITORY, REVISION, serving
from tests.support.families import WRITERS
from tests.support.scoring import flags, write_pictures
from tests.support.taggers import keep_weights_in, write_tagger

ROOT = Path(__file__).parents[4]


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


def pins(served: Path) -> dict[str, str]:
    """Return what params.yaml must say of the files that are served."""
    return {
        key: sha256(served / name) if (served / name).is_file() else ""
        for key, name in (("model_sha256", "model.onnx"), ("tag_list_sha256", "selected_tags.csv"))
    }


PATIENCE_SECONDS = 90
IMPATIENT = (
    "import sys; from stages.library.tagging import hub; hub.ANSWER_SECONDS = 2; "
    "from stages import score; sys.exit(score.main())"
)


def run_stage(tmp_path: Path, address: str, **others: str) -> Outcome:
    """Run the stage in a process of its own, since the hub's library reads its settings once.

    It must end by itself: the limit is there for one that waits for ever, on any machine.
    """
    variables = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    environment = variables | {
        "HF_ENDPOINT": address,
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_DOWNLOAD_TIMEOUT": "1",
        "NO_PROXY": "*",
        "PYTHONWARNINGS": "error",
        **{key: value for key, value in others.items() if key.isupper()},
    }
    words = pins(tmp_path / "served") | {k: v for k, v in others.items() if not k.isupper()}
    argv = flags(tmp_path, words.pop("model", REPOSITORY), **words)
    process = subprocess.run(
        [sys.executable, "-c", IMPATIENT, *argv],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    return Outcome(process.returncode, process.stdout, process.stderr)


PLACE = f"score: error: params.yaml, tagger.model: '{REPOSITORY}' "
LATER = "try again when the hub can be reached, what was scored is kept"

FAULTS: dict[str, tuple[str, ...]] = {
    "no repository": (PLACE, "is no folder here and no model on the hub; check its spelling"),
    "no repository, 404": (PLACE, "is no folder here and no model on the hub"),
    "no revision": (
        f"score: error: params.yaml, tagger.revision: {REPOSITORY} has no revision '{COMMIT}'",
        "see 'Files and versions'",
    ),
    "no model.onnx": (PLACE, "lacks model.onnx, or a file that goes with it; docs/taggers.md"),
    "no selected_tags.csv": (PLACE, "lacks model.onnx, or a file that goes with it; docs/"),
    "gated": (PLACE, "accept its terms on its page and set HF_TOKEN"),
    "forbidden": (PLACE, "accept its terms on its page and set HF_TOKEN"),
    "token": (PLACE, "the hub doesn't accept your HF_TOKEN"),
    "broken": (PLACE, "can't be downloaded: ", "500", LATER),
    "too many": (PLACE, "can't be downloaded: ", "429", LATER),
    "portal": (PLACE, "can't be downloaded: ", LATER),
    "page": (
        "score: error: params.yaml, tagger.model: model.onnx in ",
        "is not the file that the hub announced",
        "it is removed, run it again",
    ),
    "more": ("score: error: params.yaml, tagger.model: more comes than was announced",),
    "stalled": (PLACE, "can't be downloaded: ", "timed out", LATER),
    "stalled file": (PLACE, "can't be downloaded: ", "timed out", LATER),
    "cut": (PLACE, "can't be downloaded: ", LATER),
    "refused": (PLACE, "can't be downloaded: ", "refused", LATER),
    "no such host": (PLACE, "can't be downloaded: ", LATER),
    "offline": (PLACE, "can't be downloaded: ", LATER),
}
"""What the hub does, and what the one line then begins with and holds."""

REVISIONS = "score: error: params.yaml, tagger.revision: "
MODELS = "score: error: params.yaml, tagger.model: "
WRONG_NAMES: dict[tuple[str, str], tuple[str, ...]] = {
    ("revision", "2.0"): (REVISIONS, f"{REPOSITORY} has no revision '2.0'"),
    ("model", "SmilingWolf"): (MODELS, "'SmilingWolf' is neither builtin, nor a folder, nor"),
    ("model", "buitlin"): (
        MODELS,
        "'buitlin' is neither builtin, nor a folder, nor OWNER/MODEL; did you mean builtin?",
    ),
    ("model", "Builtin"): (MODELS, "did you mean builtin?"),
    ("model", "SmilingWolf/wd-vit-taggr-v3"): (
        MODELS,
        "no model on the hub; did you mean SmilingWolf/wd-vit-tagger-v3?",
    ),
    ("model", "no/such/folder"): (MODELS, "'no/such/folder' is no folder here and no model on"),
    ("model", f"{REPOSITORY}/../x"): (MODELS, "is neither builtin, nor a folder, nor OWNER/MODEL"),
    ("model", f"{REPOSITORY}/"): (MODELS, "is neither builtin, nor a folder, nor OWNER/MODEL"),
    ("model", f"{REPOSITORY}/v2"): (MODELS, f"'{REPOSITORY}/v2' lacks model.onnx; docs/taggers.md"),
    ("model", "https://hub.co/a/b"): (MODELS, "is neither builtin, nor a folder, nor OWNER/MODEL"),
    ("model", "owner/名前"): (MODELS, "is neither builtin, nor a folder, nor OWNER/MODEL"),
    ("model", ""): (MODELS, "the folder '' lacks model.onnx"),
}
"""Flag and value, and what the one line then begins with and holds."""

Trouble = str | tuple[str, str]
TROUBLES: dict[Trouble, tuple[str, ...]] = dict([*FAULTS.items(), *WRONG_NAMES.items()])
Outcomes = dict[Trouble, tuple[Path, Outcome]]


def suffer(folder: Path, trouble: Trouble) -> Outcome:
    write_pictures(folder)
    (folder / "scores.npz").write_bytes(b"of an earlier run")
    if trouble == "refused":
        return run_stage(folder, "http://127.0.0.1:9")
    if trouble == "no such host":
        return run_stage(folder, "http://hub.invalid")
    fault = trouble if isinstance(trouble, str) and trouble != "offline" else ""
    with serving(write_tagger(folder / "served"), fault) as hub:
        others = {"HF_TOKEN": "wrong"} | dict([trouble] if isinstance(trouble, tuple) else [])
        if trouble == "offline":
            others["HF_HUB_OFFLINE"] = "1"
        return run_stage(folder, hub.address, **others)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """Every trouble's outcome; at the same time, since much of it is waiting."""
    slow = ("stalled file", "cut", "stalled")
    order = sorted(TROUBLES, key=lambda trouble: trouble not in slow)
    folders = [tmp_path_factory.mktemp("hub") for _ in order]
    with ThreadPoolExecutor(5) as pool:
        outcomes = pool.map(suffer, folders, order)
        return dict(zip(order, zip(folders, outcomes, strict=True), strict=True))


@pytest.mark.parametrize("trouble", TROUBLES, ids=str)
def test_trouble_with_the_hub_is_one_line_and_old_scores_are_kept(
    outcomes: Outcomes, trouble: Trouble
) -> None:
    folder, outcome = outcomes[trouble]
    begins, *holds = TROUBLES[trouble]
    assert outcome.err.count("\n") == 1, outcome.err
    assert outcome.err.startswith(begins)
    for words in holds:
        assert words in outcome.err
    assert (outcome.code, outcome.out) == (1, "")
    assert (folder / "scores.npz").read_bytes() == b"of an earlier run"


def test_download_cache_and_commit(tmp_path: Path) -> None:
    write_pictures(tmp_path)
    with serving(write_tagger(tmp_path / "served")) as hub:
        first = run_stage(tmp_path, hub.address)
        assert (first.code, first.err) == (0, "")
        assert f"by {REPOSITORY}@{COMMIT} on cpu" in first.out
        assert hub.asked.count("GET /storage/model.onnx") == 1
        hub.asked.clear()
        write_pictures(tmp_path, 2)
        assert run_stage(tmp_path, hub.address).code == 0
        assert not [line for line in hub.asked if line.startswith("GET") and ".onnx" in line]
    scores = read_scores(tmp_path / "scores.npz")[0]
    assert scores.origin == f"{REPOSITORY}@{COMMIT}"
    assert scores.names == ["img001", "img002"]
    written = (tmp_path / "scores.npz").read_bytes()
    (tmp_path / "scores.npz").unlink()
    for address in (hub.address, "http://hub.invalid"):  # nobody there any more
        without = run_stage(tmp_path, address)
        assert (without.code, without.err) == (0, "")
        assert (tmp_path / "scores.npz").read_bytes() == written
    assert str(tmp_path).encode() not in written


def test_a_hub_that_went_bad_does_not_stop_a_model_that_is_here(tmp_path: Path) -> None:
    write_pictures(tmp_path)
    served = write_tagger(tmp_path / "served")
    with serving(served) as hub:
        assert run_stage(tmp_path, hub.address).code == 0

    def run(fault: str) -> Outcome:
        with serving(served, fault) as hub:
            return run_stage(tmp_path, hub.address, output=str(tmp_path / f"{fault}.npz"))

    faults = ("stalled", "broken", "no repository", "no revision", "portal", "too many")
    with ThreadPoolExecutor(3) as pool:
        for fault, outcome in zip(faults, pool.map(run, faults), strict=True):
            assert (outcome.code, outcome.err) == (0, ""), fault


def test_a_download_that_was_cut_goes_on_where_it_was(tmp_path: Path) -> None:
    write_pictures(tmp_path)
    served = write_tagger(tmp_path / "served")
    model = onnx.load(served / "model.onnx")
    model.doc_string = "x" * 24_000_000  # the library keeps whole pieces of 10 MiB
    onnx.save(model, served / "model.onnx")
    with serving(served, "cut once") as hub:
        outcome = run_stage(tmp_path, hub.address)
        assert (outcome.code, outcome.err) == (0, "")
        assert f"GET /storage/model.onnx bytes={10 * 2**20}-" in hub.asked


def test_after_a_cut_download_the_same_command_finishes(outcomes: Outcomes) -> None:
    folder, _ = outcomes["cut"]
    with serving(folder / "served") as hub:
        assert run_stage(folder, hub.address).code == 0
    blobs = [path for path in (folder / "hf").rglob("blobs/*") if path.is_file()]
    assert sorted(path.read_bytes() for path in blobs) == sorted(hub.files.values())


def test_the_remedy_for_a_page_of_html_works(outcomes: Outcomes) -> None:
    folder, _ = outcomes["page"]
    with serving(folder / "served") as hub:
        assert run_stage(folder, hub.address).code == 0


@pytest.mark.parametrize(
    ("files", "lacking", "words"),
    [
        (("preprocessor_config.json",), "model.onnx", "(it looks like the models of transformers)"),
        (("tagger_pipeline.py",), "model.onnx", "(it looks like PixAI's own, which isn't ONNX)"),
        (("v2_01a/model.onnx",), "model.onnx", "lacks model.onnx; docs/taggers.md lists"),
        ((), "selected_tags.csv", "lacks selected_tags.csv, or what another family of taggers has"),
        (("a.onnx", "b.onnx"), "model.onnx", "holds several models (a.onnx, b.onnx); write one's"),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_is_downloaded(
    tmp_path: Path, files: tuple[str, ...], lacking: str, words: str
) -> None:
    write_pictures(tmp_path)
    with serving(write_tagger(tmp_path / "served")) as hub:
        hub.files |= dict.fromkeys(files, b"{}")
        hub.files.pop(lacking)
        outcome = run_stage(tmp_path, hub.address)
        assert not [line for line in hub.asked if line.startswith("GET /storage")]
    assert (outcome.code, outcome.err.count("\n")) == (1, 1)
    assert outcome.err.startswith(PLACE)
    assert words in outcome.err


def pinned(folder: Path) -> dict[str, str]:
    """Return what params.yaml must say of a tagger of any family, in a folder that is served."""
    files, _ = recognised(folder, "", "it")
    return {
        "model_sha256": sha256(folder / files.model),
        "tag_list_sha256": sha256(folder / files.tag_list),
    }


@pytest.mark.parametrize("family", WRITERS)
def test_of_every_family_what_it_reads_is_fetched_once(tmp_path: Path, family: str) -> None:
    """And nothing else of the repository; then nobody is asked."""
    write_pictures(tmp_path)
    served = WRITERS[family](tmp_path / "served")
    files, _ = recognised(served, "", "it")
    (served / "model.safetensors").write_text("large, and not needed")
    with serving(served) as hub:
        outcome = run_stage(tmp_path, hub.address, **pinned(served))
        assert (outcome.code, outcome.err) == (0, "")
        assert f"by {REPOSITORY}@{COMMIT} on cpu" in outcome.out
        (tmp_path / "scores.npz").unlink()
        hub.asked.clear()
        assert run_stage(tmp_path, hub.address, **pinned(served)).code == 0
        assert hub.asked == []
    there = {path.name for path in (tmp_path / "hf").rglob(f"snapshots/{COMMIT}/*")}
    assert there == set(files.names)


def test_a_model_in_a_folder_with_weights_beside_it(tmp_path: Path) -> None:
    """As cella110n/cl_tagger_v2 has them."""
    write_pictures(tmp_path)
    folder = WRITERS["cl_tagger-v2"](tmp_path / "served" / "v2_00")
    keep_weights_in(folder, "model.onnx.data")
    WRITERS["cl_tagger-v2"](tmp_path / "served" / "v2_01a")
    model = f"{REPOSITORY}/v2_00"
    with serving(tmp_path / "served") as hub:
        told_first = run_stage(tmp_path, hub.address, model=model)
        assert told(told_first.err) == {"revision": COMMIT} | pinned(folder)
        hub.asked.clear()
        outcome = run_stage(tmp_path, hub.address, model=model, **pinned(folder))
        assert (outcome.code, outcome.err, hub.asked) == (0, "", [])
    assert f"by {model}@{COMMIT} on cpu" in outcome.out
    there = {path.relative_to(path.parents[1]) for path in (tmp_path / "hf").rglob("v2_0*/*")}
    names = ("model.onnx", "model.onnx.data", "model_vocabulary.json")
    assert there == {Path("v2_00", name) for name in names}


def test_a_download_that_stopped_before_the_weights_goes_on(tmp_path: Path) -> None:
    write_pictures(tmp_path)
    served = WRITERS["cl_tagger-v2"](tmp_path / "served")
    keep_weights_in(served, "model.onnx.data")
    with serving(served) as hub:
        assert run_stage(tmp_path, hub.address, **pinned(served)).code == 0
        for name in ("model.onnx.data", "model.onnx"):
            (stored,) = (tmp_path / "hf").rglob(f"snapshots/*/{name}")
            stored.unlink()
            assert run_stage(tmp_path, hub.address, **pinned(served)).code == 0
            assert stored.is_file()


def test_one_model_of_several_is_named_by_its_file(tmp_path: Path) -> None:
    """As deepghs/ml-danbooru-onnx has them."""
    write_pictures(tmp_path)
    served = WRITERS["ML-Danbooru"](tmp_path / "served")
    pin = pinned(served)
    (served / "TResnet-D.onnx").write_bytes(b"another")
    with serving(served) as hub:
        model = f"{REPOSITORY}/ml_caformer.onnx"
        assert run_stage(tmp_path, hub.address, model=model, **pin).code == 0
        assert not [line for line in hub.asked if "TResnet" in line]


@pytest.mark.parametrize("name", ["../escaped", "/escaped", "a/../../escaped"])
def test_a_list_of_files_that_leads_out_is_not_followed(tmp_path: Path, name: str) -> None:
    write_pictures(tmp_path)
    served = write_tagger(tmp_path / "served")
    (tmp_path / "escaped").write_text("before")
    keep_weights_in(served, "weights")
    data = (served / "model.onnx").read_bytes()
    with serving(served) as hub:
        model = onnx.load_from_string(data)
        for tensor in model.graph.initializer:
            for entry in tensor.external_data:
                entry.value = name if entry.key == "location" else entry.value
        hub.files = {
            "model.onnx": model.SerializeToString(),
            "selected_tags.csv": hub.files["selected_tags.csv"],
            name: b"from outside",
        }
        outcome = run_stage(tmp_path, hub.address)
    assert outcome.code == 1
    assert "outside of its folder" in outcome.err
    escaped = list(tmp_path.rglob("*escaped*"))
    assert [path.read_text() for path in escaped] == ["before"]


def test_a_hub_that_lists_no_files_is_enough_for_a_right_tagger(tmp_path: Path) -> None:
    write_pictures(tmp_path)
    with serving(write_tagger(tmp_path / "served"), "no listing") as hub:
        assert run_stage(tmp_path, hub.address).code == 0


SETTINGS: dict[str, tuple[dict[str, str], str]] = {
    "SOCKS": (
        {"ALL_PROXY": "socks5://127.0.0.1:9", "NO_PROXY": ""},
        "ALL_PROXY is a SOCKS proxy, for which a package is missing; pip install socksio",
    ),
    "SOCKS of the other scheme": (
        {"HTTPS_PROXY": "socks5://127.0.0.1:9", "NO_PROXY": ""},
        "HTTPS_PROXY is a SOCKS proxy, for which a package is missing",
    ),
    "a proxy that isn't there": (
        {"HTTP_PROXY": "http://name:pass-word@127.0.0.1:9", "NO_PROXY": ""},
        "the proxy http://127.0.0.1:9 doesn't let it through",
    ),
    "a kind of proxy that nobody knows": (
        {"ALL_PROXY": "socks://127.0.0.1:9", "NO_PROXY": ""},
        "ALL_PROXY: 'socks://127.0.0.1:9' is no address of a proxy; write http://HOST:PORT",
    ),
    "a token in Japanese": (
        {"HF_TOKEN": "\u30c8\u30fc\u30af\u30f3"},
        "HF_TOKEN holds signs that no token has; copy it again from https://huggingface.co/",
    ),
    "a token of two words": ({"HF_TOKEN": "hf_a b"}, "HF_TOKEN holds signs that no token has"),
    "an address without its beginning": (
        {"HF_ENDPOINT": "huggingface.co"},
        "HF_ENDPOINT: 'huggingface.co' is no address; write https://huggingface.co, or unset it",
    ),
    "no address": ({"HF_ENDPOINT": "ftp://x.example"}, "HF_ENDPOINT: 'ftp://x.example' is no add"),
    "a blank in the address": ({"HF_ENDPOINT": "https://a b.example"}, "is no address; write"),
    "no place to keep it": ({"HF_HOME": "/dev/null/hf"}, "set HF_HOME to a folder that you may"),
    "no list of certificates": (
        {"SSL_CERT_FILE": "/nowhere/ca.pem"},
        "SSL_CERT_FILE: /nowhere/ca.pem is not there; mend it, or unset it",
    ),
    "a list without certificates": (
        {"SSL_CERT_FILE": "/etc/hosts", "HF_ENDPOINT": "https://hub.invalid"},
        "SSL_CERT_FILE: /etc/hosts holds no certificates",
    ),
}
"""What is set wrongly on this machine, and what the one line then holds."""


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_is_at_fault_is_named(tmp_path: Path, name: str) -> None:
    settings, words = SETTINGS[name]
    write_pictures(tmp_path)
    with serving(write_tagger(tmp_path / "served")) as hub:
        outcome = run_stage(tmp_path, hub.address, **settings)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.count("\n") == 1, outcome.err
    assert words in outcome.err
    assert "try again when the hub can be reached" not in outcome.err
    assert "pass-word" not in outcome.err


@pytest.mark.parametrize("name", ["HF_ENDPOINT", "HF_TOKEN", "SSL_CERT_FILE", "ALL_PROXY"])
def test_a_slip_in_builtin_asks_nobody(tmp_path: Path, name: str) -> None:
    """No setting of the network is looked at for a word that no hub can know."""
    write_pictures(tmp_path)
    outcome = run_stage(tmp_path, "http://127.0.0.1:9", model="buitlin", **{name: "wrong"})
    assert outcome.err.endswith("did you mean builtin?\n")


def told(err: str) -> dict[str, str]:
    """Return the lines to be written into params.yaml."""
    return dict(
        line.strip().split(": ")
        for line in err.splitlines()
        if line.startswith("  ") and ": " in line
    )


@pytest.mark.parametrize(
    ("others", "why"),
    [
        ({"revision": REVISION}, f"the revision '{REVISION}' can be moved to other files; now it"),
        ({"revision": ""}, "the revision '' can be moved to other files; now it is"),
        ({"revision": "f" * 40}, f"{REPOSITORY} has no commit {'f' * 40}; its branch main is now"),
        ({"model_sha256": ""}, f"what {REPOSITORY} must be is not written down; it is"),
        ({"tag_list_sha256": ""}, f"what {REPOSITORY} must be is not written down; it is"),
        ({"model_sha256": "a" * 64}, f"{REPOSITORY} is not what is written there: another model's"),
        ({"tag_list_sha256": "a" * 64}, f"{REPOSITORY} is not what is written there: another"),
    ],
)
def test_what_is_not_written_down_is_told_once_and_not_used(
    tmp_path: Path, others: dict[str, str], why: str
) -> None:
    write_pictures(tmp_path)
    with serving(write_tagger(tmp_path / "served")) as hub:
        outcome = run_stage(tmp_path, hub.address, **others)
        assert (outcome.code, outcome.out) == (1, "")
        assert outcome.err.startswith("score: error: params.yaml, tagger: ")
        assert why in outcome.err
        assert not (tmp_path / "scores.npz").exists()
        lines = told(outcome.err)
        assert lines == {"revision": COMMIT} | pins(tmp_path / "served")
        hub.asked.clear()
        assert run_stage(tmp_path, hub.address, **lines).code == 0
        assert hub.asked == []


def test_a_name_that_was_moved_gives_no_other_scores(tmp_path: Path) -> None:
    write_pictures(tmp_path)
    with serving(write_tagger(tmp_path / "served")) as hub:
        assert run_stage(tmp_path, hub.address).code == 0
    lines = pins(tmp_path / "served")
    elsewhere = tmp_path / "elsewhere"  # another machine, and another model by the same commit
    write_pictures_of(elsewhere)
    with serving(write_tagger(elsewhere / "served", scale=0.5)) as hub:
        outcome = run_stage(elsewhere, hub.address, **lines)
    assert outcome.code == 1
    assert "somebody exchanged its files" in outcome.err
    assert not (elsewhere / "scores.npz").exists()


def write_pictures_of(folder: Path) -> None:
    folder.mkdir()
    write_pictures(folder)


@pytest.mark.parametrize("name", ["model.onnx", "selected_tags.csv"])
def test_what_was_exchanged_in_the_cache_is_fetched_again(tmp_path: Path, name: str) -> None:
    write_pictures(tmp_path)
    with serving(write_tagger(tmp_path / "served")) as hub:
        assert run_stage(tmp_path, hub.address).code == 0
        (stored,) = (tmp_path / "hf").rglob(f"snapshots/*/{name}")
        stored.resolve().write_bytes((tmp_path / "served" / name).read_bytes() + b" ")
        outcome = run_stage(tmp_path, hub.address)
        assert outcome.code == 1
        assert f"{name} in " in outcome.err
        assert "is not the file that the hub announced" in outcome.err
        assert run_stage(tmp_path, hub.address).code == 0


HEADERS = ("X-Repo-Commit", "X-Linked-Etag", "ETag")


@pytest.mark.parametrize("lacking", ["", "model.onnx"])
@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("when", ["path", "path later"])
def test_an_answer_of_the_hub_names_no_path(
    tmp_path: Path, when: str, header: str, lacking: str
) -> None:
    write_pictures(tmp_path)
    served = write_tagger(tmp_path / "served")
    before = set(tmp_path.rglob("*"))
    with serving(served, f"{when}: {header}") as hub:
        hub.files.pop(lacking, None)
        outcome = run_stage(tmp_path, hub.address)
    assert outcome.code == 1
    assert outcome.err.count("\n") == 1
    if not (lacking and when == "path later"):
        assert f"answers with the {header.lower()} '../../../../escaped'" in outcome.err
    made = set(tmp_path.rglob("*")) - before
    assert [path for path in made if "escaped" in path.name] == []
    assert {path.relative_to(tmp_path).parts[0] for path in made} <= {"hf", "params"}


def test_the_token_is_sent(tmp_path: Path) -> None:
    write_pictures(tmp_path)
    with serving(write_tagger(tmp_path / "served"), "token") as hub:
        assert run_stage(tmp_path, hub.address, HF_TOKEN="secret").code == 0


def test_a_token_is_sent_over_https_alone_and_never_shown(tmp_path: Path) -> None:
    write_pictures(tmp_path)
    outcome = run_stage(tmp_path, "http://hub.invalid", HF_TOKEN="hf_secret")
    assert outcome.code == 1
    assert "the hub's address http://hub.invalid is not https, and HF_TOKEN" in outcome.err
    assert "hf_secret" not in outcome.err
    # what is here needs no hub
    with serving(write_tagger(tmp_path / "served")) as hub:
        assert run_stage(tmp_path, hub.address, HF_TOKEN="hf_secret").code == 0
    assert run_stage(tmp_path, "http://hub.invalid", HF_TOKEN="hf_secret").code == 0


@pytest.mark.parametrize(
    "fault", ["broken", "too many", "portal", "cut", "stalled file", "refused"]
)
def test_a_password_in_the_hubs_address_is_never_shown(tmp_path: Path, fault: str) -> None:
    write_pictures(tmp_path)
    with serving(write_tagger(tmp_path / "served"), fault) as hub:
        address = "http://127.0.0.1:9" if fault == "refused" else hub.address
        outcome = run_stage(tmp_path, address.replace("//", "//name:pass-word@"))
    assert outcome.code == 1
    assert "pass-word" not in outcome.out + outcome.err
