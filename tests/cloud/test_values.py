"""The wire form of values."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from ascend.cloud import values
from ascend.cloud.values import UNKNOWN, Asset, Secret

# A small alphabet: the first draw from all of Unicode takes seconds.
TEXT = st.text('abc{}"\\ \nä☃', max_size=20)
NAMES = st.text("abcä$.", min_size=1, max_size=8)
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**53), 2**53),
    TEXT,
    st.floats(allow_nan=False, allow_infinity=False),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=20,
)


def numbers(value: Any) -> Any:
    """What a number becomes on a wire that has floats only."""
    if isinstance(value, dict):
        return {name: numbers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@given(st.dictionaries(NAMES, TREES, max_size=5))
def test_every_value_comes_back(props: dict[str, Any]) -> None:
    assert values.from_struct(values.to_struct(props)) == numbers(props)


@given(TREES)
def test_secrets_come_back_and_do_not_show(value: Any) -> None:
    marked = {"a": Secret(value), "b": [Secret(value)]}
    back = values.from_struct(values.to_struct(marked))
    assert back == {"a": Secret(numbers(value)), "b": [Secret(numbers(value))]}
    assert "Secret(…)" in repr(back["a"])
    assert values.reveal(back) == {"a": numbers(value), "b": [numbers(value)]}


def test_nulls_mean_not_given() -> None:
    struct = json_format.ParseDict({"a": None, "b": {"c": None, "d": 1}}, struct_pb2.Struct())
    assert values.from_struct(struct) == {"b": {"d": 1}}


@pytest.mark.parametrize("text", sorted(values._UNKNOWNS))
def test_every_sentinel_of_the_protocol_is_unknown(text: str) -> None:
    struct = json_format.ParseDict({"a": text, "b": [text]}, struct_pb2.Struct())
    parsed = values.from_struct(struct)
    assert parsed["a"] is UNKNOWN
    assert values.has_unknown(parsed)


def test_an_unknown_value_has_no_truth() -> None:
    with pytest.raises(TypeError, match="is UNKNOWN"):
        bool(UNKNOWN)


def test_output_values_references_and_assets() -> None:
    key = values._SIGNATURE
    document = {
        "known": {key: values._OUTPUT, "value": 1.0, "secret": True},
        "unknown": {key: values._OUTPUT},
        "reference": {key: values._REFERENCE, "urn": "urn:x", "id": "vpc-1"},
        "asset": {key: values._ASSET, "text": "hello"},
    }
    parsed = values.from_struct(json_format.ParseDict(document, struct_pb2.Struct()))
    assert parsed["known"] == Secret(1)
    assert parsed["unknown"] is UNKNOWN
    assert parsed["reference"] == "vpc-1"
    assert isinstance(parsed["asset"], Asset)
    assert json_format.MessageToDict(values.to_struct({"a": parsed["asset"]}))["a"] == document["asset"]


def test_checked_inputs_are_as_secret_as_they_came() -> None:
    marked = {"a": Secret("x"), "b": {"c": Secret("y"), "d": 1}, "e": {"f": Secret("z")}, "g": [Secret(1), 2]}
    plain = {"a": "x", "b": {"c": "y", "d": 1}, "e": '{"f": "z"}', "g": [1], "default": True}
    assert values.like(plain, marked) == {
        "a": Secret("x"),
        "b": {"c": Secret("y"), "d": 1},
        "e": Secret('{"f": "z"}'),
        "g": Secret([1]),
        "default": True,
    }


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(TypeError, match="set is no property value"):
        values.to_struct({"a": {1}})
