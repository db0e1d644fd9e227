"""DMS: groups know their subnets, what is in use stays, and endpoints, tasks, groups and tags can be changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType

#: DMS user guide, CHAP_Security.APIRole: without this role of exactly this name, DMS cannot look at subnets.
_ROLE = "dms-vpc-role"
_ENGINE_VERSION = "3.6.1"
_SETTINGS = {
    "EngineName": "engine_name",
    "EndpointType": "endpoint_type",
    "Username": "username",
    "Password": "password",
    "ServerName": "server_name",
    "Port": "port",
    "DatabaseName": "database_name",
    "ExtraConnectionAttributes": "extra_connection_attributes",
    "CertificateArn": "certificate_arn",
    "SslMode": "ssl_mode",
    "PostgreSQLSettings": "postgre_sql_settings",
}


def install() -> None:
    """Patch moto's DMS when it is loaded."""
    on_load("moto.dms.models", _patch_models)
    on_load("moto.dms.responses", _patch_responses)


def _fault(code: str, text: str) -> Exception:
    from moto.dms.exceptions import DmsClientError  # noqa: PLC0415 -- moto is loaded by now

    return DmsClientError(code, text)


def _placed(backend: Any, group: Any, subnet_ids: list[str]) -> None:
    """Put a group into its subnets.

    Raises:
        DmsClientError: there is no role to look at them, they do not exist, or they are all in one zone.
    """
    from moto.ec2.models import ec2_backends  # noqa: PLC0415 -- moto is loaded by now
    from moto.iam.models import iam_backends  # noqa: PLC0415

    roles = iam_backends[backend.account_id][backend.partition].roles.values()
    if _ROLE not in {role.name for role in roles}:
        raise _fault(
            "AccessDeniedFault",
            f"The IAM Role arn:{backend.partition}:iam::{backend.account_id}:role/{_ROLE} is not configured properly.",
        )
    known = {
        subnet.id: subnet
        for subnets in ec2_backends[backend.account_id][backend.region_name].subnets.values()
        for subnet in subnets.values()
    }
    missing = [name for name in subnet_ids if name not in known]
    if missing:
        raise _fault("InvalidSubnet", f"The subnets {', '.join(missing)} do not exist.")
    group.placed = [known[name] for name in subnet_ids]
    if len({subnet.availability_zone for subnet in group.placed}) < 2:  # noqa: PLR2004 -- DMS's own minimum
        raise _fault(
            "ReplicationSubnetGroupDoesNotCoverEnoughAZs",
            "The replication subnet group needs to cover at least two Availability Zones.",
        )


def _patch_models(module: ModuleType) -> None:
    _patch_groups(module)
    _patch_instances(module)
    _patch_endpoints(module)
    _patch_tasks(module)


def _patch_groups(module: ModuleType) -> None:
    backend, group_type = module.DatabaseMigrationServiceBackend, module.FakeReplicationSubnetGroup
    create, delete, shown = (
        backend.create_replication_subnet_group,
        backend.delete_replication_subnet_group,
        group_type.to_dict,
    )

    def create_group(self: Any, name: str, description: str, subnet_ids: list[str], tags: Any = None) -> Any:
        group = create(self, name.lower(), description, subnet_ids, None)
        try:
            _placed(self, group, subnet_ids)
        except Exception:
            delete(self, name.lower())
            raise
        arn = f"arn:{self.partition}:dms:{self.region_name}:{self.account_id}:subgrp:{name.lower()}"
        self.tagger.tag_resource(arn, tags or [])
        return group

    def modify_group(self: Any, name: str, description: str | None, subnet_ids: list[str]) -> Any:
        if name not in self.replication_subnet_groups:
            raise _fault("ResourceNotFoundFault", f"The replication subnet group {name} does not exist.")
        group = self.replication_subnet_groups[name]
        _placed(self, group, subnet_ids)
        group.description = description or group.description
        return group

    def delete_group(self: Any, replication_subnet_group_identifier: str) -> Any:
        name = replication_subnet_group_identifier
        users = [
            one.id for one in self.replication_instances.values() if one.replication_subnet_group_identifier == name
        ]
        if users:
            raise _fault("InvalidResourceStateFault", f"The subnet group {name} is in use by {', '.join(users)}.")
        return delete(self, name)

    def to_dict(self: Any) -> dict[str, Any]:
        rows = [
            {
                "SubnetIdentifier": subnet.id,
                "SubnetAvailabilityZone": {"Name": subnet.availability_zone},
                "SubnetStatus": "Active",
            }
            for subnet in self.placed
        ]
        return {**shown(self), "VpcId": self.placed[0].vpc_id, "Subnets": rows}

    def create_from_names(self: Any, **given: Any) -> Any:
        return create_group(
            self,
            given["replication_subnet_group_identifier"],
            given["replication_subnet_group_description"],
            given["subnet_ids"],
            given.get("tags"),
        )

    backend.create_replication_subnet_group = create_from_names
    backend.modify_replication_subnet_group = modify_group
    backend.delete_replication_subnet_group = delete_group
    group_type.to_dict = to_dict


