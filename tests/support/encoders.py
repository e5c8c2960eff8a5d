"""Small image encoders, with the files of each kind, whose features are the mean colours."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CLIP: dict[str, Any] = {
    "crop_size": {"height": 32, "width": 32},
    "do_center_crop": True,
    "do_convert_rgb": True,
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "feature_extractor_type": "CLIPFeatureExtractor",
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_processor_type": "CLIPImageProcessor",
    "image_std": [0.26862954, 0.26130258, 0.27577711],
    "processor_class": "CLIPProcessor",
    "resample": 3,
    "rescale_factor": 0.00392156862745098,
    "size": {"shortest_edge": 32},
}
"""preprocessor_config.json as it lies beside Xenova's CLIP, but for the sizes."""

STEPS: list[dict[str, Any]] = [
    {"type": "convert_rgb", "force_background": "white"},
    {
        **{"type": "resize", "size": 32, "interpolation": "bicubic"},
        **{"max_size": None, "antialias": True},
    },
    {"type": "center_crop", "size": [32, 32]},
    {"type": "to_tensor"},
    {"type": "normalize", "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]},
]
"""Of preprocessor.json, as imgutils writes it."""


def write_means(
    path: Path,
    results: Sequence[str],
    *,
    size: int | str = "side",
    inputs: Sequence[str] = ("pixel_values",),
    kind: int = TensorProto.FLOAT,
) -> Path:
    """Write a model each of whose results is a picture's mean colour; return its path."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["pixel_values", "axes"], ["raw"], keepdims=0),
            helper.make_node("Mul", ["raw", "weights"], ["means"]),
            *(helper.make_node("Cast", ["means"], [name], to=kind) for name in results),
        ],
        "means",
        [value(name, TensorProto.FLOAT, ["batch_size", 3, size, size]) for name in inputs],
        [value(name, kind, ["batch_size", 3]) for name in results],
        [
            numpy_helper.from_array(np.array([2, 3], np.int64), "axes"),
            numpy_helper.from_array(np.ones(3, np.float32), "weights"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path


def write_clip(folder: Path, **changed: Any) -> Path:
    """Write a CLIP as optimum exports one, in two halves; `changed` is what its file says else."""
    write_means(folder / "onnx" / "vision_model.onnx", ("last_hidden_state", "image_embeds"))
    write_means(folder / "onnx" / "text_model.onnx", ("text_embeds",))
    (folder / "preprocessor_config.json").write_text(json.dumps(CLIP | changed))
    return folder


def write_vision(folder: Path) -> Path:
    """Write the vision half of a CLIP alone, as optimum exports it."""
    write_means(folder / "model.onnx", ("last_hidden_state", "pooler_output"))
    (folder / "preprocessor_config.json").write_text(json.dumps(CLIP))
    return folder


def write_deepghs(folder: Path) -> Path:
    write_means(folder / "image_encode.onnx", ("encodings", "embeddings"))
    (folder / "preprocessor.json").write_text(json.dumps({"stages": STEPS}))
    return folder


def write_ccip(folder: Path) -> Path:
    write_means(folder / "model_feat.onnx", ("output",), size=384)
    write_means(folder / "model_metrics.onnx", ("output",), size=384)
    (folder / "metrics.json").write_text('{"threshold": 0.178}')
    return folder


WRITERS: dict[str, Callable[[Path], Path]] = {
    "CLIP": write_clip,
    "vision of CLIP": write_vision,
    "CLIP of deepghs": write_deepghs,
    "CCIP": write_ccip,
}
