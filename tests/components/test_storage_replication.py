"""Replication of buckets: what is copied, with which key, by a role that may do nothing else, and what is watched."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from components.errors import ComponentError
from components.storage_replication import (
    Destination,
    SourceBucket,
    StorageReplication,
    StorageReplicationArgs,
)
from tests.components.support import ACCOUNT, KEY_ARN, SCOPE, TOPIC_ARN

if TYPE_CHECKING:
    from tests.components.support import Registered, Run

NAME = "floyo-dev-replication-use1"
OTHER_KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/mrk-1"
OTHER_TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:alarms"


def bucket(name: str) -> SourceBucket:
    return SourceBucket(name=name, arn=f"arn:aws:s3:::{name}")


IRELAND = Destination(
    code="euw1",
    region="eu-west-1",
    key_arn=OTHER_KEY,
    topic_arn=OTHER_TOPIC,
    buckets={"files": bucket("files-eu"), "archive": bucket("old-eu")},
)
TOKYO = Destination(
    code="apne1",
    region="ap-northeast-1",
    key_arn="arn:tokyo",
    topic_arn="arn:tokyo-alarms",
    buckets={"files": bucket("files-ap")},
)
ARGS = StorageReplicationArgs(
    scope=SCOPE,
    key_arn=KEY_ARN,
    topic_arn=TOPIC_ARN,
    buckets={"files": bucket("files-us"), "archive": bucket("old-us")},
    destinations=[IRELAND],
)


def made(run: Run, **changed: Any) -> Registered:
    return run(lambda: StorageReplication(NAME, dataclasses.replace(ARGS, **changed)))


def test_everything_new_is_copied_under_the_other_regions_key(run: Run) -> None:
    result = made(run)
    config = result.one("BucketReplicationConfig", f"{NAME}-files").inputs
    (rule,) = config["rules"]
    assert (config["bucket"], config["region"]) == ("files-us", "us-east-1")
    assert (rule["id"], rule["status"], rule["priority"], rule["filter"]) == ("euw1", "Enabled", 1, {"prefix": ""})
    assert rule["destination"]["bucket"] == "arn:aws:s3:::files-eu"
    assert rule["destination"]["encryptionConfiguration"] == {"replicaKmsKeyId": OTHER_KEY}
    assert rule["sourceSelectionCriteria"]["sseKmsEncryptedObjects"] == {"status": "Enabled"}


def test_deletions_and_changes_of_a_copy_are_copied_too(run: Run) -> None:
    (rule,) = made(run).one("BucketReplicationConfig", f"{NAME}-archive").inputs["rules"]
    assert rule["deleteMarkerReplication"] == {"status": "Enabled"}
    assert rule["sourceSelectionCriteria"]["replicaModifications"] == {"status": "Enabled"}


def test_a_bucket_has_one_configuration_with_a_rule_for_each_region(run: Run) -> None:
    result = made(run, destinations=[IRELAND, TOKYO])
    rules = {
        one.name.removeprefix(f"{NAME}-"): [(rule["id"], rule["priority"]) for rule in one.inputs["rules"]]
        for one in result.of("BucketReplicationConfig")
    }
    assert rules == {"files": [("euw1", 1), ("apne1", 2)], "archive": [("euw1", 1)]}


def test_its_role_reads_here_writes_there_and_uses_both_keys_through_s3_only(run: Run) -> None:
    result = made(run)
    (trust,) = result.one("iam/role:Role").policy("assumeRolePolicy").values()
    assert trust["Principal"] == {"Service": "s3.amazonaws.com"}
    policy = result.one("iam/rolePolicy:RolePolicy").policy()
    assert set(policy) == {"Rules", "Read", "Decrypt", "WriteEuw1", "EncryptEuw1"}
    assert set(policy["Rules"]["Resource"]) == {"arn:aws:s3:::files-us", "arn:aws:s3:::old-us"}
    assert set(policy["Read"]["Resource"]) == {"arn:aws:s3:::files-us/*", "arn:aws:s3:::old-us/*"}
    assert set(policy["WriteEuw1"]["Resource"]) == {"arn:aws:s3:::files-eu/*", "arn:aws:s3:::old-eu/*"}
    assert (policy["Decrypt"]["Action"], policy["Decrypt"]["Resource"]) == (["kms:Decrypt"], KEY_ARN)
    assert policy["Decrypt"]["Condition"]["StringEquals"] == {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
    # With a bucket key S3 encrypts for the bucket, without one for the object.
    sources = ["arn:aws:s3:::files-us", "arn:aws:s3:::old-us"]
    assert policy["Decrypt"]["Condition"]["ArnLike"] == {
        "kms:EncryptionContext:aws:s3:arn": [*sources, *(f"{arn}/*" for arn in sources)]
    }
    assert policy["EncryptEuw1"]["Resource"] == OTHER_KEY
    assert policy["EncryptEuw1"]["Condition"]["StringEquals"]["kms:ViaService"] == "s3.eu-west-1.amazonaws.com"
    assert not [action for one in policy.values() for action in one["Action"] if "*" in action]


def test_rules_come_after_what_the_role_may_do(run: Run) -> None:
    result = made(run)
    allowed = result.one("iam/rolePolicy:RolePolicy").urn
    assert all(allowed in one.depends_on for one in result.of("BucketReplicationConfig"))


def test_failures_and_delays_are_alarms_on_metrics_that_are_switched_on(run: Run) -> None:
    result = made(run)
    for config in result.of("BucketReplicationConfig"):
        assert config.inputs["rules"][0]["destination"]["metrics"] == {"status": "Enabled"}
    alarms = {name.removeprefix(f"{NAME}-"): one for name, one in result.alarms().items()}
    assert set(alarms) == {f"{key}-euw1-{kind}" for key in ("files", "archive") for kind in ("failed", "late")}
    failed, late = alarms["files-euw1-failed"], alarms["files-euw1-late"]
    assert (failed["metricName"], failed["statistic"], failed["threshold"]) == ("OperationsFailedReplication", "Sum", 0)
    assert (late["metricName"], late["statistic"], late["threshold"]) == ("ReplicationLatency", "Maximum", 900)
    assert failed["dimensions"] == {"SourceBucket": "files-us", "DestinationBucket": "files-eu", "RuleId": "euw1"}
    assert {one["treatMissingData"] for one in alarms.values()} == {"notBreaching"}
    # Each where S3 publishes its metric: an alarm elsewhere would be silent for good.
    assert (failed["region"], failed["alarmActions"]) == ("us-east-1", [TOPIC_ARN])
    assert (late["region"], late["alarmActions"]) == ("eu-west-1", [OTHER_TOPIC])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"destinations": []}, "bucket 'files' is to be replicated, but nowhere to"),
        ({"destinations": [TOKYO]}, "bucket 'archive' is to be replicated, but nowhere to"),
        (
            {"destinations": [dataclasses.replace(IRELAND, region="us-east-1")]},
            "buckets of 'us-east-1' are to be replicated to their own region",
        ),
    ],
)
def test_copies_to_nowhere_are_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ComponentError) as caught:
        dataclasses.replace(ARGS, **changed)
    assert str(caught.value) == message
