"""A configured provider: the calls that check, compare and change resources.

Follows ``sdk/go/common/resource/plugin/provider_plugin.go`` of the official engine.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import grpc
from pulumi.runtime.proto import provider_pb2

from ascend.engine.embedded import urns
from ascend.engine.embedded.rpc import ProviderError
from ascend.engine.embedded.values import (
    Asset,
    Properties,
    Secret,
    from_struct,
    has_secret,
    has_unknown,
    reveal,
    same,
    secret,
    to_struct,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from google.protobuf import struct_pb2

    from ascend.engine.embedded.rpc import Caller, Metadata
    from ascend.engine.embedded.state import State

#: The key under which the engine keeps what is its own in a provider resource's inputs.
INTERNAL: Final = "__internal"
_SEED_BYTES: Final = 32

#: Metadata that the embedded cloud understands and any other provider ignores: which provider resource a call is made
#: for (several may share one server), the URN whose interrupted create is to be continued, and the ids that are known.
INSTANCE: Final = "ascend-provider"
ADOPT: Final = "ascend-adopt"
KNOWN: Final = "ascend-known"

_REPLACING: Final = frozenset(
    {
        provider_pb2.PropertyDiff.ADD_REPLACE,
        provider_pb2.PropertyDiff.DELETE_REPLACE,
        provider_pb2.PropertyDiff.UPDATE_REPLACE,
    }
)


class Failure(NamedTuple):
    """An input that a provider does not accept."""

    property: str
    reason: str


@dataclass(frozen=True, slots=True)
class Diff:
    """What changes, as a provider sees it. `detail` maps a property path to whether its change replaces."""

    changed: bool
    keys: tuple[str, ...] = ()
    replace_keys: tuple[str, ...] = ()
    detail: Mapping[str, bool] = field(default_factory=dict)
    delete_before_replace: bool = False

    @property
    def replaces(self) -> bool:
        """Whether the resource must be replaced."""
        return bool(self.replace_keys) or any(self.detail.values())


NOTHING: Final = Diff(changed=False)


class Created(NamedTuple):
    """A resource that exists now. `reasons` says why it is not complete, empty where it is."""

    id: str
    outputs: Properties
    reasons: tuple[str, ...] = ()


class Found(NamedTuple):
    """A resource as it was read. `reasons` says why it is not healthy, empty where it is."""

    id: str
    inputs: Properties
    outputs: Properties
    reasons: tuple[str, ...] = ()


class Provider:
    """A configured provider: what the official engine calls a plugin."""

    def __init__(self, caller: Caller, reference: str) -> None:
        self._caller = caller
        self.reference = reference
        self._metadata: Metadata = ((INSTANCE, reference),)
        self._known = True
        self._accept: dict[str, bool] = {}
        self.supports_preview = False

    @property
    def configured(self) -> bool:
        """False where the provider's config holds unknowns, so that it cannot be asked anything."""
        return self._known

    def _call(self, method: str, request: Any, metadata: Metadata = ()) -> Any:
        return self._caller.call(method, request, self._metadata + metadata)

    def _struct(self, properties: Mapping[str, Any], *, unknowns: bool = False) -> struct_pb2.Struct:
        return to_struct(properties, unknowns=unknowns, **self._accept)

    def _result(self, message: struct_pb2.Struct, sources: Mapping[str, Any], *, unknowns: bool = False) -> Properties:
        """Properties from a provider; where it takes no secrets, marked as those that they came from."""
        properties = from_struct(message)
        if not unknowns and has_unknown(properties):
            raise ProviderError(grpc.StatusCode.INTERNAL, "the provider returned a value that is not known")
        return properties if self._accept.get("secrets") else annotate(properties, sources)

    # -- configuration

    def check_config(self, urn: str, olds: Properties, news: Properties) -> tuple[Properties, list[Failure]]:
        """Checks a provider resource's inputs."""
        request = provider_pb2.CheckRequest(
            urn=urn,
            name=urns.name_of(urn),
            type=urns.type_of(urn),
            olds=to_struct(olds, secrets=False, resources=False),
            news=to_struct(news, secrets=False, resources=False),
        )
        try:
            response = self._call("CheckConfig", request)
        except ProviderError as error:
            if error.code is grpc.StatusCode.UNIMPLEMENTED:
                return news, []
            raise
        failures = [Failure(failure.property, failure.reason) for failure in response.failures]
        return annotate(from_struct(response.inputs), news), failures

    def diff_config(self, urn: str, old_inputs: Properties, old_outputs: Properties, news: Properties) -> Diff:
        """What a change of config does; a provider that has no opinion is not replaced."""
        request = provider_pb2.DiffRequest(
            urn=urn,
            name=urns.name_of(urn),
            type=urns.type_of(urn),
            old_inputs=to_struct(old_inputs, secrets=False, resources=False),
            olds=to_struct(old_outputs, secrets=False, resources=False),
            news=to_struct(news, secrets=False, resources=False),
        )
        try:
            response = self._call("DiffConfig", request)
        except ProviderError as error:
            if error.code is not grpc.StatusCode.UNIMPLEMENTED:
                raise
            return Diff(changed=not same(reveal(old_outputs), reveal(news)))
        return _diff(response, lambda: not same(reveal(old_outputs), reveal(news)))

    def configure(self, urn: str, id_: str, inputs: Properties) -> None:
        """Hands the provider its config; with unknowns in it, the provider is left alone."""
        self.reference = f"{urn}::{id_}"
        self._metadata = ((INSTANCE, self.reference),)
        if has_unknown(inputs):
            self._known = False
            return
        package = urns.provider_package(urns.type_of(urn))
        texts = {key: reveal(value) for key, value in inputs.items() if key != "version"}
        response = self._call(
            "Configure",
            provider_pb2.ConfigureRequest(
                urn=urn,
                name=urns.name_of(urn),
                type=urns.type_of(urn),
                id=id_,
                acceptSecrets=True,
                acceptResources=True,
                sends_old_inputs=True,
                sends_old_inputs_to_delete=True,
                variables={
                    f"{package}:config:{key}": value if isinstance(value, str) else json.dumps(value)
                    for key, value in texts.items()
                },
                args=to_struct(inputs),
            ),
        )
        self._accept = {"secrets": response.acceptSecrets, "resources": response.acceptResources}
        self.supports_preview = response.supportsPreview

    # -- resources

    def check(
        self, urn: str, olds: Properties, news: Properties, *, unknowns: bool
    ) -> tuple[Properties, list[Failure]]:
        """Checks a resource's inputs and completes them with defaults."""
        if not self._known:
            return news, []
        response = self._call(
            "Check",
            provider_pb2.CheckRequest(
                urn=urn,
                name=urns.name_of(urn),
                type=urns.type_of(urn),
                olds=self._struct(olds, unknowns=unknowns),
                news=self._struct(news, unknowns=unknowns),
                randomSeed=os.urandom(_SEED_BYTES),
            ),
        )
        failures = [Failure(failure.property, failure.reason) for failure in response.failures]
        if failures:
            return news, failures
        return self._result(response.inputs, news, unknowns=unknowns), failures

    def diff(self, state: State, news: Properties, ignore: list[str], *, unknowns: bool) -> Diff | None:
        """What changes from `state` to the inputs `news`; None where the provider cannot be asked."""
        if not self._known:
            return None
        response = self._call(
            "Diff",
            provider_pb2.DiffRequest(
                id=state.id,
                urn=state.urn,
                name=state.name,
                type=urns.type_of(state.urn),
                old_inputs=self._struct(elided(state.inputs), unknowns=unknowns),
                olds=self._struct(elided(state.outputs), unknowns=unknowns),
                news=self._struct(elided(news), unknowns=unknowns),
                ignoreChanges=ignore,
            ),
        )
        return _diff(response, lambda: not same(reveal(state.inputs), reveal(news)))

    def create(
        self, urn: str, inputs: Properties, timeout: float, known: list[str] | None, *, preview: bool
    ) -> Created:
        """Creates a resource.

        Args:
            urn: the resource.
            inputs: checked.
            timeout: seconds, 0 for the provider's own.
            known: where an interrupted run may have created it: the ids under this URN that are not it.
            preview: only say what would come out.
        """
        if preview and not (self._known and self.supports_preview):
            return Created("", dict(inputs) if self._known else {})
        metadata: Metadata = () if known is None else ((ADOPT, urn), (KNOWN, ",".join(known)))
        request = provider_pb2.CreateRequest(
            urn=urn,
            name=urns.name_of(urn),
            type=urns.type_of(urn),
            properties=self._struct(inputs, unknowns=preview),
            timeout=timeout,
            preview=preview,
        )
        try:
            response = self._call("Create", request, metadata)
        except ProviderError as error:
            if error.partial is None:
                raise
            return Created(error.partial.id, self._result(error.partial.properties, inputs), error.partial.reasons)
        if not response.id and not preview:
            raise ProviderError(grpc.StatusCode.INTERNAL, "the provider returned no id for what it created")
        return Created(response.id, self._result(response.properties, inputs, unknowns=preview))

    def update(self, state: State, news: Properties, timeout: float, ignore: list[str], *, preview: bool) -> Created:
        """Updates a resource in place to the inputs `news`."""
        if preview and not (self._known and self.supports_preview):
            return Created(state.id, dict(news) if self._known else {})
        request = provider_pb2.UpdateRequest(
            id=state.id,
            urn=state.urn,
            name=state.name,
            type=urns.type_of(state.urn),
            old_inputs=self._struct(elided(state.inputs)),
            olds=self._struct(elided(state.outputs)),
            news=self._struct(news, unknowns=preview),
            timeout=timeout,
            ignoreChanges=ignore,
            preview=preview,
        )
        try:
            response = self._call("Update", request)
        except ProviderError as error:
            if error.partial is None:
                raise
            return Created(state.id, self._result(error.partial.properties, news), error.partial.reasons)
        return Created(state.id, self._result(response.properties, news, unknowns=preview))

    def read(self, urn: str, id_: str, properties: Properties) -> Created | None:
        """Reads a resource that exists; None where there is none."""
        if not self._known:
            return Created(id_, {})
        response, reasons = self._read(urn, id_, properties, properties)
        if not response.id:
            return None
        return Created(response.id, self._result(response.properties, properties), reasons)

    def refresh(self, state: State) -> Found | None:
        """Reads a resource that the state holds; None where it is gone. A provider may know no inputs: then the old."""
        response, reasons = self._read(state.urn, state.id, state.outputs, state.inputs)
        if not response.id:
            return None
        inputs = self._result(response.inputs, state.inputs) if response.inputs.fields else state.inputs
        return Found(response.id, inputs, self._result(response.properties, state.outputs), reasons)

    def _read(self, urn: str, id_: str, outputs: Properties, inputs: Properties) -> tuple[Any, tuple[str, ...]]:
        """What a provider says of a resource, and why it is unhealthy, where it is."""
        request = provider_pb2.ReadRequest(
            id=id_,
            urn=urn,
            name=urns.name_of(urn),
            type=urns.type_of(urn),
            properties=self._struct(elided(outputs)),
            inputs=self._struct(elided(inputs)),
        )
        try:
            return self._call("Read", request), ()
        except ProviderError as error:
            if error.partial is None:
                raise
            return error.partial, error.partial.reasons

    def delete(self, state: State) -> None:
        """Deletes a resource."""
        self._call(
            "Delete",
            provider_pb2.DeleteRequest(
                id=state.id,
                urn=state.urn,
                name=state.name,
                type=urns.type_of(state.urn),
                old_inputs=self._struct(elided(state.inputs)),
                properties=self._struct(elided(state.outputs)),
                timeout=state.custom_timeouts.get("delete", 0),
            ),
        )

    def invoke(self, token: str, args: Properties, *, preview: bool) -> tuple[Properties, list[Failure]]:
        """Calls a function."""
        if not self._known:
            return {}, []
        response = self._call("Invoke", provider_pb2.InvokeRequest(tok=token, args=self._struct(args), preview=preview))
        failures = [Failure(failure.property, failure.reason) for failure in response.failures]
        return from_struct(getattr(response, "return")), failures


