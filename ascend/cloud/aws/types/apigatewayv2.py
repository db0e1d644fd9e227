"""API Gateway v2: HTTP APIs, VPC links, integrations, routes and stages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure, ProviderError
from ascend.cloud.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_GONE = ("NotFoundException",)


def _arn(api: Api, resource: str) -> str:
    """API Gateway's ARNs name no account."""
    return api.arn(resource, service="apigateway", account="")


class GatewayApi(ResourceType):
    """An API."""

    pulumi_type = "aws:apigatewayv2/api:Api"
    service = "apigatewayv2"
    cfn = "AWS::ApiGatewayV2::Api"
    kind = "http-api"
    create_op = "CreateApi"
    create_skip = ("body", "failOnWarnings")
    id_path = "ApiId"
    read_op, read_param = "GetApi", "ApiId"
    update_op, update_param, update_skip = "UpdateApi", "ApiId", ("body", "failOnWarnings")
    delete_op, delete_param = "DeleteApi", "ApiId"
    gone = _GONE
    tags = tagging.TagStyle(key="", read="")

    def check(self, inputs: Props, region: str) -> list[Failure]:  # noqa: ARG002 -- a hook
        """An OpenAPI body would need an import that the embedded cloud does not do."""
        if inputs.get("body"):
            return [Failure("body", "OpenAPI definitions are not emulated; declare routes and integrations")]
        cors = inputs.get("corsConfiguration")
        origins = cors.get("allowOrigins") if isinstance(cors, dict) else None
        if isinstance(origins, list) and "*" in origins and cors.get("allowCredentials") is True:  # type: ignore[union-attr]
            return [Failure("corsConfiguration.allowCredentials", 'credentials cannot go with the origin "*"')]
        return []

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """ARNs are made of the id."""
        props = super().outputs(api, object_id, inputs, found)
        props["arn"] = _arn(api, f"/apis/{object_id}")
        props["executionArn"] = api.arn(object_id, service="execute-api")
        if not found.get("CorsConfiguration"):
            props.pop("corsConfiguration", None)
        return props

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Cross-origin rules are removed by a call of their own; a text is removed by an empty one."""
        if "corsConfiguration" in changed and not news.get("corsConfiguration"):
            api.call("DeleteCorsConfiguration", ApiId=object_id)
            changed = changed - {"corsConfiguration"}
        cleared: Props = dict.fromkeys({"description", "version"} & changed - news.keys(), "")
        super().update(api, object_id, olds, {**news, **cleared}, changed)


class VpcLink(ResourceType):
    """A way from an HTTP API into a VPC."""

    pulumi_type = "aws:apigatewayv2/vpcLink:VpcLink"
    service = "apigatewayv2"
    cfn = "AWS::ApiGatewayV2::VpcLink"
    kind = "vpc-link"
    create_op = "CreateVpcLink"
    id_path = "VpcLinkId"
    read_op, read_param = "GetVpcLink", "VpcLinkId"
    update_op, update_param = "UpdateVpcLink", "VpcLinkId"
    delete_op, delete_param = "DeleteVpcLink", "VpcLinkId"
    gone = _GONE
    tags = tagging.TagStyle(key="", read="")

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """The ARN is made of the id."""
        return {**super().outputs(api, object_id, inputs, found), "arn": _arn(api, f"/vpclinks/{object_id}")}


class _Part(ResourceType):
    """A part of an API: every call names the API and the part."""

    service = "apigatewayv2"
    gone = _GONE
    noun: ClassVar[str]
    id_parameter: ClassVar[str]

    def _named(self, object_id: str, state: Mapping[str, Any]) -> dict[str, str]:
        """The parameters that name the part. An import is by ``<api id>/<id>``."""
        first, _, last = object_id.rpartition("/")
        owner = state.get("apiId") or first
        if not owner:
            raise ProviderError(f"{self.token}: import {object_id} as <api id>/{object_id}")
        return {"ApiId": str(owner), self.id_parameter: last}

    def read(self, api: Api, object_id: str, inputs: Props) -> Props | None:
        """The API that the part belongs to is in no answer."""
        named = self._named(object_id, inputs)
        props = super().read(api, named[self.id_parameter], {**inputs, "apiId": named["ApiId"]})
        return None if props is None else {**props, "apiId": named["ApiId"]}

    def create(self, api: Api, inputs: Props) -> str:
        """Create the part."""
        operation = f"Create{self.noun}"
        answer = api.call(operation, **self.api_params(api, operation, inputs), **self.tag_params(inputs))
        api.created_id = str(answer[self.id_parameter])
        return api.created_id

    def api_params(self, api: Api, operation: str, props: Props) -> dict[str, Any]:
        """The parameters of create and update."""
        return api.params(operation, props, rename=self.rename)

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """The part, None when it or its API is gone."""
        return self.unless_gone(api, f"Get{self.noun}", **self._named(object_id, inputs))

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """Send what changed."""
        operation = f"Update{self.noun}"
        params = self.api_params(api, operation, {name: news[name] for name in changed if name in news})
        api.call(operation, **self._named(object_id, news), **params)

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Delete the part."""
        self.unless_gone(api, f"Delete{self.noun}", **self._named(object_id, state))


