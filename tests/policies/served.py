"""The pack as the CLI runs it: a process of its own, asked over the analyzer protocol."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any, Self

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime import proto
from pulumi.runtime.proto import analyzer_pb2_grpc
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from ascend.engine.model import UNKNOWN_MASK
from tests.policies.plans import ROOT, ROOT_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ascend.engine.model import Step

_MEGABYTES = 2**20
_LEVELS = {proto.ADVISORY: "advisory", proto.MANDATORY: "mandatory"}
#: Policy, level, resource, message; the CLI names the resource where a policy on one does not.
Said = tuple[str, str, str, str]


class Served:
    """The pack's process, for a `with`."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-u", str(ROOT / "policies" / "__main__.py")], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        port = int(self._process.stdout.readline())
        self._channel = grpc.insecure_channel(
            f"127.0.0.1:{port}", options=[("grpc.max_send_message_length", 400 * _MEGABYTES)]
        )
        self._pack: Any = analyzer_pb2_grpc.AnalyzerStub(self._channel)
        self._shown: dict[str, Step] = {}
        self._found: dict[int, list[Said]] = {}
        self._defaults = {
            one.name: (one.enforcementLevel, one.configSchema.properties)
            for one in self._pack.GetAnalyzerInfo(empty_pb2.Empty()).policies
        }
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()
        with self._process as process:
            process.terminate()

    def configure(self, names: Sequence[str]) -> None:
        """Lets only these policies judge; all where none is named."""
        config = {
            name: proto.PolicyConfig(
                enforcementLevel=level if not names or name in names else proto.DISABLED,
                properties=_struct({key: rule["default"] for key, rule in properties.items() if "default" in rule}),
            )
            for name, (level, properties) in self._defaults.items()
        }
        self._pack.Configure(proto.ConfigureAnalyzerRequest(policyConfig=config))
        self._shown.clear()
        self._found.clear()

    def judge(self, steps: Sequence[Step]) -> list[Said]:
        """What the pack says of a plan, as the CLI asks: each resource, then the stack.

        A resource that was shown before, and is the same, is not shown again; all are where the root is another, with
        which a plan begins.
        """
        (root,) = (step for step in steps if step.type == ROOT_TYPE)
        if self._shown.get(root.urn) is not root:
            self._shown.clear()
        for step in steps:
            if self._shown.get(step.urn) is not step:
                self._shown[step.urn] = step
                self._found[id(step)] = self._one(step)
        resources = [_resource(proto.AnalyzerResource, step) for step in steps]
        stack = self._pack.AnalyzeStack(proto.AnalyzeStackRequest(resources=resources)).diagnostics
        return sorted(said for step in steps for said in self._found[id(step)]) + sorted(_said(stack, ""))

    def _one(self, step: Step) -> list[Said]:
        put_right = self._pack.Remediate(_resource(proto.AnalyzeRequest, step)).remediations
        request = _resource(proto.AnalyzeRequest, step)
        if put_right:
            request.properties.CopyFrom(put_right[-1].properties)
        found = list(_said(self._pack.Analyze(request).diagnostics, step.urn))
        return found + [(one.policyName, "remediate", step.urn, "") for one in put_right]


def _said(diagnostics: Iterable[Any], urn: str) -> Iterable[Said]:
    """What diagnostics say; the SDK puts a policy's description before each message."""
    for one in diagnostics:
        message = one.message.removeprefix(f"{one.description}\n")
        yield one.policyName, _LEVELS[one.enforcementLevel], one.urn or urn, message


def _resource(kind: Any, step: Step) -> Any:
    return kind(
        type=step.type,
        urn=step.urn,
        name=step.name,
        properties=_struct(step.inputs),
        options=proto.AnalyzerResourceOptions(
            protect=step.protect, ignoreChanges=list(step.ignore_changes), parent=step.parent
        ),
        **({"parent": step.parent} if kind is proto.AnalyzerResource else {}),
    )


def _struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(_sent(dict(values)))
    return made


def _sent(value: Any) -> Any:
    """A value as the engine sends it: what is unknown is the SDK's own mark."""
    if isinstance(value, dict):
        return {key: _sent(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_sent(one) for one in value]
    return UNKNOWN_STRING_VALUE if isinstance(value, str) and value == UNKNOWN_MASK else value
