"""Small detectors of heads, with the contract of YOLO models, and some that break it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Values = NDArray[np.float32]


def write_detector(
    path: Path,
    output: Values,
    *,
    size: tuple[int | str, int | str] = (64, 64),
    notes: dict[str, str] | None = None,
    dtype: int = TensorProto.FLOAT,
    channels: int = 3,
) -> Path:
    """Write a model that gives `output` for whatever picture (of `size`: height, width)."""
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
            helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
            helper.make_node("Add", ["nothing", "boxes"], ["output0"]),
        ],
        "heads",
        [helper.make_tensor_value_info("images", dtype, [1, channels, *size])],
        [helper.make_tensor_value_info("output0", dtype, [1, *output.shape])],
        [
            numpy_helper.from_array(output[None].astype(np.float32), "boxes"),
            numpy_helper.from_array(np.zeros((), np.float32), "zero"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    given = {"names": "{0: 'head'}"} if notes is None else notes
    helper.set_model_props(model, given)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path


def boxes(*found: Sequence[float]) -> Values:
    """Return boxes (middle, size, a score a class) as YOLOv8 gives them: a column each."""
    return np.array([*found, *[[0] * len(found[0])] * 8], np.float32).T
