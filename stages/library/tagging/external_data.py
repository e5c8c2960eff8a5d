"""The files beside a model.onnx that hold its weights, by the names that it gives itself.

ONNX keeps what is larger than 2 GB, and what anybody likes, in files beside the model: a tensor's
`external_data` has the key `location`. They decide on the scores as the model itself does.
https://onnx.ai/onnx/repo-docs/ExternalData.html
"""

import mmap
import os
from collections.abc import Iterator
from pathlib import Path

from stages.library.common.errors import Problem
from stages.library.tagging.model_files import KEY, snapshot
from stages.library.tagging.protobuf import messages

WITHIN: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {
        **{5: "tensor", 6: "graph", 10: "tensor", 11: "graph"},
        **{22: "sparse", 23: "sparse"},
    },
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
    "entry": {},
}
"""In which fields of a message what other messages stand, as far as tensors are in them:
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto"""


def files_beside(model: Path) -> list[str]:
    """Return the files that a model names, as far as they are there, by name.

    Raises:
        Problem: one of them is outside of the folder.
    """
    folder, found, stored = model.parent, sorted(set(locations(model))), snapshot(model)
    # a file in the hub's cache is a link into what is kept of the repository
    kept = (stored.parent.parent if stored else folder).resolve()
    top = Path(os.path.normpath(folder))
    for name in found:
        inside = Path(os.path.normpath(folder / name)).is_relative_to(top)
        if not inside or not (folder / name).resolve().is_relative_to(kept):
            raise Problem(
                f"{KEY}: {model} takes weights from {name[:80]!r}, outside of its "
                "folder; put that file beside it and write its name there, or take another model"
            )
    return [name for name in found if (folder / name).is_file()]


def locations(model: Path) -> Iterator[str]:
    """Yield the names that an ONNX file gives; none for what is no such file.

    The file is walked through as protobuf, and nothing of it is copied but names: onnxruntime
    doesn't tell them, and the package onnx is large.
    """
    if not model.stat().st_size:
        return
    with model.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        todo = [("model", 0, len(data))]
        while todo:
            kind, start, end = todo.pop()
            try:
                fields = list(messages(data, start, end))
            except (IndexError, ValueError):
                continue  # cut off, or no protobuf: onnxruntime will say so
            if kind == "entry":
                texts = {number: bytes(data[at:to]) for number, at, to in fields}
                if texts.get(1) == b"location":
                    yield texts.get(2, b"").decode(errors="surrogateescape")
            else:
                within = WITHIN[kind]
                todo += [(within[number], at, to) for number, at, to in fields if number in within]
