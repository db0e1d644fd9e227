"""What holds data in a region: databases, cache, secrets, buckets, queues."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pulumi

from components import database as database_module
from components.network import tier_cidr
from components.queue import Queue, QueueArgs
from components.secrets import Secrets, SecretsArgs
from components.service import Peer
from components.storage import ArchiveRule, BucketArgs, Storage, StorageArgs
from infra.databases import Shard, Source, make_kept
from infra.environment import CACHE_SECRETS, shard_variables
from infra.ground import Ground
from infra.partitions import make_archives, partition_sql

if TYPE_CHECKING:
    from components.cache import Cache

_CACHE_SECRET = "cache"  # noqa: S105 -- a name


class Data:
    """The data of one region.

    Args:
        ground: what it is built on.
        sources: where each database is written to, in order; empty for here.

    Attributes:
        shards: the databases that the data is divided among; the first is the only one where it is not.
        kept: databases that others have taken the place of.
        cache: the in-memory store, None for none.
        secrets: what tasks are given by field.
        storage: the buckets.
        queues: the queues by name.
    """

    def __init__(self, ground: Ground, sources: Sequence[Source] = ()) -> None:
        self._ground, self._plan = ground, ground.deployment
        self._written_in = self._plan.primary if sources else None
        numbers = range(1, self._plan.database.shards + 1)
        self.shards = [Shard(ground, number, sources[number - 1] if sources else None) for number in numbers]
        self.kept = make_kept(ground)
        self.cache = self._make_cache()
        self.secrets = self._make_secrets()
        self.storage = self._make_storage()
        self.queues = {name: self._make_queue(name) for name in self._plan.queues}
        written = {} if sources else {shard.name: shard.database for shard in self.shards}
        make_archives(ground, written, self.storage)

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
                durable=plan.durable,
                thresholds=CacheThresholds(
                    cpu_pct=limits.cpu_pct, memory_pct=limits.memory_pct, connections_pct=limits.connections_pct
                ),
            ),
            self._ground.parent.child_options(),
        )

    def _make_secrets(self) -> Secrets:
        """What tasks are given by field, and people read: each database's secret and the cache's."""
        secrets = {shard.key: shard.fields() for shard in self.shards}
        if self.cache is not None:
            secrets[_CACHE_SECRET] = self.cache.secret_fields()
        return Secrets(
            self._ground.parent.child("secrets"),
            SecretsArgs(
                scope=self._ground.parent.scope,
                key_arn=self._ground.keys.key_arn,
                secrets=secrets,
                passing=[] if self.cache is None or self.cache.durable else [_CACHE_SECRET],
            ),
            self._ground.parent.child_options(),
        )

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
        found = {
            variable: self.secrets.reference(shard.key, field)
            for number, shard in enumerate(self.shards, start=1)
            for variable, field in shard_variables(number).items()
        }
        if self.cache is not None:
            found |= {name: self.secrets.reference(_CACHE_SECRET, field) for name, field in CACHE_SECRETS.items()}
        return found

    def cache_reference(self, field: str) -> pulumi.Output[str]:
        """What a container definition's `valueFrom` takes for one field of the cache's secret."""
        return self.secrets.reference(_CACHE_SECRET, field)

    def peers(self) -> dict[str, Peer]:
        """What every service connects to inside the network."""
        peers = {
            name: Peer(security_group_id=group_id, port=database_module.PORT)
            for shard in self.shards
            for name, group_id in shard.groups().items()
        }
        if self._written_in is not None:
            # Through the peering; what is there lets the tasks of this region in by their addresses.
            cidr = tier_cidr(self._written_in.cidr, "isolated")
            peers["database-primary"] = Peer(cidr=cidr, port=database_module.PORT)
        if self.cache is not None:
            peers["cache"] = Peer(security_group_id=self.cache.security_group_id, port=self.cache.port)
        return peers

    def outputs(self) -> dict[str, pulumi.Input[object]]:
        """What the stack shows of it."""
        first, sql = self.shards[0], partition_sql(self._ground, self.storage)
        of_cache: dict[str, pulumi.Input[object]] = {}
        if self.cache is not None:
            of_cache = {"cacheIdentifier": self.cache.identifier, "cacheSecretArn": self.secrets.arns[_CACHE_SECRET]}
        return {
            "databaseIdentifier": first.database.identifier,
            "databaseReplicaIdentifiers": [replica.identifier for replica in first.replicas],
            "databaseSecretArn": self.secrets.arns[first.key],
            "databaseShards": {
                shard.key: {
                    "identifier": shard.database.identifier,
                    "replicaIdentifiers": [replica.identifier for replica in shard.replicas],
                    "secretArn": self.secrets.arns[shard.key],
                }
                for shard in self.shards
            },
            **({"databasesKept": [one.identifier for one in self.kept]} if self.kept else {}),
            **of_cache,
            **({} if sql is None else {"partitionSql": sql}),
            "buckets": dict(self.storage.names),
            "queues": {name: queue.url for name, queue in self.queues.items()},
        }
