"""ACM: a certificate, its records, and the wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made

CERTIFICATE = "aws:acm/certificate:Certificate"
VALIDATION = "aws:acm/certificateValidation:CertificateValidation"
ASKED = {"domainName": "app.floyo.example", "validationMethod": "DNS"}


@pytest.fixture
def certificate(lab: Lab) -> Made:
    return lab.create(CERTIFICATE, **ASKED, tags={"a": "b"})


def records(made: Made) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = made.outputs["domainValidationOptions"]
    return found


def test_a_certificate_waits_for_its_record(lab: Lab, certificate: Made) -> None:
    assert certificate.id == certificate.outputs["arn"]
    assert certificate.outputs["status"] == "PENDING_VALIDATION"
    assert "notAfter" not in certificate.outputs
    (record,) = records(certificate)
    assert record["resourceRecordType"] == "CNAME"
    assert record["resourceRecordName"].endswith(".app.floyo.example.")
    assert certificate.outputs["subjectAlternativeNames"] == ["app.floyo.example"]


def test_each_name_has_a_record_of_its_own_and_a_wildcard_its_bases(lab: Lab) -> None:
    names = ["*.floyo.example", "floyo.example", "www.floyo.example"]
    made = lab.create(CERTIFICATE, **ASKED, subjectAlternativeNames=names)
    assert made.inputs["subjectAlternativeNames"] == [*names, "app.floyo.example"]
    by_name = {row["domainName"]: row["resourceRecordName"] for row in records(made)}
    assert by_name["*.floyo.example"] == by_name["floyo.example"]
    assert len(set(by_name.values())) == 3


def test_options_and_tags_change_in_place_and_the_name_does_not(lab: Lab, certificate: Made) -> None:
    changed = lab.update(
        certificate,
        **ASKED,
        options={"certificateTransparencyLoggingPreference": "DISABLED"},
        tags={"c": "d"},
    )
    seen = lab.client("acm").describe_certificate(CertificateArn=certificate.id)["Certificate"]
    assert seen["Options"]["CertificateTransparencyLoggingPreference"] == "DISABLED"
    assert lab.client("acm").list_tags_for_certificate(CertificateArn=certificate.id)["Tags"] == [
        {"Key": "c", "Value": "d"}
    ]
    assert lab.replaced_by(changed, **{**ASKED, "domainName": "b.example"}) == {"domainName"}
    lab.delete(changed)


def test_it_is_issued_when_every_record_is_there(lab: Lab, certificate: Made) -> None:
    names = [row["resourceRecordName"].rstrip(".") for row in records(certificate)]
    made = lab.create(VALIDATION, certificateArn=certificate.id, validationRecordFqdns=names)
    seen = lab.client("acm").describe_certificate(CertificateArn=certificate.id)["Certificate"]
    assert (seen["Status"], seen["IssuedAt"].strftime("%Y-%m-%dT%H:%M:%SZ")) == ("ISSUED", made.id)
    assert lab.replaced_by(made, certificateArn="arn:aws:acm:eu-west-1:1:certificate/other")
    lab.create(VALIDATION, certificateArn=certificate.id)  # waits for nothing now
    lab.provider.delete(made.resource, made.id, made.inputs, made.outputs)
    lab.delete(certificate)
    assert lab.read(made) is None


def test_a_record_that_is_missing_is_named(lab: Lab, certificate: Made) -> None:
    with pytest.raises(ProviderError, match=r"missing app\.floyo\.example DNS validation record: _"):
        lab.create(VALIDATION, certificateArn=certificate.id, validationRecordFqdns=["_x.app.floyo.example"])
    with pytest.raises(ProviderError, match="stays PENDING_VALIDATION"):
        lab.create(VALIDATION, certificateArn=certificate.id)
    with pytest.raises(ProviderError, match="there is no certificate"):
        lab.create(VALIDATION, certificateArn="arn:aws:acm:eu-west-1:123456789012:certificate/nothing")