class Integration(_Part):
    """Where an API sends requests."""

    pulumi_type = "aws:apigatewayv2/integration:Integration"
    cfn = "AWS::ApiGatewayV2::Integration"
    cfn_rename: ClassVar = {"timeoutMilliseconds": "TimeoutInMillis"}
    noun, id_parameter = "Integration", "IntegrationId"
    rename: ClassVar = {"timeoutMilliseconds": "TimeoutInMillis"}

    def api_params(self, api: Api, operation: str, props: Props) -> dict[str, Any]:
        """Response parameters are a list in the provider and a map in the API."""
        params = api.params(operation, props, rename=self.rename, skip=("responseParameters",))
        if props.get("responseParameters"):
            params["ResponseParameters"] = {row["statusCode"]: row["mappings"] for row in props["responseParameters"]}
        return params

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:  # noqa: ARG002 -- a hook
        """Empty maps are not shown."""
        responses = found.pop("ResponseParameters", None) or {}
        props = api.props({key: value for key, value in found.items() if value != {}}, rename=self.rename)
        if responses:
            props["responseParameters"] = [
                {"statusCode": code, "mappings": mappings} for code, mappings in sorted(responses.items())
            ]
        return props

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """The integration's type always goes along; a parameter is removed by an empty value."""
        full = dict(news)
        if "requestParameters" in changed:
            removed = (olds.get("requestParameters") or {}).keys() - (news.get("requestParameters") or {}).keys()
            full["requestParameters"] = {**(news.get("requestParameters") or {}), **dict.fromkeys(removed, "")}
        if "responseParameters" in changed:
            kept = {row["statusCode"] for row in news.get("responseParameters") or []}
            gone = [row for row in olds.get("responseParameters") or [] if row["statusCode"] not in kept]
            full["responseParameters"] = [
                *(news.get("responseParameters") or []),
                *({"statusCode": row["statusCode"], "mappings": {}} for row in gone),
            ]
        super().update(api, object_id, olds, full, changed | {"integrationType"})


