"""API Gateway v2: stages can change, route keys are unique, and a route's integration is there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType


def install() -> None:
    """Patch moto's API Gateway v2 when it is loaded."""
    on_load("moto.apigatewayv2.models", _patch_models)
    on_load("moto.apigatewayv2.responses", _patch_responses)
    on_load("moto.apigatewayv2.urls", _patch_urls)


def _patch_urls(module: ModuleType) -> None:
    stage = "{0}/v2/apis/(?P<api_id>[^/]+)/stages/(?P<stage_name>[^/]+)"
    for path in (f"{stage}/accesslogsettings$", f"{stage}/routesettings/(?P<route_key>.+)$"):
        module.url_paths[path] = module.ApiGatewayV2Response.dispatch
    arn = "{0}/v2/tags/(?P<resource_arn_pt1>[^/]+)/apis/(?P<resource_arn_pt2>[^/]+)/stages/(?P<resource_arn_pt3>[^/]+)$"
    module.url_paths[arn] = module.ApiGatewayV2Response.dispatch
    domain = "{0}/v2/tags/(?P<resource_arn_pt1>[^/]+)/domainnames/(?P<resource_arn_pt2>[^/]+)$"
    module.url_paths[domain] = module.ApiGatewayV2Response.dispatch


def _patch_models(module: ModuleType) -> None:
    from moto.apigatewayv2.exceptions import APIGatewayV2Error  # noqa: PLC0415 -- moto is loaded by now

    class ConflictError(APIGatewayV2Error):
        code = 409

    api, stage, backend = module.Api, module.Stage, module.ApiGatewayV2Backend
    create_route, update_route, create_stage = api.create_route, api.update_route, api.create_stage
    to_json, stage_json = api.to_json, stage.to_json
    tag, untag, get_tags = backend.tag_resource, backend.untag_resource, backend.get_tags

    def require_target(self: Any, target: str | None) -> None:
        kind, _, name = (target or "").partition("/")
        if kind == "integrations":
            self.get_integration(name)

    def updated_route(self: Any, *args: Any, **kwargs: Any) -> Any:
        require_target(self, kwargs.get("target"))
        return update_route(self, *args, **kwargs)

    def unique_route(self: Any, **kwargs: Any) -> Any:
        require_target(self, kwargs.get("target"))
        key = kwargs["route_key"]
        if any(route.route_key == key for route in self.routes.values()):
            raise ConflictError("ConflictException", f"Route with key {key} already exists for this API")
        return create_route(self, **kwargs)

    def unique_stage(self: Any, config: Any) -> Any:
        if config["stageName"] in self.stages:
            raise ConflictError("ConflictException", f"Stage already exists: {config['stageName']}")
        made = create_stage(self, config)
        if made.auto_deploy:
            made.deployment_id = module.random.uuid4().hex[:6]
        return made

    def api_json(self: Any) -> Any:
        return {**to_json(self), "ipAddressType": getattr(self, "ip_address_type", "ipv4")}

    def with_deployment(self: Any) -> Any:
        shown = stage_json(self)
        chosen = getattr(self, "deployment_id", None) or self.config.get("deploymentId")
        return {**shown, "deploymentId": chosen} if chosen else shown

    def staged(self: Any, arn: str) -> Any:
        """The stage or domain that an ARN names; moto keeps the tags of TagResource where neither shows them."""
        domain = self.domain_names.get(arn.partition("/domainnames/")[2])
        if domain is not None:
            return domain
        owner, _, name = arn.partition("/apis/")[2].partition("/stages/")
        return self.apis[owner].stages.get(name) if name and owner in self.apis else None

    def tag_resource(self: Any, resource_arn: str, tags: Any) -> None:
        found = staged(self, resource_arn)
        if found is None:
            tag(self, resource_arn, tags)
        else:
            found.tags = {**found.tags, **(tags or {})}

    def untag_resource(self: Any, resource_arn: str, tag_keys: Any) -> None:
        found = staged(self, resource_arn)
        if found is None:
            untag(self, resource_arn, tag_keys)
        else:
            found.tags = {key: value for key, value in found.tags.items() if key not in tag_keys}

    def tags_of(self: Any, resource_id: str) -> Any:
        found = staged(self, resource_id)
        return get_tags(self, resource_id) if found is None else found.tags

    api.create_route, api.update_route = unique_route, updated_route
    api.create_stage, api.to_json, stage.to_json = unique_stage, api_json, with_deployment
    backend.tag_resource, backend.untag_resource, backend.get_tags = tag_resource, untag_resource, tags_of


#: Members of UpdateStage, and the stage's attributes.
_STAGE = {
    "accessLogSettings": "access_log_settings",
    "autoDeploy": "auto_deploy",
    "clientCertificateId": "client_certificate_id",
    "deploymentId": "deployment_id",
    "description": "description",
}


def _patch_responses(module: ModuleType) -> None:
    from urllib.parse import unquote  # noqa: PLC0415 -- only where the service is used

    from moto.core.utils import utcnow  # noqa: PLC0415 -- as above

    response = module.ApiGatewayV2Response
    create_api, update_api = response.create_api, response.update_api

    def keep_address_type(self: Any, answer: Any, api_id: str) -> Any:
        asked = json.loads(self.body).get("ipAddressType")
        if asked:
            self.apigatewayv2_backend.get_api(api_id).ip_address_type = asked
        return answer[0], answer[1], json.dumps(self.apigatewayv2_backend.get_api(api_id).to_json())

    def created(self: Any) -> Any:
        answer = create_api(self)
        return keep_address_type(self, answer, json.loads(answer[2])["apiId"])

    def updated(self: Any) -> Any:
        answer = update_api(self)
        return keep_address_type(self, answer, self.path.split("/")[-1])

    def stage_of(self: Any) -> Any:
        parts = self.path.split("/")
        where = parts.index("stages")
        return self.apigatewayv2_backend.get_stage(parts[where - 1], unquote(parts[where + 1]))

    def update_stage(self: Any) -> Any:
        stage, config = stage_of(self), json.loads(self.body)
        for member, attribute in _STAGE.items():
            if member in config:
                setattr(stage, attribute, config[member])
        if "defaultRouteSettings" in config:
            stage.default_route_settings = {**stage.default_route_settings, **config["defaultRouteSettings"]}
        stage.route_settings = {**stage.route_settings, **config.get("routeSettings", {})}
        variables = {**stage.stage_variables, **config.get("stageVariables", {})}
        stage.stage_variables = {name: value for name, value in variables.items() if value != ""}
        stage.updated = utcnow()
        return 200, {}, json.dumps(stage.to_json())

    def delete_access_log_settings(self: Any) -> Any:
        stage_of(self).access_log_settings = None
        return 204, {}, ""

    def delete_route_settings(self: Any) -> Any:
        stage_of(self).route_settings.pop(unquote(self.path.partition("/routesettings/")[2]), None)
        return 204, {}, ""

    response.create_api, response.update_api = created, updated
    response.update_stage = update_stage
    response.delete_access_log_settings = delete_access_log_settings
    response.delete_route_settings = delete_route_settings
