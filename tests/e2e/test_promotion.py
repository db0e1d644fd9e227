"""The way up: Floyo at phase 1, then at phase 2 on the same stack."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from tests.e2e.project import Project
from tests.thorough import thorough

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.xdist_group("promotion"), thorough]

#: Types that hold data, or without which data cannot be read.
DATA = (
    "aws:rds/instance:Instance",
    "aws:elasticache/replicationGroup:ReplicationGroup",
    "aws:s3/bucket:Bucket",
    "aws:kms/key:Key",
    "aws:secretsmanager/secret:Secret",
    "aws:cloudwatch/logGroup:LogGroup",
    "random:index/randomPassword:RandomPassword",
    "aws:rds/subnetGroup:SubnetGroup",
    "aws:rds/parameterGroup:ParameterGroup",
    "aws:ec2/vpc:Vpc",
    "aws:ec2/subnet:Subnet",
)
#: What a promotion replaces: immutable by nature, and each new one is made before the old one goes.
VERSIONED = {"aws:ecs/taskDefinition:TaskDefinition", "aws:secretsmanager/secretVersion:SecretVersion"}

Contract = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Point:
    """What there was at one point of the way.

    Attributes:
        document: the JSON of the deployment that led there.
        resources: the state's resources by URN.
        contract: what each service's container is told: its secrets' sources and its variables, by name.
        secrets: fields of the database's secret.
        services: what ECS says of the services, by name.
    """

    document: dict[str, Any]
    resources: dict[str, dict[str, Any]]
    contract: Contract
    secrets: dict[str, Any]
    services: dict[str, dict[str, Any]]

    def ids(self) -> dict[str, str]:
        """The physical ids of what holds data, by URN."""
        return {urn: found["id"] for urn, found in self.resources.items() if found["type"] in DATA}


@dataclass(frozen=True)
class Way:
    """A stack's way from phase 1 to 2."""

    project: Project
    first: Point
    second: Point


