"""What a person, or a program, reads of a stack's status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ascend.plans import PHASES
from ascend.status.triggers import Move

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from ascend.live.deployed import Deployed
    from ascend.status.signals import Readings, Signal
    from ascend.status.triggers import Verdict

#: How each verdict is said.
_SAID = {
    Move.PROMOTE: "promote it",
    Move.STAY: "it stays",
    Move.RESIZE: "resize it",
    Move.DEMOTE: "demote it",
}
_STYLES = {Move.PROMOTE: "bold yellow", Move.STAY: "bold green", Move.RESIZE: "bold yellow", Move.DEMOTE: "bold yellow"}
_MINUTE_S = 60
_SHOWN_DRIFT = 20


@dataclass(frozen=True, slots=True)
class Status:
    """A stack's status.

    Attributes:
        deployed: what there is.
        readings: what it tells.
        verdict: whether it should move.
        drift: what is another than the state says; None where nobody looked.
    """

    deployed: Deployed
    readings: Readings
    verdict: Verdict
    drift: Sequence[str] | None

    def document(self) -> dict[str, Any]:
        """As JSON."""
        deployed = self.deployed
        by_type: dict[str, int] = {}
        for one in deployed.resources:
            if one.custom:
                by_type[one.type] = by_type.get(one.type, 0) + 1
        return {
            "stack": deployed.stack,
            "system": deployed.system,
            "phase": deployed.phase,
            "phase_number": deployed.phase_number,
            "next_phase": deployed.next_phase,
            "environment": deployed.environment,
            "account": deployed.account,
            "regions": list(deployed.regions),
            "primary": deployed.primary,
            "budget_usd": deployed.budget,
            "resources": {
                "total": len(deployed.resources),
                "holding_data": len(deployed.data()),
                "by_type": dict(sorted(by_type.items())),
            },
            "pending": list(deployed.pending),
            "drift": None if self.drift is None else list(self.drift),
            "signals": [one.document() for one in self.readings.signals],
            "alarms": [one.document() for one in self.readings.ringing],
            **self.verdict.document(),
            "notes": list(self.readings.notes),
        }


def show(out: Console, status: Status) -> None:
    """Prints a status."""
    deployed = status.deployed
    where = ", ".join(deployed.regions)
    out.print(
        Text.assemble(
            (deployed.stack, "bold"),
            f": {deployed.system} at {deployed.phase} (phase {deployed.phase_number} of {len(PHASES)}), in {where}",
        )
    )
    out.print(f"  {len(deployed.resources)} resources, {len(deployed.data())} of them hold data")
    for line in deployed.pending:
        out.print(Text(f"  pending: {line}", style="yellow"))
    _show_drift(out, status.drift)
    out.print()
    _show_signals(out, status.readings.signals)
    for alarm in status.readings.ringing:
        out.print(Text(f"  alarm {alarm.name} ({alarm.region}) since {alarm.since}: {alarm.reason}", style="red"))
    out.print()
    _show_verdict(out, status.verdict)


def _show_drift(out: Console, drift: Sequence[str] | None) -> None:
    if drift is None:
        return
    if not drift:
        out.print("  no drift: everything is as the state says")
    for line in drift[:_SHOWN_DRIFT]:
        out.print(Text(f"  drift: {line}", style="yellow"))
    if len(drift) > _SHOWN_DRIFT:
        out.print(f"  drift: and {len(drift) - _SHOWN_DRIFT} more; --json lists them")


def _show_signals(out: Console, signals: Sequence[Signal]) -> None:
    """A line each: what is breached first, then what has a figure; what has none together, at the end."""
    known = sorted(
        (one for one in signals if one.value is not None), key=lambda one: (not one.breached, one.name, one.resource)
    )
    rows = [
        (
            one.name,
            f"{one.resource} {one.region}",
            _figure(one.value, one.unit),
            "" if one.threshold is None else f"limit {_figure(one.threshold, one.unit)}",
            _lasting(one),
        )
        for one in known
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    for one, row in zip(known, rows, strict=True):
        cells = [f"{row[0]:<{widths[0]}}", f"{row[1]:<{widths[1]}}", f"{row[2]:>{widths[2]}}", f"{row[3]:<{widths[3]}}"]
        out.print(Text(f"  {'  '.join(cells)}  {row[4]}".rstrip(), style="red" if one.breached else ""))
    silent = [one for one in signals if one.value is None]
    if silent:
        names = dict.fromkeys(one.name for one in silent)
        out.print(Text(f"  no figures lately: {', '.join(names)}", style="dim"))


def _show_verdict(out: Console, verdict: Verdict) -> None:
    if verdict.users is not None:
        ceiling = "" if verdict.ceiling is None else f", meant for {verdict.ceiling:,}"
        out.print(f"  {verdict.users.text()}{ceiling}")
    out.print(Text.assemble("Verdict: ", (_SAID[verdict.move], _STYLES[verdict.move])))
    for reason in verdict.reasons:
        out.print(Text(f"  {reason.rule}: {reason.text}"))


def _lasting(signal: Signal) -> str:
    if not signal.breached:
        return ""
    minutes = signal.sustained_s / _MINUTE_S
    return f"beyond it for {minutes:g} min" if minutes else "beyond it"


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    number = f"{value:,.2f}" if unit == "USD" else f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"  # noqa: PLR2004 -- from there on whole ones
    return f"{number} {unit}".rstrip()
