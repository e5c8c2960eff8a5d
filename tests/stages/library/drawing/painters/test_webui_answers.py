"""An answer of a WebUI is a picture as it was ordered, or one line that says what is wrong."""

import base64
import io
import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.drawing.orders import Order
from stages.library.drawing.painters.infotext import settings
from stages.library.drawing.painters.webui_answers import (
    differences,
    full_prompt,
    picture_of,
    wrong_loras,
)
from stages.library.drawing.painters.webui_errors import (
    UnreachableError,
)
from tests.support import drawing

ORDER = replace(drawing.ORDER, width=16, height=24, lora="nasu-35715b1d", lora_hash="35715b1dcfed")


def done(order: Order, **changes: str | None) -> dict[str, str]:
    """Return what a WebUI says that drew as it was ordered, with `changes`; None leaves one out."""
    told: dict[str, str | None] = {
        "Steps": str(order.steps),
        "Sampler": order.sampler,
        "Schedule type": order.scheduler,
        "CFG scale": str(order.cfg_scale),
        "Seed": str(order.seed),
        "Size": f"{order.width}x{order.height}",
        "Model hash": ORDER.checkpoint[:10],
        "Model": "anything-v5",
        "Clip skip": str(order.clip_skip) if order.clip_skip > 1 else None,
        "Lora hashes": f"{order.lora}: {order.lora_hash}" if order.lora else None,
        "Version": "v1.10.1",
    }
    told |= {name.replace("_", " "): value for name, value in changes.items()}
    return {name: value for name, value in told.items() if value is not None}


def infotext(order: Order, **changes: str | None) -> str:
    told = done(order, **changes).items()
    line = ", ".join(f"{k}: {json.dumps(v) if ':' in v else v}" for k, v in told)
    negative = order.negative_prompt and f"\nNegative prompt: {order.negative_prompt}"
    return f"{full_prompt(order)}{negative}\n{line}"


def encoded(picture: Image.Image | None = None, kind: str = "PNG") -> str:
    buffer = io.BytesIO()
    (picture or Image.effect_noise((16, 24), 90).convert("RGB")).save(buffer, kind)
    return base64.b64encode(buffer.getvalue()).decode()


def answer(order: Order = ORDER, image: str | None = None, text: str | None = None) -> Any:
    texts = [infotext(order) if text is None else text]
    info = json.dumps({"infotexts": texts, "seed": order.seed})
    return {"images": [image or encoded()], "parameters": {}, "info": info}


def test_a_picture_as_ordered_is_taken_as_it_is() -> None:
    image = encoded()
    assert picture_of(answer(image=image), ORDER) == (base64.b64decode(image), infotext(ORDER))


@pytest.mark.parametrize(
    "said",
    [
        *({}, [], None, "It works!", 7, {"images": [], "info": "{}"}),
        *({"images": [], "info": '{"infotexts": ["a"]}'}, {"images": ["a"], "info": "null"}),
        *({"images": None, "info": '{"infotexts": ["a"]}'}, {"images": ["a"], "info": "x"}),
        *({"images": [None], "info": '{"infotexts": ["a"]}'}, {"images": ["a"], "info": "[]"}),
        *({"images": ["ä"], "info": '{"infotexts": ["a"]}'}, {"images": ["a"], "info": {}}),
        *({"images": ["%%"], "info": '{"infotexts": ["a"]}'}, {"images": ["a"], "info": None}),
        *({"images": ["YQ=="], "info": '{"infotexts": []}'}, {"images": ["a"]}),
    ],
)
def test_an_answer_without_a_picture_is_told(said: Any) -> None:
    with pytest.raises(Problem, match="answered without a picture and its infotext"):
        picture_of(said, ORDER)


@pytest.mark.parametrize("end", [0, 4, 60, 200])
def test_a_damaged_picture_may_be_sent_again(end: int) -> None:
    half = base64.b64encode(base64.b64decode(encoded())[:end]).decode()
    said = answer()
    said["images"] = [half]
    with pytest.raises(UnreachableError, match="sent a damaged picture"):
        picture_of(said, ORDER)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_picture_that_loses_detail_is_told(kind: str) -> None:
    with pytest.raises(Problem, match=f"sends {kind}, which loses detail; .* images to png"):
        picture_of(answer(image=encoded(kind=kind)), ORDER)


