"""A queue and what happens with messages that cannot be worked on."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import sqs

from components import alarms, policy
from components.base import Component, Scope

_DAY_S = 86_400
#: The longest that SQS keeps a message. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
_DEAD_RETENTION_S = 14 * _DAY_S
_LONG_POLL_S = 20
_KEY_REUSE_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueArgs:
    """What `Queue` needs.

    Attributes:
        scope: where it belongs.
        key_arn: the key that encrypts messages.
        topic_arn: the topic of its alarms.
        attempts: how often a message is handed out before it goes to the dead-letter queue.
        visibility_s: seconds that a worker has before others see the message.
        retention_days: days that an unread message is kept.
        depth: messages waiting, above which the alarm goes off.
    """

    scope: Scope
    key_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    attempts: int
    visibility_s: int
    retention_days: int
    depth: int


class Queue(Component):
    """An encrypted SQS queue with a dead-letter queue, and alarms on both.

    Attributes:
        queue_name: its name, for metrics.
        dead_name: the dead-letter queue's name.
        url: where workers and services find it.
        arn: its ARN.
        dead_url: the dead-letter queue.
        dead_arn: its ARN.
    """

    tag = "queue"

    def __init__(self, name: str, args: QueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        region = args.scope.region
        dead = sqs.Queue(
            self.child("dead"),
            message_retention_seconds=_DEAD_RETENTION_S,
            kms_master_key_id=args.key_arn,
            kms_data_key_reuse_period_seconds=_KEY_REUSE_S,
            region=region,
            tags=self.tags(),
            opts=self.child_options(protect=True),
        )
        work = sqs.Queue(
            self.child("work"),
            message_retention_seconds=args.retention_days * _DAY_S,
            visibility_timeout_seconds=args.visibility_s,
            receive_wait_time_seconds=_LONG_POLL_S,
            redrive_policy=pulumi.Output.json_dumps(
                {"deadLetterTargetArn": dead.arn, "maxReceiveCount": args.attempts}, sort_keys=True
            ),
            kms_master_key_id=args.key_arn,
            kms_data_key_reuse_period_seconds=_KEY_REUSE_S,
            region=region,
            tags=self.tags(),
            opts=self.child_options(protect=True),
        )
        sqs.RedriveAllowPolicy(
            self.child("dead"),
            queue_url=dead.url,
            redrive_allow_policy=pulumi.Output.json_dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [work.arn]}, sort_keys=True
            ),
            region=region,
            opts=self.child_options(),
        )
        for suffix, queue in (("work", work), ("dead", dead)):
            sqs.QueuePolicy(
                self.child(suffix),
                queue_url=queue.url,
                policy=policy.document(policy.deny_plain_transport("sqs:*", [queue.arn])),
                region=region,
                opts=self.child_options(),
            )
        alarms.declare(self, _alarms(work.name, dead.name, args.depth), args.topic_arn)
        self.queue_name, self.dead_name = work.name, dead.name
        self.url, self.arn = work.url, work.arn
        self.dead_url, self.dead_arn = dead.url, dead.arn
        self.register_outputs({"url": self.url, "arn": self.arn, "deadUrl": self.dead_url, "deadArn": self.dead_arn})


def waiting(queue_name: pulumi.Input[str]) -> alarms.Metric:
    """What waits in a queue, by the minute."""
    return _metric(queue_name, "ApproximateNumberOfMessagesVisible", "Maximum")


def done(queue_name: pulumi.Input[str]) -> alarms.Metric:
    """What workers finished, by the minute: they delete a message when its work is done."""
    return _metric(queue_name, "NumberOfMessagesDeleted", "Sum")


def oldest(queue_name: pulumi.Input[str]) -> alarms.Metric:
    """How long the oldest message in a queue has waited, in seconds."""
    return _metric(queue_name, "ApproximateAgeOfOldestMessage", "Maximum")


def _metric(queue_name: pulumi.Input[str], name: str, statistic: str) -> alarms.Metric:
    return alarms.Metric(
        namespace="AWS/SQS", name=name, dimensions={"QueueName": queue_name}, statistic=statistic, period_s=60
    )


def _alarms(work: pulumi.Output[str], dead: pulumi.Output[str], depth: int) -> list[alarms.Alarm]:
    def alarm(name: str, description: str, queue: pulumi.Output[str], limit: float, periods: int) -> alarms.Alarm:
        return alarms.Alarm(
            name=name,
            description=description,
            metrics={"m": waiting(queue)},
            **alarms.above(limit),
            periods=periods,
            datapoints=periods,
            # SQS stops reporting a queue that nobody has used for six hours: that is an empty one.
            missing="notBreaching",
        )

    return [
        alarm(
            "depth",
            f"More than {depth} messages have waited for 5 minutes. More workers, or one is stuck.",
            work,
            depth,
            5,
        ),
        alarm("failed", "A message has failed every attempt and lies in the dead-letter queue.", dead, 0, 1),
    ]
