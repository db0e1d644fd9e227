"""Floyo at phase 1 on the embedded cloud: what any AWS client sees of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.project import PASSPHRASE, Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


pytestmark = pytest.mark.xdist_group("deployed")

Deployed = tuple[Project, dict[str, Any]]


def test_the_document_of_a_deployment(deployed: Deployed) -> None:
    _, document = deployed
    assert list(document) == ["stack", "system", "phase", "engine", "steps", "summary", "outputs", "duration_s"]
    assert (document["stack"], document["system"], document["phase"]) == ("dev", "floyo", "single-region")
    assert document["engine"] == "embedded"
    assert set(document["summary"]) == {"create", "update", "replace", "delete", "same"}
    assert document["summary"]["create"] == len(document["steps"]) > 60
    assert {step["op"] for step in document["steps"]} == {"create"}
    assert document["outputs"]


def test_a_second_run_changes_nothing(deployed: Deployed) -> None:
    project, first = deployed
    again = project.ascend("up", "dev", "--embedded", "--yes")
    assert again.code == 0
    assert "nothing changed" in again.out
    document = project.ascend("preview", "dev", "--embedded", "--json").document
    assert {step["op"] for step in document["steps"]} == {"same"}
    assert document["summary"]["same"] == first["summary"]["create"]
    assert document["outputs"] == first["outputs"]


def test_the_network(deployed: Deployed, aws: Callable[..., Any]) -> None:
    ec2 = aws("ec2")
    (vpc,) = [v for v in ec2.describe_vpcs()["Vpcs"] if not v["IsDefault"]]
    assert vpc["CidrBlock"].endswith("/16")
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]
    assert len(subnets) == 9
    assert len({subnet["AvailabilityZone"] for subnet in subnets}) == 3
    assert ec2.describe_nat_gateways()["NatGateways"] == [], "phase 1 pays for no NAT"
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["SecurityGroups"]
    for group in groups:
        if group["GroupName"] == "default":
            assert group["IpPermissions"] == []
            assert group["IpPermissionsEgress"] == []


def test_no_security_group_lets_the_internet_in(deployed: Deployed, aws: Callable[..., Any]) -> None:
    groups = list(aws("ec2").describe_security_groups()["SecurityGroups"])
    opened = [
        (group["GroupName"], rule)
        for group in groups
        for rule in group["IpPermissions"]
        if any(r["CidrIp"] == "0.0.0.0/0" for r in rule["IpRanges"])
        or any(r["CidrIpv6"] == "::/0" for r in rule["Ipv6Ranges"])
    ]
    assert opened == []


def test_the_database(deployed: Deployed, aws: Callable[..., Any]) -> None:
    rds = aws("rds")
    (database,) = rds.describe_db_instances()["DBInstances"]
    assert database["Engine"] == "postgres"
    assert database["EngineVersion"].startswith("17")
    assert database["StorageType"] == "gp3"
    assert database["StorageEncrypted"] is True
    assert database["DeletionProtection"] is True
    assert database["PubliclyAccessible"] is False
    assert database["MultiAZ"] is False
    assert database["BackupRetentionPeriod"] == 7
    group = database["DBParameterGroups"][0]["DBParameterGroupName"]
    parameters = rds.describe_db_parameters(DBParameterGroupName=group)["Parameters"]
    assert {p["ParameterName"]: p.get("ParameterValue") for p in parameters}.get("rds.force_ssl") == "1"


def test_the_services(deployed: Deployed, aws: Callable[..., Any]) -> None:
    ecs = aws("ecs")
    (cluster,) = ecs.list_clusters()["clusterArns"]
    arns = ecs.list_services(cluster=cluster)["serviceArns"]
    services = ecs.describe_services(cluster=cluster, services=arns)["services"]
    assert len(services) == 2
    for service in services:
        assert service["desiredCount"] == 1
        breaker = service["deploymentConfiguration"]["deploymentCircuitBreaker"]
        assert breaker == {"enable": True, "rollback": True}
        task = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
        assert task["requiresCompatibilities"] == ["FARGATE"]
        assert task["runtimePlatform"]["cpuArchitecture"] == "ARM64"
        for container in task["containerDefinitions"]:
            secrets = {secret["name"] for secret in container.get("secrets", [])}
            assert secrets >= {"DATABASE_URL"} if container["essential"] else not secrets
            assert not {v["name"] for v in container["environment"]} & {"DATABASE_URL", "DATABASE_PASSWORD"}


def test_the_ingress(deployed: Deployed, aws: Callable[..., Any]) -> None:
    gateway = aws("apigatewayv2")
    (api,) = gateway.get_apis()["Items"]
    assert api["ProtocolType"] == "HTTP"
    integrations = gateway.get_integrations(ApiId=api["ApiId"])["Items"]
    assert {integration["ConnectionType"] for integration in integrations} == {"VPC_LINK"}
    (stage,) = gateway.get_stages(ApiId=api["ApiId"])["Items"]
    assert stage["StageName"] == "$default"
    assert stage["AccessLogSettings"]["DestinationArn"]


def test_the_alarms_reach_a_topic(deployed: Deployed, aws: Callable[..., Any]) -> None:
    alarms = aws("cloudwatch").describe_alarms()["MetricAlarms"]
    topics = {topic["TopicArn"] for topic in aws("sns").list_topics()["Topics"]}
    assert topics
    assert len(alarms) >= 8
    for alarm in alarms:
        assert alarm["ActionsEnabled"], alarm["AlarmName"]
        assert set(alarm["AlarmActions"]) <= topics, alarm["AlarmName"]
        assert alarm["AlarmActions"], alarm["AlarmName"]


def test_the_budget_is_the_cap_of_the_phase(deployed: Deployed, aws: Callable[..., Any]) -> None:
    budgets = aws("budgets")
    (budget,) = budgets.describe_budgets(AccountId="123456789012")["Budgets"]
    assert float(budget["BudgetLimit"]["Amount"]) == 50
    assert budget["TimeUnit"] == "MONTHLY"


def _statements(policy: Any) -> Iterator[dict[str, Any]]:
    document = json.loads(policy) if isinstance(policy, str) else policy
    statements = document["Statement"]
    yield from [statements] if isinstance(statements, dict) else statements


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_no_role_may_do_anything_to_anything(deployed: Deployed, aws: Callable[..., Any]) -> None:
    iam = aws("iam")
    roles = [role for role in iam.list_roles()["Roles"] if not role["Path"].startswith("/aws-service-role/")]
    assert len(roles) >= 3
    wide = []
    seen = 0
    for role in roles:
        for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
            for statement in _statements(document):
                seen += 1
                actions = _listed(statement.get("Action", []))
                if "*" in _listed(statement.get("Resource", [])) and any("*" in action for action in actions):
                    wide.append((role["RoleName"], statement))
                assert "*" not in actions
    assert seen
    assert wide == []


def test_buckets_are_closed_and_encrypted(deployed: Deployed, aws: Callable[..., Any]) -> None:
    s3 = aws("s3")
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert buckets
    for bucket in buckets:
        blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert set(blocked.values()) == {True}, bucket
        assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"], bucket


def test_keys_are_multi_region(deployed: Deployed, aws: Callable[..., Any]) -> None:
    kms = aws("kms")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    own = [key for key in keys if key["KeyManager"] == "CUSTOMER"]
    assert own
    assert {key["MultiRegion"] for key in own} == {True}


def _everything_written(project: Project) -> Iterator[Path]:
    for file in (project.root / ".ascend").rglob("*"):
        if file.is_file():
            yield file


def test_no_secret_is_anywhere_in_the_clear(deployed: Deployed, aws: Callable[..., Any]) -> None:
    project, first = deployed
    manager = aws("secretsmanager")
    values = [
        manager.get_secret_value(SecretId=secret["ARN"])["SecretString"]
        for secret in manager.list_secrets()["SecretList"]
    ]
    passwords = set()
    for value in values:
        document = json.loads(value) if value.startswith("{") else {}
        passwords |= {text for key, text in document.items() if "password" in key.lower()}
        passwords |= set(re.findall(r"://[^:/]+:([^@]+)@", value))
    assert passwords, "there is a password to look for"

    human = project.ascend("up", "dev", "--embedded", "--yes")
    shown = project.ascend("outputs", "dev", "--embedded")
    told = [json.dumps(first), human.out, human.err, shown.out, shown.err]
    for password in passwords:
        assert all(password not in text for text in told)
        for file in _everything_written(project):
            assert password.encode() not in file.read_bytes(), file


def test_the_passphrase_is_not_written_down(deployed: Deployed) -> None:
    for file in _everything_written(deployed[0]):
        assert PASSPHRASE.encode() not in file.read_bytes(), file


def test_a_changed_config_is_shown_by_key_and_changes_nothing(deployed: Deployed) -> None:
    project, _ = deployed
    file = project.root / "Pulumi.dev.yaml"
    before = file.read_text()
    state = project.state()
    file.write_text(before + "  ascend:budget: 45\n")
    try:
        ran = project.ascend("preview", "dev", "--embedded")
    finally:
        file.write_text(before)
    assert ran.code == 0
    assert re.search(r"~ +aws:budgets:Budget .*\[~", ran.out)
    assert "to update" in ran.out
    assert project.state() == state


def test_the_project_itself_is_left_as_it_was(deployed: Deployed) -> None:
    project, _ = deployed
    repository = Path(__file__).parents[2]
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        assert (project.root / name).read_bytes() == (repository / name).read_bytes()


def test_outputs_name_what_to_look_at(deployed: Deployed) -> None:
    project, first = deployed
    assert project.ascend("outputs", "dev", "--embedded", "--json").document == first["outputs"]