def _patch_instances(module: ModuleType) -> None:
    backend = module.DatabaseMigrationServiceBackend
    create, delete, shown = (
        backend.create_replication_instance,
        backend.delete_replication_instance,
        module.FakeReplicationInstance.to_dict,
    )

    def create_instance(self: Any, **given: Any) -> Any:
        name = given.get("replication_subnet_group_identifier")
        if name and name not in self.replication_subnet_groups:
            raise _fault("ResourceNotFoundFault", f"The replication subnet group {name} does not exist.")
        made = create(self, **given)
        group = self.replication_subnet_groups.get(name)
        made.group = group
        made.engine_version = made.engine_version or _ENGINE_VERSION
        made.network_type = made.network_type or "IPV4"
        made.preferred_maintenance_window = made.preferred_maintenance_window or "sat:06:00-sat:06:30"
        if group and not made.availability_zone:
            made.availability_zone = group.placed[0].availability_zone
        return made

    def delete_instance(self: Any, replication_instance_arn: str) -> Any:
        tasks = [
            one.id
            for one in self.replication_tasks.values()
            if one.replication_instance_arn == replication_instance_arn
        ]
        if tasks:
            raise _fault("InvalidResourceStateFault", f"The replication instance has the tasks {', '.join(tasks)}.")
        return delete(self, replication_instance_arn)

    def to_dict(self: Any) -> dict[str, Any]:
        return {**shown(self), "ReplicationSubnetGroup": self.group.to_dict() if self.group else None}

    backend.create_replication_instance = create_instance
    backend.delete_replication_instance = delete_instance
    module.FakeReplicationInstance.to_dict = to_dict


def _patch_endpoints(module: ModuleType) -> None:
    backend = module.DatabaseMigrationServiceBackend
    create, delete = backend.create_endpoint, backend.delete_endpoint

    def create_endpoint(self: Any, **given: Any) -> Any:
        if given["endpoint_identifier"] in self.endpoints:
            raise _fault("ResourceAlreadyExistsFault", f"The endpoint {given['endpoint_identifier']} exists already.")
        made = create(self, **{**given, "ssl_mode": given.get("ssl_mode") or "none"})
        made.status = "active"
        return made

    def modify_endpoint(self: Any, arn: str, changes: dict[str, Any]) -> Any:
        for endpoint in self.endpoints.values():
            if endpoint.endpoint_arn == arn:
                for parameter, attribute in _SETTINGS.items():
                    if parameter in changes:
                        setattr(endpoint, attribute, changes[parameter])
                return endpoint
        raise _fault("ResourceNotFoundFault", f"The endpoint {arn} does not exist.")

    def delete_endpoint(self: Any, endpoint_arn: str) -> Any:
        tasks = [
            one.id
            for one in self.replication_tasks.values()
            if endpoint_arn in {one.source_endpoint_arn, one.target_endpoint_arn}
        ]
        if tasks:
            raise _fault("InvalidResourceStateFault", f"The endpoint is part of the tasks {', '.join(tasks)}.")
        return delete(self, endpoint_arn)

    backend.create_endpoint = create_endpoint
    backend.modify_endpoint = modify_endpoint
    backend.delete_endpoint = delete_endpoint


