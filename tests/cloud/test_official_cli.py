"""The official CLI uses the emulated providers as it would the official ones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ascend.cloud.aws.provider import AwsProvider
from ascend.cloud.cloudflare import CloudflareProvider
from ascend.cloud.random_provider import RandomProvider
from ascend.cloud.server import lazy_moto, serve
from ascend.cloud.servicer import ProviderServicer

pytestmark = [
    pytest.mark.cli,
    pytest.mark.skipif(not shutil.which("pulumi"), reason="the official pulumi CLI is not on PATH"),
]

# Resources by their tokens: importing the SDKs would take most of the test's time.
PROGRAM = """
import pulumi

class Thing(pulumi.CustomResource):
    def __init__(self, token, logical_name, /, outputs=(), **inputs):
        super().__init__(token, logical_name, {**dict.fromkeys(outputs), **inputs})

config = pulumi.Config()
dns = {"enableDnsHostnames": True} if config.get_bool("dns") else {}
vpc = Thing("aws:ec2/vpc:Vpc", "net", cidrBlock="10.0.0.0/16", tags={"a": "b"}, **dns)
subnet = Thing("aws:ec2/subnet:Subnet", "net", vpcId=vpc.id, cidrBlock=config.get("block") or "10.0.0.0/20")
other = Thing("aws:ec2/vpc:Vpc", "far", cidrBlock="10.1.0.0/16", region="eu-central-1")
key = Thing("aws:kms/key:Key", "key", outputs=["arn"], deletionWindowInDays=config.get_int("window") or 30)
password = Thing("random:index/randomPassword:RandomPassword", "password", outputs=["result"], length=24)
secret = Thing("aws:secretsmanager/secret:Secret", "secret", kmsKeyId=key.arn)
Thing("aws:secretsmanager/secretVersion:SecretVersion", "secret", secretId=secret.id, secretString=password.result)
record = {"zoneId": "0" * 32, "name": "www.example.com", "type": "A", "ttl": 1, "content": "192.0.2.1"}
Thing("cloudflare:index/dnsRecord:DnsRecord", "www", **record)
who = pulumi.runtime.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})
pulumi.export("account", who.value["accountId"])
pulumi.export("vpc", vpc.id)
pulumi.export("subnet", subnet.id)
pulumi.export("password", password.result)
"""


class Pulumi:
    """A project of its own, with its own state, attached to providers in this process."""

    def __init__(self, root: Path, ports: dict[str, int]) -> None:
        self.root = root
        (root / "Pulumi.yaml").write_text("name: ascend\nruntime: python\n")
        (root / "__main__.py").write_text(PROGRAM)
        (root / "state").mkdir()
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_HOME": str(root / "home"),
            "PULUMI_BACKEND_URL": f"file://{root / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DEBUG_PROVIDERS": ",".join(f"{name}:{port}" for name, port in ports.items()),
        }
        self("stack", "init", "dev")
        self("config", "set", "aws:region", "eu-west-1")

    def __call__(self, *arguments: str, ok: bool = True) -> str:
        command = ["pulumi", *arguments, "--non-interactive"]
        run = subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False)
        assert (run.returncode == 0) is ok, run.stdout + run.stderr
        return run.stdout

    def changes(self, operation: str) -> dict[str, int]:
        document: dict[str, Any] = json.loads(self(operation, "--json"))
        summary: dict[str, int] = document["changeSummary"]
        return summary


@pytest.fixture
def pulumi(tmp_path: Path) -> Any:
    servicers = [
        ProviderServicer(provider) for provider in (AwsProvider(lazy_moto), CloudflareProvider(), RandomProvider())
    ]
    running = serve({servicer.provider.name: servicer for servicer in servicers}, endpoint=False)
    yield Pulumi(tmp_path, running.ports)
    running.stop()


def test_a_stack_lives_under_the_official_cli(pulumi: Pulumi) -> None:
    before = _vpcs()
    assert pulumi.changes("preview")["create"] == 9
    assert _vpcs() == before, "a preview makes nothing"
    pulumi("up", "--yes", "--skip-preview")
    outputs = json.loads(pulumi("stack", "output", "--json", "--show-secrets"))
    assert outputs["account"] == "123456789012"
    assert outputs["vpc"] in _vpcs()
    assert len(outputs["password"]) == 24
    state = "".join(path.read_text() for path in (pulumi.root / "state").rglob("*.json"))
    assert outputs["password"] not in state
    assert pulumi.changes("preview") == {"same": 9}
    assert "9 unchanged" in pulumi("refresh", "--yes", "--skip-preview")

    pulumi("config", "set", "dns", "true")
    pulumi("config", "set", "block", "10.0.16.0/20")
    changes = pulumi.changes("preview")
    assert (changes["update"], changes["replace"]) == (1, 1)
    pulumi("up", "--yes", "--skip-preview")
    assert json.loads(pulumi("stack", "output", "--json"))["subnet"] != outputs["subnet"]

    pulumi("config", "set", "window", "3")
    assert "3 is not between 7 and 30" in pulumi("preview", ok=False)
    pulumi("destroy", "--yes", "--skip-preview")
    assert _vpcs() == before


def _vpcs() -> set[str]:
    client = lazy_moto().client("ec2", "eu-west-1")
    return {vpc["VpcId"] for vpc in client.describe_vpcs()["Vpcs"]}
