"""From the ingress to the services."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import apigatewayv2

from components.base import Component, Scope
from components.errors import ComponentError
from components.paths import base_of

#: The longest that an HTTP API waits for an answer; it cannot be raised.
#: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html, read 2026-11-21
MAX_TIMEOUT_S = 30
#: Where the API writes the address that a request comes from. Those called x-forwarded-… are not ours to write:
#: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html
CLIENT_HEADER = "x-client-ip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One service behind the API.

    Attributes:
        uri: where its requests go: ARN of its Cloud Map service, or of the listener of a load balancer in front of it.
        path: paths it answers: ``/api/*``, or ``/*`` for all the rest.
        timeout_s: longest request it answers, in seconds.
        tell_client: whether the client's address is told in `CLIENT_HEADER`, to whoever counts by it on the way.
    """

    uri: pulumi.Input[str]
    path: str
    timeout_s: int = MAX_TIMEOUT_S
    tell_client: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutesArgs:
    """What `Routes` needs.

    Attributes:
        scope: where it belongs.
        api_id: the HTTP API.
        link_id: its link into the network.
        targets: the services behind it, by name.
    """

    scope: Scope
    api_id: pulumi.Input[str]
    link_id: pulumi.Input[str]
    targets: Mapping[str, Target]

    def __post_init__(self) -> None:
        """Refuse what the HTTP API cannot do.

        Raises:
            ComponentError: naming the service and what is allowed.
        """
        if not self.targets:
            msg = "routes without a public service; give one of them a public path"
            raise ComponentError(msg)
        for name, target in self.targets.items():
            if not 0 < target.timeout_s <= MAX_TIMEOUT_S:
                msg = (
                    f"service '{name}' answers within {target.timeout_s} s; behind an HTTP API allowed: "
                    f"1 to {MAX_TIMEOUT_S}"
                )
                raise ComponentError(msg)
            route_keys(target.path)


class Routes(Component):
    """For each public service an integration with what leads to it, and the routes."""

    tag = "ingress"

    def __init__(self, name: str, args: RoutesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        region = args.scope.region
        for key, target in args.targets.items():
            integration = apigatewayv2.Integration(
                self.child(key),
                api_id=args.api_id,
                integration_type="HTTP_PROXY",
                integration_method="ANY",
                integration_uri=target.uri,
                connection_type="VPC_LINK",
                connection_id=args.link_id,
                payload_format_version="1.0",
                # Over whatever a client has written there.
                request_parameters={f"overwrite:header.{CLIENT_HEADER}": "$context.identity.sourceIp"}
                if target.tell_client
                else None,
                timeout_milliseconds=target.timeout_s * 1000,
                region=region,
                opts=self.child_options(),
            )
            for suffix, route_key in route_keys(target.path).items():
                apigatewayv2.Route(
                    self.child(f"{key}-{suffix}"),
                    api_id=args.api_id,
                    route_key=route_key,
                    target=integration.id.apply(lambda ident: f"integrations/{ident}"),
                    region=region,
                    opts=self.child_options(),
                )
        self.register_outputs({"routes": {key: target.path for key, target in args.targets.items()}})


def route_keys(path: str) -> dict[str, str]:
    """The HTTP API's routes of a path pattern, by what their names add.

    ``/*`` is what no other route takes; ``/api/*`` is ``/api`` and everything below it.

    Raises:
        ComponentError: if the pattern does not end in ``/*``.
    """
    base = base_of(path)
    return {"root": f"ANY {base}", "paths": f"ANY {base}/{{proxy+}}"} if base else {"default": "$default"}
