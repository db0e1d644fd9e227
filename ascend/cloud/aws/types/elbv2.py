"""Elastic Load Balancing v2: application load balancers and their target groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging
from ascend.cloud.aws.api import ApiError
from ascend.cloud.aws.attributes import Attributes
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure, ProviderError
from ascend.cloud.values import UNKNOWN

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

#: The attributes of an application load balancer. Those of other kinds of load balancer are not sent, as by the
#: provider (load_balancer.go, loadBalancerAttributes).
_BALANCER = Attributes(
    text={
        "desyncMitigationMode": "routing.http.desync_mitigation_mode",
        "xffHeaderProcessingMode": "routing.http.xff_header_processing.mode",
    },
    numbers={
        "clientKeepAlive": "client_keep_alive.seconds",
        "idleTimeout": "idle_timeout.timeout_seconds",
    },
    booleans={
        "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
        "enableDeletionProtection": "deletion_protection.enabled",
        "enableHttp2": "routing.http2.enabled",
        "enableTlsVersionAndCipherSuiteHeaders": "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
        "enableWafFailOpen": "waf.fail_open.enabled",
        "enableXffClientPort": "routing.http.xff_client_port.enabled",
        "enableZonalShift": "zonal_shift.config.enabled",
        "preserveHostHeader": "routing.http.preserve_host_header.enabled",
    },
)
#: Which logs go to S3: property and the beginning of its attributes.
_LOGS = {
    "accessLogs": "access_logs.s3",
    "connectionLogs": "connection_logs.s3",
    "healthCheckLogs": "health_check_logs.s3",
}
_GROUP = Attributes(
    text={
        "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
        "loadBalancingAnomalyMitigation": "load_balancing.algorithm.anomaly_mitigation",
        "loadBalancingCrossZoneEnabled": "load_balancing.cross_zone.enabled",
    },
    numbers={
        "deregistrationDelay": "deregistration_delay.timeout_seconds",
        "slowStart": "slow_start.duration_seconds",
    },
)
_HEALTH = {
    "enabled": "HealthCheckEnabled",
    "healthyThreshold": "HealthyThresholdCount",
    "interval": "HealthCheckIntervalSeconds",
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
    "timeout": "HealthCheckTimeoutSeconds",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}
_MINIMUM = {
    "minimumHealthyTargetsCount": "minimum_healthy_targets.count",
    "minimumHealthyTargetsPercentage": "minimum_healthy_targets.percentage",
}
_GROUP_HEALTH = {
    "dnsFailover": "target_group_health.dns_failover",
    "unhealthyStateRouting": "target_group_health.unhealthy_state_routing",
}


def given(inputs: Props, name: str) -> bool:
    """Whether the program says something, be it not known yet."""
    value = inputs.get(name)
    return value is UNKNOWN or bool(value)


def suffix(arn: str, kind: str) -> str:
    """What CloudWatch's dimensions call the object: ``app/<name>/<id>``, ``targetgroup/<name>/<id>``."""
    tail = arn.rpartition(f":{kind}/")[2]
    return tail if kind == "loadbalancer" else f"{kind}/{tail}"


def pairs(attributes: dict[str, str]) -> list[dict[str, str]]:
    """Attributes as the API takes them."""
    return [{"Key": key, "Value": value} for key, value in sorted(attributes.items())]


def from_pairs(answer: dict[str, Any]) -> dict[str, str]:
    """Attributes as the API answers them."""
    return {row["Key"]: str(row["Value"]) for row in answer["Attributes"]}


