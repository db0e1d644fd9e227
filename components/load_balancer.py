"""How requests come in where an HTTP API no longer does: an application load balancer in front of the services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2, lb, s3

from components import alarms, facts, policy
from components.base import Component, Scope
from components.bucket import private_bucket
from components.errors import ComponentError
from components.load_balancer_alarms import watch
from components.logs import RETENTION_DAYS
from components.paths import path_patterns, priorities
from components.security_rules import connect, inward
from components.thresholds import IngressThresholds
from components.trust import trusted_authority

_HTTP, _HTTPS = 80, 443
#: Room for the ranges that Cloudflare may add. A security group counts all of it against its 60 rules, for each port.
_MAX_RANGES = 25
#: A task that loads for so long is not taken for ill. As long as the check of its container waits, which is the quicker
#: one of a task that has been well: ECS replaces it after 30 s.
_HEALTH_INTERVAL_S, _HEALTH_FAILURES = 10, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancedTarget:
    """One service behind the load balancer.

    Attributes:
        path: paths it answers: ``/api/*``, or ``/*`` for all the rest.
        port: TCP port it listens on.
        health_path: HTTP path that answers 2xx while it works.
        drain_s: seconds that a task which is to stop may take to finish its requests.
    """

    path: str
    port: int
    health_path: str
    drain_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancerArgs:
    """What `LoadBalancer` needs.

    Attributes:
        scope: where it belongs.
        vpc_id: the network.
        subnet_ids: its subnets, one in each zone: public ones with a certificate, private ones without.
        front_security_group_id: the group that services accept connections from.
        topic_arn: the topic of its alarms.
        thresholds: where alarms go off.
        targets: the services behind it, by name.
        idle_timeout_s: seconds that a connection may be silent; at least what the longest request takes.
        deletion_protection: whether AWS refuses to delete it.
        certificate_arn: an issued certificate for the domain: Cloudflare, and nobody else, is answered over HTTPS. None
            for plain HTTP to what is in the front group, inside the network.
    """

    scope: Scope
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    front_security_group_id: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    thresholds: IngressThresholds
    targets: Mapping[str, BalancedTarget]
    idle_timeout_s: int
    deletion_protection: bool
    certificate_arn: pulumi.Input[str] | None = None

    def __post_init__(self) -> None:
        """Refuse what a load balancer cannot do.

        Raises:
            ComponentError: naming the value and what is allowed.
        """
        limits = facts.load("load_balancer")
        if not self.targets:
            msg = "load balancer without a public service; give one of them a public path"
            raise ComponentError(msg)
        if not 0 < self.idle_timeout_s <= limits["max_idle_timeout_s"]:
            msg = (
                f"load balancer that waits {self.idle_timeout_s} s; allowed: 1 to {limits['max_idle_timeout_s']} "
                "seconds of silence"
            )
            raise ComponentError(msg)
        for name, target in self.targets.items():
            if not 0 <= target.drain_s <= limits["max_drain_s"]:
                msg = f"service '{name}' drains for {target.drain_s} s; allowed: 0 to {limits['max_drain_s']}"
                raise ComponentError(msg)
        paths = [target.path for target in self.targets.values()]
        twice = next((path for path in paths if paths.count(path) > 1), None)
        if twice is not None:
            msg = f"path '{twice}' leads to two services behind the load balancer; it can lead to one"
            raise ComponentError(msg)
        priorities(paths)


class LoadBalancer(Component):
    """An application load balancer, its listeners, and a target group and a rule for each service.

    With a certificate it is public and answers Cloudflare alone: its security group is open to Cloudflare's addresses,
    and its listener takes only connections that show the client certificate of Cloudflare's origin pulls. (Whoever must
    exclude other customers of Cloudflare gives their zone an authority of its own, see `components.origin`.) Without
    one it is inside the network, for what stands in front of it there.

    It is a member of the front group, which services accept connections from, and of one of its own, which says who may
    connect to it.

    Attributes:
        arn: ARN of the load balancer.
        host: its host name, known when its listener answers.
        dimension: what CloudWatch calls it.
        listener_arn: the listener that leads to the services.
        target_group_arns: target group of each service, known when requests can reach it: a service refuses one that
            no load balancer leads to.
    """

    tag = "load-balancer"

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts, {"public": args.certificate_arn is not None})
        self._args = args
        group = ec2.SecurityGroup(
            self.child("group"),
            description=f"Who may connect to {name}",
            vpc_id=args.vpc_id,
            region=args.scope.region,
            tags=self.tags(self.child("group")),
            opts=self.child_options(),
        )
        rules = self._open_to_front(group) if args.certificate_arn is None else self._open_to_cloudflare(group)
        self._balancer = self._make_balancer(group, rules)
        listener = self._inside() if args.certificate_arn is None else self._outside(args.certificate_arn)
        groups = {key: self._target_group(key, target) for key, target in args.targets.items()}
        order = priorities(target.path for target in args.targets.values())
        leads = {
            key: self._lead(key, target.path, order[target.path], listener, groups[key])
            for key, target in args.targets.items()
        }
        alarms.declare(self, watch(self._balancer, groups, args.thresholds), args.topic_arn)
        self.arn = self._balancer.arn
        self.dimension = self._balancer.arn_suffix
        self.listener_arn = listener.arn
        self.host = pulumi.Output.all(self._balancer.dns_name, listener.arn).apply(lambda known: str(known[0]))
        self.target_group_arns = {
            key: pulumi.Output.all(group.arn, leads[key].arn).apply(lambda known: str(known[0]))
            for key, group in groups.items()
        }
        self.register_outputs({"arn": self.arn, "host": self.host, "listenerArn": self.listener_arn})

    def _open_to_cloudflare(self, group: ec2.SecurityGroup) -> list[pulumi.Resource]:
        """In: from Cloudflare's addresses."""
        region = self.scope.region
        ranges = ec2.ManagedPrefixList(
            self.child("cloudflare"),
            name=self.child("cloudflare"),
            address_family="IPv4",
            max_entries=_MAX_RANGES,
            entries=[
                ec2.ManagedPrefixListEntryArgs(cidr=cidr, description="Cloudflare")
                for cidr in facts.load("cloudflare")["ranges"]
            ],
            region=region,
            tags=self.tags(),
            opts=self.child_options(),
        )
        return [
            inward(
                self,
                f"cloudflare-{kind}",
                group.id,
                port=port,
                description=f"Cloudflare, {kind}",
                prefix_list_id=ranges.id,
            )
            for kind, port in (("http", _HTTP), ("https", _HTTPS))
        ]

    def _open_to_front(self, group: ec2.SecurityGroup) -> list[pulumi.Resource]:
        """In: from the front group, which the way in through the HTTP API is a member of."""
        return connect(
            self,
            "from-front",
            self._args.front_security_group_id,
            group.id,
            port=_HTTP,
            description="To the load balancer",
            inward_description="From the HTTP API's link",
        )

    def _make_balancer(self, group: ec2.SecurityGroup, rules: list[pulumi.Resource]) -> lb.LoadBalancer:
        args = self._args
        logs, permission = self._access_log()
        return lb.LoadBalancer(
            self.child("balancer"),
            name_prefix=name_prefix(args.scope.system),
            load_balancer_type="application",
            internal=args.certificate_arn is None,
            ip_address_type="ipv4",
            subnets=args.subnet_ids,
            security_groups=[args.front_security_group_id, group.id],
            idle_timeout=args.idle_timeout_s,
            # A name with other signs in it is read in two ways by two programs, which is how requests are smuggled.
            drop_invalid_header_fields=True,
            desync_mitigation_mode="defensive",
            enable_deletion_protection=args.deletion_protection,
            access_logs=lb.LoadBalancerAccessLogsArgs(bucket=logs.bucket, enabled=True),
            region=args.scope.region,
            tags=self.tags(self.child("balancer")),
            # It is asked to write a first object when logs are switched on.
            opts=self.child_options(depends_on=[permission, *rules]),
        )

    def _access_log(self) -> tuple[s3.Bucket, pulumi.Resource]:
        """Where each request is noted. It goes with the load balancer: what it holds is kept for a while only."""
        account = self.scope.account_id
        made = private_bucket(
            self,
            "access",
            versions=False,
            force_destroy=True,
            grants=lambda arn: [
                policy.allow(
                    "AccessLog",
                    ["s3:PutObject"],
                    # The account's part of the path is what binds the service to this account.
                    pulumi.Output.concat(arn, "/AWSLogs/", account, "/*"),
                    service=facts.load("load_balancer")["log_service"],
                )
            ],
        )
        everything = s3.BucketLifecycleConfigurationRuleFilterArgs(prefix="")
        s3.BucketLifecycleConfiguration(
            self.child("access"),
            bucket=made.bucket.bucket,
            rules=[
                s3.BucketLifecycleConfigurationRuleArgs(
                    id="old",
                    status="Enabled",
                    filter=everything,
                    expiration=s3.BucketLifecycleConfigurationRuleExpirationArgs(days=RETENTION_DAYS),
                )
            ],
            region=self.scope.region,
            opts=self.child_options(depends_on=[made.versioning]),
        )
        return made.bucket, made.policy

    def _inside(self) -> lb.Listener:
        """Plain HTTP, inside the network."""
        return lb.Listener(
            self.child("http"),
            load_balancer_arn=self._balancer.arn,
            port=_HTTP,
            protocol="HTTP",
            default_actions=[_nothing_here()],
            region=self.scope.region,
            tags=self.tags(),
            opts=self.child_options(),
        )

    def _outside(self, certificate_arn: pulumi.Input[str]) -> lb.Listener:
        """HTTPS for whoever shows Cloudflare's certificate; plain requests are sent there."""
        region, trusted = self.scope.region, trusted_authority(self)
        store = lb.TrustStore(
            self.child("trust"),
            name_prefix=name_prefix(self.scope.system),
            ca_certificates_bundle_s3_bucket=trusted.bucket,
            ca_certificates_bundle_s3_key=trusted.key,
            # The text is read when the version changes, not when the object does.
            ca_certificates_bundle_s3_object_version=trusted.version_id,
            region=region,
            tags=self.tags(),
            opts=self.child_options(),
        )
        lb.Listener(
            self.child("redirect"),
            load_balancer_arn=self._balancer.arn,
            port=_HTTP,
            protocol="HTTP",
            default_actions=[
                lb.ListenerDefaultActionArgs(
                    type="redirect",
                    redirect=lb.ListenerDefaultActionRedirectArgs(
                        protocol="HTTPS", port=str(_HTTPS), status_code="HTTP_301"
                    ),
                )
            ],
            region=region,
            tags=self.tags(),
            opts=self.child_options(),
        )
        return lb.Listener(
            self.child("https"),
            load_balancer_arn=self._balancer.arn,
            port=_HTTPS,
            protocol="HTTPS",
            ssl_policy=facts.load("load_balancer")["tls_policy"],
            certificate_arn=certificate_arn,
            mutual_authentication=lb.ListenerMutualAuthenticationArgs(mode="verify", trust_store_arn=store.arn),
            default_actions=[_nothing_here()],
            region=region,
            tags=self.tags(),
            opts=self.child_options(),
        )

    def _target_group(self, key: str, target: BalancedTarget) -> lb.TargetGroup:
        return lb.TargetGroup(
            self.child(key),
            # A changed port replaces it, and both stand side by side until the service has moved: no fixed name.
            name_prefix=name_prefix(key),
            target_type="ip",
            protocol="HTTP",
            port=target.port,
            vpc_id=self._args.vpc_id,
            deregistration_delay=target.drain_s,
            # One task with three long requests is busier than another with ten short ones.
            load_balancing_algorithm_type="least_outstanding_requests",
            health_check=lb.TargetGroupHealthCheckArgs(
                enabled=True,
                protocol="HTTP",
                path=target.health_path,
                matcher="200-299",
                interval=_HEALTH_INTERVAL_S,
                timeout=5,
                healthy_threshold=2,
                unhealthy_threshold=_HEALTH_FAILURES,
            ),
            region=self.scope.region,
            tags=self.tags(self.child(key)),
            opts=self.child_options(),
        )

    def _lead(
        self, key: str, path: str, priority: int, listener: lb.Listener, group: lb.TargetGroup
    ) -> lb.ListenerRule:
        return lb.ListenerRule(
            self.child(key),
            listener_arn=listener.arn,
            priority=priority,
            conditions=[
                lb.ListenerRuleConditionArgs(
                    path_pattern=lb.ListenerRuleConditionPathPatternArgs(values=path_patterns(path))
                )
            ],
            actions=[lb.ListenerRuleActionArgs(type="forward", target_group_arn=group.arn)],
            region=self.scope.region,
            tags=self.tags(),
            opts=self.child_options(),
        )


def _nothing_here() -> lb.ListenerDefaultActionArgs:
    """What is answered where no service is."""
    return lb.ListenerDefaultActionArgs(
        type="fixed-response",
        fixed_response=lb.ListenerDefaultActionFixedResponseArgs(
            content_type="text/plain", message_body="Not found", status_code="404"
        ),
    )


def name_prefix(name: str) -> str:
    """What a name made by the provider begins with: as much of `name` as fits, and a hyphen."""
    return name[: facts.load("load_balancer")["max_name_prefix"] - 1].strip("-") + "-"
