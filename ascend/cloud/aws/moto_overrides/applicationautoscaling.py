"""Application Auto Scaling: tags, what belongs to a target, policies that change in place, alarms that fit a policy.

moto keeps a policy's old alarms when it changes and gives all of them the threshold 6, finds policies by a part of a
resource's name, keeps the policies of a target that is gone, and moves nothing: here a service's task count follows the
limits as soon as they change.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType

_ECS = "ecs"
#: Application Auto Scaling user guide, service-linked roles: the role that is used whatever role is asked for.
_ECS_ROLE = (
    "role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"
)
#: Application Auto Scaling user guide, target tracking: scale out on 3 datapoints of a minute over the target, in on 15
#: below nine tenths of it.
_OUT, _IN, _SHARE = 3, 15, 0.9
#: The metric behind a predefined type: namespace, name, statistic.
_PREDEFINED = {
    "ECSServiceAverageCPUUtilization": ("AWS/ECS", "CPUUtilization", "Average"),
    "ECSServiceAverageMemoryUtilization": ("AWS/ECS", "MemoryUtilization", "Average"),
    "ALBRequestCountPerTarget": ("AWS/ApplicationELB", "RequestCountPerTarget", "Sum"),
}


def install() -> None:
    """Patch moto's Application Auto Scaling when it is loaded."""
    on_load("moto.applicationautoscaling.models", _patch_models)
    on_load("moto.applicationautoscaling.responses", _patch_responses)


def _not_found(kind: str, namespace: str, name: str, dimension: str) -> Exception:
    from moto.core.exceptions import JsonRESTError  # noqa: PLC0415 -- moto is loaded by now

    text = f"No {kind} found for service namespace: {namespace}, resource ID: {name}, scalable dimension: {dimension}"
    return JsonRESTError("ObjectNotFoundException", text)


def _patch_models(module: ModuleType) -> None:
    _patch_targets(module)
    _patch_policies(module)
    _patch_actions(module)


def _patch_targets(module: ModuleType) -> None:
    backend = module.ApplicationAutoscalingBackend
    register = backend.register_scalable_target

    def register_scalable_target(self: Any, namespace: str, r_id: str, dimension: str, **given: Any) -> Any:
        old = self.targets.get(dimension, {}).get(r_id)
        low, high = (
            getattr(old, name, None) if given[name] is None else given[name]
            for name in ("min_capacity", "max_capacity")
        )
        if low is None or high is None:
            text = "The scalable target does not exist, so both MinCapacity and MaxCapacity must be given"
            raise module.AWSValidationException(text)
        if low < 0 or low > high:
            text = f"Maximum capacity {high} cannot be less than minimum capacity {low}"
            raise module.AWSValidationException(text)
        target = register(self, namespace, r_id, dimension, **given)
        if namespace == _ECS:
            target.role_arn = f"arn:aws:iam::{self.account_id}:{_ECS_ROLE}"
            _clamp(self, target)
        return target

    def exists(self: Any, r_id: str) -> bool:
        """A deleted service is still described, as inactive."""
        _, cluster, name = r_id.split("/")
        found, _ = self.ecs_backend.describe_services(cluster, [name])
        if not any(service.status == "ACTIVE" for service in found):
            raise module.AWSValidationException(f"ECS service doesn't exist: {r_id}")
        return True

    def deregister_scalable_target(self: Any, namespace: str, r_id: str, dimension: str) -> None:
        if not self._scalable_target_exists(r_id, dimension):
            raise _not_found("scalable target", namespace, r_id, dimension)
        for policy in list(self.policies.values()):
            if (policy.resource_id, policy.scalable_dimension) == (r_id, dimension):
                self.delete_scaling_policy(policy.policy_name, namespace, r_id, dimension)
        self.scheduled_actions = [
            action
            for action in self.scheduled_actions
            if (action.resource_id, action.scalable_dimension) != (r_id, dimension)
        ]
        del self.targets[dimension][r_id]

    backend.register_scalable_target = register_scalable_target
    backend._ecs_service_exists_for_target = exists  # noqa: SLF001 -- a patch reaches into what it patches
    backend.deregister_scalable_target = deregister_scalable_target


def _clamp(backend: Any, target: Any) -> None:
    """A service outside the limits is brought to the nearer one, unless scaling is suspended that way."""
    from ascend.cloud.aws.moto_overrides.ecs_tasks import scale  # noqa: PLC0415 -- only where there is a service

    suspended = target.suspended_state or {}
    _, cluster, name = target.resource_id.split("/")
    service = backend.ecs_backend.describe_services(cluster, [name])[0][0]
    count = service.desired_count
    if count < target.min_capacity and not suspended.get("DynamicScalingOutSuspended"):
        count = target.min_capacity
    if count > target.max_capacity and not suspended.get("DynamicScalingInSuspended"):
        count = target.max_capacity
    if count != service.desired_count:
        scale(backend.ecs_backend, service, count)