class LoadBalancer(ResourceType):
    """An application load balancer."""

    pulumi_type = "aws:lb/loadBalancer:LoadBalancer"
    service = "elbv2"
    cfn = "AWS::ElasticLoadBalancingV2::LoadBalancer"
    cfn_rename: ClassVar = {"loadBalancerType": "Type"}
    kind = "load-balancer"
    read_op, read_param, read_path = "DescribeLoadBalancers", "LoadBalancerArns[]", "LoadBalancers[0]"
    delete_op, delete_param = "DeleteLoadBalancer", "LoadBalancerArn"
    gone = ("LoadBalancerNotFound",)
    tags = tagging.ELB
    rename: ClassVar = {"name": "LoadBalancerName", "arn": "LoadBalancerArn", "zoneId": "CanonicalHostedZoneId"}
    #: Real properties that nothing behind the embedded cloud takes; `subnets` says what `subnetMappings` would.
    unsupported: ClassVar = ("customerOwnedIpv4Pool", "ipamPools", "minimumLoadBalancerCapacity", "subnetMappings")

    def check(self, inputs: Props, region: str) -> list[Failure]:  # noqa: ARG002 -- a hook
        """Only application load balancers; a subnet is named once; logs cannot go to a prefix that AWS itself adds."""
        failures = [Failure(name, "is not emulated") for name in self.unsupported if given(inputs, name)]
        kind = inputs.get("loadBalancerType")
        if kind in {"network", "gateway"}:
            failures.append(Failure("loadBalancerType", f"{kind} load balancers are not emulated; application is"))
        for name in _LOGS:
            logs = inputs.get(name)
            prefix = logs.get("prefix") if isinstance(logs, dict) else None
            if isinstance(prefix, str) and ("AWSLogs" in prefix or prefix.startswith("/") or prefix.endswith("/")):
                reason = f'"{prefix}" must not contain AWSLogs and neither begin nor end with a slash'
                failures.append(Failure(f"{name}.prefix", reason))
        return failures

    def create(self, api: Api, inputs: Props) -> str:
        """Create it, then set its attributes; the provider refuses a name that is taken."""
        if _named(api, inputs["name"]):
            raise ProviderError(f"{api.where}: ELBv2 Load Balancer ({inputs['name']}) already exists")
        params: dict[str, Any] = {
            "Name": inputs["name"],
            "Type": inputs["loadBalancerType"],
            "Scheme": "internal" if inputs.get("internal") else "internet-facing",
            "SecurityGroups": inputs.get("securityGroups"),
            "Subnets": inputs.get("subnets"),
            "IpAddressType": inputs.get("ipAddressType"),
        }
        given = {name: value for name, value in params.items() if value}
        answer = api.call("CreateLoadBalancer", **given, **self.tag_params(inputs))
        api.created_id = str(answer["LoadBalancers"][0]["LoadBalancerArn"])
        self._set(api, api.created_id, {**dict.fromkeys(_LOGS), **inputs})
        return api.created_id

    @staticmethod
    def _set(api: Api, arn: str, props: Props) -> None:
        attributes = _BALANCER.encode(props)
        for name, prefix in _LOGS.items():
            if name in props:
                attributes.update(_log_attributes(prefix, props[name]))
        if attributes:
            api.call("ModifyLoadBalancerAttributes", LoadBalancerArn=arn, Attributes=pairs(attributes))

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """The description and the attributes."""
        zones = found["AvailabilityZones"]
        attributes = from_pairs(api.call("DescribeLoadBalancerAttributes", LoadBalancerArn=object_id))
        props = super().outputs(api, object_id, {**inputs, "arn": object_id}, found)
        props.update(_BALANCER.decode(attributes))
        props.update(
            {
                "internal": found["Scheme"] == "internal",
                "loadBalancerType": found["Type"],
                "arnSuffix": suffix(object_id, "loadbalancer"),
                "subnets": [zone["SubnetId"] for zone in zones],
                "subnetMappings": [{"subnetId": zone["SubnetId"]} for zone in zones],
            }
        )
        for name, prefix in _LOGS.items():
            enabled = attributes.get(f"{prefix}.enabled") == "true"
            if enabled or inputs.get(name):
                props[name] = {
                    "bucket": attributes.get(f"{prefix}.bucket", "") or (inputs.get(name) or {}).get("bucket", ""),
                    "prefix": attributes.get(f"{prefix}.prefix", ""),
                    "enabled": enabled,
                }
        return props

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """Attributes, security groups, subnets and the kind of addresses each have a call of their own."""
        self._set(api, object_id, {name: news.get(name) for name in changed})
        if "securityGroups" in changed:
            groups = news.get("securityGroups") or []
            api.call("SetSecurityGroups", LoadBalancerArn=object_id, SecurityGroups=groups)
        if "subnets" in changed:
            api.call("SetSubnets", LoadBalancerArn=object_id, Subnets=news["subnets"])
        if "ipAddressType" in changed:
            api.call("SetIpAddressType", LoadBalancerArn=object_id, IpAddressType=news["ipAddressType"])


