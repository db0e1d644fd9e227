"""API Gateway v2's custom domain names, with the certificate and the truststore that they need."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made

DOMAIN = "aws:apigatewayv2/domainName:DomainName"
MAPPING = "aws:apigatewayv2/apiMapping:ApiMapping"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
CERTIFICATE = "aws:acm/certificate:Certificate"
NAME = "app.floyo.example"


def issued(lab: Lab, name: str = NAME, **more: Any) -> str:
    made = lab.create(CERTIFICATE, domainName=name, validationMethod="DNS", **more)
    names = [row["resourceRecordName"] for row in made.outputs["domainValidationOptions"]]
    validation = "aws:acm/certificateValidation:CertificateValidation"
    return str(lab.create(validation, certificateArn=made.id, validationRecordFqdns=names).outputs["certificateArn"])


def configuration(certificate: str) -> dict[str, Any]:
    return {"certificateArn": certificate, "endpointType": "REGIONAL", "securityPolicy": "TLS_1_2"}


@pytest.fixture
def bucket(lab: Lab) -> str:
    name = lab.create("aws:s3/bucket:Bucket", "trust").id
    lab.create("aws:s3/bucketVersioning:BucketVersioning", bucket=name, versioningConfiguration={"status": "Enabled"})
    arn = f"arn:aws:s3:::{name}"
    statement = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    lab.create("aws:s3/bucketPolicy:BucketPolicy", bucket=name, policy=policy)
    return name


@pytest.fixture
def trust(lab: Lab, bucket: str) -> Made:
    return lab.create(OBJECT, bucket=bucket, key="ca.pem", content="one", contentType="application/x-pem-file")


@pytest.fixture
def domain(lab: Lab, trust: Made) -> Made:
    return lab.create(
        DOMAIN,
        domainName=NAME,
        domainNameConfiguration=configuration(issued(lab)),
        mutualTlsAuthentication={
            "truststoreUri": f"s3://{trust.id}",
            "truststoreVersion": trust.outputs["versionId"],
        },
        tags={"a": "b"},
    )


@pytest.fixture
def api(lab: Lab) -> str:
    api = lab.create("aws:apigatewayv2/api:Api", protocolType="HTTP", disableExecuteApiEndpoint=True).id
    lab.create("aws:apigatewayv2/stage:Stage", apiId=api, name="$default", autoDeploy=True)
    return api


def test_an_object_is_put_and_every_version_of_it_deleted(lab: Lab, bucket: str, trust: Made) -> None:
    assert trust.id == f"{bucket}/ca.pem"
    assert trust.outputs["arn"] == f"arn:aws:s3:::{trust.id}"
    given = {"bucket": bucket, "key": "ca.pem", "contentType": "application/x-pem-file"}
    changed = lab.update(trust, **given, content="two", tags={"a": "b"}, metadata={"kind": "trust"})
    assert changed.outputs["versionId"] != trust.outputs["versionId"]
    seen = lab.client("s3").get_object(Bucket=bucket, Key="ca.pem")
    assert (seen["Body"].read(), seen["ContentType"]) == (b"two", "application/x-pem-file")
    changed = lab.update(changed, **given, content="two", metadata={"kind": "trust"})
    assert lab.client("s3").get_object_tagging(Bucket=bucket, Key="ca.pem")["TagSet"] == []
    assert lab.replaced_by(changed, **{**given, "key": "b.pem"}, content="two") == {"key"}
    changed = lab.update(changed, **given, contentBase64="dGhyZWU=")
    assert lab.client("s3").get_object(Bucket=bucket, Key="ca.pem")["Body"].read() == b"three"
    lab.delete(changed)
    assert "Versions" not in lab.client("s3").list_object_versions(Bucket=bucket)


def test_a_domain_name(lab: Lab, domain: Made, bucket: str) -> None:
    assert domain.id == NAME
    assert domain.outputs["arn"] == f"arn:aws:apigateway:eu-west-1::/domainnames/{NAME}"
    target = domain.outputs["domainNameConfiguration"]["targetDomainName"]
    assert target.startswith("d-")
    assert target.endswith(".execute-api.eu-west-1.amazonaws.com")
    assert domain.outputs["routingMode"] == "API_MAPPING_ONLY"
    certificate = domain.inputs["domainNameConfiguration"]["certificateArn"]
    with pytest.raises(ProviderError, match="ResourceInUseException"):
        lab.provider.delete(lab.resource(CERTIFICATE), certificate, {}, {})
    other = issued(lab)
    trust = lab.create(OBJECT, bucket=bucket, key="new.pem", content="new")
    given = {"domainName": NAME, "domainNameConfiguration": configuration(other)}
    changed = lab.update(
        domain, **given, mutualTlsAuthentication={"truststoreUri": f"s3://{trust.id}"}, tags={"c": "d"}
    )
    seen = lab.client("apigatewayv2").get_domain_name(DomainName=NAME)
    assert seen["MutualTlsAuthentication"]["TruststoreUri"] == f"s3://{trust.id}"
    assert (seen["Tags"], seen["DomainNameConfigurations"][0]["CertificateArn"]) == ({"c": "d"}, other)
    changed = lab.update(changed, **given)
    assert not lab.client("apigatewayv2").get_domain_name(DomainName=NAME).get("MutualTlsAuthentication")
    assert lab.replaced_by(changed, **{**given, "domainName": "b.floyo.example"}) == {"domainName"}
    lab.delete(changed)
    lab.provider.delete(lab.resource(CERTIFICATE), other, {}, {})


def test_a_domain_needs_an_issued_certificate_that_covers_it(lab: Lab) -> None:
    pending = lab.create(CERTIFICATE, domainName=NAME, validationMethod="DNS").id
    for arn in (pending, issued(lab, "other.example")):
        with pytest.raises(ProviderError, match="does not exist, is not issued or does not cover"):
            lab.create(DOMAIN, domainName=NAME, domainNameConfiguration=configuration(arn))
    wild = issued(lab, "floyo.example", subjectAlternativeNames=["*.floyo.example"])
    lab.delete(lab.create(DOMAIN, domainName=NAME, domainNameConfiguration=configuration(wild)))


def test_a_domain_needs_the_truststore_that_it_names(lab: Lab, bucket: str) -> None:
    for uri in (f"s3://{bucket}/nothing.pem", "s3://no-such-bucket/ca.pem"):
        with pytest.raises(ProviderError, match=r"truststore .* is not there"):
            lab.create(
                DOMAIN,
                domainName=NAME,
                domainNameConfiguration=configuration(issued(lab)),
                mutualTlsAuthentication={"truststoreUri": uri},
            )


def test_a_certificate_of_another_region_is_refused(lab: Lab) -> None:
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/a"
    failures = lab.failures(DOMAIN, domainName=NAME, domainNameConfiguration=configuration(arn))
    assert [one.property for one in failures] == ["domainNameConfiguration.certificateArn"]


def test_a_mapping(lab: Lab, domain: Made, api: str) -> None:
    given = {"apiId": api, "domainName": NAME, "stage": "$default"}
    made = lab.create(MAPPING, **given)
    seen = lab.client("apigatewayv2").get_api_mappings(DomainName=NAME)["Items"]
    assert [(one["ApiId"], one["Stage"]) for one in seen] == [(api, "$default")]
    with pytest.raises(ProviderError, match="ConflictException"):
        lab.create(MAPPING, **given)
    with pytest.raises(ProviderError, match="NotFoundException"):
        lab.create(MAPPING, **{**given, "stage": "v9"}, apiMappingKey="v9")
    changed = lab.update(made, **given, apiMappingKey="v1/a")
    changed = lab.update(changed, **given)
    assert lab.replaced_by(changed, **{**given, "domainName": "b.example"}) == {"domainName"}
    found = lab.provider.read(made.resource, f"{made.id}/{NAME}", {}, {})
    assert found is not None
    assert found[0]["apiId"] == api
    with pytest.raises(ProviderError, match="/<domain name>"):
        lab.provider.read(made.resource, made.id, {}, {})
    lab.delete(changed)


def test_mappings_go_with_their_domain(lab: Lab, domain: Made, api: str) -> None:
    made = lab.create(MAPPING, apiId=api, domainName=NAME, stage="$default")
    with pytest.raises(ProviderError, match=r"there is no domain name b\.example"):
        lab.create(MAPPING, apiId=api, domainName="b.example", stage="$default")
    lab.delete(domain)
    assert lab.read(made) is None
    lab.delete(made)
