"""The WD14 contract, wrong taggers, providers, and the hub."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto
from PIL import Image

from stages.library.tagging import tagger
from stages.library.tagging.scores import read_scores
from stages.score import build_parser, main
from tests.standins.hub import COMMIT, REPOSITORY, REVISION, serving
from tests.support.params import arguments
from tests.support.taggers import TAGS, write_flat_tagger, write_tag_list, write_tagger

ROOT = Path(__file__).parents[4]
NAMES = [name for name, _ in TAGS]
ORANGE = (240, 120, 20)
Pixels = NDArray[np.float32]


def flags(tmp_path: Path, model: str | Path, **others: str) -> list[str]:
    values = {
        "input": str(tmp_path / "prepared"),
        "written": str(tmp_path / "prepared.json"),
        "output": str(tmp_path / "scores.npz"),
        "model": str(model),
        "revision": REVISION,
        "provider": "cpu",
    }
    return arguments(build_parser(), values | others, tmp_path / "params")


def write_pictures(tmp_path: Path, count: int = 1) -> None:
    folder = tmp_path / "prepared"
    folder.mkdir(exist_ok=True)
    for number in range(count):
        colour = (ORANGE[0], ORANGE[1], ORANGE[2] + number)
        Image.new("RGB", (64, 64), colour).save(folder / f"img{number + 1:03}.png")


def looked(folder: Path, picture: Image.Image) -> dict[str, float]:
    """What the tagger in `folder` says of a picture, by tag."""
    model = tagger.load_tagger(folder, "cpu")
    scores = tagger.probabilities(model, tagger.model_input(picture, model.size))
    return dict(zip(NAMES, map(float, scores), strict=True))


# ---------------------------------------------------------------------------- what the model sees


def bicubic(pixels: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Resize (height, width, 3) to `size` rows: Keys' cubic with a = -0.5, widened to shrink.

    Written from the formula, rows only; rounded to 8 bits as Pillow does after either direction.
    """
    scale = len(pixels) / size
    width = max(scale, 1)
    positions = np.arange(len(pixels)) + 0.5
    centres = (np.arange(size) + 0.5) * scale
    x = np.abs(positions[np.newaxis] - centres[:, np.newaxis]) / width
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    weights = np.where(x < 1, near, np.where(x < 2, far, 0))
    weights /= weights.sum(axis=1, keepdims=True)
    resized = np.tensordot(weights, pixels, 1)
    clipped: NDArray[np.float64] = np.clip(np.rint(resized), 0, 255)
    return clipped


def reference(rgba: NDArray[np.uint8], size: int) -> NDArray[np.float64]:
    """The contract of facts.md in numpy alone: white under alpha, white square, bicubic, BGR."""
    colour, alpha = rgba[..., :3].astype(float), rgba[..., 3:].astype(float) / 255
    flat = np.rint(colour * alpha + 255 * (1 - alpha))
    height, width = flat.shape[:2]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    square = np.full((side, side, 3), 255.0)
    square[top : top + height, left : left + width] = flat
    if side != size:
        square = bicubic(square.swapaxes(0, 1), size).swapaxes(0, 1)
        square = bicubic(square, size)
    return square[:, :, ::-1]


