"""SQS: queues, their policies and redrive permissions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging
from ascend.cloud.aws.attributes import Attributes
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure
from ascend.cloud.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_GONE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
#: SQS developer guide, "Configuring a dead-letter queue": maxReceiveCount is 1 to 1,000.
_MOST_RECEIVES = 1_000
#: SQS API reference, RedriveAllowPolicy: at most ten source queues by ARN.
_MOST_SOURCES = 10

_QUEUE = Attributes(
    text={
        "deduplicationScope": "DeduplicationScope",
        "fifoThroughputLimit": "FifoThroughputLimit",
        "kmsMasterKeyId": "KmsMasterKeyId",
        "policy": "Policy",
        "redriveAllowPolicy": "RedriveAllowPolicy",
        "redrivePolicy": "RedrivePolicy",
    },
    numbers={
        "delaySeconds": "DelaySeconds",
        "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
        "maxMessageSize": "MaximumMessageSize",
        "messageRetentionSeconds": "MessageRetentionPeriod",
        "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
        "visibilityTimeoutSeconds": "VisibilityTimeout",
    },
    booleans={
        "contentBasedDeduplication": "ContentBasedDeduplication",
        "fifoQueue": "FifoQueue",
        "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    },
)
_FIFO_ONLY = ("contentBasedDeduplication", "fifoQueue")
_TAGS = tagging.TagStyle(
    parameter="tags",
    key="",
    add="TagQueue",
    remove="UntagQueue",
    target="QueueUrl",
    read="ListQueueTags",
)


class _OfQueue(ResourceType):
    """What is read with a queue's attributes."""

    service = "sqs"
    gone = _GONE

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:  # noqa: ARG002 -- a hook
        """The queue's attributes."""
        answer = self.unless_gone(api, "GetQueueAttributes", QueueUrl=object_id, AttributeNames=["All"])
        return answer["Attributes"] if answer else None


class Queue(_OfQueue):
    """A queue; its URL is its id."""

    pulumi_type = "aws:sqs/queue:Queue"
    cfn = "AWS::SQS::Queue"
    cfn_rename: ClassVar = {"name": "QueueName", "maxMessageSize": "MaximumMessageSize"}
    kind = "sqs-queue"
    tags = _TAGS

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """Redrive policies are documents."""
        return [*_redrive(inputs.get("redrivePolicy"), region), *_redrive_allow(inputs.get("redriveAllowPolicy"))]

    def create(self, api: Api, inputs: Props) -> str:
        """All attributes go with the create."""
        given = {
            name: value
            for name, value in inputs.items()
            if value not in (None, "") and (name not in _FIFO_ONLY or inputs.get("fifoQueue"))
        }
        if given.get("kmsMasterKeyId"):
            given["sqsManagedSseEnabled"] = False  # the two exclude each other, and SSE-SQS is on by default
        answer = api.call(
            "CreateQueue", QueueName=inputs["name"], Attributes=_QUEUE.encode(given), **self.tag_params(inputs)
        )
        api.created_id = str(answer["QueueUrl"])
        return api.created_id

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:  # noqa: ARG002 -- a hook
        """Attributes in the provider's types."""
        return {
            **_QUEUE.decode(found),
            "arn": found["QueueArn"],
            "kmsDataKeyReusePeriodSeconds": int(found.get("KmsDataKeyReusePeriodSeconds") or 300),
            "name": object_id.rpartition("/")[2],
            "tagsAll": self.tags.fetch(api, object_id),
            "url": object_id,
        }

    def tag_target(self, api: Api, object_id: str, state: Props) -> str:  # noqa: ARG002 -- a hook
        """Tags go by URL."""
        return object_id

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """One call for all changed attributes."""
        chosen = {name: news.get(name) for name in changed}
        if "kmsMasterKeyId" in changed:
            chosen["sqsManagedSseEnabled"] = not news.get("kmsMasterKeyId")
        if not news.get("fifoQueue"):
            chosen = {name: value for name, value in chosen.items() if name not in _FIFO_ONLY}
        if attributes := _QUEUE.encode(chosen):
            api.call("SetQueueAttributes", QueueUrl=object_id, Attributes=attributes)

    def delete(self, api: Api, object_id: str, state: Props) -> None:  # noqa: ARG002 -- a hook
        """Delete the queue and what is in it."""
        self.unless_gone(api, "DeleteQueue", QueueUrl=object_id)


