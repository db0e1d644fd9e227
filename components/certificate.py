"""A certificate for a domain name, issued by Amazon, proven by a record in Cloudflare."""

from dataclasses import dataclass

import pulumi
import pulumi_cloudflare as cloudflare
from pulumi_aws import acm

from components import alarms
from components.base import Component, Scope
from components.errors import ComponentError

#: https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html, read 2026-11-21
MAX_NAME = 64
_RECORD_TTL_S = 300
_RENEWED_BEFORE_DAYS = 30
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateArgs:
    """What `Certificate` needs.

    Attributes:
        scope: where it belongs; a certificate serves in its own region only.
        domain: the name.
        zone_id: the Cloudflare zone that the name is in.
        topic_arn: the topic of its alarm.
        prove: whether it writes the record that proves the domain. Amazon asks an account for the same record in every
            region: one of its certificates writes it.
    """

    scope: Scope
    domain: str
    zone_id: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    prove: bool = True

    def __post_init__(self) -> None:
        """Refuse what ACM refuses.

        Raises:
            ComponentError: if the name is too long.
        """
        if len(self.domain) > MAX_NAME:
            msg = f"domain '{self.domain}' has {len(self.domain)} characters; a certificate takes {MAX_NAME}"
            raise ComponentError(msg)


class Certificate(Component):
    """The certificate, the record that proves the domain, and the wait until it is issued.

    The record stays: with it, Amazon renews the certificate by itself for as long as it is in use, 60 days before its
    end; half of that later, an alarm tells that it has not.

    Attributes:
        arn: the certificate's ARN, known once it is issued.
    """

    tag = "certificate"

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        self._args = args
        region = args.scope.region
        certificate = acm.Certificate(
            self.child("certificate"),
            domain_name=args.domain,
            validation_method="DNS",
            region=region,
            tags=self.tags(),
            opts=self.child_options(),
        )
        asked = certificate.domain_validation_options[0]
        proof = self._prove(asked) if args.prove else asked.resource_record_name.apply(_without_period)
        issued = acm.CertificateValidation(
            self.child("issued"),
            certificate_arn=certificate.arn,
            validation_record_fqdns=[proof],
            region=region,
            opts=self.child_options(),
        )
        alarms.declare(self, [_expiry(issued.certificate_arn)], args.topic_arn)
        self.arn = issued.certificate_arn
        self.register_outputs({"arn": self.arn})

    def _prove(self, asked: pulumi.Output[acm.outputs.CertificateDomainValidationOption]) -> pulumi.Output[str]:
        """The record's name, known when the record is there."""
        record = cloudflare.DnsRecord(
            self.child("proof"),
            zone_id=self._args.zone_id,
            # Cloudflare keeps names without their last period and would show a difference at every run.
            name=asked.resource_record_name.apply(_without_period),
            type=asked.resource_record_type.apply(str),
            content=asked.resource_record_value.apply(_without_period),
            ttl=_RECORD_TTL_S,
            # The record itself must be seen, not Cloudflare's addresses.
            proxied=False,
            comment=f"Proof for Amazon's certificate, stack {self.scope.stack}",
            opts=self.child_options(),
        )
        return record.name


def _expiry(arn: pulumi.Output[str]) -> alarms.Alarm:
    return alarms.Alarm(
        name="expiry",
        description=f"The certificate ends in less than {_RENEWED_BEFORE_DAYS} days and was not renewed. "
        "Look whether the record that proves the domain is still there.",
        metrics={
            "m": alarms.Metric(
                namespace="AWS/CertificateManager",
                name="DaysToExpiry",
                dimensions={"CertificateArn": arn},
                statistic="Minimum",
                period_s=_DAY_S,
            )
        },
        **alarms.below(_RENEWED_BEFORE_DAYS),
        periods=1,
        datapoints=1,
        # It is measured twice a day from the day that it is issued.
        missing="notBreaching",
    )


def _without_period(name: str | None) -> str:
    return (name or "").rstrip(".")
