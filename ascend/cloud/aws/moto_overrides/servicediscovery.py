"""Cloud Map: a VPC may have several namespaces, nothing that is in use is deleted, an instance is registered once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType


def install() -> None:
    """Patch moto's Cloud Map when it is loaded."""
    on_load("moto.servicediscovery.models", _patch)


def _namespaces(service: Any) -> tuple[str | None, str | None]:
    """A service names its namespace, or its DNS configuration does."""
    return service.namespace_id, (service.dns_config or {}).get("NamespaceId")


def _patch(module: ModuleType) -> None:
    from moto.core.exceptions import JsonRESTError  # noqa: PLC0415 -- moto is loaded by now

    backend = module.ServiceDiscoveryBackend
    create, delete_namespace, delete_service = (
        backend.create_private_dns_namespace,
        backend.delete_namespace,
        backend.delete_service,
    )

    def create_private_dns_namespace(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        vpc = kwargs.get("vpc", args[2] if len(args) > 2 else None)  # noqa: PLR2004 -- the third of moto's parameters
        others = {key: space for key, space in self.namespaces.items() if space.vpc == vpc}
        if any(space.name == name for space in others.values()):
            raise module.ConflictingDomainExists(vpc)
        # moto refuses a second namespace in a VPC whatever its name; AWS only one with the same domain.
        for key in others:
            del self.namespaces[key]
        try:
            return create(self, name, *args, **kwargs)
        finally:
            self.namespaces.update(others)

    def deleting_namespace(self: Any, namespace_id: str) -> Any:
        users = [service for service in self.services.values() if namespace_id in _namespaces(service)]
        if users:
            raise JsonRESTError("ResourceInUse", f"Namespace has services; delete {users[0].id} first")
        return delete_namespace(self, namespace_id)

    def deleting_service(self: Any, service_id: str) -> None:
        service = self.get_service(service_id)
        if service.instances:
            raise JsonRESTError("ResourceInUse", "Service contains registered instances; delete the instances first")
        delete_service(self, service_id)

    register = backend.register_instance

    def register_instance(self: Any, service_id: str, instance_id: str, *args: Any, **kwargs: Any) -> str:
        service = self.get_service(service_id)
        attributes = kwargs.get("attributes", args[1] if len(args) > 1 else None) or {}
        records = (service.dns_config or {}).get("DnsRecords") or []
        if any(record["Type"] == "CNAME" for record in records) and not attributes.get("AWS_INSTANCE_CNAME"):
            raise JsonRESTError("InvalidInput", "The attribute AWS_INSTANCE_CNAME is required for a CNAME record")
        # Once more is a change of the attributes; moto would keep both.
        service.instances[:] = [one for one in service.instances if one.instance_id != instance_id]
        return str(register(self, service_id, instance_id, *args, **kwargs))

    backend.register_instance = register_instance
    backend.create_private_dns_namespace = create_private_dns_namespace
    backend.delete_namespace = deleting_namespace
    backend.delete_service = deleting_service
