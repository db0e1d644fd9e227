"""S3: which objects of a bucket are copied to a bucket elsewhere."""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.types.s3 import Part
from ascend.cloud.provider import Failure
from ascend.cloud.rules import show
from ascend.cloud.values import UNKNOWN

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props


class BucketReplicationConfig(Part):
    """The rules by which a bucket's objects are copied."""

    pulumi_type = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
    put_op, put_member = "PutBucketReplication", "ReplicationConfiguration"
    get_op, get_member = "GetBucketReplication", "ReplicationConfiguration"
    drop_op = "DeleteBucketReplication"
    part_skip = Part.part_skip | {"token"}
    gone = (*Part.gone, "ReplicationConfigurationNotFoundError")

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """No name and no priority is used twice."""
        failures = []
        rules = inputs.get("rules")
        for name in ("id", "priority"):
            seen: set[Any] = set()
            for index, rule in enumerate(rules if isinstance(rules, list) else []):
                value = rule.get(name) if isinstance(rule, dict) else None
                if value in (None, "", UNKNOWN):
                    continue
                if value in seen:
                    failures.append(Failure(f"rules[{index}].{name}", f"{show(value)} is used twice"))
                seen.add(value)
        return failures

    def part(self, api: Api, inputs: Props) -> Any:
        """Tags of a filter go as a list."""
        rules = []
        for given in inputs["rules"]:
            rule = dict(given)
            both = (rule.get("filter") or {}).get("and")
            if both and "tags" in both:
                pairs = [{"key": key, "value": value} for key, value in sorted(both["tags"].items())]
                rule["filter"] = {"and": {**both, "tags": pairs}}
            elif rule.get("filter") == {}:
                rule["filter"] = {"prefix": ""}
            rules.append(rule)
        return super().part(api, {**inputs, "rules": rules})

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """Rules as they were given while they are what is there; S3 makes up the names of those that have none."""
        wanted = self.part(api, inputs)["Rules"] if inputs.get("rules") else []
        named = {rule.get("ID") for rule in wanted if rule.get("ID")}
        there = [
            {key: value for key, value in rule.items() if key != "ID" or value in named}
            for rule in sorted(found["Rules"], key=lambda rule: rule.get("Priority", 0))
        ]
        same = there == sorted(wanted, key=lambda rule: rule.get("Priority", 0))
        rules = inputs["rules"] if same else api.props(found)["rules"]
        return {"bucket": object_id, "role": found["Role"], "rules": rules}


TYPES = (BucketReplicationConfig(),)
