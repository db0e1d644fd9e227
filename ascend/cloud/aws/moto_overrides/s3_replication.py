"""S3: a replication configuration is kept whole, needs versions on both sides, and holds on to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType

#: Elements that hold numbers, and those that may occur several times, with their member's name in the API's models.
_NUMBERS = frozenset({"Priority", "Minutes"})
_LISTS = {"Rule": "Rules", "Tag": "Tags"}


def install() -> None:
    """Patch moto's S3 when it is loaded."""
    on_load("moto.s3.models", _patch_models)
    on_load("moto.s3.responses", _patch_responses)


def _refusal(message: str, code: str = "InvalidRequest") -> Exception:
    from moto.s3.exceptions import S3ClientError  # noqa: PLC0415 -- moto is loaded by now

    return S3ClientError(code, message)


def _structure(node: Any, *, within: str = "") -> Any:
    """The API's members for the elements of a request: numbers, lists, and an empty prefix where there is one."""
    found: dict[str, Any] = {}
    for name, item in node.items():
        if name.startswith("@"):
            continue
        # A filter's own tag is one, the tags of an "And" are many.
        if name == "Rule" or (name == "Tag" and within == "And"):
            items = item if isinstance(item, list) else [item]
            found[_LISTS[name]] = [_structure(one, within=name) for one in items]
        elif isinstance(item, dict):
            found[name] = _structure(item, within=name)
        else:
            found[name] = int(item) if name in _NUMBERS else item or ""
    return found


def _patch_models(module: ModuleType) -> None:
    backend = module.S3Backend
    versions = backend.put_bucket_versioning

    def put_bucket_replication(self: Any, bucket_name: str, replication: dict[str, Any]) -> None:
        """Source: S3 API reference, PutBucketReplication; user guide, requirements for it. Read 2026-11-21."""
        for rule in replication["Rules"]:
            _require_destination(self, bucket_name, rule)
            rule.setdefault("ID", "".join(module.random.choice(module.string.ascii_letters) for _ in range(30)))
        self.get_bucket(bucket_name).replication = replication

    def put_bucket_versioning(self: Any, bucket_name: str, status: str) -> None:
        """Source: S3 user guide, "Replication status information" and versioning ("cannot be changed")."""
        if status != "Enabled" and getattr(self.get_bucket(bucket_name), "replication", None):
            reason = "A replication configuration is present on this bucket, so the versioning state cannot be changed."
            raise _refusal(reason, "InvalidBucketState")
        versions(self, bucket_name, status)

    backend.put_bucket_replication = put_bucket_replication
    backend.put_bucket_versioning = put_bucket_versioning


def _require_destination(backend: Any, source: str, rule: dict[str, Any]) -> None:
    from moto.s3.exceptions import MissingBucket  # noqa: PLC0415 -- moto is loaded by now

    destination = rule["Destination"]
    name = str(destination["Bucket"]).rpartition(":")[2]
    if name == source:
        raise _refusal("Destination bucket cannot be the source bucket.")
    try:
        bucket = backend.get_bucket(name)
    except MissingBucket as error:
        raise _refusal("Destination bucket must exist.") from error
    if not bucket.is_versioned:
        raise _refusal("Destination bucket must have versioning enabled.")
    key = str((destination.get("EncryptionConfiguration") or {}).get("ReplicaKmsKeyID", ""))
    if key.startswith("arn:") and key.split(":")[3] != bucket.region_name:
        raise _refusal(f"The key {key} is not in {bucket.region_name}, where the destination bucket is.")


def _patch_responses(module: ModuleType) -> None:
    response = module.S3Response

    def get_bucket_replication(self: Any) -> Any:
        self.data["Action"] = "GetBucketReplication"
        found = self.backend.get_bucket_replication(self.bucket_name)
        if not found:
            raise module.ReplicationConfigurationNotFoundError(bucket_name=self.bucket_name)
        return self.serialized(module.ActionResult({"ReplicationConfiguration": found}))

    def _replication_config_from_xml(self: Any, xml: str) -> Any:  # noqa: ARG001 -- moto's signature
        return _structure(module.xmltodict.parse(xml, dict_constructor=dict)["ReplicationConfiguration"])

    response.get_bucket_replication = get_bucket_replication
    response._replication_config_from_xml = _replication_config_from_xml  # noqa: SLF001 -- moto's
