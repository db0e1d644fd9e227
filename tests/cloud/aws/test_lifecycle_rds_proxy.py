"""RDS Proxy: its life, its pool, its target, and whether the target can be served."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made

PROXY = "aws:rds/proxy:Proxy"
POOL = "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup"
TARGET = "aws:rds/proxyTarget:ProxyTarget"
INSTANCE = "aws:rds/instance:Instance"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "rds.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


@dataclass
class Ground:
    """What a proxy stands on."""

    subnets: list[str]
    one_zone: list[str]
    role: Made
    secret: Made
    key: Made
    proxy_group: str
    database_group: str
    settings: dict[str, Any]


def statement(action: str, resource: Any, effect: str = "Allow") -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource}


def allow(lab: Lab, role: Made, *statements: dict[str, Any], name: str = "read") -> Made:
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return lab.create("aws:iam/rolePolicy:RolePolicy", name=name, role=role.id, policy=policy)


def keep(lab: Lab, secret: Made, value: Any) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    lab.client("secretsmanager").put_secret_value(SecretId=secret.id, SecretString=text)


@pytest.fixture
def ground(lab: Lab) -> Ground:
    vpc = lab.create("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16").id
    subnets = [
        lab.create(
            "aws:ec2/subnet:Subnet", vpcId=vpc, cidrBlock=f"10.0.{index}.0/24", availabilityZone=f"eu-west-1{zone}"
        ).id
        for index, zone in enumerate("aba")
    ]
    groups = [lab.create("aws:ec2/securityGroup:SecurityGroup", name, vpcId=vpc).id for name in ("proxy", "database")]
    key = lab.create("aws:kms/key:Key", description="data")
    secret = lab.create("aws:secretsmanager/secret:Secret", name="pool", kmsKeyId=key.outputs["arn"])
    keep(lab, secret, {"username": "floyo", "password": "correct-horse"})
    role = lab.create("aws:iam/role:Role", name="proxy", assumeRolePolicy=json.dumps(TRUST))
    settings = {
        "name": "floyo",
        "engineFamily": "POSTGRESQL",
        "roleArn": role.outputs["arn"],
        "vpcSubnetIds": subnets[:2],
        "vpcSecurityGroupIds": groups[:1],
        "auths": [{"authScheme": "SECRETS", "iamAuth": "DISABLED", "secretArn": secret.outputs["arn"]}],
        "requireTls": True,
        "idleClientTimeout": 1800,
    }
    return Ground(subnets[:2], subnets[::2], role, secret, key, groups[0], groups[1], settings)


def connect(lab: Lab, ground: Ground) -> None:
    """Let the proxy reach the database, and read and decrypt its secret."""
    common = {"ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432}
    lab.create(INGRESS, securityGroupId=ground.database_group, referencedSecurityGroupId=ground.proxy_group, **common)
    lab.create(EGRESS, securityGroupId=ground.proxy_group, referencedSecurityGroupId=ground.database_group, **common)
    allow(
        lab,
        ground.role,
        statement("secretsmanager:GetSecretValue", ground.secret.outputs["arn"]),
        statement("kms:Decrypt", ground.key.outputs["arn"]),
    )


def database(lab: Lab, ground: Ground, **more: Any) -> Made:
    group = lab.create("aws:rds/subnetGroup:SubnetGroup", name="data", subnetIds=ground.subnets)
    return lab.create(
        INSTANCE,
        **{
            "identifier": "floyo",
            "engine": "postgres",
            "engineVersion": "17",
            "instanceClass": "db.t4g.micro",
            "allocatedStorage": 20,
            "username": "floyo",
            "password": "correct-horse",
            "dbSubnetGroupName": group.id,
            "vpcSecurityGroupIds": [ground.database_group],
            "backupRetentionPeriod": 1,
            "skipFinalSnapshot": True,
            **more,
        },
    )


def health(lab: Lab) -> dict[str, str]:
    targets = lab.client("rds").describe_db_proxy_targets(DBProxyName="floyo")["Targets"]
    assert len(targets) == 1
    found: dict[str, str] = targets[0]["TargetHealth"]
    return found


def register(lab: Lab, name: str = "floyo") -> Made:
    return lab.create(TARGET, dbProxyName="floyo", targetGroupName="default", dbInstanceIdentifier=name)


def test_proxy(lab: Lab, ground: Ground) -> None:
    made = lab.create(PROXY, **ground.settings, tags={"a": "b"})
    assert made.id == "floyo"
    assert made.outputs["endpoint"].startswith("floyo.")
    assert made.outputs["auths"][0]["clientPasswordAuthType"] == "POSTGRES_SCRAM_SHA_256"
    changed = lab.update(made, **{**ground.settings, "idleClientTimeout": 900, "debugLogging": True}, tags={"c": "d"})
    shown = lab.client("rds").describe_db_proxies(DBProxyName="floyo")["DBProxies"][0]
    assert (shown["IdleClientTimeout"], shown["DebugLogging"], shown["RequireTLS"]) == (900, True, True)
    assert shown["Endpoint"] == made.outputs["endpoint"]
    moved = {**ground.settings, "vpcSecurityGroupIds": [ground.database_group], "tags": {"c": "d"}}
    changed = lab.update(changed, **moved)
    shown = lab.client("rds").describe_db_proxies(DBProxyName="floyo")["DBProxies"][0]
    assert shown["VpcSecurityGroupIds"] == [ground.database_group]
    assert shown["DebugLogging"] is False
    lab.delete(changed)


def test_what_replaces_a_proxy(lab: Lab, ground: Ground) -> None:
    made = lab.create(PROXY, **ground.settings)
    for change, replaced in (
        ({"engineFamily": "MYSQL"}, {"engineFamily"}),
        ({"vpcSubnetIds": ground.subnets[::-1]}, set()),
        ({"endpointNetworkType": "DUAL"}, {"endpointNetworkType"}),
        ({"requireTls": False}, set()),
    ):
        assert lab.replaced_by(made, **{**ground.settings, **change}) == replaced, change


def test_renaming_is_not_emulated(lab: Lab, ground: Ground) -> None:
    made = lab.create(PROXY, **ground.settings)
    with pytest.raises(ProviderError, match="renaming a proxy"):
        lab.update(made, **{**ground.settings, "name": "other"})


def test_proxies_that_rds_refuses(lab: Lab, ground: Ground) -> None:
    lab.create(PROXY, **ground.settings)
    for change, reason in (
        ({}, "DBProxyAlreadyExistsFault"),
        ({"name": "other", "vpcSubnetIds": ground.one_zone}, "at least two Availability Zones"),
        ({"name": "other", "roleArn": "arn:aws:iam::123456789012:role/nobody"}, "there is no iam role"),
        ({"name": "other", "vpcSecurityGroupIds": ["sg-00000000"]}, "there is no security group"),
    ):
        with pytest.raises(ProviderError, match=reason):
            lab.create(PROXY, **{**ground.settings, **change})


def test_pool(lab: Lab, ground: Ground) -> None:
    proxy = lab.create(PROXY, **ground.settings)
    pool = {"maxConnectionsPercent": 80, "maxIdleConnectionsPercent": 0, "connectionBorrowTimeout": 10}
    made = lab.create(POOL, dbProxyName=proxy.id, connectionPoolConfig=pool)
    group = lab.client("rds").describe_db_proxy_target_groups(DBProxyName="floyo")["TargetGroups"][0]
    assert group["ConnectionPoolConfig"]["MaxIdleConnectionsPercent"] == 0
    assert (made.id, made.outputs["name"]) == ("floyo", "default")
    filters = ["EXCLUDE_VARIABLE_SETS"]
    made = lab.update(
        made,
        dbProxyName=proxy.id,
        connectionPoolConfig={**pool, "initQuery": "SET a=1", "sessionPinningFilters": filters},
    )
    made = lab.update(made, dbProxyName=proxy.id, connectionPoolConfig=pool)
    group = lab.client("rds").describe_db_proxy_target_groups(DBProxyName="floyo")["TargetGroups"][0]
    assert not group["ConnectionPoolConfig"].get("InitQuery")
    assert group["ConnectionPoolConfig"]["SessionPinningFilters"] == []
    lab.provider.delete(made.resource, made.id, made.inputs, made.outputs)
    assert lab.read(made) is not None, "the group is the proxy's"
    lab.delete(proxy)
    assert lab.read(made) is None


def test_pool_of_a_proxy_that_is_not_there(lab: Lab) -> None:
    with pytest.raises(ProviderError, match="there is no db proxy nothing"):
        lab.create(POOL, dbProxyName="nothing")


def test_target(lab: Lab, ground: Ground) -> None:
    lab.create(PROXY, **ground.settings)
    instance = database(lab, ground)
    connect(lab, ground)
    made = register(lab)
    assert made.id == "floyo/default/RDS_INSTANCE/floyo"
    assert made.outputs["endpoint"] == instance.outputs["address"]
    assert (made.outputs["port"], made.outputs["targetArn"]) == (5432, instance.outputs["arn"])
    assert health(lab) == {"State": "AVAILABLE"}
    with pytest.raises(ProviderError, match="AlreadyRegistered"):
        register(lab)
    common = {"dbProxyName": "floyo", "targetGroupName": "default"}
    assert lab.replaced_by(made, **common, dbInstanceIdentifier="other") == {"dbInstanceIdentifier"}
    lab.delete(made)


def test_targets_that_rds_refuses(lab: Lab, ground: Ground) -> None:
    lab.create(PROXY, **ground.settings)
    instance = database(lab, ground)
    lab.create(
        INSTANCE,
        identifier="floyo-replica",
        replicateSourceDb=instance.outputs["identifier"],
        instanceClass="db.t4g.micro",
        skipFinalSnapshot=True,
    )
    with pytest.raises(ProviderError, match="only with the writer"):
        register(lab, "floyo-replica")
    with pytest.raises(ProviderError, match="there is no db instance nothing"):
        register(lab, "nothing")
    lab.create(PROXY, **{**ground.settings, "name": "other", "engineFamily": "MYSQL"})
    with pytest.raises(ProviderError, match="MYSQL does not serve postgres"):
        lab.create(TARGET, dbProxyName="other", targetGroupName="default", dbInstanceIdentifier="floyo")


def test_target_in_another_vpc(lab: Lab, ground: Ground) -> None:
    database(lab, ground)
    vpc = lab.create("aws:ec2/vpc:Vpc", cidrBlock="10.1.0.0/16").id
    subnets = [
        lab.create(
            "aws:ec2/subnet:Subnet", vpcId=vpc, cidrBlock=f"10.1.{index}.0/24", availabilityZone=f"eu-west-1{zone}"
        ).id
        for index, zone in enumerate("ab")
    ]
    group = lab.create("aws:ec2/securityGroup:SecurityGroup", "elsewhere", vpcId=vpc).id
    lab.create(PROXY, **{**ground.settings, "vpcSubnetIds": subnets, "vpcSecurityGroupIds": [group]})
    with pytest.raises(ProviderError, match="not in the same VPC"):
        register(lab)


def test_health_says_what_is_wrong(lab: Lab, ground: Ground) -> None:
    lab.create(PROXY, **ground.settings)
    database(lab, ground)
    register(lab)
    rds_arn = ground.secret.outputs["arn"]

    def reason() -> str:
        found = health(lab)
        return f"{found['Reason']}: {found['Description']}"

    assert reason() == "AUTH_FAILURE: the role proxy may not read pool"
    allow(lab, ground.role, statement("secretsmanager:GetSecretValue", [rds_arn]))
    assert reason() == "AUTH_FAILURE: the role proxy may not decrypt with the key of pool"
    allow(lab, ground.role, statement("kms:Decrypt", "*"), name="decrypt")
    keep(lab, ground.secret, "correct-horse")
    assert reason() == "AUTH_FAILURE: pool is not a JSON object with username and password"
    keep(lab, ground.secret, {"username": "floyo", "password": "correct-horse"})
    assert reason() == "UNREACHABLE: the database's security groups do not let the proxy in on port 5432"
    common = {"ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432}
    lab.create(INGRESS, securityGroupId=ground.database_group, cidrIpv4="10.0.0.0/16", **common)
    assert reason() == "UNREACHABLE: the proxy's security groups do not let it out to the database on port 5432"
    lab.create(EGRESS, securityGroupId=ground.proxy_group, cidrIpv4="0.0.0.0/0", ipProtocol="-1")
    assert health(lab) == {"State": "AVAILABLE"}
    allow(lab, ground.role, statement("secretsmanager:*", rds_arn, "Deny"), name="deny")
    assert reason() == "AUTH_FAILURE: the role proxy may not read pool"
    lab.client("rds").delete_db_instance(DBInstanceIdentifier="floyo", SkipFinalSnapshot=True)
    assert reason() == "CONNECTION_FAILED: the database instance no longer exists"


def test_role_that_rds_may_not_assume(lab: Lab, ground: Ground) -> None:
    other = json.dumps(TRUST).replace("rds.amazonaws.com", "ecs-tasks.amazonaws.com")
    role = lab.create("aws:iam/role:Role", name="tasks", assumeRolePolicy=other)
    lab.create(PROXY, **{**ground.settings, "roleArn": role.outputs["arn"]})
    database(lab, ground)
    register(lab)
    assert health(lab)["Description"] == "rds.amazonaws.com may not assume the role tasks"
