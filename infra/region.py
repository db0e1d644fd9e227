"""One region's slice of a stack: the resolved figures of a `Deployment`, handed to the components."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.alarms import Receiver
from components.base import Component, Scope
from components.service import Service
from infra import facts
from infra.compute import make_services
from infra.data import Data
from infra.databases import Source
from infra.deployment import Deployment
from infra.front import Front
from infra.ground import Ground, make_ground
from infra.migration import make_migration
from infra.slow_queries import make_slow_queries


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionArgs:
    """What `Region` needs.

    Attributes:
        deployment: what the stack is in this region.
        region: which region this is.
        scope: where it belongs.
        receivers: who hears of alarms.
        primary_key_arn: ARN of the stack's key in its first region; None in the first.
        zone_id: the zone of the domain, where the stack has an edge.
    """

    deployment: Deployment
    region: facts.Region
    scope: Scope
    receivers: tuple[Receiver, ...]
    primary_key_arn: pulumi.Input[str] | None = None
    zone_id: pulumi.Input[str] | None = None


class Region(Component):
    """Everything that a stack has in one region: the ground first, the rest by `build`.

    Attributes:
        ground: key, network, cluster, topic of alarms.
        data: databases, cache, secrets, buckets, queues.
        front: what takes requests in.
        services: the services by name.
        slow_queries: how many statements of the databases are slow.
        url: the public address.
        origin_host: the host name that the edge asks, None where there is no edge.
        topic_arn: the topic of alarms.
        outputs: what the stack shows of this region.
    """

    tag = "region"
    module = "index"

    def __init__(self, name: str, args: RegionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts, {"region": args.region.name, "cidr": args.region.cidr})
        self._zone_id = args.zone_id
        self.ground = make_ground(self, args.deployment, args.region, args.receivers, args.primary_key_arn)
        self.topic_arn = self.ground.alarms.topic_arn

    def build(self, sources: Sequence[Source] = ()) -> None:
        """Declare all that stands on the ground.

        Args:
            sources: where the databases are written to, in order; empty in the primary region.
        """
        self.data = Data(self.ground, sources)
        front = Front(self.ground, self._zone_id)
        services = make_services(self.ground, self.data, front.url, front.target_group_arns)
        front.lead_to(services)
        self.front, self.services = front, services
        self.slow_queries = make_slow_queries(self.ground, self.data)
        self.url = front.url
        self.origin_host = front.origin_host
        self.outputs = {**_outputs(self.ground, self.data, front, services), **self._make_migration(sources)}
        self.register_outputs(self.outputs)

    def _make_migration(self, sources: Sequence[Source]) -> dict[str, pulumi.Input[object]]:
        """The way in from another database, into this region's where it is written to."""
        plan, password = self.ground.deployment.migration, self.ground.deployment.migration_password
        if plan is None or password is None or sources:
            return {}
        return make_migration(self.ground, self.data, plan, password)


def _outputs(ground: Ground, data: Data, front: Front, services: dict[str, Service]) -> dict[str, pulumi.Input[object]]:
    cache = data.cache
    return {
        "url": front.url,
        "vpcId": ground.network.vpc_id,
        **data.outputs(),
        "clusterName": ground.cluster.cluster_name,
        "services": {name: service.service_name for name, service in services.items()},
        "logGroups": {
            **{name: service.log_group_name for name, service in services.items()},
            "ingress": front.log_group_name,
            **({f"cache-{kind}": log for kind, log in cache.log_group_names.items()} if cache else {}),
        },
        "alarmTopicArn": ground.alarms.topic_arn,
    }


def region_code(region: facts.Region) -> str:
    """AWS's short name of a region, as its zones' ids have it: ``use1`` of ``use1-az1``."""
    return region.zone_ids[0].split("-")[0]
