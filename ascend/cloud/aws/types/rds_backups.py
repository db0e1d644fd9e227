"""RDS: copies of an instance's backups in another region, and roles that an instance may take."""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props


class InstanceAutomatedBackupsReplication(ResourceType):
    """The copies, which are in this resource's region. Deleting it stops copying and keeps what is there."""

    pulumi_type = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
    service = "rds"
    gone = ("DBInstanceAutomatedBackupNotFound", "DBInstanceAutomatedBackupNotFoundFault")

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """The source is an instance elsewhere."""
        arn = inputs.get("sourceDbInstanceArn")
        if isinstance(arn, str) and region and arn.split(":")[3:4] == [region]:
            return [
                Failure("sourceDbInstanceArn", f"{arn} is in {region} itself; backups are copied to another region")
            ]
        return []

    def create(self, api: Api, inputs: Props) -> str:
        """Copying begins in the region that it goes to."""
        params: dict[str, Any] = {
            "SourceDBInstanceArn": inputs["sourceDbInstanceArn"],
            "BackupRetentionPeriod": int(inputs["retentionPeriod"]),
        }
        if inputs.get("kmsKeyId"):
            params["KmsKeyId"] = inputs["kmsKeyId"]
        answer = api.call("StartDBInstanceAutomatedBackupsReplication", **params)
        api.created_id = str(answer["DBInstanceAutomatedBackup"]["DBInstanceAutomatedBackupsArn"])
        return api.created_id

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """Copies that are only kept are no replication any more."""
        answer = self.unless_gone(api, "DescribeDBInstanceAutomatedBackups", DBInstanceAutomatedBackupsArn=object_id)
        found: list[dict[str, Any]] = (answer or {}).get("DBInstanceAutomatedBackups", [])
        return next((one for one in found if str(one.get("Status", "")).lower() != "retained"), None)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """By the names of the provider."""
        return {
            "kmsKeyId": found.get("KmsKeyId"),
            "retentionPeriod": found["BackupRetentionPeriod"],
            "sourceDbInstanceArn": found["DBInstanceArn"],
        }

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Stop copying, once."""
        if self.describe(api, object_id, state) is not None:
            api.call("StopDBInstanceAutomatedBackupsReplication", SourceDBInstanceArn=state["sourceDbInstanceArn"])


class RoleAssociation(ResourceType):
    """A role that an instance takes for one feature."""

    pulumi_type = "aws:rds/roleAssociation:RoleAssociation"
    service = "rds"
    gone = ("DBInstanceNotFound", "DBInstanceNotFoundFault", "DBInstanceRoleNotFound", "DBInstanceRoleNotFoundFault")

    def create(self, api: Api, inputs: Props) -> str:
        """The id is the instance's and the role's names."""
        api.call("AddRoleToDBInstance", **_association(inputs))
        api.created_id = f"{inputs['dbInstanceIdentifier']},{inputs['roleArn']}"
        return api.created_id

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """It is found among the roles of its instance."""
        identifier, _, role = object_id.partition(",")
        answer = self.unless_gone(api, "DescribeDBInstances", DBInstanceIdentifier=identifier)
        roles: list[dict[str, Any]] = answer["DBInstances"][0].get("AssociatedRoles", []) if answer else []
        return next((one for one in roles if one["RoleArn"] == role), None)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """Its three parts."""
        return {
            "dbInstanceIdentifier": object_id.partition(",")[0],
            "featureName": found["FeatureName"],
            "roleArn": found["RoleArn"],
        }

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Take the role away."""
        self.unless_gone(api, "RemoveRoleFromDBInstance", **_association(state))


def _association(props: Props) -> dict[str, Any]:
    return {
        "DBInstanceIdentifier": props["dbInstanceIdentifier"],
        "RoleArn": props["roleArn"],
        "FeatureName": props["featureName"],
    }


TYPES = (InstanceAutomatedBackupsReplication(), RoleAssociation())
