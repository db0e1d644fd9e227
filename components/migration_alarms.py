"""The alarms of a migration."""

import pulumi

from components.alarms import Alarm, Metric, above, below

_GIB = 1024**3
#: What must stay free for changes that wait to be applied, in percent of the instance's storage.
_DISK_FREE_PCT = 20
_PERIOD_S = 60


def migration_alarms(
    instance_id: pulumi.Input[str], task_id: pulumi.Input[str], *, lag_s: int, storage_gib: int
) -> list[Alarm]:
    """How far the copy is behind, and whether the machine runs full.

    Args:
        instance_id: the replication instance.
        task_id: the task, as metrics name it.
        lag_s: seconds behind.
        storage_gib: the instance's storage, in GiB.
    """
    task = {"ReplicationInstanceIdentifier": instance_id, "ReplicationTaskIdentifier": task_id}
    latency = {
        "source": "The migration reads changes {lag} s late. The source keeps its log for that long: watch its disk.",
        "target": "The migration is {lag} s behind. Do not switch over; look for long transactions and missing keys.",
    }
    found = [
        Alarm(
            name=f"{side}-latency",
            description=text.format(lag=lag_s),
            metrics={"late": _metric(f"CDCLatency{side.title()}", task, "Maximum")},
            **above(lag_s),
            periods=5,
            datapoints=5,
            # Before and during the full load there is nothing to be late with.
            missing="notBreaching",
        )
        for side, text in latency.items()
    ]
    return [
        *found,
        Alarm(
            name="disk",
            description=f"The migration's machine has less than {_DISK_FREE_PCT} % of its storage free: changes wait "
            "to be applied. Give it more (`storageGib`), or a larger class.",
            metrics={
                "free": _metric("FreeStorageSpace", {"ReplicationInstanceIdentifier": instance_id}, "Minimum"),
            },
            **below(storage_gib * _GIB * _DISK_FREE_PCT // 100),
            periods=5,
            datapoints=3,
            missing="notBreaching",
        ),
    ]


def _metric(name: str, dimensions: dict[str, pulumi.Input[str]], statistic: str) -> Metric:
    return Metric(namespace="AWS/DMS", name=name, dimensions=dimensions, statistic=statistic, period_s=_PERIOD_S)