def _client(project: Project, service: str) -> Any:
    client: Any = boto3.client
    return client(
        service,
        region_name="us-east-1",
        endpoint_url=project.endpoint(),
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


def _services(ecs: Any) -> dict[str, dict[str, Any]]:
    (cluster,) = ecs.list_clusters()["clusterArns"]
    names = ecs.list_services(cluster=cluster)["serviceArns"]
    return {found["serviceName"]: found for found in ecs.describe_services(cluster=cluster, services=names)["services"]}


def _told(ecs: Any, service: dict[str, Any]) -> dict[str, str]:
    task = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    (container,) = (one for one in task["containerDefinitions"] if one["essential"])
    return {
        **{row["name"]: row["valueFrom"] for row in container["secrets"]},
        **{row["name"]: row["value"] for row in container["environment"]},
    }


def _point(project: Project, document: dict[str, Any]) -> Point:
    resources = {found["urn"]: found for found in project.state()["resources"]}
    secret = document["outputs"]["databaseSecretArn"]
    value = _client(project, "secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    ecs = _client(project, "ecs")
    services = _services(ecs)
    contract = {name: _told(ecs, found) for name, found in services.items()}
    return Point(document, resources, contract, json.loads(value), services)


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    project = Project.copied(tmp_path_factory.mktemp("promotion"))
    try:
        first = _point(project, project.up())
        second = _point(project, project.up("dev", "--phase", "cached"))
        yield Way(project, first, second)
    finally:
        project.close()


@pytest.fixture(scope="module")
def aws(way: Way) -> Callable[[str], Any]:
    return lambda service: _client(way.project, service)


def test_nothing_that_holds_data_is_replaced_or_deleted(way: Way) -> None:
    steps = way.second.document["steps"]
    assert way.second.document["phase"] == "cached"
    assert {step["op"] for step in steps if step["type"] in DATA} <= {"same", "update", "create"}
    assert {step["type"] for step in steps if step["op"] == "replace"} <= VERSIONED
    assert not [step for step in steps if step["op"] == "delete"]


def test_data_keeps_its_urn_and_its_id(way: Way) -> None:
    before, after = way.first.ids(), way.second.ids()
    assert len(before) > 20
    assert {urn: after.get(urn) for urn in before} == before


def test_nothing_at_all_loses_its_urn(way: Way) -> None:
    assert set(way.first.resources) <= set(way.second.resources)


def test_rows_of_the_contract_keep_their_names_and_secrets_their_places(way: Way) -> None:
    assert set(way.first.contract) == set(way.second.contract)
    for service, before in way.first.contract.items():
        after = way.second.contract[service]
        assert set(before) <= set(after)
        assert {"DATABASE_URL", "DATABASE_READ_URL", "DB_POOL_MIN", "DB_POOL_MAX"} <= set(before)
        for variable in ("DATABASE_URL", "DATABASE_READ_URL"):
            assert after[variable] == before[variable], "the same field of the same secret"


def test_reads_go_to_the_replica_and_writes_where_they_went(way: Way) -> None:
    before, after = way.first.secrets, way.second.secrets
    assert before["readUrl"] == before["url"] == after["url"]
    (replica,) = way.second.document["outputs"]["databaseReplicaIdentifiers"]
    assert after["readUrl"] == before["url"].replace(before["host"], before["host"].replace(_primary(way), replica))
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {"readUrl"}


def _primary(way: Way) -> str:
    found: str = way.first.document["outputs"]["databaseIdentifier"]
    return found


def test_the_replica_is_one_of_the_primary(way: Way, aws: Callable[[str], Any]) -> None:
    found = {one["DBInstanceIdentifier"]: one for one in aws("rds").describe_db_instances()["DBInstances"]}
    (name,) = way.second.document["outputs"]["databaseReplicaIdentifiers"]
    primary, replica = found[_primary(way)], found[name]
    assert set(found) == {_primary(way), name}
    assert primary["ReadReplicaDBInstanceIdentifiers"] == [name]
    assert primary["BackupRetentionPeriod"] == 7
    assert replica["ReadReplicaSourceDBInstanceIdentifier"] == _primary(way)
    assert replica["StorageEncrypted"]
    assert not replica["DeletionProtection"], "a copy goes on a step down"
    assert not replica["PubliclyAccessible"]
    for shared in ("KmsKeyId", "MasterUsername", "DBName", "EngineVersion", "DBParameterGroups", "VpcSecurityGroups"):
        assert replica[shared] == primary[shared], shared
    assert replica["DBSubnetGroup"]["DBSubnetGroupName"] == primary["DBSubnetGroup"]["DBSubnetGroupName"]
    assert replica["AvailabilityZone"] != primary["AvailabilityZone"]
    watched = aws("cloudwatch").describe_alarms(AlarmNamePrefix=name)["MetricAlarms"]
    assert {"ReplicaLag", "CPUUtilization"} <= {alarm["MetricName"] for alarm in watched}


def test_two_tasks_roll_out_without_a_gap(way: Way) -> None:
    operations = {step["op"] for step in way.second.document["steps"] if step["type"] == "aws:ecs/service:Service"}
    assert operations == {"update"}
    for name, service in way.second.services.items():
        before, rollout = way.first.services[name], service["deploymentConfiguration"]
        assert (before["desiredCount"], before["runningCount"]) == (1, 1)
        assert (service["desiredCount"], service["runningCount"]) == (2, 2)
        # All that are wanted stay healthy while as many new ones start beside them; what does not start is taken back.
        for one in (before["deploymentConfiguration"], rollout):
            assert (one["minimumHealthyPercent"], one["maximumPercent"]) == (100, 200)
            assert one["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}


def test_a_service_changes_after_the_replica_is_there(way: Way) -> None:
    """Its tasks are told of the replica, and of pools that only the larger class takes."""
    resources = way.second.resources
    (replica,) = {urn for urn in way.second.ids() if "Replica$aws:rds/instance" in urn}
    for urn, found in resources.items():
        if found["type"] == "aws:ecs/service:Service":
            assert {replica, _urn(way, "aws:rds/instance:Instance", "primary")} <= _needed(resources, urn)
    for service, before in way.first.contract.items():
        assert int(way.second.contract[service]["DB_POOL_MAX"]) > int(before["DB_POOL_MAX"])


def _urn(way: Way, type_: str, end: str) -> str:
    (found,) = [urn for urn, one in way.first.resources.items() if one["type"] == type_ and urn.endswith(end)]
    return found


def _needed(resources: dict[str, dict[str, Any]], urn: str) -> set[str]:
    """Everything that a resource depends on, directly or not."""
    found: set[str] = set()
    waiting = [urn]
    while waiting:
        for other in resources[waiting.pop()].get("dependencies", []):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


def test_the_way_up_again_changes_no_data(way: Way) -> None:
    again = _point(way.project, way.project.up("dev", "--phase", "cached"))
    assert again.ids() == way.second.ids()
    assert {step["op"] for step in again.document["steps"] if step["type"] in DATA} <= {"same", "update"}
    assert again.secrets == way.second.secrets
    settled = way.project.ascend("preview", "dev", "--embedded", "--json", "--phase", "cached").document
    assert {step["op"] for step in settled["steps"]} == {"same"}
