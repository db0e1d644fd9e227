"""What there is at one point of a stack's way through the phases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.e2e.account import Account
    from tests.e2e.project import Project

#: Types that hold data, or without which data cannot be read.
DATA = frozenset(
    {
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "aws:kms/key:Key",
        "aws:kms/replicaKey:ReplicaKey",
        "aws:rds/instance:Instance",
        "aws:rds/parameterGroup:ParameterGroup",
        "aws:rds/subnetGroup:SubnetGroup",
        "aws:s3/bucket:Bucket",
        "aws:secretsmanager/secret:Secret",
        "aws:sqs/queue:Queue",
        "random:index/randomPassword:RandomPassword",
    }
)
#: What an update replaces at any time: immutable by nature, and each new one is made before the old one goes.
VERSIONED = frozenset(
    {
        "aws:ecs/taskDefinition:TaskDefinition",
        "aws:secretsmanager/secretVersion:SecretVersion",
        # Which group a service may connect to: the database's, then its proxy's.
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    }
)
#: Of these types only what is protected holds data: a bucket for a certificate or an access log is not one.
_PROTECTED_ONLY = "aws:s3/bucket:Bucket"

Contract = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Point:
    """One point of the way.

    Attributes:
        document: the JSON of the deployment that led there.
        resources: the state's resources by URN.
        contract: what each service's container is told: its secrets' sources and its variables, by name.
    """

    document: dict[str, Any]
    resources: dict[str, dict[str, Any]]
    contract: Contract

    @classmethod
    def taken(cls, project: Project, stack: str, account: Account, document: dict[str, Any]) -> Point:
        """The point at which a stack is now, in its home region."""
        resources = {found["urn"]: found for found in project.state(stack)["resources"]}
        ecs = account.client("ecs")
        cluster = document["outputs"]["clusterName"]
        contract = {}
        for name, service in document["outputs"]["services"].items():
            (found,) = ecs.describe_services(cluster=cluster, services=[service])["services"]
            task = ecs.describe_task_definition(taskDefinition=found["taskDefinition"])["taskDefinition"]
            (container,) = (one for one in task["containerDefinitions"] if one["essential"])
            contract[name] = {
                **{row["name"]: row["valueFrom"] for row in container["secrets"]},
                **{row["name"]: row["value"] for row in container["environment"]},
            }
        return cls(document, resources, contract)

    @property
    def root(self) -> dict[str, Any]:
        """What the stack says of itself: the inputs of its root."""
        (found,) = (one for one in self.resources.values() if one["type"] == "ascend:index:World")
        inputs: dict[str, Any] = found["inputs"]
        return inputs

    def protected(self) -> dict[str, str]:
        """The physical ids of what holds data and is kept, by URN."""
        return {urn: found["id"] for urn, found in self.resources.items() if found.get("protect")}

    def data(self) -> dict[str, str]:
        """The physical ids of everything of a type that holds data, copies too, by URN."""
        return {urn: found["id"] for urn, found in self.resources.items() if holds_data(found)}

    def operations(self, *ops: str) -> set[tuple[str, str]]:
        """The type and URN of the steps of some operations."""
        return {(step["type"], step["urn"]) for step in self.document["steps"] if step["op"] in ops}


def holds_data(found: dict[str, Any]) -> bool:
    """Whether a resource of the state holds data, or a copy of it."""
    return found["type"] in DATA and (found["type"] != _PROTECTED_ONLY or bool(found.get("protect")))
