"""ECS, Cloud Map and API Gateway."""

from __future__ import annotations

from typing import Any

from tests.cloud.aws.gaps import REGION, client, gap, not_implemented

# ECS


def cluster() -> str:
    return str(client("ecs").create_cluster(clusterName="main")["cluster"]["clusterArn"])


def subnet() -> str:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return str(ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"])


def service(**more: Any) -> dict[str, Any]:
    ecs = client("ecs")
    container = {"name": "web", "image": "nginx", "memory": 128}
    ecs.register_task_definition(family="web", containerDefinitions=[container])
    made = ecs.create_service(cluster="main", serviceName="web", taskDefinition="web", desiredCount=1, **more)
    found: dict[str, Any] = made["service"]
    return found


@gap
def ecs_service_runs_no_task() -> None:
    cluster()
    assert service()["runningCount"] == 0
    assert client("ecs").list_tasks(cluster="main", serviceName="web")["taskArns"] == []


@gap
def ecs_service_forgets_what_it_was_created_with() -> None:
    cluster()
    made = service(deploymentConfiguration={"maximumPercent": 150}, enableExecuteCommand=True)
    assert made.get("deploymentConfiguration", {}).get("maximumPercent") != 150
    assert not made.get("enableExecuteCommand")


@gap
def ecs_service_takes_any_capacity_provider() -> None:
    cluster()
    service(capacityProviderStrategy=[{"capacityProvider": "nothing", "weight": 1}])


@gap
def ecs_service_takes_any_registry() -> None:
    cluster()
    service(serviceRegistries=[{"registryArn": f"arn:aws:servicediscovery:{REGION}:1:service/srv-1", "port": 1}])


@gap
def ecs_cluster_takes_any_capacity_provider() -> None:
    cluster()
    client("ecs").put_cluster_capacity_providers(
        cluster="main", capacityProviders=["nothing"], defaultCapacityProviderStrategy=[]
    )


@gap
def ecs_cluster_with_services_is_deleted() -> None:
    cluster()
    service()
    client("ecs").delete_cluster(cluster="main")


@gap
def ecs_deleted_cluster_is_listed() -> None:
    arn = cluster()
    client("ecs").delete_cluster(cluster="main")
    assert client("ecs").list_clusters()["clusterArns"] == [arn]


def run_task(*, dns_hostnames: bool) -> None:
    ecs, ec2 = client("ecs"), client("ec2")
    place = subnet()
    vpc = ec2.describe_subnets(SubnetIds=[place])["Subnets"][0]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": dns_hostnames})
    ecs.register_task_definition(
        family="job",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "job", "image": "job", "cpu": 1, "memory": 128}],
    )
    network = {"awsvpcConfiguration": {"subnets": [place], "securityGroups": []}}
    ecs.run_task(cluster="main", taskDefinition="job", launchType="FARGATE", networkConfiguration=network)


@gap
def ecs_tasks_of_other_services_are_listed() -> None:
    cluster()
    service()
    run_task(dns_hostnames=True)
    assert client("ecs").list_tasks(cluster="main", serviceName="web")["taskArns"] != []


@gap
def ecs_task_needs_dns_hostnames() -> None:
    cluster()
    try:
        run_task(dns_hostnames=False)
    except AttributeError:
        return
    message = "it runs"
    raise AssertionError(message)


# Cloud Map


def namespace(name: str = "a.internal") -> tuple[str, str]:
    vpc = client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    names = client("servicediscovery")
    names.create_private_dns_namespace(Name=name, Vpc=vpc)
    return vpc, names.list_namespaces()["Namespaces"][0]["Id"]


@gap
def cloud_map_second_namespace_of_a_vpc_is_refused() -> None:
    vpc, _ = namespace()
    not_implemented(lambda: client("servicediscovery").create_private_dns_namespace(Name="b.internal", Vpc=vpc))


@gap
def cloud_map_what_is_in_use_is_deleted() -> None:
    _, space = namespace()
    names = client("servicediscovery")
    records = {"DnsRecords": [{"Type": "A", "TTL": 10}]}
    made = names.create_service(Name="web", NamespaceId=space, DnsConfig=records)["Service"]["Id"]
    names.delete_namespace(Id=space)
    names.register_instance(ServiceId=made, InstanceId="a", Attributes={"a": "b"})
    names.delete_service(Id=made)


def cname() -> str:
    _, space = namespace()
    given = {"RoutingPolicy": "WEIGHTED", "DnsRecords": [{"Type": "CNAME", "TTL": 10}]}
    made = client("servicediscovery").create_service(Name="read", NamespaceId=space, DnsConfig=given)
    return str(made["Service"]["Id"])


@gap
def cloud_map_instance_is_registered_twice() -> None:
    service_id, names = cname(), client("servicediscovery")
    for value in "ab":
        names.register_instance(ServiceId=service_id, InstanceId="x", Attributes={"AWS_INSTANCE_CNAME": value})
    assert len(names.list_instances(ServiceId=service_id)["Instances"]) == 2


@gap
def cloud_map_instance_of_a_cname_needs_no_name() -> None:
    service_id = cname()
    client("servicediscovery").register_instance(ServiceId=service_id, InstanceId="x", Attributes={"a": "b"})


# API Gateway


def api() -> str:
    return str(client("apigatewayv2").create_api(Name="a", ProtocolType="HTTP")["ApiId"])


@gap
def apigateway_stage_cannot_change() -> None:
    made = api()
    client("apigatewayv2").create_stage(ApiId=made, StageName="v1")
    not_implemented(lambda: client("apigatewayv2").update_stage(ApiId=made, StageName="v1", Description="x"))


@gap
def apigateway_access_logs_cannot_be_removed() -> None:
    made = api()
    client("apigatewayv2").create_stage(ApiId=made, StageName="v1")
    not_implemented(lambda: client("apigatewayv2").delete_access_log_settings(ApiId=made, StageName="v1"))


@gap
def apigateway_keys_and_names_repeat() -> None:
    made, gateway = api(), client("apigatewayv2")
    for _ in range(2):
        gateway.create_route(ApiId=made, RouteKey="$default")
        gateway.create_stage(ApiId=made, StageName="v1")


@gap
def apigateway_route_takes_any_integration() -> None:
    client("apigatewayv2").create_route(ApiId=api(), RouteKey="$default", Target="integrations/nothing")


@gap
def apigateway_address_type_is_not_shown() -> None:
    assert "IpAddressType" not in client("apigatewayv2").get_api(ApiId=api())


@gap
def apigateway_automatic_deployment_is_not_shown() -> None:
    assert "DeploymentId" not in client("apigatewayv2").create_stage(ApiId=api(), StageName="v1", AutoDeploy=True)


@gap
def apigateway_tags_of_a_stage_are_kept_elsewhere() -> None:
    made, gateway = api(), client("apigatewayv2")
    gateway.create_stage(ApiId=made, StageName="v1")
    arn = f"arn:aws:apigateway:{REGION}::/apis/{made}/stages/v1"
    gateway.tag_resource(ResourceArn=arn, Tags={"a": "b"})
    assert gateway.get_stage(ApiId=made, StageName="v1").get("Tags") != {"a": "b"}
