"""Where a model's features are is found in its file, whatever program has written it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from stages.library.tagging.layers import features_in, read_layers, with_result
from stages.library.tagging.model_files import BUILTIN, MODEL

TAGS, WIDTH = 9, 5

Result = tuple[str, Sequence[int | str] | None]
"""Its name, and the sides that it has if the file tells."""


def weights(*shape: int) -> onnx.TensorProto:
    return numpy_helper.from_array(np.ones(shape, np.float32), "weights")


def write(
    folder: Path,
    nodes: Sequence[onnx.NodeProto],
    *tensors: onnx.TensorProto,
    results: Sequence[Result] = (("tags", ["N", TAGS]),),
) -> Path:
    """Write a model that makes a row `means` of each picture, and goes on with `nodes`."""
    value = helper.make_tensor_value_info
    axes = numpy_helper.from_array(np.array([2, 3], np.int64), "axes")
    width = numpy_helper.from_array(np.ones((3, WIDTH), np.float32), "first")
    begin = [
        helper.make_node("ReduceMean", ["picture", "axes"], ["colours"], keepdims=0),
        helper.make_node("MatMul", ["colours", "first"], ["means"]),
    ]
    graph = helper.make_graph(
        [*begin, *nodes],
        "graph",
        [value("picture", TensorProto.FLOAT, ["N", 3, 8, 8])],
        [value(name, TensorProto.FLOAT, shape) for name, shape in results],
        [axes, width, *tensors],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    folder.mkdir(exist_ok=True)
    path = folder / "model.onnx"
    onnx.save(model, path)
    return path


def place(path: Path, output: str = "tags") -> str:
    """Return where the features are; it is one that onnxruntime can give, too."""
    found = features_in(read_layers(path), output, TAGS)
    if found and found not in read_layers(path).outputs:
        session = onnxruntime.InferenceSession(with_result(path, found))
        pictures = np.ones((2, 3, 8, 8), np.float32)
        results = session.run([output, found], {"picture": pictures})
        assert [len(result) for result in results] == [2, 2]
        assert results[1].shape == (2, WIDTH)
    return found


node = helper.make_node
SIGMOID = node("Sigmoid", ["sum"], ["tags"])


def test_of_keras_and_torch(tmp_path: Path) -> None:
    keras = [node("MatMul", ["means", "weights"], ["dot"]), node("Add", ["dot", "b"], ["sum"])]
    bias = numpy_helper.from_array(np.ones(TAGS, np.float32), "b")
    assert place(write(tmp_path, [*keras, SIGMOID], weights(WIDTH, TAGS), bias)) == "means"
    torch = [node("Gemm", ["means", "weights", "b"], ["sum"], transB=1)]
    assert place(write(tmp_path, [*torch, SIGMOID], weights(TAGS, WIDTH), bias)) == "means"


@pytest.mark.parametrize("kind", ["Identity", "Cast", "Transpose"])
def test_weights_may_go_through_layers_of_their_own(tmp_path: Path, kind: str) -> None:
    settings: dict[str, dict[str, Any]] = {
        "Cast": {"to": TensorProto.FLOAT},
        "Transpose": {"perm": [1, 0]},
    }
    shape = (TAGS, WIDTH) if kind == "Transpose" else (WIDTH, TAGS)
    nodes = [
        node(kind, ["weights"], ["w"], **settings.get(kind, {})),
        node("MatMul", ["means", "w"], ["tags"]),
    ]
    assert place(write(tmp_path, nodes, weights(*shape))) == "means"


def test_weights_may_be_a_constant(tmp_path: Path) -> None:
    nodes = [
        node("Constant", [], ["w"], value=weights(WIDTH, TAGS)),
        node("MatMul", ["means", "w"], ["tags"]),
    ]
    assert place(write(tmp_path, nodes)) == "means"


def test_the_last_layer_for_the_tags_is_meant_and_no_layer_of_others(tmp_path: Path) -> None:
    """As Camie's: the tags of a first look are looked at again, and other layers follow them."""
    nodes = [
        node("Gemm", ["means", "weights"], ["first_look"]),
        node("Gemm", ["first_look", "back"], ["again"]),
        node("Relu", ["again"], ["second"]),
        node("Gemm", ["second", "weights"], ["raw"]),
        node("Clip", ["raw"], ["tags"]),
    ]
    back = numpy_helper.from_array(np.ones((TAGS, WIDTH), np.float32), "back")
    path = write(tmp_path, nodes, weights(WIDTH, TAGS), back)
    assert place(path) == "second"
    assert features_in(read_layers(path), "first_look", TAGS) == "means"


def test_a_row_for_each_part_of_a_picture_is_none_for_the_picture(tmp_path: Path) -> None:
    parts = [
        node("Unsqueeze", ["means", "one"], ["parts"]),
        node("MatMul", ["parts", "weights"], ["of_parts"]),
        node("ReduceMax", ["of_parts", "one"], ["tags"], keepdims=0),
    ]
    one = numpy_helper.from_array(np.array([1], np.int64), "one")
    assert place(write(tmp_path, parts, weights(WIDTH, TAGS), one)) == ""


def test_a_result_called_embedding_is_taken(tmp_path: Path) -> None:
    nodes = [
        node("MatMul", ["means", "weights"], ["tags"]),
        node("Relu", ["means"], ["embedding"]),
    ]
    tags: Result = ("tags", ["N", TAGS])
    both: list[Result] = [tags, ("embedding", ["N", WIDTH])]
    assert place(write(tmp_path, nodes, weights(WIDTH, TAGS), results=both)) == "embedding"
    untold: list[Result] = [tags, ("embedding", None)]
    assert place(write(tmp_path, nodes, weights(WIDTH, TAGS), results=untold)) == "means"


def test_where_there_is_none_nothing_is_found(tmp_path: Path) -> None:
    """The builtin tagger has rules for weights; another has weights for other tags."""
    layers = read_layers(BUILTIN / MODEL)
    assert layers.outputs == {"scores": 2}
    assert features_in(layers, "scores", 40) == ""
    assert features_in(layers, "no such", 40) == ""
    nodes = [node("MatMul", ["means", "weights"], ["tags"])]
    assert place(write(tmp_path, nodes, weights(WIDTH, TAGS + 1))) == ""


def test_a_circle_has_an_end(tmp_path: Path) -> None:
    nodes = [
        node("Add", ["a", "means"], ["b"]),
        node("Add", ["b", "means"], ["a"]),
        node("Transpose", ["w"], ["v"]),
        node("Transpose", ["v"], ["w"]),
        node("MatMul", ["a", "w"], ["tags"]),
    ]
    assert features_in(read_layers(write(tmp_path, nodes)), "tags", TAGS) == ""


@pytest.mark.parametrize(
    "content", [b"", b"\xff" * 99, b"<html>no</html>", b"\x3a\xff", b"\x3a\x03\x0a\x7f\x00"]
)
def test_what_is_no_model_has_no_layers(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    assert read_layers(path).outputs == {}


def test_the_rest_of_the_file_stays_as_it_is(tmp_path: Path) -> None:
    nodes = [node("MatMul", ["means", "weights"], ["tags"])]
    path = write(tmp_path, nodes, weights(WIDTH, TAGS))
    model = onnx.load_model_from_string(with_result(path, "means"))
    assert [each.name for each in model.graph.output] == ["tags", "means"]
    del model.graph.output[1]
    assert model == onnx.load(path)
