"""What is written is read as the same, by us and by protobuf itself."""

from __future__ import annotations

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from stages.library.tagging.protobuf import (
    LENGTH,
    VARINT,
    as_varint,
    fields,
    messages,
    packed,
    varint,
)


@given(st.integers(0, 2**63 - 1))
def test_a_number_is_read_as_it_was_written(value: int) -> None:
    data = as_varint(value)
    assert varint(data, 0) == (value, len(data))


@given(st.integers(1, 2**28), st.binary(max_size=300))
def test_a_field_is_read_as_it_was_written(number: int, content: bytes) -> None:
    data = packed(number, content)
    ((found, at, to),) = messages(data, 0, len(data))
    assert (found, data[at:to]) == (number, content)


def test_fields_of_all_kinds_are_seen() -> None:
    attribute = helper.make_attribute("alpha", 1.5)
    tensor = helper.make_tensor("w", TensorProto.DOUBLE, [300, 2], [0.0] * 600)
    data = attribute.SerializeToString()
    kinds = {number: kind for number, kind, _, _ in fields(data, 0, len(data))}
    assert kinds == {1: LENGTH, 2: 5, 20: VARINT}
    data = tensor.SerializeToString()
    sides = [varint(data, at)[0] for number, _, at, _ in fields(data, 0, len(data)) if number == 1]
    assert sides == [300, 2]


def test_what_is_behind_a_message_is_merged_into_it() -> None:
    value = helper.make_tensor_value_info("a", TensorProto.FLOAT, [1])
    model = helper.make_model(helper.make_graph([], "graph", [value], [value]))
    more = packed(7, packed(12, packed(1, b"layer")))
    merged = onnx.load_model_from_string(model.SerializeToString() + more)
    assert [each.name for each in merged.graph.output] == ["a", "layer"]
    del merged.graph.output[1]
    assert merged == model


@pytest.mark.parametrize("data", [b"\x0a\x05abc", b"\x08\xff", b"\x0f", b"\xff" * 20])
def test_what_is_no_message_is_told(data: bytes) -> None:
    with pytest.raises((IndexError, ValueError)):
        list(fields(data, 0, len(data)))