def _diff(response: Any, differs: Callable[[], bool]) -> Diff:
    unknown = response.changes == provider_pb2.DiffResponse.DIFF_UNKNOWN
    changed = differs() if unknown else response.changes == provider_pb2.DiffResponse.DIFF_SOME
    return Diff(
        changed,
        tuple(response.diffs),
        tuple(response.replaces),
        {path: item.kind in _REPLACING for path, item in response.detailedDiff.items()},
        response.deleteBeforeReplace,
    )


def annotate(properties: Properties, sources: Mapping[str, Any]) -> Properties:
    """Marks what came from something secret as secret; objects are marked by their parts, lists as a whole."""
    marked = dict(properties)
    for key, source in sources.items():
        if key not in marked:
            continue
        if isinstance(marked[key], dict) and isinstance(source, dict):
            marked[key] = annotate(marked[key], source)
        elif not isinstance(marked[key], Secret) and has_secret(source):
            marked[key] = secret(marked[key])
    return marked


def elided(value: Any) -> Any:
    """The value with assets reduced to their hash: providers compare old content, they do not read it."""
    if isinstance(value, Asset):
        return Asset(value.hash)
    if isinstance(value, dict):
        return {key: elided(item) for key, item in value.items()}
    if isinstance(value, list):
        return [elided(item) for item in value]
    if isinstance(value, Secret):
        return Secret(elided(value.value))
    return replace(value, assets=None, path="", uri="") if hasattr(value, "assets") else value


def without_internal(inputs: Mapping[str, Any]) -> Properties:
    """A provider resource's inputs without what the engine keeps in them for itself."""
    return {key: value for key, value in inputs.items() if key != INTERNAL}
