"""What holds data in a region: databases, cache, secrets, buckets, queues."""

import math
from typing import TYPE_CHECKING

import pulumi

from components import database as database_module
from components.database import Database, DatabaseArgs
from components.database_alarms import DatabaseThresholds, ReplicaThresholds
from components.queue import Queue, QueueArgs
from components.read_address import ReadAddress, ReadAddressArgs
from components.replica import Replica, ReplicaArgs
from components.secrets import Secrets, SecretsArgs
from components.service import Peer
from components.storage import ArchiveRule, BucketArgs, Storage, StorageArgs
from infra.environment import CACHE_SECRETS, DATABASE_SECRETS
from infra.ground import Ground

if TYPE_CHECKING:
    from components.cache import Cache

_DATABASE_SECRET = "database"  # noqa: S105 -- a name
_CACHE_SECRET = "cache"  # noqa: S105 -- a name


class Data:
    """The data of one region.

    Args:
        ground: what it is built on.

    Attributes:
        database: the primary.
        replicas: its read replicas, in order.
        cache: the in-memory store, None for none.
        secrets: what tasks are given by field.
        storage: the buckets.
        queues: the queues by name.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground, self._plan = ground, ground.deployment
        self.database = self._make_database()
        self.replicas = [self._make_replica(number + 1) for number in range(self._plan.database.read_replicas)]
        self.cache = self._make_cache()
        self.secrets = self._make_secrets()
        self.storage = self._make_storage()
        self.queues = {name: self._make_queue(name) for name in self._plan.queues}

    def _make_database(self) -> Database:
        plan, limits = self._plan.database, self._plan.thresholds
        return Database(
            self._ground.parent.child("database"),
            DatabaseArgs(
                scope=self._ground.parent.scope,
                vpc_id=self._ground.network.vpc_id,
                subnet_ids=self._ground.network.isolated_subnet_ids,
                key_arn=self._ground.keys.key_arn,
                topic_arn=self._ground.alarms.topic_arn,
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
            self._ground.parent.child_options(),
        )

    def _make_replica(self, number: int) -> Replica:
        """A replica as large as its source, which it has to keep up with and may have to stand in for."""
        plan, limits, source = self._plan.database, self._plan.thresholds, self.database
        return Replica(
            self._ground.parent.child(f"database-replica-{number}"),
            ReplicaArgs(
                scope=self._ground.parent.scope,
                number=number,
                source_identifier=source.identifier,
                source_zone=source.zone,
                zones=self._ground.network.zones,
                security_group_id=source.security_group_id,
                parameter_group_name=source.parameter_group_name,
                key_arn=self._ground.keys.key_arn,
                topic_arn=self._ground.alarms.topic_arn,
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
            self._ground.parent.child_options(),
        )

    def _connections(self) -> int:
        """How many connections to one server the alarm allows."""
        limits = self._plan.thresholds
        share = math.floor(self._plan.database.max_connections * limits.connections_pct / 100)
        return min(share, limits.connections or share)

    def _read_address(self) -> pulumi.Input[str]:
        """Where reads go: to the primary, to the only replica, or to a name that several replicas share."""
        if not self.replicas:
            return self.database.address
        if len(self.replicas) == 1:
            return self.replicas[0].address
        return ReadAddress(
            self._ground.parent.child("database-read"),
            ReadAddressArgs(
                scope=self._ground.parent.scope,
                namespace_id=self._ground.cluster.namespace_id,
                namespace_name=self._ground.cluster.namespace_name,
                replicas={f"replica-{number}": one.address for number, one in enumerate(self.replicas, start=1)},
            ),
            self._ground.parent.child_options(),
        ).address

    def _make_cache(self) -> "Cache | None":
        plan, limits = self._plan.cache, self._plan.thresholds
        if plan is None:
            return None
        # Most stacks of the first phase have none, and its SDK module takes a while to import.
        from components.cache import Cache, CacheArgs  # noqa: PLC0415
        from components.cache_alarms import CacheThresholds  # noqa: PLC0415

        return Cache(
            self._ground.parent.child("cache"),
            CacheArgs(
                scope=self._ground.parent.scope,
                vpc_id=self._ground.network.vpc_id,
                subnet_ids=self._ground.network.isolated_subnet_ids,
                key_arn=self._ground.keys.key_arn,
                topic_arn=self._ground.alarms.topic_arn,
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
            self._ground.parent.child_options(),
        )

    def _make_secrets(self) -> Secrets:
        """What tasks are given by field, and people read: the database's secret and the cache's."""
        secrets = {_DATABASE_SECRET: self._database_fields()}
        if self.cache is not None:
            secrets[_CACHE_SECRET] = self.cache.secret_fields()
        return Secrets(
            self._ground.parent.child("secrets"),
            SecretsArgs(scope=self._ground.parent.scope, key_arn=self._ground.keys.key_arn, secrets=secrets),
            self._ground.parent.child_options(),
        )

    def _database_fields(self) -> dict[str, pulumi.Input[str | int]]:
        """Fields for people, for a pool in front of the database (username, password), and URLs."""
        database = self.database

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
            self._ground.parent.child("storage"),
            StorageArgs(
                scope=self._ground.parent.scope,
                key_arn=self._ground.keys.key_arn,
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
            self._ground.parent.child_options(),
        )

    def _make_queue(self, name: str) -> Queue:
        queue = self._plan.queues[name]
        return Queue(
            self._ground.parent.child(f"queue-{name}"),
            QueueArgs(
                scope=self._ground.parent.scope,
                key_arn=self._ground.keys.key_arn,
                topic_arn=self._ground.alarms.topic_arn,
                attempts=queue.retries,
                visibility_s=queue.visibility_s,
                retention_days=queue.retention_days,
                depth=self._plan.thresholds.queue_depth,
            ),
            self._ground.parent.child_options(),
        )

    def secret_variables(self) -> dict[str, pulumi.Output[str]]:
        """The variables of a container that are fields of secrets."""
        kinds = {_DATABASE_SECRET: DATABASE_SECRETS, **({_CACHE_SECRET: CACHE_SECRETS} if self.cache else {})}
        return {
            variable: self.secrets.reference(secret, field)
            for secret, fields in kinds.items()
            for variable, field in fields.items()
        }

    def peers(self) -> dict[str, Peer]:
        """What every service connects to inside the network."""
        peers = {"database": Peer(security_group_id=self.database.security_group_id, port=database_module.PORT)}
        if self.cache is not None:
            peers["cache"] = Peer(security_group_id=self.cache.security_group_id, port=self.cache.port)
        return peers

    def outputs(self) -> dict[str, pulumi.Input[object]]:
        """What the stack shows of it."""
        of_cache: dict[str, pulumi.Input[object]] = {}
        if self.cache is not None:
            of_cache = {"cacheIdentifier": self.cache.identifier, "cacheSecretArn": self.secrets.arns[_CACHE_SECRET]}
        return {
            "databaseIdentifier": self.database.identifier,
            "databaseReplicaIdentifiers": [replica.identifier for replica in self.replicas],
            "databaseSecretArn": self.secrets.arns[_DATABASE_SECRET],
            **of_cache,
            "buckets": dict(self.storage.names),
            "queues": {name: queue.url for name, queue in self.queues.items()},
        }
