"""A queue, its dead letters, its alarms."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from components.queue import Queue, QueueArgs
from tests.components.support import KEY_ARN, SCOPE, TOPIC_ARN

if TYPE_CHECKING:
    from tests.components.support import Registered, Run

ARGS = QueueArgs(
    scope=SCOPE, key_arn=KEY_ARN, topic_arn=TOPIC_ARN, attempts=3, visibility_s=60, retention_days=4, depth=100
)


def made(run: Run) -> Registered:
    return run(lambda: Queue("jobs", ARGS))


def test_a_message_that_fails_every_attempt_is_kept_apart(run: Run) -> None:
    result = made(run)
    work, dead = result.one("sqs/queue:Queue", "jobs-work"), result.one("sqs/queue:Queue", "jobs-dead")
    policy = json.loads(work.inputs["redrivePolicy"])
    assert policy["maxReceiveCount"] == 3
    assert policy["deadLetterTargetArn"].endswith("jobs-dead-0a1b2c3")
    assert dead.inputs["messageRetentionSeconds"] == 14 * 86_400
    allowed = json.loads(result.one("RedriveAllowPolicy").inputs["redriveAllowPolicy"])
    assert allowed["redrivePermission"] == "byQueue"


def test_messages_are_data(run: Run) -> None:
    for queue in made(run).of("sqs/queue:Queue"):
        assert queue.protect
        assert queue.inputs["kmsMasterKeyId"] == KEY_ARN


def test_a_worker_has_its_time_and_waits_for_messages(run: Run) -> None:
    work = made(run).one("sqs/queue:Queue", "jobs-work").inputs
    assert work["visibilityTimeoutSeconds"] == 60
    assert work["receiveWaitTimeSeconds"] == 20
    assert work["messageRetentionSeconds"] == 4 * 86_400


def test_requests_without_tls_are_denied_on_both(run: Run) -> None:
    policies = made(run).of("QueuePolicy")
    assert len(policies) == 2
    for policy in policies:
        assert policy.policy()["DenyPlainTransport"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_depth_and_dead_letters_are_watched_and_an_idle_queue_is_no_incident(run: Run) -> None:
    found = made(run).alarms()
    assert {name: (one["metricName"], one["threshold"]) for name, one in found.items()} == {
        "jobs-depth": ("ApproximateNumberOfMessagesVisible", 100),
        "jobs-failed": ("ApproximateNumberOfMessagesVisible", 0),
    }
    assert {one["treatMissingData"] for one in found.values()} == {"notBreaching"}
    assert found["jobs-failed"]["dimensions"]["QueueName"].startswith("jobs-dead")
