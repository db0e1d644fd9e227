"""Locks that AWS itself keeps on data, beside Pulumi's `protect`: a locked database refuses to be deleted.

The official CLI deletes what its state holds and cannot change a resource on the way, so that such a lock would stop a
destroy in its middle. It is looked for before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DATABASE = "aws:rds/instance:Instance"


@dataclass(frozen=True, slots=True)
class Lock:
    """A locked database.

    Attributes:
        name: its name in the program.
        identifier: its name at AWS.
        region: where it is.
    """

    name: str
    identifier: str
    region: str

    def key(self) -> str:
        """The command that opens the lock."""
        return (
            f"aws rds modify-db-instance --db-instance-identifier {self.identifier} --region {self.region} "
            "--no-deletion-protection --apply-immediately"
        )

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
        client = boto3.Session(botocore_session=botocore.session.Session(session_vars=ignored)).client(
            "rds",
            region_name=self.region,
            endpoint_url=endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 -- the emulated AWS takes anything
            config=Config(proxies={}),
        )
        client.modify_db_instance(DBInstanceIdentifier=self.identifier, DeletionProtection=False, ApplyImmediately=True)


def locks(resources: Iterable[Mapping[str, Any]]) -> list[Lock]:
    """The locks among the resources of a checkpoint."""
    found = []
    for resource in resources:
        outputs = resource.get("outputs") or {}
        if resource.get("type") == _DATABASE and outputs.get("deletionProtection") is True:
            name = str(resource["urn"]).rpartition("::")[2]
            found.append(Lock(name, str(outputs["identifier"]), str(outputs["arn"]).split(":")[3]))
    return found
