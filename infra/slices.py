"""What a stack is in one of its regions."""

from dataclasses import replace

from infra.deployment import Deployment
from infra.facts import Region
from infra.phases import Ingress, Nat


def slice_of(deployment: Deployment, region: Region) -> Deployment:
    """The figures of one region.

    The primary region has everything. In another that serves, the database follows the primary's and is what reads go
    to, so that it needs neither replicas of its own nor a pool, which RDS does not put before a replica. A region in
    which nothing runs at this phase is kept: its data stays, and what costs nothing; nothing answers, runs or goes out.

    Args:
        deployment: what the stack is.
        region: one of its regions.
    """
    if region == deployment.primary:
        return deployment
    follower = replace(deployment.database, read_replicas=0, proxy=False)
    if region in deployment.serving:
        return replace(deployment, database=follower)
    return replace(
        deployment,
        database=follower,
        cache=deployment.cache if deployment.cache is not None and deployment.cache.durable else None,
        services={
            name: replace(plan, min_tasks=0, max_tasks=0, autoscaling=None)
            for name, plan in deployment.services.items()
        },
        ingress=Ingress.NONE,
        private_tasks=False,
        nat=Nat.NONE,
        flow_logs=False,
    )
