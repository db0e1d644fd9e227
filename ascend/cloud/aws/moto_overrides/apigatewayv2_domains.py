"""API Gateway v2: domain names that can change, need an issued certificate and a truststore, and have a host name."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType

#: The zone of the host names. Each region has its own on AWS; nothing here depends on it.
_HOSTED_ZONE = "Z0EMBEDDED"


def install() -> None:
    """Patch moto's API Gateway v2 when it is loaded."""
    on_load("moto.apigatewayv2.models", _patch_models)
    on_load("moto.apigatewayv2.responses", _patch_responses)


def _patch_models(module: ModuleType) -> None:
    _patch_domains(module)
    _patch_mappings(module)


def _require_certificate(backend: Any, name: str, arn: str) -> Any:
    """AWS takes an issued certificate of this region that covers the name."""
    from moto.acm.models import acm_backends  # noqa: PLC0415 -- only where domains are used
    from moto.apigatewayv2.exceptions import BadRequestException  # noqa: PLC0415 -- as above

    # moto's own way of looking one up raises ACM's error.
    certificate = acm_backends[backend.account_id][backend.region_name]._certificates.get(arn)  # noqa: SLF001
    wildcard = f"*.{name.partition('.')[2]}"
    if certificate is None or certificate.status != "ISSUED" or not {name, wildcard} & set(certificate.sans):
        raise BadRequestException(
            f"The provided certificate does not exist, is not issued or does not cover {name}: {arn}"
        )
    return certificate


def _require_truststore(backend: Any, trust: Any) -> None:
    """The object that mutual TLS is to trust is there."""
    from moto.apigatewayv2.exceptions import BadRequestException  # noqa: PLC0415 -- only where domains are used
    from moto.s3.models import s3_backends  # noqa: PLC0415 -- as above

    uri = (trust or {}).get("truststoreUri")
    if not uri:
        return
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    store = s3_backends[backend.account_id][backend.partition]
    if bucket not in store.buckets or store.get_object(bucket, key, trust.get("truststoreVersion")) is None:
        raise BadRequestException(f"Invalid S3 object: the truststore {uri} is not there")


def _patch_domains(module: ModuleType) -> None:
    domain, backend = module.DomainName, module.ApiGatewayV2Backend
    create, shown = backend.create_domain_name, domain.to_json

    def create_domain_name(self: Any, **kwargs: Any) -> Any:
        name, rows = kwargs["domain_name"], kwargs["domain_name_configurations"]
        certificates = [_require_certificate(self, name, row.get("certificateArn", "")) for row in rows]
        _require_truststore(self, kwargs.get("mutual_tls_authentication"))
        made = create(self, **kwargs)
        for certificate in certificates:
            certificate.in_use_by.append(made.domain_name_arn)
        made.routing_mode = "API_MAPPING_ONLY"
        return made

    def update_domain_name(self: Any, name: str, config: Any) -> Any:
        found = self.get_domain_name(name)
        rows = config.get("domainNameConfigurations")
        certificates = [_require_certificate(self, name, row.get("certificateArn", "")) for row in rows or ()]
        if "mutualTlsAuthentication" in config:
            asked = config["mutualTlsAuthentication"]
            trust = {**(found.mutual_tls_authentication or {}), **asked} if asked.get("truststoreUri") != "" else {}
            trust = {key: value for key, value in trust.items() if value}
            _require_truststore(self, trust)
            found.mutual_tls_authentication = trust
        if rows:
            _release(self, found)
            found.domain_name_configurations = rows
            for certificate in certificates:
                certificate.in_use_by.append(found.domain_name_arn)
        found.routing_mode = config.get("routingMode", found.routing_mode)
        return found

    def delete_domain_name(self: Any, domain_name: str) -> None:
        found = self.get_domain_name(domain_name)
        _release(self, found)
        self.api_mappings = {key: one for key, one in self.api_mappings.items() if one.domain_name != domain_name}
        del self.domain_names[domain_name]

    def to_json(self: Any) -> Any:
        answer = shown(self)
        answer["domainNameConfigurations"] = [_complete(self, row) for row in self.domain_name_configurations]
        return {**answer, "routingMode": getattr(self, "routing_mode", "API_MAPPING_ONLY")}

    domain.to_json = to_json
    backend.create_domain_name, backend.update_domain_name = create_domain_name, update_domain_name
    backend.delete_domain_name = delete_domain_name


