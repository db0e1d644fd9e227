"""RDS Proxy: proxies, the pool of their default target group, and what they lead to."""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure, ProviderError

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_GONE = ("DBProxyNotFoundFault", "DBProxyTargetGroupNotFoundFault", "DBProxyTargetNotFoundFault")
_RENAME = {"name": "DBProxyName", "auths": "Auth", "username": "UserName"}
#: What a target's id is made of: proxy, target group, kind of target, identifier (proxy_target.go).
_PARTS = 4


class Proxy(ResourceType):
    """A proxy. Its name is its id, though it can change (proxy.go)."""

    pulumi_type = "aws:rds/proxy:Proxy"
    service = "rds"
    cfn = "AWS::RDS::DBProxy"
    cfn_rename: ClassVar = {"name": "DBProxyName", "auths": "Auth"}
    kind = "db-proxy"
    create_op = "CreateDBProxy"
    rename: ClassVar = _RENAME
    id_path = "DBProxy.DBProxyName"
    read_op, read_param, read_path = "DescribeDBProxies", "DBProxyName", "DBProxies[0]"
    delete_op, delete_param = "DeleteDBProxy", "DBProxyName"
    gone = _GONE
    tags = tagging.RDS

    def create(self, api: Api, inputs: Props) -> str:
        """Without ``auths`` the call says so: none, not left out."""
        return super().create(api, {"auths": [], **inputs})

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """With the tags, by ARN."""
        props = api.props(found, rename=_RENAME)
        arn = str(found["DBProxyArn"])
        return {
            **props,
            "arn": arn,
            "auths": props.get("auths") or None,
            "tagsAll": self.tags.fetch(api, arn),
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """All that can change goes along each time, as the official provider sends it."""
        if "name" in changed:
            raise ProviderError(f"{api.where}: renaming a proxy changes its id and is not emulated")
        names = ("auths", "debugLogging", "defaultAuthScheme", "idleClientTimeout", "requireTls", "roleArn")
        present = {name: news[name] for name in names if news.get(name) is not None}
        if news.get("vpcSecurityGroupIds"):
            present["securityGroups"] = news["vpcSecurityGroupIds"]
        off = {"auths": [], "debugLogging": False, "requireTls": False}
        params = api.params("ModifyDBProxy", {**off, **present}, rename=_RENAME)
        api.call("ModifyDBProxy", DBProxyName=object_id, **params)


class ProxyDefaultTargetGroup(ResourceType):
    """The pool: it comes and goes with its proxy, so this only changes it (proxy_default_target_group.go)."""

    pulumi_type = "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup"
    service = "rds"
    cfn = "AWS::RDS::DBProxyTargetGroup"
    cfn_rename: ClassVar = {"connectionPoolConfig": "ConnectionPoolConfigurationInfo"}
    gone = _GONE

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """A pool keeps no more idle connections than it may have."""
        pool = inputs.get("connectionPoolConfig")
        if not isinstance(pool, dict):
            return []
        most, idle = pool.get("maxConnectionsPercent"), pool.get("maxIdleConnectionsPercent")
        if isinstance(most, int | float) and isinstance(idle, int | float) and idle > most:
            reason = f"{idle:g} is more than maxConnectionsPercent ({most:g}); without a value it is 50"
            return [Failure("connectionPoolConfig.maxIdleConnectionsPercent", reason)]
        return []

    def create(self, api: Api, inputs: Props) -> str:
        """Set up the group that the proxy has."""
        self._modify(api, inputs)
        api.created_id = str(inputs["dbProxyName"])
        return api.created_id

    def _modify(self, api: Api, inputs: Props) -> None:
        params: dict[str, Any] = {}
        if inputs.get("connectionPoolConfig"):
            pool = {"initQuery": "", "sessionPinningFilters": [], **inputs["connectionPoolConfig"]}
            params = api.params("ModifyDBProxyTargetGroup", {"connectionPoolConfig": pool})
        api.call("ModifyDBProxyTargetGroup", DBProxyName=inputs["dbProxyName"], TargetGroupName="default", **params)

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """The default group of the proxy of this name."""
        answer = self.unless_gone(api, "DescribeDBProxyTargetGroups", DBProxyName=object_id)
        groups = answer["TargetGroups"] if answer else []
        return next((group for group in groups if group.get("IsDefault")), None)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """The pool in the provider's form: what was not asked for is not shown."""
        props = api.props(found)
        pool = props.get("connectionPoolConfig") or {}
        asked = inputs.get("connectionPoolConfig") or {}
        shown = {name: value for name, value in pool.items() if name in asked or value not in ("", [])}
        named = {"arn": found["TargetGroupArn"], "name": found["TargetGroupName"]}
        return {**props, "connectionPoolConfig": shown, **named}

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """The same call."""
        self._modify(api, news)

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Nothing to delete: the group is the proxy's."""


class ProxyTarget(ResourceType):
    """A database behind a proxy. Nothing about it can change."""

    pulumi_type = "aws:rds/proxyTarget:ProxyTarget"
    service = "rds"
    gone = _GONE

    def create(self, api: Api, inputs: Props) -> str:
        """Register one instance or cluster."""
        kind = "Instance" if inputs.get("dbInstanceIdentifier") else "Cluster"
        params: dict[str, Any] = {f"DB{kind}Identifiers": [inputs[f"db{kind}Identifier"]]}
        group = {"DBProxyName": inputs["dbProxyName"], "TargetGroupName": inputs["targetGroupName"]}
        answer = api.call("RegisterDBProxyTargets", **group, **params)
        target = answer["DBProxyTargets"][0]
        api.created_id = "/".join(
            [inputs["dbProxyName"], inputs["targetGroupName"], target["Type"], target["RdsResourceId"]]
        )
        return api.created_id

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """By the four parts of its id."""
        proxy, group, kind, name = _parts(api, object_id)
        answer = self.unless_gone(api, "DescribeDBProxyTargets", DBProxyName=proxy, TargetGroupName=group)
        targets = answer["Targets"] if answer else []
        return next((row for row in targets if (row["Type"], row["RdsResourceId"]) == (kind, name)), None)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """Names from the id."""
        proxy, group, kind, name = _parts(api, object_id)
        named = "dbInstanceIdentifier" if kind == "RDS_INSTANCE" else "dbClusterIdentifier"
        return {**api.props(found), "dbProxyName": proxy, "targetGroupName": group, named: name}

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Deregister it."""
        proxy, group, kind, name = _parts(api, object_id)
        named = "DBInstanceIdentifiers" if kind == "RDS_INSTANCE" else "DBClusterIdentifiers"
        params: dict[str, Any] = {named: [name]}
        self.unless_gone(api, "DeregisterDBProxyTargets", DBProxyName=proxy, TargetGroupName=group, **params)


def _parts(api: Api, object_id: str) -> list[str]:
    parts = object_id.split("/", _PARTS - 1)
    if len(parts) != _PARTS or not all(parts):
        raise ProviderError(f"{api.where}: {object_id} is not proxy/target-group/kind/identifier")
    return parts


TYPES = (Proxy(), ProxyDefaultTargetGroup(), ProxyTarget())
