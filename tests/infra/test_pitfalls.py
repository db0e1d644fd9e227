"""What no emulator shows: each of these passes a deployment to the embedded cloud and fails, hurts or is silent on AWS.

The tests say what the pitfall is; they look at what every system registers at every phase. Pitfalls that inputs do not
show, for whoever runs a stack:

- Quotas of a new account: Fargate takes 6 vCPU on demand until more is asked for, EC2 5 elastic addresses and 5 VPCs in
  a region (three NAT gateways are three addresses), RDS 40 instances and 20 proxies.
- RDS changes storage once in six hours, and takes hours to optimize it: a second promotion that enlarges it waits.
- From less than 400 GiB to more, the provider sends the old IOPS with the new size (`dbInstancePopulateModify`,
  internal/service/rds/instance.go), and RDS takes no fewer than 12,000 there: enlarge that storage by hand.
- Read replicas that are made while their source is being enlarged can be refused: run the same update again.
- On the way down from a public load balancer, services leave it within minutes, and an HTTP API takes as long to be
  made: an update of its own with `ascend:directAccess` makes it before, together with `ascend:deletionProtection`.
- Cloudflare's load balancing, geo steering and its shortest interval depend on the plan of the account.
- A CAA record of the zone that does not name Amazon keeps the domain's certificate from being issued.
"""

from __future__ import annotations

import functools
import itertools
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from components import facts
from components.service import STOP_TIMEOUT_S
from infra import catalog, config, resolve, world
from infra.errors import Problems
from infra.facts import regions
from infra.phases import PHASES, PhaseName
from tests.components.recorder import record
from tests.infra.support import ROOT, raw

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.deployment import Deployment
    from tests.components.support import Registered, Registration

SYSTEMS = catalog.names(ROOT)
CODES = {one.zone_ids[0].split("-")[0]: name for name, one in regions().items()}
STACKS = [pytest.param(name, phase, id=f"{name}-{phase}") for name in SYSTEMS for phase in PHASES]

every_stack = pytest.mark.parametrize(("system", "phase"), STACKS)
every_system = pytest.mark.parametrize("system", SYSTEMS)


@functools.cache
def plan(system: str, phase: PhaseName) -> Deployment:
    """A stack with an edge, at phase 4 in two regions."""
    values: dict[str, Any] = {"domain": "app.x.example", "zone": "x.example", "cloudflare_apiToken": "t0ken"}
    if PHASES[phase].min_regions > 1:
        values["regions"] = ["us-east-1", "eu-west-1"]
    settings = config.parse(raw(system=system, phase=str(phase), **values), "dev", Problems())
    return resolve.resolve_named(ROOT, settings, Problems())


@functools.cache
def made(system: str, phase: PhaseName) -> Registered:
    logging.disable(logging.CRITICAL)
    try:
        return record(lambda: world.deploy(plan(system, phase)))
    finally:
        logging.disable(logging.NOTSET)


def code(one: Registration) -> str:
    """The region that a resource's name says it belongs to."""
    return next(part for part in one.name.split("-") if part in CODES)


def name_of(value: str) -> str:
    """The logical name of what an id or an ARN of the recorder means."""
    return value.rpartition("/")[2].removesuffix("-0a1b2c3").removesuffix("-id")


def statements(made_: Registered) -> Iterator[tuple[Registration, dict[str, Any]]]:
    for one in made_.resources:
        for key in ("policy", "assumeRolePolicy"):
            if isinstance(one.inputs.get(key), str):
                for statement in one.policy(key).values():
                    yield one, statement


def containers(made_: Registered) -> Iterator[tuple[Registration, dict[str, Any]]]:
    for one in made_.of("TaskDefinition"):
        yield from ((one, row) for row in json.loads(one.inputs["containerDefinitions"]))


# Ways in


