"""The part of a system's model that says what runs: services, and what each of them is like."""

import zoneinfo
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from infra.modeling import (
    Count,
    Model,
    Name,
    PerPhase,
    PositiveFloat,
    PositiveInt,
    RangeOrFigure,
    VariableName,
    at,
    from_first_phase,
    refuse_twice,
)
from infra.phases import PhaseName

#: Names that the program gives to every container (design: the environment contract); a system cannot give them.
CONTRACT_VARIABLES = (
    "CDN_URL",
    "DATABASE_READ_URL",
    "DATABASE_SHARDS",
    "DATABASE_SHARD_MAP",
    "DATABASE_URL",
    "ENVIRONMENT",
    "KEEP_ALIVE_TIMEOUT_S",
    "METRICS_NAMESPACE",
    "PORT",
    "QUEUE_URL",
    "REDIS_URL",
    "STOP_TIMEOUT_S",
)
CONTRACT_PREFIXES = (
    "AWS_",
    "BUCKET_",
    "CACHE_TTL_",
    "DATABASE_READ_URL_SHARD_",
    "DATABASE_URL_SHARD_",
    "DB_POOL_",
    "QUEUE_URL_",
    "RATE_LIMIT_",
)
#: The name of an application's own metric (``ModelCallTime``).
MetricName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9]*$", max_length=64)]
#: Six fields apart by single spaces: minute, hour, day of the month, month, day of the week, year.
Cron = Annotated[
    str,
    StringConstraints(
        pattern=r"^[0-9*,/-]+ [0-9*,/-]+ [0-9?*,/LW-]+ [0-9A-Z*,/-]+ [0-9A-Z?*,/L#-]+ [0-9*,/-]+$", max_length=256
    ),
]
#: Words that give away a secret put where everyone who may describe a task can read it.
_SECRET_WORDS = ("SECRET", "PASSWORD", "TOKEN", "PRIVATE_KEY", "API_KEY", "CREDENTIAL")


class Placeholder(Model):
    """What runs in a service's place until the stack's config names the product's own image."""

    image: str = Field(min_length=1, description="Container image, with registry and tag.")
    command: tuple[str, ...] = Field(default=(), description="Command that replaces the image's own, one word each.")
    health_command: tuple[str, ...] = Field(min_length=1, description="Command that exits 0 while the container works.")


class Metric(Model):
    """A figure that the service itself measures and writes to its log, shown on the stack's dashboard."""

    unit: Literal["Seconds", "Milliseconds", "Bytes", "Percent", "Count", "Count/Second", "None"] = Field(
        description="What it is counted in; `None` for what has no unit of those, such as money.",
    )
    statistic: Annotated[
        str, StringConstraints(pattern=r"^(Average|Sum|Minimum|Maximum|SampleCount|p(\d{1,2}(\.\d{1,2})?|100))$")
    ] = Field(description="How the figures of a minute become one: `Average`, `Sum`, `p95` and so on.")
    alarm_above: PositiveFloat | None = Field(
        default=None, description="Value that sets off an alarm where it is exceeded, in `unit`; null for none."
    )


class Floor(Model):
    """From when on there are at least so many tasks, whatever the load; holds until another floor's time comes."""

    cron: Cron = Field(
        description="When: minute, hour, day of the month, month, day of the week, year; `?` in one of the two days.",
    )
    time_zone: str = Field(default="UTC", description="Time zone of `cron`, by its IANA name (`Europe/Berlin`).")
    min_tasks: PositiveInt = Field(description="Tasks that there are at least from then on.")

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str) -> str:
        known = zoneinfo.available_timezones()
        # A machine may hold no list of time zones; the cloud then is the first to know.
        if known and name not in known:
            msg = f"'{name}' is not a time zone; must be an IANA name such as 'UTC' or 'Europe/Berlin'"
            raise ValueError(msg)
        return name

    @model_validator(mode="after")
    def _one_day(self) -> Self:
        _, _, of_month, _, of_week, _ = self.cron.split()
        if (of_month == "?") == (of_week == "?"):
            msg = "cron needs `?` as exactly one of day of the month and day of the week"
            raise ValueError(msg)
        return self


