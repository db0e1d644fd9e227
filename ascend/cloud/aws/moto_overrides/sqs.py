"""SQS: attributes survive a change of others, redrive permissions are kept, and a KMS key replaces SSE-SQS."""

# ruff: noqa: SLF001 -- a patch reaches into what it patches

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType

_EMPTY = ("KmsMasterKeyId", "Policy", "RedriveAllowPolicy")


def install() -> None:
    """Patch moto's SQS when it is loaded."""
    on_load("moto.sqs.models", _patch)


def _patch(module: ModuleType) -> None:
    queue = module.Queue
    assign = queue._set_attributes
    queue.BASE_ATTRIBUTES = [*queue.BASE_ATTRIBUTES, "RedriveAllowPolicy"]

    def set_attributes(self: Any, attributes: dict[str, Any], now: float | None = None) -> None:
        given = dict(attributes)
        for name in _EMPTY:  # an empty one is removed
            if given.get(name) == "":
                given[name] = None
        # moto forgets the policy whenever anything else is set.
        given.setdefault("Policy", getattr(self, "policy", None))
        self.redrive_allow_policy = given.get("RedriveAllowPolicy", getattr(self, "redrive_allow_policy", None))
        assign(self, given, now)
        if attributes.get("KmsMasterKeyId"):
            self.sqs_managed_sse_enabled = "false"
        elif str(attributes.get("SqsManagedSseEnabled")).lower() == "true":
            self.kms_master_key_id = None

    queue._set_attributes = set_attributes
