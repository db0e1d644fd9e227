"""The pool in front of a database: RDS Proxy."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2, iam, rds

from components import alarms, policy
from components.base import Component, Scope, physical
from components.database import USERNAME
from components.errors import ComponentError
from components.logs import log_group
from components.rds_instance import PORT
from components.secrets import passing_secret
from components.security_rules import connect

#: The group that every proxy has and cannot be without.
_TARGET_GROUP = "default"
#: Part of the connections that stay open while nobody uses them.
_IDLE_SHARE = 0.5
#: Seconds until a client's connection is closed that has asked nothing; an application's own pool closes them sooner.
IDLE_CLIENT_S = 1800
#: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ConnectionPoolConfiguration.html, read 2026-11-21.
_MOST_BORROW_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyThresholds:
    """Where the proxy's alarms go off.

    Attributes:
        connections_pct: connections to the database, in percent of those that the proxy may open.
    """

    connections_pct: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyArgs:
    """What `Proxy` needs.

    Attributes:
        scope: where it belongs.
        vpc_id: the network.
        subnet_ids: isolated subnets in at least two zones.
        key_arn: the key that encrypts its log and its secret.
        topic_arn: the topic of its alarms.
        database_identifier: the instance that it leads to, a primary.
        database_group_id: that instance's security group, which is opened to the proxy.
        password: the owner's password.
        share: part of the database's connections that it may open, 0 to 1.
        borrow_timeout_s: seconds that a client waits for a free connection.
        thresholds: where alarms go off.
    """

    scope: Scope
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    key_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    database_identifier: pulumi.Input[str]
    database_group_id: pulumi.Input[str]
    password: pulumi.Input[str]
    share: float
    borrow_timeout_s: int
    thresholds: ProxyThresholds

    def __post_init__(self) -> None:
        """Refuse what RDS refuses.

        Raises:
            ComponentError: naming the value and what is allowed.
        """
        if not 0 < self.share <= 1 or math.floor(self.share * 100) < 1:
            msg = f"database proxy with {self.share:g} of the connections; allowed: 0.01 to 1"
            raise ComponentError(msg)
        if not 1 <= self.borrow_timeout_s <= _MOST_BORROW_S:
            msg = f"database proxy that lets clients wait {self.borrow_timeout_s} s; allowed: 1 to {_MOST_BORROW_S}"
            raise ComponentError(msg)
        if len(self.subnet_ids) < 2:  # noqa: PLR2004 -- of two zones
            msg = f"database proxy in {len(self.subnet_ids)} subnets; at least 2 are needed, in 2 zones"
            raise ComponentError(msg)


class Proxy(Component):
    """An RDS Proxy in front of one primary; it does not serve read replicas of an instance.

    Many clients share few connections: a client holds one for the length of a transaction. A client that changes its
    session (``SET``, temporary tables, prepared statements by name, advisory locks) keeps it for as long as it is
    connected; the alarm on such "pinned" sessions tells of it
    (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-pinning.html, read 2026-11-21).

    It logs in with a secret of its own, user and password and nothing else: the secret that services read holds the
    address of this proxy and so comes after it. Nothing here holds data, and all of it can go again.

    Attributes:
        proxy_name: its name.
        address: host name, known once the proxy leads to the database.
        security_group_id: the group to let clients in by.
    """

    tag = "proxy"

    def __init__(self, name: str, args: ProxyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        self._args = args
        region, identifier = args.scope.region, physical(name)
        group = ec2.SecurityGroup(
            self.child("group"),
            description="The pool in front of the database: what asks for it comes in, to the database it goes out",
            vpc_id=args.vpc_id,
            region=region,
            tags=self.tags(self.child("group")),
            opts=self.child_options(),
        )
        rules = connect(
            self,
            "to-database",
            group.id,
            args.database_group_id,
            port=PORT,
            description=f"{self.name} to database",
        )
        # RDS would make the log group itself, without key and retention.
        log = log_group(self, "log", f"/aws/rds/proxy/{identifier}", args.key_arn, protect=False)
        secret_arn = passing_secret(
            self,
            "login",
            f"How {self.name} logs in to the database",
            args.key_arn,
            {"username": USERNAME, "password": args.password},
        )
        role, may_read = self._role(secret_arn)
        proxy = rds.Proxy(
            self.child("pool"),
            name=identifier,
            engine_family="POSTGRESQL",
            auths=[
                rds.ProxyAuthArgs(
                    auth_scheme="SECRETS",
                    secret_arn=secret_arn,
                    iam_auth="DISABLED",
                    client_password_auth_type="POSTGRES_SCRAM_SHA_256",  # noqa: S106 -- how it is told, not one
                    description="The database's owner",
                )
            ],
            role_arn=role.arn,
            vpc_subnet_ids=args.subnet_ids,
            vpc_security_group_ids=[group.id],
            require_tls=True,
            idle_client_timeout=IDLE_CLIENT_S,
            # It would write statements, and what is in them, to the log.
            debug_logging=False,
            region=region,
            tags=self.tags(name),
            opts=self.child_options(depends_on=[*rules, log, may_read]),
        )
        most = math.floor(args.share * 100)
        pool = rds.ProxyDefaultTargetGroup(
            self.child("pool"),
            db_proxy_name=proxy.name,
            connection_pool_config=rds.ProxyDefaultTargetGroupConnectionPoolConfigArgs(
                max_connections_percent=most,
                max_idle_connections_percent=math.floor(most * _IDLE_SHARE),
                connection_borrow_timeout=args.borrow_timeout_s,
            ),
            region=region,
            opts=self.child_options(),
        )
        target = rds.ProxyTarget(
            self.child("database"),
            db_proxy_name=proxy.name,
            target_group_name=pool.name,
            db_instance_identifier=args.database_identifier,
            region=region,
            opts=self.child_options(),
        )
        alarms.declare(self, _alarms(proxy.name, args.thresholds), args.topic_arn)
        self.proxy_name = proxy.name
        # Known with the target, not before: a proxy that leads nowhere refuses everyone.
        self.address = pulumi.Output.all(proxy.endpoint, target.id).apply(lambda known: str(known[0]))
        self.security_group_id = group.id
        self.register_outputs({"proxyName": self.proxy_name, "address": self.address})

    def _role(self, secret_arn: pulumi.Output[str]) -> tuple[iam.Role, iam.RolePolicy]:
        """The role with which the proxy reads its secret."""
        role = iam.Role(
            self.child("login"),
            description="Reads the secret with which the pool logs in to the database",
            # Without a condition on the source: RDS does not say that it sends one when a proxy takes its role
            # (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-iam-setup.html, read 2026-11-21). Only
            # this account can hand the role to a proxy.
            assume_role_policy=policy.trust_unnamed("rds.amazonaws.com"),
            tags=self.tags(),
            opts=self.child_options(),
        )
        may_read = iam.RolePolicy(
            self.child("login"),
            role=role.name,
            policy=policy.document(
                policy.allow("Secret", ["secretsmanager:GetSecretValue"], secret_arn),
                policy.allow(
                    "DecryptSecret",
                    ["kms:Decrypt"],
                    self._args.key_arn,
                    conditions={
                        "StringEquals": {"kms:ViaService": f"secretsmanager.{self.scope.region}.amazonaws.com"}
                    },
                ),
            ),
            opts=self.child_options(),
        )
        return role, may_read


def _alarms(name: pulumi.Output[str], limits: ProxyThresholds) -> list[alarms.Alarm]:
    """Whether it reaches the database, how full its pool is, and whether clients keep connections to themselves.

    Each machine behind a proxy reports for itself, so that figures of a proxy are sums
    (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.monitoring.html, read 2026-11-21).
    """

    def metric(metric_name: str, statistic: str, **more: str) -> alarms.Metric:
        return alarms.Metric(
            namespace="AWS/RDS",
            name=metric_name,
            dimensions={"ProxyName": name, **more},
            statistic=statistic,
            period_s=60,
        )

    return [
        alarms.Alarm(
            name="available",
            description="The pool did not reach the database, or nothing was heard of it, for 5 minutes. Look at the "
            "proxy's log and at its target's health.",
            metrics={
                "m": metric("AvailabilityPercentage", "Average", TargetGroup=_TARGET_GROUP, TargetRole="READ_WRITE")
            },
            **alarms.below(100),
            periods=5,
            datapoints=5,
            missing="breaching",
        ),
        alarms.Alarm(
            name="connections",
            description=f"The pool has opened more than {limits.connections_pct:g} % of the connections that it may, "
            "for 5 minutes. Look for long transactions and pinned sessions; then a larger class.",
            metrics={
                "used": metric("DatabaseConnections", "Sum"),
                "allowed": metric("MaxDatabaseConnectionsAllowed", "Sum"),
            },
            # Before the first connection there is nothing that is allowed either.
            expression="IF(allowed > 0, 100 * used / allowed, 0)",
            **alarms.above(limits.connections_pct),
            periods=5,
            datapoints=5,
            missing="notBreaching",
        ),
        alarms.Alarm(
            name="pinned",
            description="More than half of the pool's connections were kept by one client each for 15 minutes, so that "
            "others cannot share them. The proxy's log says why.",
            metrics={
                "pinned": metric("DatabaseConnectionsCurrentlySessionPinned", "Sum"),
                "allowed": metric("MaxDatabaseConnectionsAllowed", "Sum"),
            },
            expression="IF(allowed > 0, 100 * pinned / allowed, 0)",
            **alarms.above(50),
            periods=15,
            datapoints=15,
            missing="notBreaching",
        ),
    ]
