"""ACM, the domain names of API Gateway, and what a truststore in S3 needs."""

from __future__ import annotations

import json
from typing import Any

from tests.cloud.aws.gaps import client, gap, not_implemented

NAME = "app.floyo.example"


def certificate(name: str = NAME, **more: Any) -> str:
    return str(client("acm").request_certificate(DomainName=name, ValidationMethod="DNS", **more)["CertificateArn"])


def described(arn: str) -> dict[str, Any]:
    found: dict[str, Any] = client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    return found


def domain(arn: str, **more: Any) -> dict[str, Any]:
    rows = [{"CertificateArn": arn, "EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2"}]
    made: dict[str, Any] = client("apigatewayv2").create_domain_name(
        DomainName=NAME, DomainNameConfigurations=rows, **more
    )
    return made


def api() -> str:
    made = str(client("apigatewayv2").create_api(Name="a", ProtocolType="HTTP")["ApiId"])
    client("apigatewayv2").create_stage(ApiId=made, StageName="$default")
    return made


@gap
def acm_every_name_has_the_same_record() -> None:
    rows = described(certificate(SubjectAlternativeNames=["b.example"]))["DomainValidationOptions"]
    assert len({row["ResourceRecord"]["Value"] for row in rows}) == 1


@gap
def acm_pending_certificate_has_dates() -> None:
    found = described(certificate())
    assert found["Status"] == "PENDING_VALIDATION"
    assert "IssuedAt" in found


@gap
def acm_options_cannot_change() -> None:
    arn = certificate()
    options = {"CertificateTransparencyLoggingPreference": "DISABLED"}
    not_implemented(lambda: client("acm").update_certificate_options(CertificateArn=arn, Options=options))


@gap
def apigateway_domain_takes_any_certificate_and_truststore() -> None:
    domain("arn:aws:acm:eu-west-1:1:certificate/nothing", MutualTlsAuthentication={"TruststoreUri": "s3://a/b"})


@gap
def apigateway_domain_has_no_host_name() -> None:
    assert "ApiGatewayDomainName" not in domain(certificate())["DomainNameConfigurations"][0]


@gap
def apigateway_domains_certificate_can_be_deleted() -> None:
    arn = certificate()
    domain(arn)
    client("acm").delete_certificate(CertificateArn=arn)


@gap
def apigateway_domain_cannot_change() -> None:
    domain(certificate())
    not_implemented(lambda: client("apigatewayv2").update_domain_name(DomainName=NAME, RoutingMode="API_MAPPING_ONLY"))


@gap
def apigateway_domain_with_a_mapping_cannot_be_deleted() -> None:
    domain(certificate())
    client("apigatewayv2").create_api_mapping(ApiId=api(), DomainName=NAME, Stage="$default")
    try:
        client("apigatewayv2").delete_domain_name(DomainName=NAME)
    except RuntimeError:
        return
    message = "it is deleted"
    raise AssertionError(message)


@gap
def apigateway_domains_tags_cannot_change() -> None:
    domain(certificate())
    arn = f"arn:aws:apigateway:eu-west-1::/domainnames/{NAME}"
    client("apigatewayv2").tag_resource(ResourceArn=arn, Tags={"a": "b"})
    assert client("apigatewayv2").get_domain_name(DomainName=NAME).get("Tags", {}) == {}


@gap
def apigateway_mappings_repeat_and_name_any_stage() -> None:
    domain(certificate())
    for stage in ("$default", "v9"):
        client("apigatewayv2").create_api_mapping(ApiId=api(), DomainName=NAME, Stage=stage)


@gap
def apigateway_mapping_cannot_change() -> None:
    domain(certificate())
    made, gateway = api(), client("apigatewayv2")
    mapping = gateway.create_api_mapping(ApiId=made, DomainName=NAME, Stage="$default")["ApiMappingId"]
    not_implemented(lambda: gateway.update_api_mapping(ApiId=made, ApiMappingId=mapping, DomainName=NAME))


@gap
def s3_policy_against_plain_requests_refuses_all() -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="trust", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="trust", Key="ca.pem", Body=b"")
    statement = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::trust", "arn:aws:s3:::trust/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket="trust", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    not_implemented(lambda: s3.head_object(Bucket="trust", Key="ca.pem"))
