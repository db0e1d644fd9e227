"""Good inputs and refusals of load balancers and what belongs to them; see `good_inputs` and `refusals`.

Sources of the refusals: for each rule of ``facts/lb.yaml`` and ``facts/ec2_prefix_lists.yaml`` the provider's file or
AWS's document that is named there; for the others the API reference of the operation that creates the type. What the
embedded cloud does not have is refused as well.
"""

from __future__ import annotations

from typing import Any

from tests.cloud.aws.balancing import BALANCER, GROUP, LISTENER, RULE, TRUST

LIST = "aws:ec2/managedPrefixList:ManagedPrefixList"
ELB = "arn:aws:elasticloadbalancing:eu-west-1:123456789012"
TARGETS = f"{ELB}:targetgroup/web/1"
STORE = f"{ELB}:truststore/origin/1"
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/c1"
FORWARD = {"type": "forward", "targetGroupArn": TARGETS}
TEXT = {"type": "fixed-response", "fixedResponse": {"contentType": "text/plain", "statusCode": "404"}}
LOGIN = {
    "type": "authenticate-cognito",
    "authenticateCognito": {"userPoolArn": "arn:aws:cognito", "userPoolClientId": "c", "userPoolDomain": "d"},
}
HEALTH = {"path": "/health", "interval": 15, "timeout": 5}
PLAIN = {"protocol": "HTTP", "certificateArn": None, "sslPolicy": None, "mutualAuthentication": None}


def redirect(**more: Any) -> dict[str, Any]:
    return {"type": "redirect", "redirect": {"statusCode": "HTTP_301", **more}}


def paths(*values: str) -> dict[str, Any]:
    return {"pathPattern": {"values": list(values)}}


GOOD: dict[str, dict[str, Any]] = {
    BALANCER: {
        "name": "floyo-web",
        "subnets": ["subnet-1", "subnet-2"],
        "securityGroups": ["sg-1"],
        "accessLogs": {"bucket": "logs", "prefix": "web", "enabled": True},
        "connectionLogs": {"bucket": "logs", "prefix": "connections", "enabled": True},
        "dropInvalidHeaderFields": True,
        "enableDeletionProtection": True,
        "idleTimeout": 120,
        "clientKeepAlive": 3600,
        "desyncMitigationMode": "defensive",
        "xffHeaderProcessingMode": "append",
    },
    GROUP: {
        "name": "floyo-web",
        "port": 8000,
        "protocol": "HTTP",
        "targetType": "ip",
        "vpcId": "vpc-1",
        "deregistrationDelay": 30,
        "slowStart": 30,
        "loadBalancingAlgorithmType": "round_robin",
        "healthCheck": {**HEALTH, "matcher": "200,202-299", "healthyThreshold": 2, "unhealthyThreshold": 3},
        "stickiness": {"type": "app_cookie", "cookieName": "session", "cookieDuration": 3600},
    },
    LISTENER: {
        "loadBalancerArn": f"{ELB}:loadbalancer/app/web/1",
        "port": 443,
        "protocol": "HTTPS",
        "certificateArn": CERTIFICATE,
        "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
        "mutualAuthentication": {"mode": "verify", "trustStoreArn": STORE, "ignoreClientCertificateExpiry": False},
        "defaultActions": [FORWARD],
    },
    RULE: {
        "listenerArn": f"{ELB}:listener/app/web/1/2",
        "priority": 10,
        "actions": [FORWARD],
        "conditions": [paths("/v1/*"), {"httpHeader": {"httpHeaderName": "X-Origin", "values": ["secret"]}}],
    },
    TRUST: {"name": "origin", "caCertificatesBundleS3Bucket": "trust", "caCertificatesBundleS3Key": "ca.pem"},
    LIST: {
        "name": "edge",
        "addressFamily": "IPv4",
        "maxEntries": 3,
        "entries": [{"cidr": "173.245.48.0/20", "description": "edge"}, {"cidr": "103.21.244.0/22"}],
    },
}