def _patch_mappings(module: ModuleType) -> None:
    from moto.apigatewayv2.exceptions import APIGatewayV2Error, ApiMappingNotFound  # noqa: PLC0415 -- moto is loaded

    class ConflictError(APIGatewayV2Error):
        code = 409

    backend = module.ApiGatewayV2Backend
    create, get = backend.create_api_mapping, backend.get_api_mapping

    def create_api_mapping(self: Any, api_id: str, api_mapping_key: str, domain_name: str, stage: str) -> Any:
        if any(
            (one.domain_name, one.api_mapping_key) == (domain_name, api_mapping_key)
            for one in self.api_mappings.values()
        ):
            raise ConflictError("ConflictException", "ApiMapping key already exists for this domain name")
        if api_id in self.apis:
            self.get_stage(api_id, stage)
        return create(self, api_id, api_mapping_key, domain_name, stage)

    def get_api_mapping(self: Any, api_mapping_id: str, domain_name: str) -> Any:
        found = get(self, api_mapping_id, domain_name)
        if found.domain_name != domain_name:
            raise ApiMappingNotFound
        return found

    def update_api_mapping(self: Any, api_mapping_id: str, domain_name: str, config: Any) -> Any:
        found = self.get_api_mapping(api_mapping_id, domain_name)
        if "stage" in config:
            self.get_stage(config.get("apiId", found.api_id), config["stage"])
        found.stage = config.get("stage", found.stage)
        found.api_mapping_key = config.get("apiMappingKey", found.api_mapping_key)
        return found

    backend.create_api_mapping, backend.get_api_mapping = create_api_mapping, get_api_mapping
    backend.update_api_mapping = update_api_mapping


def _release(backend: Any, domain: Any) -> None:
    """The domain's certificates are no longer used by it."""
    from moto.acm.models import acm_backends  # noqa: PLC0415 -- only where domains are used

    certificates = acm_backends[backend.account_id][backend.region_name]._certificates  # noqa: SLF001 -- listing them all
    for certificate in certificates.values():
        certificate.in_use_by = [arn for arn in certificate.in_use_by if arn != domain.domain_name_arn]


def _complete(domain: Any, row: Any) -> Any:
    """A configuration with what API Gateway adds."""
    digest = hashlib.sha256(domain.domain_name_arn.encode()).hexdigest()[:10]
    region = domain.domain_name_arn.split(":")[3]
    return {
        "endpointType": "REGIONAL",
        "ipAddressType": "ipv4",
        "securityPolicy": "TLS_1_2",
        **row,
        "apiGatewayDomainName": f"d-{digest}.execute-api.{region}.amazonaws.com",
        "hostedZoneId": _HOSTED_ZONE,
        "domainNameStatus": "AVAILABLE",
    }


def _patch_responses(module: ModuleType) -> None:
    response = module.ApiGatewayV2Response

    def update_domain_name(self: Any) -> Any:
        name = self.path.split("/")[-1]
        found = self.apigatewayv2_backend.update_domain_name(name, json.loads(self.body))
        return 200, {}, json.dumps(found.to_json())

    def update_api_mapping(self: Any) -> Any:
        parts = self.path.split("/")
        found = self.apigatewayv2_backend.update_api_mapping(parts[-1], parts[-3], json.loads(self.body))
        return 200, {}, json.dumps(found.to_json())

    response.update_domain_name, response.update_api_mapping = update_domain_name, update_api_mapping
