"""Autoscaling: what is registered, and what follows from it when load rises and falls."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from ascend.capacity.target_tracking import Tracked, desired
from components.alarms import Metric
from components.autoscaling import Autoscaling, AutoscalingArgs, Backlog, Floor
from components.errors import ComponentError
from tests.components.support import SCOPE

if TYPE_CHECKING:
    from tests.components.support import Registered, Run

WAITING = Metric(
    namespace="AWS/SQS",
    name="ApproximateNumberOfMessagesVisible",
    dimensions={"QueueName": "jobs"},
    statistic="Maximum",
    period_s=60,
)
ARGS = AutoscalingArgs(
    scope=SCOPE,
    cluster_name="c",
    service_name="floyo-worker",
    min_tasks=2,
    max_tasks=20,
    cpu_pct=70,
    memory_pct=80,
    scale_out_cooldown_s=60,
    scale_in_cooldown_s=300,
    backlog=Backlog(waiting=WAITING, per_task=10),
    floors=[
        Floor(cron="0 7 ? * MON-FRI *", time_zone="Europe/Berlin", min_tasks=4),
        Floor(cron="0 20 ? * * *", time_zone="Europe/Berlin", min_tasks=2),
    ],
)


def made(run: Run, **changed: Any) -> Registered:
    return run(lambda: Autoscaling("worker-scaling", dataclasses.replace(ARGS, **changed)))


def policies(result: Registered) -> dict[str, dict[str, Any]]:
    return {
        one.name.removeprefix("worker-scaling-"): one.inputs["targetTrackingScalingPolicyConfiguration"]
        for one in result.of("appautoscaling/policy:Policy")
    }


def test_the_target_is_the_services_number_of_tasks(run: Run) -> None:
    target = made(run).one("appautoscaling/target:Target").inputs
    assert (target["serviceNamespace"], target["scalableDimension"]) == ("ecs", "ecs:service:DesiredCount")
    assert target["resourceId"] == "service/c/floyo-worker"
    assert (target["minCapacity"], target["maxCapacity"]) == (2, 20)


def test_cpu_and_memory_are_tracked_with_the_cooldowns_of_the_document(run: Run) -> None:
    found = policies(made(run, backlog=None))
    assert {
        name: (one["predefinedMetricSpecification"]["predefinedMetricType"], one["targetValue"])
        for name, one in found.items()
    } == {
        "cpu": ("ECSServiceAverageCPUUtilization", 70),
        "memory": ("ECSServiceAverageMemoryUtilization", 80),
    }
    assert {(one["scaleOutCooldown"], one["scaleInCooldown"], one["disableScaleIn"]) for one in found.values()} == {
        (60, 300, False)
    }


def test_a_workers_backlog_is_what_waits_divided_by_the_tasks_that_run(run: Run) -> None:
    backlog = policies(made(run))["backlog"]
    assert backlog["targetValue"] == 10
    by_id = {one["id"]: one for one in backlog["customizedMetricSpecification"]["metrics"]}
    assert [name for name, one in by_id.items() if one["returnData"]] == ["backlog"]
    running = by_id["running"]["metricStat"]
    assert (running["metric"]["metricName"], running["stat"]) == ("CPUUtilization", "SampleCount")
    assert running["metric"]["dimensions"] == [
        {"name": "ClusterName", "value": "c"},
        {"name": "ServiceName", "value": "floyo-worker"},
    ]
    assert by_id["waiting"]["metricStat"]["metric"]["dimensions"] == [{"name": "QueueName", "value": "jobs"}]


def test_the_backlog_has_a_figure_when_nothing_runs_and_when_the_queue_is_silent(run: Run) -> None:
    metrics = policies(made(run))["backlog"]["customizedMetricSpecification"]["metrics"]
    (expression,) = [one["expression"] for one in metrics if "expression" in one]
    # FILL gives the queue a figure where SQS tells none, the second branch divides by no task.
    assert expression == "IF(FILL(running, 0) > 0, FILL(waiting, 0) / running, FILL(waiting, 0))"


def test_floors_raise_and_lower_the_least_by_the_clock(run: Run) -> None:
    actions = [one.inputs for one in made(run).of("appautoscaling/scheduledAction:ScheduledAction")]
    assert [(one["schedule"], one["timezone"], one["scalableTargetAction"]) for one in actions] == [
        ("cron(0 7 ? * MON-FRI *)", "Europe/Berlin", {"minCapacity": 4, "maxCapacity": 20}),
        ("cron(0 20 ? * * *)", "Europe/Berlin", {"minCapacity": 2, "maxCapacity": 20}),
    ]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"min_tasks": 0}, "autoscaling between 0 and 20 tasks; from 1 up, the lower one first"),
        ({"max_tasks": 1, "floors": ()}, "autoscaling between 2 and 1 tasks; from 1 up, the lower one first"),
        ({"max_tasks": 3}, "floor of 4 tasks at '0 7 ? * MON-FRI *'; allowed: 1 to 3"),
    ],
)
def test_what_cannot_work_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ComponentError) as caught:
        dataclasses.replace(ARGS, **changed)
    assert str(caught.value) == message


def test_a_backlog_of_nothing_or_of_hours_is_refused() -> None:
    with pytest.raises(ComponentError, match="backlog of 0 per task; at least 1 is needed"):
        Backlog(waiting=WAITING, per_task=0)
    with pytest.raises(ComponentError, match="backlog measured every 300 s; target tracking reads every 60 s"):
        Backlog(waiting=dataclasses.replace(WAITING, period_s=300), per_task=1)


# What the document asks for ("Scale Down When: CPU < 30 %, memory < 50 %") is in no policy: it follows from these, by
# the rules of target tracking, which the model has.


def tracked(run: Run, **figures: list[float]) -> list[Tracked]:
    return [Tracked(target=policy["targetValue"], points=figures[name]) for name, policy in policies(made(run)).items()]


def settled(run: Run, tasks: int, **figures: float) -> int:
    return desired(
        tracked(run, **{name: [figure] * 15 for name, figure in figures.items()}), tasks=tasks, least=2, most=20
    )


@pytest.mark.parametrize("tasks", range(3, 21))
@pytest.mark.parametrize(("cpu", "memory"), [(29.9, 49.9), (0, 0), (29.9, 0), (0, 49.9)])
def test_low_cpu_and_low_memory_and_no_backlog_take_tasks_away(run: Run, tasks: int, cpu: float, memory: float) -> None:
    assert settled(run, tasks, cpu=cpu, memory=memory, backlog=0) < tasks


@pytest.mark.parametrize(
    ("cpu", "memory", "backlog"), [(29, 75, 0), (65, 49, 0), (29, 49, 9.5)], ids=["memory", "cpu", "backlog"]
)
def test_one_figure_that_is_not_low_keeps_all_tasks(run: Run, cpu: float, memory: float, backlog: float) -> None:
    assert settled(run, 10, cpu=cpu, memory=memory, backlog=backlog) == 10


def test_the_least_stays(run: Run) -> None:
    assert settled(run, 2, cpu=0, memory=0, backlog=0) == 2
    assert settled(run, 3, cpu=0, memory=0, backlog=0) == 2


@pytest.mark.parametrize(
    ("cpu", "memory", "backlog", "wanted"), [(71, 0, 0, 11), (0, 81, 0, 11), (0, 0, 11, 11), (0, 0, 40, 20)]
)
def test_one_figure_that_is_high_adds_tasks_up_to_the_most(
    run: Run, cpu: float, memory: float, backlog: float, wanted: int
) -> None:
    assert settled(run, 10, cpu=cpu, memory=memory, backlog=backlog) == wanted


def test_a_lull_of_some_minutes_takes_nothing_away(run: Run) -> None:
    short = [70.0] * 5 + [20.0] * 10
    assert desired(tracked(run, cpu=short, memory=short, backlog=[0.0] * 15), tasks=10, least=2, most=20) == 10
