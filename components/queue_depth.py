"""Queues that live in the cache (BullMQ): how deep they are, and the alarms on it."""

import json
from dataclasses import dataclass

import pulumi

from components import alarms, facts
from components.base import Component, Scope
from components.container import Sidecar

#: The sidecar's name in the worker's task.
SIDECAR = "queue-depth"
_WAITING, _FAILED = "QueueWaiting", "QueueFailed"

# The figures are parts of one line of JSON, from which CloudWatch makes metrics ("embedded metric format"). What is no
# number (no connection, no permission) is told on stderr and leaves a gap, never a wrong figure.
_SCRIPT = """
ask() {{ valkey-cli -h "$CACHE_HOST" -p "$CACHE_PORT" --tls --no-auth-warning "$@"; }}
while :; do
  waiting=$(ask {waiting}) prioritized=$(ask {prioritized}) failed=$(ask {failed})
  good=yes
  for figure in "$waiting" "$prioritized" "$failed"; do
    case "$figure" in '' | *[!0-9]*) good=no ;; esac
  done
  if [ $good = yes ]; then
    printf '{line}\\n' "$(date +%s)000" "$((waiting + prioritized))" "$failed"
  else
    echo "no depth of queue {queue}: $waiting $prioritized $failed" >&2
  fi
  sleep {interval_s}
done
"""


def sidecar(
    queue: str,
    namespace: str,
    *,
    host: pulumi.Input[str],
    port: int,
    token: pulumi.Input[str],
) -> Sidecar:
    """The container that measures a queue, for the task of the worker that takes from it.

    Several tasks tell the same figures: read them as a maximum, never as a sum.

    Args:
        queue: the queue's name, in BullMQ too.
        namespace: the CloudWatch namespace of the figures.
        host: where the cache's address is, as ``arn:field::`` of a secret.
        port: the cache's TCP port.
        token: where its token is, likewise.
    """
    known = facts.load("queue_depth")
    commands = {name: f"{one['command']} {one['key'].format(queue=queue)}" for name, one in known["keys"].items()}
    return Sidecar(
        name=SIDECAR,
        image=known["image"],
        script=_SCRIPT.format(
            **commands, queue=queue, interval_s=known["interval_s"], line=_metrics_line(queue, namespace)
        ).strip(),
        environment={"CACHE_PORT": str(port)},
        # By these names (its own, and the one that it took over) the client finds the token itself; on its command line
        # every process could read it.
        secrets={"CACHE_HOST": host, "REDISCLI_AUTH": token, "VALKEYCLI_AUTH": token},
        memory_mib=known["memory_mib"],
    )


def _metrics_line(queue: str, namespace: str) -> str:
    """The line for `printf`, with places for the time in ms, what waits and what failed."""
    metrics = [{"Name": name, "Unit": "Count"} for name in (_WAITING, _FAILED)]
    line = {
        "_aws": {
            "Timestamp": "%d",
            "CloudWatchMetrics": [{"Namespace": namespace, "Dimensions": [["Queue"]], "Metrics": metrics}],
        },
        "Queue": queue,
        _WAITING: "%d",
        _FAILED: "%d",
    }
    return json.dumps(line, separators=(",", ":")).replace('"%d"', "%s")


def waiting(queue: str, namespace: str) -> alarms.Metric:
    """What waits in a queue, by the minute."""
    return _metric(queue, namespace, _WAITING)


def failed(queue: str, namespace: str) -> alarms.Metric:
    """What failed every attempt and still lies in a queue, by the minute."""
    return _metric(queue, namespace, _FAILED)


def _metric(queue: str, namespace: str, name: str) -> alarms.Metric:
    return alarms.Metric(namespace=namespace, name=name, dimensions={"Queue": queue}, statistic="Maximum", period_s=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDepthArgs:
    """What `QueueDepth` needs.

    Attributes:
        scope: where it belongs.
        topic_arn: the topic of its alarms.
        queue: the queue's name.
        namespace: the CloudWatch namespace of its figures.
        depth: jobs waiting, above which the alarm goes off.
    """

    scope: Scope
    topic_arn: pulumi.Input[str]
    queue: str
    namespace: str
    depth: int


class QueueDepth(Component):
    """The alarms of a queue that lives in the cache, the same as those of `components.queue`.

    The queue itself is the application's, in the cache that holds it; nothing of it is made here.
    """

    tag = "queue"

    def __init__(self, name: str, args: QueueDepthArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)

        def alarm(suffix: str, description: str, metric: alarms.Metric, limit: float, periods: int) -> alarms.Alarm:
            return alarms.Alarm(
                name=suffix,
                description=description,
                metrics={"m": metric},
                **alarms.above(limit),
                periods=periods,
                datapoints=periods,
                # The figures come from the worker's tasks: without one, the service's alarm `tasks` goes off.
                missing="notBreaching",
            )

        alarms.declare(
            self,
            [
                alarm(
                    "depth",
                    f"More than {args.depth} jobs have waited for 5 minutes. More workers, or one is stuck.",
                    waiting(args.queue, args.namespace),
                    args.depth,
                    5,
                ),
                alarm(
                    "failed",
                    "A job has failed every attempt and lies among the failed ones.",
                    failed(args.queue, args.namespace),
                    0,
                    1,
                ),
            ],
            args.topic_arn,
        )
        self.register_outputs({"queue": args.queue})
