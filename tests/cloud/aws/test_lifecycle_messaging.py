"""SNS and SQS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made

TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
ALLOW = "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy"


def policy(action: str, resource: str, sid: str = "Allow") -> str:
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": action,
        "Resource": resource,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def indented(document: str) -> str:
    return json.dumps(json.loads(document), indent=2)


@pytest.fixture
def topic(lab: Lab) -> Made:
    return lab.create(TOPIC, "alarms", tags={"a": "b"})


@pytest.fixture
def queue(lab: Lab) -> Made:
    return lab.create(QUEUE, "work", visibilityTimeoutSeconds=60, tags={"a": "b"})


def test_topic(lab: Lab, topic: Made) -> None:
    assert topic.id == topic.outputs["arn"]
    name = topic.outputs["name"]
    key = lab.create("aws:kms/key:Key").outputs["arn"]
    changed = lab.update(topic, name=name, displayName="Alarms", kmsMasterKeyId=key, tags={"c": "d"})
    seen = lab.client("sns").get_topic_attributes(TopicArn=topic.id)["Attributes"]
    assert (seen["DisplayName"], seen["KmsMasterKeyId"]) == ("Alarms", key)
    changed = lab.update(changed, name=name)
    assert not changed.outputs.get("kmsMasterKeyId")
    assert lab.replaced_by(changed, name="other") == {"name"}
    assert not lab.change(changed, name=name, fifoTopic=False).changes, "the default"
    lab.delete(changed)


def test_topic_policy(lab: Lab, topic: Made) -> None:
    document = policy("sns:Publish", topic.id)
    made = lab.create(TOPIC_POLICY, arn=topic.id, policy=document)
    assert not lab.change(made, arn=topic.id, policy=indented(document)).changes
    changed = lab.update(made, arn=topic.id, policy=policy("sns:Publish", topic.id, "Other"))
    lab.provider.delete(changed.resource, changed.id, changed.inputs, changed.outputs)
    seen = json.loads(lab.client("sns").get_topic_attributes(TopicArn=topic.id)["Attributes"]["Policy"])
    assert seen["Id"] == "__default_policy_ID", "a topic is never without one"


def test_email_waits_for_its_confirmation(lab: Lab, topic: Made) -> None:
    made = lab.create(SUBSCRIPTION, topic=topic.id, protocol="email", endpoint="a@floyo.example")
    assert made.outputs["pendingConfirmation"] is True
    lab.provider.delete(made.resource, made.id, made.inputs, made.outputs)
    assert lab.read(made) is not None, "AWS cannot remove it; it expires by itself"


def test_queue_subscription(lab: Lab, topic: Made, queue: Made) -> None:
    subscription = {"topic": topic.id, "protocol": "sqs", "endpoint": queue.outputs["arn"]}
    made = lab.create(SUBSCRIPTION, **subscription, rawMessageDelivery=True)
    assert made.outputs["pendingConfirmation"] is False
    changed = lab.update(made, **subscription, filterPolicy=json.dumps({"kind": ["order"]}))
    lab.client("sns").publish(
        TopicArn=topic.id, Message="x", MessageAttributes={"kind": {"DataType": "String", "StringValue": "order"}}
    )
    assert "Messages" in lab.client("sqs").receive_message(QueueUrl=queue.id)
    changed = lab.update(changed, **subscription)
    assert lab.replaced_by(changed, **{**subscription, "endpoint": queue.outputs["arn"] + "2"}) == {"endpoint"}
    lab.delete(changed)


def test_subscription_goes_with_its_topic(lab: Lab, topic: Made, queue: Made) -> None:
    made = lab.create(SUBSCRIPTION, topic=topic.id, protocol="sqs", endpoint=queue.outputs["arn"])
    lab.delete(topic)
    assert lab.read(made) is None
    lab.delete(made)


def test_queue(lab: Lab, queue: Made) -> None:
    assert queue.id == queue.outputs["url"]
    name = queue.outputs["name"]
    key = lab.create("aws:kms/key:Key").outputs["arn"]
    dead = lab.create(QUEUE, "dead", messageRetentionSeconds=1209600)
    redrive = json.dumps({"deadLetterTargetArn": dead.outputs["arn"], "maxReceiveCount": 3})
    news = {"name": name, "kmsMasterKeyId": key, "redrivePolicy": redrive, "tags": {"c": "d"}}
    changed = lab.update(queue, **news)
    assert not lab.change(changed, **{**news, "redrivePolicy": indented(redrive)}).changes
    seen = lab.client("sqs").get_queue_attributes(QueueUrl=queue.id, AttributeNames=["All"])["Attributes"]
    assert (seen["KmsMasterKeyId"], seen["VisibilityTimeout"]) == (key, "30")
    changed = lab.update(changed, name=name, sqsManagedSseEnabled=True)
    assert lab.replaced_by(changed, name="other", sqsManagedSseEnabled=True) == {"name"}
    lab.delete(changed)


def test_fifo_queue(lab: Lab) -> None:
    fifo: dict[str, Any] = {"name": "work.fifo", "fifoQueue": True}
    made = lab.create(QUEUE, **fifo, contentBasedDeduplication=True)
    assert lab.replaced_by(made, name="work") >= {"name"}
    lab.delete(lab.update(made, **fifo))


def test_made_up_names_end_as_they_must(lab: Lab) -> None:
    assert lab.create(QUEUE, "work", fifoQueue=True).outputs["name"].endswith(".fifo")
    assert lab.create(TOPIC, "news", fifoTopic=True).outputs["name"].endswith(".fifo")
    assert lab.create(QUEUE, namePrefix="job-", fifoQueue=True).outputs["name"].endswith(".fifo")


def test_queue_policy_outlives_other_changes(lab: Lab, queue: Made) -> None:
    document = policy("sqs:SendMessage", queue.outputs["arn"])
    made = lab.create(QUEUE_POLICY, queueUrl=queue.id, policy=document)
    lab.update(queue, name=queue.outputs["name"], visibilityTimeoutSeconds=90)
    assert lab.read(made) is not None
    changed = lab.update(made, queueUrl=queue.id, policy=policy("sqs:SendMessage", queue.outputs["arn"], "Other"))
    assert lab.replaced_by(changed, queueUrl=queue.id + "2", policy=document) == {"queueUrl"}
    lab.delete(changed)
    assert lab.read(queue) is not None


def test_redrive_allow_policy(lab: Lab, queue: Made) -> None:
    document = json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [queue.outputs["arn"]]})
    dead = lab.create(QUEUE, "dead")
    made = lab.create(ALLOW, queueUrl=dead.id, redriveAllowPolicy=document)
    changed = lab.update(made, queueUrl=dead.id, redriveAllowPolicy=json.dumps({"redrivePermission": "denyAll"}))
    lab.delete(changed)


@pytest.mark.parametrize(
    ("token", "inputs", "reason"),
    [
        (
            SUBSCRIPTION,
            {"topic": "{topic}", "protocol": "email", "endpoint": "a@floyo.example"},
            "Topic does not exist",
        ),
        (TOPIC_POLICY, {"arn": "{topic}", "policy": policy("sns:Publish", "*")}, "Topic does not exist"),
        (QUEUE_POLICY, {"queueUrl": "{url}", "policy": policy("sqs:SendMessage", "*")}, "does not exist"),
        (
            QUEUE,
            {
                "redrivePolicy": json.dumps(
                    {"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:123456789012:nothing", "maxReceiveCount": 1}
                )
            },
            "Could not find DLQ",
        ),
    ],
)
def test_what_is_named_must_be_there(lab: Lab, token: str, inputs: dict[str, str], reason: str) -> None:
    nothing = {
        "{topic}": "arn:aws:sns:eu-west-1:123456789012:nothing",
        "{url}": "https://sqs.eu-west-1.amazonaws.com/123456789012/nothing",
    }
    with pytest.raises(ProviderError, match=reason):
        lab.create(token, **{name: nothing.get(value, value) for name, value in inputs.items()})


def test_a_queue_of_the_name_with_other_settings(lab: Lab, queue: Made) -> None:
    with pytest.raises(ProviderError, match="already exists"):
        lab.create(QUEUE, name=queue.outputs["name"])
