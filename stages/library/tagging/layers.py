"""The layers of a model, read off its file: onnxruntime tells neither them nor what is between.

The package onnx would: it is large, and has all of a model in memory to tell it.
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

import mmap
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from stages.library.tagging.protobuf import LENGTH, Buffer, fields, messages, packed, varint

GRAPH, NODE, WEIGHT, OUTPUT = 7, 1, 5, 12
"""Numbers of fields: of a model, then of its graph."""

EMBEDDINGS = ("embedding", "embeddings")
"""Results that are features already: PixAI's, animetimm's and Camie's of deepghs."""

OF_EACH = frozenset(
    {
        *("Add", "Cast", "Clip", "Div", "HardSigmoid", "Identity", "Mul", "ScatterElements"),
        *("ScatterND", "Sigmoid", "Softmax", "Sub", "Where"),
    }
)
"""Layers that keep the number of dimensions."""

SAME_WEIGHTS = frozenset({"Cast", "DequantizeLinear", "Identity", "Transpose"})
"""Layers that weights may go through before they are used."""


@dataclass(frozen=True)
class Node:
    """One layer."""

    kind: str
    inputs: list[str]
    outputs: list[str]
    constant: list[int]  # shape of the numbers that it holds itself


@dataclass(frozen=True)
class Layers:
    """What a model computes."""

    made_by: dict[str, Node] = field(default_factory=dict)  # by the names of what they make
    weights: dict[str, list[int]] = field(default_factory=dict)  # their shapes, by name
    outputs: dict[str, int] = field(default_factory=dict)  # the dimensions of each result, if told


def read_layers(model: Path) -> Layers:
    """Return the layers that an ONNX file tells of; none for what is no such file."""
    layers = Layers()
    if not model.stat().st_size:
        return layers
    with model.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            for number, at, to in messages(data, 0, len(data)):
                if number == GRAPH:
                    read_graph(layers, data, at, to)
        except (IndexError, ValueError):
            return Layers()  # cut off, or no protobuf: onnxruntime will say so
    return layers


def read_graph(layers: Layers, data: Buffer, start: int, end: int) -> None:
    """Add the layers that a graph tells of."""
    for number, at, to in messages(data, start, end):
        if number == NODE:
            node = node_of(data, at, to)
            layers.made_by.update(dict.fromkeys(node.outputs, node))
        elif number == WEIGHT:
            name, shape = tensor_of(data, at, to)
            layers.weights[name] = shape
        elif number == OUTPUT:
            name, dimensions = result_of(data, at, to)
            layers.outputs[name] = dimensions


def node_of(data: Buffer, start: int, end: int) -> Node:
    """Return what a NodeProto says."""
    texts: dict[int, list[str]] = {1: [], 2: [], 4: []}
    constant: list[int] = []
    for number, at, to in messages(data, start, end):
        if number in texts:
            texts[number].append(text(data, at, to))
        elif number == 5:  # an attribute; its field 5 is a tensor
            for inner, begin, stop in messages(data, at, to):
                if inner == 5:
                    _, constant = tensor_of(data, begin, stop)
    inputs, outputs, (*_, kind) = texts[1], texts[2], ["", *texts[4]]
    return Node(kind, inputs, outputs, constant)


def tensor_of(data: Buffer, start: int, end: int) -> tuple[str, list[int]]:
    """Return name and shape of a TensorProto."""
    name, shape = "", []
    for number, kind, at, to in fields(data, start, end):
        if number == 1:  # of a LENGTH they are all together, else one
            while at < to:
                side, at = varint(data, at)
                shape.append(side)
        elif number == 8 and kind == LENGTH:
            name = text(data, at, to)
    return name, shape


def result_of(data: Buffer, start: int, end: int) -> tuple[str, int]:
    """Return name and number of dimensions of a ValueInfoProto; 0 where it doesn't tell."""
    name, dimensions = "", 0
    todo = [(start, end, 0)]
    while todo:
        begin, stop, depth = todo.pop()
        for number, at, to in messages(data, begin, stop):
            if depth == 0 and number == 1:
                name = text(data, at, to)
            elif (depth, number) in ((0, 2), (1, 1), (2, 2)):  # its type, of a tensor, its shape
                todo.append((at, to, depth + 1))
            elif (depth, number) == (3, 1):
                dimensions += 1
    return name, dimensions


def text(data: Buffer, start: int, end: int) -> str:
    return bytes(data[start:end]).decode(errors="surrogateescape")


def features_in(layers: Layers, output: str, tags: int) -> str:
    """Return where a tagger has a picture's features, a row of numbers each; '' if nowhere.

    It is what the layer begins with that makes an `output` for each of so many `tags`; where a
    result of the model is called an embedding, that.
    """
    for name in EMBEDDINGS:
        if layers.outputs.get(name) == 2:
            return name
    todo, seen = deque([(output, layers.outputs.get(output) == 2)]), {""}
    while todo:
        name, is_row = todo.popleft()
        if name in seen or name not in layers.made_by:
            continue
        seen.add(name)
        node = layers.made_by[name]
        # a Gemm takes rows alone, a MatMul anything
        if node.kind == "Gemm" or (node.kind == "MatMul" and is_row):
            shape = shape_of(layers, node.inputs[1])
            if len(shape) == 2 and tags in shape and node.inputs[0] in layers.made_by:
                return node.inputs[0]
        todo += [(each, is_row and node.kind in OF_EACH) for each in node.inputs]
    return ""


def shape_of(layers: Layers, name: str) -> list[int]:
    """Return the shape of weights, whose sides may be in another order; [] if they are none."""
    for _ in range(8):
        if name in layers.weights:
            return layers.weights[name]
        node = layers.made_by.get(name)
        if node is None or node.kind not in SAME_WEIGHTS or not node.inputs:
            return node.constant if node and node.kind == "Constant" else []
        name = node.inputs[0]
    return []


def with_result(model: Path, name: str) -> bytes:
    """Return an ONNX file that also gives what a layer of it makes.

    What is written behind a message is merged into it, an output of the graph to those there are:
    https://protobuf.dev/programming-guides/encoding/#last-one-wins
    """
    result = packed(1, name.encode(errors="surrogateescape"))
    with model.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return b"".join([data, packed(GRAPH, packed(OUTPUT, result))])
