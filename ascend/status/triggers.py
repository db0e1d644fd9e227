"""Whether a stack should move: a pure function of what was measured, of what it is meant for, and of a table of rules.

The rules are those of backend-ai-worker's document ("Scale Up When", "Scale Down When"), and the users that a phase is
meant for; ``data/triggers.yaml`` says for how long each has to hold, `ascend.status.rules` reads it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ascend.capacity import stack as capacity_stack
from ascend.capacity.estimate import estimate
from ascend.plans import PHASES, Plan
from ascend.status.metrics import REQUESTS
from ascend.status.queries import HOUR_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ascend.capacity.ranges import Range
    from ascend.live.deployed import Deployed
    from ascend.status.metrics import Measured, Series
    from ascend.status.rules import Low, Rules, Up

_MINUTE_S = 60
#: Users for whom demand is reckoned, to be divided by them: it is in proportion.
_SAMPLE = 1_000_000
_UNKNOWN = "CloudWatch has no figures of it, so that nothing speaks for a move"
_WITHIN = "nothing has been beyond its limit for as long as a move takes"


class Move(StrEnum):
    """What a stack should do."""

    PROMOTE = "promote"
    STAY = "stay"
    RESIZE = "resize"
    DEMOTE = "demote"


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks for a move.

    Attributes:
        rule: its name in the table.
        text: what is so, with its figures.
    """

    rule: str
    text: str

    def document(self) -> dict[str, str]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Users:
    """How many users there are.

    Attributes:
        number: about how many; of a range the middle.
        low: at least.
        high: at most.
        told: whether somebody said so, instead of requests.
    """

    number: int
    low: int
    high: int
    told: bool

    def text(self) -> str:
        """In words."""
        if self.told:
            return f"{self.number:,} users"
        return f"about {self.number:,} users ({self.low:,} to {self.high:,}, by the requests of the busiest hour)"


