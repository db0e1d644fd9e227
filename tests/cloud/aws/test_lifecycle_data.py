"""KMS, IAM, S3 and Secrets Manager."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made

KEY = "aws:kms/key:Key"
ROLE = "aws:iam/role:Role"
BUCKET = "aws:s3/bucket:Bucket"
SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"


def document(*actions: str, **others: Any) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*", **others}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
        ],
    }
)


@pytest.fixture
def bucket(lab: Lab) -> Made:
    return lab.create(BUCKET, "floyo-Events", tags={"a": "b"})


@pytest.fixture
def key(lab: Lab) -> Made:
    return lab.create(KEY, description="all", multiRegion=True, enableKeyRotation=True, tags={"a": "b"})


def test_key(lab: Lab, key: Made) -> None:
    assert key.id.startswith("mrk-")
    assert key.outputs["arn"].endswith(f"key/{key.id}")
    common = {"description": "all", "multiRegion": True}
    assert lab.replaced_by(key, description="all") == set(), "computed: AWS keeps it"
    assert lab.replaced_by(key, description="all", multiRegion=False) == {"multiRegion"}
    policy = document("kms:*", Principal={"AWS": "arn:aws:iam::123456789012:root"})
    changed = lab.update(key, **common, enableKeyRotation=False, policy=policy, isEnabled=False, tags={"c": "d"})
    seen = lab.client("kms").describe_key(KeyId=key.id)["KeyMetadata"]
    assert seen["Enabled"] is False
    changed = lab.update(changed, **common, policy=policy, enableKeyRotation=True, rotationPeriodInDays=180)
    assert changed.outputs["rotationPeriodInDays"] == 180
    assert not lab.change(
        changed,
        **common,
        enableKeyRotation=True,
        rotationPeriodInDays=180,
        policy=json.dumps(json.loads(policy), indent=2),
    ).changes
    lab.delete(changed)
    assert lab.client("kms").describe_key(KeyId=key.id)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_alias(lab: Lab, key: Made) -> None:
    other = lab.create(KEY)
    made = lab.create("aws:kms/alias:Alias", name="alias/floyo", targetKeyId=key.id)
    assert made.outputs["targetKeyArn"] == key.outputs["arn"]
    assert lab.replaced_by(made, name="alias/other", targetKeyId=key.id) == {"name"}
    lab.delete(lab.update(made, name="alias/floyo", targetKeyId=other.outputs["arn"]))


def test_role_and_its_policies(lab: Lab) -> None:
    role = lab.create(ROLE, "task", assumeRolePolicy=TRUST, description="Tasks", tags={"a": "b"})
    assert role.id.startswith("task-")
    assert role.outputs["arn"] == f"arn:aws:iam::123456789012:role/{role.id}"
    assert lab.replaced_by(role, assumeRolePolicy=TRUST, name="other") == {"name"}
    reordered = json.dumps(dict(reversed(json.loads(TRUST).items())))
    assert not lab.change(role, assumeRolePolicy=reordered, description="Tasks", tags={"a": "b"}).changes
    role = lab.update(role, assumeRolePolicy=TRUST, description="All tasks", maxSessionDuration=7200, tags={})
    inline = lab.create("aws:iam/rolePolicy:RolePolicy", role=role.id, policy=document("s3:GetObject"))
    assert inline.id.startswith(f"{role.id}:")
    with pytest.raises(ProviderError, match="DeleteConflict"):
        lab.delete(role)
    inline = lab.update(inline, role=role.id, policy=document("s3:PutObject"))
    managed = lab.create("aws:iam/policy:Policy", "reader", policy=document("s3:GetObject"), tags={"a": "b"})
    for number in range(6):  # AWS keeps five versions
        managed = lab.update(managed, policy=document(f"s3:GetObject{number}"), tags={"a": "b"})
    link = lab.create(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment", role=role.id, policyArn=managed.outputs["arn"]
    )
    with pytest.raises(ProviderError, match="DeleteConflict"):
        lab.provider.delete(managed.resource, managed.id, managed.inputs, managed.outputs)
    assert lab.replaced_by(link, role="other", policyArn=managed.outputs["arn"]) == {"role"}
    for made in (link, managed, inline, role):
        lab.delete(made)


def test_a_policy_given_as_an_object_is_kept_as_text(lab: Lab) -> None:
    role = lab.create(ROLE, assumeRolePolicy=TRUST)
    made = lab.create("aws:iam/rolePolicy:RolePolicy", role=role.id, policy=json.loads(document("s3:GetObject")))
    assert json.loads(made.outputs["policy"])["Statement"][0]["Action"] == ["s3:GetObject"]


def test_bucket(lab: Lab, bucket: Made) -> None:
    assert bucket.id.startswith("floyo-events-")
    assert bucket.outputs["arn"] == f"arn:aws:s3:::{bucket.id}"
    assert bucket.outputs["bucketRegionalDomainName"] == f"{bucket.id}.s3.eu-west-1.amazonaws.com"
    assert lab.replaced_by(bucket, bucket="another-one") == {"bucket"}
    client = lab.client("s3")
    assert client.get_bucket_location(Bucket=bucket.id)["LocationConstraint"] == "eu-west-1"
    client.put_object(Bucket=bucket.id, Key="x", Body=b"y")
    with pytest.raises(ProviderError, match="BucketNotEmpty"):
        lab.delete(bucket)
    bucket = lab.update(bucket, forceDestroy=True, tags={})
    lab.delete(bucket)


def test_bucket_in_the_first_region_has_no_constraint(lab: Lab) -> None:
    lab.region = "us-east-1"
    lab.delete(lab.create(BUCKET, "plain"))


PARTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        {"blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True, "restrictPublicBuckets": True},
        {"blockPublicAcls": False},
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (
        {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
        {"rule": {"objectOwnership": "ObjectWriter"}},
    ),
    "aws:s3/bucketPolicy:BucketPolicy": (
        {"policy": document("s3:GetObject", Principal="*")},
        {"policy": document("s3:PutObject", Principal="*")},
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}, "bucketKeyEnabled": True}]},
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        {
            "rules": [
                {
                    "id": "uploads",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
                },
                {
                    "id": "archive",
                    "status": "Enabled",
                    "filter": {"prefix": "events/"},
                    "transitions": [{"days": 90, "storageClass": "GLACIER"}],
                    "expiration": {"days": 400},
                },
                {
                    "id": "old",
                    "status": "Enabled",
                    "filter": {"and": {"prefix": "a/", "tags": {"x": "y"}}},
                    "noncurrentVersionExpiration": {"noncurrentDays": 30},
                },
            ]
        },
        {"rules": [{"id": "all", "status": "Enabled", "expiration": {"days": 1}}]},
    ),
}


@pytest.mark.parametrize("kind", PARTS)
def test_parts_of_a_bucket(lab: Lab, bucket: Made, kind: str) -> None:
    first, second = PARTS[kind]
    made = lab.create(kind, bucket=bucket.id, **first)
    assert made.id == bucket.id
    assert lab.replaced_by(made, **{**first, "bucket": "another-bucket"}) == {"bucket"}
    changed = lab.update(made, bucket=bucket.id, **second)
    lab.provider.delete(changed.resource, changed.id, changed.inputs, changed.outputs)
    if "Ownership" not in kind:
        assert lab.read(changed) is None
    lab.delete(bucket)
    lab.provider.delete(changed.resource, changed.id, changed.inputs, changed.outputs)


def test_versioning_and_logging(lab: Lab, bucket: Made) -> None:
    kind = "aws:s3/bucketVersioning:BucketVersioning"
    made = lab.create(kind, bucket=bucket.id, versioningConfiguration={"status": "Enabled"})
    changed = lab.update(made, bucket=bucket.id, versioningConfiguration={"status": "Suspended"})
    assert lab.client("s3").get_bucket_versioning(Bucket=bucket.id)["Status"] == "Suspended"
    target = lab.create(BUCKET, "logs")
    logging = "aws:s3/bucketLogging:BucketLogging"
    lab.client("s3").put_bucket_acl(Bucket=target.id, ACL="log-delivery-write")
    made = lab.create(logging, bucket=bucket.id, targetBucket=target.id, targetPrefix="a/")
    lab.delete(lab.update(made, bucket=bucket.id, targetBucket=target.id, targetPrefix="b/"))
    lab.delete(bucket)
    lab.provider.delete(changed.resource, changed.id, changed.inputs, changed.outputs)


def test_parts_need_their_bucket(lab: Lab) -> None:
    with pytest.raises(ProviderError, match="NoSuchBucket"):
        lab.create(
            "aws:s3/bucketVersioning:BucketVersioning", bucket="nowhere", versioningConfiguration={"status": "Enabled"}
        )


def test_secret_and_its_value(lab: Lab, key: Made) -> None:
    secret = lab.create(SECRET, "database", kmsKeyId=key.outputs["arn"], description="x", tags={"a": "b"})
    assert secret.id == secret.outputs["arn"]
    assert secret.outputs["name"].startswith("database-")
    version = lab.create(VERSION, secretId=secret.id, secretString='{"username":"a"}')
    assert version.outputs["arn"] == secret.id
    assert lab.replaced_by(version, secretId=secret.id, secretString="other") == {"secretString"}
    second = lab.create(VERSION, secretId=secret.id, secretString="other")
    assert lab.client("secretsmanager").get_secret_value(SecretId=secret.id)["SecretString"] == "other"
    lab.provider.delete(version.resource, version.id, version.inputs, version.outputs)
    lab.provider.delete(second.resource, second.id, second.inputs, second.outputs)
    secret = lab.update(secret, kmsKeyId=key.outputs["arn"], description="y", tags={})
    lab.delete(secret)
    assert "DeletedDate" in lab.client("secretsmanager").describe_secret(SecretId=secret.id)
    name = secret.outputs["name"]
    with pytest.raises(ProviderError, match=r"scheduled for deletion|already exists"):
        lab.create(SECRET, name=name)


def test_a_secret_without_recovery_is_gone_at_once(lab: Lab) -> None:
    secret = lab.create(SECRET, name="short", recoveryWindowInDays=0)
    lab.delete(secret)
    lab.create(SECRET, name="short")


def test_a_key_of_another_region_is_refused(lab: Lab) -> None:
    arn = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    assert [failure.property for failure in lab.failures(SECRET, kmsKeyId=arn)] == ["kmsKeyId"]