@every_stack
def test_an_http_api_knocks_on_port_80_unless_tasks_are_registered_with_srv_records(
    system: str, phase: PhaseName
) -> None:
    result = made(system, phase)
    registries = {one.inputs["name"]: one.inputs for one in result.of("servicediscovery/service:Service")}
    for service in result.of("ecs/service:Service"):
        registered = service.inputs.get("serviceRegistries")
        if registered is not None:
            (record_,) = registries[name_of(registered["registryArn"])]["dnsConfig"]["dnsRecords"]
            assert record_["type"] == "SRV"
            assert registered["containerPort"] > 0
    for integration in result.of("apigatewayv2/integration:Integration"):
        assert name_of(integration.inputs["integrationUri"]) in registries
        assert 0 < integration.inputs["timeoutMilliseconds"] <= 30_000


@every_stack
def test_tasks_without_a_way_out_cannot_pull_their_image(system: str, phase: PhaseName) -> None:
    result = made(system, phase)
    table_of = {
        name_of(one.inputs["subnetId"]): name_of(one.inputs["routeTableId"])
        for one in result.of("RouteTableAssociation")
    }
    out = {
        name_of(one.inputs["routeTableId"]): "nat" if "natGatewayId" in one.inputs else "internet"
        for one in result.of("ec2/route:Route")
        if one.inputs["destinationCidrBlock"] == "0.0.0.0/0"
    }
    for service in result.of("ecs/service:Service"):
        network = service.inputs["networkConfiguration"]
        ways = {out.get(table_of[name_of(subnet)]) for subnet in network["subnets"]}
        assert ways == {"internet" if network["assignPublicIp"] else "nat"}


@every_stack
def test_ecs_refuses_a_grace_period_with_the_load_balancer_that_a_service_gains_or_loses(
    system: str, phase: PhaseName
) -> None:
    for service in made(system, phase).of("ecs/service:Service"):
        assert "healthCheckGracePeriodSeconds" not in service.inputs
    for group in made(system, phase).of("lb/targetGroup:TargetGroup"):
        health = group.inputs["healthCheck"]
        # In its place: a task that loads is not taken for ill before its container's own check would.
        assert health["interval"] * health["unhealthyThreshold"] >= 90


@every_stack
def test_a_connection_that_the_service_closes_first_is_answered_502(system: str, phase: PhaseName) -> None:
    result = made(system, phase)
    idle = [one.inputs["idleTimeout"] for one in result.of("lb/loadBalancer:LoadBalancer")] or [60]
    told = [row for _, row in containers(result) if row["portMappings"]]
    assert told
    for container in told:
        values = {one["name"]: one["value"] for one in container["environment"]}
        assert int(values["KEEP_ALIVE_TIMEOUT_S"]) > max(idle)


@every_stack
def test_requests_outlive_their_task_only_as_long_as_it_is_drained_and_may_stop(system: str, phase: PhaseName) -> None:
    services = plan(system, phase).services
    for group in made(system, phase).of("lb/targetGroup:TargetGroup"):
        service = next(one for name, one in services.items() if group.name.endswith(f"-{name}"))
        assert group.inputs["deregistrationDelay"] >= service.request_timeout_s
    for _, container in containers(made(system, phase)):
        if container["name"] == "app":
            assert container["stopTimeout"] == STOP_TIMEOUT_S


@every_stack
def test_names_of_balancers_and_target_groups_have_32_characters_and_must_let_another_stand_beside_them(
    system: str, phase: PhaseName
) -> None:
    result = made(system, phase)
    for kind in ("lb/loadBalancer:LoadBalancer", "lb/targetGroup:TargetGroup", "lb/trustStore:TrustStore"):
        for one in result.of(kind):
            if not one.type.startswith("cloudflare:"):
                assert "name" not in one.inputs
                assert len(one.inputs["namePrefix"]) <= 6


