"""RDS Proxy: changes to a proxy, what may be registered behind it, and whether it would reach what is behind it.

moto has no ModifyDBProxy, ends with a KeyError where a proxy is not there, takes any subnets and targets, and shows
none of a target's address, port and ARN. Whether it is available is worked out (`ascend.cloud.aws.proxy_health`).
"""

# ruff: noqa: SLF001 -- a patch reaches into what it patches

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cloud.aws import proxy_health
from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType

#: Parameters of CreateDBProxy and ModifyDBProxy, and the attribute that the answer is made from.
_PARAMETERS = {
    "Auth": "auth",
    "DebugLogging": "debug_logging",
    "DefaultAuthScheme": "default_auth_scheme",
    "EndpointNetworkType": "endpoint_network_type",
    "IdleClientTimeout": "idle_client_timeout",
    "RequireTLS": "require_tls",
    "RoleArn": "role_arn",
    "SecurityGroups": "vpc_security_group_ids",
    "TargetConnectionNetworkType": "target_connection_network_type",
}
#: RDS API reference, CreateDBProxy: what holds where nothing was asked for.
_DEFAULTS = {"default_auth_scheme": "NONE", "endpoint_network_type": "IPV4", "target_connection_network_type": "IPV4"}
#: RDS API reference, UserAuthConfig.ClientPasswordAuthType: what holds where nothing was asked for.
_CLIENT_AUTH = {
    "MYSQL": "MYSQL_NATIVE_PASSWORD",
    "POSTGRESQL": "POSTGRES_SCRAM_SHA_256",
    "SQLSERVER": "SQL_SERVER_AUTHENTICATION",
}
#: RDS user guide, RDS Proxy: which engines each family serves.
_ENGINES = {"MYSQL": ("mysql", "mariadb"), "POSTGRESQL": ("postgres",), "SQLSERVER": ("sqlserver",)}


def install() -> None:
    """Patch moto's RDS when it is loaded."""
    on_load("moto.rds.models", _patch_models)
    on_load("moto.rds.responses", _patch_responses)


def _error(code: str, text: str) -> Exception:
    from moto.rds.exceptions import RDSClientError  # noqa: PLC0415 -- moto is loaded by now

    return RDSClientError(code, text)


def _proxy(backend: Any, name: str, group: str | None = "default") -> Any:
    from moto.rds.exceptions import DBProxyNotFoundFault  # noqa: PLC0415 -- moto is loaded by now

    if name not in backend.db_proxies:
        raise DBProxyNotFoundFault(name)
    proxy = backend.db_proxies[name]
    if (group or "default") not in proxy.proxy_target_groups:
        text = f"The specified target group {group} isn't available for the proxy {name}."
        raise _error("DBProxyTargetGroupNotFoundFault", text)
    return proxy


def _patch_models(module: ModuleType) -> None:
    _patch_proxy(module)
    _patch_targets(module)
    _patch_pool(module)


