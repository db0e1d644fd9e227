"""The way in: what copies, what it may reach and read, and that nothing of it outlives its purpose."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from components.errors import ComponentError
from components.migration import Migration, MigrationArgs, MigrationEnd, table_rules
from tests.components.support import ACCOUNT, KEY_ARN, SCOPE, TOPIC_ARN, Registered, Run, Secret

NAME = "floyo-dev-use1-migration"
GIB = 1024**3
SOURCE = MigrationEnd(host="db.abc.supabase.co", port=5433, database="postgres", username="postgres", password="old")
TARGET = MigrationEnd(host="floyo.rds.example", port=5432, database="app", username="app", password="new")
ARGS = MigrationArgs(
    scope=SCOPE,
    vpc_id="vpc-1",
    subnet_ids=["subnet-1", "subnet-2"],
    public_address=True,
    key_arn=KEY_ARN,
    topic_arn=TOPIC_ARN,
    source=SOURCE,
    target=TARGET,
    target_group_id="sg-database",
    tables=["public.*", "auth.users"],
    instance_class="dms.t3.medium",
    storage_gib=50,
    started=False,
)


def made(run: Run, **changed: Any) -> Registered:
    return run(lambda: Migration(NAME, dataclasses.replace(ARGS, **changed)))


def test_nothing_of_it_is_protected(run: Run) -> None:
    assert [one.name for one in made(run).resources if one.protect] == []


def test_no_endpoint_knows_a_password(run: Run) -> None:
    registered = made(run)
    for side, end in (("source", SOURCE), ("target", TARGET)):
        inputs = registered.one("dms/endpoint:Endpoint", f"{NAME}-{side}").inputs
        assert not {"password", "username", "serverName", "port"} & set(inputs)
        assert (inputs["sslMode"], inputs["databaseName"], inputs["kmsKeyArn"]) == ("require", end.database, KEY_ARN)
        version = registered.one("secretsmanager/secretVersion:SecretVersion", f"{NAME}-{side}").inputs
        assert isinstance(version["secretString"], Secret)
        fields = {"host": end.host, "port": end.port, "username": end.username, "password": end.password}
        assert json.loads(version["secretString"].value) == fields


def test_the_source_needs_no_superuser_and_the_target_acts_as_a_replica(run: Run) -> None:
    registered = made(run)
    source, target = (
        registered.one("dms/endpoint:Endpoint", f"{NAME}-{side}").inputs["postgresSettings"]
        for side in ("source", "target")
    )
    assert (source["captureDdls"], source["pluginName"], source["heartbeatEnable"]) == (False, "test-decoding", True)
    assert target["afterConnectScript"] == "SET session_replication_role = 'replica'"


def test_its_role_reads_two_secrets_and_is_for_dms_of_this_account(run: Run) -> None:
    registered = made(run)
    trust = registered.one("iam/role:Role").policy("assumeRolePolicy")["Trust"]
    assert trust["Principal"] == {"Service": "dms.us-east-1.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    read = registered.one("iam/rolePolicy:RolePolicy").policy()["Read"]
    assert len(read["Resource"]) == 2
    assert "*" not in read["Resource"]


def test_it_reaches_both_databases_and_nobody_reaches_it(run: Run) -> None:
    registered = made(run)
    out = {
        one.name.removeprefix(f"{NAME}-"): (
            one.inputs["fromPort"],
            one.inputs.get("cidrIpv4") or one.inputs["referencedSecurityGroupId"],
        )
        for one in registered.of("vpc/securityGroupEgressRule:SecurityGroupEgressRule")
    }
    assert out == {"to-source": (5433, "0.0.0.0/0"), "to-https": (443, "0.0.0.0/0"), "to-target": (5432, "sg-database")}
    (opened,) = registered.of("vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert opened.inputs["securityGroupId"] == "sg-database"


def test_a_source_on_443_needs_no_second_rule(run: Run) -> None:
    registered = made(run, source=dataclasses.replace(SOURCE, port=443))
    assert len(registered.of("vpc/securityGroupEgressRule:SecurityGroupEgressRule")) == 2


def test_the_machine_is_encrypted_and_logs_where_dms_writes(run: Run) -> None:
    registered = made(run)
    instance = registered.one("dms/replicationInstance:ReplicationInstance").inputs
    assert (instance["kmsKeyArn"], instance["publiclyAccessible"], instance["allocatedStorage"]) == (KEY_ARN, True, 50)
    log = registered.one("cloudwatch/logGroup:LogGroup").inputs
    assert log["name"] == f"dms-tasks-{instance['replicationInstanceId']}"
    assert log["kmsKeyId"] == KEY_ARN
    assert (
        made(run, public_address=False).one("dms/replicationInstance:ReplicationInstance").inputs["publiclyAccessible"]
        is False
    )


def test_the_task_copies_everything_and_cuts_nothing(run: Run) -> None:
    task = made(run).one("dms/replicationTask:ReplicationTask").inputs
    assert (task["migrationType"], task["startReplicationTask"]) == ("full-load-and-cdc", False)
    assert made(run, started=True).one("dms/replicationTask:ReplicationTask").inputs["startReplicationTask"] is True
    settings = json.loads(task["replicationTaskSettings"])
    assert settings["TargetMetadata"]["FullLobMode"] is True
    assert settings["FullLoadSettings"]["TargetTablePrepMode"] == "DO_NOTHING"
    assert settings["ValidationSettings"]["EnableValidation"] is True
    rules = json.loads(task["tableMappings"])["rules"]
    assert [rule["object-locator"] for rule in rules] == [
        {"schema-name": "public", "table-name": "%"},
        {"schema-name": "auth", "table-name": "users"},
    ]


def test_rules_have_ids_and_names_of_their_own() -> None:
    rules = table_rules(["a.*", "a.b", "b.*"])
    assert [rule["rule-id"] for rule in rules] == ["1", "2", "3"]
    assert len({rule["rule-name"] for rule in rules}) == 3


def test_alarms_name_the_task_as_metrics_do(run: Run) -> None:
    alarms = made(run, lag_s=30).alarms()
    assert set(alarms) == {f"{NAME}-{kind}" for kind in ("source-latency", "target-latency", "disk")}
    late = alarms[f"{NAME}-target-latency"]
    assert (late["metricName"], late["threshold"], late["treatMissingData"]) == ("CDCLatencyTarget", 30, "notBreaching")
    assert late["dimensions"]["ReplicationInstanceIdentifier"] == NAME
    assert ":" not in str(late["dimensions"].get("ReplicationTaskIdentifier"))
    assert alarms[f"{NAME}-disk"]["threshold"] == 10 * GIB
    assert late["alarmActions"] == [TOPIC_ARN]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"instance_class": "db.t3.medium"}, "migration class 'db.t3.medium'; allowed: dms.t3.micro"),
        ({"storage_gib": 4}, "migration storage of 4 GiB; allowed: 5 to 6144"),
        ({"tables": []}, "a migration of no tables"),
        ({"tables": ["events"]}, "migration of 'events'; allowed: 'schema.table'"),
        ({"tables": ["a.b.c"]}, "migration of 'a.b.c'"),
        ({"tables": ["public."]}, "migration of 'public.'"),
    ],
)
def test_bad_input_is_named(change: dict[str, Any], text: str) -> None:
    with pytest.raises(ComponentError) as caught:
        dataclasses.replace(ARGS, **change)
    assert text in str(caught.value)
