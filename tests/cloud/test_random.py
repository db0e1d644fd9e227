"""The random provider."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ascend.cloud.provider import ProviderError, Resource
from ascend.cloud.random_provider import _SPECIAL, TOKENS, RandomProvider

PASSWORD = "random:index/randomPassword:RandomPassword"


def thing(kind: str) -> Resource:
    token = next(token for token in TOKENS if token.endswith(f":{kind}"))
    return Resource(f"urn:pulumi:test::ascend::{token}::x", token, "x")


def make(kind: str, **inputs: Any) -> tuple[str, dict[str, Any]]:
    provider, resource = RandomProvider(), thing(kind)
    checked, failures = provider.check(resource, {}, inputs, b"")
    assert not failures, failures
    return provider.create(resource, checked)


@given(
    length=st.integers(1, 60),
    upper=st.booleans(),
    special=st.booleans(),
    least=st.integers(0, 3),
    override=st.sampled_from(["", "-_"]),
)
def test_strings_keep_every_promise(length: int, upper: bool, special: bool, least: int, override: str) -> None:
    length = max(length, least)
    inputs = {"length": length, "upper": upper, "special": special, "minNumeric": least, "overrideSpecial": override}
    _, outputs = make("RandomString", **inputs)
    result = outputs["result"]
    allowed = string.ascii_lowercase + string.digits
    allowed += string.ascii_uppercase if upper else ""
    allowed += (override or _SPECIAL) if special else ""
    assert len(result) == length
    assert set(result) <= set(allowed)
    assert sum(letter.isdigit() for letter in result) >= least


def test_password_and_its_hash_are_secret() -> None:
    object_id, outputs = make("RandomPassword", length=20)
    assert object_id == "none"
    assert outputs["bcryptHash"] is None or outputs["bcryptHash"].startswith("$2b$10$")
    assert RandomProvider().secret_outputs(PASSWORD) == {"result", "bcryptHash"}
    assert make("RandomPassword", length=20)[1]["result"] != outputs["result"]


def test_ids() -> None:
    object_id, outputs = make("RandomId", byteLength=4, prefix="p-")
    assert outputs["b64Url"] == f"p-{object_id}"
    assert len(outputs["hex"]) == len("p-") + 8
    assert int(outputs["dec"].removeprefix("p-")) == int(outputs["hex"].removeprefix("p-"), 16)
    assert len(make("RandomUuid")[1]["result"]) == 36
    assert make("RandomInteger", min=3, max=3)[1]["result"] == 3
    assert len(make("RandomBytes", length=3)[1]["hex"]) == 6


@pytest.mark.parametrize(
    ("kind", "inputs", "failing"),
    [
        ("RandomPassword", {}, "length"),
        ("RandomPassword", {"length": 0}, "length"),
        ("RandomPassword", {"length": 3, "minUpper": 2, "minLower": 2}, "length"),
        ("RandomString", {"length": "x"}, "length"),
        ("RandomString", {"length": 3, "lower": False, "upper": False, "numeric": False, "special": False}, "special"),
        ("RandomString", {"length": 3, "keeper": {}}, "keeper"),
        ("RandomInteger", {"min": 4, "max": 3}, "min"),
        ("RandomId", {"byteLength": 0}, "byteLength"),
    ],
)
def test_refusals(kind: str, inputs: dict[str, Any], failing: str) -> None:
    failures = RandomProvider().check(thing(kind), {}, inputs, b"")[1]
    assert [failure.property for failure in failures] == [failing]


def test_every_change_makes_a_new_value() -> None:
    provider, resource = RandomProvider(), thing("RandomPassword")
    olds = provider.check(resource, {}, {"length": 20, "keepers": {"a": "1"}}, b"")[0]
    news = provider.check(resource, olds, {"length": 20, "keepers": {"a": "2"}}, b"")[0]
    assert provider.diff(resource, "none", olds, olds, {}).changes == {}
    changes = provider.diff(resource, "none", olds, news, {}).changes
    assert {path: change.replace for path, change in changes.items()} == {"keepers.a": True}


def test_a_value_outlives_the_process_in_the_state() -> None:
    inputs, outputs = {"length": 3}, {"length": 3, "result": "abc", "id": "none"}
    assert RandomProvider().read(thing("RandomPassword"), "none", inputs, outputs) == (inputs, outputs)


def test_other_types_are_refused_by_name() -> None:
    with pytest.raises(ProviderError, match=r"randomPet:RandomPet is not emulated.*RandomPassword"):
        RandomProvider().check(Resource("u", "random:index/randomPet:RandomPet", "x"), {}, {}, b"")
