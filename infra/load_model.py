"""The part of a system's model that says what it has to bear: what users do, limits, thresholds, bills of others."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from infra.modeling import (
    Model,
    Name,
    Percent,
    PerPhase,
    PositiveFloat,
    PositiveInt,
    Range,
    RangeOrFigure,
    Share,
)

#: How far what the tiers add up to may be from the whole, as a share of it: documents round their figures.
_ROUNDING = 0.01


class RateLimit(Model):
    """How often one user may do one thing."""

    period_s: int = Field(gt=0, description="Length of the window, in seconds.")
    path: str | None = Field(
        default=None,
        pattern=r"^/([A-Za-z0-9_.-]+/)*\*$",
        description="Paths whose requests it counts, by which the edge can tell; null where only the service can.",
    )
    per_tier: Mapping[Name, PositiveInt] = Field(min_length=1, description="Requests per window, by tier of the user.")


class Sync(Model):
    """Clients that fetch changes on a timer."""

    interval_s: Range = Field(description="Seconds between two fetches of one client.")
    queries: Range = Field(description="Database queries of one fetch of changes.")
    full_queries: int = Field(gt=0, description="Database queries of one fetch of everything.")
    full_interval_s: PositiveFloat = Field(
        description="Seconds between two fetches of one client that only knows how to fetch everything."
    )


class Tier(Model):
    """Users who pay alike."""

    share: Share = Field(description="Part of the users, 0 to 1.")
    requests_per_second: RangeOrFigure | None = Field(
        default=None, description="Requests per second of one active user on it; null for the average one's."
    )


def _share_alone(value: Any) -> Any:
    """A tier given as a number is its share."""
    return {"share": value} if isinstance(value, int | float) else value


class Traffic(Model):
    """What users do, at the busiest time of a day."""

    active_share: Share = Field(description="Part of the users active at once, 0 to 1.")
    requests_per_second: RangeOrFigure = Field(description="Requests per second of one active user.")
    connections_per_user: Range = Field(description="Open connections of one active user.")
    bytes_per_request: int = Field(gt=0, description="Average size of a response, in bytes.")
    queries_per_request: RangeOrFigure = Field(description="Database queries of one request.")
    read_share: Annotated[float, Field(ge=0, le=1)] = Field(description="Part of the queries that only read, 0 to 1.")
    average_load: Share = Field(description="Average load over a month, as part of the busiest time's, 0 to 1.")
    tiers: Mapping[Name, Annotated[Tier, BeforeValidator(_share_alone)]] = Field(
        default_factory=dict, description="The tiers of users; their shares add up to 1."
    )
    cache_hit_share: RangeOrFigure | None = Field(
        default=None,
        description="Part of the reads that a cache answers before the database, where there is one, 0 to 1.",
    )
    edge_hit_share: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.0, description="Part of the requests that the edge answers by itself, where there is one, 0 to 1."
    )
    sync: Sync | None = Field(default=None, description="Fetching of changes by clients, null for none.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.requests_per_second.high == 0:
            msg = "requests_per_second must be above 0"
            raise ValueError(msg)
        total = sum(tier.share for tier in self.tiers.values())
        if self.tiers and abs(total - 1) > 1e-9:  # noqa: PLR2004 -- room for the rounding of a sum of decimals
            msg = f"shares of `tiers` add up to {total:g}, not 1"
            raise ValueError(msg)
        most = sum(
            tier.share * (tier.requests_per_second or self.requests_per_second).high for tier in self.tiers.values()
        )
        if self.tiers and abs(most - self.requests_per_second.high) > _ROUNDING * self.requests_per_second.high:
            msg = (
                f"requests of `tiers` add up to {most:g} per second of an average active user, "
                f"not to requests_per_second ({self.requests_per_second.high:g})"
            )
            raise ValueError(msg)
        if self.cache_hit_share is not None and self.cache_hit_share.high > 1:
            msg = f"cache_hit_share ({self.cache_hit_share.high:g}) is above 1"
            raise ValueError(msg)
        return self


class Limits(Model):
    """What the system must stay below; alarms watch the distance."""

    database_gib: PositiveFloat = Field(description="Largest size of the database, in GiB.")
    bandwidth_gib_month: PositiveFloat = Field(description="Most traffic out to the internet, in GiB a month.")
    connections: int | None = Field(
        default=None, gt=0, description="Most database connections; null for what its size allows."
    )


class Thresholds(Model):
    """Where alarms go off. The defaults are those that the systems' documents share."""

    p95_s: PositiveFloat = Field(default=1.0, description="Response time that 95 % of requests stay below, in seconds.")
    error_rate_pct: Percent = Field(default=1.0, description="Failed requests, in percent of all.")
    cpu_pct: Percent = Field(default=70, description="CPU of a service, the database or the cache, in percent.")
    memory_pct: Percent = Field(default=80, description="Memory of a service, the database or the cache, in percent.")
    queue_depth: PositiveInt = Field(default=100, description="Messages that wait in a queue.")
    connections_pct: Percent = Field(
        default=80, description="Connections to the database and the cache, in percent of the most there can be."
    )
    connections: PositiveInt | None = Field(
        default=None, description="Database connections, as a number; null for none."
    )
    replica_lag_s: PositiveInt = Field(default=120, description="How far a read replica is behind, in seconds.")
    database_size_pct: Percent = Field(default=80, description="Size of the database, in percent of its limit.")
    bandwidth_pct: Percent = Field(default=80, description="Run rate of traffic, in percent of the month's limit.")


class Target(Model):
    """What the document promises of a phase."""

    active_users: Range | None = Field(default=None, description="Users that use it at all.")
    concurrent_users: PositiveInt | None = Field(default=None, description="Users active at once.")
    requests_per_second: PositiveFloat | None = Field(default=None, description="Requests a second.")
    response_s: Range | None = Field(default=None, description="Response time, in seconds.")
    uptime_pct: Percent | None = Field(default=None, description="Time that it answers, in percent.")


class ExternalCost(Model):
    """A bill that does not come from the stack: payment fees, models of others."""

    name: str = Field(min_length=1, description="Whom it is paid to.")
    monthly_usd: PerPhase[Range] = Field(description="What it comes to, in US dollars a month.")