BAD: list[tuple[str, dict[str, Any], str]] = [
    (BALANCER, {"name": "a" * 33}, "name"),
    (BALANCER, {"name": "-web"}, "name"),
    (BALANCER, {"name": "web-"}, "name"),
    (BALANCER, {"name": "internal-web"}, "name"),
    (BALANCER, {"name": "web_1"}, "name"),
    (BALANCER, {"namePrefix": "web"}, "namePrefix"),
    (BALANCER, {"name": None, "namePrefix": "website"}, "namePrefix"),
    (BALANCER, {"subnets": ["subnet-1"]}, "subnets"),
    (BALANCER, {"subnets": ["subnet-1", "subnet-1"]}, "subnets"),
    (BALANCER, {"subnets": None}, "subnetMappings"),
    (BALANCER, {"subnetMappings": [{"subnetId": "subnet-1"}]}, "subnets"),
    (BALANCER, {"loadBalancerType": "network"}, "loadBalancerType"),
    (BALANCER, {"loadBalancerType": "classic"}, "loadBalancerType"),
    (BALANCER, {"idleTimeout": 4001}, "idleTimeout"),
    (BALANCER, {"idleTimeout": 0}, "idleTimeout"),
    (BALANCER, {"clientKeepAlive": 59}, "clientKeepAlive"),
    (BALANCER, {"desyncMitigationMode": "strict"}, "desyncMitigationMode"),
    (BALANCER, {"xffHeaderProcessingMode": "drop"}, "xffHeaderProcessingMode"),
    (BALANCER, {"ipAddressType": "ipv6"}, "ipAddressType"),
    (BALANCER, {"accessLogs": {"bucket": "logs", "prefix": "AWSLogs", "enabled": True}}, "accessLogs.prefix"),
    (BALANCER, {"accessLogs": {"bucket": "logs", "prefix": "web/", "enabled": True}}, "accessLogs.prefix"),
    (BALANCER, {"accessLogs": {"enabled": True}}, "accessLogs.bucket"),
    (BALANCER, {"minimumLoadBalancerCapacity": {"capacityUnits": 100}}, "minimumLoadBalancerCapacity"),
    (GROUP, {"name": "a" * 33}, "name"),
    (GROUP, {"name": "web_1"}, "name"),
    (GROUP, {"name": "web-"}, "name"),
    (GROUP, {"name": None, "namePrefix": "website"}, "namePrefix"),
    (GROUP, {"port": None}, "port"),
    (GROUP, {"vpcId": None}, "port"),
    (GROUP, {"port": 65536}, "port"),
    (GROUP, {"protocol": "TCP"}, "protocol"),
    (GROUP, {"protocol": "http"}, "protocol"),
    (GROUP, {"protocolVersion": "HTTP3"}, "protocolVersion"),
    (GROUP, {"targetType": "lambda"}, "targetType"),
    (GROUP, {"targetType": "task"}, "targetType"),
    (GROUP, {"deregistrationDelay": 3601}, "deregistrationDelay"),
    (GROUP, {"slowStart": 29}, "slowStart"),
    (GROUP, {"loadBalancingAlgorithmType": "least_outstanding_requests"}, "loadBalancingAlgorithmType"),
    (GROUP, {"loadBalancingAlgorithmType": "random"}, "loadBalancingAlgorithmType"),
    (GROUP, {"loadBalancingAnomalyMitigation": "on"}, "loadBalancingAlgorithmType"),
    (GROUP, {"healthCheck": {**HEALTH, "timeout": 15}}, "healthCheck.timeout"),
    (GROUP, {"healthCheck": {"interval": 5}}, "healthCheck.timeout"),
    (GROUP, {"healthCheck": {**HEALTH, "interval": 301}}, "healthCheck.interval"),
    (GROUP, {"healthCheck": {**HEALTH, "timeout": 1}}, "healthCheck.timeout"),
    (GROUP, {"healthCheck": {**HEALTH, "healthyThreshold": 1}}, "healthCheck.healthyThreshold"),
    (GROUP, {"healthCheck": {**HEALTH, "unhealthyThreshold": 11}}, "healthCheck.unhealthyThreshold"),
    (GROUP, {"healthCheck": {**HEALTH, "path": "health"}}, "healthCheck.path"),
    (GROUP, {"healthCheck": {**HEALTH, "port": "web"}}, "healthCheck.port"),
    (GROUP, {"healthCheck": {**HEALTH, "protocol": "TCP"}}, "healthCheck.protocol"),
    (GROUP, {"healthCheck": {**HEALTH, "matcher": "200-599"}}, "healthCheck.matcher"),
    (GROUP, {"healthCheck": {**HEALTH, "matcher": "ok"}}, "healthCheck.matcher"),
    (GROUP, {"protocolVersion": "GRPC", "healthCheck": {**HEALTH, "matcher": "200"}}, "healthCheck.matcher"),
    (GROUP, {"stickiness": {"type": "source_ip"}}, "stickiness.type"),
    (GROUP, {"stickiness": {"type": "app_cookie"}}, "stickiness"),
    (GROUP, {"stickiness": {"type": "app_cookie", "cookieName": "AWSALBAPP"}}, "stickiness.cookieName"),
    (GROUP, {"stickiness": {"type": "lb_cookie", "cookieDuration": 604801}}, "stickiness.cookieDuration"),
    (GROUP, {"proxyProtocolV2": True}, "proxyProtocolV2"),
    (LISTENER, {"certificateArn": None}, "certificateArn"),
    (LISTENER, {"port": None}, "port"),
    (LISTENER, {"port": 0}, "port"),
    (LISTENER, {"protocol": "TLS"}, "protocol"),
    (LISTENER, {"protocol": "WSS"}, "protocol"),
    (LISTENER, {"protocol": "HTTP"}, "sslPolicy"),
    (LISTENER, {"sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2022-06"}, "sslPolicy"),
    (LISTENER, {"certificateArn": CERTIFICATE.replace("eu-west-1", "us-east-1")}, "certificateArn"),
    (LISTENER, {"mutualAuthentication": {"mode": "verify"}}, "mutualAuthentication"),
    (LISTENER, {"mutualAuthentication": {"mode": "on"}}, "mutualAuthentication.mode"),
    (
        LISTENER,
        {"mutualAuthentication": {"mode": "passthrough", "trustStoreArn": STORE}},
        "mutualAuthentication",
    ),
    (
        LISTENER,
        {"mutualAuthentication": {"mode": "passthrough", "ignoreClientCertificateExpiry": True}},
        "mutualAuthentication.ignoreClientCertificateExpiry",
    ),
    (LISTENER, {"defaultActions": []}, "defaultActions"),
    (LISTENER, {"defaultActions": [FORWARD, TEXT]}, "defaultActions"),
    (LISTENER, {"defaultActions": [LOGIN]}, "defaultActions"),
    (LISTENER, {**PLAIN, "defaultActions": [LOGIN, FORWARD]}, "defaultActions[0].type"),
    (LISTENER, {"defaultActions": [{"type": "forward"}]}, "defaultActions[0]"),
    (LISTENER, {"defaultActions": [{"type": "redirect"}]}, "defaultActions[0]"),
    (LISTENER, {"defaultActions": [{"type": "proxy"}]}, "defaultActions[0].type"),
    (LISTENER, {"defaultActions": [{"type": "jwt-validation"}, FORWARD]}, "defaultActions[0].type"),
    (LISTENER, {"defaultActions": [redirect()]}, "defaultActions[0].redirect"),
    (LISTENER, {"defaultActions": [redirect(protocol="https")]}, "defaultActions[0].redirect.protocol"),
    (LISTENER, {"defaultActions": [redirect(port="https")]}, "defaultActions[0].redirect.port"),
    (LISTENER, {"defaultActions": [redirect(path="login")]}, "defaultActions[0].redirect.path"),
    (
        LISTENER,
        {"defaultActions": [redirect(port="443", statusCode="HTTP_308")]},
        "defaultActions[0].redirect.statusCode",
    ),
    (
        LISTENER,
        {"defaultActions": [{**TEXT, "fixedResponse": {"contentType": "text/xml"}}]},
        "defaultActions[0].fixedResponse.contentType",
    ),
    (
        LISTENER,
        {"defaultActions": [{**TEXT, "fixedResponse": {"contentType": "text/plain", "statusCode": "301"}}]},
        "defaultActions[0].fixedResponse.statusCode",
    ),
    (
        LISTENER,
        {"defaultActions": [{**TEXT, "fixedResponse": {"contentType": "text/plain", "messageBody": "a" * 1025}}]},
        "defaultActions[0].fixedResponse.messageBody",
    ),
    (
        LISTENER,
        {"defaultActions": [{"type": "forward", "forward": {"targetGroups": [{"arn": TARGETS, "weight": 1000}]}}]},
        "defaultActions[0].forward.targetGroups[0].weight",
    ),
    (
        LISTENER,
        {"defaultActions": [{"type": "forward", "forward": {"targetGroups": [{"arn": TARGETS}] * 6}}]},
        "defaultActions[0].forward.targetGroups",
    ),
    (
        LISTENER,
        {"defaultActions": [{**FORWARD, "forward": {"targetGroups": [{"arn": f"{TARGETS}2"}]}}]},
        "defaultActions[0].targetGroupArn",
    ),
    (LISTENER, {"alpnPolicy": "HTTP2Preferred"}, "alpnPolicy"),
    (RULE, {"priority": 0}, "priority"),
    (RULE, {"priority": 50001}, "priority"),
    (RULE, {"conditions": []}, "conditions"),
    (RULE, {"conditions": [{}]}, "conditions[0]"),
    (RULE, {"conditions": [{**paths("/a"), "sourceIp": {"values": ["10.0.0.0/8"]}}]}, "conditions[0]"),
    (RULE, {"conditions": [paths("/a"), paths("/b")]}, "conditions"),
    (RULE, {"conditions": [paths("/a", "/b", "/c"), {"hostHeader": {"values": ["a", "b", "c"]}}]}, "conditions"),
    (RULE, {"conditions": [paths("a" * 129)]}, "conditions[0].pathPattern.values[0]"),
    (RULE, {"conditions": [{"pathPattern": {}}]}, "conditions[0]"),
    (RULE, {"conditions": [{"hostHeader": {"values": ["a"], "regexValues": ["b"]}}]}, "conditions[0].hostHeader"),
    (
        RULE,
        {"conditions": [{"httpHeader": {"httpHeaderName": "X Origin", "values": ["a"]}}]},
        "conditions[0].httpHeader.httpHeaderName",
    ),
    (RULE, {"conditions": [{"httpRequestMethod": {"values": ["get"]}}]}, "conditions[0].httpRequestMethod.values[0]"),
    (RULE, {"conditions": [{"sourceIp": {"values": ["10.0.0.1"]}}]}, "conditions[0].sourceIp.values[0]"),
    (RULE, {"actions": [{"type": "forward"}]}, "actions[0]"),
    (RULE, {"actions": [redirect(host="a" * 129)]}, "actions[0].redirect.host"),
    (RULE, {"transforms": [{"type": "url-rewrite"}]}, "transforms"),
    (TRUST, {"name": "a" * 33}, "name"),
    (TRUST, {"name": "internal-origin"}, "name"),
    (TRUST, {"namePrefix": "origin"}, "namePrefix"),
    (TRUST, {"caCertificatesBundleS3Key": ""}, "caCertificatesBundleS3Key"),
    (TRUST, {"caCertificatesBundleS3Bucket": None}, "caCertificatesBundleS3Bucket"),
    (LIST, {"addressFamily": "ipv4"}, "addressFamily"),
    (LIST, {"addressFamily": "IPv6"}, "entries[0].cidr"),
    (LIST, {"maxEntries": 1}, "entries"),
    (LIST, {"maxEntries": 0}, "maxEntries"),
    (LIST, {"maxEntries": 1001}, "maxEntries"),
    (LIST, {"name": "com.amazonaws.edge"}, "name"),
    (LIST, {"name": "a" * 256}, "name"),
    (LIST, {"entries": [{"cidr": "10.0.0.1/8"}]}, "entries[0].cidr"),
    (LIST, {"entries": [{"cidr": "10.0.0.1"}]}, "entries[0].cidr"),
    (LIST, {"entries": [{"cidr": "10.0.0.0/8"}, {"cidr": "10.0.0.0/8"}]}, "entries[1].cidr"),
    (LIST, {"entries": [{"cidr": "10.0.0.0/8", "description": "a" * 256}]}, "entries[0].description"),
]