@every_stack
def test_the_origin_refuses_everyone_but_cloudflare(system: str, phase: PhaseName) -> None:
    result = made(system, phase)
    for balancer in (one for one in result.of("lb/loadBalancer:LoadBalancer") if one.type.startswith("aws:")):
        own = next(name for name in map(name_of, balancer.inputs["securityGroups"]) if name.endswith("-group"))
        rules = [
            one.inputs
            for one in result.of("SecurityGroupIngressRule")
            if name_of(one.inputs["securityGroupId"]) in map(name_of, balancer.inputs["securityGroups"])
        ]
        assert rules
        assert {name_of(rule["securityGroupId"]) for rule in rules} == {own}
        lists = {one.name: one.inputs["maxEntries"] for one in result.of("ManagedPrefixList")}
        # A list counts with all that it may hold, and a group has 60 rules.
        assert sum(lists[name_of(rule["prefixListId"])] for rule in rules) <= 60
    for listener in result.of("lb/listener:Listener"):
        if listener.inputs["protocol"] == "HTTPS":
            assert listener.inputs["mutualAuthentication"]["mode"] == "verify"
            certificate = name_of(listener.inputs["certificateArn"])
            assert certificate.split("-")[:-2] == listener.name.split("-")[:-3], "a certificate serves in its region"
    assert all(
        one.inputs["disableExecuteApiEndpoint"] for one in result.of("apigatewayv2/api:Api") if result.of("Edge")
    )
    assert all("mutualTlsAuthentication" in one.inputs for one in result.of("DomainName"))


@every_stack
def test_a_rate_by_forwarded_address_must_not_match_what_has_none(system: str, phase: PhaseName) -> None:
    """Cloudflare's monitors are no visitors: matched, they would be refused, and every region called ill."""
    for acl in made(system, phase).of("WebAcl"):
        rates = [rule["statement"].get("rateBasedStatement") for rule in acl.inputs["rules"]]
        found = [rate for rate in rates if rate]
        assert found
        assert {rate["forwardedIpConfig"]["fallbackBehavior"] for rate in found} == {"NO_MATCH"}
        # Those for CloudFront live in us-east-1 alone.
        assert acl.inputs["scope"] == "REGIONAL"


@every_system
def test_what_leads_to_the_services_must_not_wait_for_them_on_the_way_down(system: str) -> None:
    """A service leaves its load balancer only when its new tasks are well: by then everything has to lead past it."""
    for phase in (PhaseName.SINGLE_REGION, PhaseName.CACHED):
        result = made(system, phase)
        if result.of("apigatewayv2/api:Api"):
            services = {one.urn for one in result.of("ecs/service:Service")}
            leading = [*result.of("apigatewayv2/integration:Integration"), *result.of("DnsRecord")]
            assert leading
            assert not [one.name for one in leading if services & set(one.depends_on)]


# Compute


@every_system
def test_a_service_is_replaced_when_it_moves_to_capacity_providers_or_changes_its_strategy_quietly(system: str) -> None:
    seen: dict[str, list[dict[str, Any]]] = {}
    for phase in PHASES:
        for one in made(system, phase).of("ecs/service:Service"):
            assert "launchType" not in one.inputs
            assert one.inputs["capacityProviderStrategies"]
            seen.setdefault(one.urn, []).append(one.inputs)
    for versions in seen.values():
        strategies = {json.dumps(one["capacityProviderStrategies"], sort_keys=True) for one in versions}
        assert len(strategies) == 1 or all(one.get("forceNewDeployment") for one in versions)


@every_stack
def test_what_scales_by_itself_must_not_be_set_back_by_each_update(system: str, phase: PhaseName) -> None:
    result = made(system, phase)
    scaled = {one.inputs["resourceId"].rpartition("/")[2] for one in result.of("appautoscaling/target:Target")}
    for service in result.of("ecs/service:Service"):
        assert ("desiredCount" in service.ignore_changes) == (service.inputs["name"] in scaled)


@every_stack
def test_a_worker_on_its_backlog_needs_a_figure_when_nothing_runs_and_nothing_waits(
    system: str, phase: PhaseName
) -> None:
    policies = made(system, phase).of("appautoscaling/policy:Policy")
    for one in policies:
        tracked = one.inputs["targetTrackingScalingPolicyConfiguration"]
        assert tracked["disableScaleIn"] is False
        if "customizedMetricSpecification" in tracked:
            (result,) = [row for row in tracked["customizedMetricSpecification"]["metrics"] if row["returnData"]]
            assert result["expression"].count("FILL(waiting, 0)") == 2
            assert "FILL(running, 0) > 0" in result["expression"]


