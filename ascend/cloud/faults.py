"""Faults on request: a running embedded cloud is told which calls to fail, and says which calls it was asked for.

Two places can fail. A `ProviderFault` fails a provider's create, update, delete or read, as the engine sees it: what
AWS answers for good, once every retry is used up. An `ApiFault` makes the emulated AWS answer a request with an error,
a provider's or any other client's: what the client's retries are for.

The cloud's local control is a path of its AWS endpoint that no AWS service has, so it works the same whichever engine
runs. It takes JSON by ``PUT``, which no web page can send there unasked.
"""

from __future__ import annotations

import http.client
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ascend.cloud.process import CloudInfo

#: Where the control is, under the AWS endpoint.
PATH: Final = "/_ascend/faults"
#: The methods of a provider that can be failed; the first three change something.
METHODS: Final = ("create", "update", "delete", "read")
_PATIENCE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class ProviderFault:
    """Fails calls of a provider.

    Attributes:
        error: the AWS error, one of `faults.yaml`.
        method: which method; any that changes something where empty.
        urn: of which resource, by its URN or by how that ends; of any where empty.
        call: which of the calls that match, from 1 on, counted from when the fault was set.
        times: how many from there on; 0 for all.
        after: whether the change is made all the same, and the resource left incomplete.
    """

    error: str = "InternalFailure"
    method: str = ""
    urn: str = ""
    call: int = 1
    times: int = 1
    after: bool = False


@dataclass(frozen=True, slots=True)
class ApiFault:
    """Makes the emulated AWS answer requests with an error.

    Attributes:
        error: the AWS error, one of `faults.yaml`.
        operation: as the API spells it (``DescribeDBInstances``); any where empty.
        service: by boto3's name; any where empty.
        call: which of the requests that match, from 1 on, counted from when the fault was set.
        times: how many from there on; 0 for all.
    """

    error: str = "Throttling"
    operation: str = ""
    service: str = ""
    call: int = 1
    times: int = 1


Fault = ProviderFault | ApiFault


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a provider since the faults were set.

    Attributes:
        method: one of `METHODS`.
        urn: the resource.
        error: the fault that it met, empty where it met none.
    """

    method: str
    urn: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What happened since the faults were set.

    Attributes:
        calls: the calls of the providers that change something, in order of arrival.
        answered: how often each fault struck, in the order in which they were given.
    """

    calls: tuple[Call, ...]
    answered: tuple[int, ...]


def inject(cloud: CloudInfo, *faults: Fault) -> None:
    """Sets the faults in place of those that were set, and starts to count and to note calls anew.

    Without any fault, calls are only noted.

    Raises:
        InputError: a fault that there is not, or a cloud that does not answer.
    """
    _ask(cloud, "PUT", [to_dict(fault) for fault in faults])


def report(cloud: CloudInfo) -> Report:
    """What happened since the faults were set.

    Raises:
        InputError: the cloud does not answer.
    """
    document = _ask(cloud, "GET")
    return Report(tuple(Call(**fields) for fields in document["calls"]), tuple(document["answered"]))


def clear(cloud: CloudInfo) -> None:
    """Takes back every fault, and stops noting calls.

    Raises:
        InputError: the cloud does not answer.
    """
    _ask(cloud, "DELETE")


def to_dict(fault: Fault) -> dict[str, Any]:
    """A fault as JSON."""
    return {"kind": "provider" if isinstance(fault, ProviderFault) else "api", **asdict(fault)}


def from_dict(fields: Mapping[str, Any]) -> Fault:
    """A fault from JSON.

    Raises:
        ValueError: it is none.
    """
    kinds: dict[str, type[ProviderFault | ApiFault]] = {"provider": ProviderFault, "api": ApiFault}
    given = dict(fields)
    kind = kinds.get(given.pop("kind", ""))
    if kind is None:
        raise ValueError(f"kind must be one of {', '.join(kinds)}")
    try:
        fault = kind(**given)
    except TypeError as error:
        raise ValueError(f"{kind.__name__}: {error}") from error
    if isinstance(fault, ProviderFault) and fault.method not in ("", *METHODS):
        raise ValueError(f"method: {fault.method!r} is not one of {', '.join(METHODS)}")
    if fault.call < 1 or fault.times < 0:
        raise ValueError(f"call: {fault.call} must be at least 1, times: {fault.times} at least 0")
    return fault


def _ask(cloud: CloudInfo, method: str, document: Any = None) -> Any:
    where = urlsplit(cloud.aws_endpoint)
    # Straight to this machine: the user's proxy has no business here.
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=_PATIENCE_S)
    try:
        body = None if document is None else json.dumps(document)
        connection.request(method, PATH, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode()
    except OSError as error:
        raise InputError(f"{cloud.aws_endpoint}: the embedded cloud does not answer ({error})") from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise InputError(f"{cloud.aws_endpoint}{PATH}: {text}")
    return json.loads(text)
