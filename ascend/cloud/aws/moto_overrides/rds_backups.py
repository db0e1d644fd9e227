"""RDS: backups are copied to another region, and a role that an instance was given is taken from it again."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType

#: RDS user guide, "Replicating automated backups": to each destination, by each account. Read 2026-11-21.
_MOST = 20


@dataclass(slots=True)
class CopiedBackup:
    """The copied backups of one instance, as the region that they are copied to shows them."""

    db_instance_arn: str
    dbi_resource_id: str
    db_instance_identifier: str
    region: str
    engine: str
    kms_key_id: str | None
    encrypted: bool
    backup_retention_period: int
    db_instance_automated_backups_arn: str
    status: str = "replicating"

    @property
    def db_instance_automated_backups_replications(self) -> list[dict[str, str]]:
        """The list in which the source and this description show the copy."""
        return [{"DBInstanceAutomatedBackupsArn": self.db_instance_automated_backups_arn}]


def install() -> None:
    """Patch moto's RDS when it is loaded."""
    on_load("moto.rds.models", _patch_models)
    on_load("moto.rds.responses", _patch_responses)


def _copies(backend: Any) -> dict[str, CopiedBackup]:
    """What is copied to a backend's region, by the ARN of the source; moto forgets it with the backend."""
    found: dict[str, CopiedBackup] = backend.__dict__.setdefault("copied_backups", {})
    return found


def _patch_models(module: ModuleType) -> None:
    backend, instance = module.RDSBackend, module.DBInstance
    delete = backend.delete_db_instance

    def start(self: Any, arn: str, days: int, key: str | None) -> CopiedBackup:
        """Source: RDS API reference, StartDBInstanceAutomatedBackupsReplication, and its errors. Read 2026-11-21."""
        source = self.find_db_from_id(arn)
        _require(module, self, source, key)
        identity = (
            f"arn:{self.partition}:rds:{self.region_name}:{self.account_id}:auto-backup:ab-{uuid.uuid4().hex[:26]}"
        )
        made = CopiedBackup(
            db_instance_arn=arn,
            dbi_resource_id=source.dbi_resource_id,
            db_instance_identifier=source.db_instance_identifier,
            region=source.region,
            engine=source.engine,
            kms_key_id=key,
            encrypted=bool(source.storage_encrypted),
            backup_retention_period=days,
            db_instance_automated_backups_arn=identity,
        )
        _copies(self)[arn] = made
        return made

    def stop(self: Any, arn: str) -> CopiedBackup:
        found = _copies(self).get(arn)
        if found is None or found.status != "replicating":
            text = f"{arn} is not replicating to the current region."
            raise module.RDSClientError("InvalidDBInstanceState", text)
        found.status = "retained"
        return found

    def describe(self: Any, arn: str | None = None, **others: Any) -> list[Any]:
        copies = list(_copies(self).values())
        if arn:
            found = [one for one in copies if one.db_instance_automated_backups_arn == arn]
            if not found:
                text = f"DBInstanceAutomatedBackup {arn} not found."
                raise module.RDSClientError("DBInstanceAutomatedBackupNotFound", text)
            return found
        wanted = others.get("db_instance_identifier")
        own = describe_own(self, **others)
        return [*own, *(one for one in copies if wanted in {None, one.db_instance_identifier})]

    def delete_db_instance(self: Any, db_instance_identifier: str, *args: Any, **kwargs: Any) -> Any:
        """What was copied is kept when its source goes."""
        database = delete(self, db_instance_identifier, *args, **kwargs)
        for one in _all(module, self):
            if one.db_instance_arn == database.db_instance_arn:
                one.status = "retained"
        return database

    def shown(self: Any) -> list[dict[str, str]]:
        return [
            {"DBInstanceAutomatedBackupsArn": one.db_instance_automated_backups_arn}
            for one in _all(module, self.backend)
            if one.db_instance_arn == self.db_instance_arn and one.status == "replicating"
        ]

    def remove_role(self: Any, identifier: str, role_arn: str, feature: str) -> None:
        database = self.describe_db_instances(identifier)[0]
        roles = database._associated_roles  # noqa: SLF001 -- moto's
        kept = [one for one in roles if (one.role_arn, one.feature_name) != (role_arn, feature)]
        if len(kept) == len(roles):
            text = f"Role {role_arn} is not associated with {identifier} for {feature}."
            raise module.RDSClientError("DBInstanceRoleNotFound", text)
        database._associated_roles = kept  # noqa: SLF001 -- moto's

    describe_own = backend.describe_db_instance_automated_backups
    backend.start_copying_backups, backend.stop_copying_backups = start, stop
    backend.describe_db_instance_automated_backups = describe
    backend.delete_db_instance = delete_db_instance
    backend.remove_role_from_db_instance = remove_role
    instance.db_instance_automated_backups_replications = property(shown)


