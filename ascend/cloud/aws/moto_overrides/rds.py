"""RDS: instances differ, show what they were given and let changes wait; groups can change, and stay while in use."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws import engines
from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType

#: Parameters that moto takes and forgets, and the attribute that the answer is made from.
_SHOWN = {
    "backup_target": "backup_target",
    "database_insights_mode": "database_insights_mode",
    "dedicated_log_volume": "dedicated_log_volume",
    "enable_performance_insights": "performance_insights_enabled",
    "engine_lifecycle_support": "engine_lifecycle_support",
    "network_type": "network_type",
    "performance_insights_kms_key_id": "performance_insights_kms_key_id",
    "performance_insights_retention_period": "performance_insights_retention_period",
}
#: What waits for the maintenance window unless ApplyImmediately is set, and its name in PendingModifiedValues.
#: Source: RDS user guide, "Settings for DB instances"; RDS API reference, PendingModifiedValues. Read 2026-11-21.
_WAITING = {
    "allocated_storage": "AllocatedStorage",
    "db_instance_class": "DBInstanceClass",
    "engine_version": "EngineVersion",
    "iops": "Iops",
    "license_model": "LicenseModel",
    "multi_az": "MultiAZ",
    "storage_throughput": "StorageThroughput",
    "storage_type": "StorageType",
}
#: What a replica does not take over from its source, and what it has instead. Source: RDS API reference,
#: CreateDBInstanceReadReplica ("creates read replicas with backups disabled", and the defaults of its parameters).
_NOT_INHERITED = {
    "backup_retention_period": 0,
    "copy_tags_to_snapshot": False,
    "deletion_protection": False,
    "performance_insights_enabled": False,
    "monitoring_interval": 0,
    "monitoring_role_arn": None,
    "multi_az": False,
}
#: RDS API reference, CreateDBInstanceReadReplica.SourceDBInstanceIdentifier: of PostgreSQL, MySQL and MariaDB.
_MOST_REPLICAS = 15
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
#: RDS API reference: what AWS answers where nothing was asked for.
_DEFAULTS = {"backup_target": "region", "network_type": "IPV4", "database_insights_mode": "standard"}
_LICENSES = {"postgres": "postgresql-license"}


def install() -> None:
    """Patch moto's RDS when it is loaded."""
    on_load("moto.rds.models", _patch_models)
    on_load("moto.rds.responses", _patch_responses)


def _patch_models(module: ModuleType) -> None:
    _patch_instance(module)
    _patch_replicas(module)
    _patch_groups(module)


def _patch_instance(module: ModuleType) -> None:
    utcnow = module.utcnow
    instance, backend = module.DBInstance, module.RDSBackend
    init, modify = instance.__init__, backend.modify_db_instance

    def initialise(self: Any, backend: Any, *args: Any, **kwargs: Any) -> None:
        engine = kwargs.get("engine")
        if engine:
            kwargs["engine_version"] = engines.resolve(engine, backend.region_name, kwargs.get("engine_version"))
        init(self, backend, *args, **kwargs)
        self.dbi_resource_id = _resource_id()
        for name, value in _DEFAULTS.items():
            setattr(self, name, value)
        if kwargs.get("storage_type") is None:
            self.storage_type = "io1" if kwargs.get("iops") else "gp3"
        self.license_model = _LICENSES.get(self.engine, self.license_model)
        if not self.option_group_supplied:
            version = engines.family(self.engine, self.engine_version).removeprefix(self.engine)
            self.option_group_name = f"default:{self.engine}-{version.replace('.', '-')}"
        self.performance_insights_enabled = False
        self.pending_modified_values = {}
        _require_family(module, self, self.db_parameter_group_name, self.engine_version)
        _show(self, kwargs)

    def default_db_parameter_group_details(self: Any) -> tuple[str, str]:
        family = engines.family(self.engine, self.engine_version)
        return family, f"default.{family}"

    def modifying(self: Any, db_instance_identifier: str, db_kwargs: Any) -> Any:
        database = self.describe_db_instances(db_instance_identifier)[0]
        asked = db_kwargs.get("engine_version")
        if asked:
            db_kwargs["engine_version"] = engines.resolve(database.engine, self.region_name, asked)
        group = db_kwargs.get("db_parameter_group_name") or database.db_parameter_group_name
        _require_family(module, database, group, db_kwargs.get("engine_version") or database.engine_version)
        now = db_kwargs.get("apply_immediately")
        if now:
            for name, shown in _WAITING.items():  # what waited is applied together with this change
                if shown in database.pending_modified_values and name not in db_kwargs:
                    db_kwargs[name] = database.pending_modified_values[shown]
            database.pending_modified_values = {}
        else:
            for name, shown in _WAITING.items():
                if name in db_kwargs:
                    database.pending_modified_values[shown] = db_kwargs.pop(name)
        database = modify(self, db_instance_identifier, db_kwargs)
        _show(database, db_kwargs)
        return database

    def save_automated_backup(self: Any) -> None:
        # Named by the minute. Backups outlive their instance where it asks for that, and here a successor of the same
        # name can exist within that minute; on AWS, where it takes several, the name is free.
        stamp = utcnow().replace(second=0, microsecond=0)
        while (name := f"rds:{self.db_instance_identifier}-{stamp:%Y-%m-%d-%H-%M}") in self.backend.database_snapshots:
            stamp += timedelta(minutes=1)
        self.add_event("DB_INSTANCE_BACKUP_START")
        self.backend.create_auto_snapshot(self.db_instance_identifier, name)
        self.add_event("DB_INSTANCE_BACKUP_FINISH")

    instance.__init__ = initialise
    instance.save_automated_backup = save_automated_backup
    instance.default_db_parameter_group_details = default_db_parameter_group_details
    backend.modify_db_instance = modifying