def _patch_policies(module: ModuleType) -> None:
    backend, policy_type = module.ApplicationAutoscalingBackend, module.FakeApplicationAutoscalingPolicy
    put, delete = backend.put_scaling_policy, backend.delete_scaling_policy

    def put_scaling_policy(self: Any, **given: Any) -> Any:
        name, namespace = given["policy_name"], given["service_namespace"]
        resource, dimension = given["resource_id"], given["scalable_dimension"]
        if not self._scalable_target_exists(resource, dimension):
            raise _not_found("scalable target", namespace, resource, dimension)
        old = self.policies.get(policy_type.formulate_key(namespace, resource, dimension, name))
        if not given["policy_body"]:
            raise module.AWSValidationException(f"No configuration for a policy of type {given['policy_type']}")
        made = put(self, **given)
        if old is not None:  # a change: the same policy, with new alarms
            old.delete_alarms(self.account_id, self.region_name)
            made.policy_arn, made.creation_time = old.policy_arn, old.creation_time
        return made

    def delete_scaling_policy(
        self: Any, policy_name: str, service_namespace: str, resource_id: str, scalable_dimension: str
    ) -> None:
        key = policy_type.formulate_key(service_namespace, resource_id, scalable_dimension, policy_name)
        if key not in self.policies:
            raise _not_found("scaling policy", service_namespace, resource_id, scalable_dimension)
        delete(self, policy_name, service_namespace, resource_id, scalable_dimension)

    backend.put_scaling_policy = put_scaling_policy
    backend.delete_scaling_policy = delete_scaling_policy
    policy_type._generate_ecs_alarms = _tracking_alarms  # noqa: SLF001 -- as above


def _tracking_alarms(policy: Any) -> list[Any]:
    """The pair of alarms that target tracking makes for itself."""
    from moto.cloudwatch.models import cloudwatch_backends  # noqa: PLC0415 -- only where there is a policy
    from moto.moto_api._internal import mock_random  # noqa: PLC0415 -- as above

    config = policy.target_tracking_scaling_policy_configuration
    target = float(config["TargetValue"])
    cloudwatch = cloudwatch_backends[policy.account_id][policy.region_name]
    sides = [("AlarmHigh", "GreaterThanThreshold", _OUT, target)]
    if not config.get("DisableScaleIn"):
        sides.append(("AlarmLow", "LessThanThreshold", _IN, target * _SHARE))
    made = []
    for side, operator, periods, threshold in sides:
        action = f"{policy.policy_arn}:createdBy/{mock_random.uuid4()}"
        made.append(
            cloudwatch.put_metric_alarm(
                name=f"TargetTracking-{policy.resource_id}-{side}-{mock_random.uuid4()}",
                comparison_operator=operator,
                evaluation_periods=periods,
                threshold=round(threshold, 6),
                description=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {action}",
                alarm_actions=[action],
                **_watched(policy.resource_id, config),
            )
        )
    return made


def _watched(resource_id: str, config: dict[str, Any]) -> dict[str, Any]:
    """The metric of a policy as an alarm's parameters."""
    from moto.cloudwatch.models import MetricDataQuery  # noqa: PLC0415 -- only where there is a policy

    custom = config.get("CustomizedMetricSpecification") or {}
    if custom.get("Metrics"):
        queries = [
            MetricDataQuery(
                query_id=row["Id"],
                label=row.get("Label", ""),
                period=None,  # type: ignore[arg-type]  # moto's annotations are narrower than its use of them
                return_data=bool(row.get("ReturnData", True)),  # type: ignore[arg-type]  # as above
                expression=row.get("Expression"),
                metric_stat=_statistic(row["MetricStat"]) if row.get("MetricStat") else None,
            )
            for row in custom["Metrics"]
        ]
        unset = dict.fromkeys(("namespace", "metric_name", "period", "statistic"))
        return {**unset, "metric_data_queries": queries, "dimensions": []}
    if custom:
        metric, statistic = (custom["Namespace"], custom["MetricName"]), custom["Statistic"]
        dimensions = [(row["Name"], row["Value"]) for row in custom.get("Dimensions") or []]
    else:
        predefined = config["PredefinedMetricSpecification"]
        namespace, name, statistic = _PREDEFINED[predefined["PredefinedMetricType"]]
        metric, dimensions = (namespace, name), _dimensions(resource_id, predefined.get("ResourceLabel"))
    return {
        "namespace": metric[0],
        "metric_name": metric[1],
        "metric_data_queries": [],
        "period": 60,
        "statistic": statistic,
        "unit": custom.get("Unit"),
        "dimensions": [{"Name": name, "Value": value} for name, value in dimensions],
    }


