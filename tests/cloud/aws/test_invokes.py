"""The functions of the aws provider."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend

from ascend.cloud.aws import references, types
from ascend.cloud.aws.invokes import zones
from ascend.cloud.aws.provider import AwsProvider
from ascend.cloud.provider import ProviderError


def call(token: str, /, **args: Any) -> dict[str, Any]:
    return AwsProvider().invoke(token, args, {"region": "eu-west-1"})


def test_who_and_where() -> None:
    assert call("aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == "123456789012"
    assert call("aws:index/getRegion:getRegion")["region"] == "eu-west-1"
    assert call("aws:index/getRegion:getRegion", region="us-east-1")["name"] == "us-east-1"
    assert call("aws:index/getPartition:getPartition")["dnsSuffix"] == "amazonaws.com"


def test_zones() -> None:
    found = call("aws:index/getAvailabilityZones:getAvailabilityZones", state="available", excludeNames=["eu-west-1c"])
    assert found["names"] == ["eu-west-1a", "eu-west-1b"]
    assert found["zoneIds"] == ["euw1-az3", "euw1-az1"]
    with pytest.raises(ProviderError, match="no availability zones for mars-1"):
        zones("mars-1")


def test_the_zones_are_those_of_moto() -> None:
    for region, there in RegionsAndZonesBackend.zones.items():
        assert zones(region) == [(zone.name, zone.zone_id) for zone in there if zone.zone_type == "availability-zone"]


def test_policy_documents() -> None:
    found = call(
        "aws:iam/getPolicyDocument:getPolicyDocument",
        statements=[
            {
                "sid": "A",
                "actions": ["s3:PutObject", "s3:GetObject"],
                "resources": ["*"],
                "principals": [{"type": "AWS", "identifiers": ["x"]}, {"type": "Service", "identifiers": ["a", "b"]}],
                "conditions": [{"test": "StringEquals", "variable": "aws:x", "values": ["1"]}],
            },
            {
                "effect": "Deny",
                "notActions": ["iam:*"],
                "notResources": ["y"],
                "principals": [{"type": "*", "identifiers": ["*"]}],
            },
        ],
    )
    assert json.loads(found["json"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "A",
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": "*",
                "Principal": {"AWS": "x", "Service": ["a", "b"]},
                "Condition": {"StringEquals": {"aws:x": "1"}},
            },
            {"Effect": "Deny", "NotAction": "iam:*", "NotResource": "y", "Principal": "*"},
        ],
    }
    assert json.loads(found["minifiedJson"]) == json.loads(found["json"])


def test_others_are_refused_by_name() -> None:
    with pytest.raises(ProviderError, match=r"aws:ec2/getAmi:getAmi is not emulated.*getCallerIdentity"):
        call("aws:ec2/getAmi:getAmi")
    with pytest.raises(ProviderError, match="is not an AWS region"):
        call("aws:index/getRegion:getRegion", name="nowhere")


def test_every_reference_row_is_a_known_kind() -> None:
    table = references._table()
    named = {kind.removesuffix(references._ANYWHERE) for kind in table["properties"].values()}
    assert named <= {*table["kinds"], "none"}
    made = {kind.kind for kind in types.REGISTRY.values() if kind.kind}
    assert {name for name, row in table["kinds"].items() if "operation" in row} <= made
