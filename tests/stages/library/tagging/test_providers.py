"""Which provider a tagger runs on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from stages.library.tagging import models, providers, sessions
from stages.score import main
from tests.support.scoring import flags, write_pictures
from tests.support.taggers import write_tagger


class Elsewhere:
    """A session that says it runs on another provider."""

    def __init__(self, session: Any, provider: str, shift: float) -> None:
        self.session, self.provider, self.shift = session, provider, shift

    def __getattr__(self, name: str) -> Any:
        return getattr(self.session, name)

    def get_providers(self) -> list[str]:
        return [self.provider, "CPUExecutionProvider"]


Pretend = Callable[..., None]


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """Return a function that makes onnxruntime have providers, each with a shift of its scores.

    A shift of None stands for a provider that is listed but does not start.
    """
    real, real_run = sessions.open_session, models.run

    def have(**shifts: float | None) -> None:
        shifts = {name.replace("_", "-"): shift for name, shift in shifts.items()}
        names = {name: str(sessions.PROVIDERS[name][0]) for name in shifts}
        if "coreml" in names:
            names["coreml"] = "CoreMLExecutionProvider"
        listed = [*dict.fromkeys(names.values()), "CPUExecutionProvider"]
        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: listed)

        def open_session(
            model: Path, provider: str, cores: int | None = None, besides: str = ""
        ) -> Any:
            session = real(model, "cpu", cores, besides)
            shift = shifts.get(provider)
            return session if shift is None else Elsewhere(session, names[provider], shift)

        def run(model: models.Model, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
            given = real_run(replace(model, device="cpu"), batch)
            return [each + np.float32(getattr(model.session, "shift", 0)) for each in given]

        monkeypatch.setattr(sessions, "open_session", open_session)
        monkeypatch.setattr(models, "run", run)

    return have


@pytest.mark.parametrize("provider", ["cuda", "coreml", "openvino"])
def test_a_provider_that_is_not_there_gives_way_to_the_cpu(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], pretend: Pretend, provider: str
) -> None:
    pretend()
    write_pictures(tmp_path, 5)
    folder = write_tagger(tmp_path / "tagger")
    assert main(flags(tmp_path, folder, provider=provider)) == 0
    out, err = capfd.readouterr()
    assert err.splitlines() == [
        f"score: warning: {provider} isn't available here (onnxruntime "
        f"{onnxruntime.__version__}); using the CPU"
    ]
    assert out.endswith(" on cpu\n")
    written = (tmp_path / "scores.npz").read_bytes()
    (tmp_path / "scores.npz").unlink()
    assert main(flags(tmp_path, folder)) == 0
    assert (tmp_path / "scores.npz").read_bytes() == written


def test_a_provider_that_is_listed_but_does_not_start_gives_way_to_the_cpu(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], pretend: Pretend
) -> None:
    """As CUDA does where its libraries are missing: onnxruntime then runs on the CPU by itself."""
    pretend(cuda=None)
    assert providers.choose_provider("cuda", write_tagger(tmp_path)) == "cpu"
    assert "cuda isn't available here" in capfd.readouterr().err
    assert providers.choose_provider("auto", tmp_path) == "cpu"


def test_use_coreml(tmp_path: Path, capfd: pytest.CaptureFixture[str], pretend: Pretend) -> None:
    write_pictures(tmp_path)
    folder = write_tagger(tmp_path / "tagger")
    pretend(coreml=0.0)
    assert main([*flags(tmp_path, folder), "--use-coreml"]) == 0
    assert capfd.readouterr().out.endswith(" on coreml\n")
    pretend()
    assert main([*flags(tmp_path, folder), "--use-coreml"]) == 0
    out, err = capfd.readouterr()
    assert out.endswith(" on cpu\n")
    assert err.count("\n") == 1
    assert "coreml isn't available here" in err


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        ({}, "cpu"),
        ({"cuda": 0.0}, "cuda"),
        ({"cuda": 0.0049}, "cuda"),
        ({"cuda": 0.0051}, "cpu"),
        ({"cuda": -0.02, "openvino_float32": 1e-6}, "openvino-float32"),
        ({"cuda": 0.0, "openvino_float32": 0.0}, "cuda"),
        ({"openvino_float32": 0.5}, "cpu"),
        ({"openvino_float32": float("nan")}, "cpu"),
        ({"openvino": 0.0}, "cpu"),  # in bfloat16: only by name
        ({"coreml": 0.0}, "cpu"),
    ],
)
def test_auto_takes_the_first_provider_that_agrees_with_the_cpu(
    tmp_path: Path, pretend: Pretend, there: dict[str, float], chosen: str
) -> None:
    folder = write_tagger(tmp_path, size=32)
    pretend(**there)
    assert providers.choose_provider("auto", folder) == chosen


def test_a_provider_asked_for_by_name_is_taken_whatever_its_scores(
    tmp_path: Path, pretend: Pretend
) -> None:
    folder = write_tagger(tmp_path)
    pretend(openvino=0.023)
    assert providers.choose_provider("openvino", folder) == "openvino"
