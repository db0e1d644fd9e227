"""Cost Explorer: a forecast, from the costs that moto was told of."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType


def install() -> None:
    """Patch moto's Cost Explorer when it is loaded."""
    on_load("moto.ce.responses", _patch)


def _patch(module: ModuleType) -> None:
    from moto.core.exceptions import JsonRESTError  # noqa: PLC0415 -- moto is loaded

    def get_cost_forecast(self: Any) -> str:
        """The mean of the known days for each day that is asked for; as AWS has none for who has no past."""
        asked = json.loads(self.body)
        days = _known_days(self.ce_backend)
        if not days:
            raise JsonRESTError(
                "DataUnavailableException", "Insufficient amount of historical data to generate forecast"
            )
        start, end = (date.fromisoformat(asked["TimePeriod"][key]) for key in ("Start", "End"))
        total = sum(days) / len(days) * (end - start).days
        return json.dumps({"Total": {"Amount": f"{total:.4f}", "Unit": "USD"}, "ForecastResultsByTime": []})

    module.CostExplorerResponse.get_cost_forecast = get_cost_forecast


def _known_days(backend: Any) -> list[float]:
    """What each day cost, of the answers that moto was given to play back."""
    return [
        float(amount["Amount"])
        for answer in backend.cost_usage_results.values()
        for day in answer.get("ResultsByTime", [])
        for amount in day.get("Total", {}).values()
    ]
