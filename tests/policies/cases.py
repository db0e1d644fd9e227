"""For every policy, what makes a good stack bad: one property."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.policies.plans import Change, adds, both, drops, options, sets, tells

if TYPE_CHECKING:
    from collections.abc import Mapping

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
BUCKET = "aws:s3/bucket:Bucket"
BUDGET = "aws:budgets/budget:Budget"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
DATABASE = "aws:rds/instance:Instance"
LISTENER = "aws:lb/listener:Listener"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
SCALING = "aws:appautoscaling/policy:Policy"
SERVICE = "aws:ecs/service:Service"
TARGET = "aws:appautoscaling/target:Target"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
TOPIC = "aws:sns/topic:Topic"
TRACKING = "targetTrackingScalingPolicyConfiguration"

SCALED = ("floyo", "scaled")
GLOBAL = ("backend-ai-worker", "global")
QUEUES = ("atlas", "single-region")
CACHED = ("build-os", "cached")
Where = tuple[str, str]


def statement(**given: object) -> str:
    """An access policy of one statement."""
    allow = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::a/*"], "Sid": "One"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**allow, **given}]})


def container(**given: object) -> str:
    """The definition of one container."""
    return json.dumps([{"name": "app", "image": "a@sha256:0", "environment": [], **given}])


#: Policy, stack, change. Where there are several, they are different ways of being wrong.
CASES: list[tuple[str, Where, Change]] = [
    ("stack-describes-itself", SCALED, tells(phase="huge")),
    ("tags", SCALED, sets("aws:ecs/cluster:Cluster", "tags", {"system": "floyo"})),
    # alerting
    ("database-size-alarm", SCALED, sets(ALARM, "threshold", 1024**3, "database-size$")),
    ("database-disk-alarm", SCALED, drops(ALARM, "replica-1-disk$")),
    ("database-cpu-alarm", SCALED, sets(ALARM, "threshold", 90, "database-cpu$")),
    ("database-memory-alarm", SCALED, sets(ALARM, "threshold", 10_000_000, "database-memory$")),
    ("database-connections-alarm", SCALED, sets(ALARM, "threshold", 1000, "database-connections$")),
    ("replica-lag-alarm", SCALED, drops(ALARM, "replica-2-lag$")),
    ("proxy-connections-alarm", SCALED, sets(ALARM, "threshold", 95, "proxy-connections$")),
    ("service-cpu-alarm", SCALED, sets(ALARM, "threshold", 71, "api-cpu$")),
    ("service-cpu-alarm", SCALED, sets(ALARM, "statistic", "Minimum", "api-cpu$")),
    ("service-cpu-alarm", SCALED, sets(ALARM, "period", 3600, "api-cpu$")),
    ("service-cpu-alarm", SCALED, sets(ALARM, "comparisonOperator", "LessThanThreshold", "api-cpu$")),
    ("service-cpu-alarm", SCALED, sets(ALARM, "dimensions.ServiceName", "another", "api-cpu$")),
    ("service-memory-alarm", SCALED, drops(ALARM, "web-memory$")),
    ("service-down-alarm", SCALED, sets(ALARM, "treatMissingData", "missing", "api-tasks$")),
    ("cache-cpu-alarm", SCALED, drops(ALARM, "cache-cpu$")),
    ("cache-memory-alarm", SCALED, sets(ALARM, "threshold", 95, "cache-memory$")),
    ("cache-connections-alarm", SCALED, sets(ALARM, "threshold", 65_000, "cache-connections$")),
    ("cache-evictions-alarm", QUEUES, drops(ALARM, "cache-evictions$")),
    ("latency-alarm", SCALED, sets(ALARM, "threshold", 1.5, "load-balancer-latency$")),
    ("latency-alarm", SCALED, sets(ALARM, "extendedStatistic", "p50", "load-balancer-latency$")),
    ("error-rate-alarm", SCALED, sets(ALARM, "threshold", 5, "load-balancer-errors$")),
    ("bandwidth-alarm", SCALED, drops(ALARM, "load-balancer-bandwidth$")),
    ("unhealthy-targets-alarm", SCALED, drops(ALARM, "load-balancer-api-unhealthy$")),
    ("certificate-expiry-alarm", SCALED, sets(ALARM, "threshold", 3, "certificate-expiry$")),
    ("queue-depth-alarm", QUEUES, sets(ALARM, "threshold", 1000, "queue-jobs-depth$")),
    ("queue-depth-alarm", GLOBAL, drops(ALARM, "use1-queue-jobs-depth$")),
    ("dead-letters-alarm", QUEUES, drops(ALARM, "queue-jobs-failed$")),
    ("alarm-receivers", SCALED, tells(environment="prod")),
    ("budget-alarm", SCALED, drops(BUDGET)),
    ("budget-alarm", SCALED, sets(BUDGET, "notifications[0].threshold", 120)),
    ("alarm-enabled", SCALED, sets(ALARM, "actionsEnabled", False)),
    ("alarm-sends", SCALED, sets(ALARM, "alarmActions", [])),
    ("alarm-missing-data", SCALED, sets(ALARM, "treatMissingData", None)),
    ("alarm-description", SCALED, sets(ALARM, "alarmDescription", "cpu")),
    # alarms that fire
    ("connections-exhausted-caught", SCALED, sets(ALARM, "threshold", 5000, "database-connections$")),
    ("disk-filling-caught", SCALED, drops(ALARM, "database-(disk|size)$")),
    ("memory-leak-caught", SCALED, sets(ALARM, "threshold", 100, "api-memory$")),
    ("error-burst-caught", SCALED, sets(ALARM, "alarmActions", [], "load-balancer-errors$")),
    ("latency-creep-caught", SCALED, sets(ALARM, "datapointsToAlarm", 100, "load-balancer-latency$")),
    ("queue-stuck-caught", QUEUES, sets(ALARM, "threshold", 500, "queue-jobs-depth$")),
    ("jobs-failing-caught", QUEUES, sets(ALARM, "period", 86_400, "queue-jobs-failed$")),
    (
        "region-lost-caught",
        QUEUES,
        both(
            *(
                sets(ALARM, "treatMissingData", "missing", f"{name}$")
                for name in ("api-tasks", "realtime-tasks", "database-cpu", "cache-cpu")
            )
        ),
    ),
    ("region-lost-caught", GLOBAL, drops(ALARM, "-(lag|late)$")),
    ("bill-running-away-caught", SCALED, sets(BUDGET, "notifications[0].thresholdType", "ABSOLUTE_VALUE")),
    # cost
    ("cost-within-cap", SCALED, tells(budget=100)),
    ("cost-high-within-multiple", SCALED, sets(TARGET, "maxCapacity", 400)),
    ("cost-no-large-line", SCALED, sets(DATABASE, "instanceClass", "db.r6g.8xlarge", "database-primary")),
    ("cost-all-priced", SCALED, adds("aws:glue/job:Job", beside=TOPIC)),
    ("instance-class-allowed", SCALED, sets(DATABASE, "instanceClass", "db.r6g.8xlarge", "database-primary")),
    ("instance-class-allowed", QUEUES, sets(CACHE, "nodeType", "cache.r7g.large")),
    ("nat-gateways-allowed", QUEUES, adds("aws:ec2/natGateway:NatGateway", beside=TOPIC, region="us-east-1")),
    ("budget-within-cap", SCALED, sets(BUDGET, "limitAmount", "5000")),
    ("cap-as-documented", SCALED, tells(budget=2000)),
    ("log-retention", SCALED, sets("aws:cloudwatch/logGroup:LogGroup", "retentionInDays", 3)),
    # durability
    ("data-protected", SCALED, options(DATABASE, "database-primary", protect=False)),
    ("data-protected", GLOBAL, options(CACHE, protect=False)),
    ("database-deletion-protection", SCALED, sets(DATABASE, "deletionProtection", False, "database-primary")),
    ("data-encrypted", SCALED, sets(DATABASE, "storageEncrypted", False)),
    ("data-encrypted", SCALED, sets(CACHE, "kmsKeyId", None)),
    (
        "bucket-encrypted-and-versioned",
        SCALED,
        drops("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"),
    ),
    (
        "bucket-encrypted-and-versioned",
        SCALED,
        sets(
            "aws:s3/bucketVersioning:BucketVersioning", "versioningConfiguration.status", "Suspended", "storage-files"
        ),
    ),
    ("database-backups", SCALED, sets(DATABASE, "backupRetentionPeriod", 7, "database-primary")),
    ("database-final-snapshot", SCALED, sets(DATABASE, "skipFinalSnapshot", True, "database-primary")),
    ("survives-a-zone", SCALED, sets(DATABASE, "multiAz", False, "database-primary")),
    ("survives-a-zone", SCALED, sets(CACHE, "numCacheClusters", 1)),
    ("service-two-tasks", SCALED, sets(TARGET, "minCapacity", 1)),
    ("deployment-rolled-back", SCALED, sets(SERVICE, "deploymentCircuitBreaker.rollback", False)),
    ("copy-in-another-region", GLOBAL, drops(DATABASE, "euw1-database-primary$")),
    (
        "copy-in-another-region",
        GLOBAL,
        drops("aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"),
    ),
    (
        "follows-after-failover",
        GLOBAL,
        sets("ascend:index:World", "outOfUse", ["backend-ai-worker-dev-euw1-database"]),
    ),
    # security
    ("no-open-ingress", SCALED, sets(RULE, "cidrIpv4", "0.0.0.0/0", "to-database")),
    ("no-open-ingress", SCALED, sets(RULE, "cidrIpv6", "::/0", "to-cache")),
    ("database-not-public", SCALED, sets(DATABASE, "publiclyAccessible", True)),
    (
        "bucket-not-public",
        SCALED,
        sets("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "blockPublicPolicy", False),
    ),
    ("no-default-network", SCALED, adds("aws:ec2/defaultVpc:DefaultVpc", beside=TOPIC)),
    (
        "default-group-empty",
        SCALED,
        sets("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "egress", [{"protocol": "-1"}]),
    ),
    ("tasks-private", SCALED, sets(SERVICE, "networkConfiguration.assignPublicIp", True)),
    ("listener-tls", SCALED, sets(LISTENER, "sslPolicy", "ELBSecurityPolicy-2016-08", "https")),
    ("listener-tls", SCALED, sets(LISTENER, "defaultActions", [{"type": "forward"}], "redirect")),
    ("connections-tls", SCALED, sets(CACHE, "transitEncryptionEnabled", False)),
    ("database-tls", SCALED, sets("aws:rds/parameterGroup:ParameterGroup", "parameters", [])),
    ("iam-specific", SCALED, sets(ROLE_POLICY, "policy", statement(Action="s3:*"))),
    ("iam-specific", SCALED, sets(ROLE_POLICY, "policy", statement(Resource="*"))),
    ("iam-no-escalation", SCALED, sets(ROLE_POLICY, "policy", statement(Action="iam:Pass*", Resource="*"))),
    ("iam-no-broad-policy", SCALED, sets(ROLE, "managedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"])),
    ("iam-trust-specific", SCALED, sets(ROLE, "assumeRolePolicy", statement(Principal="*"))),
    (
        "resource-not-for-anybody",
        SCALED,
        sets("aws:s3/bucketPolicy:BucketPolicy", "policy", statement(Principal={"AWS": "*"})),
    ),
    (
        "no-secret-in-environment",
        SCALED,
        sets(TASK, "containerDefinitions", container(environment=[{"name": "DB_PASSWORD", "value": "x"}])),
    ),
    (
        "no-secret-in-environment",
        SCALED,
        sets(TASK, "containerDefinitions", container(environment=[{"name": "URL", "value": "postgres://a:b@c/d"}])),
    ),
    (
        "image-by-digest",
        SCALED,
        both(tells(environment="prod"), sets(TASK, "containerDefinitions", container(image="a:latest"))),
    ),
    # capacity
    ("users-fit", SCALED, tells(users=5_000_000)),
    # scaling
    ("scaling-cpu-target", SCALED, sets(SCALING, f"{TRACKING}.targetValue", 90, "api-scaling-cpu")),
    ("scaling-memory-target", SCALED, sets(SCALING, f"{TRACKING}.targetValue", 90, "api-scaling-memory")),
    ("scaling-cooldowns", SCALED, sets(SCALING, f"{TRACKING}.scaleInCooldown", 0)),
    ("scaling-limits", SCALED, sets(TARGET, "maxCapacity", 500)),
    ("scaling-limits", SCALED, sets(TARGET, "minCapacity", 30)),
    ("service-scales", SCALED, drops(SCALING, "api-scaling-cpu")),
    ("worker-follows-queue", GLOBAL, drops(SCALING, "use1-worker-scaling-backlog")),
    ("desired-count-ignored", SCALED, options(SERVICE, "api-service", ignore_changes=())),
]
#: Policies whose good stack is another one than the case's without its change.
GOOD: Mapping[str, Change] = {
    "alarm-receivers": both(
        tells(environment="prod"),
        adds("aws:sns/topicSubscription:TopicSubscription", beside=TOPIC, protocol="email"),
    ),
}
