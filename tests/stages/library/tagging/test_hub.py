"""A tagger from the hub: what goes wrong, and what is kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import onnx
import pytest

from stages.library.tagging.scores import read_scores
from tests.standins.hub import COMMIT, REPOSITORY, REVISION, serving
from tests.support.scoring import flags, write_pictures
from tests.support.taggers import write_tagger

ROOT = Path(__file__).parents[4]


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


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
    words = {key: value for key, value in others.items() if not key.isupper()}
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
        f"score: error: params.yaml, tagger.revision: {REPOSITORY} has no revision '{REVISION}'",
        "see 'Files and versions'",
    ),
    "no model.onnx": (PLACE, "lacks model.onnx or selected_tags.csv; it is no WD14 tagger"),
    "no selected_tags.csv": (PLACE, "lacks model.onnx or selected_tags.csv; it is no WD14 tagger"),
    "gated": (PLACE, "accept its terms on its page and set HF_TOKEN"),
    "forbidden": (PLACE, "accept its terms on its page and set HF_TOKEN"),
    "token": (PLACE, "the hub doesn't accept your HF_TOKEN"),
    "broken": (PLACE, "can't be downloaded: ", "500", LATER),
    "too many": (PLACE, "can't be downloaded: ", "429", LATER),
    "portal": (PLACE, "can't be downloaded: ", LATER),
    "page": (
        "score: error: params.yaml, tagger.model: ",
        "can't be loaded as an ONNX model",
        "models--nasu--wd-tiny-tagger and download again",
    ),
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
    ("model", "SmilingWolf"): (MODELS, "'SmilingWolf' is no folder here and no model on the hub"),
    ("model", "no/such/folder"): (MODELS, "is neither builtin, nor a folder, nor OWNER/MODEL"),
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
    scores = read_scores(tmp_path / "scores.npz")
    assert scores.origin == f"{REPOSITORY}@{COMMIT}"
    assert scores.names == ["img001", "img002"]
    written = (tmp_path / "scores.npz").read_bytes()
    (tmp_path / "scores.npz").unlink()
    for address in (hub.address, "http://hub.invalid"):  # nobody there any more
        without = run_stage(tmp_path, address)
        assert (without.code, without.err) == (0, "")
        assert (tmp_path / "scores.npz").read_bytes() == written
    assert str(tmp_path).encode() not in written
    # a commit is as good as a tag, and a local folder gives the same scores by another name
    assert run_stage(tmp_path, hub.address, revision=COMMIT).code == 0
    assert (tmp_path / "scores.npz").read_bytes() == written


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
    folder, outcome = outcomes["page"]
    named = outcome.err.partition("delete ")[2].partition(" and download")[0]
    with serving(folder / "served") as hub:
        assert run_stage(folder, hub.address).code == 1
        shutil.rmtree(named)
        assert run_stage(folder, hub.address).code == 0


def test_the_token_is_sent(tmp_path: Path) -> None:
    write_pictures(tmp_path)
    with serving(write_tagger(tmp_path / "served"), "token") as hub:
        assert run_stage(tmp_path, hub.address, HF_TOKEN="secret").code == 0
