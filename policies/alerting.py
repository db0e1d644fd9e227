"""Alarms: those that the documents demand, as strict as they say, and heard by somebody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ascend.incidents.alarms import ALARM_TYPE, Alarm, Metric, alarms_of, watches
from policies.kit import About, Finding, Level, Option, Severity, on_resource, on_stack
from policies.limits import limit_of
from policies.services import least_tasks, most_tasks
from policies.tables import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pulumi_policy

    from ascend.engine.model import Step
    from policies.stack import Item, Stack

GROUP = "alerting"
#: Rounding of a threshold that was computed from the same figures.
_TOLERANCE = 1e-6
_NAMED = 3


def _primary(_: Stack, item: Item) -> bool:
    return not item.value("replicateSourceDb")


def _replica(_: Stack, item: Item) -> bool:
    return bool(item.value("replicateSourceDb"))


def _running(stack: Stack, item: Item) -> bool:
    return least_tasks(stack, item) > 0


def _evicting(stack: Stack, item: Item) -> bool:
    groups = stack.beside(item, "aws:elasticache/parameterGroup:ParameterGroup")
    policies = [
        row.get("value") for one in groups for row in one.rows("parameters") if row["name"] == "maxmemory-policy"
    ]
    return policies != ["noeviction"]


def _takes_dead_letters(_: Stack, item: Item) -> bool:
    return item.type != "aws:sqs/queue:Queue" or not item.value("redrivePolicy")


def _takes_work(_: Stack, item: Item) -> bool:
    return item.type != "aws:sqs/queue:Queue" or bool(item.value("redrivePolicy"))


ONLY: Mapping[str, Callable[[Stack, Item], bool]] = {
    "primary": _primary,
    "replica": _replica,
    "running": _running,
    "evicting": _evicting,
    "work": _takes_work,
    "dead": _takes_dead_letters,
}


def _matches(row: Mapping[str, Any], metric: Metric) -> bool:
    return metric.full_name in row["metric"] or f"* {metric.name}" in row["metric"]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of an alarm on one resource.

    Attributes:
        row: the row of the table.
        limit: the most, or for ``below`` the least, that the threshold may be.
        minutes: the longest that it may take to go off.
    """

    row: Mapping[str, Any]
    limit: float
    minutes: float

    def weakness(self, alarm: Alarm, metric: Metric) -> str | None:
        """What makes an alarm less than what is asked for; None where it is enough."""
        row, upward = self.row, "above" in self.row
        limit = self.limit * float(row.get("unit", {}).get(metric.namespace, 1))
        slack, takes = abs(limit) * _TOLERANCE, alarm.period_s * alarm.datapoints / 60
        too_late = alarm.threshold > limit + slack if upward else alarm.threshold < limit - slack
        faults = (
            (alarm.upward is not upward, "compares the wrong way"),
            (too_late, f"goes off at {alarm.threshold:g}, at {'most' if upward else 'least'} {limit:g} is allowed"),
            (
                metric.statistic not in row["statistics"],
                f"reads {metric.statistic}, not {', '.join(row['statistics'])}",
            ),
            (takes > self.minutes, f"takes {takes:g} min, at most {self.minutes:g} are allowed"),
            (alarm.missing != row.get("missing", alarm.missing), f"takes missing data as {alarm.missing}"),
            (not alarm.speaks, "is disabled, or sends to nobody"),
        )
        return next((text for wrong, text in faults if wrong), None)

    def lacking(self, alarms: Iterable[Alarm], step: Step, beside: Sequence[Step]) -> str | None:
        """Why a resource has no alarm that is enough; None where it has one."""
        reasons = set()
        for alarm in alarms:
            for metric in alarm.metrics.values():
                if not _matches(self.row, metric) or not watches(alarm, metric, step, beside):
                    continue
                reason = self.weakness(alarm, metric)
                if reason is None:
                    return None
                reasons.add(f"alarm '{alarm.name}' {reason}")
        return "; ".join(sorted(reasons)[:_NAMED]) or f"no alarm on {self.row['what']}"


def _demanded(row: Mapping[str, Any]) -> Callable[[Stack, Mapping[str, Any]], Iterable[Finding]]:
    """The check of one row of the table."""

    def check(stack: Stack, config: Mapping[str, Any]) -> Iterable[Finding]:
        steps = {step.urn: step for step in stack.steps()}
        alarms = alarms_of(list(steps.values()))
        for item in _watched(stack, row):
            limit = config["limit"] or limit_of(row.get("above", row.get("below")), stack, item)
            if limit is not None:
                beside = [steps[one.urn] for one in stack.beside(item, item.type)]
                reason = _Asked(row, float(limit), float(config["minutes"])).lacking(alarms, steps[item.urn], beside)
                if reason:
                    yield item.urn, f"{item.name}: {reason}"

    return check


def _watched(stack: Stack, row: Mapping[str, Any]) -> Iterable[Item]:
    """The resources that must have the alarm of a row: those of its types that do anything."""
    for type_ in row["watches"]:
        for item in stack.of(type_):
            idle = type_ == "aws:ecs/service:Service" and not most_tasks(stack, item)
            if not idle and ("only" not in row or ONLY[row["only"]](stack, item)):
                yield item


