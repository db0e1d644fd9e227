"""Buckets: private, encrypted, versioned, with a lifecycle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from components.storage import ArchiveRule, BucketArgs, Storage, StorageArgs
from tests.components.support import KEY_ARN, SCOPE

if TYPE_CHECKING:
    from tests.components.support import Registered, Run

ARCHIVE = BucketArgs(
    archive=(
        ArchiveRule(prefix="events/", archive_after_days=30, delete_after_days=730),
        ArchiveRule(prefix="telemetry_events/", archive_after_days=30),
    ),
)


def made(run: Run, **buckets: BucketArgs) -> Registered:
    args = StorageArgs(scope=SCOPE, key_arn=KEY_ARN, buckets=buckets or {"files": BucketArgs()})
    return run(lambda: Storage("st", args))


def rules(result: Registered) -> dict[str, dict[str, Any]]:
    return {rule["id"]: rule for rule in result.one("BucketLifecycleConfiguration").inputs["rules"]}


def test_a_bucket_is_protected_and_never_emptied_by_a_delete(run: Run) -> None:
    bucket = made(run).one("s3/bucket:Bucket")
    assert bucket.protect
    assert not bucket.inputs.get("forceDestroy")
    assert "bucket" not in bucket.inputs


def test_nothing_in_it_can_be_public(run: Run) -> None:
    block = made(run).one("BucketPublicAccessBlock").inputs
    assert all(
        block[key] for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    )
    assert made(run).one("BucketOwnershipControls").inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_objects_are_encrypted_with_the_stacks_key(run: Run) -> None:
    (rule,) = made(run).one("BucketServerSideEncryptionConfiguration").inputs["rules"]
    assert rule == {
        "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY_ARN},
        "bucketKeyEnabled": True,
    }


@pytest.mark.parametrize(("versions", "status"), [(True, "Enabled"), (False, "Suspended")])
def test_versions(run: Run, versions: bool, status: str) -> None:
    result = made(run, files=BucketArgs(versions=versions))
    assert result.one("BucketVersioning").inputs["versioningConfiguration"] == {"status": status}


def test_requests_without_tls_are_denied(run: Run) -> None:
    result = made(run)
    statement = result.one("BucketPolicy").policy()["DenyPlainTransport"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(statement["Resource"]) == 2
    assert statement["Resource"][1] == statement["Resource"][0] + "/*"


def test_unfinished_uploads_and_old_versions_go(run: Run) -> None:
    found = rules(made(run, files=BucketArgs(old_versions_days=14)))
    assert found["unfinished-uploads"]["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
    assert found["old-versions"]["noncurrentVersionExpiration"] == {"noncurrentDays": 14}


def test_old_partitions_are_archived_then_deleted_if_they_may_be(run: Run) -> None:
    found = rules(made(run, archive=ARCHIVE))
    events, telemetry = found["archive-events"], found["archive-telemetry_events"]
    assert events["filter"] == {"prefix": "events/"}
    assert events["transitions"] == [{"days": 30, "storageClass": "GLACIER"}]
    assert events["expiration"] == {"days": 730}
    assert "expiration" not in telemetry


def test_every_bucket_has_all_of_it(run: Run) -> None:
    result = made(run, files=BucketArgs(), archive=ARCHIVE)
    for kind in ("s3/bucket:Bucket", "PublicAccessBlock", "BucketVersioning", "BucketPolicy", "LifecycleConfiguration"):
        assert sorted(one.name for one in result.of(kind)) == ["st-archive", "st-files"]
