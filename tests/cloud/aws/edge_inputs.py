"""Good inputs and refusals of the types that stand between the edge and an HTTP API; see `good_inputs`, `refusals`."""

from __future__ import annotations

from typing import Any

CERTIFICATE = "aws:acm/certificate:Certificate"
VALIDATION = "aws:acm/certificateValidation:CertificateValidation"
DOMAIN = "aws:apigatewayv2/domainName:DomainName"
MAPPING = "aws:apigatewayv2/apiMapping:ApiMapping"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"

NAME = "app.floyo.example"
ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/c1"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/mrk-1"
CONFIGURATION = {"certificateArn": ARN, "endpointType": "REGIONAL", "securityPolicy": "TLS_1_2"}

GOOD: dict[str, dict[str, Any]] = {
    CERTIFICATE: {"domainName": NAME, "validationMethod": "DNS", "subjectAlternativeNames": ["*.floyo.example"]},
    VALIDATION: {"certificateArn": ARN, "validationRecordFqdns": ["_a.app.floyo.example"]},
    DOMAIN: {
        "domainName": NAME,
        "domainNameConfiguration": CONFIGURATION,
        "mutualTlsAuthentication": {"truststoreUri": "s3://trust/ca.pem", "truststoreVersion": "v1"},
    },
    MAPPING: {"apiId": "a1", "domainName": NAME, "stage": "$default"},
    OBJECT: {"bucket": "trust", "key": "ca.pem", "content": "text", "serverSideEncryption": "AES256"},
}

BAD: list[tuple[str, dict[str, Any], str]] = [
    (CERTIFICATE, {"domainName": f"{'a' * 60}.floyo.example"}, "domainName"),
    (CERTIFICATE, {"domainName": f"{NAME}."}, "domainName"),
    (CERTIFICATE, {"validationMethod": None}, "validationMethod"),
    (CERTIFICATE, {"validationMethod": "EMAIL"}, "validationMethod"),
    (CERTIFICATE, {"validationMethod": "PHONE"}, "validationMethod"),
    (CERTIFICATE, {"keyAlgorithm": "RSA_512"}, "keyAlgorithm"),
    (CERTIFICATE, {"privateKey": "k"}, "privateKey"),
    (CERTIFICATE, {"certificateBody": "b"}, "certificateBody"),
    (CERTIFICATE, {"certificateAuthorityArn": "arn:aws:acm-pca:eu-west-1:1:x"}, "validationMethod"),
    (CERTIFICATE, {"subjectAlternativeNames": ["a" * 254]}, "subjectAlternativeNames[0]"),
    (
        CERTIFICATE,
        {"options": {"certificateTransparencyLoggingPreference": "ON"}},
        "options.certificateTransparencyLoggingPreference",
    ),
    (VALIDATION, {"certificateArn": ARN.replace("eu-west-1", "us-east-1")}, "certificateArn"),
    (VALIDATION, {"certificateArn": None}, "certificateArn"),
    (DOMAIN, {"domainName": "App.Floyo.example"}, "domainName"),
    (
        DOMAIN,
        {"domainNameConfiguration": {**CONFIGURATION, "endpointType": "EDGE"}},
        "domainNameConfiguration.endpointType",
    ),
    (
        DOMAIN,
        {"domainNameConfiguration": {**CONFIGURATION, "securityPolicy": "TLS_1_0"}},
        "domainNameConfiguration.securityPolicy",
    ),
    (
        DOMAIN,
        {"domainNameConfiguration": {**CONFIGURATION, "certificateArn": KEY}},
        "domainNameConfiguration.certificateArn",
    ),
    (
        DOMAIN,
        {"mutualTlsAuthentication": {"truststoreUri": "https://trust/ca.pem"}},
        "mutualTlsAuthentication.truststoreUri",
    ),
    (DOMAIN, {"mutualTlsAuthentication": {"truststoreVersion": "v1"}}, "mutualTlsAuthentication.truststoreUri"),
    (DOMAIN, {"routingMode": "ANY"}, "routingMode"),
    (MAPPING, {"apiMappingKey": "/v1"}, "apiMappingKey"),
    (MAPPING, {"apiMappingKey": "v1//a"}, "apiMappingKey"),
    (MAPPING, {"stage": None}, "stage"),
    (OBJECT, {"contentBase64": "dGV4dA=="}, "contentBase64"),
    (OBJECT, {"kmsKeyId": KEY}, "kmsKeyId"),
    (OBJECT, {"serverSideEncryption": "AES128"}, "serverSideEncryption"),
    (OBJECT, {"storageClass": "COLD"}, "storageClass"),
    (OBJECT, {"key": ""}, "key"),
    (OBJECT, {"acl": "public-read"}, "acl"),
]
