"""RDS: subnet groups and parameter groups."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import engines, tagging
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure, ProviderError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

#: The parameter operations take at most 20 parameters at once (RDS API reference, ModifyDBParameterGroup).
_CHUNK = 20


class SubnetGroup(ResourceType):
    """The subnets that a database may be placed in."""

    pulumi_type = "aws:rds/subnetGroup:SubnetGroup"
    service = "rds"
    cfn = "AWS::RDS::DBSubnetGroup"
    cfn_rename: ClassVar = {"name": "DBSubnetGroupName", "description": "DBSubnetGroupDescription"}
    kind = "db-subnet-group"
    create_op = "CreateDBSubnetGroup"
    rename: ClassVar = {
        "name": "DBSubnetGroupName",
        "description": "DBSubnetGroupDescription",
        "arn": "DBSubnetGroupArn",
    }
    create_skip = ("namePrefix",)
    id_path = "DBSubnetGroup.DBSubnetGroupName"
    read_op, read_param, read_path = "DescribeDBSubnetGroups", "DBSubnetGroupName", "DBSubnetGroups[0]"
    delete_op, delete_param = "DeleteDBSubnetGroup", "DBSubnetGroupName"
    gone = ("DBSubnetGroupNotFoundFault",)
    tags = tagging.RDS

    def create(self, api: Api, inputs: Props) -> str:
        """The zones of the subnets are only known to the API."""
        _require_zones(api, inputs["subnetIds"])
        return super().create(api, inputs)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """Subnets are objects in the answer."""
        subnets = [row["SubnetIdentifier"] for row in found["Subnets"]]
        props = super().outputs(api, object_id, inputs, {**found, "SubnetIds": subnets})
        return {"supportedNetworkTypes": found.get("SupportedNetworkTypes", ["IPV4"]), **props}

    def tag_target(self, api: Api, object_id: str, state: Props) -> str:  # noqa: ARG002 -- a hook
        """Tags go by ARN."""
        return api.arn(f"subgrp:{object_id}")

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """Both properties go along with every change."""
        if changed & {"description", "subnetIds"}:
            _require_zones(api, news["subnetIds"])
            api.call(
                "ModifyDBSubnetGroup",
                DBSubnetGroupName=object_id,
                DBSubnetGroupDescription=news["description"],
                SubnetIds=news["subnetIds"],
            )


def _require_zones(api: Api, subnet_ids: list[str]) -> None:
    """A subnet group must cover two zones and one VPC."""
    subnets = api.call("DescribeSubnets", _service="ec2", SubnetIds=list(subnet_ids))["Subnets"]
    zones = sorted({subnet["AvailabilityZone"] for subnet in subnets})
    vpcs = sorted({subnet["VpcId"] for subnet in subnets})
    if len(vpcs) > 1:
        raise ProviderError(f"{api.where}: subnetIds: the subnets are in {len(vpcs)} VPCs ({', '.join(vpcs)})")
    if len(zones) < 2:  # noqa: PLR2004 -- DBSubnetGroupDoesNotCoverEnoughAZs
        raise ProviderError(f"{api.where}: subnetIds: the subnets are all in {zones[0]}; two zones are needed")


class ParameterGroup(ResourceType):
    """A group of engine settings."""

    pulumi_type = "aws:rds/parameterGroup:ParameterGroup"
    service = "rds"
    cfn = "AWS::RDS::DBParameterGroup"
    cfn_rename: ClassVar = {"name": "DBParameterGroupName"}
    kind = "db-parameter-group"
    create_op = "CreateDBParameterGroup"
    rename: ClassVar = {
        "name": "DBParameterGroupName",
        "family": "DBParameterGroupFamily",
        "arn": "DBParameterGroupArn",
    }
    create_skip = ("namePrefix", "parameters", "skipDestroy")
    id_path = "DBParameterGroup.DBParameterGroupName"
    read_op, read_param, read_path = "DescribeDBParameterGroups", "DBParameterGroupName", "DBParameterGroups[0]"
    gone = ("DBParameterGroupNotFound", "DBParameterGroupNotFoundFault")
    tags = tagging.RDS

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """A parameter is named once, and the family is an engine's version that RDS has."""
        rows = inputs.get("parameters")
        names = [row.get("name") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        known = [name for name in names if isinstance(name, str)]
        failures = [
            Failure("parameters", f"{name} is set twice") for name in sorted(set(known)) if known.count(name) > 1
        ]
        family = re.fullmatch(r"(postgres|mysql|mariadb)(\d.*)", str(inputs.get("family")))
        if family and region and not engines.matching(family.group(1), region, family.group(2)):
            reason = f'"{family.group()}" is no family: RDS has no {family.group(1)} {family.group(2)} in {region}'
            failures.append(Failure("family", reason))
        return failures

    def after_create(self, api: Api, object_id: str, inputs: Props) -> None:
        """Parameters are set by a call of their own."""
        self._modify(api, object_id, inputs.get("parameters") or [])

    @staticmethod
    def _modify(api: Api, name: str, rows: list[Props]) -> None:
        for chunk in _chunks(rows):
            api.call(
                "ModifyDBParameterGroup", DBParameterGroupName=name, Parameters=[_to_parameter(row) for row in chunk]
            )

    def tag_target(self, api: Api, object_id: str, state: Props) -> str:  # noqa: ARG002 -- a hook
        """Tags go by ARN."""
        return api.arn(f"pg:{object_id}")

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """The parameters that a user set."""
        rows = api.call("DescribeDBParameters", DBParameterGroupName=object_id, Source="user")["Parameters"]
        return {
            **super().outputs(api, object_id, inputs, found),
            "parameters": [
                {
                    "name": row["ParameterName"],
                    "value": row.get("ParameterValue", ""),
                    "applyMethod": row.get("ApplyMethod", "immediate"),
                }
                for row in rows
            ]
            or None,
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Set what is new or different, reset what is gone."""
        if "parameters" not in changed:
            return
        before, after = olds.get("parameters") or [], news.get("parameters") or []
        self._modify(api, object_id, [row for row in after if row not in before])
        kept = {row["name"] for row in after}
        removed = [
            {"ParameterName": row["name"], "ApplyMethod": row["applyMethod"]}
            for row in before
            if row["name"] not in kept
        ]
        for chunk in _chunks(removed):
            api.call(
                "ResetDBParameterGroup", DBParameterGroupName=object_id, ResetAllParameters=False, Parameters=chunk
            )

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Delete the group unless it is to outlive the stack."""
        if not state.get("skipDestroy"):
            self.unless_gone(api, "DeleteDBParameterGroup", DBParameterGroupName=object_id)


def _chunks(rows: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(rows), _CHUNK):
        yield rows[start : start + _CHUNK]


def _to_parameter(row: Props) -> dict[str, str]:
    return {"ParameterName": row["name"], "ParameterValue": str(row["value"]), "ApplyMethod": row["applyMethod"]}


TYPES = (SubnetGroup(), ParameterGroup())
