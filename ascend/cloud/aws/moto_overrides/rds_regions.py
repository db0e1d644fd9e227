"""RDS: a replica in another region than its source has the groups, the key and the zones of its own region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType


def install() -> None:
    """Patch moto's RDS when it is loaded; `rds` has done its part by then."""
    on_load("moto.rds.models", _patch)


def _patch(module: ModuleType) -> None:
    backend = module.RDSBackend
    create, promote = backend.create_db_instance_read_replica, backend.promote_read_replica
    delete = backend.delete_db_instance

    def create_db_instance_read_replica(self: Any, db_kwargs: dict[str, Any]) -> Any:
        """Source: RDS API reference, CreateDBInstanceReadReplica; user guide, replicas elsewhere. Read 2026-11-21."""
        named = db_kwargs["source_db_instance_identifier"]
        if not _elsewhere(self, named):
            return create(self, db_kwargs)
        source = self.find_db_from_id(named)
        _require_key(module, self, source, db_kwargs.get("kms_key_id"))
        # The attributes are set in this order, and those after it look up what they name in the region of the backend.
        replica = create(self, {"backend": self, **db_kwargs})
        if not db_kwargs.get("db_subnet_group_name"):
            replica._db_subnet_group_name = replica.db_subnet_group = None  # noqa: SLF001 -- moto's
        if not db_kwargs.get("db_parameter_group_name"):
            replica.db_parameter_group_name = None
        if not db_kwargs.get("vpc_security_group_ids"):
            replica.vpc_security_group_ids = [_default_group(module, self)]
        return replica

    def promote_read_replica(self: Any, db_kwargs: dict[str, Any]) -> Any:
        replica = self.describe_db_instances(db_kwargs["db_instance_identifier"])[0]
        if not _elsewhere(self, replica.source_db_instance_identifier):
            return promote(self, db_kwargs)
        _leave(module, self, replica)
        replica.update(**db_kwargs)
        return replica

    def delete_db_instance(self: Any, db_instance_identifier: str, *args: Any, **kwargs: Any) -> Any:
        database = self.databases.get(db_instance_identifier)
        if database and not database.deletion_protection and _elsewhere(self, database.source_db_instance_identifier):
            _leave(module, self, database)
        return delete(self, db_instance_identifier, *args, **kwargs)

    backend.create_db_instance_read_replica = create_db_instance_read_replica
    backend.promote_read_replica = promote_read_replica
    backend.delete_db_instance = delete_db_instance


def _elsewhere(backend: Any, source: str | None) -> bool:
    """Whether a source is named by an ARN of another region."""
    return bool(source and source.startswith("arn:") and source.split(":")[3] != backend.region_name)


def _leave(module: ModuleType, backend: Any, replica: Any) -> None:
    """Take a replica out of its source's list, where that is still there, and make it its own."""
    try:
        source = backend.find_db_from_id(replica.source_db_instance_identifier)
    except module.DBInstanceNotFoundError:  # a lost source leaves its replicas in other regions as they are
        source = None
    if source is not None and replica.db_instance_arn in source.replicas:
        source.replicas.remove(replica.db_instance_arn)
    replica.is_replica, replica.source_db_instance_identifier = False, None


def _require_key(module: ModuleType, backend: Any, source: Any, key: str | None) -> None:
    here = backend.region_name
    if source.storage_encrypted and not key:
        reason = f"{source.db_instance_arn} is encrypted: a replica in another region needs a key of {here} (KmsKeyId)."
    elif key and key.startswith("arn:") and key.split(":")[3] != here:
        reason = f"The key {key} is not in {here}, where the replica is."
    else:
        return
    raise module.RDSClientError("InvalidParameterCombination", reason)


def _default_group(module: ModuleType, backend: Any) -> str:
    """The default security group of the region's default VPC."""
    ec2 = module.ec2_backends[backend.account_id][backend.region_name]
    return str(ec2.get_default_security_group(ec2.default_vpc.id).id)
