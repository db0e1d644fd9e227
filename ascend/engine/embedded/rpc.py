"""Talking to providers: over gRPC or in-process, with one face; and the errors of both directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol

import grpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

Metadata = tuple[tuple[str, str], ...]

_DETAILS: Final = "grpc-status-details-bin"
#: The largest message: the official engine's limit, 400 MiB.
_LARGEST: Final = 400 * 1024 * 1024


#: Codes that say that no answer came: what was asked for may have been done.
_UNANSWERED: Final = frozenset(
    {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED}
)


@dataclass(frozen=True, slots=True)
class InitFailure:
    """A resource that exists although its create or update failed."""

    id: str
    properties: Any
    reasons: tuple[str, ...]
    inputs: Any


class ProviderError(Exception):
    """A call that a provider refused or failed.

    Attributes:
        code: the gRPC status.
        message: the provider's words.
        partial: set where the resource exists all the same.
    """

    def __init__(self, code: grpc.StatusCode, message: str, partial: InitFailure | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.partial = partial

    @property
    def unanswered(self) -> bool:
        """Whether the call may have been carried out all the same."""
        return self.code in _UNANSWERED


class MonitorError(grpc.RpcError):
    """What the SDK sees of a registration that failed: it asks an RPC error for its code and details."""

    def __init__(self, details: str, code: grpc.StatusCode = grpc.StatusCode.UNKNOWN) -> None:
        super().__init__(details)
        self._code, self._details = code, details

    def code(self) -> grpc.StatusCode:
        """The gRPC status."""
        return self._code

    def details(self) -> str:
        """The message."""
        return self._details


class Caller(Protocol):
    """One provider, however it is reached."""

    def call(self, method: str, request: Any, metadata: Metadata = ()) -> Any:
        """Calls a method of the provider protocol.

        Raises:
            ProviderError: the call failed.
        """
        ...


class RemoteCaller:
    """A provider behind a port of this machine."""

    def __init__(self, port: int) -> None:
        options = [
            ("grpc.max_send_message_length", _LARGEST),
            ("grpc.max_receive_message_length", _LARGEST),
            # gRPC asks the user's proxy even for this machine's own addresses.
            ("grpc.enable_http_proxy", 0),
        ]
        self._port = port
        self._stub = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(f"127.0.0.1:{port}", options=options))

    def call(self, method: str, request: Any, metadata: Metadata = ()) -> Any:
        """See `Caller`."""
        try:
            return getattr(self._stub, method)(request, metadata=metadata)
        except grpc.RpcError as error:
            message = error.details() or str(error.code())
            if error.code() is grpc.StatusCode.UNAVAILABLE:
                message = f"the provider on port {self._port} does not answer, was its cloud stopped? ({message})"
            raise ProviderError(error.code(), message, _partial(_details(error))) from error


class LocalCaller:
    """A provider's servicer in this process."""

    def __init__(self, servicer: Any) -> None:
        self._servicer = servicer

    def call(self, method: str, request: Any, metadata: Metadata = ()) -> Any:
        """See `Caller`."""
        context = _LocalContext(metadata)
        try:
            return getattr(self._servicer, method)(request, context)
        except _AbortedError:
            raise ProviderError(context.status, context.details, _partial(context.trailing.get(_DETAILS))) from None
        except NotImplementedError:
            raise ProviderError(grpc.StatusCode.UNIMPLEMENTED, f"{method} is not implemented") from None


class _AbortedError(Exception):
    """How `_LocalContext.abort` leaves a servicer."""


class _LocalContext:
    """What a servicer may ask of the context of a call."""

    def __init__(self, metadata: Metadata) -> None:
        self._metadata = metadata
        self.status = grpc.StatusCode.UNKNOWN
        self.details = ""
        self.trailing: dict[str, Any] = {}

    def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        self.status, self.details = code, details
        raise _AbortedError

    def set_code(self, code: grpc.StatusCode) -> None:
        self.status = code

    def set_details(self, details: str) -> None:
        self.details = details

    def set_trailing_metadata(self, metadata: Sequence[tuple[str, Any]]) -> None:
        self.trailing = dict(metadata)

    def invocation_metadata(self) -> Metadata:
        return self._metadata

    def is_active(self) -> bool:
        return True

    def peer(self) -> str:
        return "in-process"


def _details(error: Any) -> Any:
    """The details that came with a failed call, None where there are none."""
    return next((value for key, value in error.trailing_metadata() or () if key == _DETAILS), None)


def _partial(details: Any) -> InitFailure | None:
    if not isinstance(details, bytes):
        return None
    for detail in status_pb2.Status.FromString(details).details:
        failure = provider_pb2.ErrorResourceInitFailed()
        if detail.Is(failure.DESCRIPTOR):
            detail.Unpack(failure)
            return InitFailure(failure.id, failure.properties, tuple(failure.reasons), failure.inputs)
    return None
