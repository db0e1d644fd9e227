"""The pool in front of a database."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest
from pulumi_aws import ec2

from components.errors import ComponentError
from components.proxy import Proxy, ProxyArgs, ProxyThresholds
from tests.components.support import KEY_ARN, SCOPE, TOPIC_ARN, Secret

if TYPE_CHECKING:
    from tests.components.support import Registered, Run

ARGS = ProxyArgs(
    scope=SCOPE,
    vpc_id="vpc-1",
    subnet_ids=["subnet-1", "subnet-2", "subnet-3"],
    key_arn=KEY_ARN,
    topic_arn=TOPIC_ARN,
    database_identifier="database",
    database_group_id="sg-database",
    password="correct-horse",
    share=0.8,
    borrow_timeout_s=10,
    thresholds=ProxyThresholds(connections_pct=80),
)


def made(run: Run, **changed: Any) -> Registered:
    return run(lambda: Proxy("database-proxy", dataclasses.replace(ARGS, **changed)))


def test_clients_connect_over_tls_and_log_in_by_password(run: Run) -> None:
    proxy = made(run).one("rds/proxy:Proxy").inputs
    assert (proxy["engineFamily"], proxy["requireTls"], proxy["debugLogging"]) == ("POSTGRESQL", True, False)
    (auth,) = proxy["auths"]
    assert (auth["authScheme"], auth["iamAuth"]) == ("SECRETS", "DISABLED")
    assert auth["clientPasswordAuthType"] == "POSTGRES_SCRAM_SHA_256"
    assert proxy["idleClientTimeout"] == 1800


def test_it_opens_no_more_connections_than_its_part(run: Run) -> None:
    pool = made(run).one("ProxyDefaultTargetGroup").inputs["connectionPoolConfig"]
    assert pool == {"maxConnectionsPercent": 80, "maxIdleConnectionsPercent": 40, "connectionBorrowTimeout": 10}


def test_it_leads_to_the_primary(run: Run) -> None:
    target = made(run).one("ProxyTarget").inputs
    assert (target["dbInstanceIdentifier"], target["dbProxyName"]) == ("database", "database-proxy")


def test_its_secret_holds_the_login_and_nothing_else_in_the_stacks_key(run: Run) -> None:
    result = made(run)
    assert result.one("secretsmanager/secret:Secret").inputs["kmsKeyId"] == KEY_ARN
    value = result.one("SecretVersion").inputs["secretString"]
    assert isinstance(value, Secret)
    assert json.loads(value.value) == {"username": "app", "password": "correct-horse"}
    rest = [one.inputs for one in result.resources if not one.type.endswith("SecretVersion")]
    assert "correct-horse" not in json.dumps(rest, default=str)


def test_its_role_reads_that_one_secret(run: Run) -> None:
    result = made(run)
    statements = result.one("RolePolicy").policy()
    assert set(statements) == {"Secret", "DecryptSecret"}
    assert statements["Secret"]["Action"] == ["secretsmanager:GetSecretValue"]
    assert statements["Secret"]["Resource"].endswith(":secret/database-proxy-login-0a1b2c3")
    assert statements["DecryptSecret"]["Resource"] == KEY_ARN
    assert statements["DecryptSecret"]["Condition"] == {
        "StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}
    }
    trust = result.one("iam/role:Role").policy("assumeRolePolicy")["Trust"]
    assert trust["Principal"] == {"Service": "rds.amazonaws.com"}


def test_it_reaches_the_database_and_nothing_else(run: Run) -> None:
    result = made(run)
    out, into = result.one("SecurityGroupEgressRule").inputs, result.one("SecurityGroupIngressRule").inputs
    assert (out["securityGroupId"], out["referencedSecurityGroupId"]) == ("database-proxy-group-id", "sg-database")
    assert (into["securityGroupId"], into["referencedSecurityGroupId"]) == ("sg-database", "database-proxy-group-id")
    assert {(one["fromPort"], one["toPort"], one["ipProtocol"]) for one in (out, into)} == {(5432, 5432, "tcp")}


def test_nothing_of_it_is_kept_when_it_goes(run: Run) -> None:
    assert [one.name for one in made(run).resources if one.protect] == []


def test_its_log_is_there_before_rds_makes_one(run: Run) -> None:
    result = made(run)
    log = result.one("LogGroup")
    assert (log.inputs["name"], log.inputs["kmsKeyId"]) == ("/aws/rds/proxy/database-proxy", KEY_ARN)
    needed = {log.urn, result.one("RolePolicy").urn, result.one("SecurityGroupEgressRule").urn}
    assert needed <= set(result.one("rds/proxy:Proxy").depends_on)


def test_its_address_is_known_once_it_leads_somewhere(run: Run) -> None:
    def program() -> None:
        ec2.SecurityGroup("waits", description=Proxy("database-proxy", ARGS).address)

    result = run(program)
    assert result.one("ProxyTarget").urn in result.one("SecurityGroup", "waits").depends_on


def test_availability_connections_and_pinned_sessions_are_watched(run: Run) -> None:
    found = made(run).alarms()
    assert set(found) == {f"database-proxy-{name}" for name in ("available", "connections", "pinned")}
    available = found["database-proxy-available"]
    assert (available["threshold"], available["treatMissingData"]) == (100, "breaching")
    assert available["dimensions"] == {
        "ProxyName": "database-proxy",
        "TargetGroup": "default",
        "TargetRole": "READ_WRITE",
    }
    connections = found["database-proxy-connections"]
    assert connections["threshold"] == 80
    # Before anyone has connected there is no figure, and nothing to divide by.
    assert connections["metricQueries"][0]["expression"] == "IF(allowed > 0, 100 * used / allowed, 0)"
    assert connections["treatMissingData"] == "notBreaching"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"share": 0}, "database proxy with 0 of the connections; allowed: 0.01 to 1"),
        ({"share": 0.001}, "database proxy with 0.001 of the connections; allowed: 0.01 to 1"),
        ({"share": 1.5}, "database proxy with 1.5 of the connections; allowed: 0.01 to 1"),
        ({"borrow_timeout_s": 0}, "database proxy that lets clients wait 0 s; allowed: 1 to 3600"),
        ({"borrow_timeout_s": 3601}, "database proxy that lets clients wait 3601 s; allowed: 1 to 3600"),
        ({"subnet_ids": ["subnet-1"]}, "database proxy in 1 subnets; at least 2 are needed, in 2 zones"),
    ],
)
def test_what_rds_refuses_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ComponentError) as caught:
        dataclasses.replace(ARGS, **changed)
    assert str(caught.value) == message
