"""The figures of test pictures, and their page as text; tests/browser opens it."""

import hashlib
import re
from base64 import b64encode
from dataclasses import replace
from html import unescape
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.library.drawing.gallery import FOLDER, HEATS, heat, render
from stages.library.drawing.recall import (
    Drawn,
    Gallery,
)
from tests.stages.library.common.test_html import HOSTILE
from tests.stages.library.report.test_page import data_of

TAGS = ["long_hair", "eggplant", "smile", "apron"]


SIZE = (64, 96)


def made(
    *,
    prompts: int = 2,
    epochs: dict[str, int] | None = None,
    weights: tuple[float, ...] = (0.6, 0.8),
    seeds: tuple[int, ...] = (1, 2),
    expected: list[list[str]] | None = None,
    **others: Any,
) -> Gallery:
    """Return a gallery in which the n-th picture has the first n % 5 of its expected tags."""
    epochs = {"last": 10} if epochs is None else epochs
    texts = [f"nasumiso_style, prompt {number}" for number in range(1, prompts + 1)]
    expected = [TAGS] * prompts if expected is None else expected
    pictures = [
        Drawn(
            name=f"{prompt:02}_{epoch}_w{weight}_s{seed}.png",
            prompt=prompt,
            epoch=epoch,
            weight=weight,
            seed=seed,
            infotext=f"{texts[prompt - 1]} <lora:nasumiso_v1:{weight}>\nSteps: 20, Seed: {seed}",
            found=frozenset(expected[prompt - 1][: number % 5]),
        )
        for number, (prompt, epoch, weight, seed) in enumerate(
            product(range(1, prompts + 1), epochs, weights, seeds)
        )
    ]
    gallery = Gallery(
        name="nasumiso_v1",
        trigger="nasumiso_style",
        prompts=texts,
        negative_prompt="worst quality",
        epochs=epochs,
        weights=list(weights),
        seeds=list(seeds),
        pictures=pictures,
        settings={"Model": "v1-5", "Sampler": "Euler a"},
        subject={"1girl": 1.0, **{tag: 0.9 - place / 10 for place, tag in enumerate(TAGS)}},
        expected=expected,
        japanese={"long_hair": "長い髪", "1girl": "女の子1人"},
        tagger="SmilingWolf/wd-vit-tagger-v3@abc",
        builtin=False,
        threshold=0.35,
        papers={"run": "0123456789ab", "base model": "v1-5.safetensors"},
    )
    return replace(gallery, **others)


def html(gallery: Gallery) -> str:
    """Return the page of a gallery whose pictures all have one size."""
    return render(gallery, {picture.name: SIZE for picture in gallery.pictures})


def text_of(page: str) -> str:
    """Return the text of a page's body, without its tags and scripts."""
    body = re.sub(r"<script.*?</script>", "", page.split("<body>")[1], flags=re.DOTALL)
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", body)))


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_heat(count: tuple[int, int]) -> None:
    assert (heat(count) == 0) == (count[0] == 0)
    assert (heat(count) == HEATS) == (count[0] > count[1] * (HEATS - 1) / HEATS)
    assert f".h{heat(count)} " in (FOLDER / "gallery.css").read_text("utf-8")


def test_same_gallery_same_bytes() -> None:
    assert html(made()) == html(made())


def test_page_loads_pictures_from_beside_it_only() -> None:
    page = html(made())
    found = re.findall(r"""\b(?:src|href)=["']([^"']*)""", page)
    others = {address for address in found if not re.fullmatch(r"images/[\w.]+\.png", address)}
    assert others == {"data:,", "#prompt-1", "#prompt-2", "#tags", "#papers"}
    assert not re.search(r"@import|url\(|\bimport\b|fetch\(|XMLHttpRequest|https?:", page)
    assert unescape(page).count("default-src 'none'; img-src data: file: 'self'; style-src") == 1


def test_policy_allows_exactly_the_style_and_the_script_of_the_page() -> None:
    page = html(made())
    for name in ("style", "script"):
        [text] = re.findall(f"<{name}>(.*?)</{name}>", page, re.DOTALL)
        digest = b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}';" in unescape(page)
    assert " style=" not in page
    assert not re.search(r"\son\w+=", page)