FINE: list[tuple[str, dict[str, Any]]] = [
    (BALANCER, {"name": None}),
    (BALANCER, {"accessLogs": None, "connectionLogs": None, "securityGroups": None}),
    (GROUP, {"slowStart": 0, "loadBalancingAlgorithmType": "weighted_random", "loadBalancingAnomalyMitigation": "on"}),
    (GROUP, {"protocolVersion": "GRPC", "healthCheck": {"path": "/grpc.health", "matcher": "0-5"}}),
    (GROUP, {"name": None, "stickiness": None, "healthCheck": None}),
    (LISTENER, {**PLAIN, "port": 80, "defaultActions": [redirect(protocol="HTTPS", port="443")]}),
    (LISTENER, {**PLAIN, "protocol": None, "port": 80}),
    (LISTENER, {"defaultActions": [LOGIN, FORWARD]}),
    (LISTENER, {"defaultActions": [{**FORWARD, "forward": {"targetGroups": [{"arn": TARGETS}]}}]}),
    (LISTENER, {"mutualAuthentication": {"mode": "passthrough"}}),
    (
        RULE,
        {
            "priority": None,
            "conditions": [{"queryStrings": [{"value": "beta"}]}, {"hostHeader": {"regexValues": ["^a"]}}],
        },
    ),
    (LIST, {"entries": None}),
    (LIST, {"addressFamily": "IPv6", "entries": [{"cidr": "2400:cb00::/32"}]}),
]
