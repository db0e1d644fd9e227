"""SNS: topics, their policies and subscriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging
from ascend.cloud.aws.attributes import Attributes
from ascend.cloud.aws.resource import ResourceType

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_GONE = ("NotFound", "NotFoundException")
#: Which protocols need somebody to confirm. The official provider does not wait for those (topic_subscription.go).
_CONFIRMED_BY_HAND = frozenset({"email", "email-json", "http", "https"})

_TOPIC = Attributes(
    text={
        "archivePolicy": "ArchivePolicy",
        "deliveryPolicy": "DeliveryPolicy",
        "displayName": "DisplayName",
        "fifoThroughputScope": "FifoThroughputScope",
        "kmsMasterKeyId": "KmsMasterKeyId",
        "policy": "Policy",
        "tracingConfig": "TracingConfig",
        "applicationFailureFeedbackRoleArn": "ApplicationFailureFeedbackRoleArn",
        "applicationSuccessFeedbackRoleArn": "ApplicationSuccessFeedbackRoleArn",
        "firehoseFailureFeedbackRoleArn": "FirehoseFailureFeedbackRoleArn",
        "firehoseSuccessFeedbackRoleArn": "FirehoseSuccessFeedbackRoleArn",
        "httpFailureFeedbackRoleArn": "HTTPFailureFeedbackRoleArn",
        "httpSuccessFeedbackRoleArn": "HTTPSuccessFeedbackRoleArn",
        "lambdaFailureFeedbackRoleArn": "LambdaFailureFeedbackRoleArn",
        "lambdaSuccessFeedbackRoleArn": "LambdaSuccessFeedbackRoleArn",
        "sqsFailureFeedbackRoleArn": "SQSFailureFeedbackRoleArn",
        "sqsSuccessFeedbackRoleArn": "SQSSuccessFeedbackRoleArn",
    },
    numbers={
        "signatureVersion": "SignatureVersion",
        "applicationSuccessFeedbackSampleRate": "ApplicationSuccessFeedbackSampleRate",
        "firehoseSuccessFeedbackSampleRate": "FirehoseSuccessFeedbackSampleRate",
        "httpSuccessFeedbackSampleRate": "HTTPSuccessFeedbackSampleRate",
        "lambdaSuccessFeedbackSampleRate": "LambdaSuccessFeedbackSampleRate",
        "sqsSuccessFeedbackSampleRate": "SQSSuccessFeedbackSampleRate",
    },
    booleans={"contentBasedDeduplication": "ContentBasedDeduplication", "fifoTopic": "FifoTopic"},
)
_SUBSCRIPTION = Attributes(
    text={
        "deliveryPolicy": "DeliveryPolicy",
        "filterPolicy": "FilterPolicy",
        "filterPolicyScope": "FilterPolicyScope",
        "redrivePolicy": "RedrivePolicy",
        "replayPolicy": "ReplayPolicy",
        "subscriptionRoleArn": "SubscriptionRoleArn",
    },
    booleans={"rawMessageDelivery": "RawMessageDelivery"},
)


class Topic(ResourceType):
    """A topic: a name and attributes."""

    pulumi_type = "aws:sns/topic:Topic"
    service = "sns"
    cfn = "AWS::SNS::Topic"
    cfn_rename: ClassVar = {"name": "TopicName"}
    kind = "sns-topic"
    gone = _GONE
    tags = tagging.LIST

    def create(self, api: Api, inputs: Props) -> str:
        """FIFO topics must say so at once; the other attributes are set afterwards, as the official provider does."""
        first = {name: inputs[name] for name in ("fifoTopic", "fifoThroughputScope") if inputs.get(name)}
        params: dict[str, Any] = {"Attributes": _TOPIC.encode(first)} if first else {}
        answer = api.call("CreateTopic", Name=inputs["name"], **params, **self.tag_params(inputs))
        api.created_id = str(answer["TopicArn"])
        given = {name for name, value in inputs.items() if value not in (None, False, "") and name not in first}
        self._set(api, api.created_id, inputs, given)
        return api.created_id

    def _set(self, api: Api, object_id: str, inputs: Props, names: set[str]) -> None:
        for attribute, value in sorted(_TOPIC.encode({name: inputs.get(name) for name in names}).items()):
            if attribute != "Policy" or value:  # an empty policy cannot be set: the default one stays
                api.call("SetTopicAttributes", TopicArn=object_id, AttributeName=attribute, AttributeValue=value)

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:  # noqa: ARG002 -- a hook
        """The topic's attributes."""
        answer = self.unless_gone(api, "GetTopicAttributes", TopicArn=object_id)
        return answer["Attributes"] if answer else None

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:  # noqa: ARG002 -- a hook
        """Attributes in the provider's types."""
        return {
            **_TOPIC.decode(found),
            "arn": object_id,
            "name": object_id.rpartition(":")[2],
            "owner": found.get("Owner"),
            "tagsAll": self.tags.fetch(api, object_id),
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """One call for each attribute."""
        self._set(api, object_id, news, changed)

    def delete(self, api: Api, object_id: str, state: Props) -> None:  # noqa: ARG002 -- a hook
        """Delete the topic with its subscriptions."""
        self.unless_gone(api, "DeleteTopic", TopicArn=object_id)


class TopicPolicy(ResourceType):
    """A topic's policy as a resource of its own."""

    pulumi_type = "aws:sns/topicPolicy:TopicPolicy"
    service = "sns"
    gone = _GONE

    def create(self, api: Api, inputs: Props) -> str:
        """The topic is the identity of its policy."""
        self._put(api, str(inputs["arn"]), str(inputs["policy"]))
        api.created_id = str(inputs["arn"])
        return api.created_id

    def _put(self, api: Api, topic: str, policy: str) -> None:
        api.call("SetTopicAttributes", TopicArn=topic, AttributeName="Policy", AttributeValue=policy)

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:  # noqa: ARG002 -- a hook
        """The topic's attributes, among them the policy."""
        answer = self.unless_gone(api, "GetTopicAttributes", TopicArn=object_id)
        return answer["Attributes"] if answer else None

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:  # noqa: ARG002 -- a hook
        """Policy and owner."""
        return {"arn": object_id, "policy": found.get("Policy"), "owner": found.get("Owner")}

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """The same call creates and changes."""
        self._put(api, object_id, str(news["policy"]))

    def delete(self, api: Api, object_id: str, state: Props) -> None:  # noqa: ARG002 -- a hook
        """A topic always has a policy: deleting one puts the default back, as the official provider does."""
        owner = object_id.split(":")[4]
        actions = ("GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic")
        named = [f'"SNS:{action}"' for action in (*actions, "Subscribe", "ListSubscriptionsByTopic", "Publish")]
        default = (
            '{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID",'
            f'"Effect":"Allow","Principal":{{"AWS":"*"}},"Action":[{",".join(named)}],"Resource":"{object_id}",'
            f'"Condition":{{"StringEquals":{{"AWS:SourceOwner":"{owner}"}}}}}}]}}'
        )
        self.unless_gone(api, "SetTopicAttributes", TopicArn=object_id, AttributeName="Policy", AttributeValue=default)


class TopicSubscription(ResourceType):
    """A subscription. One that somebody must confirm stays pending, and nobody waits for it."""

    pulumi_type = "aws:sns/topicSubscription:TopicSubscription"
    service = "sns"
    cfn = "AWS::SNS::Subscription"
    cfn_rename: ClassVar = {"topic": "TopicArn"}
    cfn_rules = ("aws_sns_subscription/subscription_endpoint_protocol",)
    gone = _GONE

    def create(self, api: Api, inputs: Props) -> str:
        """The ARN is asked for even while the subscription waits for its confirmation."""
        given = {name: value for name, value in inputs.items() if value not in (None, False, "")}
        answer = api.call(
            "Subscribe",
            TopicArn=inputs["topic"],
            Protocol=inputs["protocol"],
            Endpoint=inputs["endpoint"],
            ReturnSubscriptionArn=True,
            Attributes=_SUBSCRIPTION.encode(given),
        )
        api.created_id = str(answer["SubscriptionArn"])
        return api.created_id

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:  # noqa: ARG002 -- a hook
        """The subscription's attributes."""
        answer = self.unless_gone(api, "GetSubscriptionAttributes", SubscriptionArn=object_id)
        return answer["Attributes"] if answer else None

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:  # noqa: ARG002 -- a hook
        """Attributes in the provider's types."""
        return {
            **_SUBSCRIPTION.decode(found),
            "arn": object_id,
            "confirmationWasAuthenticated": found.get("ConfirmationWasAuthenticated") == "true",
            "endpoint": found.get("Endpoint"),
            "ownerId": found.get("Owner"),
            "pendingConfirmation": found.get("PendingConfirmation") == "true",
            "protocol": found.get("Protocol"),
            "topic": found.get("TopicArn"),
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """One call for each attribute; a filter policy is removed by an empty one."""
        encoded = _SUBSCRIPTION.encode({name: news.get(name) for name in changed})
        for attribute, value in sorted(encoded.items()):
            params = {"AttributeValue": value or ("{}" if attribute == "FilterPolicy" else "")}
            api.call("SetSubscriptionAttributes", SubscriptionArn=object_id, AttributeName=attribute, **params)

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """AWS cannot remove a subscription that is still pending; it expires by itself."""
        pending = state.get("pendingConfirmation") and state.get("protocol") in _CONFIRMED_BY_HAND
        if not pending:
            self.unless_gone(api, "Unsubscribe", SubscriptionArn=object_id)


TYPES = (Topic(), TopicPolicy(), TopicSubscription())
