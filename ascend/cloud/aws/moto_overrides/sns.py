"""SNS: a subscription that somebody must confirm stays pending until it is confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType

_BY_HAND = frozenset({"email", "email-json", "http", "https"})


def install() -> None:
    """Patch moto's SNS when it is loaded."""
    on_load("moto.sns.models", _patch)


def _patch(module: ModuleType) -> None:
    backend = module.SNSBackend
    subscribe = backend.subscribe

    def subscribing(self: Any, topic_arn: str, endpoint: str, protocol: str) -> Any:
        known = self._find_subscription(topic_arn, endpoint, protocol)
        subscription = subscribe(self, topic_arn, endpoint, protocol)
        if known is None and protocol in _BY_HAND:
            subscription.attributes["PendingConfirmation"] = True
            subscription.attributes["ConfirmationWasAuthenticated"] = False
        return subscription

    backend.subscribe = subscribing
