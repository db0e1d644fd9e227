"""What stands in more than one region: copies of keys, and peering."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made

HOME, AWAY = "eu-west-1", "us-east-1"
KEY = "aws:kms/key:Key"
REPLICA_KEY = "aws:kms/replicaKey:ReplicaKey"
ALIAS = "aws:kms/alias:Alias"
VPC = "aws:ec2/vpc:Vpc"
PEERING = "aws:ec2/vpcPeeringConnection:VpcPeeringConnection"
ACCEPTER = "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter"
OPTIONS = "aws:ec2/peeringConnectionOptions:PeeringConnectionOptions"
POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}]}'


@pytest.fixture
def key(lab: Lab) -> Made:
    return lab.create(KEY, "key", multiRegion=True, enableKeyRotation=True, policy=POLICY, tags={"a": "b"})


@pytest.fixture
def away_key(lab: Lab, key: Made) -> Made:
    return lab.create(REPLICA_KEY, "copy", region=AWAY, primaryKeyArn=key.outputs["arn"], policy=POLICY)


# Keys


def test_a_copy_of_a_key(lab: Lab, key: Made) -> None:
    inputs = {"region": AWAY, "primaryKeyArn": key.outputs["arn"]}
    made = lab.create(REPLICA_KEY, "copy", **inputs, description="there", policy=POLICY, tags={"c": "d"})
    assert made.id == key.id
    assert made.outputs["arn"] == key.outputs["arn"].replace(HOME, AWAY)
    assert made.outputs["keyRotationEnabled"] is True
    assert made.outputs["keyUsage"] == "ENCRYPT_DECRYPT"
    primary = lab.client("kms").describe_key(KeyId=key.id)["KeyMetadata"]
    copy = lab.client("kms", AWAY).describe_key(KeyId=key.id)["KeyMetadata"]
    assert primary["MultiRegionConfiguration"]["MultiRegionKeyType"] == "PRIMARY"
    assert copy["MultiRegionConfiguration"]["MultiRegionKeyType"] == "REPLICA"
    assert [row["Region"] for row in primary["MultiRegionConfiguration"]["ReplicaKeys"]] == [AWAY]
    lab.assert_settled(
        key,
        {name: value for name, value in key.inputs.items() if name in {"multiRegion", "tags"}}
        | {"enableKeyRotation": True, "policy": POLICY},
    )
    alias = lab.create(ALIAS, region=AWAY, name="alias/floyo", targetKeyId=made.outputs["keyId"])
    changed = lab.update(made, **inputs, description="here", tags={"e": "f"}, enabled=False)
    assert lab.client("kms", AWAY).describe_key(KeyId=key.id)["KeyMetadata"]["Enabled"] is False
    assert lab.client("kms").describe_key(KeyId=key.id)["KeyMetadata"]["Enabled"] is True
    other = lab.create(KEY, multiRegion=True).outputs["arn"]
    assert lab.replaced_by(changed, region=AWAY, primaryKeyArn=other) == {"primaryKeyArn"}
    lab.delete(alias)
    lab.delete(changed)


def test_a_primary_waits_for_its_copies(lab: Lab, key: Made, away_key: Made) -> None:
    lab.delete(key)
    assert lab.client("kms").describe_key(KeyId=key.id)["KeyMetadata"]["KeyState"] == "PendingReplicaDeletion"
    lab.delete(away_key)


def test_copies_that_kms_refuses(lab: Lab, key: Made, away_key: Made) -> None:
    plain = lab.create(KEY).outputs["arn"]
    assert [one.property for one in lab.failures(REPLICA_KEY, region=AWAY, primaryKeyArn=plain)] == ["primaryKeyArn"]
    here = lab.failures(REPLICA_KEY, region=HOME, primaryKeyArn=key.outputs["arn"])
    assert "in eu-west-1 itself" in here[0].reason
    with pytest.raises(ProviderError, match="AlreadyExistsException"):
        lab.create(REPLICA_KEY, region=AWAY, primaryKeyArn=key.outputs["arn"])
    with pytest.raises(ProviderError, match="is not a multi-Region primary key"):
        lab.create(REPLICA_KEY, region="eu-central-1", primaryKeyArn=away_key.outputs["arn"])
    nobody = key.outputs["arn"].replace("mrk-", "mrk-0")
    with pytest.raises(ProviderError, match="there is no kms key"):
        lab.create(REPLICA_KEY, region="eu-central-1", primaryKeyArn=nobody)
    kms = lab.client("kms", AWAY)
    with pytest.raises(kms.exceptions.ClientError, match="its primary key is rotated"):
        kms.disable_key_rotation(KeyId=key.id)


# Peering


@pytest.fixture
def vpcs(lab: Lab) -> tuple[str, str]:
    home = lab.create(VPC, cidrBlock="10.0.0.0/16", enableDnsHostnames=True).id
    return home, lab.create(VPC, region=AWAY, cidrBlock="10.1.0.0/16", enableDnsHostnames=True).id


def test_peering_across_regions(lab: Lab, vpcs: tuple[str, str]) -> None:
    ends = {"vpcId": vpcs[1], "peerVpcId": vpcs[0], "peerRegion": HOME, "region": AWAY}
    asked = lab.create(PEERING, "peering", **ends, tags={"a": "b"})
    assert asked.id.startswith("pcx-")
    assert asked.outputs["acceptStatus"] == "pending-acceptance"
    with pytest.raises(ProviderError, match="is not active"):
        lab.create(
            OPTIONS, vpcPeeringConnectionId=asked.id, region=AWAY, requester={"allowRemoteVpcDnsResolution": True}
        )
    accepted = lab.create(
        ACCEPTER, "accepter", vpcPeeringConnectionId=asked.id, region=HOME, autoAccept=True, tags={"c": "d"}
    )
    assert accepted.id == asked.id
    assert accepted.outputs["acceptStatus"] == "active"
    assert accepted.outputs["vpcId"] == vpcs[1]
    seen = lab.read(asked)
    assert seen is not None
    assert seen.outputs["acceptStatus"] == "active"
    assert seen.outputs["tags"] == {"a": "b"}
    both = {"vpcPeeringConnectionId": asked.id, "requester": {"allowRemoteVpcDnsResolution": True}}
    options = lab.create(OPTIONS, region=AWAY, **both)
    assert options.outputs["requester"] == {"allowRemoteVpcDnsResolution": True}
    with pytest.raises(ProviderError, match="can be modified in us-east-1 only"):
        lab.create(OPTIONS, region=HOME, **both)
    own = lab.create(
        OPTIONS, region=HOME, vpcPeeringConnectionId=asked.id, accepter={"allowRemoteVpcDnsResolution": True}
    )
    off = {"allowRemoteVpcDnsResolution": False}
    assert lab.update(own, region=HOME, vpcPeeringConnectionId=asked.id, accepter=off).outputs["accepter"] == off
    described = lab.client("ec2").describe_vpc_peering_connections()["VpcPeeringConnections"][0]
    assert described["Tags"] == [{"Key": "c", "Value": "d"}]
    assert described["RequesterVpcInfo"]["Region"] == AWAY
    assert lab.replaced_by(asked, **{**ends, "peerVpcId": "vpc-1"}) == {"peerVpcId"}
    assert not lab.update(asked, **ends, tags={"e": "f"}).outputs["tags"].keys() & {"a"}
    lab.delete(asked)
    assert lab.read(accepted) is None


def test_routes_to_the_other_region(lab: Lab, vpcs: tuple[str, str]) -> None:
    asked = lab.create(PEERING, vpcId=vpcs[1], peerVpcId=vpcs[0], peerRegion=HOME, region=AWAY)
    lab.create(ACCEPTER, vpcPeeringConnectionId=asked.id, autoAccept=True)
    for region, vpc, block in ((HOME, vpcs[0], "10.1.0.0/16"), (AWAY, vpcs[1], "10.0.0.0/16")):
        table = lab.create("aws:ec2/routeTable:RouteTable", region=region, vpcId=vpc)
        route = lab.create(
            "aws:ec2/route:Route",
            region=region,
            routeTableId=table.id,
            destinationCidrBlock=block,
            vpcPeeringConnectionId=asked.id,
        )
        assert route.outputs["state"] == "active"
    with pytest.raises(ProviderError, match="there is no peering connection pcx-1 in us-east-1"):
        lab.create(
            "aws:ec2/route:Route",
            region=AWAY,
            routeTableId=table.id,
            destinationCidrBlock="10.2.0.0/16",
            vpcPeeringConnectionId="pcx-1",
        )


def test_peering_that_ec2_refuses(lab: Lab, vpcs: tuple[str, str]) -> None:
    twin = lab.create(VPC, region=AWAY, cidrBlock="10.0.128.0/20").id
    with pytest.raises(ProviderError, match="overlapping CIDR range"):
        lab.create(PEERING, vpcId=vpcs[0], peerVpcId=twin, peerRegion=AWAY)
    with pytest.raises(ProviderError, match=r"there is no vpc .* in us-east-1"):
        lab.create(PEERING, vpcId=vpcs[0], peerVpcId=vpcs[1], peerRegion=HOME, region=AWAY)
    with pytest.raises(ProviderError, match=rf"InvalidVpcID.NotFound.*{vpcs[1]}"):
        lab.create(PEERING, vpcId=vpcs[0], peerVpcId=vpcs[1])
    asked = lab.create(PEERING, vpcId=vpcs[0], peerVpcId=vpcs[1], peerRegion=AWAY)
    with pytest.raises(ProviderError, match="AlreadyExists"):
        lab.create(PEERING, vpcId=vpcs[0], peerVpcId=vpcs[1], peerRegion=AWAY)
    with pytest.raises(ProviderError, match="OperationNotPermitted"):
        lab.create(ACCEPTER, vpcPeeringConnectionId=asked.id, autoAccept=True)
    with pytest.raises(ProviderError, match="there is no peering connection pcx-0 in"):
        lab.create(ACCEPTER, vpcPeeringConnectionId="pcx-0", autoAccept=True)


def test_peering_within_a_region_is_accepted_at_once(lab: Lab, vpcs: tuple[str, str]) -> None:
    other = lab.create(VPC, cidrBlock="10.2.0.0/16").id
    on = {"allowRemoteVpcDnsResolution": True}
    made = lab.create(PEERING, vpcId=vpcs[0], peerVpcId=other, autoAccept=True, accepter=on)
    assert made.outputs["acceptStatus"] == "active"
    assert (made.outputs["accepter"], made.outputs["requester"]["allowRemoteVpcDnsResolution"]) == (on, False)
    lab.delete(made)
