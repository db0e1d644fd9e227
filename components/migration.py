"""The way in: a PostgreSQL database elsewhere is copied into the stack's own, and followed until the switch-over."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_aws import dms, ec2, iam

from components import alarms, facts, policy
from components.base import Component, Scope, physical
from components.errors import ComponentError
from components.logs import log_group
from components.migration_alarms import migration_alarms
from components.secrets import passing_secret
from components.security_rules import ANYWHERE, HTTPS, connect, outward


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationEnd:
    """One of the two databases.

    Attributes:
        host: its host name, of a direct connection: a pooler passes no replication on.
        port: its port.
        database: the database's name.
        username: who reads or writes it; in the source a user with the REPLICATION attribute.
        password: that user's password.
    """

    host: pulumi.Input[str]
    port: int
    database: str
    username: str
    password: pulumi.Input[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationArgs:
    """What `Migration` needs.

    Attributes:
        scope: where it belongs.
        vpc_id: the network.
        subnet_ids: subnets in at least two zones with a way to the internet.
        public_address: whether that way takes a public address of its own; where there is NAT it does not.
        key_arn: the key that encrypts everything.
        topic_arn: the topic of its alarms.
        source: the database that is left.
        target: the stack's database, by its own address.
        target_group_id: its security group.
        tables: what is copied: ``schema.table``, or ``schema.*`` for a whole schema.
        instance_class: class of the machine that copies (``dms.t3.medium``).
        storage_gib: its storage, for logs and for changes that wait, in GiB.
        started: whether it copies; before, it waits for the schema to be in place.
        lag_s: seconds that the copy is behind before somebody hears of it.
    """

    scope: Scope
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    public_address: bool
    key_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    source: MigrationEnd
    target: MigrationEnd
    target_group_id: pulumi.Input[str]
    tables: Sequence[str]
    instance_class: str
    storage_gib: int
    started: bool
    lag_s: int = field(default=60)

    def __post_init__(self) -> None:
        """Refuse what DMS refuses or would copy wrongly.

        Raises:
            ComponentError: naming the value and what is allowed.
        """
        known = facts.load("migration")
        if self.instance_class not in known["classes"]:
            msg = f"migration class '{self.instance_class}'; allowed: {', '.join(known['classes'])}"
            raise ComponentError(msg)
        least, most = known["storage_gib"]
        if not least <= self.storage_gib <= most:
            msg = f"migration storage of {self.storage_gib} GiB; allowed: {least} to {most}"
            raise ComponentError(msg)
        if not self.tables:
            msg = "a migration of no tables; allowed: 'schema.table' and 'schema.*'"
            raise ComponentError(msg)
        for table in self.tables:
            if table.count(".") != 1 or not all(table.split(".")):
                msg = f"migration of '{table}'; allowed: 'schema.table' and 'schema.*'"
                raise ComponentError(msg)


class Migration(Component):
    """Full load, then every change, by the Database Migration Service.

    It is scaffolding: nothing of it is protected, and it goes as it came, without touching either database. Passwords
    are read from Secrets Manager by a role and are in no endpoint. The account's roles ``dms-vpc-role`` and
    ``dms-cloudwatch-logs-role`` have to be there: their names are fixed and all stacks of an account share them, so
    none may own them (``docs/runbooks/leaving-supabase.md``).

    The target needs no logical replication. It is written to as a replica is, so that foreign keys and triggers do not
    act on rows that come in the order of tables; rows that they would have made are copied themselves.

    Attributes:
        task_arn: ARN of the replication task.
        instance_arn: ARN of the replication instance.
    """

    tag = "migration"

    def __init__(self, name: str, args: MigrationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        self._args, self._id = args, physical(name)
        secrets = {side: self._secret(side, end) for side, end in (("source", args.source), ("target", args.target))}
        role_arn = self._role(list(secrets.values()))
        group = self._security_group()
        instance = self._instance(group)
        source = self._endpoint(
            "source",
            args.source.database,
            secrets["source"],
            role_arn,
            dms.EndpointPostgresSettingsArgs(
                # Every PostgreSQL has it; the default, pglogical, has to be installed by a superuser.
                plugin_name="test-decoding",
                # Following the schema as well takes a superuser's event trigger.
                capture_ddls=False,
                # An idle table's slot would hold back the source's log until its disk is full.
                heartbeat_enable=True,
                heartbeat_schema="public",
                map_boolean_as_boolean=True,
                fail_tasks_on_lob_truncation=True,
            ),
        )
        target = self._endpoint(
            "target",
            args.target.database,
            secrets["target"],
            role_arn,
            dms.EndpointPostgresSettingsArgs(
                after_connect_script="SET session_replication_role = 'replica'",
                map_boolean_as_boolean=True,
            ),
        )
        task = dms.ReplicationTask(
            self.child("task"),
            replication_task_id=self._id,
            migration_type="full-load-and-cdc",
            replication_instance_arn=instance.replication_instance_arn,
            source_endpoint_arn=source.endpoint_arn,
            target_endpoint_arn=target.endpoint_arn,
            table_mappings=json.dumps({"rules": table_rules(args.tables)}, sort_keys=True),
            replication_task_settings=json.dumps(facts.load("migration")["task_settings"], sort_keys=True),
            start_replication_task=args.started,
            region=args.scope.region,
            tags=self.tags(),
            opts=self.child_options(),
        )
        alarms.declare(
            self,
            migration_alarms(
                instance.replication_instance_id,
                # Metrics know a task by the last part of its ARN, not by its name.
                task.replication_task_arn.apply(lambda arn: arn.rpartition(":")[2]),
                lag_s=args.lag_s,
                storage_gib=args.storage_gib,
            ),
            args.topic_arn,
        )
        self.task_arn = task.replication_task_arn
        self.instance_arn = instance.replication_instance_arn
        self.register_outputs({"taskArn": self.task_arn, "instanceArn": self.instance_arn})

    def _secret(self, side: str, end: MigrationEnd) -> pulumi.Output[str]:
        """A database's address and password; services have the stack's own from another secret, maybe a pool's."""
        return passing_secret(
            self,
            side,
            f"The {side} of the migration into {self.scope.system}, stack {self.scope.stack}",
            self._args.key_arn,
            {"host": end.host, "port": end.port, "username": end.username, "password": end.password},
        )

    def _role(self, secret_arns: Sequence[pulumi.Input[str]]) -> pulumi.Output[str]:
        """Who reads the passwords: https://docs.aws.amazon.com/dms/latest/userguide/security_iam_secretsmanager.html."""
        region, account = self.scope.region, self.scope.account_id
        role = iam.Role(
            self.child("role"),
            description="Reads the passwords of both databases",
            assume_role_policy=policy.trust(
                f"dms.{region}.amazonaws.com", account, pulumi.Output.concat("arn:aws:dms:", region, ":", account, ":*")
            ),
            tags=self.tags(),
            opts=self.child_options(),
        )
        read = iam.RolePolicy(
            self.child("role"),
            role=role.name,
            policy=policy.document(
                policy.allow(
                    "Read", ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"], list(secret_arns)
                ),
                policy.allow(
                    "Decrypt",
                    ["kms:Decrypt", "kms:DescribeKey"],
                    self._args.key_arn,
                    conditions={"StringEquals": {"kms:ViaService": f"secretsmanager.{region}.amazonaws.com"}},
                ),
            ),
            opts=self.child_options(),
        )
        return pulumi.Output.all(role.arn, read.id).apply(lambda known: str(known[0]))

    def _security_group(self) -> ec2.SecurityGroup:
        """Out: to both databases and, for the passwords, to AWS. In: nothing."""
        args, region = self._args, self.scope.region
        group = ec2.SecurityGroup(
            self.child("group"),
            description="Copies a database: only to the two databases and to AWS",
            vpc_id=args.vpc_id,
            region=region,
            tags=self.tags(self.child("group")),
            opts=self.child_options(),
        )
        outward(self, "to-https", group.id, port=HTTPS, description="Secrets and logs", cidr=ANYWHERE)
        port = args.source.port
        # A source on 443 would be the same rule twice, which EC2 refuses.
        if port != HTTPS:
            outward(self, "to-source", group.id, port=port, description="The database that is left", cidr=ANYWHERE)
        connect(
            self,
            "to-target",
            group.id,
            args.target_group_id,
            port=args.target.port,
            description="The stack's database",
            inward_description="The migration",
        )
        return group

    def _instance(self, group: ec2.SecurityGroup) -> dms.ReplicationInstance:
        args, region = self._args, self.scope.region
        # DMS would make it itself, without key and retention. Nobody looks into it once the scaffolding is down.
        logs = log_group(self, "log", f"dms-tasks-{self._id}", args.key_arn, protect=False)
        subnets = dms.ReplicationSubnetGroup(
            self.child("subnets"),
            replication_subnet_group_id=self._id,
            replication_subnet_group_description="Where the migration runs",
            subnet_ids=args.subnet_ids,
            region=region,
            tags=self.tags(),
            opts=self.child_options(),
        )
        return dms.ReplicationInstance(
            self.child("instance"),
            replication_instance_id=self._id,
            replication_instance_class=args.instance_class,
            allocated_storage=args.storage_gib,
            multi_az=False,
            publicly_accessible=args.public_address,
            kms_key_arn=args.key_arn,
            replication_subnet_group_id=subnets.replication_subnet_group_id,
            vpc_security_group_ids=[group.id],
            # Never by itself: a restart in the middle of a full load begins it again.
            auto_minor_version_upgrade=False,
            apply_immediately=True,
            region=region,
            tags=self.tags(),
            opts=self.child_options(depends_on=[logs]),
        )

    def _endpoint(
        self,
        side: str,
        database: str,
        secret_arn: pulumi.Input[str],
        role_arn: pulumi.Input[str],
        settings: dms.EndpointPostgresSettingsArgs,
    ) -> dms.Endpoint:
        return dms.Endpoint(
            self.child(side),
            endpoint_id=f"{self._id}-{side}",
            endpoint_type=side,
            engine_name="postgres",
            database_name=database,
            secrets_manager_arn=secret_arn,
            secrets_manager_access_role_arn=role_arn,
            ssl_mode="require",
            kms_key_arn=self._args.key_arn,
            postgres_settings=settings,
            region=self.scope.region,
            tags=self.tags(),
            opts=self.child_options(),
        )


def table_rules(tables: Sequence[str]) -> list[dict[str, Any]]:
    """The task's selection rules, as the DMS user guide has them under "Selection rules and actions"."""
    rules = []
    for number, table in enumerate(tables, start=1):
        schema, _, name = table.partition(".")
        rules.append(
            {
                "rule-type": "selection",
                "rule-id": str(number),
                "rule-name": table.replace("*", "all"),
                "object-locator": {"schema-name": schema, "table-name": "%" if name == "*" else name},
                "rule-action": "include",
            }
        )
    return rules
