"""An embedded AWS account as any client sees it, over all regions in use."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = "123456789012"


@dataclass(frozen=True)
class Account:
    """The account behind one endpoint.

    Attributes:
        endpoint: where the embedded AWS answers.
        regions: the regions in use, the first the home of what is global.
    """

    endpoint: str
    regions: tuple[str, ...]
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False, compare=False)

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client, one per service and region."""
        key = (service, region or self.regions[0])
        if key not in self._clients:
            self._clients[key] = boto3.client(
                service,  # type: ignore[call-overload] -- boto3's stubs list services one by one
                region_name=key[1],
                endpoint_url=self.endpoint,
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self._clients[key]

    def items(self, service: str, operation: str, key: str, **given: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every item of a listing in every region, with its region."""
        for region in self.regions:
            client = self.client(service, region)
            if client.can_paginate(operation):
                for page in client.get_paginator(operation).paginate(**given):
                    yield from ((region, item) for item in page[key])
            else:
                yield from ((region, item) for item in getattr(client, operation)(**given)[key])

    def security_group_rules(self) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
        """Every inbound permission: region, group, permission."""
        for region, group in self.items("ec2", "describe_security_groups", "SecurityGroups"):
            yield from ((region, group, permission) for permission in group["IpPermissions"])

    def own_networks(self) -> dict[str, dict[str, Any]]:
        """The networks that stacks made, by id."""
        return {vpc["VpcId"]: vpc for _, vpc in self.items("ec2", "describe_vpcs", "Vpcs") if not vpc["IsDefault"]}

    def buckets(self) -> list[str]:
        """The buckets of the whole account."""
        return [bucket["Name"] for bucket in self.client("s3").list_buckets()["Buckets"]]

    def roles(self) -> list[dict[str, Any]]:
        """The roles that stacks made."""
        pages = self.client("iam").get_paginator("list_roles").paginate()
        return [role for page in pages for role in page["Roles"] if not role["Path"].startswith("/aws-service-role/")]

    def statements(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every statement of every role's own policies, with the role's name."""
        iam = self.client("iam")
        for role in self.roles():
            for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
                document = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
                yield from ((role["RoleName"], statement) for statement in statements(document))


def statements(document: Any) -> list[dict[str, Any]]:
    """The statements of a policy document."""
    found = (json.loads(document) if isinstance(document, str) else document)["Statement"]
    return [found] if isinstance(found, dict) else list(found)


def listed(value: Any) -> list[Any]:
    """A value of a policy, which may be one or a list."""
    return value if isinstance(value, list) else [value]
