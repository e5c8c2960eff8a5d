"""The names in a model's file are found wherever they stand, and lead nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from stages.library.common.errors import Problem
from stages.library.tagging.external_data import files_beside, locations
from tests.support.taggers import keep_weights_in, write_tagger


def outside(name: str) -> TensorProto:
    """Return a tensor whose numbers are in another file."""
    tensor = numpy_helper.from_array(np.zeros(2, np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="offset", value="0")
    tensor.external_data.add(key="location", value=name)
    return tensor


def model(**parts: object) -> onnx.ModelProto:
    graph = helper.make_graph([], "g", [], [])
    for name, value in parts.items():
        getattr(graph, name).append(value)
    return helper.make_model(graph)


def in_a_branch(name: str) -> onnx.ModelProto:
    inner = helper.make_graph([], "inner", [], [], [outside(name)])
    return model(node=helper.make_node("If", ["c"], ["o"], then_branch=inner, else_branch=inner))


def in_a_constant(name: str) -> onnx.ModelProto:
    return model(node=helper.make_node("Constant", [], ["o"], value=outside(name)))


def in_tensors(name: str) -> onnx.ModelProto:
    node = helper.make_node("X", [], ["o"])
    node.attribute.append(onnx.AttributeProto(name="t", tensors=[outside(name)]))
    return model(node=node)


def sparse(name: str) -> onnx.ModelProto:
    return model(sparse_initializer=onnx.SparseTensorProto(values=outside(name)))


def in_a_function(name: str) -> onnx.ModelProto:
    whole = model()
    node = helper.make_node("Constant", [], ["o"], value=outside(name))
    whole.functions.append(helper.make_function("d", "f", [], ["o"], [node], []))
    return whole


def in_training(name: str) -> onnx.ModelProto:
    whole = model()
    whole.training_info.add().algorithm.initializer.append(outside(name))
    return whole


PLACES: list[Callable[[str], onnx.ModelProto]] = [
    lambda name: model(initializer=outside(name)),
    *(in_a_branch, in_a_constant, in_tensors, sparse, in_a_function, in_training),
]


@pytest.mark.parametrize("make", PLACES)
@pytest.mark.parametrize("name", ["model.onnx.data", "sub/重み.bin", "../x"])
def test_names_are_found_wherever_they_stand(
    tmp_path: Path, make: Callable[[str], onnx.ModelProto], name: str
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(make(name).SerializeToString())
    assert set(locations(path)) == {name}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 99,
        b"<html>no</html>",
        b"\x3a\xff",
        b"version https://git-lfs\n",
        b"\x3a\x03\x08",
    ],
)
def test_what_is_no_model_names_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.onnx").write_bytes(content)
    assert list(locations(tmp_path / "model.onnx")) == []


def test_depth_needs_no_stack(tmp_path: Path) -> None:
    data = outside("deep").SerializeToString()
    for number in (b"\x2a", *[b"\x32", b"\x2a", b"\x0a"] * 3000, b"\x3a"):  # graphs in attributes
        data = number + varint(len(data)) + data
    (tmp_path / "model.onnx").write_bytes(data)
    assert list(locations(tmp_path / "model.onnx")) == ["deep"]


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def test_only_what_is_there_is_of_the_tagger(tmp_path: Path) -> None:
    folder = write_tagger(tmp_path / "tagger")
    assert files_beside(folder / "model.onnx") == []
    keep_weights_in(folder, "sub/weights.bin")
    (folder / "README.md").write_text("notes")
    assert files_beside(folder / "model.onnx") == ["sub/weights.bin"]
    (folder / "sub" / "weights.bin").unlink()
    assert files_beside(folder / "model.onnx") == []


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "link/x", "../tagger2/x"])
def test_weights_from_outside_are_refused(tmp_path: Path, name: str) -> None:
    folder = write_tagger(tmp_path / "tagger")
    (tmp_path / "tagger2").mkdir()
    (folder / "link").symlink_to(tmp_path)
    (folder / "model.onnx").write_bytes(model(initializer=outside(name)).SerializeToString())
    with pytest.raises(Problem, match=r"params\.yaml, tagger\.model: .* outside of its folder"):
        files_beside(folder / "model.onnx")


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "../../../blobs/x", "link/x"])
def test_links_into_the_hubs_cache_lead_nowhere_else(tmp_path: Path, name: str) -> None:
    cache = tmp_path / "models--nasu--wd"
    folder = cache / "snapshots" / "3fa9c1d2" / "v2"
    folder.mkdir(parents=True)
    (cache / "blobs").mkdir()
    for file, content in {"model.onnx": "weights", "weights": ""}.items():
        blob = cache / "blobs" / f"of-{file}"
        blob.write_bytes(model(initializer=outside(content)).SerializeToString())
        (folder / file).symlink_to(f"../../../blobs/of-{file}")
    (folder / "link").symlink_to(tmp_path)
    assert files_beside(folder / "model.onnx") == ["weights"]
    (folder / "model.onnx").write_bytes(model(initializer=outside(name)).SerializeToString())
    with pytest.raises(Problem, match="outside of its folder"):
        files_beside(folder / "model.onnx")
