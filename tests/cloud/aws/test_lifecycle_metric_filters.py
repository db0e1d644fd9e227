"""CloudWatch Logs: metrics made from events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made

FILTER = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
ERRORS = {"name": "Errors", "namespace": "Floyo", "value": "1", "defaultValue": "0"}


@pytest.fixture
def group(lab: Lab) -> Made:
    return lab.create("aws:cloudwatch/logGroup:LogGroup", name="/floyo/web", retentionInDays=30)


def given(group: Made, **change: Any) -> dict[str, Any]:
    return {
        "name": "errors",
        "logGroupName": group.id,
        "pattern": "ERROR",
        "metricTransformation": ERRORS,
        **change,
    }


def test_metric_filter(lab: Lab, group: Made) -> None:
    made = lab.create(FILTER, **given(group, pattern=" ERROR\n"))
    assert (made.id, made.outputs["pattern"]) == ("errors", "ERROR")
    assert made.outputs["metricTransformation"]["unit"] == "None"
    latency = {
        "name": "Latency",
        "namespace": "Floyo",
        "value": "$.latency",
        "unit": "Milliseconds",
        "dimensions": {"Route": "$.route"},
    }
    changed = lab.update(made, **given(group, pattern="{ $.latency = * }", metricTransformation=latency))
    shown = lab.client("logs").describe_metric_filters(logGroupName=group.id)["metricFilters"]
    assert len(shown) == 1
    assert shown[0]["metricTransformations"][0]["dimensions"] == {"Route": "$.route"}
    assert lab.replaced_by(changed, **given(group, name="other")) == {"name"}
    assert lab.replaced_by(changed, **given(group, logGroupName="/floyo/api")) == {"logGroupName"}
    lab.delete(changed)


def test_a_name_that_is_taken(lab: Lab, group: Made) -> None:
    lab.create(FILTER, **given(group))
    with pytest.raises(ProviderError, match="has a metric filter named errors already"):
        lab.create(FILTER, **given(group))


def test_filter_of_a_group_that_is_not_there(lab: Lab, group: Made) -> None:
    made = lab.create(FILTER, **given(group))
    with pytest.raises(ProviderError, match="ResourceNotFoundException"):
        lab.create(FILTER, **given(group, logGroupName="/floyo/api"))
    lab.delete(group)
    assert lab.read(made) is None


def test_import(lab: Lab, group: Made) -> None:
    made = lab.create(FILTER, **given(group))
    found = lab.provider.read(made.resource, "/floyo/web:errors", {}, {})
    assert found is not None
    assert found[0]["logGroupName"] == "/floyo/web"
