"""AWS Budgets: an account's budgets have no region."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws import tagging
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_SEPARATOR = ":"
_TIME = "%Y-%m-%d_%H:%M"


class Budget(ResourceType):
    """A budget with its notifications; its id is ``account:name``."""

    pulumi_type = "aws:budgets/budget:Budget"
    service = "budgets"
    gone = ("NotFoundException",)
    tags = tagging.TagStyle(
        parameter="ResourceTags",
        target="ResourceARN",
        add_parameter="ResourceTags",
        remove_parameter="ResourceTagKeys",
        read_path="ResourceTags",
    )

    def check(self, inputs: Props, region: str) -> list[Failure]:  # noqa: ARG002 -- a hook
        """Times must be times; addresses must be addresses."""
        failures = []
        for name in ("timePeriodStart", "timePeriodEnd"):
            value = inputs.get(name)
            formed = isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}_\d{2}:\d{2}", value)
            if formed and _time(str(value)) is None:
                failures.append(Failure(name, f"{value} is not a time; the form is 2026-01-31_00:00"))
        notifications = inputs.get("notifications")
        for index, notification in enumerate(notifications if isinstance(notifications, list) else ()):
            addresses = notification.get("subscriberEmailAddresses") if isinstance(notification, dict) else None
            for place, address in enumerate(addresses if isinstance(addresses, list) else ()):
                if isinstance(address, str) and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", address):
                    path = f"notifications[{index}].subscriberEmailAddresses[{place}]"
                    failures.append(Failure(path, f"{address} is not an e-mail address"))
        return failures

    def normalise(self, inputs: Props) -> Props:
        """250 and 250.0 are the same amount (budget.go, suppressEquivalentBudgetLimitAmount)."""
        try:
            amount = Decimal(str(inputs["limitAmount"]))
        except (KeyError, InvalidOperation):
            return inputs
        return {**inputs, "limitAmount": format(amount.normalize(), "f")}

    def create(self, api: Api, inputs: Props) -> str:
        """The budget and its notifications in one call."""
        account = str(inputs.get("accountId") or api.account)
        api.call(
            "CreateBudget",
            AccountId=account,
            Budget=_to_budget(inputs),
            NotificationsWithSubscribers=[
                {"Notification": _to_notification(row), "Subscribers": _subscribers(row)}
                for row in inputs.get("notifications") or []
            ],
            **self.tag_params(inputs),
        )
        api.created_id = f"{account}{_SEPARATOR}{inputs['name']}"
        return api.created_id

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:  # noqa: ARG002 -- a hook
        """The budget of this account and name."""
        account, _, name = object_id.partition(_SEPARATOR)
        answer = self.unless_gone(api, "DescribeBudget", AccountId=account, BudgetName=name)
        return answer["Budget"] if answer else None

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """The budget in the provider's form; notifications have listing calls of their own."""
        account, _, name = object_id.partition(_SEPARATOR)
        limit, period = found.get("BudgetLimit") or {}, found.get("TimePeriod") or {}
        arn = self.tag_target(api, object_id, inputs)
        types = found.get("CostTypes")
        filters = [{"name": key, "values": values} for key, values in sorted((found.get("CostFilters") or {}).items())]
        return {
            "accountId": account,
            "arn": arn,
            "budgetType": found["BudgetType"],
            "costFilters": filters or None,
            "costTypes": {key[0].lower() + key[1:]: value for key, value in types.items()} if types else None,
            "limitAmount": limit.get("Amount"),
            "limitUnit": limit.get("Unit"),
            "name": name,
            "notifications": self._notifications(api, account, name) or None,
            "tagsAll": self.tags.fetch(api, arn),
            "timePeriodEnd": period["End"].astimezone(UTC).strftime(_TIME) if "End" in period else None,
            "timePeriodStart": period["Start"].astimezone(UTC).strftime(_TIME) if "Start" in period else None,
            "timeUnit": found["TimeUnit"],
        }

    def _notifications(self, api: Api, account: str, name: str) -> list[Props]:
        where = {"AccountId": account, "BudgetName": name}
        rows = []
        for notification in api.call("DescribeNotificationsForBudget", **where).get("Notifications", []):
            asked = {key: value for key, value in notification.items() if key != "NotificationState"}
            answer = api.call("DescribeSubscribersForNotification", **where, Notification=asked)
            subscribers = answer["Subscribers"]
            emails = sorted(row["Address"] for row in subscribers if row["SubscriptionType"] == "EMAIL")
            topics = sorted(row["Address"] for row in subscribers if row["SubscriptionType"] == "SNS")
            rows.append(
                {
                    "comparisonOperator": notification["ComparisonOperator"],
                    "notificationType": notification["NotificationType"],
                    "threshold": notification["Threshold"],
                    "thresholdType": notification.get("ThresholdType", "PERCENTAGE"),
                    "subscriberEmailAddresses": emails,
                    "subscriberSnsTopicArns": topics,
                }
            )
        return rows

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """The budget is sent whole; notifications that changed are made anew, as the official provider does."""
        account, _, name = object_id.partition(_SEPARATOR)
        if changed - {"notifications"}:
            api.call("UpdateBudget", AccountId=account, NewBudget=_to_budget(news))
        if "notifications" not in changed:
            return
        where = {"AccountId": account, "BudgetName": name}
        before, after = olds.get("notifications") or [], news.get("notifications") or []
        for row in before:
            if row not in after:
                self.unless_gone(api, "DeleteNotification", **where, Notification=_to_notification(row))
        for row in after:
            if row not in before:
                api.call(
                    "CreateNotification",
                    **where,
                    Notification=_to_notification(row),
                    Subscribers=_subscribers(row),
                )

    def tag_target(self, api: Api, object_id: str, state: Props) -> str:  # noqa: ARG002 -- a hook
        """The budget's ARN, which has no region."""
        account, _, name = object_id.partition(_SEPARATOR)
        return api.arn(f"budget/{name}", region="", account=account)

    def delete(self, api: Api, object_id: str, state: Props) -> None:  # noqa: ARG002 -- a hook
        """Delete the budget with its notifications."""
        account, _, name = object_id.partition(_SEPARATOR)
        self.unless_gone(api, "DeleteBudget", AccountId=account, BudgetName=name)


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def _to_budget(inputs: Props) -> dict[str, Any]:
    """The API's structure. A budget without a start begins with the current month, as AWS does it."""
    budget: dict[str, Any] = {
        "BudgetName": inputs["name"],
        "BudgetType": inputs["budgetType"],
        "TimeUnit": inputs["timeUnit"],
    }
    if inputs.get("limitAmount"):
        budget["BudgetLimit"] = {"Amount": str(inputs["limitAmount"]), "Unit": inputs["limitUnit"]}
    if inputs.get("plannedLimits"):
        budget["PlannedBudgetLimits"] = {
            str(calendar.timegm(when.timetuple())): {"Amount": str(row["amount"]), "Unit": row["unit"]}
            for row in inputs["plannedLimits"]
            if (when := _time(row["startTime"])) is not None
        }
    if inputs.get("costFilters"):
        budget["CostFilters"] = {row["name"]: list(row["values"]) for row in inputs["costFilters"]}
    if inputs.get("costTypes"):
        budget["CostTypes"] = {name[0].upper() + name[1:]: value for name, value in inputs["costTypes"].items()}
    period = {
        key: when
        for key, name in (("Start", "timePeriodStart"), ("End", "timePeriodEnd"))
        if inputs.get(name) and (when := _time(inputs[name])) is not None
    }
    if period:
        first = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        budget["TimePeriod"] = {"Start": first, **period}
    return budget


def _to_notification(row: Props) -> dict[str, Any]:
    return {
        "NotificationType": row["notificationType"],
        "ComparisonOperator": row["comparisonOperator"],
        "Threshold": float(row["threshold"]),
        "ThresholdType": row["thresholdType"],
    }


def _subscribers(row: Props) -> list[dict[str, str]]:
    emails = [
        {"SubscriptionType": "EMAIL", "Address": address} for address in row.get("subscriberEmailAddresses") or []
    ]
    topics = [{"SubscriptionType": "SNS", "Address": arn} for arn in row.get("subscriberSnsTopicArns") or []]
    return emails + topics


TYPES = (Budget(),)
