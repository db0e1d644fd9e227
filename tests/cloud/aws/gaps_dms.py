"""DMS."""

from __future__ import annotations

from typing import Any

from tests.cloud.aws.gaps import client, gap, not_implemented


def instance(**more: Any) -> dict[str, Any]:
    made = client("dms").create_replication_instance(
        ReplicationInstanceIdentifier="floyo", ReplicationInstanceClass="dms.t3.medium", **more
    )
    found: dict[str, Any] = made["ReplicationInstance"]
    return found


def endpoint() -> str:
    made = client("dms").create_endpoint(EndpointIdentifier="floyo", EndpointType="source", EngineName="postgres")
    return str(made["Endpoint"]["EndpointArn"])


@gap
def dms_subnet_groups_do_not_know_their_subnets() -> None:
    made = client("dms").create_replication_subnet_group(
        ReplicationSubnetGroupIdentifier="a", ReplicationSubnetGroupDescription="a", SubnetIds=["subnet-1", "subnet-2"]
    )
    assert made["ReplicationSubnetGroup"]["Subnets"][0]["SubnetIdentifier"] == "subnet-12345"


@gap
def dms_instances_take_any_subnet_group() -> None:
    assert instance(ReplicationSubnetGroupIdentifier="nowhere")["ReplicationSubnetGroup"]["VpcId"] == "vpc-12345"


@gap
def dms_endpoints_of_one_name_replace_each_other() -> None:
    assert endpoint() != endpoint()


@gap
def dms_endpoints_tasks_and_groups_cannot_be_changed() -> None:
    dms = client("dms")
    not_implemented(lambda: dms.modify_endpoint(EndpointArn=endpoint()))
    not_implemented(lambda: dms.modify_replication_task(ReplicationTaskArn="arn"))
    not_implemented(lambda: dms.modify_replication_subnet_group(ReplicationSubnetGroupIdentifier="a", SubnetIds=["b"]))


@gap
def dms_tags_cannot_be_changed() -> None:
    not_implemented(
        lambda: client("dms").add_tags_to_resource(ResourceArn=endpoint(), Tags=[{"Key": "a", "Value": "b"}])
    )
    not_implemented(lambda: client("dms").remove_tags_from_resource(ResourceArn="arn", TagKeys=["a"]))


@gap
def dms_tasks_are_never_ready_and_need_nothing() -> None:
    made = client("dms").create_replication_task(
        ReplicationTaskIdentifier="a",
        SourceEndpointArn="nothing",
        TargetEndpointArn="nothing",
        ReplicationInstanceArn="nothing",
        MigrationType="cdc",
        TableMappings="{}",
        ReplicationTaskSettings="{}",
    )
    assert made["ReplicationTask"]["Status"] == "creating"


@gap
def dms_running_tasks_can_be_deleted() -> None:
    dms_tasks_are_never_ready_and_need_nothing()
    dms = client("dms")
    arn = dms.describe_replication_tasks()["ReplicationTasks"][0]["ReplicationTaskArn"]
    dms.start_replication_task(ReplicationTaskArn=arn, StartReplicationTaskType="start-replication")
    dms.delete_replication_task(ReplicationTaskArn=arn)
