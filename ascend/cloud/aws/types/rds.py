"""RDS: database instances. Their groups are in `rds_groups`."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import engines, tagging
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure, ProviderError

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY, _WEEK = 24 * 60, 7 * 24 * 60
#: Properties that are the provider's own, or only of the delete call.
_NOT_SENT = (
    "allowMajorVersionUpgrade",
    "applyImmediately",
    "blueGreenUpdate",
    "deleteAutomatedBackups",
    "finalSnapshotIdentifier",
    "identifierPrefix",
    "passwordWoVersion",
    "skipFinalSnapshot",
    "upgradeStorageConfig",
)
#: What a replica takes over from its source, so that the call that makes one has no such parameter; and what it can
#: only be given by a modification afterwards (instance.go, resourceInstanceCreate).
_REPLICA_INHERITS = (
    "allocatedStorage",
    "engine",
    "engineVersion",
    "storageEncrypted",
    "licenseModel",
    "characterSetName",
)
_REPLICA_LATER = (
    "backupRetentionPeriod",
    "backupWindow",
    "caCertIdentifier",
    "maintenanceWindow",
    "maxAllocatedStorage",
    "parameterGroupName",
)
_PROMOTED_WITH = ("backupRetentionPeriod", "backupWindow")
_RESTORE_LATER = ("allocatedStorage", "maxAllocatedStorage", "password")
_RENAME = {
    "allocatedStorage": "AllocatedStorage",
    "arn": "DBInstanceArn",
    "backupWindow": "PreferredBackupWindow",
    "caCertIdentifier": "CACertificateIdentifier",
    "dbSubnetGroupName": "DBSubnetGroupName",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "identifier": "DBInstanceIdentifier",
    "instanceClass": "DBInstanceClass",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "parameterGroupName": "DBParameterGroupName",
    "password": "MasterUserPassword",
    "passwordWo": "MasterUserPassword",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "replicateSourceDb": "SourceDBInstanceIdentifier",
    "snapshotIdentifier": "DBSnapshotIdentifier",
    "username": "MasterUsername",
    "customerOwnedIpEnabled": "EnableCustomerOwnedIp",
}
_RENAME_READ = {
    **_RENAME,
    "enabledCloudwatchLogsExports": "EnabledCloudwatchLogsExports",
    "iamDatabaseAuthenticationEnabled": "IAMDatabaseAuthenticationEnabled",
    "performanceInsightsEnabled": "PerformanceInsightsEnabled",
    "replicateSourceDb": "ReadReplicaSourceDBInstanceIdentifier",
    "resourceId": "DbiResourceId",
    "status": "DBInstanceStatus",
    "replicas": "ReadReplicaDBInstanceIdentifiers",
}


#: Parts of the answer that `Instance.outputs` spells itself.
_HIDDEN = frozenset({"Endpoint", "TagList", "DBParameterGroups", "MasterUserSecret"})


class Instance(ResourceType):
    """A database instance. Its id is the DBI resource id, which survives a change of the identifier."""

    pulumi_type = "aws:rds/instance:Instance"
    service = "rds"
    cfn = "AWS::RDS::DBInstance"
    cfn_rename: ClassVar = {
        "identifier": "DBInstanceIdentifier",
        "backupWindow": "PreferredBackupWindow",
        "caCertIdentifier": "CACertificateIdentifier",
        "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
        "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
        "instanceClass": "DBInstanceClass",
        "maintenanceWindow": "PreferredMaintenanceWindow",
        "parameterGroupName": "DBParameterGroupName",
        "performanceInsightsEnabled": "EnablePerformanceInsights",
        "replicateSourceDb": "SourceDBInstanceIdentifier",
        "username": "MasterUsername",
        "vpcSecurityGroupIds": "VPCSecurityGroups",
    }
    cfn_rules = (
        "aws_rds_dbinstance/db_instance_class",
        "aws_rds_dbinstance/dbinstanceclass_enum",
        "aws_rds_dbinstance/kmskey_storageencrypted",
    )
    kind = "db-instance"
    gone = ("DBInstanceNotFound", "DBInstanceNotFoundFault")
    tags = tagging.RDS

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """What needs arithmetic, and the engine's versions: a beginning of one will do."""
        failures = []
        engine, version = inputs.get("engine"), inputs.get("engineVersion")
        if isinstance(engine, str) and region and (all_of := engines.names(region)) and engine not in all_of:
            failures.append(Failure("engine", f'RDS has no engine "{engine}"; there are {", ".join(all_of)}'))
        if isinstance(engine, str) and isinstance(version, str) and region:
            known = engines.versions(engine, region)
            if known and not engines.matching(engine, region, version):
                reason = f"RDS has no {engine} {version} in {region}; the newest are {', '.join(known[-5:])}"
                failures.append(Failure("engineVersion", reason))
        size, most = inputs.get("allocatedStorage"), inputs.get("maxAllocatedStorage")
        if isinstance(size, int | float) and isinstance(most, int | float) and 0 < most <= size:
            reason = f"{most:g} GiB is not more than allocatedStorage ({size:g} GiB): nothing would be scaled"
            failures.append(Failure("maxAllocatedStorage", reason))
        backup, maintenance = inputs.get("backupWindow"), inputs.get("maintenanceWindow")
        if isinstance(backup, str) and isinstance(maintenance, str) and _overlap(backup, maintenance):
            failures.append(Failure("backupWindow", f"{backup} overlaps the maintenance window {maintenance}"))
        return failures

    def passed_over(self, state: Props, news: Props) -> set[str]:
        """A size that storage has outgrown, where it may grow (instance.go, DiffSuppressFunc of allocated_storage)."""
        size, wanted, most = (
            figure if isinstance(figure, int | float) else 0
            for figure in (state.get("allocatedStorage"), news.get("allocatedStorage"), news.get("maxAllocatedStorage"))
        )
        return {"allocatedStorage"} if 0 < wanted < min(size, most) else set()

    # Creating

    def create(self, api: Api, inputs: Props) -> str:
        """A new database, a replica, or one restored from a snapshot."""
        unsupported = [name for name in ("restoreToPointInTime", "s3Import") if inputs.get(name)]
        if unsupported:
            raise ProviderError(f"{api.where}: {unsupported[0]} is not emulated")
        given = {name: value for name, value in inputs.items() if value is not None}
        given.setdefault("identifier", _made_up(inputs))
        if given.get("replicateSourceDb"):
            operation, later = "CreateDBInstanceReadReplica", set(_REPLICA_LATER)
            given = {name: value for name, value in given.items() if name not in _REPLICA_INHERITS}
        elif given.get("snapshotIdentifier"):
            operation, later = "RestoreDBInstanceFromDBSnapshot", set(_RESTORE_LATER)
        else:
            operation, later = "CreateDBInstance", set()
        params = self._params(api, operation, {name: value for name, value in given.items() if name not in later})
        answer = api.call(operation, **params, **self.tag_params(inputs))["DBInstance"]
        api.created_id = str(answer["DbiResourceId"])
        if rest := later & given.keys():
            self._modify(api, str(answer["DBInstanceIdentifier"]), {}, {**given, "applyImmediately": True}, rest)
        return api.created_id

    def _params(self, api: Api, operation: str, given: Props) -> dict[str, Any]:
        return api.params(operation, given, rename=_RENAME, skip=_NOT_SENT)

    # Reading

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:  # noqa: ARG002 -- a hook
        """By resource id, which the identifier can change under; an import is by either."""
        name = "dbi-resource-id" if re.fullmatch(r"db-[0-9A-Z]{26}", object_id) else "db-instance-id"
        filters = [{"Name": name, "Values": [object_id]}]
        found = api.call("DescribeDBInstances", Filters=filters)["DBInstances"]
        return found[0] if found else None

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:  # noqa: ARG002 -- a hook
        """The provider shows parts of the answer under names of its own."""
        plain = {key: value for key, value in found.items() if key not in _HIDDEN}
        props = api.props(plain, rename=_RENAME_READ)
        endpoint = found.get("Endpoint") or {}
        address, port = endpoint.get("Address"), endpoint.get("Port")
        groups = found.get("DBParameterGroups") or []
        certificate = found.get("CACertificateIdentifier")
        version = str(found.get("EngineVersion", ""))
        asked = str(inputs.get("engineVersion") or version)
        return {
            **props,
            "address": address,
            "caCertIdentifier": certificate,
            "dbSubnetGroupName": (found.get("DBSubnetGroup") or {}).get("DBSubnetGroupName"),
            "enabledCloudwatchLogsExports": found.get("EnabledCloudwatchLogsExports") or None,
            "endpoint": f"{address}:{port}" if address else None,
            # A version given as a prefix stays one: a minor upgrade is no drift (compareActualEngineVersion).
            "engineVersion": asked if version == asked or version.startswith(f"{asked}.") else version,
            "engineVersionActual": version,
            "hostedZoneId": endpoint.get("HostedZoneId"),
            "masterUserSecrets": [_secret(found["MasterUserSecret"])] if found.get("MasterUserSecret") else None,
            "latestRestorableTime": None,  # changes with every look, and no program may depend on it
            "multiAz": bool(found.get("MultiAZ")),
            "optionGroupName": next(
                (row["OptionGroupName"] for row in found.get("OptionGroupMemberships") or []), None
            ),
            "parameterGroupName": groups[0]["DBParameterGroupName"] if groups else None,
            "port": port,
            "tagsAll": self.tags.decode(found.get("TagList")),
            "vpcSecurityGroupIds": [row["VpcSecurityGroupId"] for row in found.get("VpcSecurityGroups") or []],
        }

    # Changing

    def tag_target(self, api: Api, object_id: str, state: Props) -> str:
        """Tags go by ARN, which has the identifier in it."""
        found = self.describe(api, object_id, state)
        return str(found["DBInstanceArn"]) if found else str(state.get("arn"))

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """One modification with what changed; a replica whose source is dropped is promoted first."""
        found = self.describe(api, object_id, olds)
        if found is None:
            raise ProviderError(f"{api.where}: {object_id} no longer exists; refresh the stack")
        identifier = str(found["DBInstanceIdentifier"])
        if "replicateSourceDb" in changed:
            if news.get("replicateSourceDb"):
                raise ProviderError(f"{api.where}: replicateSourceDb: an instance cannot be made a replica afterwards")
            # Backups come with the promotion, everything else after it (instance.go, resourceInstanceUpdate).
            params = api.params("PromoteReadReplica", news, rename=_RENAME, only=_PROMOTED_WITH)
            api.call("PromoteReadReplica", DBInstanceIdentifier=identifier, **params)
            changed = changed - {"replicateSourceDb", *_PROMOTED_WITH}
        _refuse_shrinking(api, found, news, changed)
        self._modify(api, identifier, olds, news, changed)

    def _modify(self, api: Api, identifier: str, olds: Props, news: Props, changed: set[str]) -> None:
        own = {"identifier", "enabledCloudwatchLogsExports", "port"}
        present = {name: news[name] for name in changed - set(_NOT_SENT) - own if news.get(name) is not None}
        params = api.params("ModifyDBInstance", present, rename={**_RENAME, "password": "MasterUserPassword"})
        if "port" in changed and news.get("port"):
            params["DBPortNumber"] = int(news["port"])
        if "identifier" in changed and news.get("identifier"):
            params["NewDBInstanceIdentifier"] = news["identifier"]
        if "enabledCloudwatchLogsExports" in changed:
            before = set(olds.get("enabledCloudwatchLogsExports") or [])
            after = set(news.get("enabledCloudwatchLogsExports") or [])
            params["CloudwatchLogsExportConfiguration"] = {
                "EnableLogTypes": sorted(after - before),
                "DisableLogTypes": sorted(before - after),
            }
        if not params:
            return
        if news.get("allowMajorVersionUpgrade"):
            params["AllowMajorVersionUpgrade"] = True
        api.call(
            "ModifyDBInstance",
            DBInstanceIdentifier=identifier,
            ApplyImmediately=bool(news.get("applyImmediately")),
            **params,
        )

    # Deleting

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Delete with a final snapshot unless told otherwise; deletion protection is the API's to enforce."""
        found = self.describe(api, object_id, state)
        if found is None:
            return
        skip = bool(state.get("skipFinalSnapshot")) or bool(found.get("ReadReplicaSourceDBInstanceIdentifier"))
        params: dict[str, Any] = {"SkipFinalSnapshot": skip}
        if not skip:
            if not state.get("finalSnapshotIdentifier"):
                raise ProviderError(f"{api.where}: no finalSnapshotIdentifier, and skipFinalSnapshot is not true")
            params["FinalDBSnapshotIdentifier"] = state["finalSnapshotIdentifier"]
        params["DeleteAutomatedBackups"] = state.get("deleteAutomatedBackups", True)
        self.unless_gone(api, "DeleteDBInstance", DBInstanceIdentifier=found["DBInstanceIdentifier"], **params)


