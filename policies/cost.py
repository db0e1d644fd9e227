"""Cost: within the cap, with nothing unpriced, nothing larger than the phase allows, and a budget that says so."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ascend.cost.estimate import estimate
from policies.durability import CACHE, DATABASE, row
from policies.kit import About, Finding, Level, Option, Severity, on_resource, on_stack
from policies.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pulumi_policy

    from ascend.cost.model import Estimate
    from policies.stack import Item, Stack

GROUP = "cost"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
_PARTS = 3
"""Parts of a class's name: ``db.t4g.small``."""


@lru_cache(maxsize=2)
def _estimate(stack: Stack) -> Estimate:
    return estimate(stack.steps())


def _within_cap(stack: Stack, config: Mapping[str, Any]) -> Iterable[Finding]:
    found = _estimate(stack)
    cap = config["cap_usd"] or found.cap
    if cap is None:
        yield "", "does not say what it may cost"
    elif found.monthly.expected > cap:
        yield "", f"expected to cost ${found.monthly.expected:,.2f} a month; the cap is ${cap:,.2f}"


def _within_multiple(stack: Stack, config: Mapping[str, Any]) -> Iterable[Finding]:
    found = _estimate(stack)
    if found.cap is not None and found.monthly.high > found.cap * config["multiple"]:
        yield (
            "",
            (
                f"under the highest load costs ${found.monthly.high:,.2f} a month, more than "
                f"{config['multiple']:g} times the cap of ${found.cap:,.2f}"
            ),
        )


def _no_large_line(stack: Stack, config: Mapping[str, Any]) -> Iterable[Finding]:
    found = _estimate(stack)
    for line in found.lines:
        share = line.monthly.expected / found.monthly.expected if found.monthly.expected else 0.0
        if share > config["share"]:
            yield (
                line.urn,
                f"{line.component}: '{line.item}' is {share:.0%} of the bill; at most {config['share']:.0%} is allowed",
            )


def _all_priced(stack: Stack, _: Mapping[str, Any]) -> Iterable[Finding]:
    for one in _estimate(stack).unpriced:
        yield one.urn, f"{one.type} costs money and has no price: {one.why}"


def rank(name: str) -> tuple[int, int]:
    """Where a class of instances or nodes stands among the others: by size, then by family.

    Args:
        name: ``db.t4g.small``.

    Raises:
        ValueError: its size or family is not in the table.
    """
    parts = name.split(".")
    if len(parts) != _PARTS:
        raise ValueError(f"'{name}' is no class")
    classes = table("classes")
    return classes["sizes"].index(parts[2]), classes["families"].index(parts[1])


def _class_allowed(stack: Stack, config: Mapping[str, Any]) -> Iterable[Finding]:
    for type_, key, of in ((DATABASE, "instanceClass", "databases"), (CACHE, "nodeType", "caches")):
        most = config[of] or row(stack)[of]
        for item in stack.of(type_):
            name = item.text(key)
            if rank(name) > rank(most):
                yield item.urn, f"{item.name}: is a {name}; at most {most} at phase '{stack.phase}'"


def _nat_allowed(stack: Stack, config: Mapping[str, Any]) -> Iterable[Finding]:
    most = row(stack)["nat"] if config["most"] < 0 else config["most"]
    by_region: dict[str, list[Item]] = {}
    for item in stack.of("aws:ec2/natGateway:NatGateway"):
        by_region.setdefault(item.text("region"), []).append(item)
    for region, items in by_region.items():
        if len(items) > most:
            yield items[-1].urn, f"{len(items)} NAT gateways in {region}; at most {most:g} at phase '{stack.phase}'"


def _budget_fits(stack: Stack, _: Mapping[str, Any]) -> Iterable[Finding]:
    cap = stack.world.get("budget")
    for budget in stack.of("aws:budgets/budget:Budget"):
        limit = budget.number("limitAmount")
        if cap is not None and limit is not None and limit > float(cap):
            yield budget.urn, f"{budget.name}: tells at ${limit:,.0f} a month; the cap is ${float(cap):,.0f}"


