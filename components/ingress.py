"""How requests come in: an HTTP API in front of the services, or what stays of one."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import apigatewayv2, cloudwatch

from components import alarms
from components.base import Component, Scope
from components.logs import log_group
from components.thresholds import IngressThresholds

_DAY_S = 86_400
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
_LOG_FIELDS = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "route": "$context.routeKey",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "latencyMs": "$context.responseLatency",
    "integrationMs": "$context.integrationLatency",
    "integrationStatus": "$context.integrationStatus",
    "error": "$context.error.message",
    "integrationError": "$context.integrationErrorMessage",
    "userAgent": "$context.identity.userAgent",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressArgs:
    """What `Ingress` needs.

    Attributes:
        scope: where it belongs.
        subnet_ids: subnets of the link into the network.
        security_group_id: the group that services accept connections from.
        key_arn: the key of the access log.
        topic_arn: the topic of its alarms.
        requests_per_second: steady rate above which requests are refused with 429.
        burst: requests that may come at once.
        thresholds: where alarms go off.
        closed: whether the API's own address is switched off, because an edge stands before it.
        serves: whether there is an API; without one, something else takes requests in, and the access log stays.
    """

    scope: Scope
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    requests_per_second: int
    burst: int
    thresholds: IngressThresholds
    closed: bool = False
    serves: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpApi:
    """The API that an ingress serves by.

    Attributes:
        url: its own address, without a slash at its end.
        api_id: its id.
        stage: its stage.
        link_id: the link that integrations go through.
    """

    url: pulumi.Output[str]
    api_id: pulumi.Output[str]
    stage: pulumi.Output[str]
    link_id: pulumi.Output[str]


class Ingress(Component):
    """An HTTP API with a private link into the network, for which nothing is paid by the hour.

    It exists before the services, which are told its address; `components.routes` leads from it to them.

    Requests are throttled and logged. There is no CORS rule: services answer for themselves, and on one origin none is
    needed.

    Attributes:
        api: the API; None where it does not serve.
        log_group_name: the access log.
    """

    tag = "ingress"

    def __init__(self, name: str, args: IngressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        self._args = args
        # Below this prefix AWS keeps the permission to deliver logs itself; elsewhere each log adds to a policy that is
        # full after a few. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
        log = log_group(self, "log", f"/aws/vendedlogs/ascend/{name}", args.key_arn)
        self.api = self._serve(log) if args.serves else None
        self.log_group_name = log.name
        served = {"url": self.api.url, "apiId": self.api.api_id, "linkId": self.api.link_id} if self.api else {}
        self.register_outputs({**served, "logGroupName": self.log_group_name})

    def _serve(self, log: cloudwatch.LogGroup) -> HttpApi:
        """The API, its link, its stage and its alarms."""
        args, region = self._args, self.scope.region
        api = apigatewayv2.Api(
            self.child("api"),
            protocol_type="HTTP",
            description=f"{args.scope.system}, stack {args.scope.stack}",
            disable_execute_api_endpoint=args.closed,
            region=region,
            tags=self.tags(),
            opts=self.child_options(),
        )
        link = apigatewayv2.VpcLink(
            self.child("link"),
            # Neither can be changed later: the link goes through the group and the subnets that stay.
            subnet_ids=args.subnet_ids,
            security_group_ids=[args.security_group_id],
            region=region,
            tags=self.tags(),
            opts=self.child_options(),
        )
        stage = apigatewayv2.Stage(
            self.child("stage"),
            api_id=api.id,
            name="$default",
            auto_deploy=True,
            access_log_settings=apigatewayv2.StageAccessLogSettingsArgs(
                destination_arn=log.arn,
                format=pulumi.Output.json_dumps(_LOG_FIELDS),
            ),
            default_route_settings=apigatewayv2.StageDefaultRouteSettingsArgs(
                throttling_rate_limit=args.requests_per_second,
                throttling_burst_limit=args.burst,
            ),
            region=region,
            tags=self.tags(),
            opts=self.child_options(),
        )
        alarms.declare(self, self._alarms(api.id), args.topic_arn)
        return HttpApi(url=api.api_endpoint, api_id=api.id, stage=stage.name, link_id=link.id)

    def _alarms(self, api_id: pulumi.Output[str]) -> list[alarms.Alarm]:
        """Latency, errors, bandwidth."""
        limits = self._args.thresholds

        def metric(name: str, statistic: str, period_s: int = 300) -> alarms.Metric:
            return alarms.Metric(
                namespace="AWS/ApiGateway",
                name=name,
                dimensions={"ApiId": api_id},
                statistic=statistic,
                period_s=period_s,
            )

        return [
            alarms.Alarm(
                name="latency",
                description=f"5 % of requests have taken longer than {limits.p95_s:g} s for 15 minutes. "
                "Compare with the integration's latency in the access log.",
                metrics={"m": metric("Latency", "p95")},
                **alarms.above(limits.p95_s * 1000),  # this metric is in milliseconds
                periods=3,
                datapoints=3,
                missing="notBreaching",
            ),
            alarms.Alarm(
                name="errors",
                description=f"More than {limits.error_rate_pct:g} % of requests have failed (5xx) in 10 of 15 minutes.",
                metrics={"failed": metric("5xx", "Sum"), "requests": metric("Count", "Sum")},
                expression="IF(requests > 0, 100 * FILL(failed, 0) / requests, 0)",
                **alarms.above(limits.error_rate_pct),
                periods=3,
                datapoints=2,
                # Without requests there is no figure at all, and none has failed.
                missing="notBreaching",
            ),
            alarms.Alarm(
                name="bandwidth",
                description=f"At today's rate, traffic of a month passes {limits.bandwidth_pct:g} % of the limit of "
                f"{limits.bandwidth_gib_month:g} GiB. Compress, cache, or move to the next phase.",
                metrics={"m": metric("DataProcessed", "Sum", _DAY_S)},
                **alarms.above(limits.daily_bytes),
                periods=1,
                datapoints=1,
                missing="notBreaching",
            ),
        ]
