"""The certificate and the record that proves its domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from components.certificate import Certificate, CertificateArgs
from components.errors import ComponentError
from tests.components.recorder import PROOF
from tests.components.support import SCOPE, TOPIC_ARN

if TYPE_CHECKING:
    from tests.components.support import Registered, Run

DOMAIN = "app.floyo.example"


def made(run: Run) -> Registered:
    return run(
        lambda: Certificate("cert", CertificateArgs(scope=SCOPE, domain=DOMAIN, zone_id="z1", topic_arn=TOPIC_ARN))
    )


def test_a_certificate_that_is_proven_by_dns(run: Run) -> None:
    asked = made(run).one("acm/certificate:Certificate").inputs
    assert (asked["domainName"], asked["validationMethod"], asked["region"]) == (DOMAIN, "DNS", "us-east-1")


def test_the_proof_is_a_record_that_is_not_proxied_and_has_no_last_period(run: Run) -> None:
    record = made(run).one("DnsRecord").inputs
    assert record["zoneId"] == "z1"
    assert (record["name"], record["type"]) == ("_1a2b.app.floyo.example", "CNAME")
    assert record["content"] == PROOF["resourceRecordValue"].rstrip(".")
    assert record["proxied"] is False


def test_the_certificate_is_used_once_it_is_issued(run: Run) -> None:
    result = made(run)
    wait = result.one("CertificateValidation")
    assert wait.inputs["validationRecordFqdns"] == ["_1a2b.app.floyo.example"]
    assert result.one("DnsRecord").urn in wait.depends_on
    assert result.outputs[result.one("ascend:components:Certificate").urn]["arn"] == wait.inputs["certificateArn"]


def test_a_name_too_long_for_a_certificate_is_refused() -> None:
    with pytest.raises(ComponentError, match="has 72 characters; a certificate takes 64"):
        CertificateArgs(scope=SCOPE, domain=f"{'a' * 58}.floyo.example", zone_id="z1", topic_arn=TOPIC_ARN)


def test_an_end_that_comes_near_is_told_of(run: Run) -> None:
    alarm = made(run).alarms()["cert-expiry"]
    assert (alarm["namespace"], alarm["metricName"], alarm["statistic"]) == (
        "AWS/CertificateManager",
        "DaysToExpiry",
        "Minimum",
    )
    assert (alarm["threshold"], alarm["comparisonOperator"]) == (30, "LessThanThreshold")
    assert alarm["dimensions"]["CertificateArn"]


def test_another_region_waits_for_the_record_that_the_first_one_writes(run: Run) -> None:
    args = CertificateArgs(scope=SCOPE, domain=DOMAIN, zone_id="z1", topic_arn=TOPIC_ARN, prove=False)
    result = run(lambda: Certificate("cert", args))
    assert not result.of("DnsRecord")
    assert result.one("CertificateValidation").inputs["validationRecordFqdns"] == ["_1a2b.app.floyo.example"]