@dataclass(frozen=True, slots=True)
class Situation:
    """What a stack is meant for.

    Attributes:
        phase: where it is.
        ceiling: the most users that it is meant for; of a phase without a ceiling, the most that it bears, by its
            capacity; None where nobody knows.
        requests_per_user: requests a second that reach the services for each user, at the busiest time.
    """

    phase: str
    ceiling: int | None
    requests_per_user: Range

    @classmethod
    def of(cls, deployed: Deployed) -> Situation:
        """That of a stack.

        Raises:
            InputError: its system is described in another version than this one reads.
        """
        found = estimate(capacity_stack.read(Plan.of(deployed.stack, deployed.steps())), _SAMPLE)
        ceiling = deployed.users if deployed.users is not None else found.max_users
        return cls(deployed.phase, ceiling, found.demand.origin_requests_per_second * (1 / _SAMPLE))

    @property
    def above(self) -> str | None:
        """The next phase."""
        return next(iter(PHASES[PHASES.index(self.phase) + 1 :]), None)

    @property
    def below(self) -> str | None:
        """The phase before."""
        return next(iter(reversed(PHASES[: PHASES.index(self.phase)])), None)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a stack should do, and why.

    Attributes:
        move: what.
        reasons: all that speaks for it; of one that stays, why it does.
        users: how many there are; None where nobody knows.
        ceiling: how many it is meant for; None where nobody knows.
    """

    move: Move
    reasons: tuple[Reason, ...]
    users: Users | None
    ceiling: int | None

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "verdict": str(self.move),
            "reasons": [one.document() for one in self.reasons],
            "users": None if self.users is None else asdict(self.users),
            "users_ceiling": self.ceiling,
        }


def judge(measured: Measured, situation: Situation, rules: Rules, told_users: int | None = None) -> Verdict:
    """What a stack should do.

    Args:
        measured: what CloudWatch knows.
        situation: what the stack is meant for.
        rules: when it should move.
        told_users: how many users there are, where somebody knows; else it is reckoned from the requests.
    """
    users = _users(measured, situation, told_users)
    move, reasons = _pressed(measured, situation, rules, users) or _idle(measured, situation, rules)
    return Verdict(move, tuple(reasons), users, situation.ceiling)


def _pressed(
    measured: Measured, situation: Situation, rules: Rules, users: Users | None
) -> tuple[Move, list[Reason]] | None:
    """Of a stack that has too much to do; None of any other."""
    busy = [reason for rule in rules.up for reason in _busy(rule, measured.recent)]
    full = _full(users, situation, rules)
    reasons = [*full, *busy]
    if not reasons:
        return None
    if situation.above is None:
        last = Reason("last phase", f"{situation.phase} is the last phase: larger sizes help")
        return Move.RESIZE, [*reasons, last]
    limits = {rule.name for rule in rules.up if rule.alarm}
    local = not full and not any(one.rule in limits for one in busy)
    if local and users and situation.ceiling and users.number < rules.resize_users_below * situation.ceiling:
        text = f"{users.text()} of {situation.ceiling:,}: another size helps in that place; a phase is for more users"
        return Move.RESIZE, [*reasons, Reason("users", text)]
    return Move.PROMOTE, reasons


def _idle(measured: Measured, situation: Situation, rules: Rules) -> tuple[Move, list[Reason]]:
    """Of a stack that nothing presses: whether it is larger than it needs to be."""
    low = [_low(rule, measured.long, rules) for rule in rules.down]
    requests = _few_requests(measured, situation, rules)
    reasons = [Reason(one.rule, one.text) for one in (*low, requests)]
    within = Reason("within limits", _WITHIN if any(one.points for one in measured.recent) else _UNKNOWN)
    if situation.below is None:
        return Move.STAY, [within]
    if all(one.holds for one in (*low, requests)):
        return Move.DEMOTE, reasons
    if all(one.holds for one in low) and requests.holds is False:
        return Move.RESIZE, [*reasons, Reason("idle", "its tasks are idle at as many requests: smaller ones do")]
    return Move.STAY, [within]


@dataclass(frozen=True, slots=True)
class _Condition:
    """A condition of the way down: whether it holds; None where nobody knows."""

    rule: str
    holds: bool | None
    text: str


def _busy(rule: Up, series: Sequence[Series]) -> list[Reason]:
    found = []
    for one in series:
        limit = one.threshold if rule.alarm else rule.above
        if one.signal != rule.signal or limit is None:
            continue
        upward = one.upward if rule.alarm else True
        figures = one.within(rule.minutes * _MINUTE_S)
        beyond = [value for value in figures if (value > limit if upward else value < limit)]
        wanted = max(rule.minutes * _MINUTE_S / one.period_s, 1) * rule.share
        if beyond and len(beyond) >= wanted:
            text = (
                f"{one.signal} of {one.resource} in {one.region} {'above' if upward else 'below'} "
                f"{_figure(limit, one.unit)} for {len(beyond) * one.period_s // _MINUTE_S:g} of the last "
                f"{rule.minutes:g} minutes, last {_figure(figures[-1], one.unit)}"
            )
            found.append(Reason(rule.name, text))
    return found


def _full(users: Users | None, situation: Situation, rules: Rules) -> list[Reason]:
    ceiling = situation.ceiling
    if users is None or ceiling is None or users.number < rules.users_share * ceiling:
        return []
    return [Reason("users", f"{users.text()}; phase {situation.phase} is meant for {ceiling:,}")]


def _low(rule: Low, series: Sequence[Series], rules: Rules) -> _Condition:
    own = [one for one in series if one.signal == rule.signal]
    hours = rules.down_hours
    limit = f"{rule.below:g} in every hour of the last {hours:g}"
    if not own and rule.missing_is_low:
        return _Condition(rule.name, True, f"there is no {rule.signal}")
    for one in own:
        figures = one.within(hours * HOUR_S)
        if any(value >= rule.below for value in figures):
            highest = _figure(max(figures), one.unit)
            return _Condition(rule.name, False, f"{rule.signal} of {one.resource} in {one.region} went to {highest}")
        if len(figures) < rules.down_known * hours and not rule.missing_is_low:
            text = f"{rule.signal} of {one.resource} in {one.region} is known of {len(figures)} hours only"
            return _Condition(rule.name, None, text)
    return _Condition(rule.name, True if own else None, f"{rule.signal} below {limit}")


def _few_requests(measured: Measured, situation: Situation, rules: Rules) -> _Condition:
    peak = _peak(measured)
    if peak is None or situation.ceiling is None or not situation.requests_per_user.expected:
        return _Condition(REQUESTS, None, "nobody knows how many requests there are")
    meant = situation.ceiling * situation.requests_per_user.expected
    text = f"{peak:.3g} requests/s in the busiest hour, {peak / meant:.0%} of what the phase is meant for"
    return _Condition(REQUESTS, peak < rules.requests_share * meant, text)


def _peak(measured: Measured) -> float | None:
    """Requests a second in the busiest hour, in all regions together; None where nothing counts them."""
    series = [one for one in measured.long if one.signal == REQUESTS]
    hours: dict[float, float] = {}
    for one in series:
        for when, value in one.points:
            hours[when] = hours.get(when, 0.0) + value
    return max(hours.values(), default=0.0) / HOUR_S if series else None


def _users(measured: Measured, situation: Situation, told: int | None) -> Users | None:
    if told is not None:
        return Users(told, told, told, told=True)
    peak, each = _peak(measured), situation.requests_per_user
    counted = any(one.points for one in measured.long if one.signal == REQUESTS)
    if peak is None or not counted or not each.expected:
        return None
    low, number = peak / each.high, peak / each.expected
    high = peak / each.low if each.low else number
    return Users(round(number), round(low), round(high), told=False)


def _figure(value: float, unit: str) -> str:
    return f"{value:.3g}{' ' if unit else ''}{unit}"
