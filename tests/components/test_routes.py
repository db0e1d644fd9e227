"""From the ingress to the services."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from components.errors import ComponentError
from components.routes import CLIENT_HEADER, Routes, RoutesArgs, Target, route_keys
from tests.components.support import SCOPE

if TYPE_CHECKING:
    from tests.components.support import Registered, Run

TARGETS = {
    "web": Target(uri="arn:web", path="/*"),
    "api": Target(uri="arn:api", path="/api/*", timeout_s=15),
}


def args(targets: dict[str, Target]) -> RoutesArgs:
    return RoutesArgs(scope=SCOPE, api_id="api-1", link_id="link-1", targets=targets)


def made(run: Run) -> Registered:
    return run(lambda: Routes("routes", args(TARGETS)))


def test_each_service_is_reached_through_the_link_by_its_cloud_map_entry(run: Run) -> None:
    integration = made(run).one("Integration", "routes-api").inputs
    assert integration["integrationUri"] == "arn:api"
    assert (integration["connectionType"], integration["connectionId"]) == ("VPC_LINK", "link-1")
    assert (integration["integrationType"], integration["integrationMethod"]) == ("HTTP_PROXY", "ANY")
    assert integration["timeoutMilliseconds"] == 15_000


def test_paths_lead_to_their_service_and_the_rest_to_the_default(run: Run) -> None:
    routes = {one.inputs["routeKey"]: one.inputs["target"] for one in made(run).of("apigatewayv2/route:Route")}
    assert routes == {
        "$default": "integrations/routes-web-id",
        "ANY /api": "integrations/routes-api-id",
        "ANY /api/{proxy+}": "integrations/routes-api-id",
    }


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("/*", ["$default"]),
        ("/api/*", ["ANY /api", "ANY /api/{proxy+}"]),
        ("/a/b/*", ["ANY /a/b", "ANY /a/b/{proxy+}"]),
    ],
)
def test_route_keys(path: str, keys: list[str]) -> None:
    assert list(route_keys(path).values()) == keys


@pytest.mark.parametrize("path", ["", "/api", "api/*", "*", "/a*"])
def test_other_patterns_are_refused(path: str) -> None:
    with pytest.raises(ComponentError, match=r"^public path '.*'; allowed: '/\*', or a path that ends in '/\*'$"):
        route_keys(path)


@pytest.mark.parametrize("timeout", [0, 31, 900])
def test_a_longer_request_than_an_http_api_waits_for_is_refused(timeout: int) -> None:
    with pytest.raises(ComponentError) as caught:
        args({"api": Target(uri="arn", path="/*", timeout_s=timeout)})
    assert str(caught.value) == f"service 'api' answers within {timeout} s; behind an HTTP API allowed: 1 to 30"


def test_no_target_is_refused() -> None:
    with pytest.raises(ComponentError, match="routes without a public service"):
        args({})


def test_who_counts_by_the_clients_address_is_told_it_over_what_the_client_wrote(run: Run) -> None:
    target = Target(uri="arn:listener", path="/*", tell_client=True)
    told = run(lambda: Routes("routes", args({"web": target}))).one("Integration").inputs
    assert told["integrationUri"] == "arn:listener"
    assert told["requestParameters"] == {f"overwrite:header.{CLIENT_HEADER}": "$context.identity.sourceIp"}
    assert all("requestParameters" not in one.inputs for one in made(run).of("Integration"))
