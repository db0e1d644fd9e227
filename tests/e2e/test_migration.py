"""The way in and the way to the archive, as any AWS client sees them; and that the way in leaves no trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import yaml

from ascend.engine.embedded.secrets import Crypter
from tests.e2e.project import PASSPHRASE
from tests.thorough import thorough

if TYPE_CHECKING:
    from tests.e2e.project import Project

NAME = "floyo-dev-use1-migration"
ROLES = ("dms-vpc-role", "dms-cloudwatch-logs-role")


def client(project: Project, service: str) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=project.endpoint(),
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )


def configure(project: Project, *, started: bool | None) -> None:
    """Write the migration into the stack's file, or take it out (None)."""
    path = project.root / "Pulumi.dev.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for key in ("ascend:migration", "ascend:migrationPassword"):
        content["config"].pop(key, None)
    if started is not None:
        crypter = Crypter.new(PASSPHRASE)
        # A stack that has been deployed keeps the salt it has.
        salt = content.setdefault("encryptionsalt", crypter.state)
        crypter = Crypter.open(PASSPHRASE, salt, str(path))
        content["config"]["ascend:migration"] = {"host": "db.abc.supabase.co", "started": started}
        content["config"]["ascend:migrationPassword"] = {"secure": crypter.encrypt("the old password")}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")


@thorough
def test_the_way_in_comes_runs_and_goes(project: Project) -> None:
    before = project.up()
    iam = client(project, "iam")
    for role in ROLES:
        iam.create_role(RoleName=role, AssumeRolePolicyDocument="{}")

    configure(project, started=False)
    made = project.up()
    assert {step["op"] for step in made["steps"]} <= {"same", "create", "update"}
    assert {step["op"] for step in made["steps"] if "rds/instance" in step["type"]} == {"same"}
    dms = client(project, "dms")
    (task,) = dms.describe_replication_tasks()["ReplicationTasks"]
    assert (task["Status"], task["MigrationType"]) == ("ready", "full-load-and-cdc")
    endpoints = {one["EndpointType"].lower(): one for one in dms.describe_endpoints()["Endpoints"]}
    assert {one["SslMode"] for one in endpoints.values()} == {"require"}
    assert not any("Password" in one or "Password" in one["PostgreSQLSettings"] for one in endpoints.values())
    (instance,) = dms.describe_replication_instances()["ReplicationInstances"]
    assert instance["KmsKeyId"]
    assert len(instance["ReplicationSubnetGroup"]["Subnets"]) == 3
    state = str(project.state())
    assert "the old password" not in state

    configure(project, started=True)
    project.up()
    assert dms.describe_replication_tasks()["ReplicationTasks"][0]["Status"] == "running"

    configure(project, started=None)
    after = project.up()
    gone = [step for step in after["steps"] if step["op"] == "delete"]
    assert gone
    assert all("-migration" in step["urn"].rpartition("::")[2] for step in gone)
    assert after["outputs"] == before["outputs"]
    assert dms.describe_replication_tasks()["ReplicationTasks"] == []
    assert dms.describe_replication_instances()["ReplicationInstances"] == []


@thorough
def test_without_the_accounts_role_it_says_so(project: Project) -> None:
    configure(project, started=False)
    ran = project.ascend("up", "dev", "--embedded", "--yes", "--json", "--skip-preview")
    assert ran.code != 0
    assert "dms-vpc-role is not configured properly" in ran.err + ran.out


@thorough
def test_the_server_may_write_its_old_partitions_and_has_the_sql_for_it(project: Project) -> None:
    outputs = project.up()["outputs"]
    rds = client(project, "rds")
    (server,) = rds.describe_db_instances()["DBInstances"]
    (association,) = server["AssociatedRoles"]
    assert association["FeatureName"] == "s3Export"
    rows = rds.describe_db_parameters(DBParameterGroupName=server["DBParameterGroups"][0]["DBParameterGroupName"])
    values = {row["ParameterName"]: row.get("ParameterValue") for row in rows["Parameters"]}
    assert "pg_cron" in values["shared_preload_libraries"].split(",")
    assert values["cron.database_name"] == "app"
    groups = [one["VpcSecurityGroupId"] for one in server["VpcSecurityGroups"]]
    rules = client(project, "ec2").describe_security_group_rules(Filters=[{"Name": "group-id", "Values": groups}])
    outward = [rule for rule in rules["SecurityGroupRules"] if rule["IsEgress"]]
    assert [(rule["FromPort"], rule["PrefixListId"][:3]) for rule in outward] == [(443, "pl-")]
    sql = outputs["partitionSql"]
    assert f"'{outputs['buckets']['archive']}', 'us-east-1', 'telemetry_events/'" in sql
    assert sql.rstrip().endswith("CALL partitions.maintain();")
