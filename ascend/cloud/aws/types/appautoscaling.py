"""Application Auto Scaling: scalable targets, scaling policies, scheduled actions."""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import scaling, tagging
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure, ProviderError

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_SERVICE = "application-autoscaling"
#: The three properties that name a scalable target, in the API's spelling.
_KEY = {"serviceNamespace": "ServiceNamespace", "resourceId": "ResourceId", "scalableDimension": "ScalableDimension"}


def _key(props: Props) -> dict[str, str]:
    return {parameter: str(props[name]) for name, parameter in _KEY.items()}


class Target(ResourceType):
    """What is scaled, and within which limits. Its id is the resource's id (target.go)."""

    pulumi_type = "aws:appautoscaling/target:Target"
    service = _SERVICE
    cfn = "AWS::ApplicationAutoScaling::ScalableTarget"
    gone = ("ObjectNotFoundException",)
    tags = tagging.TagStyle(key="", target="ResourceARN")

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """The limits in their order."""
        return scaling.limits(inputs)

    def create(self, api: Api, inputs: Props) -> str:
        """Register the target; one that is registered already is taken over, as the official provider does."""
        self._register(api, inputs, self.tag_params(inputs))
        api.created_id = str(inputs["resourceId"])
        return api.created_id

    def _register(self, api: Api, inputs: Props, more: dict[str, Any]) -> None:
        params = api.params("RegisterScalableTarget", {k: v for k, v in inputs.items() if v is not None})
        api.call("RegisterScalableTarget", **params, **more)

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """By its three keys; an import has them in its id (``ecs/service/a/b/ecs:service:DesiredCount``)."""
        key = _key(inputs) if "serviceNamespace" in inputs else _imported(object_id, 0)
        name = key.pop("ResourceId")
        found = api.call("DescribeScalableTargets", **key, ResourceIds=[name])["ScalableTargets"]
        return found[0] if found else None

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """With the tags, by ARN."""
        props = api.props(found)
        arn = str(found["ScalableTargetARN"])
        return {**props, "arn": arn, "tagsAll": self.tags.fetch(api, arn)}

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Registering again changes the limits."""
        self._register(api, news, {})

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Deregister: policies and scheduled actions go with it."""
        self.unless_gone(api, "DeregisterScalableTarget", **_key(state))


class Policy(ResourceType):
    """How a target scales: target tracking or steps. Its id is its name (policy.go)."""

    pulumi_type = "aws:appautoscaling/policy:Policy"
    service = _SERVICE
    cfn = "AWS::ApplicationAutoScaling::ScalingPolicy"
    cfn_rename: ClassVar = {"name": "PolicyName"}
    rename: ClassVar = {"name": "PolicyName"}
    gone = ("ObjectNotFoundException",)

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """What needs a look across steps and across metrics."""
        return [*scaling.steps(inputs), *scaling.metrics(inputs)]

    def create(self, api: Api, inputs: Props) -> str:
        """Put the policy."""
        self._put(api, inputs)
        api.created_id = str(inputs["name"])
        return api.created_id

    def _put(self, api: Api, inputs: Props) -> None:
        if inputs.get("predictiveScalingPolicyConfiguration"):
            raise ProviderError(f"{api.where}: predictiveScalingPolicyConfiguration is not emulated")
        api.call("PutScalingPolicy", **api.params("PutScalingPolicy", inputs, rename=self.rename))

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """By its name within its target."""
        key = _key(inputs) if "serviceNamespace" in inputs else _imported(object_id, 1)
        name = object_id if "serviceNamespace" in inputs else object_id.rpartition("/")[2]
        found = api.call("DescribeScalingPolicies", **key, PolicyNames=[name])["ScalingPolicies"]
        return found[0] if found else None

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """The bounds of steps are texts in the provider, numbers in the API."""
        props = api.props(found, rename=self.rename)
        props["alarmArns"] = [alarm["AlarmARN"] for alarm in found.get("Alarms") or []]
        props["arn"] = found["PolicyARN"]
        if steps := props.get("stepScalingPolicyConfiguration"):
            for step in steps.get("stepAdjustments") or []:
                step.update({name: f"{float(step[name]):g}" for name in scaling.BOUNDS if name in step})
        return props

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """The same call creates and changes."""
        self._put(api, news)

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Delete the policy; its alarms go with it."""
        self.unless_gone(api, "DeleteScalingPolicy", PolicyName=object_id, **_key(state))


class ScheduledAction(ResourceType):
    """Limits that change by the clock. Its id is name, namespace and resource (scheduled_action.go)."""

    pulumi_type = "aws:appautoscaling/scheduledAction:ScheduledAction"
    service = _SERVICE
    rename: ClassVar = {"name": "ScheduledActionName"}
    gone = ("ObjectNotFoundException",)

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """Schedules, time zones and times have grammars of their own."""
        action = inputs.get("scalableTargetAction")
        inner = scaling.limits(action, "scalableTargetAction.") if isinstance(action, dict) else []
        return [*inner, *scaling.schedule(inputs), *scaling.times(inputs)]

    def create(self, api: Api, inputs: Props) -> str:
        """Put the action."""
        self._put(api, inputs, set(inputs))
        api.created_id = f"{inputs['name']}-{inputs['serviceNamespace']}-{inputs['resourceId']}"
        return api.created_id

    def _put(self, api: Api, inputs: Props, names: set[str]) -> None:
        wanted = {name: inputs[name] for name in {*names, *_KEY, "name"} if inputs.get(name) is not None}
        api.call("PutScheduledAction", **api.params("PutScheduledAction", wanted, rename=self.rename))

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """By its name within its target; there is no import (scheduled_action.go has none)."""
        if "serviceNamespace" not in inputs:
            return None
        found = api.call("DescribeScheduledActions", **_key(inputs), ScheduledActionNames=[inputs["name"]])
        return next(iter(found["ScheduledActions"]), None)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """A time in the form in which it was given, where it is the same one."""
        props = api.props(found, rename=self.rename)
        for name in ("startTime", "endTime"):
            if name in props and scaling.same_time(inputs.get(name), props[name]):
                props[name] = inputs[name]
        return {**props, "arn": found["ScheduledActionARN"]}

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Send what changed: what is left out stays."""
        self._put(api, news, changed)

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Delete the action."""
        self.unless_gone(api, "DeleteScheduledAction", ScheduledActionName=str(state["name"]), **_key(state))


def _imported(text: str, after: int) -> dict[str, str]:
    """A target's keys from an import's id, which has `after` more parts than they."""
    namespace, *parts = text.split("/")
    cut = len(parts) - 1 - after
    return {
        "ServiceNamespace": namespace,
        "ResourceId": "/".join(parts[:cut]),
        "ScalableDimension": parts[cut] if 0 < cut < len(parts) else "",
    }


TYPES = (Target(), Policy(), ScheduledAction())