class Capacity(Model):
    """What one task carries, as measured or as the document estimates it."""

    cpu: PositiveFloat = Field(description="vCPU of the task that carried it; twice the CPU carries twice as much.")
    requests_per_second: RangeOrFigure | None = Field(default=None, description="Requests a second.")
    concurrent: RangeOrFigure | None = Field(
        default=None, description="Requests or jobs in work at once; for a public service, users at once."
    )
    jobs_per_hour: RangeOrFigure | None = Field(default=None, description="Jobs an hour, of a worker.")
    bottleneck: str | None = Field(default=None, min_length=1, description="What stands in the way of more.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.requests_per_second or self.concurrent or self.jobs_per_hour):
            msg = "needs one of `requests_per_second`, `concurrent` and `jobs_per_hour`"
            raise ValueError(msg)
        return self


class Service(Model):
    """One container image, run as one or more equal tasks."""

    image: str | None = Field(
        default=None,
        min_length=1,
        description="Published image of the product, with tag or digest; null where only a stack's config can name it.",
    )
    placeholder: Placeholder | None = Field(
        default=None,
        description="What runs where neither `image` nor the stack's config names one. Never in production.",
    )
    command: tuple[str, ...] = Field(default=(), description="Command that replaces the image's own, one word each.")
    port: int | None = Field(default=None, ge=1, le=65535, description="TCP port it listens on; null for none.")
    cpu: PerPhase[PositiveFloat] = Field(description="vCPU of one task.")
    memory_gib: PerPhase[PositiveFloat] = Field(description="Memory of one task, in GiB.")
    health_path: str | None = Field(
        default=None,
        pattern=r"^/[A-Za-z0-9/_.-]*$",
        description="HTTP path that answers 2xx while the service works; needs `port`.",
    )
    health_command: tuple[str, ...] = Field(
        default=(),
        description="Command inside the container that exits 0 while it works.",
    )
    public_path: str | None = Field(
        default=None,
        pattern=r"^/([A-Za-z0-9_.-]+/)*\*$",
        description="Paths it answers on the public endpoint (`/api/*`; `/*` is all the rest); null for not public.",
    )
    worker: bool = Field(default=False, description="Whether it takes its work from a queue and answers no requests.")
    consumes: Name | None = Field(default=None, description="Name of the queue it takes work from.")
    environment: Mapping[VariableName, str] = Field(
        default_factory=dict,
        description="Extra plain environment variables; no secrets.",
    )
    websockets: PerPhase[bool] = Field(
        default_factory=lambda: {PhaseName.SINGLE_REGION: False},
        description="Whether clients hold WebSocket connections to it.",
    )
    request_timeout_s: PerPhase[Annotated[int, Field(gt=0, le=4000)]] = Field(
        default_factory=lambda: {PhaseName.SINGLE_REGION: 30},
        description="Longest request it answers, in seconds.",
    )
    replicas: PerPhase[Count] = Field(
        default_factory=dict,
        description="Tasks at rest, only where they differ from the phase's; 0 for a worker not needed yet.",
    )
    max_replicas: PerPhase[PositiveInt] = Field(
        default_factory=dict,
        description="Tasks under the highest load, only where they differ from the phase's.",
    )
    floors: tuple[Floor, ...] = Field(
        default=(), description="Least tasks by the clock, from the phase on at which the number follows the load."
    )
    spot_share: PerPhase[Annotated[float, Field(ge=0, le=1)]] = Field(
        default_factory=lambda: {PhaseName.SINGLE_REGION: 0.0},
        description="Part of a worker's tasks on spare capacity, cheap and taken back at two minutes' notice, 0 to 1.",
    )
    backlog_per_task: PositiveInt | None = Field(
        default=None, description="Jobs waiting per task that a worker's scaling holds; null for none."
    )
    metrics: Mapping[MetricName, Metric] = Field(
        default_factory=dict, description="Figures that it measures itself, by name."
    )
    capacity: Capacity | None = Field(default=None, description="What one task carries; null where nobody knows.")
    edge_ttl_s: int | None = Field(
        default=0,
        ge=0,
        le=31_536_000,
        description="Seconds that the edge keeps answers to requests without cookie or token; 0 for never, null for as "
        "long as each answer itself says.",
    )
    static_paths: tuple[Annotated[str, StringConstraints(pattern=r"^/([A-Za-z0-9_.-]+/)+\*$")], ...] = Field(
        default=(),
        description="Paths whose files never change under their name (a hash is in it); kept for a year.",
    )
    user: str | None = Field(
        default=None,
        pattern=r"^[0-9]+(:[0-9]+)?$",
        description="Numeric user (and group) that the container runs as; null for the image's own.",
    )
    writable_paths: tuple[Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9/_.-]+$")], ...] = Field(
        default=("/tmp",),  # noqa: S108 -- a path inside the container
        description="Folders that it writes to, empty at the start; the rest of its file system is read-only. "
        "The image must hold `chmod` unless there are none.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        from_first_phase(self, ("cpu", "memory_gib", "websockets", "request_timeout_s", "spot_share"))
        rules = (
            (self.worker and not self.consumes, "a worker needs `consumes`, the queue it takes work from"),
            (not self.worker and self.consumes, "`consumes` is for workers; set `worker: true`"),
            (self.worker and self.public_path, "a worker answers no requests; drop `public_path`"),
            (not self.worker and self.port is None, "a service that is not a worker needs `port`"),
            (self.health_path and self.port is None, "`health_path` needs `port`"),
            (self.port and not self.health_path, "`port` needs `health_path`"),
            (any(self.websockets.values()) and not self.public_path, "`websockets` needs `public_path`"),
            (not self.worker and 0 in self.replicas.values(), "`replicas` of 0 is for workers"),
            (not self.worker and any(self.spot_share.values()), "`spot_share` is for workers"),
            (not self.worker and self.backlog_per_task, "`backlog_per_task` is for workers"),
            (self.static_paths and not self.public_path, "`static_paths` needs `public_path`"),
            (
                not (self.image or self.placeholder),
                "needs `image`, or a `placeholder` until a stack's config names one",
            ),
            (not self.health_command, "needs `health_command`, which tells a hung task from a working one"),
        )
        for broken, message in rules:
            if broken:
                raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _floors_fit(self) -> Self:
        refuse_twice("floors", (f"{floor.cron} {floor.time_zone}" for floor in self.floors))
        for floor in self.floors:
            for phase in PhaseName:
                most = at(self.max_replicas, phase)
                if most is not None and floor.min_tasks > most:
                    msg = f"a floor of {floor.min_tasks} tasks is above max_replicas ({most}) at phase '{phase}'"
                    raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _plain_environment(self) -> Self:
        for name in self.environment:
            if name in CONTRACT_VARIABLES or name.startswith(CONTRACT_PREFIXES):
                msg = f"environment '{name}' is given to every container by the program; choose another name"
                raise ValueError(msg)
            if any(word in name for word in _SECRET_WORDS):
                msg = f"environment '{name}' looks like a secret; plain variables are readable in the console"
                raise ValueError(msg)
        return self
