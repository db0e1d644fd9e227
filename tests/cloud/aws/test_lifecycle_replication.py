"""S3: buckets whose objects are copied to another region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made

HOME, AWAY = "eu-west-1", "us-east-1"
BUCKET = "aws:s3/bucket:Bucket"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
KEY = "aws:kms/key:Key"
TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},'
    '"Action":"sts:AssumeRole"}]}'
)


def bucket(lab: Lab, name: str, region: str, status: str = "Enabled") -> Made:
    """A bucket; returns its versioning."""
    lab.create(BUCKET, bucket=name, region=region)
    return lab.create(VERSIONING, bucket=name, region=region, versioningConfiguration={"status": status})


@pytest.fixture
def buckets(lab: Lab) -> Made:
    bucket(lab, "floyo-away", AWAY)
    return bucket(lab, "floyo-home", HOME)


@pytest.fixture
def config(lab: Lab, buckets: Made) -> dict[str, Any]:
    key = lab.create(KEY, region=AWAY).outputs["arn"]
    everything = {
        "id": "everything",
        "status": "Enabled",
        "priority": 1,
        "filter": {"prefix": ""},
        "deleteMarkerReplication": {"status": "Enabled"},
        "sourceSelectionCriteria": {
            "replicaModifications": {"status": "Enabled"},
            "sseKmsEncryptedObjects": {"status": "Enabled"},
        },
        "destination": {
            "bucket": "arn:aws:s3:::floyo-away",
            "storageClass": "STANDARD_IA",
            "encryptionConfiguration": {"replicaKmsKeyId": key},
            "metrics": {"status": "Enabled", "eventThreshold": {"minutes": 15}},
            "replicationTime": {"status": "Enabled", "time": {"minutes": 15}},
        },
    }
    tagged = {
        "status": "Disabled",
        "priority": 2,
        "filter": {"and": {"prefix": "logs/", "tags": {"keep": "yes", "level": "high"}}},
        "deleteMarkerReplication": {"status": "Disabled"},
        "destination": {"bucket": "arn:aws:s3:::floyo-away"},
    }
    role = lab.create("aws:iam/role:Role", assumeRolePolicy=TRUST).outputs["arn"]
    return {"bucket": "floyo-home", "role": role, "rules": [everything, tagged]}


def test_replication_is_kept_whole(lab: Lab, config: dict[str, Any]) -> None:
    made = lab.create(REPLICATION, "replication", **config)
    assert made.id == "floyo-home"
    seen = lab.client("s3").get_bucket_replication(Bucket="floyo-home")["ReplicationConfiguration"]
    first, second = seen["Rules"]
    assert seen["Role"] == config["role"]
    assert first["DeleteMarkerReplication"] == {"Status": "Enabled"}
    assert first["Filter"] == {"Prefix": ""}
    assert first["SourceSelectionCriteria"]["SseKmsEncryptedObjects"] == {"Status": "Enabled"}
    assert first["SourceSelectionCriteria"]["ReplicaModifications"] == {"Status": "Enabled"}
    assert first["Destination"]["Metrics"]["EventThreshold"] == {"Minutes": 15}
    assert first["Destination"]["EncryptionConfiguration"]["ReplicaKmsKeyID"].startswith(f"arn:aws:kms:{AWAY}")
    assert second["Filter"]["And"]["Tags"] == [{"Key": "keep", "Value": "yes"}, {"Key": "level", "Value": "high"}]
    assert second["ID"], "S3 makes up a name"
    swapped = {**config, "rules": list(reversed(config["rules"]))}
    assert not lab.change(made, **swapped).changes, "the order is of no account"
    one = {**config, "rules": [{**config["rules"][0], "deleteMarkerReplication": {"status": "Disabled"}}]}
    changed = lab.update(made, **one)
    assert changed.outputs["rules"][0]["deleteMarkerReplication"] == {"status": "Disabled"}
    assert lab.replaced_by(changed, **{**one, "bucket": "floyo-away"}) == {"bucket"}
    lab.delete(changed)


def test_the_first_form_of_rules(lab: Lab, config: dict[str, Any]) -> None:
    old = {"status": "Enabled", "prefix": "a/", "destination": {"bucket": "arn:aws:s3:::floyo-away"}}
    lab.delete(lab.create(REPLICATION, **{**config, "rules": [old]}))


def test_a_change_outside_is_seen(lab: Lab, config: dict[str, Any]) -> None:
    made = lab.create(REPLICATION, **config)
    seen = lab.client("s3").get_bucket_replication(Bucket="floyo-home")["ReplicationConfiguration"]
    seen["Rules"] = [{**seen["Rules"][0], "Status": "Disabled"}]
    lab.client("s3").put_bucket_replication(Bucket="floyo-home", ReplicationConfiguration=seen)
    found = lab.read(made)
    assert found is not None
    assert [rule["status"] for rule in found.inputs["rules"]] == ["Disabled"]
    lab.client("s3").delete_bucket_replication(Bucket="floyo-home")
    assert lab.read(made) is None


def test_both_ways(lab: Lab, config: dict[str, Any]) -> None:
    lab.create(REPLICATION, "there", **config)
    back = {
        "status": "Enabled",
        "priority": 1,
        "filter": {},
        "deleteMarkerReplication": {"status": "Enabled"},
        "destination": {"bucket": "arn:aws:s3:::floyo-home"},
    }
    made = lab.create(REPLICATION, "back", region=AWAY, bucket="floyo-away", role=config["role"], rules=[back])
    assert made.outputs["region"] == AWAY


def test_versions_stay_while_they_are_copied(lab: Lab, buckets: Made, config: dict[str, Any]) -> None:
    made = lab.create(REPLICATION, **config)
    with pytest.raises(ProviderError, match="InvalidBucketState: A replication configuration is present"):
        lab.provider.delete(buckets.resource, buckets.id, buckets.inputs, buckets.outputs)
    lab.delete(made)
    lab.provider.delete(buckets.resource, buckets.id, buckets.inputs, buckets.outputs)


def test_replication_that_s3_refuses(lab: Lab, config: dict[str, Any]) -> None:
    bucket(lab, "floyo-plain", AWAY, "Disabled")
    home_key = lab.create(KEY).outputs["arn"]

    def to(name: str, **more: Any) -> dict[str, Any]:
        rule = config["rules"][0]
        destination = {**rule["destination"], "bucket": f"arn:aws:s3:::{name}", **more}
        return {**config, "rules": [{**rule, "destination": destination}]}

    for inputs, reason in (
        (to("floyo-nowhere"), "Destination bucket must exist"),
        (to("floyo-plain"), "Destination bucket must have versioning enabled"),
        (to("floyo-home"), "cannot be the source bucket"),
        (to("floyo-away", encryptionConfiguration={"replicaKmsKeyId": home_key}), "is not in us-east-1"),
        ({**config, "bucket": "floyo-plain", "region": AWAY}, "[Vv]ersioning must be"),
        ({**config, "role": config["role"] + "-gone"}, "there is no iam role"),
    ):
        with pytest.raises(ProviderError, match=reason):
            lab.create(REPLICATION, **inputs)
    gone = f"{home_key}0".replace(HOME, AWAY)
    with pytest.raises(ProviderError, match=f"there is no kms key {gone} in {AWAY}"):
        lab.create(REPLICATION, **to("floyo-away", encryptionConfiguration={"replicaKmsKeyId": gone}))