# Data


@every_stack
def test_elasticache_wants_tls_for_a_token_and_two_nodes_for_failover(system: str, phase: PhaseName) -> None:
    for one in made(system, phase).of("ReplicationGroup"):
        given = one.inputs
        assert (given["transitEncryptionEnabled"], given["transitEncryptionMode"]) == (True, "required")
        assert given["authToken"]
        assert given["multiAzEnabled"] == given["automaticFailoverEnabled"] == (given["numCacheClusters"] > 1)


@every_stack
def test_rds_refuses_these_together(system: str, phase: PhaseName) -> None:
    result = made(system, phase)
    for one in result.of("rds/instance:Instance"):
        given = one.inputs
        assert "identifier" in given
        # gp3 takes neither below 400 GiB.
        assert not {"iops", "storageThroughput"} & set(given)
        if "replicateSourceDb" in given:
            inherited = {"username", "password", "dbName", "engine", "engineVersion", "backupRetentionPeriod"}
            assert not inherited & set(given)
        else:
            assert given["finalSnapshotIdentifier"]
            assert given["skipFinalSnapshot"] is False
            assert given["backupRetentionPeriod"] >= 1
    kinds = facts.load("database")["parameters"]
    for group in result.of("rds/parameterGroup:ParameterGroup"):
        for parameter in group.inputs["parameters"]:
            expected = "immediate" if kinds[parameter["name"]] == "dynamic" else "pending-reboot"
            assert parameter["applyMethod"] == expected


@every_stack
def test_storage_of_a_young_replica_cannot_be_changed(system: str, phase: PhaseName) -> None:
    for one in made(system, phase).of("rds/instance:Instance"):
        if "-replica-" in one.name:
            assert "allocatedStorage" in one.ignore_changes
            assert one.inputs["maxAllocatedStorage"] > one.inputs["allocatedStorage"]


@every_system
def test_a_replica_in_another_region_needs_that_regions_key_and_subnets_and_the_arn_of_its_source(system: str) -> None:
    result = made(system, PhaseName.GLOBAL)
    followers = [one for one in result.of("rds/instance:Instance") if code(one) == "euw1"]
    assert len(followers) == plan(system, PhaseName.GLOBAL).database.shards
    for one in followers:
        assert one.inputs["replicateSourceDb"].startswith("arn:aws:rds:")
        assert one.inputs["region"] == "eu-west-1"
        for key in ("kmsKeyId", "dbSubnetGroupName", "parameterGroupName"):
            assert "-euw1-" in one.inputs[key], key
        assert one.protect
    copies = result.of("InstanceAutomatedBackupsReplication")
    assert len(copies) == len(followers)
    assert all("-euw1-" in one.inputs["kmsKeyId"] and one.inputs["region"] == "eu-west-1" for one in copies)


@every_system
def test_a_bucket_that_is_copied_to_keeps_versions_before_a_rule_names_it(system: str) -> None:
    """Else S3 answers: Destination bucket must have versioning enabled."""
    result = made(system, PhaseName.GLOBAL)
    versioned = {one.inputs["bucket"]: one.urn for one in result.of("BucketVersioning")}
    for one in result.of("BucketReplicationConfig"):
        targets = [rule["destination"]["bucket"] for rule in one.inputs["rules"]]
        assert targets
        for bucket in (one.inputs["bucket"], *targets):
            assert versioned[bucket.rpartition(":")[2].removeprefix("bucket/")] in one.depends_on


@every_stack
def test_max_connections_follow_the_class_and_all_tasks_at_once_must_stay_below(system: str, phase: PhaseName) -> None:
    resolved = plan(system, phase)
    tasks = sum(one.max_tasks for one in resolved.services.values()) * len(resolved.serving)
    pool = max(one.pool_max for one in resolved.services.values())
    assert pool * tasks <= resolved.database.max_connections


