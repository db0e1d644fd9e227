"""Auto scaling, RDS Proxy, NAT gateways, interface endpoints, services behind load balancers, metric filters."""

from __future__ import annotations

import contextlib
from typing import Any

from botocore.exceptions import ClientError

from tests.cloud.aws.gaps import client, gap, not_implemented

KEY = {"ServiceNamespace": "ecs", "ResourceId": "service/main/web", "ScalableDimension": "ecs:service:DesiredCount"}
CPU = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}

# Application Auto Scaling


def service(**more: Any) -> None:
    ecs = client("ecs")
    ecs.create_cluster(clusterName="main")
    container = {"name": "web", "image": "nginx", "memory": 128, "portMappings": [{"containerPort": 80}]}
    ecs.register_task_definition(family="web", containerDefinitions=[container])
    ecs.create_service(cluster="main", serviceName="web", taskDefinition="web", desiredCount=1, **more)


def target(low: int = 2, high: int = 4) -> str:
    service()
    made = client("application-autoscaling").register_scalable_target(**KEY, MinCapacity=low, MaxCapacity=high)
    return str(made["ScalableTargetARN"])


def policy(value: float = 70.0, name: str = "cpu") -> dict[str, Any]:
    config = {"TargetValue": value, "PredefinedMetricSpecification": CPU}
    made: dict[str, Any] = client("application-autoscaling").put_scaling_policy(
        **KEY, PolicyName=name, PolicyType="TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration=config
    )
    return made


@gap
def scaling_target_has_no_tags() -> None:
    arn = target()
    not_implemented(lambda: client("application-autoscaling").list_tags_for_resource(ResourceARN=arn))


@gap
def scaling_target_moves_nothing() -> None:
    target()
    assert client("ecs").describe_services(cluster="main", services=["web"])["services"][0]["desiredCount"] == 1


@gap
def scaling_target_takes_limits_in_any_order() -> None:
    target(4, 2)


@gap
def scaling_target_of_a_deleted_service() -> None:
    service()
    client("ecs").delete_service(cluster="main", service="web", force=True)
    client("application-autoscaling").register_scalable_target(**KEY, MinCapacity=1, MaxCapacity=2)


@gap
def scaling_policy_outlives_its_target() -> None:
    target()
    policy()
    scaling = client("application-autoscaling")
    scaling.deregister_scalable_target(**KEY)
    assert scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]


@gap
def scaling_policy_needs_no_target() -> None:
    service()
    policy()


@gap
def scaling_policy_that_changes_is_another_one() -> None:
    target()
    first, second = policy()["PolicyARN"], policy(80.0)["PolicyARN"]
    assert first != second
    assert len(client("cloudwatch").describe_alarms()["MetricAlarms"]) == 4, "the old alarms stay"


@gap
def scaling_alarms_do_not_know_the_target() -> None:
    target()
    policy()
    assert {row["Threshold"] for row in client("cloudwatch").describe_alarms()["MetricAlarms"]} == {6.0}


@gap
def scaling_policies_are_not_found_by_name() -> None:
    target()
    policy()
    found = client("application-autoscaling").describe_scaling_policies(ServiceNamespace="ecs", PolicyNames=["other"])
    assert found["ScalingPolicies"]


@gap
def scaling_errors_have_another_code() -> None:
    target()
    try:
        client("application-autoscaling").delete_scaling_policy(**KEY, PolicyName="nothing")
    except ClientError as error:
        assert error.response["Error"]["Code"] != "ObjectNotFoundException"  # noqa: PT017 -- the code is the gap


@gap
def scheduled_action_needs_no_target() -> None:
    service()
    client("application-autoscaling").put_scheduled_action(
        **KEY, ScheduledActionName="a", Schedule="rate(1 day)", ScalableTargetAction={"MinCapacity": 1}
    )


# RDS Proxy


def subnets(zones: str = "ab") -> list[str]:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=f"eu-west-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for index, zone in enumerate(zones)
    ]


def proxy(zones: str = "ab") -> Any:
    rds = client("rds")
    rds.create_db_proxy(
        DBProxyName="pool",
        EngineFamily="POSTGRESQL",
        RoleArn="arn:aws:iam::123456789012:role/proxy",
        VpcSubnetIds=subnets(zones),
        Auth=[{"SecretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:pool"}],
    )
    return rds


@gap
def proxy_cannot_change() -> None:
    rds = proxy()
    not_implemented(lambda: rds.modify_db_proxy(DBProxyName="pool", DebugLogging=True))


@gap
def proxy_stands_in_one_zone() -> None:
    proxy("aa")


@gap
def proxy_that_is_not_there_is_a_crash() -> None:
    for call in (client("rds").describe_db_proxy_target_groups, client("rds").delete_db_proxy):
        try:
            call(DBProxyName="nothing")
        except KeyError:
            continue
        message = "it is an error of the API"
        raise AssertionError(message)


