"""Small taggers of every family, whose scores tell the colour of a picture."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

COLOURS = ("red_theme", "green_theme", "blue_theme")
"""The first three tags of each: what the model sees in that colour's place."""

STEEP = 8.0
"""Of a logit, from one end of a colour to the other, is so much twice."""

PAD: dict[str, Any] = {"type": "pad_to_size", "size": [64, 64], "background_color": "white"}
TEST: list[dict[str, Any]] = [
    {**PAD, "interpolation": "bilinear"},
    {"type": "resize", "size": 32, "interpolation": "bicubic", "max_size": None, "antialias": True},
    {"type": "center_crop", "size": [32, 32]},
    {"type": "maybe_to_tensor"},
    {"type": "normalize", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
]
"""As animetimm's preprocess.json has it, but for the sizes."""

STAGES: list[dict[str, Any]] = [
    {"type": "resize", "size": [32, 32], "interpolation": "bilinear"},
    {"type": "to_tensor"},
    {"type": "normalize", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
]
"""As PixAI's v0.9 has it."""


def write_seer(
    path: Path,
    size: int | str,
    tags: int,
    outputs: dict[str, str],
    *,
    low: float = -1,
    bgr: bool = False,
    batch: int | str = "N",
    given: str = "input",
) -> Path:
    """Write a model (NCHW) whose first three logits are the mean of red, green, blue; return it.

    Colours go from `low` to 1; of the other tags one is sure, the rest are not. `outputs` says of
    each what it gives: `logits`, `probabilities`, or `noise`.
    """
    weights = np.zeros((3, tags), np.float32)
    steep = 2 * STEEP / (1 - low)
    weights[[2, 1, 0] if bgr else [0, 1, 2], [0, 1, 2]] = steep
    bias = np.full(tags, -STEEP, np.float32)
    bias[:3], bias[3:4] = STEEP - steep, STEEP
    kinds = {"logits": "Identity", "probabilities": "Sigmoid", "noise": "Neg"}
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", [given, "axes"], ["mean"], keepdims=0),
            helper.make_node("MatMul", ["mean", "weights"], ["weighted"]),
            helper.make_node("Add", ["weighted", "bias"], ["sum"]),
            *(helper.make_node(kinds[kind], ["sum"], [name]) for name, kind in outputs.items()),
        ],
        "colours",
        [value(given, TensorProto.FLOAT, [batch, 3, size, size])],
        [value(name, TensorProto.FLOAT, [batch, tags]) for name in outputs],
        [
            numpy_helper.from_array(np.array([2, 3], np.int64), "axes"),
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(bias, "bias"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path


def write_list(path: Path, rows: Iterable[tuple[str, int]], **more: Iterable[Any]) -> None:
    """Write a list of tags and categories, with `more` columns."""
    lines = [",".join(["id", "name", "category", *more])]
    for number, ((name, kind), *others) in enumerate(zip(rows, *more.values(), strict=True)):
        lines.append(",".join(map(str, [number, name, kind, *others])))
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def write_json(path: Path, facts: Any) -> None:
    path.write_text(json.dumps(facts), encoding="utf-8")


THREE = {"embedding": "noise", "logits": "logits", "prediction": "probabilities"}
MORE = [("miku", 4), ("general", 9)]


def write_timm(folder: Path) -> Path:
    tags = [(name, 0) for name in COLOURS] + MORE
    write_seer(folder / "model.onnx", 32, 5, THREE, low=-2)
    write_list(folder / "selected_tags.csv", tags, best_threshold=[0.2, 0.3, 0.4, 0.5, 0.6])
    write_json(folder / "preprocess.json", {"test": TEST, "val": TEST})
    kinds = [{"category": 0, "name": "general"}, {"category": 4, "name": "character"}]
    write_json(folder / "categories.json", [*kinds, {"category": 9, "name": "rating"}])
    (folder / "thresholds.csv").write_text(
        "category,name,alpha,threshold\n0,general,1.0,0.39\n4,character,1.0,0.47\n0,general,2,0.9\n"
    )
    return folder


def write_pixai_v0_9(folder: Path) -> Path:
    tags = [(name, 0) for name in COLOURS] + [("miku", 4)]
    write_seer(folder / "model.onnx", 32, 4, THREE)
    write_list(folder / "selected_tags.csv", tags, ips=["[]"] * 4)
    write_json(folder / "preprocess.json", {"stages": STAGES})
    (folder / "thresholds.csv").write_text(
        "category,name,threshold\n0,general,0.3\n4,character,0.85\n"
    )
    return folder


SPLIT = [("general", [*COLOURS]), ("character", ["miku"]), ("style", ["nasu"])]
SPLIT += [("copyright", ["vocaloid"]), ("meta", ["highres"]), ("rating", ["rating:g", "rating:e"])]


def write_pixai_v1_0(folder: Path) -> Path:
    write_seer(folder / "model.onnx", 48, 9, {"logits": "logits"}, given="pixel_values")
    facts = {
        "model_type": "cls_vitdet",
        "tags": [tag for _, part in SPLIT for tag in part],
        "tags_split": [[name, len(part)] for name, part in SPLIT],
        "category_best_threshold": {"general": 0.2, "rating": 0.5},
    }
    write_json(folder / "config.json", facts)
    return folder


def write_cl_tagger_v1(folder: Path) -> Path:
    kinds = ["General", "General", "General", "Character", "Rating", "Quality", "Model"]
    names = [*COLOURS, "miku", "sensitive", "best quality", "sdxl"]
    write_seer(folder / "model.onnx", 32, 7, {"output": "logits"}, bgr=True)
    told = {
        str(number): {"tag": tag, "category": kind}
        for number, (tag, kind) in enumerate(zip(names, kinds, strict=True))
    }
    write_json(folder / "tag_mapping.json", told)
    return folder


def write_cl_tagger_v2(folder: Path) -> Path:
    kinds = ["General", "General", "General", "Character", "Rating"]
    names = ["red theme", "green theme", "blue theme", "miku", "explicit"]
    write_seer(folder / "model.onnx", 32, 5, {"logits": "logits"}, given="pixel_values")
    told = {
        "idx_to_tag": {str(number): name for number, name in enumerate(names)},
        "tag_to_category": dict(zip(names, kinds, strict=True)),
    }
    write_json(folder / "model_vocabulary.json", told)
    return folder


TWO = {"initial_predictions": "noise", "refined_predictions": "logits", "candidates": "noise"}


def camie_tags() -> dict[str, dict[str, str]]:
    names = [*COLOURS, "miku", "rating_explicit", "year_2024", "nasu"]
    kinds = ["general", "general", "general", "character", "rating", "year", "artist"]
    return {
        "idx_to_tag": {str(number): name for number, name in enumerate(names)},
        "tag_to_category": dict(zip(names, kinds, strict=True)),
    }


def write_camie_v2(folder: Path) -> Path:
    write_seer(folder / "camie-tagger-v2.onnx", 32, 7, TWO, low=-2)
    facts = {"model_info": {"img_size": 32}, "dataset_info": {"tag_mapping": camie_tags()}}
    write_json(folder / "camie-tagger-v2-metadata.json", facts)
    return folder


def write_camie_v1(folder: Path) -> Path:
    write_seer(folder / "model_initial.onnx", 32, 7, {"initial_predictions": "logits"}, low=0)
    write_json(folder / "model_initial_metadata.json", camie_tags())
    return folder


def write_camie_of_deepghs(folder: Path) -> Path:
    outputs = {"initial/output": "noise", "logits": "noise", "output": "probabilities"}
    write_seer(folder / "model.onnx", 32, 5, outputs, low=0)
    write_seer(folder / "model_initial_only.onnx", 32, 5, {"output": "noise"})
    write_list(folder / "selected_tags.csv", [*((name, 0) for name in COLOURS), *MORE])
    pad = {**PAD, "size": [32, 32], "background_color": [0, 0, 0], "interpolation": "lanczos"}
    write_json(folder / "preprocess.json", {"stages": [pad, {"type": "to_tensor"}]})
    kinds = {"general": 0.31, "character": 0.42}
    write_json(
        folder / "threshold.json",
        {kind: {"balanced": {"threshold": value}} for kind, value in kinds.items()},
    )
    return folder


def write_ml_danbooru(folder: Path) -> Path:
    write_seer(folder / "ml_caformer.onnx", "side", 4, {"output": "logits"}, low=0, batch=1)
    (folder / "tags.csv").write_text("tag\n" + "".join(f"{tag}\n" for tag in (*COLOURS, "solo")))
    return folder


WRITERS: dict[str, Callable[[Path], Path]] = {
    "animetimm": write_timm,
    "PixAI-v0.9": write_pixai_v0_9,
    "PixAI-v1.0": write_pixai_v1_0,
    "cl_tagger-v1": write_cl_tagger_v1,
    "cl_tagger-v2": write_cl_tagger_v2,
    "Camie-v2": write_camie_v2,
    "Camie-v1": write_camie_v1,
    "Camie-v1 of deepghs": write_camie_of_deepghs,
    "ML-Danbooru": write_ml_danbooru,
}
"""What writes a tagger of each family into a folder, WD14's apart."""
