"""Small taggers with the files and the contract of a WD14 folder, and some that break it."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data

TAGS = [
    ("general", 9),
    ("sensitive", 9),
    ("blue_theme", 0),
    ("green_theme", 0),
    ("red_theme", 0),
    ("<o>_<o>", 0),
    ("miku_(cosplay)", 4),
]
"""Name and category; the scores are below."""


def write_tagger(
    folder: Path,
    *,
    batch: int | str = "N",
    channels_first: bool = False,
    size: int | str | tuple[int | str, int | str] = 448,
    tags: list[tuple[str, int]] = TAGS,
    declared: int | str | None = None,
    scale: float = 1,
    dtype: int = TensorProto.FLOAT,
    more_inputs: int = 0,
    outputs: tuple[str, ...] = ("output",),
    most: int = 0,
) -> Path:
    """Write a tagger whose scores tell the colour of a picture, and return its folder.

    The mean blue, green and red of the picture, each 0 to 1, are the scores of the tags named
    so; `general` is always 0.6, `sensitive` 0.4, `<o>_<o>` 0.5 and the character 0.9. All are
    multiplied by `scale`. It says that it gives `declared` scores, if that is given. It fails
    with more than `most` pictures at a time, if that is given.
    """
    sides = size if isinstance(size, tuple) else (size, size)
    shape = [batch, 3, *sides] if channels_first else [batch, *sides, 3]
    axes = [2, 3] if channels_first else [1, 2]
    weights = np.zeros((3, len(tags)), np.float32)
    weights[[0, 1, 2], [2, 3, 4]] = scale / 255
    bias = np.zeros(len(tags), np.float32)
    bias[[0, 1, 5, 6]] = np.array([0.6, 0.4, 0.5, 0.9]) * scale
    scores = [batch, len(tags) if declared is None else declared]
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["input"], ["picture"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["picture", "axes"], ["mean"], keepdims=0),
            helper.make_node("MatMul", ["mean", "weights"], ["weighted" if not most else "free"]),
            *(limit() if most else []),
            *(helper.make_node("Add", ["weighted", "bias"], [name]) for name in outputs),
        ],
        "colours",
        [
            helper.make_tensor_value_info("input", dtype, shape),
            *(
                helper.make_tensor_value_info(f"input{number}", TensorProto.FLOAT, [1])
                for number in range(more_inputs)
            ),
        ],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, scores) for name in outputs],
        [
            numpy_helper.from_array(np.array(axes, np.int64), "axes"),
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(bias, "bias"),
            numpy_helper.from_array(np.zeros(most, np.float32), "nothing"),
            numpy_helper.from_array(np.array(-1, np.int64), "less"),
        ],
    )
    write_model(folder, graph)
    write_tag_list(folder, tags)
    return folder


def limit() -> list[onnx.NodeProto]:
    """Return nodes that add nothing, looked up in a list with an entry for each picture allowed."""
    return [
        helper.make_node("Shape", ["free"], ["shape"], start=0, end=1),
        helper.make_node("Add", ["shape", "less"], ["last"]),
        helper.make_node("Gather", ["nothing", "last"], ["zero"]),
        helper.make_node("Add", ["free", "zero"], ["weighted"]),
    ]


def keep_weights_in(
    folder: Path, name: str, weights: bytes = b"", model_name: str = "model.onnx"
) -> None:
    """Take the weights out of a model in a folder, into a file beside it; or others."""
    model = onnx.load(folder / model_name, load_external_data=False)
    (tensor,) = (each for each in model.graph.initializer if each.name == "weights")
    data = weights or tensor.raw_data
    set_external_data(tensor, location=name, offset=0, length=len(data))
    tensor.ClearField("raw_data")
    (folder / model_name).write_bytes(model.SerializeToString())
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def write_flat_tagger(folder: Path) -> Path:
    """Write a model that takes a flat list of numbers, and return its folder."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Identity", ["input"], ["output"])],
        "flat",
        [value("input", TensorProto.FLOAT, ["N", len(TAGS)])],
        [value("output", TensorProto.FLOAT, ["N", len(TAGS)])],
    )
    write_model(folder, graph)
    write_tag_list(folder, TAGS)
    return folder


def write_grey_tagger(folder: Path) -> Path:
    """Write a model that takes pictures without colour, and return its folder."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Identity", ["input"], ["output"])],
        "grey",
        [value("input", TensorProto.FLOAT, ["N", 448, 448, 1])],
        [value("output", TensorProto.FLOAT, ["N", 448, 448, 1])],
    )
    write_model(folder, graph)
    write_tag_list(folder, TAGS)
    return folder


def write_classifier(folder: Path) -> Path:
    """Write a model that gives the number of a class, and return its folder."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("ArgMax", ["input"], ["class"], axis=3, keepdims=0)],
        "class",
        [value("input", TensorProto.FLOAT, ["N", 448, 448, 3])],
        [value("class", TensorProto.INT64, ["N", 448, 448])],
    )
    write_model(folder, graph)
    write_tag_list(folder, TAGS)
    return folder


def write_model(folder: Path, graph: onnx.GraphProto) -> None:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")


def write_tag_list(folder: Path, tags: list[tuple[str, int]]) -> Path:
    quoted = [(name.replace('"', '""'), kind) for name, kind in tags]
    lines = [f'{number},"{name}",{kind},0' for number, (name, kind) in enumerate(quoted)]
    text = "\n".join(["tag_id,name,category,count", *lines, ""])
    path = folder / "selected_tags.csv"
    path.write_text(text, encoding="utf-8")
    return path


def write_seeing_tagger(folder: Path, size: int = 64, cells: int = 8, features: int = 96) -> Path:
    """Write a tagger that sees where which colours are, and return its folder.

    Its features are chance's mixtures of the colours of `cells` x `cells` parts of the picture;
    its tags, chance's mixtures of these.
    """
    chance = np.random.default_rng(0)
    seen = cells * cells * 3
    mixed = chance.normal(size=(seen, features)) * 4 / np.sqrt(seen)
    named = chance.normal(size=(features, len(TAGS))) * 3 / np.sqrt(features)
    constants = {
        "middle": np.array(127.5, np.float32),
        "flat": np.array([-1, seen], np.int64),
        "mixed": mixed.astype(np.float32),
        "named": named.astype(np.float32),
    }
    kernel = [size // cells] * 2
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [
            helper.make_node("Transpose", ["input"], ["colours first"], perm=[0, 3, 1, 2]),
            helper.make_node("Sub", ["colours first", "middle"], ["centred"]),
            helper.make_node("Div", ["centred", "middle"], ["scaled"]),
            helper.make_node(
                "AveragePool", ["scaled"], ["pooled"], kernel_shape=kernel, strides=kernel
            ),
            helper.make_node("Reshape", ["pooled", "flat"], ["row"]),
            helper.make_node("MatMul", ["row", "mixed"], ["mixture"]),
            helper.make_node("Relu", ["mixture"], ["features"]),
            helper.make_node("MatMul", ["features", "named"], ["logits"]),
            helper.make_node("Sigmoid", ["logits"], ["output"]),
        ],
        "parts",
        [value("input", TensorProto.FLOAT, ["N", size, size, 3])],
        [value("output", TensorProto.FLOAT, ["N", len(TAGS)])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    write_model(folder, graph)
    write_tag_list(folder, TAGS)
    return folder
