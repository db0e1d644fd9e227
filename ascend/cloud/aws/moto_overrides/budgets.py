"""Budgets: changing one, its subscribers and its tags."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType


def install() -> None:
    """Patch moto's Budgets when it is loaded."""
    on_load("moto.budgets.responses", _patch)


def _patch(module: ModuleType) -> None:
    from moto.budgets.exceptions import DuplicateRecordException, NotFoundException  # noqa: PLC0415 -- moto is loaded
    from moto.core.utils import unix_time  # noqa: PLC0415 -- as above

    response = module.BudgetsResponse
    create, create_notification = response.create_budget, response.create_notification

    def find(self: Any, name: str) -> Any:
        budget = self.backend.budgets[self._get_param("AccountId") or self.current_account].get(name)
        if budget is None:
            raise NotFoundException(f"Unable to get budget: {name} - the budget doesn't exist.")
        return budget

    def tagged(self: Any) -> Any:
        return find(self, self._get_param("ResourceARN").partition(":budget/")[2])

    def notification(self: Any) -> Any:
        wanted = self._get_param("Notification")
        budget = find(self, self._get_param("BudgetName"))
        found = next((item for item in budget.notifications if _same(item.details, wanted)), None)
        if found is None:
            raise NotFoundException("Unable to find notification - the notification doesn't exist.")
        return found

    def create_budget(self: Any) -> str:
        answer: str = create(self)
        budget = find(self, self._get_param("Budget")["BudgetName"])
        budget.resource_tags = {row["Key"]: row["Value"] for row in self._get_param("ResourceTags") or []}
        return answer

    def update_budget(self: Any) -> str:
        new = self._get_param("NewBudget")
        budget = find(self, new["BudgetName"])
        kept = {key: budget.budget[key] for key in ("TimePeriod", "CostTypes") if key in budget.budget}
        budget.budget = {**kept, **new, "LastUpdatedTime": unix_time()}
        return "{}"

    def create_once(self: Any) -> str:
        wanted = self._get_param("Notification")
        if any(_same(item.details, wanted) for item in find(self, self._get_param("BudgetName")).notifications):
            raise DuplicateRecordException(record_type="notification", record_name=self._get_param("BudgetName"))
        answer: str = create_notification(self)
        return answer

    def describe_subscribers_for_notification(self: Any) -> str:
        return json.dumps({"Subscribers": notification(self).subscribers})

    def create_subscriber(self: Any) -> str:
        notification(self).subscribers.append(self._get_param("Subscriber"))
        return "{}"

    def delete_subscriber(self: Any) -> str:
        notification(self).subscribers.remove(self._get_param("Subscriber"))
        return "{}"

    def list_tags_for_resource(self: Any) -> str:
        tags = getattr(tagged(self), "resource_tags", {})
        return json.dumps({"ResourceTags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]})

    def tag_resource(self: Any) -> str:
        budget = tagged(self)
        new = {row["Key"]: row["Value"] for row in self._get_param("ResourceTags")}
        budget.resource_tags = {**getattr(budget, "resource_tags", {}), **new}
        return "{}"

    def untag_resource(self: Any) -> str:
        budget, gone = tagged(self), self._get_param("ResourceTagKeys")
        budget.resource_tags = {key: value for key, value in budget.resource_tags.items() if key not in gone}
        return "{}"

    for method in (
        create_budget,
        update_budget,
        describe_subscribers_for_notification,
        create_subscriber,
        delete_subscriber,
        list_tags_for_resource,
        tag_resource,
        untag_resource,
    ):
        setattr(response, method.__name__, method)
    response.create_notification = create_once


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    keys = ("NotificationType", "ComparisonOperator", "Threshold")
    kind = "PERCENTAGE"
    return all(one[key] == other[key] for key in keys) and one.get("ThresholdType", kind) == other.get(
        "ThresholdType", kind
    )
