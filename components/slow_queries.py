"""How many statements were slow, counted in the logs of the databases."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch

from components.alarms import Metric
from components.base import Component, Scope

# What PostgreSQL writes about a statement that took longer than log_min_duration_statement:
# https://www.postgresql.org/docs/17/runtime-config-logging.html
_PATTERN = '"duration:" "ms"'


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowQueriesArgs:
    """What `SlowQueries` needs.

    Attributes:
        scope: where it belongs.
        namespace: the CloudWatch namespace of the figures.
        log_groups: name of each server's log group, by the server's name in the region.
    """

    scope: Scope
    namespace: str
    log_groups: Mapping[str, pulumi.Input[str]]


class SlowQueries(Component):
    """A metric of slow statements for each server. The servers themselves log nothing else with a duration.

    Attributes:
        metrics: the metrics, by the server's name.
    """

    tag = "slow-queries"

    def __init__(self, name: str, args: SlowQueriesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        self.metrics: dict[str, Metric] = {}
        for server, log_group in args.log_groups.items():
            cloudwatch.LogMetricFilter(
                self.child(server),
                name=self.child(server),
                log_group_name=log_group,
                pattern=_PATTERN,
                metric_transformation=cloudwatch.LogMetricFilterMetricTransformationArgs(
                    # The server is in the name: a metric with dimensions could not be 0 where nothing was slow.
                    name=f"SlowQueries-{server}",
                    namespace=args.namespace,
                    value="1",
                    default_value="0",
                    unit="Count",
                ),
                region=args.scope.region,
                opts=self.child_options(),
            )
            self.metrics[server] = Metric(
                namespace=args.namespace,
                name=f"SlowQueries-{server}",
                dimensions={},
                statistic="Sum",
                period_s=60,
            )
        self.register_outputs({})
