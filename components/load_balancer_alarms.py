"""What tells that a load balancer does not do its work."""

from collections.abc import Mapping

from pulumi_aws import lb

from components.alarms import Alarm, Metric, above
from components.thresholds import IngressThresholds

_NAMESPACE = "AWS/ApplicationELB"
_DAY_S = 86_400


def watch(balancer: lb.LoadBalancer, groups: Mapping[str, lb.TargetGroup], limits: IngressThresholds) -> list[Alarm]:
    """The alarms of a load balancer: latency, errors, bandwidth, and tasks that fail its health check.

    Args:
        balancer: the load balancer.
        groups: its target groups, by service.
        limits: where alarms go off.
    """
    whole = {"LoadBalancer": balancer.arn_suffix}

    def metric(name: str, statistic: str, period_s: int = 300) -> Metric:
        return Metric(namespace=_NAMESPACE, name=name, dimensions=whole, statistic=statistic, period_s=period_s)

    return [
        Alarm(
            name="latency",
            description=f"5 % of requests have taken longer than {limits.p95_s:g} s for 15 minutes. "
            "Compare with the targets' time in the access log.",
            metrics={"m": metric("TargetResponseTime", "p95")},
            **above(limits.p95_s),  # this metric is in seconds
            periods=3,
            datapoints=3,
            missing="notBreaching",
        ),
        Alarm(
            name="errors",
            description=f"More than {limits.error_rate_pct:g} % of requests have failed (5xx) in 10 of 15 minutes.",
            metrics={
                "failed": metric("HTTPCode_Target_5XX_Count", "Sum"),
                "refused": metric("HTTPCode_ELB_5XX_Count", "Sum"),
                "requests": metric("RequestCount", "Sum"),
            },
            # A request for which there was no healthy target is counted as refused and not among the requests: with
            # none at all to choose from, all would have failed and the ratio would have nothing to divide by.
            expression="IF(FILL(requests, 0) + FILL(refused, 0) > 0, "
            "100 * (FILL(failed, 0) + FILL(refused, 0)) / (FILL(requests, 0) + FILL(refused, 0)), 0)",
            **above(limits.error_rate_pct),
            periods=3,
            datapoints=2,
            # Without requests there is no figure at all, and none has failed.
            missing="notBreaching",
        ),
        Alarm(
            name="bandwidth",
            description=f"At today's rate, traffic of a month passes {limits.bandwidth_pct:g} % of the limit of "
            f"{limits.bandwidth_gib_month:g} GiB. Compress, cache, or move to the next phase.",
            metrics={"m": metric("ProcessedBytes", "Sum", _DAY_S)},
            **above(limits.daily_bytes),
            periods=1,
            datapoints=1,
            missing="notBreaching",
        ),
        *(
            Alarm(
                name=f"{key}-unhealthy",
                description=f"A task of {key} has failed the load balancer's health check for 10 minutes. "
                "Look at the service's events and its log.",
                metrics={
                    "m": Metric(
                        namespace=_NAMESPACE,
                        name="UnHealthyHostCount",
                        dimensions={**whole, "TargetGroup": group.arn_suffix},
                        statistic="Maximum",
                        period_s=60,
                    )
                },
                **above(0),
                # A task that starts is not unhealthy, one that keeps being replaced is, on and off.
                periods=10,
                datapoints=8,
                # Without targets there is no figure: the service's own alarm tells that nothing runs.
                missing="notBreaching",
            )
            for key, group in groups.items()
        ),
    ]
