"""How the number of a service's tasks follows its load and the clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi_aws import appautoscaling

from components.alarms import Metric
from components.base import Component, Scope
from components.errors import ComponentError

if TYPE_CHECKING:
    from pulumi_aws.appautoscaling import (
        PolicyTargetTrackingScalingPolicyConfigurationArgsDict as _ConfigurationDict,
    )
    from pulumi_aws.appautoscaling import (
        PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationArgsDict as _CustomizedDict,
    )
    from pulumi_aws.appautoscaling import (
        PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricMetricStatArgsDict as _Stat,
    )
    from pulumi_aws.appautoscaling import (
        PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgsDict as _PredefinedDict,
    )

_NAMESPACE = "ecs"
_DIMENSION = "ecs:service:DesiredCount"
#: The metrics that ECS itself measures, by the suffix of their policy's name.
_PREDEFINED = {"cpu": "ECSServiceAverageCPUUtilization", "memory": "ECSServiceAverageMemoryUtilization"}
_PERIOD_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Work that waits, of which each task is to have no more than its part.

    Attributes:
        waiting: the metric of what waits, at a period of a minute.
        per_task: how much may wait per running task.
    """

    waiting: Metric
    per_task: int

    def __post_init__(self) -> None:
        """Refuse what target tracking cannot read.

        Raises:
            ComponentError: naming the value and what is allowed.
        """
        if self.per_task < 1:
            msg = f"backlog of {self.per_task} per task; at least 1 is needed"
            raise ComponentError(msg)
        if self.waiting.period_s != _PERIOD_S:
            msg = f"backlog measured every {self.waiting.period_s} s; target tracking reads every {_PERIOD_S} s"
            raise ComponentError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """From when on there are at least so many tasks, until another floor's time comes.

    Attributes:
        cron: when: minute, hour, day of the month, month, day of the week, year.
        time_zone: the time zone of `cron`, by its IANA name.
        min_tasks: tasks that there are at least from then on.
    """

    cron: str
    time_zone: str
    min_tasks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoscalingArgs:
    """What `Autoscaling` needs.

    Attributes:
        scope: where it belongs.
        cluster_name: the cluster that the service runs in.
        service_name: the service's name in it, which is known before the service is.
        min_tasks: tasks at rest.
        max_tasks: tasks under the highest load.
        cpu_pct: average CPU that it holds, in percent.
        memory_pct: average memory that it holds, in percent.
        scale_out_cooldown_s: seconds between two steps up.
        scale_in_cooldown_s: seconds between two steps down.
        backlog: the work that waits for it; None where it takes none.
        floors: least tasks by the clock.
    """

    scope: Scope
    cluster_name: pulumi.Input[str]
    service_name: str
    min_tasks: int
    max_tasks: int
    cpu_pct: int
    memory_pct: int
    scale_out_cooldown_s: int
    scale_in_cooldown_s: int
    backlog: Backlog | None = None
    floors: Sequence[Floor] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ComponentError: naming the value and what is allowed.
        """
        if not 1 <= self.min_tasks <= self.max_tasks:
            msg = f"autoscaling between {self.min_tasks} and {self.max_tasks} tasks; from 1 up, the lower one first"
            raise ComponentError(msg)
        for floor in self.floors:
            if not 1 <= floor.min_tasks <= self.max_tasks:
                msg = f"floor of {floor.min_tasks} tasks at '{floor.cron}'; allowed: 1 to {self.max_tasks}"
                raise ComponentError(msg)


class Autoscaling(Component):
    """Target tracking on CPU, memory and, for a worker, the backlog per task, with floors by the clock.

    Each policy makes two alarms of its own in CloudWatch. It adds tasks when its metric has been above the target for 3
    minutes, and takes tasks away when it has been more than 10 % below for 15; tasks are added as soon as one policy
    asks for them and taken away only when all agree
    (https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html). A
    service at low CPU *and* low memory *and* with an empty queue so shrinks to its least; nothing else is needed.

    The service itself must ignore its number of tasks from then on, and this must be declared after it. A floor changes
    the least number in AWS, not in Pulumi's state: after a `refresh`, the next update sets it back to `min_tasks` until
    the next floor's time.

    Attributes:
        resource_id: what Application Auto Scaling calls the service.
    """

    tag = "autoscaling"

    def __init__(self, name: str, args: AutoscalingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        self._args = args
        self._target = appautoscaling.Target(
            self.child("target"),
            service_namespace=_NAMESPACE,
            scalable_dimension=_DIMENSION,
            resource_id=pulumi.Output.concat("service/", args.cluster_name, "/", args.service_name),
            min_capacity=args.min_tasks,
            max_capacity=args.max_tasks,
            region=args.scope.region,
            tags=self.tags(),
            opts=self.child_options(),
        )
        for suffix, target_value in (("cpu", args.cpu_pct), ("memory", args.memory_pct)):
            self._policy(suffix, target_value, predefined={"predefined_metric_type": _PREDEFINED[suffix]})
        if args.backlog is not None:
            self._policy("backlog", args.backlog.per_task, customized=self._backlog_per_task(args.backlog))
        for number, floor in enumerate(args.floors, start=1):
            self._floor(number, floor)
        self.resource_id = self._target.resource_id
        self.register_outputs({"resourceId": self.resource_id})

    def _policy(
        self,
        suffix: str,
        target_value: float,
        *,
        predefined: "_PredefinedDict | None" = None,
        customized: "_CustomizedDict | None" = None,
    ) -> None:
        configuration: _ConfigurationDict = {
            "target_value": target_value,
            "scale_out_cooldown": self._args.scale_out_cooldown_s,
            "scale_in_cooldown": self._args.scale_in_cooldown_s,
            "disable_scale_in": False,
        }
        if predefined is not None:
            configuration["predefined_metric_specification"] = predefined
        if customized is not None:
            configuration["customized_metric_specification"] = customized
        appautoscaling.Policy(
            self.child(suffix),
            name=self.child(suffix),
            policy_type="TargetTrackingScaling",
            service_namespace=_NAMESPACE,
            scalable_dimension=_DIMENSION,
            resource_id=self._target.resource_id,
            target_tracking_scaling_policy_configuration=configuration,
            region=self.scope.region,
            opts=self.child_options(),
        )

    def _backlog_per_task(self, backlog: Backlog) -> "_CustomizedDict":
        """What waits, divided by the tasks that run; all of it where none does.

        ECS reports CPU once a minute for each running task, so that the number of reports is the number of tasks
        (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cloudwatch-metrics.html, read 2026-11-21); the
        metric of that name costs extra (Container Insights). A queue without a figure counts as empty: SQS falls silent
        about one that nobody has used for six hours, and without a figure nothing would be scaled in.
        """
        running = Metric(
            namespace="AWS/ECS",
            name="CPUUtilization",
            dimensions={"ClusterName": self._args.cluster_name, "ServiceName": self._args.service_name},
            statistic="SampleCount",
            period_s=_PERIOD_S,
        )
        return {
            "metrics": [
                {
                    "id": "backlog",
                    "expression": "IF(FILL(running, 0) > 0, FILL(waiting, 0) / running, FILL(waiting, 0))",
                    "label": "Backlog per task",
                    "return_data": True,
                },
                {"id": "waiting", "metric_stat": _stat(backlog.waiting), "return_data": False},
                {"id": "running", "metric_stat": _stat(running), "return_data": False},
            ]
        }

    def _floor(self, number: int, floor: Floor) -> None:
        appautoscaling.ScheduledAction(
            self.child(f"floor-{number}"),
            name=self.child(f"floor-{number}"),
            service_namespace=_NAMESPACE,
            scalable_dimension=_DIMENSION,
            resource_id=self._target.resource_id,
            schedule=f"cron({floor.cron})",
            timezone=floor.time_zone,
            scalable_target_action={"min_capacity": floor.min_tasks, "max_capacity": self._args.max_tasks},
            region=self.scope.region,
            opts=self.child_options(),
        )


def _stat(metric: Metric) -> "_Stat":
    """One metric in the words of a policy."""
    return {
        "stat": metric.statistic,
        "metric": {
            "namespace": metric.namespace,
            "metric_name": metric.name,
            "dimensions": [{"name": key, "value": value} for key, value in metric.dimensions.items()],
        },
    }
