"""A provider that now and then fails: it stands between an engine and a provider of the embedded cloud."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

import grpc
from pulumi.runtime.proto import provider_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REFUSED = "refused: nothing was made"
LOST = "lost: it was made, and the answer never came"
#: As the cloud's own server: an engine sends at most so many calls at once, and a call here waits for one there.
_THREADS = 64
_OPTIONS = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.enable_http_proxy", 0),
]


class _Relay(grpc.GenericRpcHandler):
    """Hands every call on as it came, bytes for bytes, but for the creates that are to fail.

    Args:
        port: where the provider listens.
        faults: how creates end, by their number from 1; the others succeed.
    """

    def __init__(self, port: int, faults: Mapping[int, str]) -> None:
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=_OPTIONS)
        self._faults = faults
        self._numbers = count(1)

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        method = details.method
        onward = self._channel.unary_unary(method)

        def relay(request: bytes, context: grpc.ServicerContext) -> Any:
            fault = self._fault(request) if method.endswith("/Create") else None
            if fault == REFUSED:
                context.abort(grpc.StatusCode.UNKNOWN, REFUSED)
            metadata = [pair for pair in context.invocation_metadata() if pair[0] != "user-agent"]
            try:
                answer, call = onward.with_call(request, metadata=metadata)
            except grpc.RpcError as error:
                context.set_trailing_metadata(error.trailing_metadata())
                context.abort(error.code(), error.details())
            if fault == LOST:
                context.abort(grpc.StatusCode.UNAVAILABLE, LOST)
            context.set_trailing_metadata(call.trailing_metadata())
            return answer

        return grpc.unary_unary_rpc_method_handler(relay)

    def _fault(self, request: bytes) -> str | None:
        preview = provider_pb2.CreateRequest.FromString(request).preview
        return None if preview else self._faults.get(next(self._numbers))


@contextmanager
def failing(providers: Mapping[str, int], faults: Mapping[int, str]) -> Iterator[str]:
    """Puts faults before the provider ``aws``.

    Args:
        providers: the cloud's providers, name to port.
        faults: how the creates of ``aws`` end, by their number from 1: `REFUSED` or `LOST`.

    Yields:
        What ``PULUMI_DEBUG_PROVIDERS`` has to be.
    """
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=_OPTIONS)
    server.add_generic_rpc_handlers((_Relay(providers["aws"], faults),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield ",".join(f"{name}:{number}" for name, number in {**providers, "aws": port}.items())
    finally:
        server.stop(grace=None).wait()