class Route(_Part):
    """Which requests go to which integration."""

    pulumi_type = "aws:apigatewayv2/route:Route"
    cfn = "AWS::ApiGatewayV2::Route"
    noun, id_parameter = "Route", "RouteId"

    def api_params(self, api: Api, operation: str, props: Props) -> dict[str, Any]:
        """Request parameters are a list in the provider and a map in the API."""
        params = api.params(operation, props, skip=("requestParameters",))
        if props.get("requestParameters"):
            params["RequestParameters"] = {
                row["requestParameterKey"]: {"Required": bool(row["required"])} for row in props["requestParameters"]
            }
        return params

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:  # noqa: ARG002 -- a hook
        """Empty maps are not shown."""
        parameters = found.pop("RequestParameters", None) or {}
        props = api.props({key: value for key, value in found.items() if value not in ({}, [])})
        if parameters:
            props["requestParameters"] = [
                {"requestParameterKey": key, "required": row["Required"]} for key, row in sorted(parameters.items())
            ]
        return props

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Request parameters that went are deleted one by one."""
        if "requestParameters" in changed:
            kept = {row["requestParameterKey"] for row in news.get("requestParameters") or []}
            for row in olds.get("requestParameters") or []:
                if row["requestParameterKey"] not in kept:
                    self.unless_gone(
                        api,
                        "DeleteRouteRequestParameter",
                        **self._named(object_id, news),
                        RequestParameterKey=row["requestParameterKey"],
                    )
        super().update(api, object_id, olds, news, changed)


class Stage(_Part):
    """A stage: what a deployment is reached by. Its name is its id."""

    pulumi_type = "aws:apigatewayv2/stage:Stage"
    cfn = "AWS::ApiGatewayV2::Stage"
    cfn_rename: ClassVar = {"name": "StageName"}
    noun, id_parameter = "Stage", "StageName"
    rename: ClassVar = {"name": "StageName"}
    tags = tagging.TagStyle(key="", read="")

    def check(self, inputs: Props, region: str) -> list[Failure]:  # noqa: ARG002 -- a hook
        """A deployment that is made automatically cannot also be chosen."""
        if inputs.get("autoDeploy") is True and inputs.get("deploymentId") not in (None, UNKNOWN):
            return [Failure("deploymentId", "cannot be chosen with autoDeploy")]
        return []

    def api_params(self, api: Api, operation: str, props: Props) -> dict[str, Any]:
        """Route settings are a list in the provider and a map in the API."""
        params = api.params(operation, props, rename=self.rename, skip=("defaultRouteSettings", "routeSettings"))
        if props.get("defaultRouteSettings"):
            params["DefaultRouteSettings"] = _route_settings(props["defaultRouteSettings"])
        if props.get("routeSettings"):
            params["RouteSettings"] = {row["routeKey"]: _route_settings(row) for row in props["routeSettings"]}
        return params

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """URL and ARNs are made of the API's id."""
        routes = found.pop("RouteSettings", None) or {}
        props = super().outputs(api, object_id, inputs, {key: value for key, value in found.items() if value != {}})
        defaults = props.get("defaultRouteSettings")
        if defaults is not None:
            props["defaultRouteSettings"] = {"dataTraceEnabled": False, "detailedMetricsEnabled": False, **defaults}
        if routes:
            props["routeSettings"] = [
                {"routeKey": key, **api.props({"DefaultRouteSettings": row})["defaultRouteSettings"]}
                for key, row in sorted(routes.items())
            ]
        owner = inputs["apiId"]
        host = f"{owner}.execute-api.{api.region}.amazonaws.com"
        plain = "" if object_id == "$default" else object_id
        websocket = api.call("GetApi", ApiId=owner)["ProtocolType"] == "WEBSOCKET"
        props["arn"] = _arn(api, f"/apis/{owner}/stages/{object_id}")
        props["executionArn"] = api.arn(f"{owner}/{object_id}", service="execute-api")
        props["invokeUrl"] = f"wss://{host}/{plain}" if websocket else f"https://{host}/{plain}"
        return props

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Variables are removed by an empty value, settings of a route by a call of their own."""
        full = dict(news)
        if "stageVariables" in changed:
            removed = (olds.get("stageVariables") or {}).keys() - (news.get("stageVariables") or {}).keys()
            full["stageVariables"] = {**(news.get("stageVariables") or {}), **dict.fromkeys(removed, "")}
        if "accessLogSettings" in changed and not news.get("accessLogSettings"):
            api.call("DeleteAccessLogSettings", **self._named(object_id, news))
            changed = changed - {"accessLogSettings"}
        if "routeSettings" in changed:
            kept = {row["routeKey"] for row in news.get("routeSettings") or []}
            for row in olds.get("routeSettings") or []:
                if row["routeKey"] not in kept:
                    self.unless_gone(
                        api, "DeleteRouteSettings", **self._named(object_id, news), RouteKey=row["routeKey"]
                    )
        super().update(api, object_id, olds, full, changed)


def _route_settings(row: Props) -> dict[str, Any]:
    """Tracing and log levels are for WebSocket APIs: they go along only where the program asks for them (stage.go)."""
    settings: dict[str, Any] = {}
    if row.get("detailedMetricsEnabled") is not None:
        settings["DetailedMetricsEnabled"] = row["detailedMetricsEnabled"]
    if row.get("dataTraceEnabled"):
        settings["DataTraceEnabled"] = True
    if row.get("loggingLevel"):
        settings["LoggingLevel"] = row["loggingLevel"]
    if row.get("throttlingBurstLimit") is not None:
        settings["ThrottlingBurstLimit"] = int(row["throttlingBurstLimit"])
    if row.get("throttlingRateLimit") is not None:
        settings["ThrottlingRateLimit"] = float(row["throttlingRateLimit"])
    return settings


TYPES = (GatewayApi(), VpcLink(), Integration(), Route(), Stage())