def _patch_proxy(module: ModuleType) -> None:
    init, backend = module.DBProxy.__init__, module.RDSBackend

    def initialise(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        subnets = module.ec2_backends[self.account_id][self.region].describe_subnets(subnet_ids=self.vpc_subnet_ids)
        if len({subnet.availability_zone for subnet in subnets}) < 2:  # noqa: PLR2004 -- two is the point
            text = "The subnets of a DB proxy must be in at least two Availability Zones"
            raise _error("InvalidSubnet", text)
        for name, value in _DEFAULTS.items():
            setattr(self, name, value)
        self.auth = _complete(self)

    def delete_db_proxy(self: Any, proxy_name: str) -> Any:
        _proxy(self, proxy_name)
        return self.db_proxies.pop(proxy_name)

    module.DBProxy.__init__ = initialise
    backend.delete_db_proxy = delete_db_proxy


def _complete(proxy: Any) -> list[dict[str, Any]]:
    """Credentials with what AWS fills in; moto spells a structure's members its own way."""
    password = _CLIENT_AUTH[proxy.engine_family]
    filled = {"auth_scheme": "SECRETS", "iam_auth": "DISABLED", "client_password_auth_type": password}
    return [{**filled, **one} for one in proxy.auth or []]


def _patch_targets(module: ModuleType) -> None:
    backend = module.RDSBackend

    def register_db_proxy_targets(
        self: Any, db_proxy_name: str, target_group_name: str, db_cluster_identifiers: Any, db_instance_identifiers: Any
    ) -> list[Any]:
        proxy = _proxy(self, db_proxy_name, target_group_name)
        if db_cluster_identifiers:
            raise _error("InvalidDBClusterStateFault", "Clusters behind a proxy are not emulated")
        group = proxy.proxy_target_groups["default"]
        made = []
        for name in db_instance_identifiers:
            _require(self, proxy, group, name)
            made.append(module.DBProxyTarget(backend=self, resource_id=name, endpoint=None, type="RDS_INSTANCE"))
        group.targets.extend(made)
        return [_describe(self, proxy, target) for target in made]

    def deregister_db_proxy_targets(
        self: Any, db_proxy_name: str, target_group_name: str, db_cluster_identifiers: Any, db_instance_identifiers: Any
    ) -> None:
        group = _proxy(self, db_proxy_name, target_group_name).proxy_target_groups["default"]
        for name in [*db_cluster_identifiers, *db_instance_identifiers]:
            kept = [target for target in group.targets if target.rds_resource_id != name]
            if len(kept) == len(group.targets):
                text = f"{name} isn't available for the proxy {db_proxy_name}."
                raise _error("DBProxyTargetNotFoundFault", text)
            group.targets = kept

    def describe_db_proxy_targets(self: Any, proxy_name: str) -> list[dict[str, Any]]:
        proxy = _proxy(self, proxy_name)
        return [_describe(self, proxy, target) for target in proxy.proxy_target_groups["default"].targets]

    backend.register_db_proxy_targets = register_db_proxy_targets
    backend.deregister_db_proxy_targets = deregister_db_proxy_targets
    backend.describe_db_proxy_targets = describe_db_proxy_targets


def _require(backend: Any, proxy: Any, group: Any, name: str) -> None:
    """Refuse a target that RDS Proxy does not serve. Source: RDS user guide, quotas and limitations for RDS Proxy."""
    database = backend.find_db_from_id(name)
    named = f"{name} cannot be a target of {proxy.db_proxy_name}"
    if any(target.rds_resource_id == name for target in group.targets):
        code, reason = "DBProxyTargetAlreadyRegisteredFault", f"{name} is registered with {proxy.db_proxy_name} already"
    elif group.targets:
        code, reason = "InvalidDBInstanceState", f"{named}: a proxy has a single target DB instance"
    elif database.is_replica:
        code, reason = "InvalidDBInstanceState", f"{named}: a proxy goes only with the writer, not with a read replica"
    elif not database.engine.startswith(_ENGINES[proxy.engine_family]):
        code, reason = "InvalidDBInstanceState", f"{named}: {proxy.engine_family} does not serve {database.engine}"
    elif database._db_subnet_group_name and database.db_subnet_group.vpc_id != proxy.vpc_id:
        code, reason = "InvalidDBInstanceState", f"{named}: they are not in the same VPC"
    else:
        return
    raise _error(code, reason)


def _describe(backend: Any, proxy: Any, target: Any) -> dict[str, Any]:
    """A target as AWS describes it."""
    database = backend.databases.get(target.rds_resource_id)
    shown = {"RdsResourceId": target.rds_resource_id, "Type": target.type, "Role": "READ_WRITE"}
    if database is not None:
        shown |= {"Endpoint": database.address, "Port": int(database.port), "TargetArn": database.arn}
    return {**shown, "TargetHealth": proxy_health.judge(backend, proxy, database)}


def _patch_pool(module: ModuleType) -> None:
    backend, group_type = module.RDSBackend, module.DBProxyTargetGroup
    shown = group_type.connection_pool_config.fget

    def connection_pool_config(self: Any) -> dict[str, Any]:
        query = getattr(self, "init_query", "")
        return {**shown(self), **({"InitQuery": query} if query else {})}

    def describe_db_proxy_target_groups(self: Any, proxy_name: str) -> list[Any]:
        return list(_proxy(self, proxy_name).proxy_target_groups.values())

    def modify_db_proxy_target_group(self: Any, proxy_name: str, config: dict[str, Any]) -> Any:
        group = _proxy(self, proxy_name).proxy_target_groups["default"]
        most = config.get("MaxConnectionsPercent", group.max_connections)
        idle = config.get("MaxIdleConnectionsPercent", group.max_idle_connections)
        if int(idle) > int(most):
            text = f"MaxIdleConnectionsPercent ({idle}) must not be more than MaxConnectionsPercent ({most})"
            raise _error("InvalidParameterValue", text)
        group.max_connections, group.max_idle_connections = most, idle
        group.borrow_timeout = config.get("ConnectionBorrowTimeout", group.borrow_timeout)
        group.session_pinning_filters = config.get("SessionPinningFilters", group.session_pinning_filters) or []
        group.init_query = config.get("InitQuery", getattr(group, "init_query", ""))
        return group

    group_type.connection_pool_config = property(connection_pool_config)
    backend.describe_db_proxy_target_groups = describe_db_proxy_target_groups
    backend.modify_db_proxy_target_group = modify_db_proxy_target_group


def _patch_responses(module: ModuleType) -> None:
    response = module.RDSResponse
    create = response.create_db_proxy

    def create_db_proxy(self: Any) -> Any:
        self.params.setdefault("Auth", [])
        answer = create(self)
        _set(answer.result["DBProxy"], self.params)
        return answer

    def modify_db_proxy(self: Any) -> Any:
        proxy = _proxy(self.backend, self.params["DBProxyName"])
        _set(proxy, self.params)
        return module.ActionResult({"DBProxy": proxy})

    response.create_db_proxy = create_db_proxy
    response.modify_db_proxy = modify_db_proxy


def _set(proxy: Any, given: Any) -> None:
    for parameter, attribute in _PARAMETERS.items():
        if given.get(parameter) is not None:
            setattr(proxy, attribute, given[parameter])
    proxy.auth = _complete(proxy)
