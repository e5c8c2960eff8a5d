"""The stages on a cluster of several nodes: the same bytes and the same words as here."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stages import prepare, score
from stages.library.common.cluster_address import WISH
from stages.library.common.paths import CACHE
from tests.support.clones import PROJECT
from tests.support.nodes import two_nodes
from tests.support.params import arguments
from tests.support.taggers import write_tagger

pytestmark = pytest.mark.e2e
pytest.importorskip("ray")


def run(stage: str, words: list[str], address: str) -> tuple[int, str, str]:
    """Run a stage, and return its exit code and what it printed."""
    command = [sys.executable, "-m", f"stages.{stage}", *words]
    done = subprocess.run(
        command, cwd=PROJECT, env=os.environ | {WISH: address}, capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


def dataset(drawings: Path, tagger: Path, into: Path, address: str) -> list[str]:
    """Prepare and score drawings that no model has seen, and return what was said."""
    made = {
        "input": drawings,
        "drawings": PROJECT / "data/drawings.yaml",
        "output": into / "prepared",
        "thumbnails": into / "thumbnails",
        "manifest": into / "manifest.csv",
        "written": into / "prepared.json",
        "size": 64,
        "fit": "crop",
        "follow_links": False,
    }
    seen = {
        "input": into / "prepared",
        "written": into / "prepared.json",
        "output": into / "scores.npz",
        "model": tagger,
        "revision": "none",
        "model_sha256": "",
        "tag_list_sha256": "",
        "provider": "auto",
    }
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(CACHE, f"{into}-cache")
        said = [
            run("prepare", arguments(prepare.build_parser(), made, into), address),
            run("score", arguments(score.build_parser(), seen, into), address),
        ]
    assert [code for code, _, _ in said] == [0, 0], said
    return [said[0][1].replace(str(into), ""), said[0][2], said[1][2]]


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "params.yaml"
    }


def test_a_dataset_made_on_a_cluster_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # a cluster of its own leaves a token there
    drawings, tagger = tmp_path / "raw", write_tagger(tmp_path / "tagger", size=64)
    shutil.copytree(PROJECT / "data" / "sample", drawings)
    (drawings / "broken.png").write_bytes((drawings / "nasu_cry.png").read_bytes()[:3000])
    here = dataset(drawings, tagger, tmp_path / "here", "")
    with two_nodes() as nodes:
        address = nodes.address
        there = dataset(drawings, tagger, tmp_path / "there", address)
        assert there == here
        assert files_of(tmp_path / "there") == files_of(tmp_path / "here")
        assert "broken.png: is damaged" in there[0]

        picture = tmp_path / "there" / "prepared" / "img003.png"
        picture.write_bytes(b"no picture")
        words = ["--input", str(picture.parent), "--written", str(tmp_path / "none.json")]
        words += ["--output", str(tmp_path / "new.npz")]
        words += ["--params", str(tmp_path / "there" / "params.yaml")]
        home = run("score", words, "")
        assert home[0] == 1
        assert "img003.png: is no picture; run the prepare stage again" in home[2]
        assert run("score", words, "auto") == home
    assert run("score", words, address)[2].count("no cluster answers at") == 1
    assert run("score", words, "auto") == home  # the one that was is no more
