"""The provider protocol around a provider: secrets, plans, partial objects, adoption, configurations."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

from ascend.cloud import values
from ascend.cloud.diff import compare
from ascend.cloud.provider import Difference, Failure, PartialError, Provider, ProviderError, Resource
from ascend.cloud.servicer import ProviderServicer
from ascend.cloud.values import UNKNOWN, Secret

if TYPE_CHECKING:
    import grpc

THING = "fake:index:Thing"


def urn(name: str = "a") -> str:
    return f"urn:pulumi:test::ascend::{THING}::{name}"


class AbortedError(Exception):
    """What a context raises for `abort`."""


class Context:
    """A caller, as gRPC shows it."""

    def __init__(self, peer: str = "ipv4:127.0.0.1:1", active: bool = True, **metadata: str) -> None:
        self._peer = peer
        self._active = active
        self._metadata = tuple((key.replace("_", "-"), value) for key, value in metadata.items())
        self.trailing: tuple[tuple[str, bytes], ...] = ()

    def invocation_metadata(self) -> Any:
        return self._metadata

    def peer(self) -> str:
        return self._peer

    def is_active(self) -> bool:
        return self._active

    def set_trailing_metadata(self, metadata: Any) -> None:
        self.trailing = metadata

    def abort(self, code: grpc.StatusCode, details: str) -> None:
        raise AbortedError(f"{code.name}: {details}")


class Fake(Provider):
    """Counts its objects; `size` forces a replacement, `broken` and `half` fail."""

    name = "random"  # some installed SDK, for the version

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.made = 0
        self.gate: threading.Event | None = None

    def check(self, resource: Resource, olds: Any, news: Any, seed: bytes) -> Any:
        failures = [Failure("size", "is not 1, 2 or 3")] if news.get("size") == 9 else []
        return {**news, "region": resource.config.get("region", "nowhere")}, failures

    def diff(self, resource: Resource, object_id: str, old_inputs: Any, news: Any, olds: Any) -> Difference:
        return Difference(compare(old_inputs, news, force_new=["size"]), delete_before_replace=True)

    def create(self, resource: Resource, inputs: Any) -> Any:
        if self.gate is not None:
            self.gate.wait(10)
        if inputs.get("broken"):
            raise ProviderError("CreateThing: Nope: it is broken")
        self.made += 1
        object_id = f"thing-{self.made}"
        self.objects[object_id] = inputs
        if inputs.get("half"):
            raise PartialError("SetThing: Nope: only half", object_id, {"size": 1})
        return object_id, {**inputs, "made": True, "token": "t0ken"}

    def read(self, resource: Resource, object_id: str, inputs: Any, olds: Any) -> Any:
        found = self.objects.get(object_id)
        return None if found is None else (found, {**found, "made": True})

    def update(self, resource: Resource, object_id: str, old_inputs: Any, news: Any, olds: Any) -> Any:
        self.objects[object_id] = news
        return {**news, "made": True}

    def delete(self, resource: Resource, object_id: str, inputs: Any, olds: Any) -> None:
        self.objects.pop(object_id, None)

    def secret_outputs(self, type_token: str) -> frozenset[str]:
        return frozenset({"token"})


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def servicer(fake: Fake) -> ProviderServicer:
    return ProviderServicer(fake)


def create(servicer: ProviderServicer, context: Context | None = None, name: str = "a", **inputs: Any) -> Any:
    request = provider_pb2.CreateRequest(urn=urn(name), properties=values.to_struct(inputs))
    return servicer.Create(request, context or Context())


def test_the_plugins_own_affairs(servicer: ProviderServicer) -> None:
    context = Context()
    assert servicer.GetPluginInfo(empty_pb2.Empty(), context).version
    assert servicer.Handshake(provider_pb2.ProviderHandshakeRequest(), context).accept_secrets
    for method in ("Attach", "Cancel", "GetMapping", "GetMappings", "GetSchema"):
        assert getattr(servicer, method)(None, context) is not None


def test_what_was_secret_stays_secret(servicer: ProviderServicer, fake: Fake) -> None:
    news = {"password": Secret("pw"), "deep": {"list": [Secret(1), 2]}, "plain": "x"}
    request = provider_pb2.CheckRequest(urn=urn(), news=values.to_struct(news))
    checked = values.from_struct(servicer.Check(request, Context()).inputs)
    assert checked == {**news, "region": "nowhere"}
    response = create(servicer, **checked)
    assert fake.objects[response.id] == {"password": "pw", "deep": {"list": [1, 2]}, "plain": "x", "region": "nowhere"}
    outputs = values.from_struct(response.properties)
    assert outputs["password"] == Secret("pw")
    assert outputs["deep"] == Secret({"list": [1, 2]})
    assert outputs["token"] == Secret("t0ken"), "secret by nature"
    assert outputs["plain"] == "x"


def test_failures_name_property_and_reason(servicer: ProviderServicer) -> None:
    request = provider_pb2.CheckRequest(urn=urn(), news=values.to_struct({"size": 9}))
    response = servicer.Check(request, Context())
    assert [(failure.property, failure.reason) for failure in response.failures] == [("size", "is not 1, 2 or 3")]


def test_a_diff_in_detail(servicer: ProviderServicer) -> None:
    request = provider_pb2.DiffRequest(
        urn=urn(),
        id="thing-1",
        old_inputs=values.to_struct({"size": 1, "tags": {"a": "b"}, "text": "x"}),
        olds=values.to_struct({"size": 1, "made": True}),
        news=values.to_struct({"size": UNKNOWN, "tags": {"a": "c"}, "text": "y"}),
        ignoreChanges=["text"],
    )
    response = servicer.Diff(request, Context())
    assert response.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(response.diffs) == ["size", "tags"]
    assert list(response.replaces) == ["size"]
    assert response.deleteBeforeReplace
    kinds = {path: detail.kind for path, detail in response.detailedDiff.items()}
    assert kinds == {"size": provider_pb2.PropertyDiff.UPDATE_REPLACE, "tags.a": provider_pb2.PropertyDiff.UPDATE}
    request.news.CopyFrom(request.old_inputs)
    response = servicer.Diff(request, Context())
    assert response.changes == provider_pb2.DiffResponse.DIFF_NONE
    assert not response.hasDetailedDiff


def test_a_plan_makes_nothing(servicer: ProviderServicer, fake: Fake) -> None:
    request = provider_pb2.CreateRequest(urn=urn(), properties=values.to_struct({"size": 1}), preview=True)
    response = servicer.Create(request, Context())
    assert response.id == ""
    assert values.from_struct(response.properties)["size"] == 1
    update = provider_pb2.UpdateRequest(
        urn=urn(), id="x", olds=values.to_struct({"made": True}), news=values.to_struct({"size": 2}), preview=True
    )
    assert values.from_struct(servicer.Update(update, Context()).properties) == {"made": True, "size": 2}
    assert fake.objects == {}


def test_errors_are_one_line(servicer: ProviderServicer) -> None:
    with pytest.raises(AbortedError, match=r"^UNKNOWN: CreateThing: Nope: it is broken$"):
        create(servicer, broken=True)


def test_half_an_object_is_handed_over_with_the_error(servicer: ProviderServicer) -> None:
    context = Context()
    with pytest.raises(AbortedError, match="only half"):
        create(servicer, context, half=True, password=Secret("pw"))
    ((name, raw),) = context.trailing
    assert name == "grpc-status-details-bin"
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status_pb2.Status.FromString(raw).details[0].Unpack(detail)
    assert detail.id == "thing-1"
    assert list(detail.reasons) == ["SetThing: Nope: only half"]
    assert values.from_struct(detail.inputs)["password"] == Secret("pw")


def test_read_update_and_delete(servicer: ProviderServicer, fake: Fake) -> None:
    made = create(servicer, size=1)
    read = provider_pb2.ReadRequest(
        urn=urn(), id=made.id, inputs=values.to_struct({"size": 1}), properties=made.properties
    )
    response = servicer.Read(read, Context())
    assert response.id == made.id
    assert values.from_struct(response.inputs) == {"size": 1}
    update = provider_pb2.UpdateRequest(urn=urn(), id=made.id, news=values.to_struct({"size": 1, "x": "y"}))
    assert values.from_struct(servicer.Update(update, Context()).properties)["x"] == "y"
    delete = provider_pb2.DeleteRequest(urn=urn(), id=made.id)
    servicer.Delete(delete, Context())
    servicer.Delete(delete, Context())
    assert servicer.Read(read, Context()).id == ""


def test_an_unrecorded_object_is_adopted_and_not_made_twice(servicer: ProviderServicer, fake: Fake) -> None:
    first = create(servicer, size=1)
    again = create(servicer, Context(ascend_adopt=urn()), size=1)
    assert again.id == first.id
    changed = create(servicer, Context(ascend_adopt=urn()), size=1, tags={"a": "b"})
    assert changed.id == first.id
    assert fake.objects[first.id] == {"size": 1, "tags": {"a": "b"}}
    other = create(servicer, Context(ascend_adopt=urn()), size=2)
    assert other.id != first.id, "it cannot become what is wanted"
    assert list(fake.objects) == [other.id]


def test_what_the_caller_knows_or_does_not_ask_for_is_not_adopted(servicer: ProviderServicer, fake: Fake) -> None:
    first = create(servicer, size=1)
    second = create(servicer, Context(ascend_adopt=urn(), ascend_known=first.id), size=1)
    third = create(servicer, size=1)
    fourth = create(servicer, Context(ascend_adopt=urn("b")), size=1)
    fifth = create(servicer, Context(ascend_adopt=urn("b")), name="b", size=1)
    assert len({made.id for made in (first, second, third, fourth, fifth)}) == 5
    servicer.Delete(provider_pb2.DeleteRequest(urn=urn("b"), id=fifth.id), Context())
    assert create(servicer, Context(ascend_adopt=urn("b")), name="b", size=1).id not in {fifth.id, first.id}


def test_what_is_gone_is_not_adopted(servicer: ProviderServicer, fake: Fake) -> None:
    first = create(servicer, size=1)
    fake.objects.clear()  # by another client
    assert create(servicer, Context(ascend_adopt=urn()), size=1).id != first.id


def test_a_renamed_object_is_known_by_its_new_name_only(servicer: ProviderServicer, fake: Fake) -> None:
    first = create(servicer, size=1)
    update = provider_pb2.UpdateRequest(urn=urn("new"), id=first.id, news=values.to_struct({"size": 1}))
    servicer.Update(update, Context())
    assert create(servicer, Context(ascend_adopt=urn()), size=1).id != first.id
    assert create(servicer, Context(ascend_adopt=urn("new")), name="new", size=1).id == first.id
    assert servicer.ledger.count() == 2


def test_a_half_made_object_is_adopted_too(servicer: ProviderServicer, fake: Fake) -> None:
    with pytest.raises(AbortedError):
        create(servicer, half=True)
    assert create(servicer, Context(ascend_adopt=urn()), size=1).id not in {"", None}
    assert len(fake.objects) == 1


def test_an_adopting_create_waits_for_the_one_under_way(servicer: ProviderServicer, fake: Fake) -> None:
    fake.gate = threading.Event()
    made: list[str] = []
    first = threading.Thread(target=lambda: made.append(create(servicer, size=1).id))
    second = threading.Thread(target=lambda: made.append(create(servicer, Context(ascend_adopt=urn()), size=1).id))
    first.start()
    while not servicer.ledger._locks[urn()].locked():
        pass
    second.start()
    fake.gate.set()
    first.join(10)
    second.join(10)
    assert made == ["thing-1", "thing-1"]


def test_a_create_whose_caller_died_in_the_queue_makes_nothing(servicer: ProviderServicer, fake: Fake) -> None:
    with pytest.raises(AbortedError, match="cancelled before it began"):
        create(servicer, Context(active=False), size=1)
    assert fake.objects == {}


def test_every_provider_resource_has_its_own_configuration(servicer: ProviderServicer) -> None:
    def configure(context: Context, region: str) -> None:
        request = provider_pb2.ConfigureRequest(args=values.to_struct({"region": region}))
        response = servicer.Configure(request, context)
        assert response.acceptSecrets
        assert not response.supportsPreview

    def region(context: Context) -> str:
        request = provider_pb2.CheckRequest(urn=urn(), news=values.to_struct({}))
        return values.from_struct(servicer.Check(request, context).inputs)["region"]

    configure(Context("a"), "eu-west-1")
    configure(Context("b"), "us-east-1")
    configure(Context("b", ascend_provider="urn::1"), "ap-southeast-1")
    assert region(Context("a")) == "eu-west-1"
    assert region(Context("b")) == "us-east-1"
    assert region(Context("b", ascend_provider="urn::1")) == "ap-southeast-1"
    assert region(Context("new")) == "ap-southeast-1", "the last one, for a connection made again"


def test_config_changes(servicer: ProviderServicer) -> None:
    request = provider_pb2.DiffRequest(
        urn=urn(), old_inputs=values.to_struct({"a": 1}), news=values.to_struct({"a": 2, "b": 1})
    )
    response = servicer.DiffConfig(request, Context())
    assert list(response.diffs) == ["a", "b"]
    assert not response.replaces
    checked = servicer.CheckConfig(provider_pb2.CheckRequest(urn=urn(), news=values.to_struct({"a": 1})), Context())
    assert values.from_struct(checked.inputs) == {"a": 1}


def test_unknown_functions_are_refused(servicer: ProviderServicer) -> None:
    with pytest.raises(AbortedError, match="fake:index:no: not a function of the embedded random provider"):
        servicer.Invoke(provider_pb2.InvokeRequest(tok="fake:index:no"), Context())
