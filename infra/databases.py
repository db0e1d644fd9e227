"""One database of a region: its server, its read replicas, and the address of each."""

import math
from dataclasses import dataclass

import pulumi

from components import database as database_module
from components import partitions
from components.database import Database, DatabaseArgs
from components.database_alarms import DatabaseThresholds, ReplicaThresholds
from components.proxy import Proxy, ProxyArgs, ProxyThresholds
from components.read_address import ReadAddress, ReadAddressArgs
from components.replica import Replica, ReplicaArgs
from infra.environment import shard_name
from infra.ground import Ground
from infra.lineage import Lineage


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A database where it is written to, as other regions know it.

    Attributes:
        arn: ARN of the server, which theirs follow.
        address: host name that they write to, through the peering of the networks.
        password: the owner's password.
        security_group_id: the group behind the address, to be opened to them.
    """

    arn: pulumi.Input[str]
    address: pulumi.Input[str]
    password: pulumi.Input[str]
    security_group_id: pulumi.Input[str]


class Shard:
    """A database, or one of those that the data is divided among. The first bears the name that an undivided one has.

    Where the region's databases are fenced, what is here is kept and reads go to where it is written to, too.

    Args:
        ground: what it is built on.
        number: 1 for the first, and so on.
        source: where it is written to; None for here.

    Attributes:
        key: what it is called whichever generation it is of; its secret bears that name.
        name: its name in the region.
        database: the server.
        replicas: its read replicas in this region, in order.
        proxy: the pool in front of it, None where there is none or it is written to elsewhere.
        source: where it is written to; here, if nowhere else.
    """

    def __init__(self, ground: Ground, number: int, source: Source | None = None) -> None:
        self._ground, self._plan = ground, ground.deployment
        lineage = lineage_of(ground)
        self.key = shard_name(number)
        self.name = lineage.name(self.key)
        self._fenced, self._follows = lineage.fenced, source is not None and not lineage.fenced
        self.database = make_database(ground, self.name, None if source is None else source.arn, retired=self._fenced)
        self.replicas = [self._make_replica(number + 1) for number in range(self._plan.database.read_replicas)]
        self.proxy = self._make_proxy() if self._plan.database.proxy and source is None else None
        entrance = self.proxy or self.database
        self.source = source or Source(
            arn=self.database.arn,
            address=entrance.address,
            password=self.database.password,
            security_group_id=entrance.security_group_id,
        )

    def groups(self) -> dict[str, pulumi.Input[str]]:
        """The security groups of what services connect to in this region, by a name of each.

        Replicas are in the server's group: where there are none, and a pool is in front of it, the server itself is
        closed to services. What is fenced is closed to everybody.
        """
        if self._fenced:
            return {}
        through = {} if self.proxy is None else {f"{self.name}-proxy": self.proxy.security_group_id}
        direct = self.proxy is None or bool(self.replicas)
        return {**({self.name: self.database.security_group_id} if direct else {}), **through}

    def fields(self) -> dict[str, pulumi.Input[str | int]]:
        """What its secret holds: fields for people, for a pool in front of it (username, password), and URLs.

        Where it follows another, also the password that it takes when it is written to itself: whoever promotes it sets
        that one, so that those who know only the old one are left behind.
        """
        source = self.source

        def url(address: pulumi.Input[str]) -> pulumi.Output[str]:
            return pulumi.Output.all(address, source.password).apply(
                lambda known: database_module.url(known[0], known[1])
            )

        return {
            "engine": "postgres",
            "host": source.address,
            "port": database_module.PORT,
            "dbname": database_module.DATABASE_NAME,
            "username": database_module.USERNAME,
            "password": source.password,
            "url": url(source.address),
            "readUrl": url(self._read_address()),
            **({"standbyPassword": self.database.password} if self._follows else {}),
        }

    def _make_replica(self, number: int) -> Replica:
        """A replica as large as its source, which it has to keep up with and may have to stand in for."""
        plan, limits, source = self._plan.database, self._plan.thresholds, self.database
        return Replica(
            self._ground.parent.child(f"{self.name}-replica-{number}"),
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
                    connections=most_connections(self._ground),
                    lag_s=limits.replica_lag_s,
                ),
            ),
            self._ground.parent.child_options(),
        )

    def _make_proxy(self) -> Proxy:
        """The pool in front of the server. Read replicas have none: RDS Proxy does not serve those of an instance."""
        plan = self._plan.database
        return Proxy(
            self._ground.parent.child(f"{self.name}-proxy"),
            ProxyArgs(
                scope=self._ground.parent.scope,
                vpc_id=self._ground.network.vpc_id,
                subnet_ids=self._ground.network.isolated_subnet_ids,
                key_arn=self._ground.keys.key_arn,
                topic_arn=self._ground.alarms.topic_arn,
                database_identifier=self.database.identifier,
                database_group_id=self.database.security_group_id,
                password=self.database.password,
                share=plan.pool.share,
                borrow_timeout_s=plan.pool.connect_timeout_s,
                thresholds=ProxyThresholds(connections_pct=self._plan.thresholds.connections_pct),
            ),
            self._ground.parent.child_options(),
        )

    def _read_address(self) -> pulumi.Input[str]:
        """Where reads go: to this region's server, to the only replica, or to a name that several replicas share."""
        if self._fenced:  # what is here falls behind from the moment that it is
            return self.source.address
        if not self.replicas:
            return (self.proxy or self.database).address
        if len(self.replicas) == 1:
            return self.replicas[0].address
        return ReadAddress(
            self._ground.parent.child(f"{self.name}-read"),
            ReadAddressArgs(
                scope=self._ground.parent.scope,
                namespace_id=self._ground.cluster.namespace_id,
                namespace_name=self._ground.cluster.namespace_name,
                replicas={f"replica-{number}": one.address for number, one in enumerate(self.replicas, start=1)},
            ),
            self._ground.parent.child_options(),
        ).address


