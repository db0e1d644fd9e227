"""Queues, notifications, secrets, keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ascend.cost.model import Span, total

if TYPE_CHECKING:
    from ascend.cost.bill import Bill
    from ascend.cost.plan import Resource

_SERVICE = "aws:ecs/service:Service"
_RECEIVERS = {"email": "sns.email", "email-json": "sns.email", "https": "sns.https", "http": "sns.https"}


def queue(resource: Resource, bill: Bill) -> None:
    """A queue: polls of its workers and what each job takes. A dead-letter queue is hardly ever asked."""
    name = resource.component.removeprefix("queue-")
    if resource.inputs.get("redrivePolicy") is None and not resource.urn.endswith("-work"):
        bill.add(resource, "Requests", "sqs.request", bill.default("dead_letter_requests"), usage_based=True)
        return
    workers = [one for one in bill.plan.of(_SERVICE, resource.region) if bill.figures(one).get("consumes") == name]
    polls = total([bill.tasks(one) * bill.default("polls_per_worker") for one in workers])
    jobs = bill.used(resource.region).jobs.get(name, Span.flat(0)) * bill.default("requests_per_job")
    requests = polls + jobs
    if requests.high > 0:
        bill.add(resource, "Requests", "sqs.request", requests, usage_based=True)


def subscription(resource: Resource, bill: Bill) -> None:
    """A receiver of notifications."""
    key = _RECEIVERS.get(resource.text("protocol"))
    if key is None:
        bill.miss(resource, f"no price for notifications by '{resource.text('protocol')}'")
        return
    bill.add(resource, "Notifications", key, bill.default("notifications"), usage_based=True)


def secret(resource: Resource, bill: Bill) -> None:
    """A secret, and its reading by tasks that start."""
    bill.add(resource, "Secret", "secretsmanager.secret", 1)
    started = bill.default("tasks_started") * len(bill.plan.of(_SERVICE, resource.region))
    if started:
        bill.add(resource, "Requests", "secretsmanager.request", started, usage_based=True)


def key(resource: Resource, bill: Bill) -> None:
    """An encryption key, or its copy in another region, and its use."""
    bill.add(resource, "Key", "kms.key", 1)
    bill.add(resource, "Requests", "kms.request", bill.default("kms_requests"), usage_based=True)


RULES = {
    "aws:sqs/queue:Queue": queue,
    "aws:sns/topicSubscription:TopicSubscription": subscription,
    "aws:secretsmanager/secret:Secret": secret,
    "aws:kms/key:Key": key,
    "aws:kms/replicaKey:ReplicaKey": key,
}
