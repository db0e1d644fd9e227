"""CloudWatch: a new alarm has not enough data yet, a changed one keeps its state; metrics have percentiles."""

from __future__ import annotations

import math
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
    statistics = module.Statistics
    plain = statistics.get_statistics_for_type

    def get_statistics_for_type(self: Any, stat: str) -> Any:
        if not (stat[:1] == "p" and stat[1:].replace(".", "", 1).isdigit()):
            return plain(self, stat)
        # AWS has percentiles of single values only, and of sets that are one value.
        known = sorted([*self.metric_single_values_list, *_even(self.metric_aggregated_list)])
        return known[max(math.ceil(float(stat[1:]) / 100 * len(known)), 1) - 1] if known else None

    statistics.get_statistics_for_type = get_statistics_for_type
    # moto holds the value of one against the name of the other, so that the order of dimensions would matter.
    module.Dimension.__lt__ = lambda self, other: (self.name, self.value) < (other.name, other.value)


def _even(sets: list[Any]) -> list[float]:
    return [one.min for one in sets if one.min == one.max for _ in range(int(one.sample_count))]
