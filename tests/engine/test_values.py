import json

import pytest
from google.protobuf import struct_pb2
from hypothesis import given

from ascend.engine.embedded.values import (
    SECRET_SIG,
    SIG,
    UNKNOWN,
    Asset,
    ResourceRef,
    Secret,
    ValueFormatError,
    from_state,
    from_struct,
    has_secret,
    has_unknown,
    mask,
    reveal,
    same,
    secret,
    to_state,
    to_struct,
)
from tests.engine.strategies import properties, values


@given(properties)
def test_what_goes_over_the_wire_comes_back(props):
    assert same(from_struct(to_struct(props)), props)


@given(values)
def test_what_goes_into_the_state_comes_back(value):
    text = json.dumps(to_state(value, lambda plain: "c:" + plain))
    back = from_state(json.loads(text), lambda cipher: cipher.removeprefix("c:"))
    # The state does not record an id that is not known.
    assert same(back, value) or has_unknown(value)


@given(values)
def test_every_value_equals_itself_and_no_value_equals_its_list(value):
    assert same(value, value)
    assert not same(value, [value])


@given(values)
def test_a_masked_value_is_json_and_a_revealed_one_has_no_secret(value):
    json.dumps(mask(value))
    assert not has_secret(reveal(value))


def test_a_masked_value_does_not_hold_the_secret():
    shown = json.dumps(mask({"a": [secret({"password": "hunter2"})], "b": UNKNOWN}))
    assert "hunter2" not in shown
    assert json.loads(shown) == {"a": ["[secret]"], "b": "output<string>"}


def test_secrets_do_not_nest():
    assert secret({"a": secret("x")}) == Secret({"a": "x"})


@pytest.mark.parametrize(("left", "right"), [(True, 1), (False, 0), ("1", 1), (None, ""), ([], {}), (Secret(1), 1)])
def test_values_of_different_kinds_differ(left, right):
    assert not same(left, right)


def test_numbers_compare_by_value_and_assets_by_hash():
    assert same(2, 2.0)
    assert same(Asset("h", text="a"), Asset("h", path="b"))
    assert not same(Asset("", text="a"), Asset("", text="b"))


def test_whole_numbers_come_back_whole():
    back = from_struct(to_struct({"a": 2, "b": 2.5}))
    assert back == {"a": 2, "b": 2.5}
    assert isinstance(back["a"], int)


def test_unknowns_and_marks_can_be_left_out():
    props = {"a": UNKNOWN, "b": secret("s"), "c": ResourceRef("urn:pulumi:d::p::t::n", "i"), "d": [UNKNOWN, 1]}
    bare = from_struct(to_struct(props, unknowns=False, secrets=False, resources=False))
    assert bare == {"b": "s", "c": "i", "d": [1]}


@pytest.mark.parametrize("fields", [{SIG: "nonsense"}, {SIG: SECRET_SIG}, {SIG: "5cf8f73096256a8f31e491e813e4eb8e"}])
def test_a_malformed_signature_is_refused(fields):
    message = struct_pb2.Struct()
    message.update({"a": fields})
    with pytest.raises(ValueFormatError):
        from_struct(message)


def test_a_secret_of_the_state_must_have_one_text():
    for fields in ({SIG: SECRET_SIG}, {SIG: SECRET_SIG, "ciphertext": "a", "plaintext": "b"}):
        with pytest.raises(ValueFormatError, match="exactly one"):
            from_state(fields, lambda text: text)


def test_numbers_that_json_lacks_survive_the_state():
    infinite = from_state(json.loads(json.dumps(to_state([float("inf")], str))), str)
    assert infinite == [float("inf")]
