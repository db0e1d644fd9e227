"""ElastiCache: subnet groups and parameter groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

#: The provider sends at most 20 parameters at once (parameter_group.go, maxParams).
_CHUNK = 20


class SubnetGroup(ResourceType):
    """The subnets that a cache may be placed in."""

    pulumi_type = "aws:elasticache/subnetGroup:SubnetGroup"
    service = "elasticache"
    cfn = "AWS::ElastiCache::SubnetGroup"
    cfn_rename: ClassVar = {"name": "CacheSubnetGroupName"}
    kind = "cache-subnet-group"
    create_op = "CreateCacheSubnetGroup"
    rename: ClassVar = {"name": "CacheSubnetGroupName", "description": "CacheSubnetGroupDescription", "arn": "ARN"}
    id_path = "CacheSubnetGroup.CacheSubnetGroupName"
    read_op, read_param, read_path = "DescribeCacheSubnetGroups", "CacheSubnetGroupName", "CacheSubnetGroups[0]"
    delete_op, delete_param = "DeleteCacheSubnetGroup", "CacheSubnetGroupName"
    gone = ("CacheSubnetGroupNotFoundFault",)
    tags = tagging.RDS

    def normalise(self, inputs: Props) -> Props:
        """ElastiCache keeps names in lower case."""
        return _lowered(inputs)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """Subnets are objects in the answer."""
        subnets = [row["SubnetIdentifier"] for row in found["Subnets"]]
        return super().outputs(api, object_id, inputs, {**found, "SubnetIds": subnets})

    def tag_target(self, api: Api, object_id: str, state: Props) -> str:  # noqa: ARG002 -- a hook
        """Tags go by ARN."""
        return api.arn(f"subnetgroup:{object_id}")

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """Both properties go along with every change."""
        if changed & {"description", "subnetIds"}:
            api.call(
                "ModifyCacheSubnetGroup",
                CacheSubnetGroupName=object_id,
                CacheSubnetGroupDescription=news["description"],
                SubnetIds=news["subnetIds"],
            )


class ParameterGroup(ResourceType):
    """A group of engine settings."""

    pulumi_type = "aws:elasticache/parameterGroup:ParameterGroup"
    service = "elasticache"
    cfn = "AWS::ElastiCache::ParameterGroup"
    cfn_rename: ClassVar = {"name": "CacheParameterGroupName", "family": "CacheParameterGroupFamily"}
    kind = "cache-parameter-group"
    create_op = "CreateCacheParameterGroup"
    rename: ClassVar = {"name": "CacheParameterGroupName", "family": "CacheParameterGroupFamily", "arn": "ARN"}
    create_skip = ("parameters",)
    id_path = "CacheParameterGroup.CacheParameterGroupName"
    read_op, read_param = "DescribeCacheParameterGroups", "CacheParameterGroupName"
    read_path = "CacheParameterGroups[0]"
    delete_op, delete_param = "DeleteCacheParameterGroup", "CacheParameterGroupName"
    gone = ("CacheParameterGroupNotFound",)
    tags = tagging.RDS

    def check(self, inputs: Props, region: str) -> list[Failure]:  # noqa: ARG002 -- a hook
        """A parameter is named once."""
        rows = inputs.get("parameters")
        names = [row.get("name") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        known = [name for name in names if isinstance(name, str)]
        return [Failure("parameters", f"{name} is set twice") for name in sorted(set(known)) if known.count(name) > 1]

    def normalise(self, inputs: Props) -> Props:
        """ElastiCache keeps names in lower case."""
        return _lowered(inputs)

    def after_create(self, api: Api, object_id: str, inputs: Props) -> None:
        """Parameters are set by a call of their own."""
        self._set(api, "ModifyCacheParameterGroup", object_id, inputs.get("parameters") or [])

    @staticmethod
    def _set(api: Api, operation: str, name: str, rows: list[Props]) -> None:
        for chunk in _chunks(rows):
            values = [{"ParameterName": row["name"], "ParameterValue": str(row["value"])} for row in chunk]
            api.call(operation, CacheParameterGroupName=name, ParameterNameValues=values)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """The parameters that a user set."""
        answer = api.call("DescribeCacheParameters", CacheParameterGroupName=object_id, Source="user")
        rows = [
            {"name": row["ParameterName"].lower(), "value": row["ParameterValue"]}
            for row in answer["Parameters"]
            if row.get("ParameterValue") is not None
        ]
        return {**super().outputs(api, object_id, inputs, found), "parameters": rows or None}

    def tag_target(self, api: Api, object_id: str, state: Props) -> str:  # noqa: ARG002 -- a hook
        """Tags go by ARN."""
        return api.arn(f"parametergroup:{object_id}")

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Reset what is gone, then set what is new or different."""
        if "parameters" not in changed:
            return
        before, after = olds.get("parameters") or [], news.get("parameters") or []
        kept = {row["name"] for row in after}
        self._set(api, "ResetCacheParameterGroup", object_id, [row for row in before if row["name"] not in kept])
        self._set(api, "ModifyCacheParameterGroup", object_id, [row for row in after if row not in before])


def _lowered(inputs: Props) -> Props:
    name = inputs.get("name")
    return {**inputs, "name": name.lower()} if isinstance(name, str) else inputs


def _chunks(rows: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(rows), _CHUNK):
        yield rows[start : start + _CHUNK]


TYPES = (SubnetGroup(), ParameterGroup())
