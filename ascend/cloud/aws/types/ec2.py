"""EC2's network: VPCs, subnets, internet gateways, endpoints, flow logs. Other parts have modules of their own."""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging
from ascend.cloud.aws.answers import dig
from ascend.cloud.aws.api import ApiError
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure, ProviderError
from ascend.cloud.rules import show

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props


def judge_cidr(inputs: Props, name: str, low: int = 0, high: int = 32) -> list[Failure]:
    """An IPv4 block must be one, with a prefix of the allowed length and no bits beyond it."""
    value = inputs.get(name)
    if not isinstance(value, str):
        return []
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError as error:
        return [Failure(name, f"{show(value)} is not an IPv4 block: {error}")]
    if not low <= network.prefixlen <= high:
        return [Failure(name, f"{show(value)} has a prefix of {network.prefixlen}; /{low} to /{high} are allowed")]
    return []


def filters(**wanted: str) -> list[dict[str, Any]]:
    """EC2's filters: ``filters(vpc_id="vpc-1")``."""
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in wanted.items()]


class Vpc(ResourceType):
    """A VPC."""

    pulumi_type = "aws:ec2/vpc:Vpc"
    service = "ec2"
    cfn = "AWS::EC2::VPC"
    kind = "vpc"
    create_op = "CreateVpc"
    create_skip = ("enableDnsSupport", "enableDnsHostnames")
    rename: ClassVar = {"assignGeneratedIpv6CidrBlock": "AmazonProvidedIpv6CidrBlock"}
    id_path = "Vpc.VpcId"
    read_op, read_param, read_path = "DescribeVpcs", "VpcIds[]", "Vpcs[0]"
    delete_op, delete_param = "DeleteVpc", "VpcId"
    gone = ("InvalidVpcID.NotFound",)
    tags = tagging.ec2("vpc")

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """AWS takes /16 to /28."""
        return judge_cidr(inputs, "cidrBlock", 16, 28)

    def after_create(self, api: Api, object_id: str, inputs: Props) -> None:
        """DNS settings go one at a time."""
        if inputs.get("enableDnsSupport") is False:  # a new VPC has it
            api.call("ModifyVpcAttribute", VpcId=object_id, EnableDnsSupport={"Value": False})
        if inputs.get("enableDnsHostnames"):
            api.call("ModifyVpcAttribute", VpcId=object_id, EnableDnsHostnames={"Value": True})

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """With what AWS makes along with a VPC."""
        where = filters(vpc_id=object_id)
        main_table = [{"Name": "association.main", "Values": ["true"]}, *where]
        main = dig(api.call("DescribeRouteTables", Filters=main_table), "RouteTables[0].RouteTableId")
        groups = api.call("DescribeSecurityGroups", Filters=[*where, *filters(group_name="default")])
        acls = api.call("DescribeNetworkAcls", Filters=[*where, *filters(default="true")])
        names = ("enableDnsSupport", "enableDnsHostnames")
        settings = {
            name: api.call("DescribeVpcAttribute", VpcId=object_id, Attribute=name)[name[0].upper() + name[1:]]["Value"]
            for name in names
        }
        return {
            **super().outputs(api, object_id, inputs, found),
            **settings,
            "arn": api.arn(f"vpc/{object_id}"),
            "ownerId": api.account,
            "mainRouteTableId": main,
            "defaultRouteTableId": main,
            "defaultSecurityGroupId": dig(groups, "SecurityGroups[0].GroupId"),
            "defaultNetworkAclId": dig(acls, "NetworkAcls[0].NetworkAclId"),
            "enableNetworkAddressUsageMetrics": False,
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """What AWS changes in place."""
        for name in ("enableDnsSupport", "enableDnsHostnames"):
            if name in changed:
                value = bool(news.get(name, name == "enableDnsSupport"))
                setting: Props = {name[0].upper() + name[1:]: {"Value": value}}
                api.call("ModifyVpcAttribute", VpcId=object_id, **setting)
        if "instanceTenancy" in changed:
            if news.get("instanceTenancy", "default") != "default":
                raise ProviderError(f"{api.where}: instanceTenancy: a VPC cannot become dedicated")
            api.call("ModifyVpcTenancy", VpcId=object_id, InstanceTenancy="default")


class Subnet(ResourceType):
    """A subnet."""

    pulumi_type = "aws:ec2/subnet:Subnet"
    service = "ec2"
    cfn = "AWS::EC2::Subnet"
    kind = "subnet"
    create_op = "CreateSubnet"
    create_skip = (
        "mapPublicIpOnLaunch",
        "assignIpv6AddressOnCreation",
        "enableDns64",
        "enableResourceNameDnsARecordOnLaunch",
        "enableResourceNameDnsAaaaRecordOnLaunch",
    )
    id_path = "Subnet.SubnetId"
    read_op, read_param, read_path = "DescribeSubnets", "SubnetIds[]", "Subnets[0]"
    delete_op, delete_param = "DeleteSubnet", "SubnetId"
    gone = ("InvalidSubnetID.NotFound",)
    tags = tagging.ec2("subnet")

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """The block's size, and a zone of the region."""
        failures = judge_cidr(inputs, "cidrBlock", 16, 28)
        zone = inputs.get("availabilityZone")
        if isinstance(zone, str) and region and not zone.startswith(region):
            failures.append(Failure("availabilityZone", f"{show(zone)} is not in {region}"))
        return failures

    def _set(self, api: Api, object_id: str, inputs: Props, names: set[str]) -> None:
        for name in sorted(names):
            setting: Props = {name[0].upper() + name[1:]: {"Value": bool(inputs.get(name))}}
            api.call("ModifySubnetAttribute", SubnetId=object_id, **setting)

    def after_create(self, api: Api, object_id: str, inputs: Props) -> None:
        """Settings go one at a time; all are off in a new subnet."""
        self._set(api, object_id, inputs, {name for name in self.create_skip if inputs.get(name)})

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """With the ARN."""
        return {
            **super().outputs(api, object_id, inputs, found),
            "arn": api.arn(f"subnet/{object_id}"),
            "ownerId": api.account,
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Only settings change in place."""
        self._set(api, object_id, news, changed & set(self.create_skip))


class InternetGateway(ResourceType):
    """An internet gateway, attached to a VPC."""

    pulumi_type = "aws:ec2/internetGateway:InternetGateway"
    service = "ec2"
    cfn = "AWS::EC2::InternetGateway"
    kind = "internet-gateway"
    create_op = "CreateInternetGateway"
    create_skip = ("vpcId",)
    id_path = "InternetGateway.InternetGatewayId"
    read_op, read_param, read_path = "DescribeInternetGateways", "InternetGatewayIds[]", "InternetGateways[0]"
    delete_op, delete_param = "DeleteInternetGateway", "InternetGatewayId"
    gone = ("InvalidInternetGatewayID.NotFound",)
    tags = tagging.ec2("internet-gateway")

    def after_create(self, api: Api, object_id: str, inputs: Props) -> None:
        """Attach it."""
        if inputs.get("vpcId"):
            api.call("AttachInternetGateway", InternetGatewayId=object_id, VpcId=inputs["vpcId"])

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """With where it is attached."""
        return {
            **super().outputs(api, object_id, inputs, found),
            "arn": api.arn(f"internet-gateway/{object_id}"),
            "ownerId": api.account,
            "vpcId": dig(found, "Attachments[0].VpcId"),
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Move it to another VPC."""
        self._detach(api, object_id)
        self.after_create(api, object_id, news)

    def _detach(self, api: Api, object_id: str) -> None:
        found = self.describe(api, object_id, {})
        for attachment in (found or {}).get("Attachments", []):
            api.call("DetachInternetGateway", InternetGatewayId=object_id, VpcId=attachment["VpcId"])

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Detach, then delete."""
        self._detach(api, object_id)
        super().delete(api, object_id, state)


class VpcEndpoint(ResourceType):
    """An endpoint: a gateway in route tables, or interfaces in subnets."""

    pulumi_type = "aws:ec2/vpcEndpoint:VpcEndpoint"
    service = "ec2"
    cfn = "AWS::EC2::VPCEndpoint"
    cfn_rename: ClassVar = {"policy": ""}  # a document there, a text here
    create_op = "CreateVpcEndpoint"
    rename: ClassVar = {"policy": "PolicyDocument"}
    create_skip = ("autoAccept",)
    id_path = "VpcEndpoint.VpcEndpointId"
    read_op, read_param, read_path = "DescribeVpcEndpoints", "VpcEndpointIds[]", "VpcEndpoints[0]"
    delete_op, delete_param = "DeleteVpcEndpoints", "VpcEndpointIds[]"
    gone = ("InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound")
    tags = tagging.ec2("vpc-endpoint")

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """A service of the region, and only what its kind of endpoint takes."""
        failures = []
        service, kind = inputs.get("serviceName"), inputs.get("vpcEndpointType", "Gateway")
        parts = service.split(".") if isinstance(service, str) else []
        elsewhere = "serviceRegion" not in inputs and len(parts) > 3 and parts[2] != region  # noqa: PLR2004
        if region and parts[:2] == ["com", "amazonaws"] and elsewhere:
            failures.append(Failure("serviceName", f"{show(service)} is a service of another region than {region}"))
        if kind == "Gateway":
            failures += [
                Failure(name, "is only for interface endpoints; this is a Gateway")
                for name in ("subnetIds", "securityGroupIds", "privateDnsEnabled")
                if inputs.get(name) not in (None, False, [])
            ]
        elif isinstance(kind, str) and inputs.get("routeTableIds") not in (None, []):
            failures.append(Failure("routeTableIds", f"is only for gateway endpoints; this is of type {kind}"))
        return failures

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """A deleted endpoint is shown for a while."""
        found = super().describe(api, object_id, inputs)
        return None if found is None or str(found.get("State", "")).lower() in {"deleted", "deleting"} else found

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """With the prefix list of a gateway's service."""
        props = super().outputs(api, object_id, inputs, found)
        props["securityGroupIds"] = [group["GroupId"] for group in found.get("Groups", [])] or inputs.get(
            "securityGroupIds"
        )
        lists = api.call("DescribePrefixLists", Filters=filters(prefix_list_name=found["ServiceName"]))["PrefixLists"]
        if lists and found.get("VpcEndpointType") != "Interface":
            props["prefixListId"] = lists[0]["PrefixListId"]
            props["cidrBlocks"] = lists[0].get("Cidrs", [])
        return {**props, "arn": api.arn(f"vpc-endpoint/{object_id}"), "ownerId": api.account, "requesterManaged": False}

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Lists go as what to add and what to remove."""
        params: dict[str, Any] = {}
        for name, add, remove in (
            ("routeTableIds", "AddRouteTableIds", "RemoveRouteTableIds"),
            ("subnetIds", "AddSubnetIds", "RemoveSubnetIds"),
            ("securityGroupIds", "AddSecurityGroupIds", "RemoveSecurityGroupIds"),
        ):
            if name in changed:
                before, after = set(olds.get(name) or ()), set(news.get(name) or ())
                params.update({add: sorted(after - before)} if after - before else {})
                params.update({remove: sorted(before - after)} if before - after else {})
        if "policy" in changed:
            params.update({"PolicyDocument": news["policy"]} if news.get("policy") else {"ResetPolicy": True})
        if "privateDnsEnabled" in changed:
            params["PrivateDnsEnabled"] = bool(news.get("privateDnsEnabled"))
        if params:
            api.call("ModifyVpcEndpoint", VpcEndpointId=object_id, **params)

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Once: a deleted endpoint is still shown, and deleting it again fails."""
        if self.describe(api, object_id, state) is not None:
            super().delete(api, object_id, state)


class FlowLog(ResourceType):
    """Flow logs of a VPC, subnet or interface."""

    pulumi_type = "aws:ec2/flowLog:FlowLog"
    service = "ec2"
    cfn = "AWS::EC2::FlowLog"
    cfn_rename: ClassVar = {"iamRoleArn": "DeliverLogsPermissionArn"}
    gone = ("InvalidFlowLogId.NotFound",)
    tags = tagging.ec2("vpc-flow-log")
    read_op, read_param, read_path = "DescribeFlowLogs", "FlowLogIds[]", "FlowLogs[0]"
    delete_op, delete_param = "DeleteFlowLogs", "FlowLogIds[]"
    _SOURCES: ClassVar = {"vpcId": "VPC", "subnetId": "Subnet", "eniId": "NetworkInterface"}

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """CloudWatch Logs needs a role, S3 takes none."""
        kind = inputs.get("logDestinationType", "cloud-watch-logs")
        if kind == "cloud-watch-logs" and "iamRoleArn" not in inputs:
            return [Failure("iamRoleArn", "is required to deliver to CloudWatch Logs")]
        if kind == "s3" and "iamRoleArn" in inputs:
            return [Failure("iamRoleArn", "must not be set to deliver to S3")]
        return []

    def create(self, api: Api, inputs: Props) -> str:
        """One resource per flow log."""
        source = next(name for name in self._SOURCES if inputs.get(name))
        kind, destination = inputs["logDestinationType"], str(inputs.get("logDestination", ""))
        params: dict[str, Any] = {
            "ResourceIds": [inputs[source]],
            "ResourceType": self._SOURCES[source],
            "TrafficType": inputs["trafficType"],
            "LogDestinationType": kind,
            "MaxAggregationInterval": inputs["maxAggregationInterval"],
            **self.tag_params(inputs),
        }
        if kind == "cloud-watch-logs":
            params["LogGroupName"] = destination.partition(":log-group:")[2].removesuffix(":*")
            params["DeliverLogsPermissionArn"] = inputs["iamRoleArn"]
        else:
            params["LogDestination"] = destination
        if inputs.get("logFormat"):
            params["LogFormat"] = inputs["logFormat"]
        answer = api.call("CreateFlowLogs", **params)
        if answer.get("Unsuccessful"):
            error = answer["Unsuccessful"][0]["Error"]
            raise ApiError("CreateFlowLogs", str(error.get("Code")), str(error.get("Message")))
        api.created_id = str(answer["FlowLogIds"][0])
        return api.created_id

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """The source's property by its kind of id."""
        props = super().outputs(api, object_id, inputs, found)
        props.pop("logDestination", None)
        prefix = {"vpc": "vpcId", "subnet": "subnetId", "eni": "eniId"}[found["ResourceId"].partition("-")[0]]
        props[prefix] = found["ResourceId"]
        props["iamRoleArn"] = found.get("DeliverLogsPermissionArn") or inputs.get("iamRoleArn")
        group = found.get("LogGroupName")
        if group and not inputs.get("logDestination"):
            props["logDestination"] = api.arn(f"log-group:{group}", service="logs")
        return {**props, "arn": api.arn(f"vpc-flow-log/{object_id}")}


TYPES = (Vpc(), Subnet(), InternetGateway(), VpcEndpoint(), FlowLog())
