"""Database Migration Service: subnet groups, replication instances, endpoints and tasks, for PostgreSQL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure, ProviderError

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_TAGS = tagging.TagStyle(add="AddTagsToResource", remove="RemoveTagsFromResource", read_path="TagList")
_GONE = ("ResourceNotFoundFault",)
_ENGINES = ("aurora-postgresql", "postgres")
_ENDPOINT = {
    "endpointId": "EndpointIdentifier",
    "kmsKeyArn": "KmsKeyId",
    "postgresSettings": "PostgreSQLSettings",
    "secretsManagerArn": "SecretsManagerSecretId",
    "secretsManagerAccessRoleArn": "SecretsManagerAccessRoleArn",
}
#: What the provider puts into the engine's own settings, and, without a secret, beside them as well.
_CONNECTION = ("username", "password", "serverName", "port", "databaseName")
_SECRET = ("secretsManagerArn", "secretsManagerAccessRoleArn")
#: Read-only parts of a task's settings (task_settings_json.go, validateReplicationSettings).
_READ_ONLY_LOGGING = ("CloudWatchLogGroup", "CloudWatchLogStream")


class _Filtered(ResourceType):
    """A type that is found by a filter on its name, and changed and deleted by ARN."""

    #: The filter, and the property that has the ARN.
    filter_name: ClassVar[str]
    arn_property: ClassVar[str]
    service = "dms"
    gone = _GONE
    tags = _TAGS

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:  # noqa: ARG002 -- a hook
        """The only one of this name."""
        answer = self.unless_gone(api, self.read_op, Filters=[{"Name": self.filter_name, "Values": [object_id]}])
        found: list[dict[str, Any]] = (answer or {}).get(self.read_path) or []
        return found[0] if found else None

    def tag_target(self, api: Api, object_id: str, state: Props) -> str:  # noqa: ARG002 -- a hook
        """Tags go by ARN."""
        return str(state[self.arn_property])

    def delete(self, api: Api, object_id: str, state: Props) -> None:  # noqa: ARG002 -- a hook
        """By ARN."""
        self.unless_gone(api, self.delete_op, **{self.delete_param: state[self.arn_property]})


class ReplicationSubnetGroup(_Filtered):
    """The subnets that a replication instance may be placed in."""

    pulumi_type = "aws:dms/replicationSubnetGroup:ReplicationSubnetGroup"
    cfn = "AWS::DMS::ReplicationSubnetGroup"
    cfn_rename: ClassVar = {"replicationSubnetGroupId": "ReplicationSubnetGroupIdentifier"}
    rename: ClassVar = {"replicationSubnetGroupId": "ReplicationSubnetGroupIdentifier"}
    create_op = "CreateReplicationSubnetGroup"
    id_path = "ReplicationSubnetGroup.ReplicationSubnetGroupIdentifier"
    read_op, read_path = "DescribeReplicationSubnetGroups", "ReplicationSubnetGroups"
    filter_name, arn_property = "replication-subnet-group-id", "replicationSubnetGroupArn"

    def normalise(self, inputs: Props) -> Props:
        """DMS keeps the name in lower case."""
        name = inputs.get("replicationSubnetGroupId")
        return {**inputs, "replicationSubnetGroupId": name.lower()} if isinstance(name, str) else inputs

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """Subnets are objects in the answer; it has no ARN, the provider makes it."""
        arn = api.arn(f"subgrp:{object_id}")
        props = super().outputs(api, object_id, {**inputs, self.arn_property: arn}, found)
        return {**props, self.arn_property: arn, "subnetIds": [row["SubnetIdentifier"] for row in found["Subnets"]]}

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002
        """The subnets go along with every change."""
        if changed:
            api.call(
                "ModifyReplicationSubnetGroup",
                ReplicationSubnetGroupIdentifier=object_id,
                ReplicationSubnetGroupDescription=news["replicationSubnetGroupDescription"],
                SubnetIds=news["subnetIds"],
            )

    def delete(self, api: Api, object_id: str, state: Props) -> None:  # noqa: ARG002 -- a hook
        """By name."""
        self.unless_gone(api, "DeleteReplicationSubnetGroup", ReplicationSubnetGroupIdentifier=object_id)


class ReplicationInstance(_Filtered):
    """The machine that copies."""

    pulumi_type = "aws:dms/replicationInstance:ReplicationInstance"
    rename: ClassVar = {
        "kmsKeyArn": "KmsKeyId",
        "replicationInstanceId": "ReplicationInstanceIdentifier",
        "replicationInstancePrivateIps": "ReplicationInstancePrivateIpAddresses",
        "replicationInstancePublicIps": "ReplicationInstancePublicIpAddresses",
        "replicationSubnetGroupId": "ReplicationSubnetGroupIdentifier",
    }
    create_op = "CreateReplicationInstance"
    create_skip = ("allowMajorVersionUpgrade", "applyImmediately")
    id_path = "ReplicationInstance.ReplicationInstanceIdentifier"
    read_op, read_path = "DescribeReplicationInstances", "ReplicationInstances"
    delete_op, delete_param = "DeleteReplicationInstance", "ReplicationInstanceArn"
    filter_name, arn_property = "replication-instance-id", "replicationInstanceArn"

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """Groups are objects in the answer."""
        props = super().outputs(api, object_id, inputs, found)
        return {
            **props,
            "replicationSubnetGroupId": (found.get("ReplicationSubnetGroup") or {}).get(
                "ReplicationSubnetGroupIdentifier"
            ),
            "vpcSecurityGroupIds": [row["VpcSecurityGroupId"] for row in found.get("VpcSecurityGroups") or ()],
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002
        """What differs, at once or in the maintenance window."""
        present = {name: news[name] for name in changed - set(self.create_skip) if news.get(name) is not None}
        if present:
            api.call(
                "ModifyReplicationInstance",
                ReplicationInstanceArn=olds[self.arn_property],
                AllowMajorVersionUpgrade=bool(news.get("allowMajorVersionUpgrade")),
                ApplyImmediately=bool(news.get("applyImmediately")),
                **api.params("ModifyReplicationInstance", present, rename=self.rename),
            )


class Endpoint(_Filtered):
    """One side of a migration."""

    pulumi_type = "aws:dms/endpoint:Endpoint"
    rename: ClassVar = _ENDPOINT
    read_op, read_path = "DescribeEndpoints", "Endpoints"
    delete_op, delete_param = "DeleteEndpoint", "EndpointArn"
    filter_name, arn_property = "endpoint-id", "endpointArn"

    def check(self, inputs: Props, region: str) -> list[Failure]:  # noqa: ARG002 -- a hook
        """Only PostgreSQL is emulated."""
        engine = inputs.get("engineName")
        if isinstance(engine, str) and engine not in _ENGINES:
            return [Failure("engineName", f"{engine} is not emulated; allowed: {', '.join(_ENGINES)}")]
        return []

    def create(self, api: Api, inputs: Props) -> str:
        """Where the connection is a secret's, only the engine's settings name it."""
        params = api.params("CreateEndpoint", inputs, rename=self.rename, skip=(*_SECRET, *_CONNECTION, *_NOT_SENT))
        answer = api.call("CreateEndpoint", **params, **_connection(api, inputs), **self.tag_params(inputs))
        api.created_id = str(answer["Endpoint"]["EndpointIdentifier"])
        return api.created_id

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """The connection is read from the engine's settings; the type comes back in upper case."""
        settings = found.get("PostgreSQLSettings") or {}
        props = super().outputs(
            api, object_id, inputs, {key: value for key, value in found.items() if key != "PostgreSQLSettings"}
        )
        own = {key: value for key, value in settings.items() if key.lower() in _settings_names(inputs)}
        return {
            **props,
            "endpointType": str(found["EndpointType"]).lower(),
            "databaseName": settings.get("DatabaseName"),
            "port": settings.get("Port"),
            "serverName": settings.get("ServerName"),
            "username": settings.get("Username"),
            "secretsManagerArn": settings.get("SecretsManagerSecretId"),
            "secretsManagerAccessRoleArn": settings.get("SecretsManagerAccessRoleArn"),
            "postgresSettings": {name: own[_member(own, name)] for name in inputs.get("postgresSettings") or {}}
            or None,
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002
        """The engine's settings go as a whole."""
        plain = {"certificateArn", "endpointType", "extraConnectionAttributes", "sslMode"} & changed
        params = api.params("ModifyEndpoint", {name: news[name] for name in plain if name in news})
        if changed & {*_CONNECTION, *_SECRET, "postgresSettings", "engineName"}:
            params |= {"EngineName": news["engineName"], **_connection(api, news)}
        if params:
            api.call("ModifyEndpoint", EndpointArn=olds[self.arn_property], **params)


#: The provider's own switch, and what `_connection` sends.
_NOT_SENT = ("pauseReplicationTasks", "postgresSettings")


def _connection(api: Api, inputs: Props) -> dict[str, Any]:
    secret = bool(inputs.get("secretsManagerArn"))
    names = (*_SECRET, "databaseName") if secret else _CONNECTION
    given = {name: inputs[name] for name in names if inputs.get(name) is not None}
    nested = {"postgresSettings": {**given, **(inputs.get("postgresSettings") or {})}}
    settings = api.params("CreateEndpoint", nested, rename=_ENDPOINT)
    return settings if secret else {**api.params("CreateEndpoint", given), **settings}


def _settings_names(inputs: Props) -> set[str]:
    return {name.lower() for name in inputs.get("postgresSettings") or {}}


def _member(settings: dict[str, Any], name: str) -> str:
    return next(key for key in settings if key.lower() == name.lower())


class ReplicationTask(_Filtered):
    """What is copied, from where to where."""

    pulumi_type = "aws:dms/replicationTask:ReplicationTask"
    cfn = "AWS::DMS::ReplicationTask"
    cfn_rename: ClassVar = {"replicationTaskId": "ReplicationTaskIdentifier", "cdcStartTime": ""}
    rename: ClassVar = {"replicationTaskId": "ReplicationTaskIdentifier"}
    read_op, read_path = "DescribeReplicationTasks", "ReplicationTasks"
    delete_op, delete_param = "DeleteReplicationTask", "ReplicationTaskArn"
    filter_name, arn_property = "replication-task-id", "replicationTaskArn"

    def check(self, inputs: Props, region: str) -> list[Failure]:  # noqa: ARG002 -- a hook
        """The two documents in it."""
        return [*_check_settings(inputs.get("replicationTaskSettings")), *_check_mappings(inputs.get("tableMappings"))]

    def create(self, api: Api, inputs: Props) -> str:
        """Made, and started where that is asked for."""
        params = api.params("CreateReplicationTask", inputs, rename=self.rename, skip=("startReplicationTask",))
        answer = api.call("CreateReplicationTask", **params, **self.tag_params(inputs))["ReplicationTask"]
        api.created_id = str(answer["ReplicationTaskIdentifier"])
        if inputs.get("startReplicationTask"):
            _start(api, answer)
        return api.created_id

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """A running task is stopped for a change of what it does, and started again where it is to run."""
        task = self.describe(api, object_id, news)
        if task is None:
            raise ProviderError(f"{api.where}: the task is gone")
        arn, runs = task["ReplicationTaskArn"], task["Status"] == "running"
        wanted = bool(news.get("startReplicationTask"))
        what = changed - {"startReplicationTask"}
        if runs and (what or not wanted):
            api.call("StopReplicationTask", ReplicationTaskArn=arn)
        if what:
            present = {name: news[name] for name in {*what, "migrationType", "tableMappings"} if name in news}
            api.call("ModifyReplicationTask", ReplicationTaskArn=arn, **api.params("ModifyReplicationTask", present))
        if wanted and (what or not runs):
            _start(api, task)

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """A running task is stopped first."""
        task = self.describe(api, object_id, state)
        if task is not None and task["Status"] == "running":
            api.call("StopReplicationTask", ReplicationTaskArn=task["ReplicationTaskArn"])
        super().delete(api, object_id, state)


def _start(api: Api, task: dict[str, Any]) -> None:
    """A task that has never run begins; another one goes on where it was."""
    fresh = task["Status"] in {"ready", "creating"}
    api.call(
        "StartReplicationTask",
        ReplicationTaskArn=task["ReplicationTaskArn"],
        StartReplicationTaskType="start-replication" if fresh else "resume-processing",
    )


def _document(text: Any) -> Any:
    """A JSON document; None where it is unknown or malformed, which the facts refuse."""
    try:
        return json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _check_settings(text: Any) -> list[Failure]:
    document = _document(text)
    logging = document.get("Logging") if isinstance(document, dict) else None
    if not isinstance(logging, dict):
        return []
    found = [f"Logging.{name} is read-only and cannot be set" for name in _READ_ONLY_LOGGING if name in logging]
    if "EnableLogContext" in logging and not logging.get("EnableLogging"):
        found.append("Logging.EnableLogContext is not allowed when Logging.EnableLogging is not true")
    return [Failure("replicationTaskSettings", reason) for reason in found]


def _check_mappings(text: Any) -> list[Failure]:
    """The rules of the user guide, CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Selections."""
    document = _document(text)
    if document is None:
        return []
    rules = document.get("rules") if isinstance(document, dict) else None
    if not isinstance(rules, list) or not any(
        isinstance(rule, dict) and rule.get("rule-type") == "selection" and rule.get("rule-action") in _SELECTING
        for rule in rules
    ):
        return [Failure("tableMappings", "needs a selection rule that includes a table")]
    for key in ("rule-id", "rule-name"):
        values = [str(rule.get(key)) for rule in rules if isinstance(rule, dict)]
        if len(set(values)) < len(values):
            return [Failure("tableMappings", f"each rule needs a {key} of its own")]
    return []


_SELECTING = ("include", "explicit")

TYPES = (ReplicationSubnetGroup(), ReplicationInstance(), Endpoint(), ReplicationTask())