@pytest.mark.parametrize("colour", ["black", "white", (127, 127, 127)])
def test_one_plain_colour_is_no_picture(colour: str | tuple[int, int, int]) -> None:
    plain = encoded(Image.new("RGB", (16, 24), colour))
    with pytest.raises(Problem, match=r"drew one plain colour: .* with --no-half-vae"):
        picture_of(answer(image=plain), ORDER)


def test_a_picture_of_another_size_is_told() -> None:
    large = encoded(Image.effect_noise((32, 48), 90).convert("RGB"))
    with pytest.raises(Problem, match="sent a picture of 32x48 pixels; turn off what resizes"):
        picture_of(answer(image=large), ORDER)


@pytest.mark.parametrize("text", ["", "nasu, ナス", "nasu\nNegative prompt: lowres"])
def test_a_picture_without_settings_is_told(text: str) -> None:
    with pytest.raises(Problem, match="sent no infotext with the picture"):
        picture_of(answer(text=text), ORDER)


@pytest.mark.parametrize(
    "other",
    [
        "nasu, ナス, masterpiece <lora:nasu-35715b1d:0.8>",
        "nasu",
        "nasu, ナス <lora:nasu-35715b1d:1>",
    ],
)
def test_a_picture_of_another_prompt_is_told_with_that(other: str) -> None:
    text = infotext(ORDER).replace(full_prompt(ORDER), other)
    with pytest.raises(Problem, match="drew another prompt: ") as error:
        picture_of(answer(text=text), ORDER)
    told = repr(f"{other} Negative prompt: lowres")
    assert str(error.value) == f"drew another prompt: {told}; an extension changes prompts"


@pytest.mark.parametrize(
    ("asked", "drawn", "told"),
    [
        ("lowres", "lowres, bad hands", " Negative prompt: lowres, bad hands"),
        ("lowres, bad hands", "lowres", " Negative prompt: lowres"),
        ("lowres", "low\nres", " Negative prompt: low res"),
        ("", "lowres", " Negative prompt: lowres"),
        ("lowres", "", ""),
    ],
)
def test_a_picture_of_another_negative_prompt_is_told_with_that(
    asked: str, drawn: str, told: str
) -> None:
    text = infotext(replace(ORDER, negative_prompt=drawn))
    with pytest.raises(Problem, match="drew another prompt: ") as error:
        picture_of(answer(text=text), replace(ORDER, negative_prompt=asked))
    assert repr(f"{full_prompt(ORDER)}{told}") in str(error.value)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("negative", ["lowres", " lowres ", "Steps: 5", "(bad: 1.2), 🍆", "", " "])
def test_a_negative_prompt_is_known_again(negative: str) -> None:
    order = replace(ORDER, negative_prompt=negative)
    text = infotext(replace(ORDER, negative_prompt=negative.strip()))
    assert picture_of(answer(text=text), order)


@pytest.mark.parametrize("prompt", [" nasu ", "nasu ", "Steps: 5, Seed: 9", "a: b, (c:1.2)", "🍆"])
@pytest.mark.parametrize("lora", ["", "nasu-35715b1d"])
def test_a_prompt_is_known_again(prompt: str, lora: str) -> None:
    """The WebUI leaves out what is white at both ends of the infotext."""
    order = replace(ORDER, prompt=prompt, lora=lora)
    assert picture_of(answer(order, text=infotext(order).strip()), order)


def test_a_prompt_of_nothing_but_the_lora_is_known_again() -> None:
    """The WebUI has no space in front of it."""
    order = replace(ORDER, prompt="", lora="nasu-35715b1d")
    assert infotext(order).startswith("<lora:nasu-35715b1d:0.8>")
    assert picture_of(answer(order, text=infotext(order)), order)