def _secret(found: dict[str, Any]) -> Props:
    """What the SDK shows of the secret that RDS keeps the password in."""
    names = {"kmsKeyId": "KmsKeyId", "secretArn": "SecretArn", "secretStatus": "SecretStatus"}
    return {name: found.get(key) for name, key in names.items()}


def _made_up(inputs: Props) -> str:
    """An identifier as the official provider makes one up: a prefix and 26 digits."""
    return f"{inputs.get('identifierPrefix') or 'terraform-'}{secrets.token_hex(13)}"


def _refuse_shrinking(api: Api, found: dict[str, Any], news: Props, changed: set[str]) -> None:
    """Storage only grows, and an engine only goes up: RDS user guide, modifying and upgrading a DB instance."""
    size, wanted = int(found.get("AllocatedStorage") or 0), news.get("allocatedStorage")
    if "allocatedStorage" in changed and wanted and int(wanted) < size:
        raise ProviderError(f"{api.where}: allocatedStorage: {size} GiB cannot shrink to {int(wanted)} GiB")
    current, asked = str(found.get("EngineVersion")), str(news.get("engineVersion") or "")
    if "engineVersion" in changed and asked and not current.startswith(f"{asked}."):
        if engines.number(asked) < engines.number(current):
            raise ProviderError(f"{api.where}: engineVersion: {current} cannot be downgraded to {asked}")
        if engines.number(asked)[:1] > engines.number(current)[:1] and not news.get("allowMajorVersionUpgrade"):
            raise ProviderError(
                f"{api.where}: engineVersion: {current} to {asked} is a major upgrade; set allowMajorVersionUpgrade"
            )


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _overlap(backup: str, maintenance: str) -> bool:
    """Whether a daily window (``03:00-04:00``) meets a weekly one (``sun:03:30-sun:04:30``). Malformed ones do not."""
    daily = re.fullmatch(r"(\d\d:\d\d)-(\d\d:\d\d)", backup)
    weekly = re.fullmatch(r"(\w{3}):(\d\d:\d\d)-(\w{3}):(\d\d:\d\d)", maintenance.lower())
    if not daily or not weekly or weekly.group(1) not in _DAYS or weekly.group(3) not in _DAYS:
        return False
    start, end = _minutes(daily.group(1)), _minutes(daily.group(2))
    length = (end - start) % _DAY
    first = _DAYS.index(weekly.group(1)) * _DAY + _minutes(weekly.group(2))
    last = _DAYS.index(weekly.group(3)) * _DAY + _minutes(weekly.group(4))
    span = (last - first) % _WEEK
    # A day's window meets the week's if it begins within it, or the week's begins within the day's.
    starts = [day * _DAY + start for day in range(len(_DAYS))]
    return any((begin - first) % _WEEK < span or (first - begin) % _WEEK < length for begin in starts)


TYPES = (Instance(),)
