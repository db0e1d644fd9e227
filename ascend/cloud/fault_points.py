"""Where faults on request strike: the providers' servicers, the AWS endpoint, and boto3 inside the cloud's process."""

# ruff: noqa: N802 -- the methods of the protocol have its names

from __future__ import annotations

import io
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import grpc
from pulumi.runtime.proto import provider_pb2, status_pb2

from ascend.cloud.aws.wire_errors import Request, refusal
from ascend.cloud.fault_board import BOARD
from ascend.cloud.faults import PATH
from ascend.cloud.servicer import ProviderServicer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class FaultyServicer(ProviderServicer):
    """The protocol around a provider, whose calls can be failed."""

    def Create(self, request: Any, context: Any) -> Any:
        """Fails, or makes the object."""
        if request.preview:
            return super().Create(request, context)
        return self._failing("create", request, context, super().Create)

    def Read(self, request: Any, context: Any) -> Any:
        """Fails, or reads the object."""
        return self._failing("read", request, context, super().Read)

    def Update(self, request: Any, context: Any) -> Any:
        """Fails, or changes the object."""
        if request.preview:
            return super().Update(request, context)
        return self._failing("update", request, context, super().Update)

    def Delete(self, request: Any, context: Any) -> Any:
        """Fails, or removes the object."""
        return self._failing("delete", request, context, super().Delete)

    def _failing(self, method: str, request: Any, context: Any, work: Callable[[Any, Any], Any]) -> Any:
        fault = BOARD.provider_call(method, request.urn)
        if fault is None:
            return work(request, context)
        error, after = fault
        message = f"{method}: {error.code}: {error.message}"
        if not after:
            context.abort(grpc.StatusCode.UNKNOWN, message)
        response = work(request, context)
        if method in ("create", "update"):
            # It is there, and it is not complete: an engine must record it, or it would be made twice.
            detail = provider_pb2.ErrorResourceInitFailed(
                id=response.id if method == "create" else request.id,
                properties=response.properties,
                reasons=[message],
                inputs=request.properties if method == "create" else request.news,
            )
            status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message)
            status.details.add().Pack(detail)
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        return context.abort(grpc.StatusCode.UNKNOWN, message)


class FaultyEndpoint:
    """The AWS endpoint with the cloud's local control beside it, whose requests can be answered with an error.

    Args:
        application: the endpoint's WSGI application.
    """

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers one request."""
        path, method = str(environ.get("PATH_INFO")), str(environ.get("REQUEST_METHOD"))
        if path == PATH:
            status, body = BOARD.control(method, _body(environ))
            return _answer(start_response, status, {"Content-Type": "application/json"}, body)
        if BOARD.watches_api:
            body = _body(environ)
            environ["wsgi.input"] = io.BytesIO(body)
            headers = {
                key.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
                for key, value in environ.items()
                if key.startswith("HTTP_") or key == "CONTENT_TYPE"
            }
            refused = _refused(Request(method, path, str(environ.get("QUERY_STRING", "")), headers, body))
            if refused is not None:
                return _answer(start_response, *refused)
        answer: Iterable[bytes] = self._application(environ, start_response)
        return answer


def answer_in_process(event_name: str, request: Any) -> Any:
    """What boto3 inside the cloud's process gets in place of an answer of moto, None where it is to get that.

    Args:
        event_name: botocore's event, ``before-send.<service>.<operation>``.
        request: the prepared request.
    """
    if not BOARD.watches_api:
        return None
    from botocore.awsrequest import AWSResponse  # noqa: PLC0415 -- planning never gets here
    from botocore.compat import HTTPHeaders  # noqa: PLC0415
    from moto.core.botocore_stubber import MockRawResponse  # noqa: PLC0415

    headers = {key.lower(): _text(value) for key, value in request.headers.items()}
    refused = _refused(Request(request.method, "", "", headers), event_name.rpartition(".")[2])
    if refused is None:
        return None
    status, fields, body = refused
    answered = HTTPHeaders()
    for key, value in fields.items():
        answered[key] = value
    return AWSResponse(request.url, status, answered, MockRawResponse(body))


def _refused(request: Request, operation: str = "") -> tuple[int, dict[str, str], bytes] | None:
    error = BOARD.api_call(request.service, {operation} if operation else request.operations)
    if error is None:
        return None
    return error.status, *refusal(request.protocol, error.code, error.message)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _body(environ: Mapping[str, Any]) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return body


def _answer(start_response: Callable[..., Any], status: int, headers: Mapping[str, str], body: bytes) -> list[bytes]:
    start_response(f"{status} {HTTPStatus(status).phrase}", [*headers.items(), ("Content-Length", str(len(body)))])
    return [body]
