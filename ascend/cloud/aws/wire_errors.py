"""Requests and errors of the AWS API as they are on the wire: what is asked for, and how each protocol says no.

Forms of errors: botocore/parsers.py (QueryParser, EC2QueryParser, RestXMLParser, JSONParser, RpcV2CBORParser), read
2026-11-21.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

_REQUEST_ID: Final = "00000000-0000-4000-8000-000000000000"
_SCOPE: Final = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")
_REST_XML: Final = frozenset({"s3", "route53", "cloudfront"})
_CBOR_MAP, _CBOR_TEXT = 0xA0, 0x60
_CBOR_SHORT, _CBOR_BYTE, _CBOR_TWO = 24, 0x18, 0x19


@cache
def _session() -> Any:
    import botocore.session  # noqa: PLC0415 -- planning never gets here

    return botocore.session.Session(session_vars={"profile": (None, None, None, None)})


@cache
def signing_name(service: str) -> str:
    """The name under which requests to a service are signed.

    Args:
        service: boto3's name of it.

    Raises:
        ValueError: there is no such service.
    """
    if service not in _session().get_available_services():
        raise ValueError(f"service: {service!r} is not one that boto3 knows")
    return str(_session().get_service_model(service).signing_name)


@dataclass(frozen=True, slots=True)
class Request:
    """A request to the AWS API.

    Attributes:
        method: of HTTP.
        path: without host and query.
        query: what follows the question mark.
        headers: by name in lower case.
        body: of the request.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def service(self) -> str:
        """The name under which it is signed, empty where it is not."""
        scope = _SCOPE.search(self.headers.get("authorization", ""))
        return scope[1] if scope else ""

    @property
    def protocol(self) -> str:
        """One of query, ec2, json, cbor, rest-json and rest-xml."""
        if "smithy-protocol" in self.headers:
            return "cbor"
        if "x-amz-target" in self.headers:
            return "json"
        if "x-www-form-urlencoded" in self.headers.get("content-type", ""):
            return "ec2" if self.service == "ec2" else "query"
        return "rest-xml" if self.service in _REST_XML else "rest-json"

    @property
    def operations(self) -> frozenset[str]:
        """What it may ask for, as the API spells it: several where only headers tell them apart."""
        if self.protocol == "cbor":
            return frozenset({self.path.rpartition("/operation/")[2]})
        if self.protocol == "json":
            return frozenset({self.headers["x-amz-target"].rpartition(".")[2]})
        if self.protocol in {"query", "ec2"}:
            return frozenset(parse_qs(self.body.decode(errors="replace")).get("Action", ()))
        return _rest_operations(self.service, self.method, self.path, self.query)


def _rest_operations(service: str, method: str, path: str, query: str) -> frozenset[str]:
    given = {part.partition("=")[0] for part in query.split("&")}
    fitting = [
        (len(keys), name)
        for verb, pattern, keys, name in _routes(service)
        if verb == method and keys <= given and pattern.fullmatch(path)
    ]
    most = max((count for count, _ in fitting), default=0)
    return frozenset(name for count, name in fitting if count == most)


@cache
def _routes(service: str) -> list[tuple[str, re.Pattern[str], frozenset[str], str]]:
    """The operations of a service by method, path and the keys that must be in the query."""
    routes = []
    for name in _session().get_available_services() if service else ():
        model = _session().get_service_model(name) if name.startswith(service) else None
        if model is None or model.signing_name != service or not model.metadata["protocol"].startswith("rest"):
            continue
        for operation in model.operation_names:
            http = model.operation_model(operation).http
            path, _, query = http["requestUri"].partition("?")
            pattern = re.sub(r"\\\{[^}]*?\\\+\\\}", ".+", re.escape(path))
            pattern = re.sub(r"\\\{[^}]*?\\\}", "[^/]+", pattern)
            keys = frozenset(part.partition("=")[0] for part in query.split("&") if part)
            routes.append((http["method"], re.compile(pattern + "/?"), keys, operation))
    return routes


def refusal(protocol: str, code: str, message: str) -> tuple[dict[str, str], bytes]:
    """How a protocol says an error: headers and body."""
    if protocol == "cbor":
        body = bytes([_CBOR_MAP + 2]) + b"".join(map(_cbor, ("__type", code, "message", message)))
        return {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}, body
    if protocol in {"json", "rest-json"}:
        document = json.dumps({"__type": code, "message": message}).encode()
        return {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": code}, document
    error = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    forms = {
        "ec2": f"<Response><Errors>{error}</Errors><RequestID>{_REQUEST_ID}</RequestID></Response>",
        "rest-xml": error,
    }
    wrapped = forms.get(protocol, f"<ErrorResponse>{error}<RequestId>{_REQUEST_ID}</RequestId></ErrorResponse>")
    return {"Content-Type": "text/xml"}, wrapped.encode()


def _cbor(text: str) -> bytes:
    """A text of fewer than 65,536 bytes (RFC 8949, section 3)."""
    raw = text.encode()
    size = len(raw)
    if size < _CBOR_SHORT:
        return bytes([_CBOR_TEXT + size]) + raw
    if size < 1 << 8:
        return bytes([_CBOR_TEXT + _CBOR_BYTE, size]) + raw
    return bytes([_CBOR_TEXT + _CBOR_TWO]) + size.to_bytes(2, "big") + raw
