"""The cloud's side of faults on request: what is to fail, and what was called."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ascend.cloud.aws import wire_errors
from ascend.cloud.faults import ApiFault, Call, Fault, ProviderFault, from_dict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

_TABLE = Path(__file__).with_name("faults.yaml")
_CHANGING = ("create", "update", "delete")


@dataclass(frozen=True, slots=True)
class AwsError:
    """An error as AWS answers with it: its code, the HTTP status and the text."""

    code: str
    status: int
    message: str


@cache
def errors() -> Mapping[str, AwsError]:
    """The errors that there are, by code."""
    table = yaml.safe_load(_TABLE.read_text(encoding="utf-8"))
    return {code: AwsError(code, int(row["status"]), str(row["message"])) for code, row in table.items()}


class Board:
    """What is to fail, and what was called. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._seen: list[int] = []
        self._answered: list[int] = []
        self._calls: list[Call] = []
        self._noting = False
        self._services: dict[str, str] = {}

    @property
    def watches_api(self) -> bool:
        """Whether any request of the AWS API may have to fail: else nobody needs to look at them."""
        return any(isinstance(fault, ApiFault) for fault in self._faults)

    def set(self, faults: list[Fault]) -> None:
        """Puts faults in place of those that there were.

        Raises:
            ValueError: an error or a service that there is not.
        """
        for fault in faults:
            if fault.error not in errors():
                raise ValueError(f"error: {fault.error!r} is not one of {', '.join(errors())}")
        named = {fault.service for fault in faults if isinstance(fault, ApiFault) and fault.service}
        services = {name: wire_errors.signing_name(name) for name in named}
        with self._lock:
            self._faults, self._services = list(faults), services
            self._seen, self._answered = [0] * len(faults), [0] * len(faults)
            self._calls, self._noting = [], True

    def clear(self) -> None:
        """Takes every fault back."""
        self.set([])
        self._noting = False

    def document(self) -> dict[str, Any]:
        """What happened since, as JSON."""
        with self._lock:
            return {"calls": [asdict(call) for call in self._calls], "answered": list(self._answered)}

    def provider_call(self, method: str, urn: str) -> tuple[AwsError, bool] | None:
        """A provider is called: the error to fail it with, and whether only after the change; None for no error."""

        def matches(fault: Fault) -> bool:
            return (
                isinstance(fault, ProviderFault)
                and (method == fault.method or (not fault.method and method in _CHANGING))
                and urn.endswith(fault.urn)
            )

        if not self._noting:
            return None
        with self._lock:
            fault = self._struck(matches)
            if method in _CHANGING:
                self._calls.append(Call(method, urn, fault.error if fault else ""))
        return (errors()[fault.error], fault.after) if isinstance(fault, ProviderFault) else None

    def api_call(self, service: str, operations: Collection[str]) -> AwsError | None:
        """AWS is asked: the error to answer with, None for none.

        Args:
            service: the name under which requests to it are signed.
            operations: what it may be asked for, as the API spells it.
        """

        def matches(fault: Fault) -> bool:
            return (
                isinstance(fault, ApiFault)
                and (not fault.operation or fault.operation in operations)
                and self._services.get(fault.service, "") in ("", service)
            )

        with self._lock:
            fault = self._struck(matches)
        return errors()[fault.error] if fault else None

    def _struck(self, matches: Callable[[Fault], bool]) -> Fault | None:
        """Counts a call for every fault that it matches; the first fault whose turn it is."""
        found = None
        for place, fault in enumerate(self._faults):
            if not matches(fault):
                continue
            self._seen[place] += 1
            past = self._seen[place] - fault.call
            if found is None and past >= 0 and (fault.times == 0 or past < fault.times):
                self._answered[place] += 1
                found = fault
        return found

    def control(self, method: str, body: bytes) -> tuple[int, bytes]:
        """Answers a request to the cloud's local control: the HTTP status and the body."""
        try:
            if method == "PUT":
                self.set([from_dict(fields) for fields in json.loads(body)])
            elif method == "DELETE":
                self.clear()
            elif method != "GET":
                return 405, b"allowed: GET, PUT, DELETE"
        except (ValueError, TypeError, AttributeError) as error:
            return 400, f"not a list of faults: {error}".encode()
        return 200, json.dumps(self.document()).encode()


#: The one board of this process.
BOARD = Board()
