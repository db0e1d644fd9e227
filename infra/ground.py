"""What stands under everything else in a region: its key, its network, its cluster, its topic of alarms."""

from dataclasses import dataclass

import pulumi

from components.alarms import Alarms, AlarmsArgs, Receiver
from components.base import Component
from components.cluster import Cluster, ClusterArgs
from components.keys import Keys, KeysArgs
from components.network import Network, NetworkArgs
from infra import facts
from infra.deployment import Deployment
from infra.endpoints import endpoints
from infra.phases import Nat


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the rest of a region's slice is built on.

    Attributes:
        parent: the region; names and options of all parts are its children's.
        deployment: what the stack is.
        region: which region this is.
        keys: the key that encrypts everything.
        alarms: where alarms go.
        network: the network.
        cluster: where services run.
    """

    parent: Component
    deployment: Deployment
    region: facts.Region
    keys: Keys
    alarms: Alarms
    network: Network
    cluster: Cluster


def make_ground(
    parent: Component,
    deployment: Deployment,
    region: facts.Region,
    receivers: tuple[Receiver, ...],
    primary_key_arn: pulumi.Input[str] | None = None,
) -> Ground:
    """Declare it.

    Args:
        parent: the region.
        deployment: what the stack is.
        region: which region this is.
        receivers: who hears of alarms.
        primary_key_arn: ARN of the stack's key in its first region; None in the first.
    """
    scope = parent.scope
    keys = Keys(parent.child("keys"), KeysArgs(scope=scope, primary_arn=primary_key_arn), parent.child_options())
    alarms = Alarms(
        parent.child("alarms"),
        AlarmsArgs(scope=scope, key_arn=keys.key_arn, receivers=receivers),
        parent.child_options(),
    )
    network = Network(
        parent.child("network"),
        NetworkArgs(
            scope=scope,
            cidr=region.cidr,
            zone_ids=region.zone_ids,
            key_arn=keys.key_arn,
            topic_arn=alarms.topic_arn,
            flow_logs=deployment.flow_logs,
            nat_gateways=nat_gateways(deployment.nat, len(region.zone_ids)),
            endpoints=endpoints(deployment, len(region.zone_ids)),
        ),
        parent.child_options(),
    )
    cluster = Cluster(parent.child("cluster"), ClusterArgs(scope=scope, vpc_id=network.vpc_id), parent.child_options())
    return Ground(
        parent=parent,
        deployment=deployment,
        region=region,
        keys=keys,
        alarms=alarms,
        network=network,
        cluster=cluster,
    )


def nat_gateways(nat: Nat, zones: int) -> int:
    """How many NAT gateways a region has.

    Args:
        nat: how private tasks reach out.
        zones: availability zones of the region.
    """
    return {Nat.NONE: 0, Nat.SINGLE: 1, Nat.PER_ZONE: zones}[nat]
