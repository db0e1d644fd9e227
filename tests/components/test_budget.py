"""The budget's cap, filter and notifications."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from components.alarms import Receiver
from components.budget import Budget, BudgetArgs
from tests.components.support import SCOPE, TOPIC_ARN

if TYPE_CHECKING:
    from tests.components.support import Run

ARGS = BudgetArgs(scope=SCOPE, monthly_usd=50, topic_arn=TOPIC_ARN)


def inputs(run: Run, **changed: Any) -> dict[str, Any]:
    return (
        run(lambda: Budget("floyo-dev-budget", dataclasses.replace(ARGS, **changed)))
        .one("Budget", "floyo-dev-budget-monthly")
        .inputs
    )


def test_it_watches_what_the_stack_costs_in_a_month(run: Run) -> None:
    budget = inputs(run)
    assert (budget["limitAmount"], budget["limitUnit"], budget["timeUnit"]) == ("50", "USD", "MONTHLY")
    assert budget["costFilters"] == [{"name": "TagKeyValue", "values": ["user:stack$dev"]}]


def test_it_tells_at_80_percent_spent_and_at_100_percent_forecast(run: Run) -> None:
    told = inputs(run)["notifications"]
    assert [(one["notificationType"], one["threshold"], one["comparisonOperator"]) for one in told] == [
        ("ACTUAL", 80, "GREATER_THAN"),
        ("FORECASTED", 100, "GREATER_THAN"),
    ]
    assert all(one["subscriberSnsTopicArns"] == [TOPIC_ARN] for one in told)


def test_addresses_are_told_directly_as_many_as_aws_takes(run: Run) -> None:
    mails = [Receiver(protocol="email", endpoint=f"a{n}@example.com") for n in range(12)]
    hook = Receiver(protocol="https", endpoint="https://example.com/hook")
    told = inputs(run, receivers=[hook, *mails])["notifications"][0]["subscriberEmailAddresses"]
    assert told == [f"a{n}@example.com" for n in range(10)]


def test_cents_are_kept(run: Run) -> None:
    assert inputs(run, monthly_usd=49.5)["limitAmount"] == "49.5"
    assert inputs(run, monthly_usd=1234567)["limitAmount"] == "1234567"
