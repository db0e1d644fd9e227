"""Cloud Map: private DNS namespaces, their services, and what is registered in these."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws import tagging
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure, ProviderError

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_TAGS = tagging.TagStyle(target="ResourceARN")


def _finish(api: Api, answer: dict[str, Any]) -> dict[str, Any]:
    """The operation that an answer names, once it is done.

    Raises:
        ProviderError: the operation failed.
    """
    operation: dict[str, Any] = api.call("GetOperation", OperationId=answer["OperationId"])["Operation"]
    if operation["Status"] != "SUCCESS":
        reason = operation.get("ErrorMessage") or operation["Status"]
        raise ProviderError(f"{api.where}: {operation.get('Type', 'operation')} did not succeed: {reason}")
    return operation


class PrivateDnsNamespace(ResourceType):
    """A private namespace: a hosted zone that a VPC sees."""

    pulumi_type = "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace"
    service = "servicediscovery"
    cfn = "AWS::ServiceDiscovery::PrivateDnsNamespace"
    kind = "namespace"
    read_op, read_param, read_path = "GetNamespace", "Id", "Namespace"
    gone = ("NamespaceNotFound",)
    tags = _TAGS

    def create(self, api: Api, inputs: Props) -> str:
        """Namespaces are made by an operation that names its target."""
        params = api.params("CreatePrivateDnsNamespace", inputs)
        answer = api.call("CreatePrivateDnsNamespace", **params, **self.tag_params(inputs))
        api.created_id = str(_finish(api, answer)["Targets"]["NAMESPACE"])
        return api.created_id

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:  # noqa: ARG002 -- a hook
        """The hosted zone's id is deep inside; the VPC is not told at all."""
        zone = ((found.get("Properties") or {}).get("DnsProperties") or {}).get("HostedZoneId")
        return {
            "arn": found["Arn"],
            "description": found.get("Description"),
            "hostedZone": str(zone).removeprefix("/hostedzone/") if zone else None,
            "name": found["Name"],
            "tagsAll": self.tags.fetch(api, found["Arn"]),
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """Only the description can change."""
        change = {"Description": news.get("description") or ""}
        token = f"{object_id}-{news.get('description')}"[:64]
        _finish(api, api.call("UpdatePrivateDnsNamespace", Id=object_id, UpdaterRequestId=token, Namespace=change))

    def delete(self, api: Api, object_id: str, state: Props) -> None:  # noqa: ARG002 -- a hook
        """Delete the namespace; one with services is refused."""
        answer = self.unless_gone(api, "DeleteNamespace", Id=object_id)
        if answer is not None:
            _finish(api, answer)


class Service(ResourceType):
    """A service: the name under which instances register."""

    pulumi_type = "aws:servicediscovery/service:Service"
    service = "servicediscovery"
    cfn = "AWS::ServiceDiscovery::Service"
    kind = "cloud-map-service"
    create_op = "CreateService"
    create_skip = ("forceDestroy",)
    id_path = "Service.Id"
    read_op, read_param, read_path = "GetService", "Id", "Service"
    gone = ("ServiceNotFound",)
    tags = _TAGS

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """The failure threshold of a custom health check is fixed at 1 and only shown where it was asked for."""
        props = super().outputs(
            api, object_id, inputs, {key: value for key, value in found.items() if value is not None}
        )
        asked = inputs.get("healthCheckCustomConfig")
        props["healthCheckCustomConfig"] = asked if found.get("HealthCheckCustomConfig") is not None else None
        return props

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """The whole of description, DNS records and health check is sent: what is left out would be removed."""
        if not changed - {"forceDestroy"}:
            return
        change: dict[str, Any] = {"Description": news.get("description") or ""}
        records = (news.get("dnsConfig") or {}).get("dnsRecords")
        if records:
            change["DnsConfig"] = {"DnsRecords": [{"Type": row["type"], "TTL": int(row["ttl"])} for row in records]}
        if news.get("healthCheckConfig"):
            shape = api.params("CreateService", news, only=("healthCheckConfig",))
            change["HealthCheckConfig"] = shape["HealthCheckConfig"]
        _finish(api, api.call("UpdateService", Id=object_id, Service=change))

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """A service with instances is refused, unless the program said that they may go."""
        if state.get("forceDestroy"):
            listed = self.unless_gone(api, "ListInstances", ServiceId=object_id) or {}
            for instance in listed.get("Instances", []):
                _finish(api, api.call("DeregisterInstance", ServiceId=object_id, InstanceId=instance["Id"]))
        self.unless_gone(api, "DeleteService", Id=object_id)


class Instance(ResourceType):
    """Something registered in a service. Its id is unique in its service only."""

    pulumi_type = "aws:servicediscovery/instance:Instance"
    service = "servicediscovery"
    cfn = "AWS::ServiceDiscovery::Instance"
    gone = ("InstanceNotFound", "ServiceNotFound")

    def check(self, inputs: Props, region: str) -> list[Failure]:  # noqa: ARG002 -- a hook
        """Names and values of attributes (instance.go; Cloud Map API reference, RegisterInstance.Attributes)."""
        attributes = inputs.get("attributes")
        failures = []
        for name, value in attributes.items() if isinstance(attributes, dict) else ():
            if not re.fullmatch(r"[!-~]{1,255}", name):
                failures.append(Failure("attributes", f'"{name}": a name has 1 to 255 printable characters, no space'))
            elif isinstance(value, str) and not re.fullmatch(r"([!-~][!-~ \t]{0,1023})?", value):
                failures.append(Failure(f"attributes.{name}", "a value has at most 1024 printable characters"))
        return failures

    def create(self, api: Api, inputs: Props) -> str:
        """Register it."""
        object_id = str(inputs["instanceId"])
        _finish(api, api.call("RegisterInstance", **api.params("RegisterInstance", inputs)))
        api.created_id = object_id
        return object_id

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """By service and id, which an import writes ``service/id``."""
        service_id, _, instance_id = str(inputs.get("serviceId") or object_id).partition("/")
        answer = self.unless_gone(api, "GetInstance", ServiceId=service_id, InstanceId=instance_id or object_id)
        return None if answer is None else {**answer["Instance"], "ServiceId": service_id}

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:  # noqa: ARG002 -- a hook
        """The names of attributes are the program's own, so they are not translated."""
        return {"attributes": found["Attributes"], "instanceId": found["Id"], "serviceId": found["ServiceId"]}

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """Registering it again replaces its attributes."""
        _finish(api, api.call("RegisterInstance", **api.params("RegisterInstance", news)))

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Deregister it."""
        answer = self.unless_gone(api, "DeregisterInstance", ServiceId=state["serviceId"], InstanceId=object_id)
        if answer is not None:
            _finish(api, answer)


TYPES = (PrivateDnsNamespace(), Service(), Instance())