def _patch_tasks(module: ModuleType) -> None:
    backend = module.DatabaseMigrationServiceBackend
    create, delete = backend.create_replication_task, backend.delete_replication_task

    def create_task(self: Any, **given: Any) -> Any:
        endpoints = {one.endpoint_arn: one.endpoint_type.lower() for one in self.endpoints.values()}
        if given["replication_instance_arn"] not in self.replication_instances:
            raise _fault("ResourceNotFoundFault", f"The instance {given['replication_instance_arn']} does not exist.")
        for side in ("source", "target"):
            arn = given[f"{side}_endpoint_arn"]
            if arn not in endpoints:
                raise _fault("ResourceNotFoundFault", f"The endpoint {arn} does not exist.")
            if endpoints[arn] != side:
                raise _fault("InvalidParameterValueException", f"The endpoint {arn} is not a {side}.")
        return create(self, **given).ready()

    def modify_task(self: Any, arn: str, changes: dict[str, Any]) -> Any:
        if arn not in self.replication_tasks:
            raise _fault("ResourceNotFoundFault", "Replication task could not be found.")
        task = self.replication_tasks[arn]
        if task.status == "running":
            raise _fault("InvalidResourceStateFault", f"The task {task.id} is running; stop it first.")
        task.migration_type = changes.get("MigrationType", task.migration_type)
        task.table_mappings = changes.get("TableMappings", task.table_mappings)
        task.replication_task_settings = changes.get("ReplicationTaskSettings", task.replication_task_settings)
        return task

    def delete_task(self: Any, replication_task_arn: str) -> Any:
        task = self.replication_tasks.get(replication_task_arn)
        if task is not None and task.status == "running":
            raise _fault("InvalidResourceStateFault", f"The task {task.id} is running; stop it first.")
        return delete(self, replication_task_arn)

    backend.create_replication_task = create_task
    backend.modify_replication_task = modify_task
    backend.delete_replication_task = delete_task


def _patch_responses(module: ModuleType) -> None:
    response = module.DatabaseMigrationServiceResponse

    def modify_endpoint(self: Any) -> str:
        given = json.loads(self.body)
        endpoint = self.dms_backend.modify_endpoint(given["EndpointArn"], given)
        return json.dumps({"Endpoint": {key: value for key, value in endpoint.to_dict().items() if value is not None}})

    def modify_replication_task(self: Any) -> str:
        given = json.loads(self.body)
        task = self.dms_backend.modify_replication_task(given["ReplicationTaskArn"], given)
        return json.dumps({"ReplicationTask": task.to_dict()})

    def modify_replication_subnet_group(self: Any) -> str:
        given = json.loads(self.body)
        group = self.dms_backend.modify_replication_subnet_group(
            given["ReplicationSubnetGroupIdentifier"],
            given.get("ReplicationSubnetGroupDescription"),
            given["SubnetIds"],
        )
        return json.dumps({"ReplicationSubnetGroup": group.to_dict()})

    def add_tags_to_resource(self: Any) -> str:
        given = json.loads(self.body)
        self.dms_backend.tagger.tag_resource(given["ResourceArn"], given["Tags"])
        return "{}"

    def remove_tags_from_resource(self: Any) -> str:
        given = json.loads(self.body)
        self.dms_backend.tagger.untag_resource_using_names(given["ResourceArn"], given["TagKeys"])
        return "{}"

    for method in (
        modify_endpoint,
        modify_replication_task,
        modify_replication_subnet_group,
        add_tags_to_resource,
        remove_tags_from_resource,
    ):
        setattr(response, method.__name__, method)
