"""What the embedded AWS holds against what a stack's state says: an object too many was made twice."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.account import Account
    from tests.e2e.project import Project

#: Types, and how the account lists their objects: service, operation, key of the answer.
_LISTINGS = {
    "aws:appautoscaling/target:Target": (
        "application-autoscaling",
        "describe_scalable_targets",
        "ScalableTargets",
        {"ServiceNamespace": "ecs"},
    ),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", "describe_log_groups", "logGroups", {}),
    "aws:ec2/eip:Eip": ("ec2", "describe_addresses", "Addresses", {}),
    "aws:ec2/natGateway:NatGateway": ("ec2", "describe_nat_gateways", "NatGateways", {}),
    "aws:ecs/cluster:Cluster": ("ecs", "list_clusters", "clusterArns", {}),
    "aws:elasticache/replicationGroup:ReplicationGroup": (
        "elasticache",
        "describe_replication_groups",
        "ReplicationGroups",
        {},
    ),
    "aws:lb/loadBalancer:LoadBalancer": ("elbv2", "describe_load_balancers", "LoadBalancers", {}),
    "aws:lb/targetGroup:TargetGroup": ("elbv2", "describe_target_groups", "TargetGroups", {}),
    "aws:rds/instance:Instance": ("rds", "describe_db_instances", "DBInstances", {}),
    "aws:rds/proxy:Proxy": ("rds", "describe_db_proxies", "DBProxies", {}),
    "aws:secretsmanager/secret:Secret": ("secretsmanager", "list_secrets", "SecretList", {}),
    "aws:sns/topic:Topic": ("sns", "list_topics", "Topics", {}),
}
#: Types whose listings hold the account's own objects too, or leave out what is empty.
_OTHERS = frozenset(
    {
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
        "aws:iam/role:Role",
        "aws:s3/bucket:Bucket",
        "aws:sqs/queue:Queue",
    }
)


def counted(account: Account) -> Counter[str]:
    """How many objects of each type the account holds."""
    found = Counter(
        {
            "aws:ec2/vpc:Vpc": len(account.own_networks()),
            "aws:iam/role:Role": len(account.roles()),
            "aws:s3/bucket:Bucket": len(account.buckets()),
        }
    )
    for type_, (service, operation, key, given) in _LISTINGS.items():
        found[type_] += sum(1 for _ in account.items(service, operation, key, **given))
    for region in account.regions:
        found["aws:sqs/queue:Queue"] += len(account.client("sqs", region).list_queues().get("QueueUrls", ()))
    for _, alarm in account.items("cloudwatch", "describe_alarms", "MetricAlarms"):
        # The others are target tracking's own.
        found["aws:cloudwatch/metricAlarm:MetricAlarm"] += not alarm["AlarmName"].startswith("TargetTracking-")
    networks = account.own_networks()
    for _, subnet in account.items("ec2", "describe_subnets", "Subnets"):
        found["aws:ec2/subnet:Subnet"] += subnet["VpcId"] in networks
    for _, group in account.items("ec2", "describe_security_groups", "SecurityGroups"):
        found["aws:ec2/securityGroup:SecurityGroup"] += group["VpcId"] in networks and group["GroupName"] != "default"
    return +found


def recorded(project: Project, stack: str) -> Counter[str]:
    """How many resources of the same types the state holds."""
    types = (found["type"] for found in project.state(stack)["resources"])
    return Counter(type_ for type_ in types if type_ in _LISTINGS or type_ in _OTHERS)
