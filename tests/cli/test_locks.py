"""Locks that AWS keeps itself."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from ascend.engine.locks import Lock, locks
from ascend.engine.model import Target
from ascend.engine.pulumi_cli import PulumiCliEngine
from ascend.errors import InputError

BALANCER_ARN = "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/lb/50dc6c495c0c9188"
DATABASE: dict[str, Any] = {
    "type": "aws:rds/instance:Instance",
    "urn": "urn:pulumi:dev::p::aws:rds/instance:Instance::db",
    "outputs": {"deletionProtection": True, "identifier": "p-dev", "arn": "arn:aws:rds:eu-west-1:1:db:p-dev"},
}
BALANCER: dict[str, Any] = {
    "type": "aws:lb/loadBalancer:LoadBalancer",
    "urn": "urn:pulumi:dev::p::aws:lb/loadBalancer:LoadBalancer::front",
    "outputs": {"enableDeletionProtection": True, "arn": BALANCER_ARN},
}
LOCKED = [
    pytest.param(DATABASE, Lock(DATABASE["type"], "db", "p-dev", "eu-west-1"), id="database"),
    pytest.param(BALANCER, Lock(BALANCER["type"], "front", BALANCER_ARN, "us-east-1"), id="load balancer"),
]


@pytest.mark.parametrize(("resource", "lock"), LOCKED)
def test_a_locked_resource_is_found_with_its_identity(resource: dict[str, Any], lock: Lock) -> None:
    assert locks([resource, {"type": "aws:s3/bucket:Bucket", "urn": "x"}]) == [lock]


@pytest.mark.parametrize("resource", [DATABASE, BALANCER])
def test_an_open_one_is_not(resource: dict[str, Any]) -> None:
    assert locks([{**resource, "outputs": dict.fromkeys(resource["outputs"], False)}]) == []
    assert locks([{**resource, "outputs": None}]) == []


@pytest.mark.parametrize(("resource", "lock"), LOCKED)
def test_the_users_account_and_proxy_are_not_asked(
    resource: dict[str, Any], lock: Lock, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[[[")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_CA_BUNDLE", "/no/such/bundle")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with pytest.raises(EndpointConnectionError, match=r"127\.0\.0\.1:1/"):
        lock.open("http://127.0.0.1:1")


def test_on_a_real_account_the_owner_opens_it(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: "/bin/true")
    with pytest.raises(InputError, match=r"db has deletion protection .*pulumi refresh") as refused:
        PulumiCliEngine()._unlock({"resources": [DATABASE, BALANCER]}, Target(tmp_path, "dev"))
    told = str(refused.value)
    assert "aws rds modify-db-instance --no-deletion-protection " in told
    assert "aws elbv2 modify-load-balancer-attributes --attributes Key=deletion_protection.enabled,Value=false " in told
    assert f"--load-balancer-arn {BALANCER_ARN} --region us-east-1" in told
