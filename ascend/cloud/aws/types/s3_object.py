"""S3 objects: small files that the program itself writes."""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.aws.tagging import LIST
from ascend.cloud.provider import Failure, ProviderError

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_EMULATED = frozenset(
    {
        "bucket",
        "bucketKeyEnabled",
        "cacheControl",
        "content",
        "contentBase64",
        "contentDisposition",
        "contentEncoding",
        "contentLanguage",
        "contentType",
        "forceDestroy",
        "key",
        "kmsKeyId",
        "metadata",
        "region",
        "serverSideEncryption",
        "sourceHash",
        "storageClass",
        "tags",
        "tagsAll",
        "websiteRedirect",
    }
)
_SKIPPED = ("content", "contentBase64", "forceDestroy", "sourceHash")


class BucketObject(ResourceType):
    """An object. Its id is ``<bucket>/<key>``."""

    pulumi_type = "aws:s3/bucketObjectv2:BucketObjectv2"
    service = "s3"
    rename: ClassVar = {"kmsKeyId": "SSEKMSKeyId", "websiteRedirect": "WebsiteRedirectLocation"}
    gone = ("NoSuchBucket", "NoSuchKey", "404")
    tags = LIST  # only to encode and decode: S3 replaces the whole set

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """Access lists, locks, checksums and files from disk are not emulated."""
        return [
            Failure(name, "is not emulated") for name in sorted(set(inputs) - _EMULATED) if inputs[name] is not None
        ]

    def create(self, api: Api, inputs: Props) -> str:
        """Put it; the bucket must be there."""
        self._put(api, inputs)
        api.created_id = f"{inputs['bucket']}/{inputs['key']}"
        return api.created_id

    def _put(self, api: Api, inputs: Props) -> None:
        params = api.params("PutObject", inputs, rename=self.rename, skip=_SKIPPED)
        text = inputs.get("content")
        params["Body"] = base64.b64decode(inputs.get("contentBase64") or "") if text is None else str(text).encode()
        if inputs.get("tagsAll"):
            params["Tagging"] = urlencode(inputs["tagsAll"])
        api.call("PutObject", **params)

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """Its headers, and its tags."""
        bucket, _, key = object_id.partition("/")
        found = self.unless_gone(api, "HeadObject", Bucket=bucket, Key=key)
        if found is None:
            return None
        return {**found, "Tags": api.call("GetObjectTagging", Bucket=bucket, Key=key)["TagSet"]}

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """Headers by name; what is not there has S3's defaults."""
        bucket, _, key = object_id.partition("/")
        return {
            **api.props({name: found[name] for name in found if name not in {"Tags", "Metadata"}}, rename=self.rename),
            "bucket": bucket,
            "key": key,
            "arn": f"arn:{api.partition}:s3:::{object_id}",
            "etag": found["ETag"].strip('"'),
            "storageClass": found.get("StorageClass", "STANDARD"),
            "tagsAll": LIST.decode(found["Tags"]),
            **({"metadata": found["Metadata"]} if found.get("Metadata") else {}),
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """A new version with all that it has."""
        if changed - {"forceDestroy"}:
            self._put(api, news)

    def update_tags(self, api: Api, object_id: str, state: Props, olds: Props, news: Props) -> None:
        """The whole set is replaced."""
        before, after = olds.get("tagsAll") or {}, news.get("tagsAll") or {}
        bucket, _, key = object_id.partition("/")
        if after and before != after:
            api.call("PutObjectTagging", Bucket=bucket, Key=key, Tagging={"TagSet": LIST.encode(after)})
        elif before and not after:
            api.call("DeleteObjectTagging", Bucket=bucket, Key=key)

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """With every version of it, as the official provider does."""
        bucket, _, key = object_id.partition("/")
        answer = self.unless_gone(api, "ListObjectVersions", Bucket=bucket, Prefix=key) or {}
        if answer.get("IsTruncated"):
            raise ProviderError(f"{api.where}: more than 1,000 versions of {object_id}; not emulated")
        for entry in [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]:
            if entry["Key"] == key:
                self.unless_gone(api, "DeleteObject", Bucket=bucket, Key=key, VersionId=entry["VersionId"])


TYPES = (BucketObject(),)