@gap
def proxy_takes_any_target() -> None:
    rds = proxy()
    for _ in range(2):
        made = rds.register_db_proxy_targets(DBProxyName="pool", DBInstanceIdentifiers=["nothing"])
    assert not made["DBProxyTargets"][0].get("TargetArn")


@gap
def proxy_pool_keeps_idle_connections() -> None:
    rds = proxy()
    config = {"MaxConnectionsPercent": 80, "MaxIdleConnectionsPercent": 0, "InitQuery": "SET a=1"}
    rds.modify_db_proxy_target_group(DBProxyName="pool", TargetGroupName="default", ConnectionPoolConfig=config)
    shown = rds.describe_db_proxy_target_groups(DBProxyName="pool")["TargetGroups"][0]["ConnectionPoolConfig"]
    assert shown["MaxIdleConnectionsPercent"] != 0
    assert not shown.get("InitQuery")


# NAT gateways and interface endpoints


@gap
def nat_gateway_needs_no_internet() -> None:
    ec2 = client("ec2")
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = ec2.create_nat_gateway(SubnetId=subnets()[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
    ec2.delete_nat_gateway(NatGatewayId=made)
    assert ec2.describe_addresses(AllocationIds=[address])["Addresses"][0].get("AssociationId"), "it is still in use"
    assert ec2.describe_network_interfaces()["NetworkInterfaces"], "so is the interface"


@gap
def addresses_in_use_are_released() -> None:
    ec2 = client("ec2")
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_nat_gateway(SubnetId=subnets()[0], AllocationId=address)
    ec2.release_address(AllocationId=address)


@gap
def internet_gateway_is_detached_under_a_nat_gateway() -> None:
    ec2, place = client("ec2"), subnets()[0]
    vpc = ec2.describe_subnets(SubnetIds=[place])["Subnets"][0]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.create_nat_gateway(SubnetId=place, AllocationId=ec2.allocate_address(Domain="vpc")["AllocationId"])
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)


@gap
def subnet_with_an_interface_is_deleted() -> None:
    ec2, place = client("ec2"), subnets()[0]
    ec2.create_network_interface(SubnetId=place)
    ec2.delete_subnet(SubnetId=place)


def endpoint(*places: str) -> str:
    ec2 = client("ec2")
    vpc = ec2.describe_subnets(SubnetIds=[places[0]])["Subnets"][0]["VpcId"]
    made = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName="com.amazonaws.eu-west-1.logs",
        VpcEndpointType="Interface",
        SubnetIds=list(places),
        PrivateDnsEnabled=True,
    )
    return str(made["VpcEndpoint"]["VpcEndpointId"])


@gap
def endpoint_has_no_group_and_needs_no_names() -> None:
    endpoint(subnets()[0])
    shown = client("ec2").describe_vpc_endpoints()["VpcEndpoints"][0]
    assert not shown["Groups"]
    assert shown["PrivateDnsEnabled"] is True, "in a VPC without DNS hostnames"


@gap
def endpoints_share_their_names_and_zones() -> None:
    first, second = subnets("aa")
    endpoint(first, second)
    endpoint(first)


@gap
def endpoint_that_changes_keeps_its_interfaces() -> None:
    first, second = subnets()
    made = endpoint(first)
    client("ec2").modify_vpc_endpoint(VpcEndpointId=made, AddSubnetIds=[second], PrivateDnsEnabled=False)
    shown = client("ec2").describe_vpc_endpoints()["VpcEndpoints"][0]
    assert len(shown["NetworkInterfaceIds"]) == 1
    assert shown["PrivateDnsEnabled"] is True


# Services behind load balancers


@gap
def ecs_service_takes_any_target_group() -> None:
    arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef"
    service(loadBalancers=[{"targetGroupArn": arn, "containerName": "web", "containerPort": 80}])


# Metric filters


@gap
def metric_filter_needs_no_group_and_repeats() -> None:
    logs = client("logs")
    change = {"metricName": "a", "metricNamespace": "b", "metricValue": "1"}
    for _ in range(2):
        logs.put_metric_filter(logGroupName="x", filterName="a", filterPattern="", metricTransformations=[change])
    assert len(logs.describe_metric_filters()["metricFilters"]) == 2


@gap
def metric_filter_outlives_its_group() -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="x")
    change = {"metricName": "a", "metricNamespace": "b", "metricValue": "1"}
    logs.put_metric_filter(logGroupName="x", filterName="a", filterPattern="", metricTransformations=[change])
    with contextlib.suppress(ClientError):
        logs.delete_log_group(logGroupName="x")
    assert logs.describe_metric_filters()["metricFilters"]