def _named(api: Api, name: str) -> bool:
    try:
        return bool(api.call("DescribeLoadBalancers", Names=[name])["LoadBalancers"])
    except ApiError as error:
        if error.code in LoadBalancer.gone:
            return False
        raise


def _log_attributes(prefix: str, logs: Props | None) -> dict[str, str]:
    """Where no logs are wanted nothing but that is said (load_balancer.go)."""
    if not logs or not logs.get("enabled"):
        return {f"{prefix}.enabled": "false"}
    return {
        f"{prefix}.enabled": "true",
        f"{prefix}.bucket": logs["bucket"],
        f"{prefix}.prefix": logs.get("prefix") or "",
    }


class TargetGroup(ResourceType):
    """Where a load balancer sends requests."""

    pulumi_type = "aws:lb/targetGroup:TargetGroup"
    service = "elbv2"
    cfn = "AWS::ElasticLoadBalancingV2::TargetGroup"
    kind = "target-group"
    read_op, read_param, read_path = "DescribeTargetGroups", "TargetGroupArns[]", "TargetGroups[0]"
    delete_op, delete_param = "DeleteTargetGroup", "TargetGroupArn"
    gone = ("TargetGroupNotFound",)
    tags = tagging.ELB
    rename: ClassVar = {"name": "TargetGroupName", "arn": "TargetGroupArn"}
    #: What the create operation takes as it is.
    plain: ClassVar = {
        "name": "Name",
        "port": "Port",
        "protocol": "Protocol",
        "protocolVersion": "ProtocolVersion",
        "targetType": "TargetType",
        "vpcId": "VpcId",
        "ipAddressType": "IpAddressType",
    }
    #: For network and gateway load balancers, and Lambda functions.
    unsupported: ClassVar = (
        "connectionTermination",
        "lambdaMultiValueHeadersEnabled",
        "preserveClientIp",
        "proxyProtocolV2",
        "targetControlPort",
        "targetFailovers",
        "targetHealthStates",
    )

    def check(self, inputs: Props, region: str) -> list[Failure]:  # noqa: ARG002 -- a hook
        """Groups of application load balancers, and a health check that ends before the next one begins."""
        failures = [
            Failure(name, "is for other load balancers than application ones, which are not emulated")
            for name in self.unsupported
            if given(inputs, name)
        ]
        if inputs.get("targetType") in {"lambda", "alb"}:
            failures.append(Failure("targetType", "is not emulated; ip and instance are"))
        elif inputs.get("protocol") in {"TCP", "TLS", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC"}:
            failures.append(Failure("protocol", "is for network load balancers, which are not emulated"))
        health = inputs.get("healthCheck")
        if isinstance(health, dict):
            # Left out, AWS takes 5 s (HTTP and HTTPS).
            timeout, interval = health.get("timeout", 5), health.get("interval", 30)
            if isinstance(timeout, int) and isinstance(interval, int) and timeout >= interval:
                reason = f"{timeout} s is not less than the interval, {interval} s"
                failures.append(Failure("healthCheck.timeout", reason))
            failures += _judge_matcher(health, inputs.get("protocolVersion"))
        return failures

    def create(self, api: Api, inputs: Props) -> str:
        """Create it, then set its attributes."""
        params = {parameter: inputs[name] for name, parameter in self.plain.items() if inputs.get(name) is not None}
        params.update(_health_params(inputs))
        answer = api.call("CreateTargetGroup", **params, **self.tag_params(inputs))
        api.created_id = str(answer["TargetGroups"][0]["TargetGroupArn"])
        self._set(api, api.created_id, inputs)
        return api.created_id

    @staticmethod
    def _set(api: Api, arn: str, props: Props) -> None:
        attributes = {key: value for key, value in _GROUP.encode(props).items() if value}
        stickiness = props.get("stickiness")
        if stickiness:
            attributes.update(_sticky(stickiness))
        elif "stickiness" in props:
            attributes["stickiness.enabled"] = "false"
        for name, prefix in _GROUP_HEALTH.items():
            block = (props.get("targetGroupHealth") or {}).get(name) or {}
            attributes.update({f"{prefix}.{key}": str(block[one]) for one, key in _MINIMUM.items() if one in block})
        if attributes:
            api.call("ModifyTargetGroupAttributes", TargetGroupArn=arn, Attributes=pairs(attributes))

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """The description, the health check and the attributes."""
        attributes = from_pairs(api.call("DescribeTargetGroupAttributes", TargetGroupArn=object_id))
        props = super().outputs(api, object_id, {**inputs, "arn": object_id}, found)
        health: Props = {name: found[member] for name, member in _HEALTH.items() if found.get(member) is not None}
        matcher = found.get("Matcher") or {}
        codes = matcher.get("GrpcCode") or matcher.get("HttpCode")
        if codes:
            health["matcher"] = codes
        props.update(_GROUP.decode(attributes))
        props["arnSuffix"] = suffix(object_id, "targetgroup")
        props["healthCheck"] = health
        props["loadBalancerArns"] = sorted(found.get("LoadBalancerArns", []))
        props["stickiness"] = _stuck(attributes)
        props["targetGroupHealth"] = {
            name: {one: _minimum(name, one, attributes[f"{prefix}.{key}"]) for one, key in _MINIMUM.items()}
            for name, prefix in _GROUP_HEALTH.items()
        }
        return props

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """The health check, then the attributes."""
        if "healthCheck" in changed and news.get("healthCheck"):
            api.call("ModifyTargetGroup", TargetGroupArn=object_id, **_health_params(news))
        self._set(api, object_id, {name: news.get(name) for name in changed})


def _judge_matcher(health: Props, version: Any) -> list[Failure]:
    """Codes and ranges of codes: 200 to 499 for HTTP, 0 to 99 for gRPC (CreateTargetGroup, Matcher)."""
    matcher = health.get("matcher")
    if not isinstance(matcher, str) or version is UNKNOWN:
        return []
    low, high = (0, 99) if version == "GRPC" else (200, 499)
    codes = [code for part in matcher.split(",") for code in part.split("-")]
    if all(code.strip().isdigit() and low <= int(code) <= high for code in codes):
        return []
    reason = f'"{matcher}" must be codes or ranges of codes from {low} to {high}, like 200,202 or 200-299'
    return [Failure("healthCheck.matcher", reason)]


def _health_params(inputs: Props) -> dict[str, Any]:
    health = inputs.get("healthCheck") or {}
    params = {parameter: health[name] for name, parameter in _HEALTH.items() if health.get(name) is not None}
    if "HealthCheckProtocol" in params:
        params["HealthCheckProtocol"] = params["HealthCheckProtocol"].upper()
    if health.get("matcher"):
        grpc = str(inputs.get("protocolVersion", "")).upper() == "GRPC"
        params["Matcher"] = {"GrpcCode" if grpc else "HttpCode": health["matcher"]}
    return params


def _sticky(block: Props) -> dict[str, str]:
    kind = block["type"]
    attributes = {"stickiness.enabled": "true" if block.get("enabled", True) else "false", "stickiness.type": kind}
    if "cookieDuration" in block:
        attributes[f"stickiness.{kind}.duration_seconds"] = str(int(block["cookieDuration"]))
    if kind == "app_cookie":
        attributes["stickiness.app_cookie.cookie_name"] = block["cookieName"]
    return attributes


def _stuck(attributes: dict[str, str]) -> Props:
    kind = attributes["stickiness.type"]
    props: Props = {"enabled": attributes["stickiness.enabled"] == "true", "type": kind}
    props["cookieDuration"] = int(attributes[f"stickiness.{kind}.duration_seconds"])
    if kind == "app_cookie":
        props["cookieName"] = attributes["stickiness.app_cookie.cookie_name"]
    return props


def _minimum(block: str, name: str, value: str) -> Any:
    number = block == "unhealthyStateRouting" and name == "minimumHealthyTargetsCount"
    return int(value) if number else value


TYPES = (LoadBalancer(), TargetGroup())
