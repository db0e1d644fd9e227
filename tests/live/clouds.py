"""An emulated AWS in this process, stacks as their state shows them, and figures that their alarms would read."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from ascend.cloud import server
from ascend.cloud.aws import moto
from ascend.cloud.process import CloudInfo
from ascend.engine.model import Kept, State
from ascend.live.aws import Clients
from ascend.live.deployed import Deployed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

REGION = "us-east-1"
WORLD = "urn:pulumi:dev::ascend::ascend:index:World::floyo-dev"
HERE = f"{WORLD}-use1"
#: What users do: one in ten is active, and sends between half a request and a whole one a second.
FIGURES: dict[str, Any] = {
    "version": 1.0,
    "title": "Floyo",
    "traffic": {
        "active_share": 0.1,
        "requests_per_second": {"low": 0.5, "high": 1.0},
        "connections_per_user": {"low": 1.0, "high": 2.0},
        "bytes_per_request": 16384.0,
        "queries_per_request": {"low": 1.0, "high": 2.0},
        "read_share": 0.8,
        "average_load": 0.2,
        "edge_hit_share": 0.5,
    },
    "services": {"api": {"public_path": "/*", "websockets": False, "request_timeout_s": 30.0}},
    "database": {"pool_share": 0.8},
    "queues": {},
    "limits": {"database_gib": 8.0, "bandwidth_gib_month": 50.0},
    "thresholds": {"p95_s": 1.0, "error_rate_pct": 1.0, "queue_depth": 100.0},
}


@contextlib.contextmanager
def served() -> Iterator[Clients]:
    """Clients of an emulated AWS that holds nothing."""
    moto.reset()
    running = server.serve({})
    try:
        yield Clients(CloudInfo(1, f"http://127.0.0.1:{running.aws_port}"))
    finally:
        running.stop()
        moto.reset()


def world(**more: Any) -> Kept:
    """The root of Floyo's stack `dev` at its first phase; `more` is laid over its inputs."""
    inputs = {
        "system": "floyo",
        "phase": "single-region",
        "environment": "dev",
        "users": 1000.0,
        "budget": 50.0,
        "regions": [REGION],
        "primary": REGION,
        "shards": 1.0,
        "figures": FIGURES,
        **more,
    }
    return Kept(WORLD, "ascend:index:World", "floyo-dev", custom=False, inputs=inputs)


def kept(type_: str, name: str, /, *, component: str = "api", **more: Any) -> Kept:
    """A resource of a component in the region; `more` are its outputs and, without an `id`, its inputs."""
    inputs = {"region": REGION, **{key: value for key, value in more.items() if key not in ("id", "protect")}}
    return Kept(
        f"{HERE}-{component}${type_}::{name}",
        type_,
        name,
        parent=f"{HERE}-{component}",
        id=str(more.get("id", name)),
        protect=bool(more.get("protect", False)),
        inputs=inputs,
        outputs={**inputs, "arn": f"arn:aws:x:{REGION}:123456789012:{name}"},
    )


def component(name: str) -> Kept:
    """A component in the region."""
    return Kept(f"{HERE}-{name}", "ascend:components:Service", f"floyo-dev-use1-{name}", WORLD, custom=False)


def alarm(name: str, metric: str, threshold: float, /, *, component: str = "api", **more: Any) -> Kept:
    """An alarm on one metric of a component."""
    inputs = {
        "name": f"floyo-dev-use1-{component}-{name}",
        "namespace": "AWS/ECS",
        "metricName": metric,
        "dimensions": {"ServiceName": component},
        "statistic": "Average",
        "period": 60.0,
        "evaluationPeriods": 5.0,
        "threshold": float(threshold),
        "comparisonOperator": "GreaterThanThreshold",
        "alarmActions": ["topic"],
        **more,
    }
    inputs = {key: value for key, value in inputs.items() if value is not None}
    return kept("aws:cloudwatch/metricAlarm:MetricAlarm", str(inputs["name"]), component=component, **inputs)


def deployed(*resources: Kept, pending: tuple[str, ...] = (), **more: Any) -> Deployed:
    """A stack with these resources; `more` is laid over its root's inputs."""
    region = Kept(HERE, "ascend:index:Region", "floyo-dev-use1", WORLD, custom=False, inputs={"region": REGION})
    parts = [component(name) for name in ("api", "web", "worker", "database", "ingress")]
    return Deployed.of("dev", State(b"{}", [world(**more), region, *parts, *resources], pending))


def make_database(clients: Clients, name: str) -> dict[str, Any]:
    """A database instance with backups."""
    made: dict[str, Any] = clients.call(
        "rds",
        REGION,
        "create_db_instance",
        DBInstanceIdentifier=name,
        Engine="postgres",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        MasterUsername="owner",
        MasterUserPassword="not-a-secret",
        BackupRetentionPeriod=7,
    )["DBInstance"]
    return made


def put(clients: Clients, metric: str, points: dict[datetime, float], **more: Any) -> None:
    """Figures of a metric."""
    where = {"Namespace": "AWS/ECS", "Dimensions": {"ServiceName": "api"}, **more}
    rows = [
        {
            "MetricName": metric,
            "Dimensions": [{"Name": key, "Value": value} for key, value in where["Dimensions"].items()],
            "Timestamp": when,
            "Value": value,
        }
        for when, value in points.items()
    ]
    clients.client("cloudwatch", REGION).put_metric_data(Namespace=where["Namespace"], MetricData=rows)
