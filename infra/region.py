"""One region's slice of a stack: the resolved figures of a `Deployment`, handed to the components."""

from dataclasses import dataclass

import pulumi

from components.alarms import Receiver
from components.base import Component, Scope
from components.service import Service
from infra import facts
from infra.compute import make_services
from infra.data import Data
from infra.deployment import Deployment
from infra.front import Front
from infra.ground import Ground, make_ground


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionArgs:
    """What `Region` needs.

    Attributes:
        deployment: what the stack is.
        region: which region this is.
        scope: where it belongs.
        receivers: who hears of alarms.
        zone_id: the zone of the domain, where the stack has an edge.
    """

    deployment: Deployment
    region: facts.Region
    scope: Scope
    receivers: tuple[Receiver, ...]
    zone_id: pulumi.Input[str] | None = None


class Region(Component):
    """Everything that a stack has in one region.

    Attributes:
        url: the public address.
        origin_host: the host name that the edge asks, None where there is no edge.
        topic_arn: the topic of alarms.
        outputs: what the stack shows of this region.
    """

    tag = "region"
    module = "index"

    def __init__(self, name: str, args: RegionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts, {"region": args.region.name, "cidr": args.region.cidr})
        ground = make_ground(self, args.deployment, args.region, args.receivers)
        data = Data(ground)
        front = Front(ground, args.zone_id)
        services = make_services(ground, data, front.url)
        front.lead_to(services)
        self.url = front.url
        self.origin_host = front.origin_host
        self.topic_arn = ground.alarms.topic_arn
        self.outputs = _outputs(ground, data, front, services)
        self.register_outputs(self.outputs)


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