def _all(module: ModuleType, backend: Any) -> list[CopiedBackup]:
    """The copies in every region of the account."""
    return [one for other in module.rds_backends[backend.account_id].values() for one in _copies(other).values()]


def _require(module: ModuleType, backend: Any, source: Any, key: str | None) -> None:
    here, arn = backend.region_name, source.db_instance_arn
    copies = [one for one in _copies(backend).values() if one.status == "replicating"]
    if source.region == here:
        code, reason = "InvalidParameterValue", f"{arn} is in {here}; its backups are copied to another region."
    elif not source.backup_retention_period:
        code, reason = "InvalidDBInstanceState", f"Automated backups are not enabled for the database instance {arn}."
    elif any(one.db_instance_arn == arn for one in copies):
        code, reason = "InvalidDBInstanceState", f"{arn} is already replicating to the current region."
    elif len(copies) >= _MOST:
        code, reason = "DBInstanceAutomatedBackupQuotaExceeded", f"There are {_MOST} replicated backups in {here}."
    elif source.storage_encrypted and not key:
        code, reason = "InvalidParameterCombination", f"{arn} is encrypted: its copies need a key of {here} (KmsKeyId)."
    elif key and key.startswith("arn:") and key.split(":")[3] != here:
        code, reason = "KMSKeyNotAccessibleFault", f"The key {key} is not in {here}."
    else:
        return
    raise module.RDSClientError(code, reason)


def _patch_responses(module: ModuleType) -> None:
    response = module.RDSResponse

    def start_db_instance_automated_backups_replication(self: Any) -> Any:
        given = self.params
        days = int(given.get("BackupRetentionPeriod") or 7)
        made = self.backend.start_copying_backups(given["SourceDBInstanceArn"], days, given.get("KmsKeyId"))
        return module.ActionResult({"DBInstanceAutomatedBackup": made})

    def stop_db_instance_automated_backups_replication(self: Any) -> Any:
        found = self.backend.stop_copying_backups(self.params["SourceDBInstanceArn"])
        return module.ActionResult({"DBInstanceAutomatedBackup": found})

    def describe_db_instance_automated_backups(self: Any) -> Any:
        given = self.params
        identifier = given.get("DBInstanceIdentifier")
        found = self.backend.describe_db_instance_automated_backups(
            given.get("DBInstanceAutomatedBackupsArn"),
            **({"db_instance_identifier": identifier} if identifier else {}),
        )
        return module.ActionResult({"DBInstanceAutomatedBackups": found})

    def remove_role_from_db_instance(self: Any) -> Any:
        given = self.params
        self.backend.remove_role_from_db_instance(given["DBInstanceIdentifier"], given["RoleArn"], given["FeatureName"])
        return module.EmptyResult()

    response.start_db_instance_automated_backups_replication = start_db_instance_automated_backups_replication
    response.stop_db_instance_automated_backups_replication = stop_db_instance_automated_backups_replication
    response.describe_db_instance_automated_backups = describe_db_instance_automated_backups
    response.remove_role_from_db_instance = remove_role_from_db_instance
