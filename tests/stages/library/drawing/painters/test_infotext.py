"""What a WebUI writes about a picture is read as it was meant, and kept within the PNG."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from stages.library.common.errors import Problem
from stages.library.drawing.painters.infotext import (
    CHUNK,
    lora_hashes,
    read_infotext,
    settings,
    with_infotext,
)

LINE = (
    "Steps: 25, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.0, Seed: 1, Size: 512x768, "
    "Model hash: 7f96a1a9ca, Model: Anything-v5.0-PRT-RE, Clip skip: 2, "
    'Lora hashes: "nasumiso_v1: 35715b1dcfed", Version: v1.10.1'
)
FOUND = {
    "Steps": "25",
    "Sampler": "DPM++ 2M",
    "Schedule type": "Karras",
    "CFG scale": "7.0",
    "Seed": "1",
    "Size": "512x768",
    "Model hash": "7f96a1a9ca",
    "Model": "Anything-v5.0-PRT-RE",
    "Clip skip": "2",
    "Lora hashes": "nasumiso_v1: 35715b1dcfed",
    "Version": "v1.10.1",
}


def quoted(value: str) -> str:
    """Return a value as modules/infotext_utils.py of v1.10.1 writes it."""
    return json.dumps(value, ensure_ascii=False) if any(sign in value for sign in ",:\n") else value


def png(picture: Image.Image | None = None, **saved: object) -> bytes:
    buffer = io.BytesIO()
    (picture or Image.new("RGB", (8, 6), (90, 40, 120))).save(buffer, "PNG", **saved)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "above",
    [
        "",
        "1girl, smile <lora:nasumiso_v1:0.8>\n",
        "1girl\nNegative prompt: lowres, bad anatomy\n",
        "ナス, 笑顔\nNegative prompt: 低画質\n",
        "one line\n\nBREAK\nanother: with, colons\n",
        "Steps: 99, Sampler: none of these, Seed: 5\n",
        "Negative prompt: Steps: 99, Seed: 5\nSteps: 98, Seed: 6\n",
    ],
)
def test_settings_are_the_last_line_whatever_the_prompts_hold(above: str) -> None:
    assert settings(above + LINE) == FOUND
    assert settings(f"{above}{LINE}\n\n") == FOUND


@pytest.mark.parametrize(
    "infotext", ["", "\n", "1girl, smile", "1girl\nNegative prompt: lowres", f"{LINE}\n1girl"]
)
def test_without_such_a_line_there_are_none(infotext: str) -> None:
    assert settings(infotext) == {}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"mix, of: two"', "mix, of: two"),
        ('"C:\\\\models, mine"', "C:\\models, mine"),
        ('"a \\"quoted\\" one, and more"', 'a "quoted" one, and more'),
        ('"two\\nlines"', "two\nlines"),
        ('"茄子: \\u8336"', "茄子: 茶"),
        ('my "best" model', 'my "best" model'),
        ('"best" model', '"best" model'),
        ("茄子モデル (v2) [fp16]", "茄子モデル (v2) [fp16]"),
        ("", ""),
    ],
)
def test_a_model_may_be_called_anything(written: str, value: str) -> None:
    found = settings(f"eggplant\nSteps: 20, Model: {written}, Seed: 3")
    assert found == {"Steps": "20", "Model": value, "Seed": "3"}


NAMES = st.from_regex(r"[A-Z][A-Za-z]{0,8}( [a-z]{1,8})?", fullmatch=True)
PRINTED = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])
VALUES = st.text(PRINTED, min_size=1, max_size=12).filter(
    lambda value: value == value.strip() and not (value[0] == '"' and quoted(value) == value)
)


@given(
    st.dictionaries(NAMES, VALUES | st.just("two\nlines"), max_size=5),
    st.text("ab, :\n", max_size=20),
)
def test_what_the_webui_quotes_comes_back(values: dict[str, str], prompt: str) -> None:
    values = {"Steps": "20"} | values | {"Steps": "20"}
    line = ", ".join(f"{name}: {quoted(value)}" for name, value in values.items())
    assert settings(f"{prompt}\n{line}") == values


@pytest.mark.parametrize(
    ("hashes", "found"),
    [
        ("nasu: 35715b1dcfed", {"nasu": "35715b1dcfed"}),
        (
            "nasu-000002: 35715b1dcfed, line art: 04709277e192",
            {"nasu-000002": "35715b1dcfed", "line art": "04709277e192"},
        ),
        ("茄子: 35715b1dcfed", {"茄子": "35715b1dcfed"}),
        ("", {}),
        (",", {}),
    ],
)
def test_each_lora_has_its_hash(hashes: str, found: dict[str, str]) -> None:
    assert lora_hashes(settings(f"a\nSteps: 20, Lora hashes: {quoted(hashes)}")) == found


def test_without_loras_there_are_no_hashes() -> None:
    assert lora_hashes(settings("a\nSteps: 20")) == {}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_picture_keeps_any_infotext(infotext: str) -> None:
    assert read_infotext(with_infotext(png(), infotext)) == infotext


@pytest.mark.parametrize("infotext", ["café", "ナスみそ\nSteps: 1", "🍆 <lora:nasu:0.8>"])
def test_the_infotext_is_where_the_webui_looks(infotext: str) -> None:
    with Image.open(io.BytesIO(with_infotext(png(), infotext))) as picture:
        assert picture.info == {CHUNK: infotext}


def test_the_pixels_stay_and_everything_else_goes() -> None:
    noise = Image.effect_noise((16, 8), 90).convert("RGB")
    others = PngInfo()
    others.add_text(CHUNK, "an earlier one")
    others.add_itxt("postprocessing", "茄子")
    exif = Image.Exif()
    exif[0x010E] = "secret"
    changed = with_infotext(
        png(noise, pnginfo=others, exif=exif, dpi=(300, 300), icc_profile=b"profile"), "new"
    )
    with Image.open(io.BytesIO(changed)) as picture:
        assert picture.tobytes() == noise.tobytes()
        assert picture.info == {CHUNK: "new"}


def test_equal_pictures_and_texts_give_equal_bytes() -> None:
    assert with_infotext(png(), "a") == with_infotext(with_infotext(png(), "b"), "a")


def test_a_png_without_infotext_has_none() -> None:
    assert read_infotext(png()) == ""


def jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6)).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data", [b"", b"<html>", png()[:-30], png()[:40], png()[8:], jpeg(), b"%!PS-Adobe"]
)
def test_a_file_that_is_no_whole_png_is_told(data: bytes) -> None:
    with pytest.raises(Problem, match="is no PNG, or a damaged one") as error:
        read_infotext(data)
    assert "\n" not in str(error.value)