def _cap_kept(stack: Stack, config: Mapping[str, Any]) -> Iterable[Finding]:
    caps: Mapping[str, float] = table("caps").get(str(stack.world.get("system")), {})
    most, cap = config["most_usd"] or caps.get(stack.phase), stack.world.get("budget")
    if most is not None and cap is not None and float(cap) > most:
        yield (
            "",
            f"may cost ${float(cap):,.0f} a month; the document says at most ${most:,.0f} at phase '{stack.phase}'",
        )


def _keeps_logs_for(item: Item, config: Mapping[str, Any]) -> Iterable[str]:
    days = item.number("retentionInDays") or 0
    if not config["least_days"] <= days <= config["most_days"]:
        kept = f"for {days:g} days" if days else "for ever"
        yield f"{item.name}: keeps logs {kept}; {config['least_days']:g} to {config['most_days']:g} days are allowed"


def _keep_logs(item: Item, config: Mapping[str, Any]) -> dict[str, Any] | None:
    return None if item.number("retentionInDays") else {"retentionInDays": config["days"]}


def policies() -> list[pulumi_policy.Policy]:
    """The policies of the group."""
    return [
        on_stack(
            About(
                name="cost-within-cap",
                group=GROUP,
                description="The expected bill is within the cap of the phase.",
                fix="choose smaller sizes (`ascend cost` shows the lines)",
                options={"cap_usd": Option(0, "US dollars a month; 0 for what the stack says of itself")},
            ),
            _within_cap,
        ),
        on_stack(
            About(
                name="cost-high-within-multiple",
                group=GROUP,
                description="The bill under the highest load is within a multiple of the cap.",
                severity=Severity.MEDIUM,
                fix="lower maxTasks or the sizes",
                options={"multiple": Option(3.5, "times the cap, at most")},
            ),
            _within_multiple,
        ),
        on_stack(
            About(
                name="cost-no-large-line",
                group=GROUP,
                description="No single line is most of the bill.",
                severity=Severity.MEDIUM,
                level=Level.ADVISORY,
                fix="look at what it is for",
                options={"share": Option(0.4, "part of the expected bill, at most")},
            ),
            _no_large_line,
        ),
        on_stack(
            About(
                name="cost-all-priced",
                group=GROUP,
                description="Everything that costs money has a price.",
                fix="add a rule to ascend/cost/rules, or the type to free.yaml with its source",
            ),
            _all_priced,
        ),
        on_stack(
            About(
                name="instance-class-allowed",
                group=GROUP,
                description="No instance is larger than its phase allows.",
                fix="choose a smaller class, or move on to the next phase",
                options={
                    "databases": Option("", "the largest class of databases; empty for that of the phase"),
                    "caches": Option("", "the largest type of cache nodes; empty for that of the phase"),
                },
            ),
            _class_allowed,
        ),
        on_stack(
            About(
                name="nat-gateways-allowed",
                group=GROUP,
                description="There are no more NAT gateways than the phase asks for.",
                severity=Severity.MEDIUM,
                fix="take the others away",
                options={"most": Option(-1, "gateways in a region, at most; -1 for those of the phase")},
            ),
            _nat_allowed,
        ),
        on_stack(
            About(
                name="budget-within-cap",
                group=GROUP,
                description="The budget tells before the cap is exceeded.",
                fix="lower the budget's limit to the cap",
            ),
            _budget_fits,
        ),
        on_stack(
            About(
                name="cap-as-documented",
                group=GROUP,
                description="The cap is no higher than the system's document says.",
                fix="lower the budget, or change the document and policies/data/caps.yaml with it",
                options={"most_usd": Option(0, "US dollars a month; 0 for those of the document")},
            ),
            _cap_kept,
        ),
        on_resource(
            About(
                name="log-retention",
                group=GROUP,
                description="Logs are kept for some time, not for ever.",
                severity=Severity.MEDIUM,
                level=Level.REMEDIATE,
                fix="set retentionInDays",
                options={
                    "days": Option(30, "days given to a group that has none"),
                    "least_days": Option(7, "days, at least"),
                    "most_days": Option(400, "days, at most"),
                },
            ),
            (LOG_GROUP,),
            _keeps_logs_for,
            _keep_logs,
        ),
    ]
