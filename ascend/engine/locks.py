"""Locks that AWS itself keeps, beside Pulumi's `protect`: a locked database or load balancer refuses to be deleted.

The official CLI deletes what its state holds and cannot change a resource on the way, so that such a lock would stop a
destroy in its middle. It is looked for before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def _open_database(rds: Any, identifier: str) -> None:
    rds.modify_db_instance(DBInstanceIdentifier=identifier, DeletionProtection=False, ApplyImmediately=True)


def _open_balancer(elbv2: Any, arn: str) -> None:
    attributes = [{"Key": "deletion_protection.enabled", "Value": "false"}]
    elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attributes)


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of resource that AWS can lock.

    Attributes:
        output: the output that says whether it is locked.
        identifier: the output by which AWS knows it.
        service: boto3's name of its service.
        command: the user's command that opens the lock, to be completed with the identifier.
        open: opens the lock with a client of the service.
    """

    output: str
    identifier: str
    service: str
    command: str
    open: Callable[[Any, str], None]


KINDS: Final = {
    "aws:rds/instance:Instance": Kind(
        output="deletionProtection",
        identifier="identifier",
        service="rds",
        command="rds modify-db-instance --no-deletion-protection --apply-immediately --db-instance-identifier",
        open=_open_database,
    ),
    "aws:lb/loadBalancer:LoadBalancer": Kind(
        output="enableDeletionProtection",
        identifier="arn",
        service="elbv2",
        command=(
            "elbv2 modify-load-balancer-attributes --attributes Key=deletion_protection.enabled,Value=false "
            "--load-balancer-arn"
        ),
        open=_open_balancer,
    ),
}


@dataclass(frozen=True, slots=True)
class Lock:
    """A locked resource.

    Attributes:
        type: its type, one of `KINDS`.
        name: its name in the program.
        identifier: its name at AWS.
        region: where it is.
    """

    type: str
    name: str
    identifier: str
    region: str

    def key(self) -> str:
        """The command that opens the lock."""
        return f"aws {KINDS[self.type].command} {self.identifier} --region {self.region}"

    def open(self, endpoint: str) -> None:
        """Opens the lock on an emulated AWS.

        Args:
            endpoint: URL of the emulated AWS. Never a real one: what is locked there, its owner opens.
        """
        # Slow to import, and needed by a destroy alone.
        import boto3  # noqa: PLC0415
        import botocore.session  # noqa: PLC0415
        from botocore.config import Config  # noqa: PLC0415

        # The user's own profile, files and proxy are for a real account: they are not even read.
        ignored = dict.fromkeys(("profile", "config_file", "credentials_file", "ca_bundle"), (None, None, None, None))
        session: Any = boto3.Session(botocore_session=botocore.session.Session(session_vars=ignored))
        client = session.client(
            KINDS[self.type].service,
            region_name=self.region,
            endpoint_url=endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 -- the emulated AWS takes anything
            config=Config(proxies={}),
        )
        KINDS[self.type].open(client, self.identifier)


def locks(resources: Iterable[Mapping[str, Any]]) -> list[Lock]:
    """The locks among the resources of a checkpoint."""
    found = []
    for resource in resources:
        kind = KINDS.get(str(resource.get("type")))
        outputs = resource.get("outputs") or {}
        if kind is not None and outputs.get(kind.output) is True:
            name = str(resource["urn"]).rpartition("::")[2]
            region = str(outputs["arn"]).split(":")[3]
            found.append(Lock(resource["type"], name, str(outputs[kind.identifier]), region))
    return found
