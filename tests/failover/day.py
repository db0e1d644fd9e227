"""A small system in two regions of an embedded cloud, and the commands of a game day on it."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import yaml
from botocore.config import Config

from ascend.failover.failback_command import failback
from ascend.failover.failover_command import failover
from ascend.live.aws import HOMES, Clients
from ascend.promotion import journal
from tests.e2e.account import Account
from tests.e2e.project import PATIENCE_S, REPOSITORY, Project
from tests.failover.dying import Command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ascend.promotion.journal import Journal
    from tests.failover.dying import Moment

HOME, OTHER, THIRD = "us-east-1", "eu-west-1", "ap-southeast-2"
CODES = {HOME: "use1", OTHER: "euw1", THIRD: "apse2"}
SHARDS = ("database", "database-shard-2")
STACK = "day"
#: One service on two databases, each with a replica beside it: the least in which every part of a failover happens.
SYSTEM: dict[str, Any] = {
    "name": "small",
    "title": "Small",
    "description": "One service and its data.",
    "source": "the tests",
    "services": {
        "api": {
            "port": 8000,
            "cpu": {"single-region": 0.25},
            "memory_gib": {"single-region": 0.5},
            "health_path": "/health",
            "health_command": ["true"],
            "public_path": "/*",
            "user": "1000:1000",
            "placeholder": {
                "image": "public.ecr.aws/docker/library/python:3.13-alpine",
                "command": ["true"],
                "health_command": ["true"],
            },
        }
    },
    "database": {
        "engine": "postgresql",
        "version": "17",
        "storage_gib": {"single-region": 20},
        "max_storage_gib": {"single-region": 50},
        "read_replicas": {"single-region": 1},
        "shards": {"single-region": 2},
    },
    "traffic": {
        "active_share": 0.1,
        "requests_per_second": 0.05,
        "connections_per_user": {"low": 1, "high": 2},
        "bytes_per_request": 12288,
        "queries_per_request": 3,
        "read_share": 0.8,
        "average_load": 0.2,
    },
    "limits": {"single-region": {"database_gib": 8, "bandwidth_gib_month": 50}},
    "budget_usd": {"single-region": 5000, "cached": 5000, "scaled": 5000, "global": 5000},
}
COMMANDS: dict[str, Any] = {"failover": failover, "failback": failback}


@dataclass(frozen=True)
class Day:
    """A project with the stack, and what is done to it.

    Attributes:
        project: the project.
        regions: where the stack is, its home first.
    """

    project: Project
    regions: tuple[str, ...] = (HOME, OTHER)

    @classmethod
    def begun(cls, root: Path, *more: str) -> Day:
        """A project with the small system, nothing deployed yet.

        Args:
            root: the project's folder.
            more: regions beside the two.
        """
        regions = (HOME, OTHER, *more)
        project = Project.copied(root)
        shutil.rmtree(root / "systems")
        (root / "systems").mkdir()
        (root / "systems" / "small.yaml").write_text(yaml.safe_dump(SYSTEM, sort_keys=False), encoding="utf-8")
        document = {
            "config": {
                "aws:region": HOME,
                "ascend:system": "small",
                "ascend:phase": "global",
                "ascend:regions": list(regions),
            }
        }
        text = f"# Written by hand.\n{yaml.safe_dump(document, sort_keys=False)}"
        (root / f"Pulumi.{STACK}.yaml").write_text(text, encoding="utf-8")
        return cls(project, regions)

    def run(self, verb: str, **options: Any) -> dict[str, Any]:
        """Runs a command in this process; returns the JSON that it prints."""
        out = io.StringIO()
        with self.project.here(), contextlib.redirect_stdout(out):
            COMMANDS[verb](self.project.root, STACK, json=True, embedded=True, **options)
        document: dict[str, Any] = json.loads(out.getvalue())
        return document

    def killed(self, verb: str, moment: Moment, *, away: str = "", **options: Any) -> bool:
        """Runs a command in another process, which is killed at a moment; whether it was, and did not end before.

        Args:
            verb: the command.
            moment: when.
            away: the region that does not answer it.
            options: its own.
        """
        command = Command(verb, STACK, moment, options, away)
        ran = subprocess.run(
            [sys.executable, "-m", "tests.failover.dying", str(self.project.root), command.text()],
            capture_output=True,
            text=True,
            check=False,
            cwd=REPOSITORY,
            env=self.project.environment(),
            timeout=PATIENCE_S,
        )
        assert ran.returncode in (0, -signal.SIGKILL), f"{moment}: {ran.stderr}"
        return ran.returncode != 0

    def journals(self) -> list[Journal]:
        """The stack's journals, the oldest first."""
        return journal.every(self.project.root, STACK)

    def changes(self) -> dict[str, int]:
        """What the next update would do."""
        counted: dict[str, int] = self.project.ascend("preview", STACK, "--embedded", "--json").document["summary"]
        return {op: number for op, number in counted.items() if op != "same" and number}

    def config(self) -> dict[str, Any]:
        """What the stack's file says."""
        loaded = yaml.safe_load((self.project.root / f"Pulumi.{STACK}.yaml").read_text(encoding="utf-8"))
        config: dict[str, Any] = loaded["config"]
        return config

    def ids(self) -> dict[str, str]:
        """The physical ids of everything protected, by URN."""
        return {one["urn"]: one["id"] for one in self.project.state(STACK)["resources"] if one.get("protect")}

    def account(self) -> Account:
        """The account."""
        return Account(self.project.endpoint(), self.regions)

    def databases(self) -> dict[str, dict[str, Any]]:
        """The account's database instances by name, without what changes with every look."""
        found = self.account().items("rds", "describe_db_instances", "DBInstances")
        return {
            one["DBInstanceIdentifier"]: {**one, "Region": region, "LatestRestorableTime": None}
            for region, one in found
        }

    def servers(self) -> dict[str, dict[str, Any]]:
        """These without the read replicas beside the ones that are written to, which are made where that is."""
        return {one: found for one, found in self.databases().items() if "-replica-" not in one}

    def doors(self, database: dict[str, Any]) -> list[str]:
        """The rules that let somebody into a database."""
        (group,) = (one["VpcSecurityGroupId"] for one in database["VpcSecurityGroups"])
        rules = (
            self.account()
            .client("ec2", database["Region"])
            .describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
        )
        return [one["SecurityGroupRuleId"] for one in rules if not one["IsEgress"]]

    def written_to(self, region: str, shard: str) -> dict[str, Any]:
        """What the services of a region are told of a database."""
        client = self.account().client("secretsmanager", region)
        (secret,) = (
            one["Name"]
            for one in client.list_secrets()["SecretList"]
            if one["Name"].startswith(f"small-day-{CODES[region]}-secrets-{shard}-")
            and (shard != "database" or "shard" not in one["Name"])
        )
        fields: dict[str, Any] = json.loads(client.get_secret_value(SecretId=secret)["SecretString"])
        return fields

    def led_to(self, region: str, shard: str) -> str:
        """The name of the database that the services of a region write to, through a pool."""
        host = self.written_to(region, shard)["host"]
        for where, pool in self.account().items("rds", "describe_db_proxies", "DBProxies"):
            if pool["Endpoint"] == host:
                given = {"DBProxyName": pool["DBProxyName"], "TargetGroupName": "default"}
                answer = self.account().client("rds", where).describe_db_proxy_targets(**given)
                (target,) = answer["Targets"]
                return str(target["RdsResourceId"])
        return ""


def name(code: str, shard: str, generation: int = 1) -> str:
    """A database's name in AWS."""
    ending = "" if generation == 1 else f"-g{generation}"
    return f"small-day-{code}-{shard}{ending}"


def kept(before: dict[str, Any], after: dict[str, Any]) -> None:
    """That a database is the one that it was: RDS's own id of it, its ARN, its address, its tags."""
    for key in ("DbiResourceId", "DBInstanceArn", "Endpoint", "TagList", "KmsKeyId", "InstanceCreateTime"):
        assert after[key] == before[key], key


@contextlib.contextmanager
def away(region: str) -> Iterator[None]:
    """As long as this lasts nothing answers where a region of AWS was."""
    usual = Clients.client

    def client(self: Clients, service: str, where: str) -> Any:
        if HOMES.get(service, where) != region:
            return usual(self, service, where)
        return boto3.client(
            service,  # type: ignore[call-overload]  # boto3 stubs list services one by one
            region_name=region,
            endpoint_url="http://127.0.0.1:9",
            aws_access_key_id="embedded",
            aws_secret_access_key="embedded",
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=1),
        )

    Clients.client = client  # type: ignore[method-assign]
    try:
        yield
    finally:
        Clients.client = usual  # type: ignore[method-assign]
