"""S3: a bucket's policy that refuses requests without TLS refuses those and no others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType

_PLAIN = {"Bool": {"aws:SecureTransport": "false"}}


def install() -> None:
    """Patch moto's S3 when it is loaded."""
    on_load("moto.s3.models", _patch)


def _patch(module: ModuleType) -> None:
    bucket = module.FakeBucket
    permission = bucket.get_permission

    def get_permission(self: Any, action: str, resource: str) -> Any:
        """Requests to the embedded cloud stand for requests with TLS; to moto an unmet condition is a no."""
        whole = self.policy
        if whole is None:
            return permission(self, action, resource)
        document = json.loads(whole)
        document["Statement"] = [one for one in document["Statement"] if one.get("Condition") != _PLAIN]
        self.policy = json.dumps(document).encode() if document["Statement"] else None
        try:
            return permission(self, action, resource)
        finally:
            self.policy = whole

    bucket.get_permission = get_permission
