"""S3: buckets, and the parts of a bucket's configuration, each a resource of its own."""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.aws.tagging import LIST
from ascend.cloud.aws.types.iam import judge_document, text_of
from ascend.cloud.provider import Failure, ProviderError
from ascend.cloud.rules import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_HOME = "us-east-1"
_EMULATED = {"bucket", "bucketPrefix", "forceDestroy", "objectLockEnabled", "region", "tags", "tagsAll"}
# What a bucket's name must not look like: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html,
# read 2026-11-21.
_FORBIDDEN = (
    (re.compile(r"\.\."), "two periods in a row"),
    (re.compile(r"^\d+\.\d+\.\d+\.\d+$"), "the form of an IP address"),
    (re.compile(r"^(xn--|sthree-|amzn-s3-demo-)"), "a reserved prefix"),
    (re.compile(r"(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$"), "a reserved suffix"),
)


class Bucket(ResourceType):
    """A bucket. Its configuration is other resources' business; the old arguments for it are refused."""

    pulumi_type = "aws:s3/bucket:Bucket"
    service = "s3"
    kind = "bucket"
    gone = ("NoSuchBucket", "404")
    tags = LIST  # only to encode and decode: S3 replaces the whole set

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """Names that S3 refuses, and arguments that have become resources."""
        name = inputs.get("bucket")
        failures = [
            Failure("bucket", f"{show(name)} has {what}")
            for pattern, what in _FORBIDDEN
            if isinstance(name, str) and pattern.search(name)
        ]
        other = sorted(set(inputs) - _EMULATED)
        failures += [Failure(key, "is not emulated as an argument; use the resource for it") for key in other]
        return failures

    def create(self, api: Api, inputs: Props) -> str:
        """The id is the name."""
        name = str(inputs["bucket"])
        params: dict[str, Any] = {"Bucket": name}
        if api.region != _HOME:
            params["CreateBucketConfiguration"] = {"LocationConstraint": api.region}
        if inputs.get("objectLockEnabled"):
            params["ObjectLockEnabledForBucket"] = True
        api.call("CreateBucket", **params)
        api.created_id = name
        self.update_tags(api, name, {}, {}, inputs)
        return name

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """Whether it is there, and its tags."""
        if self.unless_gone(api, "HeadBucket", Bucket=object_id) is None:
            return None
        try:
            return {"TagSet": api.call("GetBucketTagging", Bucket=object_id)["TagSet"]}
        except ProviderError as error:
            if getattr(error, "code", "") in {"NoSuchTagSet", "NoSuchTagSetError"}:
                return {"TagSet": []}
            raise

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """Its names in the world."""
        return {
            "bucket": object_id,
            "arn": f"arn:{api.partition}:s3:::{object_id}",
            "bucketDomainName": f"{object_id}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{object_id}.s3.{api.region}.amazonaws.com",
            "bucketRegion": api.region,
            "tagsAll": LIST.decode(found["TagSet"]),
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """`forceDestroy` is only used when the bucket is deleted."""
        if "objectLockEnabled" in changed:
            raise ProviderError(f"{api.where}: switching objectLockEnabled later is not emulated")

    def update_tags(self, api: Api, object_id: str, state: Props, olds: Props, news: Props) -> None:
        """The whole set is replaced."""
        before, after = olds.get("tagsAll") or {}, news.get("tagsAll") or {}
        if after and before != after:
            api.call("PutBucketTagging", Bucket=object_id, Tagging={"TagSet": LIST.encode(after)})
        elif before and not after:
            api.call("DeleteBucketTagging", Bucket=object_id)

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """S3 refuses while there are objects, unless they are to be destroyed."""
        if state.get("forceDestroy"):
            self._empty(api, object_id)
        self.unless_gone(api, "DeleteBucket", Bucket=object_id)

    def _empty(self, api: Api, name: str) -> None:
        answer = self.unless_gone(api, "ListObjectVersions", Bucket=name) or {}
        for entry in [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]:
            api.call("DeleteObject", Bucket=name, Key=entry["Key"], VersionId=entry["VersionId"])
        if answer.get("IsTruncated"):
            self._empty(api, name)


def require_here(api: Api, name: str) -> None:
    """Make sure that a bucket is in the resource's region.

    Raises:
        ProviderError: it is in another, or nowhere.
    """
    where = api.call("GetBucketLocation", Bucket=name).get("LocationConstraint") or _HOME
    if where != api.region:
        raise ProviderError(f"{api.where}: the bucket {name} is in {where}; the resource is in {api.region}")


class Part(ResourceType):
    """A part of a bucket's configuration: put, got and deleted as a whole; its id is the bucket's name.

    Class attributes:
        put_op, put_member: the operation that sets it, and the parameter that holds it.
        get_op, get_member: the operation that reads it, and the member of the answer; empty for the answer itself.
        drop_op: the operation that removes it, empty where there is none.
        part_skip: inputs that are not part of it.
    """

    service = "s3"
    put_op: ClassVar[str]
    put_member: ClassVar[str]
    get_op: ClassVar[str]
    get_member: ClassVar[str] = ""
    drop_op: ClassVar[str] = ""
    part_skip: ClassVar[frozenset[str]] = frozenset(
        {"bucket", "region", "expectedBucketOwner", "skipDestroy", "timeouts"}
    )
    gone: ClassVar[Sequence[str]] = (
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "OwnershipControlsNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    )

    def part(self, api: Api, inputs: Props) -> Any:
        """The operation's parameter."""
        given = {name: value for name, value in inputs.items() if name not in self.part_skip}
        shape = api.cloud.client("s3", api.region).meta.service_model.operation_model(self.put_op).input_shape
        return api.structure(shape.members[self.put_member], given, rename=self.rename)

    def put(self, api: Api, name: str, inputs: Props) -> None:
        """Set it."""
        api.call(self.put_op, **{"Bucket": name, self.put_member: self.part(api, inputs)})

    def create(self, api: Api, inputs: Props) -> str:
        """The bucket must be there, in this region: S3 sends a request to another one away (PermanentRedirect)."""
        name = str(inputs["bucket"])
        require_here(api, name)
        self.put(api, name, inputs)
        api.created_id = name
        return name

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """The part, None where it or the bucket is not there."""
        answer = self.unless_gone(api, self.get_op, Bucket=object_id)
        if answer is None:
            return None
        found: dict[str, Any] | None = answer.get(self.get_member) if self.get_member else answer
        return found or None

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """By name."""
        return {**api.props(found, rename=self.rename), "bucket": object_id}

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Set it again."""
        self.put(api, object_id, news)

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Remove it."""
        if self.drop_op and not state.get("skipDestroy"):
            self.unless_gone(api, self.drop_op, Bucket=object_id)


class BucketVersioning(Part):
    """Whether old versions are kept."""

    pulumi_type = "aws:s3/bucketVersioning:BucketVersioning"
    put_op, put_member, get_op = "PutBucketVersioning", "VersioningConfiguration", "GetBucketVersioning"

    def part(self, api: Api, inputs: Props) -> Any:
        """Its members are one object below."""
        given = inputs["versioningConfiguration"]
        mfa = {"MFADelete": given["mfaDelete"]} if given.get("mfaDelete") else {}
        return {"Status": given["status"], **mfa}

    def put(self, api: Api, name: str, inputs: Props) -> None:
        """``Disabled`` is what a new bucket is."""
        if inputs["versioningConfiguration"]["status"] != "Disabled":
            super().put(api, name, inputs)

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """A bucket that never had versions has no status."""
        answer = self.unless_gone(api, self.get_op, Bucket=object_id)
        return None if answer is None else {"Status": "Disabled", **answer}

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """Its members are one object below."""
        configuration = {"status": found["Status"]}
        if found.get("MFADelete"):
            configuration["mfaDelete"] = found["MFADelete"]
        return {"bucket": object_id, "versioningConfiguration": configuration}

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Versions can only be suspended."""
        if state["versioningConfiguration"]["status"] == "Enabled":
            suspended = {"Status": "Suspended"}
            self.unless_gone(api, self.put_op, Bucket=object_id, VersioningConfiguration=suspended)


class BucketEncryption(Part):
    """How objects are encrypted when nothing else is said."""

    pulumi_type = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    put_op, put_member = "PutBucketEncryption", "ServerSideEncryptionConfiguration"
    get_op, get_member = "GetBucketEncryption", "ServerSideEncryptionConfiguration"
    drop_op = "DeleteBucketEncryption"

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """A key goes only with KMS."""
        failures = []
        for index, rule in enumerate(inputs["rules"] if isinstance(inputs.get("rules"), list) else []):
            given = rule.get("applyServerSideEncryptionByDefault") if isinstance(rule, dict) else None
            if isinstance(given, dict) and "kmsMasterKeyId" in given and given.get("sseAlgorithm") == "AES256":
                where = f"rules[{index}].applyServerSideEncryptionByDefault.kmsMasterKeyId"
                failures.append(Failure(where, "must not be set with the algorithm AES256"))
        return failures


class BucketPublicAccessBlock(Part):
    """What may never be public."""

    pulumi_type = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    put_op, put_member = "PutPublicAccessBlock", "PublicAccessBlockConfiguration"
    get_op, get_member = "GetPublicAccessBlock", "PublicAccessBlockConfiguration"
    drop_op = "DeletePublicAccessBlock"


class BucketPolicy(Part):
    """Who may do what."""

    pulumi_type = "aws:s3/bucketPolicy:BucketPolicy"
    put_op, put_member, get_op, drop_op = "PutBucketPolicy", "Policy", "GetBucketPolicy", "DeleteBucketPolicy"

    def normalise(self, inputs: Props) -> Props:
        """The SDK takes a document as an object too."""
        document = inputs.get("policy")
        return {**inputs, "policy": json.dumps(document)} if isinstance(document, dict) else inputs

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """It must be a policy."""
        return judge_document(inputs, "policy")

    def part(self, api: Api, inputs: Props) -> Any:
        """The text."""
        return inputs["policy"]

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """As it was given."""
        return {"bucket": object_id, "policy": text_of(found["Policy"], inputs.get("policy"))}


class BucketOwnershipControls(Part):
    """Who owns what others put in."""

    pulumi_type = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
    put_op, put_member = "PutBucketOwnershipControls", "OwnershipControls"
    get_op, get_member = "GetBucketOwnershipControls", "OwnershipControls"
    drop_op = "DeleteBucketOwnershipControls"

    def part(self, api: Api, inputs: Props) -> Any:
        """One rule, in a list."""
        return {"Rules": [{"ObjectOwnership": inputs["rule"]["objectOwnership"]}]}

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """One rule."""
        return {"bucket": object_id, "rule": {"objectOwnership": found["Rules"][0]["ObjectOwnership"]}}


class BucketLogging(Part):
    """Where requests are logged."""

    pulumi_type = "aws:s3/bucketLogging:BucketLogging"
    put_op, put_member = "PutBucketLogging", "BucketLoggingStatus"
    get_op, get_member = "GetBucketLogging", "LoggingEnabled"

    def part(self, api: Api, inputs: Props) -> Any:
        """One object below."""
        return super().part(
            api, {"loggingEnabled": {name: value for name, value in inputs.items() if name not in self.part_skip}}
        )

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """An empty status switches it off."""
        self.unless_gone(api, self.put_op, Bucket=object_id, BucketLoggingStatus={})


TYPES = (
    Bucket(),
    BucketVersioning(),
    BucketEncryption(),
    BucketPublicAccessBlock(),
    BucketPolicy(),
    BucketOwnershipControls(),
    BucketLogging(),
)