def lineage_of(ground: Ground) -> Lineage:
    """Which databases of a region are in use."""
    return ground.deployment.lineages.get(ground.region.name, Lineage())


def make_kept(ground: Ground) -> list[Database]:
    """The databases that others have taken the place of, as they are, with nobody let in."""
    lineage = lineage_of(ground)
    kept = [make_database(ground, name, retired=True) for name in lineage.kept]
    return [*kept, *(make_database(ground, name, retired=True, protect=False) for name in lineage.released)]


def make_database(
    ground: Ground,
    name: str,
    source_arn: pulumi.Input[str] | None = None,
    *,
    retired: bool = False,
    protect: bool = True,
) -> Database:
    """One server.

    Args:
        ground: what it is built on.
        name: its name in the region.
        source_arn: what it follows; None for a primary.
        retired: whether it is out of use.
        protect: whether it is kept as data is.
    """
    deployment = ground.deployment
    plan, limits = deployment.database, deployment.thresholds
    return Database(
        ground.parent.child(name),
        DatabaseArgs(
            scope=ground.parent.scope,
            vpc_id=ground.network.vpc_id,
            subnet_ids=ground.network.isolated_subnet_ids,
            key_arn=ground.keys.key_arn,
            topic_arn=ground.alarms.topic_arn,
            version=plan.version,
            instance_class=plan.instance.name,
            max_connections=plan.instance.max_connections,
            performance_insights=plan.instance.performance_insights,
            storage_gib=plan.storage_gib,
            max_storage_gib=plan.max_storage_gib,
            multi_az=plan.multi_az,
            backup_days=plan.backup_days,
            slow_query_ms=plan.slow_query_ms,
            extensions=[*plan.extensions, *(partitions.EXTENSIONS if plan.partitions else ())],
            source_arn=None if retired else source_arn,
            retired=retired,
            protect=protect,
            deletion_protection=deployment.deletion_protection and protect,
            thresholds=DatabaseThresholds(
                cpu_pct=limits.cpu_pct,
                memory_pct=limits.memory_pct,
                size_limit_gib=plan.size_limit_gib,
                size_pct=limits.database_size_pct,
                connections=most_connections(ground),
                lag_s=limits.replica_lag_s,
            ),
        ),
        ground.parent.child_options(),
    )


def most_connections(ground: Ground) -> int:
    """How many connections to one server the alarm allows."""
    deployment = ground.deployment
    limits = deployment.thresholds
    share = math.floor(deployment.database.max_connections * limits.connections_pct / 100)
    return min(share, limits.connections or share)