def _resource_id() -> str:
    """An id of one's own: moto gives every instance the same one, and it is what identifies an instance."""
    from moto.moto_api._internal import mock_random  # noqa: PLC0415 -- moto is loaded by now

    return "db-" + "".join(mock_random.choice(_ALPHABET) for _ in range(26))


def _require_family(module: ModuleType, database: Any, group_name: str | None, version: str) -> None:
    group = database.backend.db_parameter_groups.get(group_name) if group_name else None
    needed = engines.family(database.engine, version)
    if group is not None and database.engine in {"postgres", "mysql", "mariadb"} and group.family != needed:
        raise module.RDSClientError(
            "InvalidParameterCombination",
            f"The Parameter Group {group_name} with DBParameterGroupFamily {group.family} cannot be used for this "
            f"instance. Please use a Parameter Group with DBParameterGroupFamily {needed}",
        )


def _patch_replicas(module: ModuleType) -> None:
    utcnow, backend = module.utcnow, module.RDSBackend
    create, promote = backend.create_db_instance_read_replica, backend.promote_read_replica
    delete, modify = backend.delete_db_instance, backend.modify_db_instance

    def create_db_instance_read_replica(self: Any, db_kwargs: dict[str, Any]) -> Any:
        identifier, named = db_kwargs["db_instance_identifier"], db_kwargs["source_db_instance_identifier"]
        source = self.find_db_from_id(named)
        if identifier in self.databases:
            raise module.DBInstanceAlreadyExists  # moto puts the replica in the other's place
        _require_source(module, source, named, db_kwargs)
        replica = create(self, db_kwargs)  # a copy of its source, identity and all
        replica._associated_roles = []  # noqa: SLF001 -- moto's; roles stay with the source
        replica.dbi_resource_id = _resource_id()
        replica.created = replica.instance_create_time = utcnow()
        replica.pending_modified_values = {}
        replica.manage_master_user_password = False
        replica.tags = db_kwargs.get("tags") or []
        # Lists are its own, not its source's too.
        replica.enabled_cloudwatch_logs_exports = list(db_kwargs.get("enable_cloudwatch_logs_exports") or [])
        replica.vpc_security_group_ids = list(replica.vpc_security_group_ids)
        for parameter, default in _NOT_INHERITED.items():
            given = db_kwargs.get(parameter)
            setattr(replica, parameter, default if given is None else given)
        # Without one it is in any zone; here in the first.
        replica.availability_zone = db_kwargs.get("availability_zone") or f"{replica.region}a"
        _show(replica, db_kwargs)
        return replica

    def modifying(self: Any, db_instance_identifier: str, db_kwargs: Any) -> Any:
        database = self.describe_db_instances(db_instance_identifier)[0]
        if database.replicas and db_kwargs.get("backup_retention_period") == 0:
            raise module.RDSClientError(
                "InvalidDBInstanceState",
                f"Backups of {db_instance_identifier} cannot be disabled because it is the source of read replicas",
            )
        return modify(self, db_instance_identifier, db_kwargs)

    def delete_db_instance(self: Any, db_instance_identifier: str, *args: Any, **kwargs: Any) -> Any:
        database = delete(self, db_instance_identifier, *args, **kwargs)
        for name in list(database.replicas):  # what a source leaves behind in its region goes on by itself
            if name in self.databases:
                replica = self.databases[name]
                replica.is_replica, replica.source_db_instance_identifier = False, None
        return database

    def promote_read_replica(self: Any, db_kwargs: dict[str, Any]) -> Any:
        replica = self.databases[db_kwargs["db_instance_identifier"]]
        if replica.is_replica:
            self.find_db_from_id(replica.source_db_instance_identifier).remove_replica(replica)
        replica = promote(self, db_kwargs)
        replica.source_db_instance_identifier = None
        return replica

    backend.delete_db_instance = delete_db_instance
    backend.modify_db_instance = modifying
    backend.create_db_instance_read_replica = create_db_instance_read_replica
    backend.promote_read_replica = promote_read_replica


