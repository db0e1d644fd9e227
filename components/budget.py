"""The budget of a stack."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import budgets

from components.alarms import Receiver
from components.base import Component, Scope

#: (kind of figure, percent of the cap at which it is reported)
NOTIFICATIONS = (("ACTUAL", 80), ("FORECASTED", 100))
# A notification takes ten addresses and one topic.
# https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-create.html, read 2026-11-21
_MAX_ADDRESSES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetArgs:
    """What `Budget` needs.

    Attributes:
        scope: where it belongs.
        monthly_usd: the cap in US dollars a month.
        topic_arn: the topic that hears of it.
        receivers: who hears of alarms; e-mail addresses are told directly, which needs no confirmation.
    """

    scope: Scope
    monthly_usd: float
    topic_arn: pulumi.Input[str]
    receivers: Sequence[Receiver] = ()


class Budget(Component):
    """A monthly cost budget with notifications at 80 % spent and at 100 % forecast.

    It counts what carries the stack's ``stack`` tag. AWS counts a tag only once it is activated as a cost allocation
    tag in the billing console (once per account, and it takes a day to show): until then the budget reads zero.

    Attributes:
        budget_name: the budget's name.
    """

    tag = "budget"

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        addresses = [receiver.endpoint for receiver in args.receivers if receiver.protocol == "email"]
        budget = budgets.Budget(
            self.child("monthly"),
            name=self.child("monthly"),
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=f"{args.monthly_usd:.2f}".rstrip("0").rstrip("."),
            limit_unit="USD",
            cost_filters=[
                budgets.BudgetCostFilterArgs(name="TagKeyValue", values=[f"user:stack${args.scope.stack}"]),
            ],
            notifications=[
                budgets.BudgetNotificationArgs(
                    notification_type=kind,
                    comparison_operator="GREATER_THAN",
                    threshold=percent,
                    threshold_type="PERCENTAGE",
                    subscriber_sns_topic_arns=[args.topic_arn],
                    subscriber_email_addresses=addresses[:_MAX_ADDRESSES],
                )
                for kind, percent in NOTIFICATIONS
            ],
            tags=self.tags(),
            opts=self.child_options(),
        )
        self.budget_name = budget.name
        self.register_outputs({"budgetName": self.budget_name})