def drawing(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth shapes, hard edges, noise and half-transparent parts."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [127 + 120 * np.sin(x / (5 + 3 * k) + y / (4 + 2 * k) + seed) for k in range(3)]
    rgba = np.stack([*waves, np.full((height, width), 255.0)], axis=-1)
    rgba[height // 3 : height // 2, width // 4 : width // 2, :3] = random.uniform(0, 255, 3)
    rgba[: height // 4] = random.uniform(0, 255, rgba[: height // 4].shape)
    return rgba.astype(np.uint8)


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [
        *((448, 448, 448), (512, 512, 448), (300, 300, 448), (512, 768, 448), (768, 511, 448)),
        *((1, 1, 448), (1, 40, 32), (41, 40, 64), (200, 90, 320)),
    ],
)
def test_input_equals_an_independent_reading_of_the_contract(
    width: int, height: int, size: int
) -> None:
    rgba = drawing(width, height)
    got = tagger.model_input(Image.fromarray(rgba), size)
    assert got.dtype == np.float32
    assert got.shape == (size, size, 3)
    difference = np.abs(got - reference(rgba, size))
    assert difference.max() <= 1
    assert difference.mean() < 0.05


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(8, 64), st.integers(0, 9))
def test_input_of_any_size(width: int, height: int, size: int, seed: int) -> None:
    rgba = drawing(width, height, seed)
    difference = np.abs(tagger.model_input(Image.fromarray(rgba), size) - reference(rgba, size))
    assert difference.max() <= 2  # rounding under half-transparent parts, which resizing amplifies
    assert difference.mean() < 0.1


def test_input_is_bgr_from_0_to_255() -> None:
    pixels = tagger.model_input(Image.new("RGB", (10, 10), ORANGE), 8)
    assert pixels.reshape(-1, 3).tolist() == [[20, 120, 240]] * 64


def test_a_square_has_no_trace_of_padding() -> None:
    for side in (300, 448, 449, 512, 1024):
        black = tagger.model_input(Image.new("RGB", (side, side)), 448)
        assert black.max() == 0, side


def test_padding_is_white_centred_and_comes_before_resizing() -> None:
    pixels = tagger.model_input(Image.new("RGB", (100, 50)), 200)
    rows = pixels[:, 100, 0]
    assert rows[:46].min() == 255  # 25 rows of 100 pad the top: 50 of 200
    assert rows[-46:].min() == 255
    assert rows[56:144].max() == 0
    assert 0 < rows[50] < 255  # blended across the edge: padded first, resized then
    wide = tagger.model_input(Image.new("RGB", (50, 100)), 200)
    assert np.array_equal(wide[100], pixels[:, 100])


def test_an_odd_pixel_of_padding_goes_to_the_far_side() -> None:
    pixels = tagger.model_input(Image.new("RGB", (4, 3)), 4)
    assert pixels[:, 0, 0].tolist() == [0, 0, 0, 255]


@pytest.mark.parametrize("mode", ["L", "P", "LA", "RGBA", "1", "I;16"])
def test_other_modes(mode: str) -> None:
    picture = Image.new("RGB", (20, 20), "white").convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        picture = picture.convert(mode)
    assert tagger.model_input(picture, 8).shape == (8, 8, 3)


def test_transparent_parts_are_white() -> None:
    hidden = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    assert tagger.model_input(hidden, 10).min() == 255
    half = tagger.model_input(Image.new("RGBA", (10, 10), (0, 0, 0, 128)), 10)
    assert set(half.ravel().tolist()) <= {127.0, 128.0}


# -------------------------------------------------------------------------- how the model is asked


@pytest.mark.parametrize("channels_first", [False, True], ids=["NHWC", "NCHW"])
@pytest.mark.parametrize("batch", [1, "N"])
@pytest.mark.parametrize("size", [448, 320, "side", (448, "width"), ("height", 320)])
def test_layout_size_and_batch_are_read_off_the_model(
    tmp_path: Path, channels_first: bool, batch: int | str, size: Any
) -> None:
    write_tagger(tmp_path, channels_first=channels_first, batch=batch, size=size)
    model = tagger.load_tagger(tmp_path, "cpu")
    sides = [
        side for side in (size if isinstance(size, tuple) else [size]) if side in (448, 320, 3)
    ]
    assert model.size == (sides[0] if sides else 448)
    scores = looked(tmp_path, Image.new("RGB", (50, 50), ORANGE))
    assert scores["red_theme"] == pytest.approx(240 / 255, abs=1e-4)
    assert scores["green_theme"] == pytest.approx(120 / 255, abs=1e-4)
    assert scores["blue_theme"] == pytest.approx(20 / 255, abs=1e-4)
    assert scores["miku_(cosplay)"] == pytest.approx(0.9)


def test_bgr_reaches_the_model(tmp_path: Path) -> None:
    write_tagger(tmp_path)
    scores = looked(tmp_path, Image.new("RGB", (64, 64), "blue"))
    assert (scores["blue_theme"], scores["red_theme"]) == pytest.approx((1, 0), abs=0.01)


def test_a_model_need_not_say_how_many_scores_it_gives(tmp_path: Path) -> None:
    write_tagger(tmp_path, declared="tags")
    assert looked(tmp_path, Image.new("RGB", (64, 64)))["general"] == pytest.approx(0.6)


def test_scores_do_not_depend_on_the_number_of_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tagger(tmp_path)
    picture = Image.fromarray(drawing(300, 200))
    seen = []
    for cores in (1, 2, 16):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        seen.append(looked(tmp_path, picture))
    assert seen[0] == seen[1] == seen[2]


def test_all_cores_have_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pictures at a time share the cores, however many there are."""
    write_tagger(tmp_path)
    for cores, threads in ((None, 1), (1, 1), (2, 1), (8, 4), (15, 7)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        session = tagger.load_tagger(tmp_path, "cpu").session
        assert session.get_session_options().intra_op_num_threads == threads


# ------------------------------------------------------------------------------------ the tag list


def test_names_with_quotes_commas_and_other_letters(tmp_path: Path) -> None:
    names = ['say_"hi"', "a,b", "<o>_<o>", "なす", "re:zero", ";)", "don't", " x "]
    write_tag_list(tmp_path, [(name, 4) for name in names])
    assert tagger.read_tag_list(tmp_path / "selected_tags.csv") == (names, [4] * len(names))


def test_a_byte_order_mark_and_other_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "selected_tags.csv"
    path.write_bytes(b"\xef\xbb\xbfname,category\r\nsmile,0\r\nmiku,4\r\n")
    assert tagger.read_tag_list(path) == (["smile", "miku"], [0, 4])


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    path = tmp_path / "selected_tags.csv"
    path.write_text("category,id,name,ips\n9,1,general,[]\n0,2,smile,\n")
    assert tagger.read_tag_list(path) == (["general", "smile"], [9, 0])


# ------------------------------------------------------------- wrong models, through the command


def break_tags(text: str | bytes) -> Callable[[Path], object]:
    data = text.encode() if isinstance(text, str) else text
    return lambda folder: (write_tagger(folder) / "selected_tags.csv").write_bytes(data)


def break_model(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    def write(folder: Path) -> None:
        path = write_tagger(folder) / "model.onnx"
        path.write_bytes(change(path.read_bytes()))

    return write


HEAD = "tag_id,name,category,count\n"
ROWS = "".join(f"{number},{name},{kind},0\n" for number, (name, kind) in enumerate(TAGS))

WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "no model": (lambda folder: (write_tagger(folder) / "model.onnx").unlink(), "lacks model.onnx"),
    "no list": (
        lambda folder: (write_tagger(folder) / "selected_tags.csv").unlink(),
        "lacks selected_tags.csv; a WD14 tagger has model.onnx and selected_tags.csv",
    ),
    "no files": (lambda folder: folder.mkdir(), "lacks model.onnx"),
    "fewer tags": (break_tags(HEAD + ROWS[: ROWS.rindex("6,")]), "7 scores but .* names 6 tags"),
    "more tags": (break_tags(HEAD + ROWS + "7,x,0,0\n"), "7 scores but .* names 8 tags"),
    "more tags than a model with free output gives": (
        lambda folder: write_tag_list(write_tagger(folder, declared="tags"), [*TAGS, ("x", 0)]),
        "7 scores but .* names 8 tags; take both files from the same model",
    ),
    "no tags": (break_tags(HEAD), "7 scores but .* names 0 tags"),
    "empty list": (break_tags(""), "7 scores but .* names 0 tags"),
    "no category": (break_tags("tag_id,name\n0,a\n"), "no tag list with the columns name and cat"),
    "no name": (break_tags("tag_id,category\n0,0\n"), "no tag list with the columns"),
    "short row": (break_tags(HEAD + "0,a\n"), "no tag list with the columns"),
    "category in words": (break_tags(HEAD + "0,a,general,0\n"), "no tag list with the columns"),
    "list in Shift JIS": (break_tags(HEAD.encode() + b"0,\x82\xc8\x82\xb7,0,0\n"), "no tag list"),
    "list in UTF-16": (break_tags((HEAD + ROWS).encode("utf-16")), "no tag list"),
    "a page of HTML as the list": (break_tags("<html>\n<body>Sorry</body>\n"), "no tag list"),
    "truncated model": (break_model(lambda data: data[: len(data) // 2]), "can't be loaded"),
    "empty model": (break_model(lambda _: b""), "can't be loaded as an ONNX model"),
    "a page of HTML as the model": (
        break_model(lambda _: b"<!doctype html><html>Sorry</html>"),
        "can't be loaded as an ONNX model .* delete .*model.onnx and download again",
    ),
    "a pointer of Git LFS": (
        break_model(lambda _: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
        "can't be loaded",
    ),
    "two inputs": (lambda folder: write_tagger(folder, more_inputs=1), "it is no WD14 tagger"),
    "two outputs": (lambda folder: write_tagger(folder, more_outputs=1), "it is no WD14 tagger"),
    "two dimensions": (write_flat_tagger, r"takes tensor\(float\) \['N', 7\], not one square"),
    "not square": (lambda folder: write_tagger(folder, size=(448, 224)), "not one square colour"),
    "batch of four": (lambda folder: write_tagger(folder, batch=4), "it is no WD14 tagger"),
    "float16": (
        lambda folder: write_tagger(folder, dtype=TensorProto.FLOAT16),
        r"takes tensor\(float16\)",
    ),
    "bytes": (lambda folder: write_tagger(folder, dtype=TensorProto.UINT8), r"tensor\(uint8\)"),
    "logits": (lambda folder: write_tagger(folder, scale=-9), "not probabilities"),
    "large": (lambda folder: write_tagger(folder, scale=9), "gives .* to .*, not probabilities"),
    "not numbers": (lambda folder: write_tagger(folder, scale=np.nan), "gives nan to nan, not"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_tagger_is_one_line_and_old_scores_are_kept(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    write_pictures(tmp_path)
    scores = tmp_path / "scores.npz"
    scores.write_bytes(b"of an earlier run")
    write, message = WRONG[name]
    write(tmp_path / "tagger")
    assert main(flags(tmp_path, tmp_path / "tagger")) == 1
    out, err = capfd.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == 1, err
    assert lines[0].startswith("score: error: params.yaml, tagger.model: ")
    assert re.search(message, lines[0]), lines[0]
    assert scores.read_bytes() == b"of an earlier run"


def test_the_folder_one_stands_in(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pictures(tmp_path)
    monkeypatch.chdir(write_tagger(tmp_path / "tagger"))
    assert main(flags(tmp_path, ".")) == 0
    assert " by tagger on cpu" in capfd.readouterr().out
    Path("model.onnx").write_bytes(b"")
    assert main(flags(tmp_path, ".")) == 1
    assert "delete model.onnx and download again" in capfd.readouterr().err


# --------------------------------------------------------------------------------------- providers


class Elsewhere:
    """A session that says it runs on another provider, with scores off by `shift`."""

    def __init__(self, session: Any, provider: str, shift: float) -> None:
        self.session, self.provider, self.shift = session, provider, shift

    def __getattr__(self, name: str) -> Any:
        return getattr(self.session, name)

    def get_providers(self) -> list[str]:
        return [self.provider, "CPUExecutionProvider"]

    def run(self, names: None, feed: dict[str, Pixels]) -> list[Pixels]:
        (scores,) = self.session.run(names, feed)
        return [scores + np.float32(self.shift)]


Pretend = Callable[..., None]


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """Return a function that makes onnxruntime have providers, each with a shift of its scores.

    A shift of None stands for a provider that is listed but does not start.
    """
    real = tagger.open_session

    def have(**shifts: float | None) -> None:
        shifts = {name.replace("_", "-"): shift for name, shift in shifts.items()}
        names = {name: str(tagger.PROVIDERS[name][0]) for name in shifts}
        if "coreml" in names:
            names["coreml"] = "CoreMLExecutionProvider"
        listed = [*dict.fromkeys(names.values()), "CPUExecutionProvider"]
        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: listed)

        def open_session(model: Path, provider: str) -> Any:
            session = real(model, "cpu")
            shift = shifts.get(provider)
            return session if shift is None else Elsewhere(session, names[provider], shift)

        monkeypatch.setattr(tagger, "open_session", open_session)

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
    assert tagger.choose_provider("cuda", write_tagger(tmp_path)) == "cpu"
    assert "cuda isn't available here" in capfd.readouterr().err
    assert tagger.choose_provider("auto", tmp_path) == "cpu"


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
    assert tagger.choose_provider("auto", folder) == chosen


def test_a_provider_asked_for_by_name_is_taken_whatever_its_scores(
    tmp_path: Path, pretend: Pretend
) -> None:
    folder = write_tagger(tmp_path)
    pretend(openvino=0.023)
    assert tagger.choose_provider("openvino", folder) == "openvino"


def test_provider_tag_list_and_model_are_in_the_fingerprint(tmp_path: Path) -> None:
    one = write_tagger(tmp_path / "one")
    two = write_tagger(tmp_path / "two", scale=0.5)
    names = write_tagger(tmp_path / "three")
    write_tag_list(names, [("x", 9), *TAGS[1:]])
    same = shutil.copytree(one, tmp_path / "four")
    prints = [tagger.fingerprint(folder, "cpu") for folder in (one, two, names)]
    assert len({*prints, tagger.fingerprint(one, "openvino")}) == 4
    assert tagger.fingerprint(same, "cpu") == prints[0]


# ----------------------------------------------------------------------------------------- the hub


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


PATIENCE_SECONDS = 90
IMPATIENT = (
    "import sys; from stages.library.tagging import tagger; tagger.ANSWER_SECONDS = 2; "
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