def test_what_was_done_as_ordered_is_no_difference() -> None:
    assert differences(ORDER, done(ORDER)) == ""
    assert differences(ORDER, settings(infotext(ORDER))) == ""


@pytest.mark.parametrize(
    ("told", "difference"),
    [
        ({"Steps": "20"}, "Steps 20, not 25"),
        ({"Sampler": "Euler a"}, "Sampler Euler a, not DPM++ 2M"),
        ({"Schedule type": "Automatic"}, "Schedule type Automatic, not Karras"),
        ({"Schedule type": None}, "Schedule type unknown, not Karras"),
        ({"CFG scale": "7.0"}, "CFG scale 7.0, not 7.5"),
        ({"CFG scale": "x"}, "CFG scale x, not 7.5"),
        ({"Seed": "2"}, "Seed 2, not 1"),
        ({"Size": "24x16"}, "Size 24x16, not 16x24"),
        ({"Clip skip": None}, "Clip skip 1, not 2"),
        (
            {"Model hash": "0" * 10},
            f"model anything-v5 [0000000000], not [{ORDER.checkpoint[:10]}]",
        ),
        ({"Steps": "1", "Seed": "9"}, "Steps 1, not 25; Seed 9, not 1"),
    ],
)
def test_a_difference_is_told_with_both_values(
    told: dict[str, str | None], difference: str
) -> None:
    assert differences(ORDER, done(ORDER, **told)) == f"drew otherwise than asked: {difference}"


def test_a_model_that_is_not_told_is_a_difference() -> None:
    found = differences(ORDER, done(ORDER, Model_hash=None, Model=None))
    assert found.startswith("drew otherwise than asked: model")
    assert "  " not in found


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"cfg_scale": 7.0}, {"CFG scale": "7"}),
        ({"cfg_scale": 7.0}, {"CFG scale": "7.0"}),
        ({"clip_skip": 1}, {}),
        ({"clip_skip": 2}, {"Clip skip": "2.0"}),
        ({"scheduler": "Automatic"}, {"Schedule type": "Karras"}),
        ({"scheduler": "Automatic"}, {"Schedule type": None}),
        ({"checkpoint": "other.safetensors [0000000000]"}, {}),
        ({"checkpoint": ""}, {"Model hash": None}),
        ({"lora": "", "lora_hash": ""}, {}),
    ],
)
def test_another_way_to_say_the_same_is_no_difference(
    changes: dict[str, Any], told: dict[str, str | None]
) -> None:
    order = replace(ORDER, **changes)
    assert differences(order, done(order, **told)) == ""


SEEN = [each.name for each in fields(Order) if each.name not in ("prompt", "negative_prompt")]


@given(st.sampled_from([name for name in SEEN if name != "weight"]), st.integers(1, 9))
def test_any_difference_is_seen(name: str, by: int) -> None:
    value = getattr(ORDER, name)
    changes: dict[str, Any] = {name: f"{by:x}{value[1:]}" if isinstance(value, str) else value + by}
    other = replace(ORDER, **changes)
    assert bool(differences(other, done(ORDER))) == (other != ORDER)


@pytest.mark.parametrize(
    ("used", "message"),
    [
        ({}, "drew without the LoRA nasu-35715b1d; what the WebUI prints tells why"),
        ({"nasu": "35715b1dcfed"}, "drew without the LoRA nasu-35715b1d;"),
        ({"nasu-35715b1d": "0" * 12}, "(000000000000, not 35715b1dcfed); is it twice"),
        ({"nasu-35715b1d": "35715b1dcfed", "z": "1", "a": "2"}, "adds the LoRA a to every prompt;"),
    ],
)
def test_loras_that_are_not_the_ordered_one_are_told(used: dict[str, str], message: str) -> None:
    assert message in wrong_loras(ORDER, used)


def test_where_none_was_ordered_none_may_be_used() -> None:
    without = replace(ORDER, lora="", lora_hash="")
    assert wrong_loras(without, {}) == ""
    assert wrong_loras(without, {"nasu": "35715b1dcfed"}).startswith("adds the LoRA nasu to every")