def test_pictures_have_their_size_so_that_nothing_jumps() -> None:
    gallery = made(prompts=1, seeds=(1,), weights=(0.6, 0.8))
    names = [picture.name for picture in gallery.pictures]
    page = render(gallery, {names[0]: (64, 96), names[1]: (128, 32)})
    assert re.findall(r'<img src="images/.*?" width="(\d+)" height="(\d+)"', page) == [
        ("64", "96"),
        ("128", "32"),
    ]
    assert ":root { --columns: 2; --wide: 128; --high: 96; }" in page


def test_hostile_texts_are_texts_only() -> None:
    names = [name for name in HOSTILE if name != "\ud800"]
    plain = made()
    gallery = made(
        name=names[0],
        trigger=names[5],
        prompts=2,
        expected=[names, names[:2]],
        negative_prompt=names[10],
        subject=dict.fromkeys(names, 0.5),
        japanese=dict.fromkeys(names[:3], "<b>日本</b>"),
        settings=dict(zip(names, reversed(names), strict=True)),
        papers=dict(zip(names, reversed(names), strict=True)),
        tagger=names[3],
    )
    gallery = replace(
        gallery,
        prompts=[names[0], names[9]],
        pictures=[replace(p, infotext="\n".join(HOSTILE)) for p in gallery.pictures],
    )
    page = html(gallery)
    for tag in ("<script", "<img", "<b>日本", "<i>"):
        assert page.count(tag) == html(plain).count(tag)
    data = data_of(page)
    assert {picture["infotext"] for picture in data["pictures"]} == {"\n".join(HOSTILE)}
    assert dict(data["japanese"]) == dict.fromkeys(names[:3], "<b>日本</b>")
    text = text_of(page)
    assert all(" ".join(name.split()) in text for name in names if name != "a\nb\r\nc\x00\x07")


def test_data_says_what_was_found_and_missed() -> None:
    gallery = made()
    third = data_of(html(gallery))["pictures"][2]
    assert third == {
        "infotext": gallery.pictures[2].infotext,
        "found": ["long_hair", "eggplant"],
        "missing": ["smile", "apron"],
    }


def test_names_of_files_are_quoted() -> None:
    gallery = made(prompts=1, seeds=(1,), weights=(0.6,))
    gallery = replace(gallery, pictures=[replace(gallery.pictures[0], name='a "#1?%.png')])
    assert html(gallery).count('"images/a%20%22%231%3F%25.png"') == 2


def test_page_says_how_many_pictures_a_figure_rests_on() -> None:
    assert "rests on 2 pictures under a prompt, and on 4 here." in text_of(html(made()))
    assert "under a prompt, and on 2 here." in text_of(html(made(expected=[TAGS, []])))
    assert "rests on 1 picture under a prompt, and on 1 here." in text_of(
        html(made(prompts=1, seeds=(1,)))
    )


def test_page_without_expected_tags_says_so_in_a_sentence() -> None:
    text = text_of(html(made(expected=[[], []])))
    assert "There is nothing to count" in text
    assert "rests on" not in text
    assert "/ 0" not in text


@pytest.mark.parametrize("builtin", [True, False])
def test_page_says_if_the_tagger_sees_only_colours(builtin: bool) -> None:
    assert ("tagger.model" in text_of(html(made(builtin=builtin)))) == builtin


@pytest.mark.parametrize(
    ("epochs", "label"),
    [
        ({"last": 10}, "epoch 10 最後last"),
        ({"last": 0}, "最後のエポックlast epoch"),
        ({"e000003": 3, "last": 0}, "epoch 3 "),
        ({"e000003": 0, "last": 10}, "e000003"),
    ],
)
def test_labels_of_epochs(epochs: dict[str, int], label: str) -> None:
    assert label in text_of(html(made(epochs=epochs)))


def test_weight_0_is_without_the_lora() -> None:
    assert "weight 0.0 LoRA なしno LoRA" in text_of(html(made(weights=(0.0, 0.8))))
    assert "no LoRA" not in text_of(html(made()))


def test_page_offers_no_choice_where_there_is_none() -> None:
    one = html(made(prompts=1, seeds=(1,), weights=(0.8,)))
    for name in ("seed", "size"):
        assert f'name="{name}"' not in one
    assert 'id="flip"' not in one
    assert 'class="most"' not in one
    many = html(made(seeds=(1, 2), epochs={"e000001": 1, "last": 2}))
    assert many.count('name="seed"') == 3
    assert many.count('name="size"') == 2