@every_stack
def test_a_proxy_reads_a_secret_stands_in_two_zones_that_have_it_and_serves_no_replica(
    system: str, phase: PhaseName
) -> None:
    result = made(system, phase)
    secrets = {one.name: one.inputs["secretString"].value for one in result.of("SecretVersion")}
    zones = {one.name: one.inputs["availabilityZoneId"] for one in result.of("ec2/subnet:Subnet")}
    roles = {one.name: one.policy() for one in result.of("iam/rolePolicy:RolePolicy")}
    replicas = {one.inputs["identifier"] for one in result.of("rds/instance:Instance") if _follows(one)}
    for proxy in result.of("rds/proxy:Proxy"):
        (auth,) = proxy.inputs["auths"]
        assert set(json.loads(secrets[name_of(auth["secretArn"])])) == {"username", "password"}
        assert set(roles[name_of(proxy.inputs["roleArn"])]) == {"Secret", "DecryptSecret"}
        stands = {zones[name_of(subnet)] for subnet in proxy.inputs["vpcSubnetIds"]}
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.html, "Quotas and limitations"
        assert len(stands) >= 2
        assert "use1-az3" not in stands
    for target in result.of("ProxyTarget"):
        assert target.inputs["dbInstanceIdentifier"] not in replicas


def _follows(one: Registration) -> bool:
    return "replicateSourceDb" in one.inputs


# Alarms


@every_stack
def test_alarms_have_the_unit_of_their_metric_and_survive_an_idle_service(system: str, phase: PhaseName) -> None:
    limits = plan(system, phase).thresholds
    for name, alarm in made(system, phase).alarms().items():
        metric = alarm.get("metricName")
        if metric == "TargetResponseTime":
            assert (alarm["threshold"], alarm["extendedStatistic"]) == (limits.p95_s, "p95")
        elif metric == "Latency":
            assert (alarm["threshold"], alarm["extendedStatistic"]) == (limits.p95_s * 1000, "p95")
        elif metric == "FreeStorageSpace":
            assert alarm["threshold"] >= 1024**3, "bytes"
        if metric in ("TargetResponseTime", "Latency") or name.endswith("-errors"):
            assert alarm["treatMissingData"] == "notBreaching"
        for query in alarm.get("metricQueries", ()):
            if "/" in query.get("expression", ""):
                assert query["expression"].startswith("IF("), "nothing is divided by nothing"
        periods = [alarm.get("period")] + [
            one.get("metric", {}).get("period") for one in alarm.get("metricQueries", ())
        ]
        longest = max(period for period in periods if period)
        assert longest * alarm["evaluationPeriods"] <= (86_400 if longest < 3_600 else 604_800)


@every_stack
def test_an_alarm_sees_metrics_and_topics_of_its_own_region_only(system: str, phase: PhaseName) -> None:
    topics = {one.name: one.inputs["region"] for one in made(system, phase).of("sns/topic:Topic")}
    for alarm in made(system, phase).of("cloudwatch/metricAlarm:MetricAlarm"):
        (action,) = alarm.inputs["alarmActions"]
        assert topics[name_of(action)] == alarm.inputs["region"]
        if alarm.inputs.get("metricName") == "ReplicationLatency":
            # S3 publishes it where copies arrive, and what failed where they come from.
            assert alarm.inputs["region"] == CODES[alarm.inputs["dimensions"]["RuleId"]]


# Permissions that fail at run time


