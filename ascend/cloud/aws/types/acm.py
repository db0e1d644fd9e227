"""ACM: certificates that Amazon issues, and the wait until it has."""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure, ProviderError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_GONE = ("ResourceNotFoundException",)
#: Certificates that are brought along, or come from a private authority.
_NOT_EMULATED = ("certificateAuthorityArn", "certificateBody", "certificateChain", "earlyRenewalDuration", "privateKey")


def describe(api: Api, arn: str) -> dict[str, Any] | None:
    """A certificate's description, None when it is gone."""
    try:
        found: dict[str, Any] = api.call("DescribeCertificate", CertificateArn=arn)["Certificate"]
    except ProviderError as error:
        if getattr(error, "code", "") in _GONE:
            return None
        raise
    return found


class Certificate(ResourceType):
    """A certificate. It stays PENDING_VALIDATION until a `CertificateValidation` has seen its records."""

    pulumi_type = "aws:acm/certificate:Certificate"
    service = "acm"
    cfn = "AWS::CertificateManager::Certificate"
    kind = "certificate"
    create_op = "RequestCertificate"
    rename: ClassVar = {"validationOptions": "DomainValidationOptions"}
    id_path = "CertificateArn"
    delete_op, delete_param = "DeleteCertificate", "CertificateArn"
    gone = _GONE
    tags = tagging.ACM

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """Only certificates that Amazon issues after a check of DNS records are emulated."""
        failures = [
            Failure(name, "is not emulated: Amazon's own certificates are")
            for name in _NOT_EMULATED
            if inputs.get(name)
        ]
        if inputs.get("validationMethod") == "EMAIL":
            failures.append(Failure("validationMethod", "EMAIL is not emulated: nobody reads the mail; use DNS"))
        return failures

    def normalise(self, inputs: Props) -> Props:
        """ACM puts the first name among the others, and so does the official provider (certificate.go)."""
        names, first = inputs.get("subjectAlternativeNames"), inputs.get("domainName")
        if not isinstance(names, list) or not isinstance(first, str) or first in names:
            return inputs
        return {**inputs, "subjectAlternativeNames": [*names, first]}

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """The certificate, None when it is gone."""
        return describe(api, object_id)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """The records that prove the domain, and dates as text."""
        props: Props = {
            "arn": object_id,
            "domainName": found["DomainName"],
            "subjectAlternativeNames": sorted(found["SubjectAlternativeNames"]),
            "keyAlgorithm": found["KeyAlgorithm"],
            "validationMethod": "DNS",
            "status": found["Status"],
            "type": found["Type"],
            "renewalEligibility": found["RenewalEligibility"],
            "pendingRenewal": False,
            "renewalSummaries": [],
            "validationEmails": [],
            "domainValidationOptions": sorted(
                (_record(row) for row in found["DomainValidationOptions"]), key=lambda row: str(row["domainName"])
            ),
            "options": {
                "certificateTransparencyLoggingPreference": found["Options"][
                    "CertificateTransparencyLoggingPreference"
                ],
                "export": found["Options"]["Export"],
            },
            "tagsAll": tagging.ACM.fetch(api, object_id),
        }
        if found["Status"] == "ISSUED":
            props |= {"notAfter": _date(found["NotAfter"]), "notBefore": _date(found["NotBefore"])}
        return props

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Only the options can change."""
        if "options" in changed:
            options = api.params("RequestCertificate", news, only=("options",))
            api.call("UpdateCertificateOptions", CertificateArn=object_id, **options)


class CertificateValidation(ResourceType):
    """Not an object: the wait until a certificate is issued. Its id is when that was."""

    pulumi_type = "aws:acm/certificateValidation:CertificateValidation"
    service = "acm"
    gone = _GONE

    def create(self, api: Api, inputs: Props) -> str:
        """Let Amazon find the records.

        Raises:
            ProviderError: there is no such certificate, or a record of it is not among those that were made.
        """
        arn = str(inputs["certificateArn"])
        found = describe(api, arn)
        if found is None:
            raise ProviderError(f"{api.where}: certificateArn: there is no certificate {arn} in {api.region}")
        made = {str(name).rstrip(".") for name in inputs.get("validationRecordFqdns") or ()}
        if not made and found["Status"] != "ISSUED":
            message = "stays PENDING_VALIDATION: the embedded cloud knows of records only by validationRecordFqdns"
            raise ProviderError(f"{api.where}: {arn} {message}")
        for row in found["DomainValidationOptions"]:
            name = row["ResourceRecord"]["Name"].rstrip(".")
            if name not in made and found["Status"] != "ISSUED":
                raise ProviderError(f"{api.where}: missing {row['DomainName']} DNS validation record: {name}")
        from ascend.cloud.aws.moto_overrides.acm import issue  # noqa: PLC0415 -- planning never gets here

        api.created_id = _date(issue(api.account, api.region, arn))
        return api.created_id

    def read(self, api: Api, object_id: str, inputs: Props) -> Props | None:
        """Gone when the certificate is, or is no longer issued."""
        found = describe(api, str(inputs["certificateArn"]))
        return {"certificateArn": found["CertificateArn"]} if found and found["Status"] == "ISSUED" else None

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """There is nothing to remove."""


def _record(row: Mapping[str, Any]) -> Props:
    record = row["ResourceRecord"]
    return {
        "domainName": row["DomainName"],
        "resourceRecordName": record["Name"],
        "resourceRecordType": record["Type"],
        "resourceRecordValue": record["Value"],
    }


def _date(moment: datetime) -> str:
    """A moment as the provider writes it: ``2026-11-21T08:00:00Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


TYPES = (Certificate(), CertificateValidation())
