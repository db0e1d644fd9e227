"""What a stack says of itself to those who read only its plan: cost, capacity, policies, review, promotion.

The plan holds sizes; what it cannot hold is what the system's document says of users and load. `describe` writes that
as plain data, for the input `figures` of the root component. Figures that nobody knows are left out. A range has
``low`` and ``high``, also where both are the same. Names end in their unit; shares are 0 to 1, money is US dollars a
month.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.deployment import Deployment, ServicePlan
    from infra.modeling import Model

#: Raised when a key changes its meaning or goes, so that a reader can tell a plan that it does not understand.
VERSION = 1


def describe(deployment: Deployment) -> dict[str, Any]:
    """The system's figures at its phase, as JSON's types.

    ::

        {
          "version": 1,
          "title": "Floyo",
          "traffic": {
            "active_share": 0.1,                           # of the users, at the busiest time
            "requests_per_second": {"low": …, "high": …},  # of one active user
            "connections_per_user": {…}, "bytes_per_request": 16384, "queries_per_request": {…},
            "read_share": 0.8, "average_load": 0.2,        # of the queries; of the busiest time, over a month
            "edge_hit_share": 0.5, "cache_hit_share": {…}, # of the requests; of the reads
            "tiers": {"free": {"share": 0.7, "requests_per_second": {…}}},
            "sync": {"interval_s": {…}, "queries": {…}, "full_queries": 50, "full_interval_s": 1}
          },
          "services": {"api": {
            "public_path": "/api/*", "health_path": "/api/health", "websockets": false, "request_timeout_s": 30,
            "consumes": "jobs",
            "cpu": 0.5, "memory_gib": 1.0, "min_tasks": 2, "max_tasks": 20,  # of one task; in each region that serves
            "pool_min": 1, "pool_max": 20, "backlog_per_task": 20, "spot_share": 0.5,
            "floors": [{"cron": …, "time_zone": "UTC", "min_tasks": 4}], "metrics": ["ModelCalls", …],
            "capacity": {"cpu": 1, "requests_per_second": {…}, "concurrent": {…}, "jobs_per_hour": {…},
                         "bottleneck": …}                  # what a task of so many vCPU carries
          }},
          "database": {"pool_share": 0.8},                     # of a server's connections, for services
          "queues": {"jobs": {"kind": "managed", "jobs_per_user_hour": {…}}},  # or "cache"; of one active user
          "rate_limits": {"api": {"period_s": 60, "path": "/api/*", "per_tier": {"free": 20}}},
          "limits": {"database_gib": 8, "bandwidth_gib_month": 50, "connections": 3000},
          "thresholds": {"p95_s": 1.0, "error_rate_pct": 1.0, …},
          "target": {"concurrent_users": 8000, "requests_per_second": 500, …},
          "external_costs": {"Stripe": {"low": 60, "high": 60}}
        }

    Args:
        deployment: what the stack is.
    """
    return {
        "version": VERSION,
        "title": deployment.title,
        "traffic": _plain(deployment.traffic),
        "services": {name: _service(service) for name, service in deployment.services.items()},
        "database": {"pool_share": deployment.database.pool.share},
        "queues": {
            name: _plain(queue, only={"kind", "jobs_per_user_hour"})
            for name, queue in {**deployment.queues, **deployment.cache_queues}.items()
        },
        "rate_limits": {name: _plain(limit) for name, limit in deployment.rate_limits.items()},
        "limits": _plain(deployment.limits),
        "thresholds": _plain(deployment.thresholds),
        "target": {} if deployment.target is None else _plain(deployment.target),
        "external_costs": {name: _plain(monthly) for name, monthly in deployment.external_costs.items()},
    }


def _service(service: ServicePlan) -> dict[str, Any]:
    """One service's figures."""
    return _known(
        {
            "public_path": service.public_path,
            "health_path": service.health_path,
            "websockets": service.websockets,
            "request_timeout_s": service.request_timeout_s,
            "consumes": service.consumes,
            "cpu": service.cpu_units / 1024,
            "memory_gib": service.memory_mib / 1024,
            "min_tasks": service.min_tasks,
            "max_tasks": service.max_tasks,
            "pool_min": service.pool_min,
            "pool_max": service.pool_max,
            "backlog_per_task": service.backlog_per_task,
            "spot_share": service.spot_share,
            "floors": [_plain(floor) for floor in service.floors],
            "metrics": sorted(service.metrics),
            "capacity": None if service.capacity is None else _plain(service.capacity),
        }
    )


def _plain(model: Model, only: set[str] | None = None) -> dict[str, Any]:
    """A model, or some of it, as JSON's types, without what is not known."""
    return model.model_dump(mode="json", include=only, exclude_none=True)


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of `values`."""
    return {key: value for key, value in values.items() if value is not None}
