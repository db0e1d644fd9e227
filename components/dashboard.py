"""The dashboard of a stack: graphs in sections, of all its regions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_aws import cloudwatch

from components.alarms import Metric
from components.base import Component, Scope
from components.errors import ComponentError

# A dashboard is 24 columns wide. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
_COLUMNS, _PER_ROW = 24, 3
_GRAPH_HEIGHT, _TITLE_HEIGHT = 6, 1
#: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html, read 2026-11-21.
_MOST_WIDGETS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a graph: a metric, or an expression over the lines of its graph.

    Attributes:
        label: what the legend calls it.
        metric: what it shows; None for an expression.
        expression: metric math over the ids of other lines, or a query that needs none.
        id: what expressions call it.
        shown: whether it is drawn; one that only an expression needs is not.
    """

    label: str
    metric: Metric | None = None
    expression: pulumi.Input[str] | None = None
    id: str | None = None
    shown: bool = True

    def __post_init__(self) -> None:
        """Refuse a line of nothing or of two things.

        Raises:
            ComponentError: naming the line.
        """
        if (self.metric is None) == (self.expression is None):
            msg = f"line '{self.label}' of a graph: exactly one of `metric` and `expression` is needed"
            raise ComponentError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """One graph.

    Attributes:
        title: what stands above it.
        region: where its metrics are.
        unit: what its axis counts.
        lines: what it shows.
        limit: where an alarm goes off, drawn as a line across; None for none.
    """

    title: str
    region: str
    unit: str
    lines: Sequence[Line]
    limit: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Graphs under one heading.

    Attributes:
        title: the heading.
        graphs: the graphs, three to a row.
    """

    title: str
    graphs: Sequence[Graph] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardArgs:
    """What `Dashboard` needs.

    Attributes:
        scope: where it belongs.
        sections: what it shows, from the top.
    """

    scope: Scope
    sections: Sequence[Section]

    def __post_init__(self) -> None:
        """Refuse more widgets than CloudWatch takes.

        Raises:
            ComponentError: naming the number and what is allowed.
        """
        count = sum(1 + len(section.graphs) for section in self.sections)
        if not 0 < count <= _MOST_WIDGETS:
            msg = f"dashboard of {count} widgets; allowed: 1 to {_MOST_WIDGETS}"
            raise ComponentError(msg)


class Dashboard(Component):
    """A CloudWatch dashboard. It holds no data and no resource needs it.

    Attributes:
        dashboard_name: its name, the stack's.
    """

    tag = "dashboard"

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        dashboard = cloudwatch.Dashboard(
            self.child("all"),
            dashboard_name=name,
            dashboard_body=pulumi.Output.json_dumps(body(args.sections), sort_keys=True),
            region=args.scope.region,
            opts=self.child_options(),
        )
        self.dashboard_name = dashboard.dashboard_name
        self.register_outputs({"dashboardName": self.dashboard_name})


def body(sections: Sequence[Section]) -> dict[str, Any]:
    """The dashboard in CloudWatch's words, laid out from the top."""
    widgets: list[dict[str, Any]] = []
    top = 0
    for section in sections:
        if not section.graphs:
            continue
        widgets.append(
            {
                "type": "text",
                "x": 0,
                "y": top,
                "width": _COLUMNS,
                "height": _TITLE_HEIGHT,
                "properties": {"markdown": f"## {section.title}", "background": "transparent"},
            }
        )
        top += _TITLE_HEIGHT
        width = _COLUMNS // _PER_ROW
        widgets += [
            {
                "type": "metric",
                "x": place % _PER_ROW * width,
                "y": top + place // _PER_ROW * _GRAPH_HEIGHT,
                "width": width,
                "height": _GRAPH_HEIGHT,
                "properties": _properties(graph),
            }
            for place, graph in enumerate(section.graphs)
        ]
        top += -(-len(section.graphs) // _PER_ROW) * _GRAPH_HEIGHT
    return {"widgets": widgets}


def _properties(graph: Graph) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "title": graph.title,
        "region": graph.region,
        "view": "timeSeries",
        "stacked": False,
        "period": 60,
        "metrics": [_row(line) for line in graph.lines],
        "yAxis": {"left": {"min": 0, "label": graph.unit, "showUnits": False}},
    }
    if graph.limit is not None:
        properties["annotations"] = {"horizontal": [{"label": "alarm", "value": graph.limit}]}
    return properties


def _row(line: Line) -> list[Any]:
    options: dict[str, Any] = {"label": line.label, "visible": line.shown}
    if line.id is not None:
        options["id"] = line.id
    if line.metric is None:
        return [{**options, "expression": line.expression}]
    metric = line.metric
    where = [part for pair in metric.dimensions.items() for part in pair]
    return [metric.namespace, metric.name, *where, {**options, "stat": metric.statistic, "period": metric.period_s}]
