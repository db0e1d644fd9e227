"""CloudWatch: metric alarms and dashboards."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import dashboards, tagging
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure, ProviderError
from ascend.cloud.values import UNKNOWN, has_unknown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeGuard

    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_DAY, _WEEK, _HOUR = 86_400, 604_800, 3_600
#: CloudWatch user guide, "Using metric math": an alarm on an expression watches at most ten metrics.
_MOST_METRICS = 10
#: The functions and keywords of metric math are upper case, so what begins in lower case is an id.
_IDENTIFIER = re.compile(r"(?<![\w.'\"])[a-z][A-Za-z0-9_]*")


class MetricAlarm(ResourceType):
    """A metric alarm: create and update are one call that says everything."""

    pulumi_type = "aws:cloudwatch/metricAlarm:MetricAlarm"
    service = "cloudwatch"
    cfn = "AWS::CloudWatch::Alarm"
    cfn_rename: ClassVar = {"name": "AlarmName", "metricQueries": "Metrics"}
    kind = "alarm"
    rename: ClassVar = {
        "name": "AlarmName",
        "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
        "okActions": "OKActions",
    }
    tags = tagging.TagStyle(target="ResourceARN")

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """What needs arithmetic or a look across the queries."""
        failures = [*_span(inputs), *_elsewhere(inputs, region)]
        points, periods = inputs.get("datapointsToAlarm"), inputs.get("evaluationPeriods")
        if _number(points) and _number(periods) and points > periods:
            failures.append(
                Failure("datapointsToAlarm", f"{points:g} of {periods:g} evaluation periods can never breach")
            )
        queries = inputs.get("metricQueries")
        if isinstance(queries, list) and not has_unknown(queries):
            failures += _queries(inputs, queries)
        return failures

    def normalise(self, inputs: Props) -> Props:
        """A property that is null is one that was not set."""
        return {name: value for name, value in inputs.items() if value is not None}

    def create(self, api: Api, inputs: Props) -> str:
        """Put the alarm unless its name is taken, which PutMetricAlarm would silently overwrite."""
        name = str(inputs["name"])
        if self.describe(api, name, inputs) is not None:
            raise ProviderError(f"{api.where}: there is an alarm named {name} already")
        api.call("PutMetricAlarm", **self._params(api, inputs), **self.tag_params(inputs))
        api.created_id = name
        return name

    def _params(self, api: Api, inputs: Props) -> dict[str, Any]:
        params = api.params("PutMetricAlarm", inputs, rename=self.rename, skip=("dimensions", "metricQueries"))
        if inputs.get("dimensions"):
            params["Dimensions"] = _dimensions(inputs["dimensions"])
        if inputs.get("metricQueries"):
            params["Metrics"] = [_to_query(query) for query in inputs["metricQueries"]]
        return params

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:  # noqa: ARG002 -- a hook
        """The alarm of this name."""
        alarms = api.call("DescribeAlarms", AlarmNames=[object_id], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
        return alarms[0] if alarms else None

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:  # noqa: ARG002 -- a hook
        """Dimensions and queries in the provider's form."""
        plain = {key: value for key, value in found.items() if key not in {"Dimensions", "Metrics", "AlarmArn"}}
        props = api.props(plain, rename=self.rename)
        arn = found["AlarmArn"]
        queries = [_from_query(query) for query in found.get("Metrics") or []]
        return {
            **props,
            "arn": arn,
            "dimensions": {pair["Name"]: pair["Value"] for pair in found.get("Dimensions") or []} or None,
            "metricQueries": queries or None,
            "treatMissingData": found.get("TreatMissingData", "missing"),
            "tagsAll": self.tags.fetch(api, arn),
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """The same call; it leaves tags alone."""
        api.call("PutMetricAlarm", **self._params(api, news))

    def delete(self, api: Api, object_id: str, state: Props) -> None:  # noqa: ARG002 -- a hook
        """Deleting what is gone is no error."""
        api.call("DeleteAlarms", AlarmNames=[object_id])


def _number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _elsewhere(inputs: Props, region: str) -> Iterator[Failure]:
    """An alarm acts in its own region only: CloudWatch answers "Invalid region … specified"."""
    for name in ("alarmActions", "okActions", "insufficientDataActions"):
        actions = inputs.get(name)
        for index, arn in enumerate(actions if isinstance(actions, list) else ()):
            parts = arn.split(":") if isinstance(arn, str) else []
            if region and len(parts) > 3 and parts[3] not in {"", region}:  # noqa: PLR2004 -- the region's place
                yield Failure(f"{name}[{index}]", f"{arn} is in {parts[3]}; the alarm is in {region}")


def _span(inputs: Props) -> Iterator[Failure]:
    """The evaluated time is limited: CloudWatch API reference, PutMetricAlarm.Period."""
    periods = inputs.get("evaluationPeriods")
    queries = inputs.get("metricQueries")
    lengths: list[Any] = [inputs.get("period")]
    for query in queries if isinstance(queries, list) else ():
        if isinstance(query, dict):
            metric = query.get("metric")
            lengths += [query.get("period"), metric.get("period") if isinstance(metric, dict) else None]
    known = [length for length in lengths if _number(length)]
    if not known or not _number(periods):
        return
    longest = max(known)
    limit, words = (_WEEK, "seven days") if longest >= _HOUR else (_DAY, "one day")
    if longest * periods > limit:
        span = f"{longest:g} s x {periods:g} = {longest * periods:g} s"
        yield Failure(
            "evaluationPeriods", f"period x evaluationPeriods is {span}; at most {limit} s ({words}) are allowed"
        )


def _queries(inputs: Props, queries: list[Any]) -> Iterator[Failure]:
    """A set of queries must name each other, and return one series."""
    ids = [query.get("id") for query in queries]
    repeated = sorted({name for name in ids if ids.count(name) > 1})
    if repeated:
        yield Failure("metricQueries", f"the id {repeated[0]} is used twice")
    band = inputs.get("thresholdMetricId")
    returned = [query.get("id") for query in queries if query.get("returnData") and query.get("id") != band]
    if len(returned) != 1:
        named = ", ".join(returned) or "none"
        yield Failure(
            "metricQueries", f"exactly one query must have returnData: true, the one that is watched; {named} has"
        )
    if band and band not in ids:
        yield Failure("thresholdMetricId", f"{band} is not the id of a metric query")
    for index, query in enumerate(queries):
        text = re.sub(r"'[^']*'|\"[^\"]*\"", "", str(query.get("expression") or ""))
        if re.match(r"\s*SELECT\b", text, re.IGNORECASE):  # a Metrics Insights query names no ids
            continue
        missing = sorted(set(_IDENTIFIER.findall(text)) - set(ids) - {"m", "e"})
        if missing:
            place = f"metricQueries[{index}].expression"
            yield Failure(place, f"{missing[0]} is not the id of a metric query; there are {', '.join(sorted(ids))}")
    metrics = sum(1 for query in queries if query.get("metric"))
    if metrics > _MOST_METRICS:
        yield Failure("metricQueries", f"{metrics} metrics; an alarm on an expression takes at most {_MOST_METRICS}")


def _dimensions(dimensions: Props) -> list[dict[str, str]]:
    return [{"Name": name, "Value": str(value)} for name, value in sorted(dimensions.items())]


def _to_query(query: Props) -> dict[str, Any]:
    params: dict[str, Any] = {"Id": query["id"], "ReturnData": bool(query.get("returnData"))}
    for name, parameter in (("expression", "Expression"), ("label", "Label"), ("accountId", "AccountId")):
        if query.get(name):
            params[parameter] = query[name]
    if query.get("period"):
        params["Period"] = int(query["period"])
    if metric := query.get("metric"):
        named = {"Namespace": metric.get("namespace"), "MetricName": metric["metricName"]}
        stat = {"Period": int(metric["period"]), "Stat": metric["stat"], "Unit": metric.get("unit")}
        params["MetricStat"] = {
            "Metric": {
                **{key: value for key, value in named.items() if value},
                "Dimensions": _dimensions(metric.get("dimensions") or {}),
            },
            **{key: value for key, value in stat.items() if value},
        }
    return params


def _from_query(query: dict[str, Any]) -> Props:
    stat = query.get("MetricStat") or {}
    metric = stat.get("Metric") or {}
    props: Props = {
        "id": query["Id"],
        "expression": query.get("Expression"),
        "label": query.get("Label"),
        "accountId": query.get("AccountId"),
        "period": query.get("Period"),
        "returnData": bool(query.get("ReturnData")),
    }
    if metric:
        inner = {
            "metricName": metric.get("MetricName"),
            "namespace": metric.get("Namespace"),
            "dimensions": {pair["Name"]: pair["Value"] for pair in metric.get("Dimensions") or []} or None,
            "period": stat.get("Period"),
            "stat": stat.get("Stat"),
            "unit": stat.get("Unit"),
        }
        props["metric"] = {name: value for name, value in inner.items() if value is not None}
    return {name: value for name, value in props.items() if value is not None}


class Dashboard(ResourceType):
    """A dashboard."""

    pulumi_type = "aws:cloudwatch/dashboard:Dashboard"
    service = "cloudwatch"
    cfn = "AWS::CloudWatch::Dashboard"
    gone = ("ResourceNotFound", "DashboardNotFoundError")

    def check(self, inputs: Props, region: str) -> list[Failure]:  # noqa: ARG002 -- a hook
        """The body must be a JSON object with widgets that CloudWatch can draw."""
        body = inputs.get("dashboardBody")
        if body is UNKNOWN or not isinstance(body, str):
            return []
        try:
            document = json.loads(body)
        except ValueError as error:
            return [Failure("dashboardBody", f"is not JSON: {error}")]
        return dashboards.judge(document)

    def create(self, api: Api, inputs: Props) -> str:
        """The dashboard's name is its id."""
        self._put(api, inputs)
        api.created_id = str(inputs["dashboardName"])
        return api.created_id

    def _put(self, api: Api, inputs: Props) -> None:
        api.call("PutDashboard", DashboardName=inputs["dashboardName"], DashboardBody=inputs["dashboardBody"])

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:  # noqa: ARG002 -- a hook
        """The dashboard of this name."""
        return self.unless_gone(api, "GetDashboard", DashboardName=object_id)

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """The same call creates and changes."""
        self._put(api, news)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:  # noqa: ARG002 -- a hook
        """Name, body and ARN."""
        return {
            "dashboardName": found["DashboardName"],
            "dashboardBody": found["DashboardBody"],
            "dashboardArn": found["DashboardArn"],
        }

    def delete(self, api: Api, object_id: str, state: Props) -> None:  # noqa: ARG002 -- a hook
        """Delete the dashboard."""
        self.unless_gone(api, "DeleteDashboards", DashboardNames=[object_id])


TYPES = (MetricAlarm(), Dashboard())
