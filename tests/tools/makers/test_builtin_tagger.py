"""The builtin tagger: its files, its contract and what it says about constructed pictures."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from tools.makers.builtin_tagger import main

COMMITTED = Path(__file__).parents[3] / "data" / "tagger" / "builtin"
YES = 0.35
Colour = tuple[int, int, int]
RGB: dict[str, Colour] = {
    "white": (255, 255, 255),
    "grey": (150, 150, 150),
    "black": (0, 0, 0),
    "blue": (60, 120, 220),
    "pink": (250, 170, 200),
    "red": (200, 30, 40),
    "purple": (130, 70, 190),
    "green": (90, 170, 80),
    "yellow": (250, 230, 80),
    "orange": (245, 140, 30),
    "brown": (120, 75, 40),
    "aqua": (110, 220, 225),
}
TINTS: dict[str, tuple[Colour, Colour]] = {
    "blue": ((5, 10, 60), (150, 190, 255)),
    "pink": ((120, 20, 70), (255, 190, 220)),
    "red": ((50, 0, 0), (240, 80, 80)),
    "purple": ((30, 0, 60), (190, 140, 250)),
    "green": ((5, 50, 10), (150, 235, 150)),
    "yellow": ((160, 140, 0), (255, 245, 120)),
    "orange": ((200, 80, 0), (255, 180, 80)),
    "brown": ((45, 28, 12), (160, 110, 70)),
    "aqua": ((0, 60, 65), (140, 235, 240)),
}


def read_tags(folder: Path) -> list[str]:
    with (folder / "selected_tags.csv").open(encoding="utf-8", newline="") as file:
        return [row["name"] for row in csv.DictReader(file)]


NAMES = read_tags(COMMITTED)


@pytest.fixture(scope="module")
def session() -> onnxruntime.InferenceSession:
    path = str(COMMITTED / "model.onnx")
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def tagger_input(picture: Image.Image) -> NDArray[np.float32]:
    """Return [448, 448, 3], BGR, 0..255, padded with white to a centred square."""
    side = max(picture.size)
    square = Image.new("RGB", (side, side), "white")
    square.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    resized = square.resize((448, 448), Image.Resampling.BICUBIC)
    return np.asarray(resized, dtype=np.float32)[:, :, ::-1]


def scores(session: onnxruntime.InferenceSession, picture: Image.Image) -> dict[str, float]:
    (out,) = session.run(None, {"input": tagger_input(picture)[np.newaxis]})
    return dict(zip(NAMES, map(float, out[0]), strict=True))


def tags(session: onnxruntime.InferenceSession, picture: Image.Image) -> set[str]:
    return {name for name, score in scores(session, picture).items() if score >= YES}


# ------------------------------------------------------------------------------------- pictures


def plain(colour: str | Colour, size: tuple[int, int] = (512, 512)) -> Image.Image:
    return Image.new("RGB", size, RGB.get(colour, colour) if isinstance(colour, str) else colour)


def figure(on: Image.Image) -> Image.Image:
    """Draw a shaded bust in ordinary colours, cut off by the lower edge as busts are."""
    width, height = on.size
    t = np.linspace(0.45, 1, height)[:, np.newaxis, np.newaxis]
    coat = np.broadcast_to(np.array([70, 110, 60]) * t, (height, width, 3))
    skin = np.broadcast_to(np.array([240, 200, 175]) * (0.6 + 0.4 * t), (height, width, 3))
    picture = on.copy()
    x, y = width // 2, height // 2
    for cloth, box in (
        (coat, (x - width // 3, y, x + width // 3, 2 * height)),
        (skin, (x - width // 6, height // 8, x + width // 6, y + height // 8)),
    ):
        mask = Image.new("L", on.size)
        ImageDraw.Draw(mask).ellipse(box, fill=255)
        picture.paste(Image.fromarray(cloth.astype(np.uint8)), (0, 0), mask)
    draw = ImageDraw.Draw(picture)
    draw.chord((x - width // 6, height // 9, x + width // 6, y), 180, 360, fill=(90, 50, 30))
    draw.rectangle((x - width // 8, y + height // 4, x + width // 8, height), fill=(60, 70, 160))
    return picture


def scene(size: tuple[int, int] = (512, 512)) -> Image.Image:
    """Return a full-bleed picture in many tones, with no background to speak of."""
    patch = max(size) / 13
    shape = (int(size[1] / patch) + 1, int(size[0] / patch) + 1, 3)
    noise = np.random.default_rng(0).uniform(0, 255, shape).astype(np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def grey(picture: Image.Image) -> Image.Image:
    return picture.convert("L").convert("RGB")


def tinted(dark: Colour, light: Colour) -> Image.Image:
    return ImageOps.colorize(scene().convert("L"), dark, light).convert("RGB")


def gradient(top: Colour, bottom: Colour) -> Image.Image:
    t = np.linspace(0, 1, 512)[:, np.newaxis, np.newaxis]
    rows = np.array(top) * (1 - t) + np.array(bottom) * t
    return Image.fromarray(np.broadcast_to(rows, (512, 512, 3)).astype(np.uint8))


def two_tone() -> Image.Image:
    picture = plain("red")
    picture.paste(RGB["blue"], (256, 0, 512, 512))
    return picture


def framed(colour: str, size: tuple[int, int] = (512, 512)) -> Image.Image:
    return ImageOps.expand(scene(size), 26, RGB[colour])


def barred(left: int, top: int) -> Image.Image:
    picture = plain("black", (512 + 2 * left, 512 + 2 * top))
    picture.paste(scene(), (left, top))
    return picture


def stripes(*colours: str) -> Image.Image:
    picture = plain("white")
    draw = ImageDraw.Draw(picture)
    height = 512 // len(colours)
    for i, colour in enumerate(colours):
        draw.rectangle((0, i * height, 512, (i + 1) * height), fill=RGB[colour])
    return picture


def lines() -> Image.Image:
    picture = plain("white")
    draw = ImageDraw.Draw(picture)
    for i in range(6):
        draw.ellipse((60 + 25 * i, 40 + 30 * i, 450 - 25 * i, 480 - 30 * i), outline=0, width=4)
    return picture


def shape(fill: Colour, on: str = "white") -> Image.Image:
    picture = plain(on)
    ImageDraw.Draw(picture).polygon(((250, 60), (380, 300), (300, 450), (120, 350)), fill=fill)
    return picture


def with_ribbon(picture: Image.Image) -> Image.Image:
    ImageDraw.Draw(picture).ellipse((230, 300, 280, 350), fill=(230, 20, 30))
    return picture


def lightened(picture: Image.Image, by: float) -> Image.Image:
    return Image.blend(picture, plain("white", picture.size), by)


def darkened(picture: Image.Image) -> Image.Image:
    return Image.blend(picture, plain("black", picture.size), 0.75)


def dulled(picture: Image.Image) -> Image.Image:
    return Image.blend(picture, grey(picture), 0.6)


def mirrored(picture: Image.Image) -> Image.Image:
    half = picture.crop((0, 0, picture.width // 2, picture.height))
    picture.paste(ImageOps.mirror(half), (picture.width - half.width, 0))
    return picture


Make = Callable[[], Image.Image]


def on_and_off(name: str) -> tuple[Make, Make]:
    other = "yellow" if name == "white" else "white"
    return (lambda: figure(plain(name)), lambda: figure(plain(other)))


def themed_or_not(name: str) -> tuple[Make, Make]:
    """A background alone makes no theme."""
    other = "white" if name == "green" else name  # the figure wears green
    return (lambda: tinted(*TINTS[name]), lambda: figure(plain(other)))


# tag: a picture that has it, a picture that could be mistaken for one
PICTURES: dict[str, tuple[Make, Make]] = {
    "greyscale": (lambda: grey(figure(plain("white"))), lambda: figure(plain("white"))),
    "monochrome": (lambda: tinted((10, 20, 60), (230, 240, 255)), lambda: figure(plain("white"))),
    "sepia": (
        lambda: tinted((45, 28, 12), (245, 228, 196)),
        lambda: tinted((10, 20, 60), (230, 240, 255)),
    ),
    "spot_color": (
        lambda: with_ribbon(grey(figure(plain("white")))),
        lambda: grey(figure(plain("white"))),
    ),
    "greyscale_with_colored_background": (
        lambda: shape((90, 90, 90), on="pink"),
        lambda: shape((60, 120, 220), on="pink"),
    ),
    "simple_background": (lambda: figure(plain((210, 200, 170))), scene),
    "gradient_background": (
        lambda: figure(gradient((255, 220, 240), (110, 150, 250))),
        lambda: figure(plain("blue")),
    ),
    "two-tone_background": (lambda: figure(two_tone()), lambda: figure(plain("red"))),
    "dark": (lambda: darkened(scene()), lambda: plain((0, 0, 255))),
    "high_contrast": (lambda: stripes("black", "white", "black", "white"), scene),
    "colorful": (
        lambda: stripes("red", "orange", "yellow", "green", "aqua", "blue", "purple", "pink"),
        lambda: figure(plain("white")),
    ),
    "muted_color": (lambda: dulled(dulled(scene())), scene),
    "pale_color": (lambda: lightened(scene(), 0.75), scene),
    "limited_palette": (lambda: stripes("red", "blue", "yellow"), scene),
    "flat_color": (
        lambda: shape((60, 120, 220)),
        lambda: figure(plain("white")),
    ),
    "lineart": (lines, lambda: shape((0, 0, 0))),
    "silhouette": (lambda: shape((0, 0, 0)), lambda: grey(figure(plain("white")))),
    "symmetry": (lambda: mirrored(scene()), scene),
    "border": (lambda: framed("red"), lambda: figure(plain("red"))),
    "white_border": (lambda: framed("white"), lambda: framed("red")),
    "black_border": (lambda: framed("black"), lambda: barred(0, 50)),
    "letterboxed": (lambda: barred(0, 50), lambda: barred(50, 0)),
    "pillarboxed": (lambda: barred(50, 0), lambda: barred(0, 50)),
    **{f"{name}_background": on_and_off(name) for name in RGB},
    **{f"{name}_theme": themed_or_not(name) for name in TINTS},
}

# --------------------------------------------------------------------------------------- tests


def test_the_committed_files_are_what_the_script_makes(tmp_path: Path) -> None:
    main(["--output", str(tmp_path / "made")])
    for name in ("model.onnx", "selected_tags.csv"):
        assert (tmp_path / "made" / name).read_bytes() == (COMMITTED / name).read_bytes()


def test_contract(session: onnxruntime.InferenceSession) -> None:
    (given,), (out,) = session.get_inputs(), session.get_outputs()
    assert given.type == out.type == "tensor(float)"
    assert isinstance(given.shape[0], str)
    assert given.shape[1:] == [448, 448, 3]
    assert out.shape[1] == len(NAMES)
    assert (COMMITTED / "model.onnx").stat().st_size <= 200_000


def test_tag_list() -> None:
    with (COMMITTED / "selected_tags.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["tag_id", "name", "category", "count"]
    assert {row["category"] for row in rows} == {"0"}
    assert len({row["name"] for row in rows}) == len({row["tag_id"] for row in rows}) == len(rows)
    assert all(int(row["count"]) > 0 for row in rows)


def test_every_tag_has_pictures() -> None:
    assert sorted(PICTURES) == sorted(NAMES)


@pytest.mark.parametrize("tag", PICTURES)
def test_tag(session: onnxruntime.InferenceSession, tag: str) -> None:
    positive, negative = PICTURES[tag]
    assert scores(session, positive())[tag] >= YES
    assert scores(session, negative())[tag] < YES


def test_input_is_bgr(session: onnxruntime.InferenceSession) -> None:
    blue, red = tags(session, plain((0, 0, 255))), tags(session, plain((255, 0, 0)))
    assert {"blue_background", "blue_theme"} <= blue
    assert {"red_background", "red_theme"} <= red
    assert not {"red_background", "red_theme"} & blue
    assert not {"blue_background", "blue_theme"} & red


@pytest.mark.parametrize("size", [(300, 512), (512, 300), (200, 800), (511, 512), (72, 40)])
def test_padding_is_no_background(
    session: onnxruntime.InferenceSession, size: tuple[int, int]
) -> None:
    found = tags(session, scene(size))
    assert not {tag for tag in found if tag.endswith(("_background", "border", "boxed"))}
    assert "dark" in tags(session, darkened(scene(size)))


@pytest.mark.parametrize("size", [(300, 512), (512, 300)])
def test_non_square_pictures_keep_their_background_and_border(
    session: onnxruntime.InferenceSession, size: tuple[int, int]
) -> None:
    assert "blue_background" in tags(session, figure(plain("blue", size)))
    assert "white_background" in tags(session, figure(plain("white", size)))
    assert "white_border" in tags(session, framed("white", size))
    assert "black_border" in tags(session, framed("black", size))


@pytest.mark.parametrize(("tag", "implied"), [("greyscale", "monochrome"), ("sepia", "monochrome")])
@pytest.mark.parametrize("picture", PICTURES)
def test_implications(
    session: onnxruntime.InferenceSession, picture: str, tag: str, implied: str
) -> None:
    for make in PICTURES[picture]:
        found = scores(session, make())
        assert found[tag] <= found[implied]
        for name in RGB:
            assert found[f"{name}_background"] <= found["simple_background"]


def test_scores_are_graded(session: onnxruntime.InferenceSession) -> None:
    steps = [
        scores(session, Image.blend(scene(), plain("black"), k / 20))["dark"] for k in range(21)
    ]
    assert steps == sorted(steps)
    assert sum(0.05 < step < 0.95 for step in steps) >= 2


def test_a_batch_gives_what_single_runs_give(session: onnxruntime.InferenceSession) -> None:
    pictures = [positive() for positive, _ in PICTURES.values()][:12]
    batch = np.stack([tagger_input(picture) for picture in pictures])
    (together,) = session.run(None, {"input": batch})
    singles = [session.run(None, {"input": one[np.newaxis]})[0][0] for one in batch]
    np.testing.assert_array_equal(together, np.stack(singles))


@pytest.mark.parametrize(
    "colour", [*RGB.values(), (255, 0, 0), (0, 255, 0), (0, 0, 255), (254, 255, 255), (1, 0, 0)]
)
def test_one_colour_is_finite(session: onnxruntime.InferenceSession, colour: Colour) -> None:
    found = np.array(list(scores(session, plain(colour)).values()))
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert (found <= 1).all()


def test_white_and_black(session: onnxruntime.InferenceSession) -> None:
    assert {"white_background", "greyscale"} <= tags(session, plain("white"))
    assert {"black_background", "greyscale", "dark"} <= tags(session, plain("black"))
