"""How large a stack's database is, and how many connections a task may open to it."""

import math
from collections.abc import Callable

from infra import facts
from infra.config import StackConfig
from infra.deployment import DatabasePlan
from infra.errors import allowed
from infra.modeling import at
from infra.phases import PHASES
from infra.placement import Placement
from infra.system import Limits, System

#: While a service is deployed its old and its new tasks run side by side, each with its connections.
DEPLOYMENT_SURGE = 2
#: DATABASE_URL and DATABASE_READ_URL: a service may keep a pool to each.
ADDRESSES = 2


class DatabaseSizes:
    """What `infra.resolve` asks of the database.

    Args:
        system: what runs.
        settings: the stack's config.
        placement: where the stack is.
        note: notes a problem of a key of the stack's config.
        note_in_system: notes a problem of a key of the system's file.
    """

    def __init__(
        self,
        system: System,
        settings: StackConfig,
        placement: Placement,
        *,
        note: Callable[[str, str], None],
        note_in_system: Callable[[str, str], None],
    ) -> None:
        self._system, self._settings, self._placement = system, settings, placement
        self._phase = PHASES[settings.phase]
        self._note, self._note_in_system = note, note_in_system

    def plan(self, limits: Limits) -> DatabasePlan:
        """The database, resolved."""
        model, shape = self._system.database, self._phase.database
        storage, most = self._storage()
        instance = self._instance_class()
        return DatabasePlan(
            version=model.version,
            instance=instance,
            storage_gib=storage,
            max_storage_gib=self._ceiling(most),
            size_limit_gib=min(limits.database_gib, most),
            multi_az=shape.multi_az,
            read_replicas=self._placement.replicas(),
            proxy=shape.proxy,
            backup_days=shape.backup_days,
            cross_region_replica=shape.cross_region_replica,
            copy_backups=shape.copy_backups,
            shards=self._placement.shards(),
            shard_key=model.shard_key,
            max_connections=min(instance.max_connections, limits.connections or instance.max_connections),
            extensions=model.extensions,
            slow_query_ms=model.slow_query_ms,
            partitions=model.partitions,
            pool=model.pool,
        )

    def _instance_class(self) -> facts.InstanceClass:
        """The database's class: the config's, else the smallest that has what the system asks for, else the phase's."""
        classes = facts.instance_classes()
        here = {region.name for region in self._settings.regions}
        offered = {name: one for name, one in classes.items() if not here & set(one.not_in)}
        if self._settings.database_class:
            chosen = classes[self._settings.database_class]
            if chosen.name not in offered:
                missing = ", ".join(sorted(here & set(chosen.not_in)))
                self._note("databaseClass", f"'{chosen.name}' is not offered in {missing}; {allowed(offered)}")
            return chosen
        phase = self._phase.name
        wanted = at(self._system.database.compute, phase)
        if wanted is None:
            return classes[self._phase.database.instance_class]
        enough = [one for one in offered.values() if one.vcpu >= wanted.cpu and one.memory_gib >= wanted.memory_gib]
        if not enough:
            self._note_in_system(
                "database.compute",
                f"no database class has {wanted.cpu:g} vCPU and {wanted.memory_gib:g} GiB at phase '{phase}'",
            )
            return classes[self._phase.database.instance_class]
        return min(enough, key=lambda one: (one.memory_gib, one.vcpu, not one.burstable))

    def _storage(self) -> tuple[int, int]:
        """The database's storage at the start and its ceiling, in GiB."""
        model, rule = self._system.database, facts.storage()
        start = self._settings.database_storage_gib or at(model.storage_gib, self._phase.name) or rule.min_gib
        most = self._settings.database_max_storage_gib or at(model.max_storage_gib, self._phase.name) or rule.max_gib
        for value, given, key, model_key in (
            (start, self._settings.database_storage_gib, "databaseStorageGib", "storage_gib"),
            (most, self._settings.database_max_storage_gib, "databaseMaxStorageGib", "max_storage_gib"),
        ):
            if not rule.min_gib <= value <= rule.max_gib:
                text = f"{value} GiB is not allowed; must be {rule.min_gib} to {rule.max_gib}"
                if given:
                    self._note(key, text)
                else:
                    self._note_in_system(f"database.{model_key}", text)
        if most < start * (1 + rule.headroom):
            text = f"{most} GiB must be at least {rule.headroom:.0%} above the {start} GiB at the start"
            if self._settings.database_max_storage_gib or self._settings.database_storage_gib:
                by_start = self._settings.database_max_storage_gib is None
                self._note("databaseStorageGib" if by_start else "databaseMaxStorageGib", f"the ceiling of {text}")
            else:
                self._note_in_system("database.max_storage_gib", f"the ceiling of {text}")
        return start, most

    def _ceiling(self, most: int) -> int:
        """How far storage may grow by itself, in GiB: `most`, and room for what any phase starts with.

        Storage does not shrink, and RDS refuses a ceiling below it: after a step down the larger phase's is still
        there. Where it has grown beyond that by itself, the config has to say so before.
        """
        if self._settings.database_max_storage_gib is not None:
            return most
        rule = facts.storage()
        largest = max(at(self._system.database.storage_gib, phase) or 0 for phase in PHASES)
        return min(max(most, math.ceil(largest * (1 + rule.headroom))), rule.max_gib)

    def pool_max(self, database: DatabasePlan, tasks: int) -> int:
        """Most connections of one task to each address: its part of a server's, with every task under the highest load.

        A task reads from one address and writes to the other. A replica takes connections as they come, and so does a
        primary without a proxy: while a service is deployed, its old and its new tasks have theirs side by side.
        Replicas are of the primary's class; where there are several, all tasks may meet at one of them. Without
        replicas both addresses are the primary's, which then has to take both.

        A proxy takes as many clients as there are and opens no more connections to the primary than its part: what a
        task may hold there is that part divided by the tasks, and those of a deployment share it for its length.
        """
        pool = self._system.database.pool
        budget = int(database.max_connections * pool.share)
        addresses = 1 if database.read_replicas else ADDRESSES
        proxied = max(1, budget // max(tasks, 1)) if database.proxy else None
        plain = budget // (max(tasks, 1) * DEPLOYMENT_SURGE * addresses)
        # With a proxy only the replicas are reached without it.
        fair = plain if proxied is None else min(proxied, plain) if database.read_replicas else proxied
        if fair < 1:
            self._note(
                "databaseClass",
                f"'{database.instance.name}' takes {database.max_connections} connections, of which the services "
                f"may use {budget}; too few for {tasks} tasks, twice that during a deployment"
                + (", with a pool for reads and one for writes each" if addresses > 1 else ""),
            )
            return 1
        return min(fair, pool.max or fair)
