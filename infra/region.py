"""One region's slice of a stack: the resolved figures of a `Deployment`, handed to the components."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from components import database as database_module
from components.alarms import Alarms, AlarmsArgs, Receiver
from components.base import Component, Scope
from components.cluster import Cluster, ClusterArgs
from components.database import Database, DatabaseArgs
from components.database_alarms import DatabaseThresholds, ReplicaThresholds
from components.ingress import Ingress, IngressArgs, IngressThresholds
from components.keys import Keys, KeysArgs
from components.network import Network, NetworkArgs
from components.queue import Queue, QueueArgs
from components.read_address import ReadAddress, ReadAddressArgs
from components.replica import Replica, ReplicaArgs
from components.routes import Routes, RoutesArgs, Target
from components.secrets import Secrets, SecretsArgs
from components.service import Peer, Service, ServiceArgs, ServiceThresholds
from components.service_roles import Access
from components.storage import ArchiveRule, BucketArgs, Storage, StorageArgs
from infra import facts
from infra.deployment import Deployment, ServicePlan
from infra.environment import CACHE_SECRETS, DATABASE_SECRETS, environment

if TYPE_CHECKING:
    from components.cache import Cache

#: Requests are refused above this many times what the phase's users send at the busiest time: room for a good day, an
#: end for a loop or an attack, which are paid for by the request.
THROTTLE_HEADROOM = 4
#: One page without a CDN is dozens of requests at once; below this rate the limit would hit single visitors.
THROTTLE_FLOOR = 100
_DATABASE_SECRET = "database"  # noqa: S105 -- a name
_CACHE_SECRET = "cache"  # noqa: S105 -- a name


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
        self._args, self._plan = args, args.deployment
        self._keys = Keys(self.child("keys"), KeysArgs(scope=args.scope), self.child_options())
        self._alarms = Alarms(
            self.child("alarms"),
            AlarmsArgs(scope=args.scope, key_arn=self._keys.key_arn, receivers=args.receivers),
            self.child_options(),
        )
        self._network = Network(
            self.child("network"),
            NetworkArgs(
                scope=args.scope,
                cidr=args.region.cidr,
                zone_ids=args.region.zone_ids,
                key_arn=self._keys.key_arn,
                flow_logs=self._plan.flow_logs,
            ),
            self.child_options(),
        )
        self._cluster = Cluster(
            self.child("cluster"), ClusterArgs(scope=args.scope, vpc_id=self._network.vpc_id), self.child_options()
        )
        self._database = self._make_database()
        self._replicas = [self._make_replica(number + 1) for number in range(self._plan.database.read_replicas)]
        self._cache = self._make_cache()
        self._secrets = self._make_secrets()
        self._storage = self._make_storage()
        self._queues = {queue_name: self._make_queue(queue_name) for queue_name in self._plan.queues}
        self._ingress = self._make_ingress()
        self.url: pulumi.Input[str] = (
            f"https://{self._plan.edge.domain}" if self._plan.edge is not None else self._ingress.url
        )
        self._services = {plan.name: self._make_service(plan) for plan in self._plan.services.values()}
        Routes(
            self.child("routes"),
            RoutesArgs(
                scope=args.scope,
                api_id=self._ingress.api_id,
                link_id=self._ingress.link_id,
                targets=self._targets(),
            ),
            self.child_options(),
        )
        self.origin_host = self._make_origin()
        self.topic_arn = self._alarms.topic_arn
        self.outputs = self._outputs()
        self.register_outputs(self.outputs)

    def _make_database(self) -> Database:
        plan, limits = self._plan.database, self._plan.thresholds
        return Database(
            self.child("database"),
            DatabaseArgs(
                scope=self.scope,
                vpc_id=self._network.vpc_id,
                subnet_ids=self._network.isolated_subnet_ids,
                key_arn=self._keys.key_arn,
                topic_arn=self._alarms.topic_arn,
                version=plan.version,
                instance_class=plan.instance.name,
                max_connections=plan.instance.max_connections,
                performance_insights=plan.instance.performance_insights,
                storage_gib=plan.storage_gib,
                max_storage_gib=plan.max_storage_gib,
                multi_az=plan.multi_az,
                backup_days=plan.backup_days,
                slow_query_ms=plan.slow_query_ms,
                extensions=plan.extensions,
                thresholds=DatabaseThresholds(
                    cpu_pct=limits.cpu_pct,
                    memory_pct=limits.memory_pct,
                    size_limit_gib=plan.size_limit_gib,
                    size_pct=limits.database_size_pct,
                    connections=self._connections(),
                ),
            ),
            self.child_options(),
        )

    def _make_replica(self, number: int) -> Replica:
        """A replica as large as its source, which it has to keep up with and may have to stand in for."""
        plan, limits, source = self._plan.database, self._plan.thresholds, self._database
        return Replica(
            self.child(f"database-replica-{number}"),
            ReplicaArgs(
                scope=self.scope,
                number=number,
                source_identifier=source.identifier,
                source_zone=source.zone,
                zones=self._network.zones,
                security_group_id=source.security_group_id,
                parameter_group_name=source.parameter_group_name,
                key_arn=self._keys.key_arn,
                topic_arn=self._alarms.topic_arn,
                instance_class=plan.instance.name,
                max_connections=plan.instance.max_connections,
                performance_insights=plan.instance.performance_insights,
                storage_gib=plan.storage_gib,
                max_storage_gib=plan.max_storage_gib,
                thresholds=ReplicaThresholds(
                    cpu_pct=limits.cpu_pct,
                    memory_pct=limits.memory_pct,
                    connections=self._connections(),
                    lag_s=limits.replica_lag_s,
                ),
            ),
            self.child_options(),
        )

    def _connections(self) -> int:
        """How many connections to one server the alarm allows."""
        limits = self._plan.thresholds
        share = math.floor(self._plan.database.max_connections * limits.connections_pct / 100)
        return min(share, limits.connections or share)

    def _read_address(self) -> pulumi.Input[str]:
        """Where reads go: to the primary, to the only replica, or to a name that several replicas share."""
        if not self._replicas:
            return self._database.address
        if len(self._replicas) == 1:
            return self._replicas[0].address
        return ReadAddress(
            self.child("database-read"),
            ReadAddressArgs(
                scope=self.scope,
                namespace_id=self._cluster.namespace_id,
                namespace_name=self._cluster.namespace_name,
                replicas={f"replica-{number}": one.address for number, one in enumerate(self._replicas, start=1)},
            ),
            self.child_options(),
        ).address

    def _make_cache(self) -> "Cache | None":
        plan, limits = self._plan.cache, self._plan.thresholds
        if plan is None:
            return None
        # Most stacks of the first phase have none, and its SDK module takes a while to import.
        from components.cache import Cache, CacheArgs  # noqa: PLC0415
        from components.cache_alarms import CacheThresholds  # noqa: PLC0415

        return Cache(
            self.child("cache"),
            CacheArgs(
                scope=self.scope,
                vpc_id=self._network.vpc_id,
                subnet_ids=self._network.isolated_subnet_ids,
                key_arn=self._keys.key_arn,
                topic_arn=self._alarms.topic_arn,
                engine=plan.engine,
                node_type=plan.node.name,
                nodes=plan.shape.nodes,
                failover=plan.shape.failover,
                evicts=plan.evicts,
                snapshot_days=plan.snapshot_days,
                thresholds=CacheThresholds(
                    cpu_pct=limits.cpu_pct, memory_pct=limits.memory_pct, connections_pct=limits.connections_pct
                ),
            ),
            self.child_options(),
        )

    def _make_secrets(self) -> Secrets:
        """What tasks are given by field, and people read: the database's secret and the cache's."""
        secrets = {_DATABASE_SECRET: self._database_fields()}
        if self._cache is not None:
            secrets[_CACHE_SECRET] = self._cache.secret_fields()
        return Secrets(
            self.child("secrets"),
            SecretsArgs(scope=self.scope, key_arn=self._keys.key_arn, secrets=secrets),
            self.child_options(),
        )

    def _database_fields(self) -> dict[str, pulumi.Input[str | int]]:
        """Fields for people, for a pool in front of the database (username, password), and URLs."""
        database = self._database

        def url(address: pulumi.Input[str]) -> pulumi.Output[str]:
            return pulumi.Output.all(address, database.password).apply(
                lambda known: database_module.url(known[0], known[1])
            )

        return {
            "engine": "postgres",
            "host": database.address,
            "port": database_module.PORT,
            "dbname": database_module.DATABASE_NAME,
            "username": database_module.USERNAME,
            "password": database.password,
            "url": url(database.address),
            "readUrl": url(self._read_address()),
        }

    def _make_storage(self) -> Storage:
        return Storage(
            self.child("storage"),
            StorageArgs(
                scope=self.scope,
                key_arn=self._keys.key_arn,
                buckets={
                    name: BucketArgs(
                        versions=bucket.versions,
                        old_versions_days=bucket.old_versions_days,
                        archive=[
                            ArchiveRule(
                                prefix=rule.prefix,
                                archive_after_days=rule.archive_after_days,
                                delete_after_days=rule.delete_after_days,
                            )
                            for rule in bucket.archive
                        ],
                    )
                    for name, bucket in self._plan.buckets.items()
                },
            ),
            self.child_options(),
        )

    def _make_queue(self, name: str) -> Queue:
        queue = self._plan.queues[name]
        return Queue(
            self.child(f"queue-{name}"),
            QueueArgs(
                scope=self.scope,
                key_arn=self._keys.key_arn,
                topic_arn=self._alarms.topic_arn,
                attempts=queue.retries,
                visibility_s=queue.visibility_s,
                retention_days=queue.retention_days,
                depth=self._plan.thresholds.queue_depth,
            ),
            self.child_options(),
        )

    def _make_ingress(self) -> Ingress:
        limits, rate = self._plan.thresholds, throttle_rate(self._plan)
        return Ingress(
            self.child("ingress"),
            IngressArgs(
                scope=self.scope,
                subnet_ids=[
                    subnet
                    for zone, subnet in zip(self._args.region.zone_ids, self._network.private_subnet_ids, strict=True)
                    # A link in a zone that does not serve them is refused; from the others it reaches tasks in all.
                    if zone in self._args.region.link_zone_ids
                ],
                security_group_id=self._network.front_security_group_id,
                key_arn=self._keys.key_arn,
                topic_arn=self._alarms.topic_arn,
                requests_per_second=rate,
                burst=2 * rate,
                thresholds=IngressThresholds(
                    p95_s=limits.p95_s,
                    error_rate_pct=limits.error_rate_pct,
                    bandwidth_gib_month=self._plan.limits.bandwidth_gib_month,
                    bandwidth_pct=limits.bandwidth_pct,
                ),
                closed=self._plan.edge is not None and not self._plan.direct_access,
            ),
            self.child_options(),
        )

    def _make_origin(self) -> pulumi.Output[str] | None:
        """The ingress under the domain's own name, where an edge stands before it."""
        if self._plan.edge is None or self._args.zone_id is None:
            return None
        from infra.edge import make_origin  # noqa: PLC0415 -- Cloudflare's SDK is loaded by the stacks that use it

        return make_origin(self, self._plan.edge, self._args.zone_id, self._ingress).host

    def _make_service(self, plan: ServicePlan) -> Service:
        deployment, limits = self._plan, self._plan.thresholds
        buckets = [name for name, bucket in deployment.buckets.items() if plan.name in bucket.services]
        return Service(
            self.child(plan.name),
            ServiceArgs(
                scope=self.scope,
                vpc_id=self._network.vpc_id,
                subnet_ids=self._network.private_subnet_ids
                if deployment.private_tasks
                else self._network.public_subnet_ids,
                public_address=not deployment.private_tasks,
                cluster_arn=self._cluster.arn,
                cluster_name=self._cluster.cluster_name,
                namespace_id=self._cluster.namespace_id,
                front_security_group_id=self._network.front_security_group_id if plan.port is not None else None,
                key_arn=self._keys.key_arn,
                topic_arn=self._alarms.topic_arn,
                image=plan.image,
                command=plan.command,
                health_command=plan.health_command,
                port=plan.port,
                cpu_units=plan.cpu_units,
                memory_mib=plan.memory_mib,
                tasks=plan.min_tasks,
                autoscaled=plan.autoscaling is not None,
                environment=environment(
                    deployment,
                    plan,
                    cdn_url=self.url,
                    queue_urls={name: queue.url for name, queue in self._queues.items()},
                    bucket_names={name: self._storage.names[name] for name in buckets},
                ),
                secrets=self._secret_variables(),
                secret_arns=list(self._secrets.arns.values()),
                secret_versions=self._secrets.versions,
                user=plan.user,
                writable_paths=plan.writable_paths,
                peers=self._peers(),
                access=Access(
                    bucket_arns=[self._storage.arns[name] for name in buckets],
                    send_to=[queue.arn for queue in self._queues.values()],
                    receive_from=[self._queues[plan.consumes].arn] if plan.consumes in self._queues else [],
                ),
                thresholds=ServiceThresholds(cpu_pct=limits.cpu_pct, memory_pct=limits.memory_pct),
            ),
            self.child_options(),
        )

    def _secret_variables(self) -> dict[str, pulumi.Output[str]]:
        """The variables of a container that are fields of secrets."""
        kinds = {_DATABASE_SECRET: DATABASE_SECRETS, **({_CACHE_SECRET: CACHE_SECRETS} if self._cache else {})}
        return {
            variable: self._secrets.reference(secret, field)
            for secret, fields in kinds.items()
            for variable, field in fields.items()
        }

    def _peers(self) -> dict[str, Peer]:
        """What every service connects to inside the network."""
        peers = {"database": Peer(security_group_id=self._database.security_group_id, port=database_module.PORT)}
        if self._cache is not None:
            peers["cache"] = Peer(security_group_id=self._cache.security_group_id, port=self._cache.port)
        return peers

    def _targets(self) -> dict[str, Target]:
        """The public services, by name."""
        targets = {}
        for name, plan in self._plan.services.items():
            registry = self._services[name].registry_arn
            if plan.public_path is not None and registry is not None:
                targets[name] = Target(registry_arn=registry, path=plan.public_path, timeout_s=plan.request_timeout_s)
        return targets

    def _outputs(self) -> dict[str, pulumi.Input[object]]:
        services, cache = self._services, self._cache
        of_cache: dict[str, pulumi.Input[object]] = {}
        if cache is not None:
            of_cache = {"cacheIdentifier": cache.identifier, "cacheSecretArn": self._secrets.arns[_CACHE_SECRET]}
        return {
            "url": self.url,
            "vpcId": self._network.vpc_id,
            "databaseIdentifier": self._database.identifier,
            "databaseReplicaIdentifiers": [replica.identifier for replica in self._replicas],
            "databaseSecretArn": self._secrets.arns[_DATABASE_SECRET],
            **of_cache,
            "clusterName": self._cluster.cluster_name,
            "services": {name: service.service_name for name, service in services.items()},
            "logGroups": {
                **{name: service.log_group_name for name, service in services.items()},
                "ingress": self._ingress.log_group_name,
                **({f"cache-{kind}": log for kind, log in cache.log_group_names.items()} if cache else {}),
            },
            "buckets": dict(self._storage.names),
            "queues": {name: queue.url for name, queue in self._queues.items()},
            "alarmTopicArn": self.topic_arn,
        }


def throttle_rate(deployment: Deployment) -> int:
    """Requests per second above which the ingress refuses, from what the phase's users send at the busiest time."""
    traffic = deployment.traffic
    peak = (deployment.users or 0) * traffic.active_share * traffic.requests_per_second
    return max(THROTTLE_FLOOR, math.ceil(peak * THROTTLE_HEADROOM))


def region_code(region: facts.Region) -> str:
    """AWS's short name of a region, as its zones' ids have it: ``use1`` of ``use1-az1``."""
    return region.zone_ids[0].split("-")[0]
