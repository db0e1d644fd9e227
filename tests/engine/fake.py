# ruff: noqa: N802 -- the protocol names the methods
"""A provider for tests: keeps its objects in memory, does what the inputs ask for, can be made to fail.

Inputs with a meaning: ``bad`` (Check refuses, with this reason), ``force*`` (a change replaces), ``dbr`` (replacements
delete first), ``half`` (Create and Update leave the resource incomplete), ``sealed`` (secret in outputs).
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from ascend.engine.embedded.values import Secret, from_struct, has_unknown, reveal, same, to_struct

if TYPE_CHECKING:
    from collections.abc import Callable


class FakeProvider(provider_pb2_grpc.ResourceProviderServicer):
    """`objects` maps ids to (urn, inputs); `calls` lists (method, resource name) in order of arrival."""

    def __init__(self, *, accept_secrets: bool = True) -> None:
        self.accept_secrets = accept_secrets
        self.objects: dict[str, tuple[str, dict[str, Any]]] = {}
        self.calls: list[tuple[str, str]] = []
        self.requests: list[tuple[str, Any]] = []
        self.metadata: list[dict[str, str]] = []
        self.configs: dict[str, dict[str, Any]] = {}
        #: Called as (method, name, when), when being before or after; what it raises fails the call.
        self.fault: Callable[[str, str, str], None] = lambda method, name, when: None
        self.created = 0
        self._lock = threading.RLock()

    def names(self) -> list[str]:
        """The names of the resources that exist, one per object."""
        return sorted(urn.split("::")[-1] for urn, _ in self.objects.values())

    def methods(self, name: str) -> list[str]:
        """The calls made for one resource."""
        return [method for method, called in self.calls if called == name]

    def _called(self, method: str, request: Any, context: Any) -> None:
        name = getattr(request, "urn", "").split("::")[-1]
        with self._lock:
            self.calls.append((method, name))
            self.requests.append((method, request))
            self.metadata.append({str(key): str(value) for key, value in context.invocation_metadata() or ()})
        self._inject(method, name, "before", context)

    def _inject(self, method: str, name: str, when: str, context: Any) -> None:
        try:
            self.fault(method, name, when)
        except RuntimeError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except ConnectionError as error:
            context.abort(grpc.StatusCode.UNAVAILABLE, str(error))

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="1.0.0")

    def Attach(self, request, context):
        return empty_pb2.Empty()

    def Handshake(self, request, context):
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "no handshake")

    def GetMapping(self, request, context):
        return provider_pb2.GetMappingResponse()

    def GetMappings(self, request, context):
        return provider_pb2.GetMappingsResponse()

    def Cancel(self, request, context):
        return empty_pb2.Empty()

    def CheckConfig(self, request, context):
        self._called("CheckConfig", request, context)
        news = from_struct(request.news)
        failures = [provider_pb2.CheckFailure(property="bad", reason=news["bad"])] if "bad" in news else []
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request, context):
        self._called("DiffConfig", request, context)
        olds, news = from_struct(request.old_inputs), from_struct(request.news)
        changed = [key for key in olds.keys() | news.keys() if not same(olds.get(key), news.get(key))]
        return provider_pb2.DiffResponse(
            changes=2 if changed else 1, diffs=changed, replaces=[key for key in changed if key.startswith("force")]
        )

    def Configure(self, request, context):
        self._called("Configure", request, context)
        self.configs[request.urn] = from_struct(request.args)
        return provider_pb2.ConfigureResponse(acceptSecrets=self.accept_secrets, acceptResources=True)

    def Check(self, request, context):
        self._called("Check", request, context)
        olds, news = from_struct(request.olds), from_struct(request.news)
        plain = reveal(news)
        if plain.get("bad"):
            failure = provider_pb2.CheckFailure(property="bad", reason=plain["bad"])
            return provider_pb2.CheckResponse(failures=[failure])
        news.setdefault("name", olds.get("name") or f"{request.urn.split('::')[-1]}-{request.randomSeed[:3].hex()}")
        return provider_pb2.CheckResponse(inputs=to_struct(news))

    def Diff(self, request, context):
        self._called("Diff", request, context)
        olds, news = reveal(from_struct(request.old_inputs)), reveal(from_struct(request.news))
        ignored = set(request.ignoreChanges)
        changed = sorted(
            key
            for key in olds.keys() | news.keys()
            if key not in ignored and (not same(olds.get(key), news.get(key)) or has_unknown(news.get(key)))
        )
        return provider_pb2.DiffResponse(
            changes=2 if changed else 1,
            diffs=changed,
            replaces=[key for key in changed if key.startswith("force")],
            deleteBeforeReplace=bool(news.get("dbr")),
        )

    def Create(self, request, context):
        self._called("Create", request, context)
        name = request.urn.split("::")[-1]
        inputs = from_struct(request.properties)
        adopt = dict(context.invocation_metadata() or ())
        with self._lock:
            id_ = ""
            if adopt.get("ascend-adopt") == request.urn:
                known = set(adopt.get("ascend-known", "").split(","))
                id_ = next(
                    (key for key, (urn, _) in self.objects.items() if urn == request.urn and key not in known), ""
                )
            if not id_:
                self.created += 1
                id_ = f"{name}#{self.created}"
            self.objects[id_] = (request.urn, inputs)
        self._inject("Create", name, "after", context)
        if reveal(inputs).get("half"):
            self._half(context, id_, inputs)
        return provider_pb2.CreateResponse(id=id_, properties=to_struct(self._outputs(id_, inputs)))

    def _half(self, context: Any, id_: str, inputs: dict[str, Any]) -> None:
        failure = provider_pb2.ErrorResourceInitFailed(
            id=id_,
            properties=to_struct(self._outputs(id_, inputs)),
            inputs=to_struct(inputs),
            reasons=["it does not start"],
        )
        status = status_pb2.Status(code=2, message="incomplete")
        status.details.add().Pack(failure)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, "incomplete")

    def _outputs(self, id_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        outputs = {**reveal(inputs), "arn": f"arn:{id_}", "sealed": Secret(f"sealed-{id_}")}
        return {key: Secret(value) if isinstance(inputs.get(key), Secret) else value for key, value in outputs.items()}

    def Read(self, request, context):
        self._called("Read", request, context)
        found = self.objects.get(request.id)
        if found is None:
            return provider_pb2.ReadResponse()
        inputs = found[1]
        if reveal(inputs).get("half"):
            self._half(context, request.id, inputs)
        return provider_pb2.ReadResponse(
            id=request.id, inputs=to_struct(inputs), properties=to_struct(self._outputs(request.id, inputs))
        )

    def drift(self, name: str, **changes: Any) -> None:
        """Changes an object behind everybody's back; None removes an input."""
        id_, (urn, inputs) = next(item for item in self.objects.items() if item[1][0].endswith(f"::{name}"))
        sealed = {key: Secret(value) for key, value in changes.items() if isinstance(inputs.get(key), Secret)}
        drifted = {**inputs, **changes, **sealed}
        self.objects[id_] = (urn, {key: value for key, value in drifted.items() if value is not None})

    def lose(self, name: str) -> None:
        """Deletes an object behind everybody's back."""
        self.objects = {key: value for key, value in self.objects.items() if not value[0].endswith(f"::{name}")}

    def Update(self, request, context):
        self._called("Update", request, context)
        inputs = from_struct(request.news)
        with self._lock:
            self.objects[request.id] = (request.urn, inputs)
        self._inject("Update", request.urn.split("::")[-1], "after", context)
        if reveal(inputs).get("half"):
            self._half(context, request.id, inputs)
        return provider_pb2.UpdateResponse(properties=to_struct(self._outputs(request.id, inputs)))

    def Delete(self, request, context):
        self._called("Delete", request, context)
        with self._lock:
            self.objects.pop(request.id, None)
        self._inject("Delete", request.urn.split("::")[-1], "after", context)
        return empty_pb2.Empty()

    def Invoke(self, request, context):
        self._called("Invoke", request, context)
        args = from_struct(request.args)
        response = provider_pb2.InvokeResponse()
        if request.tok == "fake:index:fail":
            context.abort(grpc.StatusCode.UNKNOWN, "no such luck")
        getattr(response, "return").CopyFrom(to_struct({"echo": args.get("value"), "seen": len(self.objects)}))
        return response


def serve(provider: FakeProvider) -> tuple[grpc.Server, int]:
    """Serves a provider on a free port of this machine; the server must be stopped."""
    server = grpc.server(ThreadPoolExecutor(32))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port
