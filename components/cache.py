"""The in-memory store of one region."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_random as random
from pulumi_aws import ec2, elasticache

from components import alarms, facts
from components.base import Component, Scope, physical
from components.cache_alarms import CacheThresholds, cache_alarms
from components.errors import ComponentError
from components.logs import log_group

PORT = 6379
# 64 letters and digits are 381 bits; other characters would need escaping in URLs and some are refused by ElastiCache.
_TOKEN_LENGTH = 64
_LOGS = {"slow": "slow-log", "engine": "engine-log"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheArgs:
    """What `Cache` needs.

    Attributes:
        scope: where it belongs.
        vpc_id: the network.
        subnet_ids: isolated subnets, in at least as many zones as there are nodes up to three.
        key_arn: the key that encrypts disks, snapshots and logs.
        topic_arn: the topic of its alarms.
        engine: ``valkey`` or ``redis``.
        node_type: ElastiCache node type.
        nodes: how many nodes: the primary and its replicas.
        failover: whether a replica in another zone takes over by itself.
        evicts: whether old entries make room for new ones; without it, writes are refused when the memory is full.
        snapshot_days: days that daily snapshots are kept, 0 for none.
        durable: whether what is in it is nowhere else, as a queue is, and so it must not go.
        thresholds: where alarms go off.
    """

    scope: Scope
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    key_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    engine: str
    node_type: str
    nodes: int
    failover: bool
    evicts: bool
    snapshot_days: int
    durable: bool
    thresholds: CacheThresholds

    def __post_init__(self) -> None:
        """Refuse what ElastiCache refuses or what would cost data.

        Raises:
            ComponentError: naming the value and what is allowed.
        """
        known, types = facts.load("cache"), facts.load("cache_nodes")["types"]
        if self.engine not in known["engines"]:
            msg = f"cache engine '{self.engine}'; allowed: {', '.join(known['engines'])}"
            raise ComponentError(msg)
        if self.node_type not in types:
            msg = f"cache node type '{self.node_type}'; allowed: {', '.join(types)}"
            raise ComponentError(msg)
        least = 2 if self.failover else 1
        if not least <= self.nodes <= known["max_nodes"]:
            what = " with failover" if self.failover else ""
            msg = f"cache of {self.nodes} nodes{what}; allowed: {least} to {known['max_nodes']}"
            raise ComponentError(msg)
        fewest_days = 0 if self.evicts else 1
        if not fewest_days <= self.snapshot_days <= known["max_snapshot_days"]:
            what = "" if self.evicts else ", which holds more than copies,"
            msg = (
                f"cache{what} with snapshots of {self.snapshot_days} days; "
                f"allowed: {fewest_days} to {known['max_snapshot_days']}"
            )
            raise ComponentError(msg)


class Cache(Component):
    """An encrypted ElastiCache replication group that cannot be lost by mistake.

    Protected in Pulumi where a queue lives in it, with a final snapshot, TLS for every connection, a token without
    which none is taken, a parameter group of its own, and its alarms. What AWS cannot change in place (name,
    encryption, key, port, subnets, network) is the same at every size. A single node is a replication group too,
    without shards: nodes and failover are added to it, and its address stays.

    The token is an AUTH token, not a user of its own: one URL is all that an application needs, and AWS turns it into
    users in place when it needs them. A new token stands beside the old one, so that running tasks keep working.

    Changes apply at once, not in the next maintenance window: when an update has ended, what it shows is what runs.

    Attributes:
        identifier: the replication group's name.
        address: host name of the primary.
        port: its TCP port.
        security_group_id: the group to let clients in by.
        token: what clients authenticate with, a secret.
        log_group_names: where its logs go, by kind.
        durable: whether a queue lives in it.
    """

    tag = "cache"

    def __init__(self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        self._args = args
        region, identifier = args.scope.region, physical(name)
        token = random.RandomPassword(
            self.child("token"),
            length=_TOKEN_LENGTH,
            special=False,
            opts=self.child_options(protect=args.durable),
        )
        # A snapshot's name must be free when the cache goes, also the second time a stack of this name does.
        farewell = random.RandomId(self.child("final"), byte_length=4, opts=self.child_options())
        security_group = ec2.SecurityGroup(
            self.child("group"),
            description="The cache: only what asks for it comes in, nothing goes out",
            vpc_id=args.vpc_id,
            region=region,
            tags=self.tags(self.child("group")),
            opts=self.child_options(),
        )
        # Below this prefix AWS keeps the permission to deliver logs itself, as for the access log of `ingress`.
        logs = {
            kind: log_group(
                self, f"log-{kind}", f"/aws/vendedlogs/ascend/{name}-{kind}", args.key_arn, protect=args.durable
            )
            for kind in _LOGS
        }
        group = elasticache.ReplicationGroup(
            self.child("nodes"),
            replication_group_id=identifier,
            description=f"{args.scope.system}, stack {args.scope.stack}",
            engine=args.engine,
            engine_version=facts.load("cache")["engines"][args.engine]["version"],
            auto_minor_version_upgrade=True,
            node_type=args.node_type,
            cluster_mode="disabled",
            num_cache_clusters=args.nodes,
            automatic_failover_enabled=args.failover,
            multi_az_enabled=args.failover,
            port=PORT,
            network_type="ipv4",
            ip_discovery="ipv4",
            subnet_group_name=self._subnets().name,
            security_group_ids=[security_group.id],
            parameter_group_name=self._parameters().name,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            auth_token=token.result,
            auth_token_update_strategy="ROTATE",  # noqa: S106 -- how a token is changed, not one
            at_rest_encryption_enabled=True,
            kms_key_id=args.key_arn,
            snapshot_retention_limit=args.snapshot_days,
            # UTC; an hour apart from each other, and apart from the database's.
            snapshot_window="05:00-06:00",
            maintenance_window="sun:06:30-sun:07:30",
            final_snapshot_identifier=farewell.hex.apply(lambda mark: f"{identifier}-final-{mark}"),
            log_delivery_configurations=[
                elasticache.ReplicationGroupLogDeliveryConfigurationArgs(
                    destination=logs[kind].name,
                    destination_type="cloudwatch-logs",
                    log_format="json",
                    log_type=log_type,
                )
                for kind, log_type in _LOGS.items()
            ],
            apply_immediately=True,
            region=region,
            tags=self.tags(name),
            opts=self.child_options(protect=args.durable),
        )
        alarms.declare(
            self,
            cache_alarms(
                group.replication_group_id,
                args.thresholds,
                node=facts.load("cache_nodes")["types"][args.node_type],
                nodes=args.nodes,
                evicts=args.evicts,
            ),
            args.topic_arn,
        )
        self.identifier = group.replication_group_id
        self.address = group.primary_endpoint_address
        self.port = PORT
        self.security_group_id = security_group.id
        self.token = token.result
        self.durable = args.durable
        self.log_group_names = {kind: log.name for kind, log in logs.items()}
        self.register_outputs(
            {
                "identifier": self.identifier,
                "address": self.address,
                "securityGroupId": self.security_group_id,
                "logGroupNames": self.log_group_names,
            },
        )

    def secret_fields(self) -> dict[str, pulumi.Input[str | int]]:
        """What its secret holds: fields for people, and the URL."""
        return {
            "engine": self._args.engine,
            "host": self.address,
            "port": PORT,
            "token": self.token,
            "url": pulumi.Output.all(self.address, self.token).apply(lambda known: url(known[0], known[1])),
        }

    def _subnets(self) -> elasticache.SubnetGroup:
        return elasticache.SubnetGroup(
            self.child("subnets"),
            description="Isolated subnets of the cache",
            subnet_ids=self._args.subnet_ids,
            region=self.scope.region,
            tags=self.tags(),
            opts=self.child_options(),
        )

    def _parameters(self) -> elasticache.ParameterGroup:
        """The engine's parameters, under a derived name: the group of the next major version has to exist beside it."""
        args = self._args
        family = facts.load("cache")["engines"][args.engine]["family"]
        reserved = facts.load("cache_nodes")["types"][args.node_type]["reserved_pct"]
        values = {
            "maxmemory-policy": "allkeys-lru" if args.evicts else "noeviction",
            "reserved-memory-percent": str(reserved),
        }
        return elasticache.ParameterGroup(
            self.child("parameters"),
            family=family,
            description=f"{family} of {self.scope.system}",
            parameters=[
                elasticache.ParameterGroupParameterArgs(name=key, value=value) for key, value in sorted(values.items())
            ],
            region=self.scope.region,
            tags=self.tags(),
            opts=self.child_options(),
        )


def url(address: str, token: str) -> str:
    """The connection string for `REDIS_URL`: over TLS, no user, as redis-py, ioredis, BullMQ and Celery read it."""
    return f"rediss://:{token}@{address}:{PORT}/0"
