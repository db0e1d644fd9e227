"""CloudWatch Logs: log groups and metric filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import ProviderError

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


class LogMetricFilter(ResourceType):
    """A metric made from a log group's events. Its name, unique within the group, is its id."""

    pulumi_type = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
    service = "logs"
    cfn = "AWS::Logs::MetricFilter"
    cfn_rename: ClassVar = {"name": "FilterName", "pattern": "FilterPattern"}
    rename: ClassVar = {"name": "filterName", "pattern": "filterPattern"}
    gone = ("ResourceNotFoundException",)

    def normalise(self, inputs: Props) -> Props:
        """The provider keeps the pattern without the space around it."""
        pattern = inputs.get("pattern")
        return {**inputs, "pattern": pattern.strip()} if isinstance(pattern, str) else inputs

    def create(self, api: Api, inputs: Props) -> str:
        """Put the filter unless its name is taken, which PutMetricFilter would silently overwrite."""
        name = str(inputs["name"])
        if self.describe(api, name, inputs) is not None:
            raise ProviderError(f"{api.where}: {inputs['logGroupName']} has a metric filter named {name} already")
        self._put(api, inputs)
        api.created_id = name
        return name

    def _put(self, api: Api, inputs: Props) -> None:
        params = api.params("PutMetricFilter", inputs, rename=self.rename, skip=("metricTransformation",))
        given = inputs["metricTransformation"]
        numbers = {"defaultValue": float(given["defaultValue"])} if given.get("defaultValue") not in (None, "") else {}
        transformation = {
            _TRANSFORMATION.get(name, name): value
            for name, value in {**given, **numbers}.items()
            if value not in (None, "", {})
        }
        api.call("PutMetricFilter", **params, metricTransformations=[transformation])

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """Descriptions are by prefix; an import is by ``group:name``."""
        group, _, name = object_id.rpartition(":")
        group = str(inputs.get("logGroupName") or group)
        answer = self.unless_gone(api, "DescribeMetricFilters", logGroupName=group, filterNamePrefix=name)
        found = answer["metricFilters"] if answer else []
        return next((row for row in found if row["filterName"] == name), None)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:  # noqa: ARG002 -- a hook
        """The one transformation in the provider's names, its default as text."""
        row = found["metricTransformations"][0]
        shown = {name: row[key] for name, key in _TRANSFORMATION.items() if key in row}
        shown |= {name: row[name] for name in ("dimensions", "unit") if row.get(name)}
        if row.get("defaultValue") is not None:
            shown["defaultValue"] = f"{row['defaultValue']:g}"
        return {
            "name": found["filterName"],
            "pattern": found["filterPattern"],
            "logGroupName": found["logGroupName"],
            "metricTransformation": shown,
            "applyOnTransformedLogs": bool(found.get("applyOnTransformedLogs")),
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """The same call creates and changes."""
        self._put(api, news)

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """By group and name."""
        self.unless_gone(api, "DeleteMetricFilter", logGroupName=str(state["logGroupName"]), filterName=object_id)


#: Properties of a transformation that the API spells otherwise.
_TRANSFORMATION = {"name": "metricName", "namespace": "metricNamespace", "value": "metricValue"}

TYPES = (LogGroup(), LogMetricFilter())
