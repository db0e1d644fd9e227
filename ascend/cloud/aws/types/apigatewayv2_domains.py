"""API Gateway v2: custom domain names, and which API answers under them."""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cloud.aws import tagging
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_GONE = ("NotFoundException",)
#: What the API has under another name, or does not take.
_COMPUTED = frozenset({"hostedZoneId", "targetDomainName"})


class DomainName(ResourceType):
    """A domain name of one's own. Its id is the name."""

    pulumi_type = "aws:apigatewayv2/domainName:DomainName"
    service = "apigatewayv2"
    kind = "domain-name"
    create_op = "CreateDomainName"
    id_path = "DomainName"
    read_op, read_param = "GetDomainName", "DomainName"
    delete_op, delete_param = "DeleteDomainName", "DomainName"
    gone = _GONE
    tags = tagging.TagStyle(key="", read="")

    def create(self, api: Api, inputs: Props) -> str:
        """The API takes a list of configurations, of which there is one."""
        params = api.params(self.create_op, inputs, skip=("domainNameConfiguration",))
        params["DomainNameConfigurations"] = [_configuration(inputs)]
        api.created_id = str(api.call(self.create_op, **params, **self.tag_params(inputs))["DomainName"])
        return api.created_id

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """The one configuration; the host name that records point at has another name in the API."""
        rows = found.pop("DomainNameConfigurations")
        trust = {key: value for key, value in (found.pop("MutualTlsAuthentication", None) or {}).items() if value}
        props = super().outputs(api, object_id, inputs, found)
        props["arn"] = api.arn(f"/domainnames/{object_id}", service="apigateway", account="")
        props["domainNameConfiguration"] = {
            "certificateArn": rows[0]["CertificateArn"],
            "endpointType": rows[0]["EndpointType"],
            "hostedZoneId": rows[0]["HostedZoneId"],
            "ipAddressType": rows[0]["IpAddressType"],
            "securityPolicy": rows[0]["SecurityPolicy"],
            "targetDomainName": rows[0]["ApiGatewayDomainName"],
        }
        if trust:
            names = {"TruststoreUri": "truststoreUri", "TruststoreVersion": "truststoreVersion"}
            props["mutualTlsAuthentication"] = {names[key]: trust[key] for key in names if key in trust}
        return props

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """The configuration always goes along, of the truststore what changed; an empty one switches mutual TLS off.

        As domain_name.go does it.
        """
        params: dict[str, Any] = {"DomainName": object_id, "DomainNameConfigurations": [_configuration(news)]}
        if "mutualTlsAuthentication" in changed:
            trust, before = news.get("mutualTlsAuthentication"), olds.get("mutualTlsAuthentication") or {}
            params["MutualTlsAuthentication"] = (
                {
                    name[0].upper() + name[1:]: trust.get(name, "")
                    for name in ("truststoreUri", "truststoreVersion")
                    if trust.get(name) != before.get(name)
                }
                if trust
                else {"TruststoreUri": ""}
            )
        if news.get("routingMode"):
            params["RoutingMode"] = news["routingMode"]
        api.call("UpdateDomainName", **params)


class ApiMapping(ResourceType):
    """Which stage of which API answers under a domain name."""

    pulumi_type = "aws:apigatewayv2/apiMapping:ApiMapping"
    service = "apigatewayv2"
    cfn = "AWS::ApiGatewayV2::ApiMapping"
    create_op = "CreateApiMapping"
    id_path = "ApiMappingId"
    gone = _GONE

    def _named(self, api: Api, object_id: str, state: Props) -> dict[str, str]:
        """The parameters that name a mapping. An import is by ``<mapping's id>/<domain name>``."""
        first, _, domain = object_id.partition("/")
        owner = state.get("domainName") or domain
        if not owner:
            raise ProviderError(f"{api.where}: import {object_id} as {object_id}/<domain name>")
        return {"ApiMappingId": first, "DomainName": str(owner)}

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """The mapping, None when it or its domain is gone."""
        return self.unless_gone(api, "GetApiMapping", **self._named(api, object_id, inputs))

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """By name; the domain is in no answer."""
        named = self._named(api, object_id, inputs)
        shown: Props = {"apiId": found["ApiId"], "domainName": named["DomainName"], "stage": found["Stage"]}
        return {**shown, "apiMappingKey": found["ApiMappingKey"]} if found.get("ApiMappingKey") else shown

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """The API always goes along."""
        present = {"apiId": news["apiId"], **{name: news.get(name, "") for name in changed}}
        api.call("UpdateApiMapping", **self._named(api, object_id, news), **api.params("UpdateApiMapping", present))

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Remove it."""
        self.unless_gone(api, "DeleteApiMapping", **self._named(api, object_id, state))


def _configuration(inputs: Props) -> dict[str, Any]:
    given = inputs["domainNameConfiguration"]
    return {
        name[0].upper() + name[1:]: value
        for name, value in given.items()
        if name not in _COMPUTED and value is not None
    }


TYPES = (DomainName(), ApiMapping())
