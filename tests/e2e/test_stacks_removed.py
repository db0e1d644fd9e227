"""The 20 stacks go without a trace. Last of these files by its name, as it takes away what the others look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.stacks import name_of

if TYPE_CHECKING:
    from tests.e2e.stacks import Stacks


def test_a_stack_goes_without_a_trace(stacks: Stacks) -> None:
    for number in stacks.documents:
        protected = [one for one in stacks.project.state(name_of(number))["resources"] if one.get("protect")]
        assert protected, number
        named = [word for one in protected for word in ("--unprotect", one["urn"])]
        ran = stacks.project.ascend("destroy", name_of(number), "--embedded", "--yes", *named)
        assert ran.code == 0, ran.err
    account = stacks.account
    assert account.own_networks() == {}
    assert account.buckets() == []
    assert account.roles() == []
    for service, operation, key in (
        ("rds", "describe_db_instances", "DBInstances"),
        ("rds", "describe_db_subnet_groups", "DBSubnetGroups"),
        ("elasticache", "describe_replication_groups", "ReplicationGroups"),
        ("elbv2", "describe_load_balancers", "LoadBalancers"),
        ("elbv2", "describe_target_groups", "TargetGroups"),
        ("cloudwatch", "describe_alarms", "MetricAlarms"),
        ("logs", "describe_log_groups", "logGroups"),
        ("ec2", "describe_addresses", "Addresses"),
    ):
        assert list(account.items(service, operation, key)) == [], (service, operation)
