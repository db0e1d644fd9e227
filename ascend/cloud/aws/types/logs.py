"""CloudWatch Logs: log groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging
from ascend.cloud.aws.resource import ResourceType

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_DELIVERY = "DELIVERY"
_TAGS = tagging.TagStyle(
    parameter="tags", key="", target="resourceArn", add_parameter="tags", remove_parameter="tagKeys", read_path="tags"
)


class LogGroup(ResourceType):
    """A log group. Retention and deletion protection have calls of their own."""

    pulumi_type = "aws:cloudwatch/logGroup:LogGroup"
    service = "logs"
    cfn = "AWS::Logs::LogGroup"
    # The provider's 0 (keep for ever) is no value of the API; the facts have the values that are allowed.
    cfn_rename: ClassVar = {"name": "LogGroupName", "retentionInDays": "-"}
    gone = ("ResourceNotFoundException",)
    kind = "log-group"
    rename: ClassVar = {"name": "logGroupName"}
    tags = _TAGS

    def create(self, api: Api, inputs: Props) -> str:
        """The group's name is its id."""
        name = str(inputs["name"])
        taken = ("name", "kmsKeyId", "logGroupClass", "deletionProtectionEnabled")
        params = api.params("CreateLogGroup", inputs, rename=self.rename, only=taken)
        api.call("CreateLogGroup", **params, **self.tag_params(inputs))
        api.created_id = name
        if inputs.get("retentionInDays") and inputs.get("logGroupClass") != _DELIVERY:
            api.call("PutRetentionPolicy", logGroupName=name, retentionInDays=inputs["retentionInDays"])
        return name

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:  # noqa: ARG002 -- a hook
        """Descriptions are by prefix."""
        groups = api.call("DescribeLogGroups", logGroupNamePrefix=object_id)["logGroups"]
        return next((group for group in groups if group["logGroupName"] == object_id), None)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """The official provider shows the ARN without the ``:*`` that stands for the streams."""
        plain = {**found, "arn": found["arn"].removesuffix(":*"), "retentionInDays": found.get("retentionInDays", 0)}
        return super().outputs(api, object_id, inputs, plain)

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """Each property has its own call; `skipDestroy` is the provider's own business."""
        if "retentionInDays" in changed:
            if days := news.get("retentionInDays"):
                api.call("PutRetentionPolicy", logGroupName=object_id, retentionInDays=days)
            else:
                api.call("DeleteRetentionPolicy", logGroupName=object_id)
        if "kmsKeyId" in changed:
            if key := news.get("kmsKeyId"):
                api.call("AssociateKmsKey", logGroupName=object_id, kmsKeyId=key)
            else:
                api.call("DisassociateKmsKey", logGroupName=object_id)
        if "deletionProtectionEnabled" in changed:
            api.call(
                "PutLogGroupDeletionProtection",
                logGroupIdentifier=object_id,
                deletionProtectionEnabled=bool(news.get("deletionProtectionEnabled")),
            )

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Leave the group where the program asked for it to outlive the stack."""
        if not state.get("skipDestroy"):
            self.unless_gone(api, "DeleteLogGroup", logGroupName=object_id)


TYPES = (LogGroup(),)
