"""API Gateway v2: an HTTP API in front of a VPC."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made

API = "aws:apigatewayv2/api:Api"
LINK = "aws:apigatewayv2/vpcLink:VpcLink"
INTEGRATION = "aws:apigatewayv2/integration:Integration"
ROUTE = "aws:apigatewayv2/route:Route"
STAGE = "aws:apigatewayv2/stage:Stage"
CORS = {"allowOrigins": ["https://floyo.example"], "allowMethods": ["GET", "POST"], "maxAge": 300}
NAME_ARN = "arn:aws:servicediscovery:eu-west-1:123456789012:service/srv-1"


@pytest.fixture
def api(lab: Lab) -> Made:
    return lab.create(API, "front", protocolType="HTTP", tags={"a": "b"})


@pytest.fixture
def link(lab: Lab) -> Made:
    vpc = lab.create("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16").id
    subnet = lab.create("aws:ec2/subnet:Subnet", vpcId=vpc, cidrBlock="10.0.0.0/24").id
    group = lab.create("aws:ec2/securityGroup:SecurityGroup", "group", vpcId=vpc, description="link").id
    return lab.create(LINK, "link", subnetIds=[subnet], securityGroupIds=[group])


@pytest.fixture
def target(api: Made, link: Made) -> dict[str, Any]:
    return {
        "apiId": api.id,
        "integrationType": "HTTP_PROXY",
        "integrationMethod": "ANY",
        "connectionType": "VPC_LINK",
        "connectionId": link.id,
        "integrationUri": NAME_ARN,
        "payloadFormatVersion": "1.0",
        "requestParameters": {"overwrite:path": "$request.path"},
    }


@pytest.fixture
def plain(api: Made) -> dict[str, Any]:
    return {
        "apiId": api.id,
        "integrationType": "HTTP_PROXY",
        "integrationMethod": "GET",
        "integrationUri": "https://floyo.example",
    }


def test_api(lab: Lab, api: Made) -> None:
    assert api.outputs["apiEndpoint"] == f"https://{api.id}.execute-api.eu-west-1.amazonaws.com"
    assert api.outputs["executionArn"] == f"arn:aws:execute-api:eu-west-1:123456789012:{api.id}"
    changed = lab.update(
        api, name="front", protocolType="HTTP", description="all", corsConfiguration=CORS, tags={"c": "d"}
    )
    seen = lab.client("apigatewayv2").get_api(ApiId=api.id)
    assert seen["CorsConfiguration"]["AllowOrigins"] == CORS["allowOrigins"]
    assert seen["Tags"] == {"c": "d"}
    changed = lab.update(changed, name="other", protocolType="HTTP")
    assert "CorsConfiguration" not in lab.client("apigatewayv2").get_api(ApiId=api.id)
    assert lab.replaced_by(
        changed,
        name="other",
        protocolType="WEBSOCKET",
        routeSelectionExpression="$request.body.action",
    ) == {"protocolType"}
    lab.delete(changed)


def test_link(lab: Lab, link: Made) -> None:
    inputs = {name: link.inputs[name] for name in ("subnetIds", "securityGroupIds")}
    changed = lab.update(link, **inputs, name="other", tags={"a": "b"})
    assert lab.client("apigatewayv2").get_vpc_link(VpcLinkId=link.id)["Name"] == "other"
    assert lab.replaced_by(changed, **{**inputs, "securityGroupIds": []}, name="other")
    lab.delete(changed)


def test_integration(lab: Lab, target: dict[str, Any]) -> None:
    made = lab.create(INTEGRATION, **target)
    changed = lab.update(
        made, **{**target, "timeoutMilliseconds": 5000, "requestParameters": {"append:header.x": "$context.requestId"}}
    )
    seen = lab.client("apigatewayv2").get_integration(ApiId=target["apiId"], IntegrationId=made.id)
    assert seen["RequestParameters"] == {"append:header.x": "$context.requestId"}
    assert seen["TimeoutInMillis"] == 5000
    assert lab.replaced_by(changed, **{**target, "apiId": "other"}) == {"apiId"}
    lab.delete(changed)


def test_route(lab: Lab, api: Made, plain: dict[str, Any]) -> None:
    integration = lab.create(INTEGRATION, **plain)
    route = {"apiId": api.id, "routeKey": "$default", "target": f"integrations/{integration.id}"}
    made = lab.create(ROUTE, **route)
    with pytest.raises(ProviderError, match="already exists"):
        lab.create(ROUTE, **route)
    changed = lab.update(made, **{**route, "routeKey": "ANY /v1/{proxy+}"})
    with pytest.raises(ProviderError, match="Invalid Integration identifier"):
        lab.update(changed, **{**route, "target": "integrations/nothing"})
    assert lab.replaced_by(changed, **{**route, "apiId": "other"}) == {"apiId"}
    lab.delete(changed)


def test_stage(lab: Lab, api: Made, plain: dict[str, Any]) -> None:
    logs = lab.create("aws:cloudwatch/logGroup:LogGroup", name="/front").outputs["arn"]
    integration = lab.create(INTEGRATION, **plain)
    lab.create(ROUTE, apiId=api.id, routeKey="GET /slow", target=f"integrations/{integration.id}")
    stage = {
        "apiId": api.id,
        "name": "$default",
        "autoDeploy": True,
        "accessLogSettings": {"destinationArn": logs, "format": json.dumps({"id": "$context.requestId"})},
        "defaultRouteSettings": {"throttlingBurstLimit": 200, "throttlingRateLimit": 100},
        "tags": {"a": "b"},
    }
    made = lab.create(STAGE, **stage)
    assert made.outputs["invokeUrl"] == f"{api.outputs['apiEndpoint']}/"
    assert made.outputs["executionArn"].endswith(f"{api.id}/$default")
    slow = {"routeKey": "GET /slow", "throttlingBurstLimit": 1, "throttlingRateLimit": 1}
    changed = lab.update(
        made,
        **{**stage, "routeSettings": [slow], "stageVariables": {"a": "1", "b": "2"}, "tags": {"c": "d"}},
    )
    client = lab.client("apigatewayv2")
    seen = client.get_stage(ApiId=api.id, StageName="$default")
    assert seen["RouteSettings"]["GET /slow"]["ThrottlingBurstLimit"] == 1
    assert seen["Tags"] == {"c": "d"}
    del stage["accessLogSettings"]
    changed = lab.update(changed, **{**stage, "stageVariables": {"a": "1"}})
    seen = client.get_stage(ApiId=api.id, StageName="$default")
    assert (seen.get("AccessLogSettings"), seen["RouteSettings"], seen["StageVariables"]) == (None, {}, {"a": "1"})
    assert lab.replaced_by(changed, **{**stage, "name": "v1"}) == {"name"}
    lab.delete(changed)


def test_import_names_the_api(lab: Lab, plain: dict[str, Any]) -> None:
    made = lab.create(INTEGRATION, **plain)
    found = lab.provider.read(made.resource, f"{plain['apiId']}/{made.id}", {}, {})
    assert found is not None
    assert (found[0]["apiId"], found[0]["integrationUri"]) == (plain["apiId"], plain["integrationUri"])
    with pytest.raises(ProviderError, match="as <api id>/"):
        lab.provider.read(made.resource, made.id, {}, {})


def test_what_is_named_must_be_there(lab: Lab, api: Made, target: dict[str, Any]) -> None:
    with pytest.raises(ProviderError, match="connectionId: there is no vpc link nothing"):
        lab.create(INTEGRATION, **{**target, "connectionId": "nothing"})
    with pytest.raises(ProviderError, match="Invalid API identifier"):
        lab.create(ROUTE, apiId="nothing", routeKey="$default")


def test_parts_go_with_their_api(lab: Lab, api: Made, plain: dict[str, Any]) -> None:
    made = lab.create(INTEGRATION, **plain)
    lab.delete(api)
    assert lab.read(made) is None
    lab.delete(made)