def _require_source(module: ModuleType, source: Any, named: str, given: dict[str, Any]) -> None:
    """Refuse a replica that its source does not allow."""
    same_region = not named.startswith("arn:")
    if not source.backup_retention_period:
        code, reason = "InvalidDBInstanceState", f"Automated backups are not enabled for the database instance {named}."
    elif len(source.replicas) >= _MOST_REPLICAS:
        code, reason = "InvalidDBInstanceState", f"{named} has {_MOST_REPLICAS} read replicas, the most there can be."
    elif given.get("db_subnet_group_name") and same_region:
        code = "DBSubnetGroupNotAllowedFault"
        reason = "The DB subnet group shouldn't be specified for a read replica in the same region as its source."
    elif given.get("kms_key_id") and not source.storage_encrypted:
        code, reason = "InvalidParameterCombination", f"{named} is not encrypted, so its read replica cannot be."
    else:
        return
    raise module.RDSClientError(code, reason)


def _show(database: Any, given: Any) -> None:
    for parameter, attribute in _SHOWN.items():
        if given.get(parameter) is not None:
            setattr(database, attribute, given[parameter])
    if not database.performance_insights_enabled:
        database.performance_insights_kms_key_id = database.performance_insights_retention_period = None
    elif not getattr(database, "performance_insights_retention_period", None):
        database.performance_insights_retention_period = 7


def _patch_groups(module: ModuleType) -> None:
    backend = module.RDSBackend
    delete_subnets, delete_parameters = backend.delete_subnet_group, backend.delete_db_parameter_group
    describe_parameters = backend.describe_db_parameter_groups

    def modify_db_subnet_group(self: Any, subnet_name: str, description: str, subnets: Any) -> Any:
        name = subnet_name.lower()
        group = self.subnet_groups.get(name)  # moto takes it out and never puts it back
        if group is None:
            raise module.DBSubnetGroupNotFoundError(subnet_name)
        group.subnets = subnets
        if description is not None:
            group.description = description
        return group

    def delete_subnet_group(self: Any, subnet_name: str) -> Any:
        users = [db for db in self.databases.values() if getattr(db, "_db_subnet_group_name", None) == subnet_name]
        if users:
            raise module.RDSClientError(
                "InvalidDBSubnetGroupStateFault",
                f"Cannot delete the subnet group '{subnet_name}' because at least one database instance: "
                f"{users[0].db_instance_identifier} is still using it.",
            )
        return delete_subnets(self, subnet_name)

    def describe_db_parameter_groups(self: Any, given: dict[str, Any]) -> Any:
        """AWS refuses a name that it does not have; the default groups are always there, and moto has none of them."""
        found, name = describe_parameters(self, given), given.get("db_parameter_group_name")
        if name and not found and not name.startswith("default."):
            raise module.DBParameterGroupNotFoundError(name)
        return found

    def delete_db_parameter_group(self: Any, db_parameter_group_name: str) -> Any:
        name = db_parameter_group_name
        users = [db for db in self.databases.values() if db.db_parameter_group_name == name]
        if users:
            raise module.RDSClientError(
                "InvalidDBParameterGroupState",
                f"One or more database instances are still members of this parameter group {name}, so the group cannot "
                "be deleted",
            )
        return delete_parameters(self, name)

    def reset_db_parameter_group(self: Any, name: str, parameters: list[Any], *, everything: bool) -> Any:
        group = self.db_parameter_groups.get(name)
        if group is None:
            raise module.DBParameterGroupNotFoundError(name)
        if everything:
            group.parameters.clear()
        for row in parameters:
            group.parameters.pop(row["ParameterName"], None)
        return group

    backend.modify_db_subnet_group = modify_db_subnet_group
    backend.delete_subnet_group = delete_subnet_group
    backend.describe_db_parameter_groups = describe_db_parameter_groups
    backend.delete_db_parameter_group = delete_db_parameter_group
    backend.reset_db_parameter_group = reset_db_parameter_group


def _patch_responses(module: ModuleType) -> None:
    def reset_db_parameter_group(self: Any) -> Any:
        name = self.params["DBParameterGroupName"]
        everything = bool(self.params.get("ResetAllParameters"))
        self.backend.reset_db_parameter_group(name, self.params.get("Parameters") or [], everything=everything)
        return module.ActionResult({"DBParameterGroupName": name})

    module.RDSResponse.reset_db_parameter_group = reset_db_parameter_group
