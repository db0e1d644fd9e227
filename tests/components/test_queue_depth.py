"""Queues in the cache: the sidecar that measures them, run by a real shell, and the alarms."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from components.queue_depth import QueueDepth, QueueDepthArgs, failed, sidecar, waiting
from tests.components.support import ACCOUNT, SCOPE, TOPIC_ARN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.components.support import Run

SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:cache-AbCdEf"
SIDECAR = sidecar("jobs", "floyo/dev/_queues", host=f"{SECRET}:host::", port=6379, token=f"{SECRET}:token::")

#: Stands for the client: answers from a file of answers by command, and notes what it was asked with.
CLIENT = """#!/bin/sh
echo "$@" >> "$ASKED"
case "$*" in
  *"LLEN bull:jobs:wait") echo "$WAIT" ;;
  *"ZCARD bull:jobs:prioritized") echo "$PRIORITIZED" ;;
  *"ZCARD bull:jobs:failed") echo "$FAILED" ;;
  *) echo "(error) ERR unknown" ;;
esac
"""


@pytest.fixture
def once(tmp_path: Path) -> Any:
    """Runs the script's loop once with the given answers: stdout, stderr, and what the client was asked."""
    for name, text in {"valkey-cli": CLIENT, "sleep": "#!/bin/sh\nkill $PPID\n"}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)

    def run(**answers: str) -> tuple[str, str, list[str]]:
        environment = {
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "CACHE_HOST": "master.cache",
            **SIDECAR.environment,
            "ASKED": str(tmp_path / "asked"),
            "WAIT": "0",
            "PRIORITIZED": "0",
            "FAILED": "0",
            **answers,
        }
        done = subprocess.run(
            ["/bin/sh", "-c", SIDECAR.script],
            env={key: str(value) for key, value in environment.items()},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        return done.stdout, done.stderr, (tmp_path / "asked").read_text().splitlines()

    return run


def test_it_writes_what_cloudwatch_makes_metrics_of(once: Any) -> None:
    before = time.time()
    out, err, _ = once(WAIT="7", PRIORITIZED="3", FAILED="2")
    line = json.loads(out)
    assert err == ""
    assert (line["Queue"], line["QueueWaiting"], line["QueueFailed"]) == ("jobs", 10, 2)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": "floyo/dev/_queues",
        "Dimensions": [["Queue"]],
        "Metrics": [{"Name": "QueueWaiting", "Unit": "Count"}, {"Name": "QueueFailed", "Unit": "Count"}],
    }
    assert before - 2 <= line["_aws"]["Timestamp"] / 1000 <= time.time() + 2


def test_the_metrics_are_those_that_alarms_and_scaling_read() -> None:
    for metric, name in ((waiting("jobs", "n"), "QueueWaiting"), (failed("jobs", "n"), "QueueFailed")):
        assert (metric.namespace, metric.name, metric.dimensions) == ("n", name, {"Queue": "jobs"})
        # Every task tells the same figure: a sum would count the queue as often as there are tasks.
        assert metric.statistic == "Maximum"


@pytest.mark.parametrize(
    "answer", ["", "NOAUTH Authentication required.", "Could not connect: Connection refused", "-1"]
)
@pytest.mark.parametrize("which", ["WAIT", "PRIORITIZED", "FAILED"])
def test_what_is_no_number_is_told_and_never_counted(once: Any, which: str, answer: str) -> None:
    out, err, _ = once(**{which: answer})
    assert out == ""
    assert err.startswith("no depth of queue jobs: ")


def test_the_token_is_on_no_command_line(once: Any) -> None:
    _, _, asked = once()
    assert {line.split(" LLEN")[0].split(" ZCARD")[0] for line in asked} == {
        "-h master.cache -p 6379 --tls --no-auth-warning"
    }
    assert SIDECAR.secrets == {
        "CACHE_HOST": f"{SECRET}:host::",
        "REDISCLI_AUTH": f"{SECRET}:token::",
        "VALKEYCLI_AUTH": f"{SECRET}:token::",
    }


def test_a_deep_queue_and_a_failed_job_set_off_the_alarms_of_any_queue(run: Run) -> None:
    args = QueueDepthArgs(scope=SCOPE, topic_arn=TOPIC_ARN, queue="jobs", namespace="n", depth=100)
    alarms = run(lambda: QueueDepth("queue-jobs", args)).alarms()
    assert {
        name: (one["metricName"], one["threshold"], one["evaluationPeriods"], one["treatMissingData"])
        for name, one in alarms.items()
    } == {
        "queue-jobs-depth": ("QueueWaiting", 100, 5, "notBreaching"),
        "queue-jobs-failed": ("QueueFailed", 0, 1, "notBreaching"),
    }
    assert {one["namespace"] for one in alarms.values()} == {"n"}
