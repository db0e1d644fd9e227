"""What another object names must exist, in the same region, for every type in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud import schema
from ascend.cloud.aws import references, types
from ascend.cloud.aws.api import Api
from ascend.cloud.aws.provider import AwsProvider
from ascend.cloud.provider import ProviderError, Resource
from tests.cloud.aws import elsewhere
from tests.cloud.aws.test_refusals import GOOD

if TYPE_CHECKING:
    from tests.cloud.lab import Lab

PLANNER = AwsProvider()
TABLE = references._table()
ASKED = sorted(kind for kind, row in TABLE["kinds"].items() if "operation" in row and row["regional"])


@pytest.mark.parametrize(("token", "change", "path"), elsewhere.BY_ARN, ids=str)
def test_an_arn_of_another_region_is_refused(token: str, change: dict[str, Any], path: str) -> None:
    inputs = {name: value for name, value in {**GOOD[token], **change}.items() if value is not None}
    resource = Resource("urn", token, "it", {"region": "eu-west-1"})
    failures = {one.property: one.reason for one in PLANNER.check(resource, {}, inputs, bytes(32))[1]}
    assert path in failures, failures
    assert "eu-west-1" in failures[path]
    moved = {**inputs, "region": "us-east-1"}
    assert path not in [one.property for one in PLANNER.check(resource, {}, moved, bytes(32))[1]]


def test_every_kind_is_used_and_every_property_has_a_kind() -> None:
    named = {kind.removesuffix("@arn") for kind in TABLE["properties"].values()} - {"none"}
    assert named == set(TABLE["kinds"])


def test_every_property_is_one_of_the_types() -> None:
    """A name that the SDK does not have would never be asked for."""
    there: set[str] = set()
    for token in types.TOKENS:
        known = schema.load(token)
        assert known is not None
        kinds = [known.inputs, *(known.object_of(f"#{name}") for name in known.objects)]
        names = {name for kind in kinds if kind for name in kind.properties}
        there |= names | {f"{token}#{name}" for name in names}
    assert [name for name in TABLE["properties"] if name not in there] == []


@pytest.mark.parametrize("kind", ASKED)
def test_what_is_only_in_another_region_is_not_found(lab: Lab, kind: str) -> None:
    """The same question, asked in the region where the object is and in one where it is not."""
    from tests.cloud.aws.makers import MAKERS  # noqa: PLC0415 -- only these tests make anything

    value = MAKERS[kind](lab, "us-east-1")
    token, name = next(
        (name.partition("#") if "#" in name else (_user_of(name), "", name))[::2]
        for name, named in TABLE["properties"].items()
        if named == kind
    )
    assert references_to(lab, token, name, value, "us-east-1") == ""
    assert f"there is no {kind.replace('-', ' ')} {value} in eu-west-1" in references_to(
        lab, token, name, value, "eu-west-1"
    )


def _user_of(name: str) -> str:
    """A type that has the property."""
    for token in types.TOKENS:
        known = schema.load(token)
        if known is not None and name in known.inputs.properties:
            return token
    return types.TOKENS[0]


def references_to(lab: Lab, token: str, name: str, value: str, region: str) -> str:
    """What `Existing.require` says of a reference, nothing where it finds the object."""
    known = schema.load(token)
    assert known is not None
    api = Api(lab.cloud, region, types.REGISTRY[token].service, known, f"{token} it")
    try:
        references.Existing().require(api, {name: value})
    except ProviderError as error:
        return str(error)
    return ""


def test_a_bucket_of_another_region_is_not_configured(lab: Lab) -> None:
    lab.create("aws:s3/bucket:Bucket", bucket="floyo-away", region="us-east-1")
    with pytest.raises(ProviderError, match="the bucket floyo-away is in us-east-1; the resource is in eu-west-1"):
        lab.create(
            "aws:s3/bucketVersioning:BucketVersioning",
            bucket="floyo-away",
            versioningConfiguration={"status": "Enabled"},
        )


def test_a_queue_of_another_region_is_not_configured(lab: Lab) -> None:
    queue = lab.create("aws:sqs/queue:Queue", name="work", region="us-east-1")
    policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}]}'
    with pytest.raises(ProviderError, match="queue does not exist"):
        lab.create("aws:sqs/queuePolicy:QueuePolicy", queueUrl=queue.id, policy=policy)


def test_an_api_of_another_region_is_not_found(lab: Lab) -> None:
    api = lab.create("aws:apigatewayv2/api:Api", protocolType="HTTP", region="us-east-1").id
    with pytest.raises(ProviderError, match="NotFoundException"):
        lab.create("aws:apigatewayv2/stage:Stage", apiId=api, name="$default")


def test_what_was_deleted_is_asked_for_again(lab: Lab) -> None:
    vpc = lab.create("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")
    lab.delete(vpc)
    with pytest.raises(ProviderError, match="there is no vpc"):
        lab.create("aws:ec2/subnet:Subnet", vpcId=vpc.id, cidrBlock="10.0.0.0/24")