@every_stack
def test_services_that_use_a_key_or_write_a_log_are_named(system: str, phase: PhaseName) -> None:
    result = made(system, phase)
    named: dict[str, set[str]] = {}
    for one, statement in statements(result):
        principal = statement.get("Principal")
        if isinstance(principal, dict) and "Service" in principal:
            named.setdefault(one.name, set()).add(principal["Service"])
    for key in (*result.of("kms/key:Key"), *result.of("kms/replicaKey:ReplicaKey")):
        logs = f"logs.{key.inputs['region']}.amazonaws.com"
        assert named[key.name] == {logs, "cloudwatch.amazonaws.com", "budgets.amazonaws.com"}
    for balancer in result.of("lb/loadBalancer:LoadBalancer"):
        if balancer.type.startswith("aws:"):
            bucket = name_of(balancer.inputs["accessLogs"]["bucket"])
            assert named[bucket] == {"logdelivery.elasticloadbalancing.amazonaws.com"}
            encryption = result.one("BucketServerSideEncryptionConfiguration", bucket).inputs["rules"][0]
            # It writes with no key of ours.
            assert encryption["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "AES256"
    for log in result.of("WebAclLoggingConfiguration"):
        (destination,) = log.inputs["logDestinationConfigs"]
        assert name_of(destination).startswith("aws-waf-logs-") or "aws-waf-logs-" in destination


@every_stack
def test_a_replication_role_decrypts_for_buckets_and_for_objects_in_both_regions(system: str, phase: PhaseName) -> None:
    result = made(system, phase)
    for config_ in result.of("BucketReplicationConfig"):
        policy = result.one("iam/rolePolicy:RolePolicy", name_of(config_.inputs["role"])).policy()
        for sid, statement in policy.items():
            if sid.startswith(("Decrypt", "Encrypt")):
                region = statement["Condition"]["StringEquals"]["kms:ViaService"].split(".")[1]
                key = name_of(statement["Resource"])
                assert CODES[next(part for part in key.split("-") if part in CODES)] == region
                contexts = statement["Condition"]["ArnLike"]["kms:EncryptionContext:aws:s3:arn"]
                assert {f"{arn}/*" for arn in contexts if not arn.endswith("/*")} <= set(contexts)
        assert name_of(config_.inputs["bucket"]) in {
            name_of(one.inputs["bucket"])
            for one in result.of("BucketVersioning")
            if one.inputs["versioningConfiguration"]["status"] == "Enabled"
        }


@every_stack
def test_a_budget_counts_by_the_stacks_tag_and_what_is_billed_carries_it(system: str, phase: PhaseName) -> None:
    (budget,) = made(system, phase).of("budgets/budget:Budget")
    assert budget.inputs["costFilters"] == [{"name": "TagKeyValue", "values": ["user:stack$dev"]}]
    for service in made(system, phase).of("ecs/service:Service"):
        assert service.inputs["propagateTags"] == "SERVICE"
        assert service.inputs["tags"]["stack"] == "dev"


# Regions


@every_system
def test_tasks_of_another_region_write_to_the_primary_by_a_private_way_that_is_watched(system: str) -> None:
    result = made(system, PhaseName.GLOBAL)
    by_peering: dict[str, set[str]] = {"use1": set(), "euw1": set()}
    for one in result.of("ec2/route:Route"):
        if "vpcPeeringConnectionId" in one.inputs:
            table = name_of(one.inputs["routeTableId"])
            by_peering[next(part for part in table.split("-") if part in CODES)].add(table)
    tables: Mapping[str, set[str]] = {
        region: {one.name for one in result.of("RouteTable") if code(one) == region and "-public" not in one.name}
        for region in by_peering
    }
    assert by_peering == tables
    blocks = {one.name: one.inputs["cidrBlock"] for one in result.of("ec2/vpc:Vpc")}
    assert len(set(blocks.values())) == len(blocks)
    lags = [alarm for name, alarm in result.alarms().items() if "-euw1-" in name and name.endswith("-lag")]
    assert len(lags) == plan(system, PhaseName.GLOBAL).database.shards
    assert {alarm["treatMissingData"] for alarm in lags} == {"breaching"}


@every_system
def test_two_regions_share_no_name_where_names_are_global(system: str) -> None:
    result = made(system, PhaseName.GLOBAL)
    named = [(one.type, one.name) for one in result.resources]
    assert len(set(named)) == len(named)
    for one, other in itertools.combinations(result.of("kms/alias:Alias"), 2):
        assert one.inputs["name"] != other.inputs["name"]
