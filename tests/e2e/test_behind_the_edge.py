"""Floyo behind Cloudflare on the embedded cloud: from its own address at phase 1 to its domain at phase 2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from tests.thorough import thorough

if TYPE_CHECKING:
    from tests.e2e.project import Project

DOMAIN, ZONE = "app.floyo.example", "floyo.example"


def configure(project: Project, **values: str) -> None:
    """Writes the stack's file anew."""
    given = {"system": "floyo", "environment": "dev", **values}
    lines = "".join(f"  ascend:{key}: {value}\n" for key, value in given.items())
    (project.root / "Pulumi.dev.yaml").write_text(f"config:\n  aws:region: us-east-1\n{lines}", encoding="utf-8")


def client(project: Project, service: str) -> Any:
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=project.endpoint(),
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


@thorough
@pytest.mark.xdist_group("edge")
def test_floyo_moves_behind_the_edge_and_back(project: Project) -> None:
    configure(project, phase="single-region")
    first = project.up()
    configure(project, phase="cached", domain=DOMAIN, zone=ZONE)
    second = project.up()
    replaced = {step["type"] for step in second["steps"] if step["op"] in ("replace", "delete")}
    # Both are versions, of which there is a new one.
    assert replaced <= {"aws:ecs/taskDefinition:TaskDefinition", "aws:secretsmanager/secretVersion:SecretVersion"}
    assert second["outputs"]["url"] == f"https://{DOMAIN}"
    assert second["outputs"]["missing"] == []

    gateway = client(project, "apigatewayv2")
    (api,) = gateway.get_apis()["Items"]
    assert api["DisableExecuteApiEndpoint"] is True
    domain = gateway.get_domain_name(DomainName=DOMAIN)
    (configuration,) = domain["DomainNameConfigurations"]
    assert configuration["SecurityPolicy"] == "TLS_1_2"
    issued = client(project, "acm").describe_certificate(CertificateArn=configuration["CertificateArn"])["Certificate"]
    assert (issued["Status"], issued["DomainName"]) == ("ISSUED", DOMAIN)
    bucket, _, key = domain["MutualTlsAuthentication"]["TruststoreUri"].removeprefix("s3://").partition("/")
    trusted = client(project, "s3").get_object(
        Bucket=bucket, Key=key, VersionId=domain["MutualTlsAuthentication"]["TruststoreVersion"]
    )
    assert b"BEGIN CERTIFICATE" in trusted["Body"].read()
    (mapping,) = gateway.get_api_mappings(DomainName=DOMAIN)["Items"]
    assert (mapping["ApiId"], mapping["Stage"]) == (api["ApiId"], "$default")
    records = {
        one["inputs"]["name"]: one["inputs"] for one in project.state()["resources"] if "DnsRecord" in one["type"]
    }
    assert records[DOMAIN]["content"] == configuration["ApiGatewayDomainName"]
    assert records[DOMAIN]["proxied"] is True

    again = project.ascend("preview", "dev", "--embedded", "--json").document
    assert {step["op"] for step in again["steps"]} == {"same"}

    configure(project, phase="cached")
    third = project.up()
    gone = [step["urn"] for step in third["steps"] if step["op"] == "delete"]
    assert gone
    assert not [urn for urn in gone if "-edge" not in urn and "-origin" not in urn and "-certificate" not in urn]
    assert third["outputs"]["missing"] == ["No CDN: set ascend:domain and ascend:zone, a name in a Cloudflare zone."]
    assert third["outputs"]["url"] == first["outputs"]["url"]
    assert gateway.get_apis()["Items"][0]["DisableExecuteApiEndpoint"] is False
