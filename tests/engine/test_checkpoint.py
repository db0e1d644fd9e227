import json

import pytest
from hypothesis import given

from ascend.engine.embedded import graph
from ascend.engine.embedded.checkpoint import (
    CREATING,
    CheckpointError,
    Operation,
    compose,
    normalized,
    parse,
    verify,
)
from ascend.engine.embedded.state import State, differs
from ascend.engine.embedded.values import secret
from tests.engine.strategies import states

URN = "urn:pulumi:dev::proj::fake:index:Thing::"


def thing(name: str, **fields) -> State:
    return State(URN + name, "fake:index:Thing", custom=True, id=name, **fields)


def plain(text: str, owner: str) -> str:
    return text


def written(*resources: State, pending: tuple[Operation, ...] = ()) -> bytes:
    return compose("organization/proj/dev", "v1:salt", resources, pending, plain)


@given(states())
def test_a_document_comes_back(resources):
    verify(resources)
    back = parse(written(*resources)).snapshot(plain).resources
    assert len(back) == len(resources)
    assert not any(differs(old, new) for old, new in zip(resources, back, strict=True))


def test_all_fields_come_back():
    state = thing(
        "a",
        inputs={"a": secret("s"), "n": None},
        outputs={"b": [1]},
        protect=True,
        taint=True,
        init_errors=["e"],
        custom_timeouts={"create": 60.0},
        replace_with=[],
        replacement_trigger={"t": 1},
        ignore_changes=["x"],
    )
    document = parse(written(state, pending=(Operation(thing("b"), CREATING),)))
    assert document.salt == "v1:salt"
    assert document.has_secrets()
    snapshot = document.snapshot(plain)
    assert not differs(state, snapshot.resources[0])
    assert snapshot.resources[0].replacement_trigger == {"t": 1}
    assert str(snapshot.pending[0]) == f"creating {URN}b"


def test_features_raise_the_version():
    assert json.loads(written(thing("a")))["version"] == 3
    outer = json.loads(written(thing("a", taint=True)))
    assert (outer["version"], outer["features"]) == (4, ["taint"])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text[: len(text) // 2], "it is not JSON"),
        (lambda text: b"[]", "it is not a checkpoint"),
        (lambda text: b"[" * 100_000, "it is not JSON"),
        (lambda text: text.replace(b'"manifest":{', b'"manifest":[1],"m":{'), "of the wrong type"),
        (lambda text: text.replace(b'"state":{', b'"state":"s","s":{'), "of the wrong type"),
        (lambda text: text.replace(b'"version":3', b'"version":4,"features":[["taint"]]', 1), "of the wrong type"),
        (lambda text: text.replace(b'"version":3', b'"version":9', 1), "its version is 9"),
        (lambda text: text.replace(b'"version":3', b'"version":4,"features":["views"]', 1), "features .* views"),
        (lambda text: text.replace(b'"magic":""', b'"magic":"x"'), "magic cookie"),
        (lambda text: text.replace(b'"passphrase"', b'"awskms"'), "secrets provider is 'awskms'"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(change, reason):
    with pytest.raises(CheckpointError, match=reason):
        parse(change(written(thing("a"))))


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        ({"type": "t"}, "lacks its urn"),
        ({"urn": "u"}, "lacks its type"),
        ({"urn": "u", "type": "t", "inputs": []}, "inputs must be a dict"),
        ({"urn": "u", "type": "t", "viewOf": "v"}, "views"),
        ({"urn": "u", "type": "t", "resourceHooks": {"BeforeDelete": ["h"]}}, "resource hooks"),
        ({"urn": "u", "type": "t", "id": "i"}, "component u has an id"),
        ({"urn": "u", "type": "t", "parent": "p"}, "its parent p is missing"),
        ({"urn": "u", "type": "t", "propertyDependencies": {"a": 7}}, "of the wrong type"),
        ({"urn": "u", "type": "t", "custom": True, "provider": "urn:pulumi:d::p::t::n::i"}, "unknown provider"),
    ],
)
def test_resources_that_do_not_hold_together_are_refused(resource, reason):
    text = json.dumps({"version": 3, "checkpoint": {"latest": {"resources": [resource]}}})
    with pytest.raises(CheckpointError, match=reason):
        parse(text.encode()).snapshot(plain)


def test_order_and_duplicates_are_checked():
    with pytest.raises(CheckpointError, match="comes after it"):
        verify([thing("b", dependencies=[URN + "a"]), thing("a")])
    with pytest.raises(CheckpointError, match="two resources have the URN"):
        verify([thing("a"), thing("a")])
    verify([thing("a"), thing("a", delete=True), thing("a", delete=True)])


def test_references_follow_a_renamed_resource():
    renamed = thing("new", aliases=[URN + "old"])
    dependent = thing("b", dependencies=[URN + "old"], property_dependencies={"x": [URN + "old"]})
    first, second = normalized([renamed, dependent])
    assert first.aliases == []
    assert (second.dependencies, second.property_dependencies) == ([URN + "new"], {"x": [URN + "new"]})


@given(states())
def test_everything_is_deleted_after_what_depends_on_it(resources):
    blockers = graph.deletion_blockers(resources, resources)
    order: list[State] = []
    waiting = dict(blockers)
    while waiting:
        ready = [state for state, before in waiting.items() if before <= set(order)]
        assert ready, "a cycle"
        for state in ready:
            order.append(state)
            del waiting[state]
    place = {state.urn: index for index, state in enumerate(order)}
    for state in resources:
        for _, target in state.edges():
            assert place[state.urn] < place[target]


def test_dependents_are_found_through_others_and_through_providers():
    provider = State("urn:pulumi:dev::proj::pulumi:providers:fake::p", "pulumi:providers:fake", custom=True, id="i")
    first = thing("a", provider=f"{provider.urn}::i")
    second = thing("b", dependencies=[first.urn])
    other = thing("c")
    assert graph.depending_on([provider, first, second, other], provider, ()) == [first, second]
    assert graph.depending_on([provider, first, second, other], provider, {first.urn}) == []
