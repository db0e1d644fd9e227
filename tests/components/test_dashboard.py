"""The dashboard: its layout, its lines, and what each part of a stack shows on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from components import dashboard_graphs as graphs
from components.alarms import Metric
from components.dashboard import Dashboard, DashboardArgs, Graph, Line, Section, body
from components.errors import ComponentError
from components.slow_queries import SlowQueries, SlowQueriesArgs
from tests.components.support import SCOPE

if TYPE_CHECKING:
    from tests.components.support import Run

METRIC = Metric(namespace="N", name="M", dimensions={"A": "1", "B": "2"}, statistic="p95", period_s=60)
SLOW = Metric(namespace="N", name="SlowQueries-database", dimensions={}, statistic="Sum", period_s=60)


def graph(title: str = "G", **changed: Any) -> Graph:
    return Graph(title=title, region="eu-west-1", unit="s", lines=[Line(label="m", metric=METRIC)], **changed)


def rows(graph: Graph) -> list[list[Any]]:
    (widget,) = [one for one in body([Section(title="T", graphs=[graph])])["widgets"] if one["type"] == "metric"]
    found: list[list[Any]] = widget["properties"]["metrics"]
    return found


def test_it_bears_the_stacks_name_and_is_not_kept(run: Run) -> None:
    args = DashboardArgs(scope=SCOPE, sections=[Section(title="T", graphs=[graph()])])
    made = run(lambda: Dashboard("floyo-dev-dashboard", args)).one("cloudwatch/dashboard:Dashboard")
    assert made.inputs["dashboardName"] == "floyo-dev-dashboard"
    assert not made.protect
    assert json.loads(made.inputs["dashboardBody"]) == body(args.sections)


def test_widgets_do_not_overlap_and_fit_the_width() -> None:
    sections = [Section(title=str(n), graphs=[graph(str(g)) for g in range(n)]) for n in (1, 3, 4, 7)]
    taken: set[tuple[int, int]] = set()
    for one in body(sections)["widgets"]:
        assert one["x"] + one["width"] <= 24
        cells = {
            (x, y) for x in range(one["x"], one["x"] + one["width"]) for y in range(one["y"], one["y"] + one["height"])
        }
        assert not cells & taken
        taken |= cells


def test_a_section_without_graphs_has_no_heading() -> None:
    assert (
        body([Section(title="empty"), Section(title="T", graphs=[graph()])])["widgets"][0]["properties"]["markdown"]
        == "## T"
    )


def test_a_metric_is_a_row_with_its_dimensions_in_its_region() -> None:
    (row,) = rows(graph())
    assert row[:6] == ["N", "M", "A", "1", "B", "2"]
    assert row[6] == {"label": "m", "visible": True, "stat": "p95", "period": 60}
    assert body([Section(title="T", graphs=[graph()])])["widgets"][1]["properties"]["region"] == "eu-west-1"


def test_where_the_alarm_goes_off_is_drawn() -> None:
    properties = body([Section(title="T", graphs=[graph(limit=2)])])["widgets"][1]["properties"]
    assert properties["annotations"] == {"horizontal": [{"label": "alarm", "value": 2}]}


@pytest.mark.parametrize(
    ("entrance", "limit", "failed"),
    [
        (graphs.http_api("api-1"), 2000, "FILL(failed0, 0)"),
        (graphs.load_balancer("app/a/1"), 2, "FILL(failed0, 0) + FILL(failed1, 0)"),
    ],
    ids=["http-api", "load-balancer"],
)
def test_requests_of_either_entrance(entrance: graphs.Entrance, limit: float, failed: str) -> None:
    rate, latency, errors, throughput = graphs.requests("us-east-1", entrance, error_rate_pct=1, p95_s=2)
    assert [line.metric.statistic for line in latency.lines if line.metric] == ["p50", "p95", "p99"]
    # The HTTP API counts in milliseconds, the load balancer in seconds.
    assert (latency.limit, errors.limit) == (limit, 1)
    assert errors.lines[-1].expression == f"IF(requests > 0, 100 * ({failed}) / requests, 0)"
    for one in (rate, errors, throughput):
        assert {line.id for line in one.lines if not line.shown} >= {one.lines[0].id}
        assert one.lines[-1].shown


def test_databases_show_time_connections_slow_queries_and_hits(run: Run) -> None:
    server = graphs.Server(name="database", identifier="db-1", resource_id="db-ABC", slow=SLOW)
    found: list[Graph] = []
    run(lambda: found.extend(graphs.databases("us-east-1", [server, server], connections=80)))
    assert [one.title.split(",")[0] for one in found] == [
        "Database latency",
        "Database connections",
        "Slow queries",
        "Database cache hit rate",
    ]
    ids = [line.id for line in found[3].lines if line.id]
    assert len(ids) == len(set(ids)) == 4
    assert found[1].limit == 80


def test_without_performance_insights_there_is_no_hit_rate() -> None:
    server = graphs.Server(name="database", identifier="db-1", resource_id=None, slow=SLOW)
    assert len(graphs.databases("us-east-1", [server], connections=80)) == 3


def test_queues_show_only_what_is_known_of_them() -> None:
    plain = graphs.Queue(name="jobs", waiting=METRIC, failed=METRIC)
    full = graphs.Queue(name="mail", waiting=METRIC, failed=METRIC, done=METRIC, oldest=METRIC)
    assert [len(one.lines) for one in graphs.queues("us-east-1", [plain, full], depth=100)] == [2, 2, 1, 1]
    assert len(graphs.queues("us-east-1", [plain], depth=100)) == 2
    assert graphs.queues("us-east-1", [], depth=100) == []


@pytest.mark.parametrize("both", [{}, {"metric": METRIC, "expression": "a + b"}])
def test_a_line_of_nothing_or_of_two_things_is_refused(both: dict[str, Any]) -> None:
    with pytest.raises(ComponentError, match="line 'x' of a graph: exactly one of `metric` and `expression` is needed"):
        Line(label="x", **both)


@pytest.mark.parametrize("count", [0, 500])
def test_too_many_widgets_or_none_are_refused(count: int) -> None:
    sections = [Section(title="T", graphs=[graph()] * count)] if count else []
    with pytest.raises(ComponentError, match=rf"dashboard of {count + bool(count)} widgets; allowed: 1 to 500"):
        DashboardArgs(scope=SCOPE, sections=sections)


def test_slow_statements_are_counted_in_each_servers_log(run: Run) -> None:
    logs = {"database": "/aws/rds/instance/db/postgresql", "database-replica-1": "/aws/rds/instance/r/postgresql"}
    args = SlowQueriesArgs(scope=SCOPE, namespace="floyo/dev/_databases", log_groups=logs)
    made = run(lambda: SlowQueries("slow", args)).of("LogMetricFilter")
    assert {one.name: one.inputs["logGroupName"] for one in made} == {f"slow-{name}": log for name, log in logs.items()}
    by_name = {one.name: one.inputs["metricTransformation"] for one in made}
    assert by_name["slow-database"] == {
        "name": "SlowQueries-database",
        "namespace": "floyo/dev/_databases",
        "value": "1",
        "defaultValue": "0",
        "unit": "Count",
    }
