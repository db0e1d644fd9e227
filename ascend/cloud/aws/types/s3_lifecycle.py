"""S3: what happens with a bucket's objects as they grow old."""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.types.s3 import Part
from ascend.cloud.diff import same
from ascend.cloud.provider import Failure
from ascend.cloud.rules import show
from ascend.cloud.values import UNKNOWN

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props


class BucketLifecycle(Part):
    """What happens with objects as they grow old."""

    pulumi_type = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    put_op, put_member, get_op = (
        "PutBucketLifecycleConfiguration",
        "LifecycleConfiguration",
        "GetBucketLifecycleConfiguration",
    )
    drop_op = "DeleteBucketLifecycle"
    part_skip = Part.part_skip | {"transitionDefaultMinimumObjectSize"}

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """Every rule does something, once."""
        rules = inputs.get("rules")
        failures, seen = [], set()
        for index, rule in enumerate(rules if isinstance(rules, list) else []):
            if not isinstance(rule, dict):
                continue
            failures += _judge_rule(rule, f"rules[{index}]")
            if rule.get("id") in seen:
                failures.append(Failure(f"rules[{index}].id", f"{show(rule['id'])} is used twice"))
            if rule.get("id") is not UNKNOWN:
                seen.add(rule.get("id"))
        return failures

    def part(self, api: Api, inputs: Props) -> Any:
        """S3 wants a filter or a prefix in every rule, and tags as a list."""
        rules = []
        for given in inputs.get("rules") or ():
            rule = dict(given)
            if "filter" not in rule and "prefix" not in rule:
                rule["filter"] = {"prefix": ""}
            both = (rule.get("filter") or {}).get("and")
            if both and "tags" in both:
                pairs = [{"key": key, "value": value} for key, value in sorted(both["tags"].items())]
                rule["filter"] = {"and": {**both, "tags": pairs}}
            rules.append(rule)
        return super().part(api, {**inputs, "rules": rules})

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """Rules as they were given while they are what is there."""
        size = inputs.get("transitionDefaultMinimumObjectSize", "all_storage_classes_128K")
        wanted = self.part(api, inputs)["Rules"]
        rules = inputs.get("rules") if _equal(found["Rules"], wanted) else api.props(found)["rules"]
        return {"bucket": object_id, "rules": rules, "transitionDefaultMinimumObjectSize": size}


def _equal(found: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> bool:
    """Moto drops an empty prefix; otherwise it answers with what it was given."""

    def clean(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: clean(item) for key, item in node.items() if item not in ("", {}, None)}
        return [clean(item) for item in node] if isinstance(node, list) else node

    def short(rules: list[dict[str, Any]]) -> str:
        return json.dumps(
            [{k: v for k, v in clean(rule).items() if v != {}} for rule in rules], sort_keys=True, default=str
        )

    return same(short(found), short(wanted))


def _judge_rule(rule: Props, where: str) -> list[Failure]:
    actions = (
        "abortIncompleteMultipartUpload",
        "expiration",
        "noncurrentVersionExpiration",
        "noncurrentVersionTransitions",
        "transitions",
    )
    if not any(rule.get(name) not in (None, []) for name in actions):
        return [Failure(where, f"does nothing: one of {', '.join(actions)} must be set")]
    failures = []
    expiration = rule.get("expiration")
    days = expiration.get("days") if isinstance(expiration, dict) else None
    for index, transition in enumerate(rule["transitions"] if isinstance(rule.get("transitions"), list) else []):
        after = transition.get("days") if isinstance(transition, dict) else None
        place = f"{where}.transitions[{index}].days"
        if isinstance(after, int) and transition.get("storageClass") in {"STANDARD_IA", "ONEZONE_IA"} and after < 30:  # noqa: PLR2004
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
            failures.append(Failure(place, f"{after} is less than 30, which {transition['storageClass']} needs"))
        if isinstance(after, int) and isinstance(days, int) and days <= after:
            failures.append(Failure(f"{where}.expiration.days", f"{days} is not after the transition at {after} days"))
    return failures


TYPES = (BucketLifecycle(),)