def _statistic(given: dict[str, Any]) -> Any:
    from moto.cloudwatch.models import Dimension, Metric, MetricStat  # noqa: PLC0415 -- only where there is a policy

    metric = given["Metric"]
    dimensions = [Dimension(row["Name"], row["Value"]) for row in metric.get("Dimensions") or []]
    return MetricStat(
        metric=Metric(metric_name=metric["MetricName"], namespace=metric["Namespace"], dimensions=dimensions),
        period=60,  # type: ignore[arg-type]  # as above
        stat=given["Stat"],
        unit=given.get("Unit"),  # type: ignore[arg-type]  # as above
    )


def _dimensions(resource_id: str, label: str | None) -> list[tuple[str, str]]:
    if label:  # app/<name>/<id>/targetgroup/<name>/<id>
        balancer, _, group = label.partition("/targetgroup/")
        return [("LoadBalancer", balancer), ("TargetGroup", f"targetgroup/{group}")]
    _, cluster, service = resource_id.split("/")
    return [("ClusterName", cluster), ("ServiceName", service)]


def _patch_actions(module: ModuleType) -> None:
    backend = module.ApplicationAutoscalingBackend
    put, delete = backend.put_scheduled_action, backend.delete_scheduled_action

    def found(self: Any, namespace: str, name: str, resource: str, dimension: str) -> Any:
        rows = self.describe_scheduled_actions([name], namespace, resource, dimension)
        return rows[0] if rows else None

    def put_scheduled_action(self: Any, **given: Any) -> None:
        namespace, resource = given["service_namespace"], given["resource_id"]
        dimension = given["scalable_dimension"]
        if not self._scalable_target_exists(resource, dimension):
            raise _not_found("scalable target", namespace, resource, dimension)
        old = found(self, namespace, given["scheduled_action_name"], resource, dimension)
        if old is not None:  # what is left out stays, start and end too
            given["start_time"] = given["start_time"] or old.start_time
            given["end_time"] = given["end_time"] or old.end_time
        put(self, **given)

    def delete_scheduled_action(
        self: Any, service_namespace: str, scheduled_action_name: str, resource_id: str, scalable_dimension: str
    ) -> None:
        if found(self, service_namespace, scheduled_action_name, resource_id, scalable_dimension) is None:
            raise _not_found("scheduled action", service_namespace, resource_id, scalable_dimension)
        delete(self, service_namespace, scheduled_action_name, resource_id, scalable_dimension)

    backend.put_scheduled_action = put_scheduled_action
    backend.delete_scheduled_action = delete_scheduled_action


def _patch_responses(module: ModuleType) -> None:
    response = module.ApplicationAutoScalingResponse
    register, describe = response.register_scalable_target, response.describe_scaling_policies

    def register_scalable_target(self: Any) -> str:
        answer: str = register(self)
        given = self._get_param("Tags")
        if given:
            _tagged(self, json.loads(answer)["ScalableTargetARN"]).update(given)
        return answer

    def describe_scaling_policies(self: Any) -> str:
        """By whole names, which moto does not look at."""
        document = json.loads(describe(self))
        names, resource = self._get_param("PolicyNames"), self._get_param("ResourceId")
        document["ScalingPolicies"] = [
            row
            for row in document["ScalingPolicies"]
            if (not names or row["PolicyName"] in names) and resource in {None, row["ResourceId"]}
        ]
        return json.dumps(document)

    def tag_resource(self: Any) -> str:
        _tagged(self, self._get_param("ResourceARN")).update(self._get_param("Tags"))
        return "{}"

    def untag_resource(self: Any) -> str:
        tags = _tagged(self, self._get_param("ResourceARN"))
        for key in self._get_param("TagKeys"):
            tags.pop(key, None)
        return "{}"

    def list_tags_for_resource(self: Any) -> str:
        return json.dumps({"Tags": _tagged(self, self._get_param("ResourceARN"))})

    response.register_scalable_target = register_scalable_target
    response.describe_scaling_policies = describe_scaling_policies
    response.tag_resource = tag_resource
    response.untag_resource = untag_resource
    response.list_tags_for_resource = list_tags_for_resource


def _tagged(response: Any, arn: str) -> dict[str, str]:
    """The tags of a target, which live and die with it."""
    from moto.core.exceptions import JsonRESTError  # noqa: PLC0415 -- moto is loaded by now

    for targets in response.applicationautoscaling_backend.targets.values():
        for target in targets.values():
            if target.arn == arn:
                tags: dict[str, str] = target.__dict__.setdefault("tags", {})
                return tags
    raise JsonRESTError("ResourceNotFoundException", f"The specified resource doesn't exist: {arn}")
