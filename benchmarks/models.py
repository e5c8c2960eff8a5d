"""Write taggers with random weights and the shape of real WD14 models, to measure speed with.

`vit` has the layers of wd-vit-tagger-v3 (ViT-B/16 at 448 px, 10,861 tags, 94 M weights), `moat`
those of the MOAT family (inverted bottlenecks, then attention, at a 16th and a 32nd of the size),
`short` a quarter of `vit`'s.
About 20 tags a picture score above 0.35, as with the real ones.
"""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIZE = 448
RATINGS, GENERAL, CHARACTERS = 4, 8106, 2751
TAGS = RATINGS + GENERAL + CHARACTERS


class Graph:
    """ONNX nodes and random weights, added one by one; every method returns an output's name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.random = np.random.default_rng(0)

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, array: NDArray[np.generic]) -> str:
        name = f"weight{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def normal(self, *shape: int, std: float) -> str:
        return self.constant(self.random.normal(0, std, shape).astype(np.float32))

    def filled(self, value: float, *shape: int) -> str:
        return self.constant(np.full(shape, value, np.float32))

    def shape(self, *sides: int) -> str:
        return self.constant(np.array(sides, np.int64))

    def dense(self, x: str, inputs: int, outputs: int, gain: float = 1, bias: float = 0) -> str:
        product = self.node("MatMul", x, self.normal(inputs, outputs, std=gain / np.sqrt(inputs)))
        return self.node("Add", product, self.filled(bias, outputs))

    def conv(self, x: str, inputs: int, outputs: int, side: int, stride: int, groups: int) -> str:
        std = np.sqrt(groups / inputs) / side
        weights = self.normal(outputs, inputs // groups, side, side, std=std)
        pad = side // 2 if side % 2 else 0
        return self.node(
            "Conv",
            *(x, weights, self.filled(0, outputs)),
            kernel_shape=[side, side],
            strides=[stride, stride],
            pads=[pad] * 4,
            group=groups,
        )

    def gelu(self, x: str) -> str:
        erf = self.node("Erf", self.node("Div", x, self.filled(np.sqrt(2))))
        halved = self.node("Mul", x, self.node("Add", erf, self.filled(1)))
        return self.node("Mul", halved, self.filled(0.5))

    def norm(self, x: str, width: int) -> str:
        scale, bias = self.filled(1, width), self.filled(0, width)
        return self.node("LayerNormalization", x, scale, bias, axis=-1, epsilon=1e-6)

    def attention(self, x: str, tokens: int, width: int, heads: int) -> str:
        """Add multi-head attention over (N, tokens, width), with its residual."""
        head = width // heads
        normed = self.norm(x, width)
        query, key, value = (
            self.node("Reshape", self.dense(normed, width, width), self.shape(0, -1, heads, head))
            for _ in range(3)
        )
        query = self.node("Transpose", query, perm=[0, 2, 1, 3])
        key = self.node("Transpose", key, perm=[0, 2, 3, 1])
        value = self.node("Transpose", value, perm=[0, 2, 1, 3])
        logits = self.node("Mul", self.node("MatMul", query, key), self.filled(head**-0.5))
        mixed = self.node("MatMul", self.node("Softmax", logits, axis=-1), value)
        mixed = self.node("Transpose", mixed, perm=[0, 2, 1, 3])
        mixed = self.node("Reshape", mixed, self.shape(0, tokens, width))
        return self.node("Add", x, self.dense(mixed, width, width, gain=0.5))

    def mlp(self, x: str, width: int) -> str:
        hidden = self.gelu(self.dense(self.norm(x, width), width, 4 * width))
        return self.node("Add", x, self.dense(hidden, 4 * width, width, gain=0.5))

    def bottleneck(self, x: str, inputs: int, outputs: int, stride: int) -> str:
        """Add an inverted bottleneck over (N, channels, height, width)."""
        wide = 4 * outputs
        hidden = self.gelu(self.conv(x, inputs, wide, 1, 1, 1))
        hidden = self.gelu(self.conv(hidden, wide, wide, 3, stride, wide))
        result = self.conv(hidden, wide, outputs, 1, 1, 1)
        return self.node("Add", x, result) if inputs == outputs and stride == 1 else result

    def picture(self) -> str:
        """Add what every such model begins with: 0-255 to -1-1, channels first."""
        centred = self.node("Sub", self.node("Div", "input", self.filled(127.5)), self.filled(1))
        return self.node("Transpose", centred, perm=[0, 3, 1, 2])

    def scores(self, x: str, width: int) -> None:
        """Add the head: one probability a tag from (N, tokens, width)."""
        pooled = self.node("ReduceMean", x, self.shape(1), keepdims=0)
        logits = self.dense(self.norm(pooled, width), width, TAGS, gain=1.5, bias=-5)
        self.nodes.append(helper.make_node("Sigmoid", [logits], ["output"]))


def vit(layers: int = 12) -> Graph:
    graph, width, side = Graph(), 768, SIZE // 16
    x = graph.conv(graph.picture(), 3, width, 16, 16, 1)
    x = graph.node("Reshape", x, graph.shape(0, width, side * side))
    x = graph.node("Transpose", x, perm=[0, 2, 1])
    x = graph.node("Add", x, graph.normal(1, side * side, width, std=0.3))
    for _ in range(layers):
        x = graph.mlp(graph.attention(x, side * side, width, 12), width)
    graph.scores(x, width)
    return graph


def moat() -> Graph:
    graph = Graph()
    x = graph.gelu(graph.conv(graph.picture(), 3, 64, 3, 2, 1))
    x = graph.gelu(graph.conv(x, 64, 64, 3, 1, 1))
    inputs, side = 64, SIZE // 2
    for outputs, blocks, attends in [(96, 2, 0), (192, 3, 0), (384, 7, 1), (768, 2, 1)]:
        side //= 2
        for block in range(blocks):
            x = graph.bottleneck(x, inputs, outputs, stride=1 if block else 2)
            inputs = outputs
            if attends:
                x = graph.node("Reshape", x, graph.shape(0, outputs, side * side))
                x = graph.node("Transpose", x, perm=[0, 2, 1])
                x = graph.attention(x, side * side, outputs, outputs // 32)
                x = graph.node("Transpose", x, perm=[0, 2, 1])
                x = graph.node("Reshape", x, graph.shape(0, outputs, side, side))
    x = graph.node("Reshape", x, graph.shape(0, inputs, side * side))
    graph.scores(graph.node("Transpose", x, perm=[0, 2, 1]), inputs)
    return graph


SHAPES: dict[str, Callable[[], Graph]] = {"vit": vit, "moat": moat, "short": partial(vit, 3)}


def write_model(folder: Path, shape: str) -> Path:
    """Write model.onnx and selected_tags.csv of that shape, and return their folder."""
    graph = SHAPES[shape]()
    made = helper.make_graph(
        graph.nodes,
        shape,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", SIZE, SIZE, 3])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["N", TAGS])],
        graph.weights,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    kinds = [9] * RATINGS + [0] * GENERAL + [4] * CHARACTERS
    rows = [f"{number},tag_{number},{kind},0" for number, kind in enumerate(kinds)]
    text = "\n".join(["tag_id,name,category,count", *rows, ""])
    (folder / "selected_tags.csv").write_text(text, encoding="utf-8")
    return folder


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args(argv)
    print(write_model(given.folder, given.shape))


if __name__ == "__main__":
    main()
