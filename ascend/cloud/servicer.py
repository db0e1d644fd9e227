"""The provider protocol: one gRPC servicer around providers that are written in plain Python.

Secrets are handled here and nowhere else: a provider sees plain values and names the outputs that are secret by nature;
what was secret in the inputs is marked again in checked inputs and in outputs.
"""

# ruff: noqa: N802, ARG002 -- the methods have the protocol's names and signature

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from ascend.cloud import values
from ascend.cloud.diff import Kind
from ascend.cloud.ledger import Entry, Ledger
from ascend.cloud.provider import Failure, PartialError, Provider, ProviderError, Resource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ascend.cloud.values import Props

LOG = logging.getLogger(__name__)

#: Metadata of the embedded engine: see `ascend.cloud.ledger`, and `ProviderServicer` on configurations.
ADOPT, KNOWN, INSTANCE = "ascend-adopt", "ascend-known", "ascend-provider"

_KINDS = {
    (Kind.ADD, False): provider_pb2.PropertyDiff.ADD,
    (Kind.ADD, True): provider_pb2.PropertyDiff.ADD_REPLACE,
    (Kind.DELETE, False): provider_pb2.PropertyDiff.DELETE,
    (Kind.DELETE, True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    (Kind.UPDATE, False): provider_pb2.PropertyDiff.UPDATE,
    (Kind.UPDATE, True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


def _top(path: str) -> str:
    return path.split(".", 1)[0].split("[", 1)[0]


class ProviderServicer(provider_pb2_grpc.ResourceProviderServicer):
    """The protocol around one `Provider`.

    One server may stand for several provider resources of its package (the default one and explicit ones), which the
    CLI reaches over a connection each. So configurations are kept by connection, or by the metadata ``ascend-provider``
    where a client shares a connection; a caller never seen before gets the last configuration.

    Args:
        provider: the provider to serve.
        ledger: where objects are remembered; a servicer for planning has none of its own to share.
    """

    def __init__(self, provider: Provider, ledger: Ledger | None = None) -> None:
        self.provider = provider
        self.ledger = ledger or Ledger()
        self._configs: dict[str, Props] = {}
        self._last_config: Props = {}

    # The plugin's own affairs

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """The version, which the CLI records."""
        return plugin_pb2.PluginInfo(version=self.provider.version)

    def Handshake(self, request: Any, context: Any) -> Any:
        """Capabilities, asked before configuration."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True, accept_outputs=False)

    def Attach(self, request: Any, context: Any) -> Any:
        """The CLI names its own address; nothing is reported back to it."""
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        """Operations are short; those under way are let finish."""
        return empty_pb2.Empty()

    def GetSchema(self, request: Any, context: Any) -> Any:
        """A schema without types: only code generators need more."""
        return provider_pb2.GetSchemaResponse(
            schema=f'{{"name": "{self.provider.name}", "version": "{self.provider.version}"}}'
        )

    def GetMapping(self, request: Any, context: Any) -> Any:
        """No mapping from another ecosystem."""
        return provider_pb2.GetMappingResponse()

    def GetMappings(self, request: Any, context: Any) -> Any:
        """No mappings from other ecosystems."""
        return provider_pb2.GetMappingsResponse()

    # Configuration

    def CheckConfig(self, request: Any, context: Any) -> Any:
        """Validate a provider resource."""
        marked = values.from_struct(request.news)
        checked, failures = self.provider.check_config(values.reveal(marked))
        return self._check_response(checked, failures, marked)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        """A configuration's change never replaces, except where the provider says so."""
        olds = values.reveal(values.from_struct(request.old_inputs) or values.from_struct(request.olds))
        news = values.reveal(values.from_struct(request.news))
        changed = sorted(key for key in olds.keys() | news.keys() if olds.get(key) != news.get(key))
        replaces = self.provider.replaces_on_config(olds, news)
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=[key for key in changed if key in replaces],
        )

    def Configure(self, request: Any, context: Any) -> Any:
        """Keep the configuration of the calling provider resource."""
        config = values.reveal(values.from_struct(request.args))
        self._configs[self._caller(context)] = config
        self._last_config = config
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, acceptResources=True, supportsPreview=False, acceptOutputs=False
        )

    # Resources

    def Check(self, request: Any, context: Any) -> Any:
        """Validate and complete inputs."""
        marked = values.from_struct(request.news)
        olds = values.reveal(values.from_struct(request.olds))
        resource = self._resource(request, context)
        try:
            checked, failures = self.provider.check(resource, olds, values.reveal(marked), request.randomSeed)
        except ProviderError as error:
            self._fail(context, error)
        return self._check_response(checked, failures, marked)

    def Diff(self, request: Any, context: Any) -> Any:
        """Compare inputs."""
        resource = self._resource(request, context)
        olds = values.reveal(values.from_struct(request.olds))
        old_inputs = values.reveal(values.from_struct(request.old_inputs)) or olds
        news = values.reveal(values.from_struct(request.news))
        try:
            difference = self.provider.diff(resource, request.id, old_inputs, news, olds)
        except ProviderError as error:
            self._fail(context, error)
        ignored = set(request.ignoreChanges)
        changes = {
            path: change
            for path, change in difference.changes.items()
            if path not in ignored and _top(path) not in ignored
        }
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted({_top(path) for path in changes}),
            replaces=sorted({_top(path) for path, change in changes.items() if change.replace}),
            detailedDiff={
                path: provider_pb2.PropertyDiff(kind=_KINDS[change.kind, change.replace], inputDiff=True)
                for path, change in changes.items()
            },
            hasDetailedDiff=bool(changes),
            deleteBeforeReplace=difference.delete_before_replace,
        )

    def Create(self, request: Any, context: Any) -> Any:
        """Make the object, or adopt the one that an interrupted create left."""
        resource = self._resource(request, context)
        marked = values.from_struct(request.properties)
        inputs = values.reveal(marked)
        if request.preview:
            foreseen = self.provider.foresee(resource, inputs, {})
            return provider_pb2.CreateResponse(properties=self._outputs(foreseen, marked, resource.type))
        metadata = self._metadata(context)
        with self.ledger.hold(request.urn):
            if not getattr(context, "is_active", lambda: True)():
                # The caller died while this call waited its turn. Nobody would record the object.
                self._fail(context, ProviderError("cancelled before it began"))
            try:
                object_id, outputs = self._create(resource, inputs, metadata)
            except PartialError as error:
                self.ledger.record(request.urn, Entry(error.id, inputs, error.outputs))
                self._fail_partially(context, error, marked, resource.type)
            except ProviderError as error:
                self._fail(context, error)
            self.ledger.record(request.urn, Entry(object_id, inputs, outputs))
        return provider_pb2.CreateResponse(id=object_id, properties=self._outputs(outputs, marked, resource.type))

    def _create(self, resource: Resource, inputs: Props, metadata: Mapping[str, str]) -> tuple[str, Props]:
        if self.provider.adopts and metadata.get(ADOPT) == resource.urn:
            known = {part for part in metadata.get(KNOWN, "").split(",") if part}
            left = self.ledger.unclaimed(resource.urn, known)
            if left is not None and self.provider.read(resource, left.id, left.inputs, left.outputs) is None:
                self.ledger.forget(resource.urn, left.id)
                left = None
            if left is not None:
                LOG.info("adopting %s for %s", left.id, resource.urn)
                changes = self.provider.diff(resource, left.id, left.inputs, inputs, left.outputs).changes
                if not changes:
                    return left.id, left.outputs
                if not any(change.replace for change in changes.values()):
                    return left.id, self.provider.update(resource, left.id, left.inputs, inputs, left.outputs)
                self.provider.delete(resource, left.id, left.inputs, left.outputs)
                self.ledger.forget(resource.urn, left.id)
        return self.provider.create(resource, inputs)

    def Read(self, request: Any, context: Any) -> Any:
        """The object as it is now; an empty id when it is gone."""
        resource = self._resource(request, context)
        marked_inputs = values.from_struct(request.inputs)
        marked_olds = values.from_struct(request.properties)
        try:
            found = self.provider.read(resource, request.id, values.reveal(marked_inputs), values.reveal(marked_olds))
        except ProviderError as error:
            self._fail(context, error)
        if found is None:
            return provider_pb2.ReadResponse()
        inputs, outputs = found
        self.ledger.record(request.urn, Entry(request.id, inputs, outputs))
        return provider_pb2.ReadResponse(
            id=request.id,
            inputs=values.to_struct(values.like(inputs, marked_inputs)),
            properties=self._outputs(outputs, {**marked_olds, **marked_inputs}, resource.type),
        )

    def Update(self, request: Any, context: Any) -> Any:
        """Change the object in place."""
        resource = self._resource(request, context)
        marked = values.from_struct(request.news)
        news = values.reveal(marked)
        olds = values.reveal(values.from_struct(request.olds))
        old_inputs = values.reveal(values.from_struct(request.old_inputs)) or olds
        if request.preview:
            foreseen = self.provider.foresee(resource, news, olds)
            return provider_pb2.UpdateResponse(properties=self._outputs(foreseen, marked, resource.type))
        with self.ledger.hold(request.urn):
            try:
                outputs = self.provider.update(resource, request.id, old_inputs, news, olds)
            except PartialError as error:
                self._fail_partially(context, error, marked, resource.type)
            except ProviderError as error:
                self._fail(context, error)
            self.ledger.record(request.urn, Entry(request.id, news, outputs))
        return provider_pb2.UpdateResponse(properties=self._outputs(outputs, marked, resource.type))

    def Delete(self, request: Any, context: Any) -> Any:
        """Remove the object."""
        resource = self._resource(request, context)
        olds = values.reveal(values.from_struct(request.properties))
        inputs = values.reveal(values.from_struct(request.old_inputs)) or olds
        with self.ledger.hold(request.urn):
            try:
                self.provider.delete(resource, request.id, inputs, olds)
            except ProviderError as error:
                self._fail(context, error)
            self.ledger.forget(request.urn, request.id)
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        """Answer a function call."""
        args = values.from_struct(request.args)
        try:
            result = self.provider.invoke(request.tok, values.reveal(args), self._config(context))
        except ProviderError as error:
            self._fail(context, error)
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(values.to_struct(result))
        return response

    # Shared parts

    def _caller(self, context: Any) -> str:
        named = self._metadata(context).get(INSTANCE)
        if named:
            return named
        peer = getattr(context, "peer", None)
        return str(peer()) if peer else ""

    def _config(self, context: Any) -> Props:
        return self._configs.get(self._caller(context), self._last_config)

    @staticmethod
    def _metadata(context: Any) -> dict[str, str]:
        read = getattr(context, "invocation_metadata", None)
        return {str(key): str(value) for key, value in (read() or ())} if read else {}

    def _resource(self, request: Any, context: Any) -> Resource:
        _, type_chain, name = _split_urn(request.urn)
        return Resource(
            urn=request.urn,
            type=request.type or type_chain.rpartition("$")[2],
            name=request.name or name,
            config=self._config(context),
        )

    def _outputs(self, outputs: Props, marked: Props, type_token: str) -> Any:
        secret = values.secret_names(marked) | self.provider.secret_outputs(type_token)
        return values.to_struct(values.conceal(outputs, secret))

    @staticmethod
    def _check_response(checked: Props, failures: Sequence[Failure], marked: Props) -> Any:
        return provider_pb2.CheckResponse(
            inputs=None if failures else values.to_struct(values.like(checked, marked)),
            failures=[provider_pb2.CheckFailure(property=item.property, reason=item.reason) for item in failures],
        )

    @staticmethod
    def _fail(context: Any, error: ProviderError) -> NoReturn:
        context.abort(grpc.StatusCode.UNKNOWN, str(error))
        raise AssertionError("abort returned")  # pragma: no cover -- tells the type checker

    def _fail_partially(self, context: Any, error: PartialError, marked: Props, type_token: str) -> NoReturn:
        """Fail with the object attached, so that the engine records it and repairs it in the next run."""
        detail = provider_pb2.ErrorResourceInitFailed(
            id=error.id,
            properties=self._outputs(error.outputs, marked, type_token),
            reasons=[str(error)],
            inputs=values.to_struct(marked),
        )
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
        status.details.add().Pack(detail)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        self._fail(context, error)


def _split_urn(urn: str) -> tuple[str, str, str]:
    """A URN's head (``urn:pulumi:<stack>::<project>``), its chain of types, and the resource's name."""
    parts = urn.split("::", 3)
    return "::".join(parts[:2]), parts[2] if len(parts) > 2 else "", parts[3] if len(parts) > 3 else ""  # noqa: PLR2004
