"""What a stack tells of itself right now: each figure that an alarm watches, and what it costs, against its limit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ascend.live.aws import AwsError, DeniedError, UnreachableError
from ascend.live.deployed import GLOBAL
from ascend.status.metrics import Measured, measure
from ascend.status.queries import DAY_S, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ascend.live.aws import Clients
    from ascend.live.deployed import Deployed
    from ascend.status.metrics import Series

_BUDGET: Final = "aws:budgets/budget:Budget"
#: The tag by which a stack's costs are told from others (components/budget.py).
_TAG: Final = "stack"
_METRIC: Final = "UnblendedCost"
#: Cost Explorer's errors that say that it has nothing to say yet.
_NO_DATA: Final = frozenset({"DataUnavailableException", "BillExpirationException"})
_NO_BUDGET: Final = "NotFoundException"


@dataclass(frozen=True, slots=True)
class Signal:
    """One figure, and its limit.

    Attributes:
        name: what it is of, ``cpu``.
        resource: name of the component, within its region.
        region: where; ``global`` for what is in none.
        value: the latest figure; None where there is none.
        unit: its unit.
        threshold: the limit; None where it has none.
        breached: whether the figure is beyond it.
        sustained_s: for how long without a break it has been, in seconds, as far as was looked back.
        source: where it comes from: the metric, and the alarm.
    """

    name: str
    resource: str
    region: str
    value: float | None
    unit: str
    threshold: float | None
    breached: bool
    sustained_s: float
    source: str

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Ringing:
    """An alarm that has gone off.

    Attributes:
        name: its name.
        region: where it is.
        since: when it went off, ISO 8601.
        reason: what CloudWatch says of it.
    """

    name: str
    region: str
    since: str
    reason: str

    def document(self) -> dict[str, str]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Readings:
    """All that was read.

    Attributes:
        signals: the figures.
        measured: the series that they come from.
        ringing: the alarms that have gone off.
        notes: what could not be read, and why.
    """

    signals: tuple[Signal, ...]
    measured: Measured
    ringing: tuple[Ringing, ...]
    notes: tuple[str, ...]


def read(
    clients: Clients,
    deployed: Deployed,
    now: datetime | None = None,
    *,
    long: Sequence[str] = (),
    costs: bool = False,
) -> Readings:
    """Reads the signals of a stack.

    What cannot be read is noted, so that one region that is down or one permission that is missing hides no other.

    Args:
        clients: who answers.
        deployed: the stack.
        now: the time; the present by default.
        long: signals to read over days too (`metrics.measure`).
        costs: whether to ask for costs, at 0.01 US dollars a question on AWS (two of them).

    Raises:
        InputError: the credentials are of no use.
    """
    now = now or datetime.now(UTC)
    measured = measure(clients, deployed, now, long=long)
    notes = [f"no metrics of {region}: {why}" for region, why in measured.unread.items()]
    signals = [_signal(one) for one in measured.recent]
    if costs:
        for ask in (_spent, _budgeted):
            signals += _noted(partial(ask, clients, deployed, now), notes)
    ringing: list[Ringing] = []
    # A region that has just been waited for in vain is not waited for again.
    for region in [one for one in deployed.regions if one not in measured.unread]:
        ringing += _noted(partial(_ringing, clients, deployed, region), notes)
    return Readings(tuple(signals), measured, tuple(ringing), tuple(notes))


def _noted(ask: Callable[[], list[Any]], notes: list[str]) -> list[Any]:
    try:
        return ask()
    except (DeniedError, UnreachableError) as error:
        notes.append(str(error))
        return []


def _signal(series: Series) -> Signal:
    sustained = 0.0
    expected: float | None = None
    for start, figure in reversed(series.points):
        # A gap ends it: nobody knows what was then.
        if not series.breaches(figure) or (expected is not None and start != expected):
            break
        sustained += series.period_s
        expected = start - series.period_s
    latest = series.points[-1] if series.points else None
    stale = latest is None or latest[0] < series.end - series.period_s * int(table()["stale_periods"])
    if latest is not None and series.period_s >= DAY_S:
        stale = False
    value = None if latest is None or stale else latest[1]
    return Signal(
        name=series.signal,
        resource=series.resource,
        region=series.region,
        value=value,
        unit=series.unit,
        threshold=series.threshold,
        breached=value is not None and series.breaches(value),
        sustained_s=0.0 if stale else sustained,
        source=series.source,
    )


def _spent(clients: Clients, deployed: Deployed, now: datetime) -> list[Signal]:
    """What Cost Explorer knows: spent since the month began, and foreseen to its end."""
    today = now.date()
    first, tomorrow = today.replace(day=1), today + timedelta(days=1)
    next_month = (first + timedelta(days=32)).replace(day=1)
    mine = {"Tags": {"Key": _TAG, "Values": [deployed.stack]}}
    days: list[dict[str, Any]] = clients.call(
        "ce",
        deployed.primary,
        "get_cost_and_usage",
        TimePeriod={"Start": first.isoformat(), "End": tomorrow.isoformat()},
        Granularity="DAILY",
        Metrics=[_METRIC],
        Filter=mine,
    )["ResultsByTime"]
    spent = {day["TimePeriod"]["Start"]: float(day["Total"].get(_METRIC, {}).get("Amount", 0)) for day in days}
    found = [_money("cost to date", sum(spent.values(), 0.0), deployed, "Cost Explorer, tag stack")]
    try:
        rest = clients.call(
            "ce",
            deployed.primary,
            "get_cost_forecast",
            TimePeriod={"Start": today.isoformat(), "End": next_month.isoformat()},
            Granularity="DAILY",
            Metric="UNBLENDED_COST",
            Filter=mine,
        )
    except AwsError as error:
        if error.code not in _NO_DATA:
            raise
        return found  # a stack that is young has no forecast
    before = sum(amount for day, amount in spent.items() if day < today.isoformat())
    foreseen = before + float(rest["Total"]["Amount"])
    return [*found, _money("cost forecast", foreseen, deployed, "Cost Explorer, tag stack")]


def _budgeted(clients: Clients, deployed: Deployed, _now: datetime) -> list[Signal]:
    """What the stack's own budget says, which costs nothing to ask and is what its alarm goes by."""
    found = []
    for budget in deployed.of_type(_BUDGET):
        name, account = budget.text("name"), budget.text("accountId") or deployed.account
        try:
            answer = clients.call("budgets", deployed.primary, "describe_budget", AccountId=account, BudgetName=name)[
                "Budget"
            ]
        except AwsError as error:
            if error.code != _NO_BUDGET:
                raise
            continue
        spend = answer.get("CalculatedSpend") or {}
        for signal, key in (("budget spent", "ActualSpend"), ("budget forecast", "ForecastedSpend")):
            if "Amount" in spend.get(key, {}):
                found.append(_money(signal, float(spend[key]["Amount"]), deployed, f"budget {name}"))
    return found


def _money(name: str, amount: float, deployed: Deployed, source: str) -> Signal:
    cap = deployed.budget
    return Signal(
        name=name,
        resource=deployed.stack,
        region=GLOBAL,
        value=round(amount, 2),
        unit="USD",
        threshold=cap,
        breached=cap is not None and amount > cap,
        sustained_s=0.0,
        source=source,
    )


def _ringing(clients: Clients, deployed: Deployed, region: str) -> list[Ringing]:
    """The stack's alarms that have gone off in a region."""
    own = {one.text("name") for one in deployed.of_type("aws:cloudwatch/metricAlarm:MetricAlarm", region)}
    found: Iterable[dict[str, Any]] = clients.pages(
        "cloudwatch", region, "describe_alarms", "MetricAlarms", StateValue="ALARM", AlarmTypes=["MetricAlarm"]
    )
    return [
        Ringing(
            alarm["AlarmName"],
            region,
            alarm["StateUpdatedTimestamp"].isoformat() if "StateUpdatedTimestamp" in alarm else "",
            " ".join(str(alarm.get("StateReason") or "").split()),
        )
        for alarm in found
        if alarm["AlarmName"] in own
    ]
