"""A private bucket: what all have, and what one may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components import policy
from components.base import Component
from components.bucket import private_bucket
from tests.components.support import KEY_ARN, SCOPE

if TYPE_CHECKING:
    from typing import Any

    from tests.components.support import Registered, Run

PARTS = (
    "s3/bucket:Bucket",
    "BucketPublicAccessBlock",
    "BucketOwnershipControls",
    "BucketServerSideEncryptionConfiguration",
    "BucketVersioning",
    "BucketPolicy",
)


class Root(Component):
    """Something to put a bucket below."""

    tag = "root"


def made(run: Run, **options: Any) -> Registered:
    return run(lambda: private_bucket(Root("root", SCOPE), "one", **options))


def encryption(result: Registered) -> dict[str, Any]:
    (rule,) = result.one("BucketServerSideEncryptionConfiguration").inputs["rules"]
    return dict(rule)


def test_all_of_it_has_one_name_and_one_region(run: Run) -> None:
    result = made(run)
    for part in PARTS:
        found = result.one(part)
        assert (found.name, found.inputs["region"]) == ("root-one", "us-east-1")
    assert not any(one.protect for one in result.resources)
    assert "forceDestroy" not in result.one("s3/bucket:Bucket").inputs


def test_nobody_reaches_it_in_the_clear_or_by_an_access_list(run: Run) -> None:
    result = made(run)
    statement = result.one("BucketPolicy").policy()["DenyPlainTransport"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", {"AWS": "*"})
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert result.one("BucketOwnershipControls").inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    assert result.one("BucketPublicAccessBlock").urn in result.one("BucketPolicy").depends_on


def test_it_is_encrypted_with_the_key_it_is_given_or_with_amazons(run: Run) -> None:
    own = encryption(made(run, key_arn=KEY_ARN))
    assert own["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY_ARN}
    assert own["bucketKeyEnabled"] is True
    assert encryption(made(run)) == {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}


def test_data_is_protected_and_copies_go_with_what_is_in_them(run: Run) -> None:
    assert made(run, protect=True).one("s3/bucket:Bucket").protect
    assert made(run, force_destroy=True).one("s3/bucket:Bucket").inputs["forceDestroy"] is True


def test_versions_can_be_left_out(run: Run) -> None:
    assert made(run).one("BucketVersioning").inputs["versioningConfiguration"] == {"status": "Enabled"}
    without = made(run, versions=False)
    assert without.one("BucketVersioning").inputs["versioningConfiguration"] == {"status": "Suspended"}


def test_a_service_that_writes_is_named_in_its_policy(run: Run) -> None:
    result = made(
        run, grants=lambda arn: [policy.allow("Write", ["s3:PutObject"], arn, service="logs.example.amazonaws.com")]
    )
    statement = result.one("BucketPolicy").policy()["Write"]
    assert statement["Principal"] == {"Service": "logs.example.amazonaws.com"}
    assert statement["Resource"].startswith("arn:aws:s3:")