def _document(path: str, text: Any) -> Iterator[Failure | dict[str, Any]]:
    if text is UNKNOWN or not isinstance(text, str) or not text:
        return
    try:
        document = json.loads(text)
    except ValueError as error:
        yield Failure(path, f"is not JSON: {error}")
        return
    yield document if isinstance(document, dict) else Failure(path, "must be a JSON object")


def _redrive(text: Any, region: str) -> Iterator[Failure]:
    for document in _document("redrivePolicy", text):
        if isinstance(document, Failure):
            yield document
            continue
        target, count = document.get("deadLetterTargetArn"), document.get("maxReceiveCount")
        if not str(target).startswith("arn:") or ":sqs:" not in str(target):
            yield Failure("redrivePolicy", f"deadLetterTargetArn must be the ARN of a queue, not {target}")
        elif region and str(target).split(":")[3] != region:
            # SQS developer guide, dead-letter queues: in the same account and Region.
            yield Failure("redrivePolicy", f"deadLetterTargetArn {target} must be in {region}, as the queue is")
        if not isinstance(count, int) or not 1 <= count <= _MOST_RECEIVES:
            yield Failure("redrivePolicy", f"maxReceiveCount must be 1 to {_MOST_RECEIVES}, not {count}")


def _redrive_allow(text: Any) -> Iterator[Failure]:
    for document in _document("redriveAllowPolicy", text):
        if isinstance(document, Failure):
            yield document
            continue
        permission, sources = document.get("redrivePermission"), document.get("sourceQueueArns")
        if permission not in {"allowAll", "denyAll", "byQueue"}:
            yield Failure(
                "redriveAllowPolicy", f"redrivePermission must be allowAll, denyAll or byQueue, not {permission}"
            )
        if (permission == "byQueue") != bool(sources):
            yield Failure("redriveAllowPolicy", "sourceQueueArns and the permission byQueue go together")
        if isinstance(sources, list) and len(sources) > _MOST_SOURCES:
            yield Failure("redriveAllowPolicy", f"{len(sources)} source queues; at most {_MOST_SOURCES} can be named")


class _OneAttribute(_OfQueue):
    """A resource that is one attribute of a queue; the queue's URL is its id."""

    attribute: str
    field: str

    def create(self, api: Api, inputs: Props) -> str:
        """Set the attribute."""
        self._put(api, str(inputs["queueUrl"]), str(inputs[self.field]))
        api.created_id = str(inputs["queueUrl"])
        return api.created_id

    def _put(self, api: Api, url: str, value: str) -> None:
        api.call("SetQueueAttributes", QueueUrl=url, Attributes={self.attribute: value})

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """Gone with the queue, or where the attribute is not set."""
        found = super().describe(api, object_id, inputs)
        return found if found and found.get(self.attribute) else None

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:  # noqa: ARG002 -- a hook
        """The attribute's text."""
        return {"queueUrl": object_id, self.field: found[self.attribute]}

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """The same call creates and changes."""
        self._put(api, object_id, str(news[self.field]))

    def delete(self, api: Api, object_id: str, state: Props) -> None:  # noqa: ARG002 -- a hook
        """An empty attribute is none."""
        self.unless_gone(api, "SetQueueAttributes", QueueUrl=object_id, Attributes={self.attribute: ""})


class QueuePolicy(_OneAttribute):
    """A queue's policy as a resource of its own."""

    pulumi_type = "aws:sqs/queuePolicy:QueuePolicy"
    attribute, field = "Policy", "policy"


class RedriveAllowPolicy(_OneAttribute):
    """Which queues may use a queue for their dead letters."""

    pulumi_type = "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy"
    attribute, field = "RedriveAllowPolicy", "redriveAllowPolicy"

    def check(self, inputs: Props, region: str) -> list[Failure]:  # noqa: ARG002 -- a hook
        """The policy is a document."""
        return list(_redrive_allow(inputs.get("redriveAllowPolicy")))


TYPES = (Queue(), QueuePolicy(), RedriveAllowPolicy())
