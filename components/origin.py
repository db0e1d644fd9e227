"""Behind the edge: an HTTP API under the stack's own domain name, which answers Cloudflare and nobody else."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import apigatewayv2

from components.base import Component, Scope
from components.trust import trusted_authority


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginArgs:
    """What `Origin` needs.

    Attributes:
        scope: where it belongs.
        domain: the name under which Cloudflare asks.
        certificate_arn: an issued certificate for it, in this region.
        api_id: the HTTP API, whose own address is to be switched off.
        stage: the API's stage.
    """

    scope: Scope
    domain: str
    certificate_arn: pulumi.Input[str]
    api_id: pulumi.Input[str]
    stage: pulumi.Input[str]


class Origin(Component):
    """A custom domain name with mutual TLS, and the mapping of the API to it.

    An HTTP API has no resource policy, no security group, and no rule about a header; without a function of one's own,
    mutual TLS is what it can refuse a caller by. It trusts the authority of Cloudflare's authenticated origin pulls,
    whose certificate no one but Cloudflare can show, and only the name's own host reaches the API: another customer of
    Cloudflare would have to send this host name to this origin from a zone of theirs, which takes the override of both
    Host and SNI (an Enterprise contract). Whoever must exclude that too gives their zone a certificate of its own and
    puts its authority here.

    Attributes:
        host: the host name that the edge's record points at.
    """

    tag = "origin"

    def __init__(self, name: str, args: OriginArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        region = args.scope.region
        trusted = trusted_authority(self)
        domain = apigatewayv2.DomainName(
            self.child("domain"),
            domain_name=args.domain,
            domain_name_configuration=apigatewayv2.DomainNameDomainNameConfigurationArgs(
                certificate_arn=args.certificate_arn,
                endpoint_type="REGIONAL",
                security_policy="TLS_1_2",
            ),
            mutual_tls_authentication=apigatewayv2.DomainNameMutualTlsAuthenticationArgs(
                truststore_uri=pulumi.Output.format("s3://{0}/{1}", trusted.bucket, trusted.key),
                # The text is read when the version changes, not when the object does.
                truststore_version=trusted.version_id,
            ),
            region=region,
            tags=self.tags(),
            opts=self.child_options(),
        )
        apigatewayv2.ApiMapping(
            self.child("mapping"),
            api_id=args.api_id,
            domain_name=domain.domain_name,
            stage=args.stage,
            region=region,
            opts=self.child_options(),
        )
        self.host = domain.domain_name_configuration.target_domain_name.apply(str)
        self.register_outputs({"host": self.host})
