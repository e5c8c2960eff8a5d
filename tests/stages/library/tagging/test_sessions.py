"""Two pictures at a time share the cores; a shortage of memory is told as that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stages.library.tagging import models, sessions
from stages.library.tagging.model_files import BUILTIN
from stages.library.tagging.sessions import memory_wanted, wants_memory
from tests.support.clones import PROJECT
from tests.support.taggers import write_tagger


def test_all_cores_have_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pictures at a time share the cores, however many there are."""
    write_tagger(tmp_path)
    for cores, threads in ((1, 1), (2, 1), (8, 4), (15, 7)):
        monkeypatch.setattr(sessions, "usable_cores", lambda cores=cores: cores)
        session = models.load_model(tmp_path, "cpu").session
        assert session.get_session_options().intra_op_num_threads == threads


@pytest.mark.parametrize("provider", sessions.PROVIDERS)
def test_threads_of_a_providers_own_follow_the_cores(provider: str) -> None:
    chosen = sessions.with_cores(sessions.PROVIDERS[provider], 3)
    assert ('"INFERENCE_NUM_THREADS": 3' in str(chosen)) == provider.startswith("openvino")
    assert str(chosen).count("INFERENCE_PRECISION_HINT") == provider.startswith("openvino")


SHORT = """
import resource, sys
from pathlib import Path
import numpy as np
from stages.library.tagging import models, sessions
from stages.library.common.errors import Problem

def spare(megabytes):
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + (megabytes << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

what, folder, megabytes = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
if what == "load":
    spare(megabytes)
    model = models.load_model(folder, "cpu")
else:
    model = models.load_model(folder, "cpu")
    picture = np.zeros((model.size, model.size, 3), np.uint8)
    spare(megabytes)
    models.probabilities(model, [picture])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS holds on Linux")
@pytest.mark.parametrize(
    ("what", "megabytes"), [("load", 1), ("load", 4), ("look", 0), ("look", 2)]
)
def test_shortage_of_memory_never_blames_the_tagger(what: str, megabytes: int) -> None:
    words = [sys.executable, "-c", SHORT, what, str(BUILTIN), str(megabytes)]
    done = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(f"Problem: {memory_wanted('cpu')}")


@pytest.mark.parametrize(
    ("text", "memory"),
    [
        (
            "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : CUDA failure 2: out of memory ; GPU=0",
            True,
        ),
        ("CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0", True),
        ("Failed to allocate memory for requested buffer of size 67108864", True),
        ("bad allocation", True),
        ("INVALID_PROTOBUF : Load model from model.onnx failed:Protobuf parsing failed.", False),
        ("NO_SUCHFILE : Load model from model.onnx failed. File doesn't exist", False),
    ],
)
def test_what_providers_say_of_memory(text: str, memory: bool) -> None:
    assert wants_memory(RuntimeError(text)) == memory


def test_gpu_without_memory_may_give_way_to_the_cpu() -> None:
    for provider in ("cuda", "CUDAExecutionProvider"):
        assert "provider: cpu" in memory_wanted(provider)
    for provider in ("cpu", "CPUExecutionProvider"):
        assert "provider" not in memory_wanted(provider)
