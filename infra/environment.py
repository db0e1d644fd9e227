"""The environment contract: what every container is told, under the same names at every phase.

An application that keeps to it needs no change when its stack is promoted: at a phase without read replicas
``DATABASE_READ_URL`` is the primary's, at one without a CDN ``CDN_URL`` is the ingress's own address. ``REDIS_URL``
alone comes with what it leads to: an application that finds none works without a cache.

Data may be divided among several databases (``DATABASE_SHARDS``). ``DATABASE_SHARD_MAP`` has an entry for each, in an
order that never changes, only grows: the names of the variables that lead to it. The first entry's are those of an
undivided database, so an application that reads the map needs no change when there are more.

What listens keeps a silent connection for ``KEEP_ALIVE_TIMEOUT_S`` at least, longer than what is in front of it: one
that it closed itself would cost the next request.

``DB_POOL_MAX`` is what a task may open to each of the two database addresses, whether they lead to one server or two.

What a service measures itself it writes to its output, in CloudWatch's embedded metric format, under the namespace
``METRICS_NAMESPACE`` and without dimensions: the namespace is its own. A queue that lives in the cache is counted where
BullMQ keeps it by default, ``bull:<name of the queue>:…``.
"""

import json
from collections.abc import Mapping

import pulumi

from components.service import STOP_TIMEOUT_S
from infra.deployment import Deployment, ServicePlan
from infra.timeouts import keep_alive

#: The secret's fields that become variables of a container; of a database beyond the first they bear its number.
DATABASE_SECRETS = {"DATABASE_URL": "url", "DATABASE_READ_URL": "readUrl"}
CACHE_SECRETS = {"REDIS_URL": "url"}
#: Where the depths of queues in the cache and the slow queries of databases are counted; no service can be named so.
QUEUES, DATABASES = "_queues", "_databases"


def variable(name: str) -> str:
    """A name as part of an environment variable's: ``api-response`` → ``API_RESPONSE``."""
    return name.upper().replace("-", "_").replace(".", "_")


def metrics_namespace(deployment: Deployment, part: str) -> str:
    """The CloudWatch namespace of what a part of the stack measures itself.

    Args:
        deployment: what the stack is.
        part: a service, or `QUEUES`.
    """
    return f"{deployment.system}/{deployment.stack}/{part}"


def shard_name(number: int) -> str:
    """The name of a database in its region: the first has the one that an undivided database has."""
    return "database" if number == 1 else f"database-shard-{number}"


def shard_variables(number: int) -> dict[str, str]:
    """The variables of a container that lead to one database, and the field of its secret that each is."""
    ending = "" if number == 1 else f"_SHARD_{number}"
    return {f"{name}{ending}": field for name, field in DATABASE_SECRETS.items()}


def shard_map(shards: int) -> str:
    """What tells an application which variables lead to which database: JSON, in the order of the shards."""
    return json.dumps(
        [{field: name for name, field in shard_variables(number).items()} for number in range(1, shards + 1)]
    )


def environment(
    deployment: Deployment,
    plan: ServicePlan,
    *,
    cdn_url: pulumi.Input[str],
    queue_urls: Mapping[str, pulumi.Input[str]],
    bucket_names: Mapping[str, pulumi.Input[str]],
) -> dict[str, pulumi.Input[str]]:
    """The plain variables of one service.

    Args:
        deployment: what the stack is.
        plan: the service.
        cdn_url: where static files are served from, without a slash at the end.
        queue_urls: the queues by name.
        bucket_names: the buckets by name; a service is told of those it uses.
    """
    pool = deployment.database.pool
    values: dict[str, pulumi.Input[str]] = {
        **plan.environment,
        "ENVIRONMENT": deployment.environment,
        "CDN_URL": cdn_url,
        "METRICS_NAMESPACE": metrics_namespace(deployment, plan.name),
        "DATABASE_SHARDS": str(deployment.database.shards),
        "DATABASE_SHARD_MAP": shard_map(deployment.database.shards),
        # The column that decides; an application that is alone in its database has no use for it.
        **({"DATABASE_SHARD_KEY": deployment.database.shard_key} if deployment.database.shard_key else {}),
        "DB_POOL_MIN": str(plan.pool_min),
        "DB_POOL_MAX": str(plan.pool_max),
        "DB_POOL_IDLE_TIMEOUT_S": str(pool.idle_timeout_s),
        "DB_POOL_CONNECT_TIMEOUT_S": str(pool.connect_timeout_s),
        "DB_POOL_STATEMENT_TIMEOUT_S": str(pool.statement_timeout_s),
        # How long it has to finish its work after SIGTERM.
        "STOP_TIMEOUT_S": str(STOP_TIMEOUT_S),
    }
    if plan.port is not None:
        values["PORT"] = str(plan.port)
        values["KEEP_ALIVE_TIMEOUT_S"] = str(keep_alive(deployment.services))
    for name, seconds in deployment.cache_ttls.items():
        values[f"CACHE_TTL_{variable(name)}_S"] = str(seconds)
    for name, limit in deployment.rate_limits.items():
        values[f"RATE_LIMIT_{variable(name)}_PERIOD_S"] = str(limit.period_s)
        for tier, requests in limit.per_tier.items():
            values[f"RATE_LIMIT_{variable(name)}_{variable(tier)}"] = str(requests)
    for name, url in queue_urls.items():
        values[f"QUEUE_URL_{variable(name)}"] = url
    # The queue that a service means if it knows one only: the one it works on, or the only one there is.
    own = plan.consumes or (next(iter(queue_urls)) if len(queue_urls) == 1 else None)
    if own is not None and own in queue_urls:
        values["QUEUE_URL"] = queue_urls[own]
    for name, bucket in bucket_names.items():
        values[f"BUCKET_{variable(name)}"] = bucket
    return values