def _has_receivers(stack: Stack, config: Mapping[str, Any]) -> Iterable[Finding]:
    if not stack.production and not config["everywhere"]:
        return
    for topic in stack.of("aws:sns/topic:Topic"):
        heard = stack.beside(topic, "aws:sns/topicSubscription:TopicSubscription")
        if not any(one.text("protocol") in config["protocols"] for one in heard):
            kinds = ", ".join(config["protocols"])
            yield topic.urn, f"{topic.name}: nobody hears of its alarms; a receiver by {kinds} is needed"


def _budget_warns(stack: Stack, config: Mapping[str, Any]) -> Iterable[Finding]:
    budgets = stack.of("aws:budgets/budget:Budget")
    if not budgets:
        yield "", "no budget watches what is spent"
    for budget in budgets:
        for kind, most in (("ACTUAL", config["actual_pct"]), ("FORECASTED", config["forecast_pct"])):
            if not any(_warns(one, kind, most) for one in budget.rows("notifications")):
                yield budget.urn, f"{budget.name}: nobody is told at {most:g} % {kind.lower()} or before"


def _warns(notification: Mapping[str, Any], kind: str, most: float) -> bool:
    heard = notification.get("subscriberSnsTopicArns") or notification.get("subscriberEmailAddresses")
    percent = notification.get("thresholdType") == "PERCENTAGE" and float(notification.get("threshold", 0)) <= most
    return notification.get("notificationType") == kind and percent and bool(heard)


def _enabled(item: Item, _: Mapping[str, Any]) -> Iterable[str]:
    if item.value("actionsEnabled") is False:
        yield f"{item.name}: goes off without a word: actionsEnabled is false"


def _sends(item: Item, _: Mapping[str, Any]) -> Iterable[str]:
    if not item.value("alarmActions"):
        yield f"{item.name}: sends to nobody: alarmActions is empty"


def _decides_missing(item: Item, config: Mapping[str, Any]) -> Iterable[str]:
    given = item.value("treatMissingData")
    if given not in config["allowed"]:
        yield f"{item.name}: treatMissingData is {given!r}; decide it: {', '.join(config['allowed'])}"


def _names_what_to_do(item: Item, config: Mapping[str, Any]) -> Iterable[str]:
    text = item.value("alarmDescription")
    if not isinstance(text, str) or len(text) < config["characters"]:
        yield f"{item.name}: its description has less than {config['characters']:g} characters"


def policies() -> list[pulumi_policy.Policy]:
    """The policies of the group."""
    made: list[pulumi_policy.Policy] = [
        on_stack(
            About(
                name=name,
                group=GROUP,
                description=f"There is an alarm on {row['what']}.",
                fix="add it, or make it as strict as docs/policies.md says",
                options={
                    "limit": Option(0.0, "the threshold's limit in the metric's unit; 0 for that of the documents"),
                    "minutes": Option(row["minutes"], "the longest that it may take to go off, in minutes"),
                },
            ),
            _demanded(row),
        )
        for name, row in table("alarms").items()
    ]
    return [
        *made,
        on_stack(
            About(
                name="alarm-receivers",
                group=GROUP,
                description="Somebody hears of the alarms, by a kind of receiver that confirms.",
                fix="set ascend:alertReceivers",
                options={
                    "protocols": Option(["email", "https"], "kinds of receivers that have to confirm"),
                    "everywhere": Option(default=False, description="whether also outside of production"),
                },
            ),
            _has_receivers,
        ),
        on_stack(
            About(
                name="budget-alarm",
                group=GROUP,
                description="A budget tells what is spent and what will be.",
                fix="give the budget a notification of each kind with a receiver",
                options={
                    "actual_pct": Option(80, "by when what is spent is told, in percent of the budget"),
                    "forecast_pct": Option(100, "by when what will be spent is told, in percent of the budget"),
                },
            ),
            _budget_warns,
        ),
        on_resource(
            About(
                name="alarm-enabled",
                group=GROUP,
                description="An alarm acts when it goes off.",
                fix="remove actionsEnabled: false",
            ),
            (ALARM_TYPE,),
            _enabled,
        ),
        on_resource(
            About(
                name="alarm-sends",
                group=GROUP,
                description="An alarm is sent to somebody.",
                fix="send it to the stack's topic",
            ),
            (ALARM_TYPE,),
            _sends,
        ),
        on_resource(
            About(
                name="alarm-missing-data",
                group=GROUP,
                description="An alarm decides what missing data means.",
                severity=Severity.MEDIUM,
                fix="set treatMissingData on purpose",
                options={"allowed": Option(["breaching", "notBreaching", "ignore", "missing"], "what may be decided")},
            ),
            (ALARM_TYPE,),
            _decides_missing,
        ),
        on_resource(
            About(
                name="alarm-description",
                group=GROUP,
                description="An alarm says what has happened and what to do.",
                severity=Severity.LOW,
                level=Level.ADVISORY,
                fix="describe it for whoever is woken by it",
                options={"characters": Option(20, "the least that a description has")},
            ),
            (ALARM_TYPE,),
            _names_what_to_do,
        ),
    ]
