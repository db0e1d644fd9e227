"""CloudWatch: a new alarm has not enough data yet, and a changed one keeps its state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType

_STATE = ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history")


def install() -> None:
    """Patch moto's CloudWatch when it is loaded."""
    on_load("moto.cloudwatch.models", _patch)


def _patch(module: ModuleType) -> None:
    backend = module.CloudWatchBackend
    put = backend.put_metric_alarm

    def put_metric_alarm(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = self.alarms.get(kwargs.get("name") or (args[0] if args else None))
        alarm = put(self, *args, **kwargs)
        if before is None:
            alarm.state_value = "INSUFFICIENT_DATA"
        else:
            for name in _STATE:
                setattr(alarm, name, getattr(before, name))
        return alarm

    backend.put_metric_alarm = put_metric_alarm
