"""What the tests of components share: names, and what a program registered."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from components.base import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT = "123456789012"
KEY_ARN = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/mrk-1"
TOPIC_ARN = f"arn:aws:sns:us-east-1:{ACCOUNT}:alarms"
SCOPE = Scope(system="floyo", stack="dev", region="us-east-1", account_id=ACCOUNT)


@dataclass(frozen=True)
class Registration:
    """One resource, as the program asked the engine to register it. Secret inputs are `Secret` objects."""

    type: str
    name: str
    inputs: dict[str, Any]
    parent: str
    protect: bool
    ignore_changes: tuple[str, ...]
    depends_on: tuple[str, ...]
    custom: bool
    urn: str
    create_timeout: str = ""

    def policy(self, key: str = "policy") -> dict[str, dict[str, Any]]:
        """A policy document of the inputs: its statements by their Sid."""
        document = json.loads(self.inputs[key])
        assert document["Version"] == "2012-10-17"
        return {statement["Sid"]: statement for statement in document["Statement"]}


@dataclass
class Registered:
    """Everything that one program registered."""

    resources: list[Registration] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    logs: list[str] = field(default_factory=list)

    def of(self, type_: str) -> list[Registration]:
        """The resources of a type, by the end of its token (``rds/instance:Instance``)."""
        return [one for one in self.resources if one.type.endswith(type_)]

    def one(self, type_: str, name: str | None = None) -> Registration:
        """The only resource of a type, or the one of that name."""
        found = [one for one in self.of(type_) if name is None or one.name == name]
        assert len(found) == 1, [(one.type, one.name) for one in self.of(type_)]
        return found[0]

    def alarms(self) -> dict[str, dict[str, Any]]:
        """Inputs of the alarms by logical name."""
        return {one.name: one.inputs for one in self.of("cloudwatch/metricAlarm:MetricAlarm")}


@dataclass(frozen=True)
class Secret:
    """A value that was marked secret on its way to the engine."""

    value: Any


class Run(Protocol):
    """Runs a program against a recording engine and gives what was registered. Raises what the program raises."""

    def __call__(self, program: Callable[[], Any], *, preview: bool = False) -> Registered: ...
