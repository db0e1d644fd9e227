"""The whole stack of Floyo's first phase, as the engine receives it."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from components.base import physical
from infra import config, front, region, resolve, world
from infra.errors import Problems
from infra.facts import regions
from infra.resolve import load
from tests.components.recorder import record
from tests.components.support import Registered, Registration, Secret
from tests.infra.support import ROOT, raw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from infra.deployment import Deployment
    from tests.infra.support import Plan

#: Types that hold data, or without which data cannot be read.
DATA = (
    "rds/instance:Instance",
    "s3/bucket:Bucket",
    "kms/key:Key",
    "secretsmanager/secret:Secret",
    "cloudwatch/logGroup:LogGroup",
    "RandomPassword",
)
#: Types without a region of their own.
GLOBAL = ("aws:iam/", "aws:budgets/", "random:", "ascend:")


def deployment(stack: str = "dev", **values: Any) -> Deployment:
    problems = Problems()
    settings = config.parse(raw(**values), stack, problems)
    return resolve.resolve_named(ROOT, settings, problems)


def deployed(stack: str = "dev", **values: Any) -> Registered:
    return record(lambda: world.deploy(deployment(stack, **values)))


@pytest.fixture(scope="module")
def first() -> Registered:
    return deployed(flowLogs="true", alertReceivers='["ops@example.com"]')


def physical_names(made: Registered) -> set[str]:
    keys = ("name", "identifier", "family")
    return {
        f"{one.type} {one.inputs[key]}"
        for one in made.resources
        if one.custom
        for key in keys
        if isinstance(one.inputs.get(key), str) and not one.inputs[key].startswith(("postgres", "$"))
    }


def test_the_root_describes_the_stack(first: Registered) -> None:
    root = first.one("ascend:index:World")
    assert root.name == "floyo-dev"
    assert {key: value for key, value in root.inputs.items() if key != "figures"} == {
        "system": "floyo",
        "phase": "single-region",
        "environment": "dev",
        "users": 1000,
        "budget": 50,
        "regions": ["us-east-1"],
        "primary": "us-east-1",
        "shards": 1,
    }


def test_every_component_is_there_once_and_registers_its_outputs(first: Registered) -> None:
    components = [one for one in first.resources if not one.custom]
    kinds = {
        "World",
        "Region",
        "Keys",
        "Alarms",
        "Network",
        "Database",
        "Secrets",
        "Storage",
        "Cluster",
        "Ingress",
        "SlowQueries",
        "Dashboard",
        "PartitionArchive",
    }
    assert {one.type.rsplit(":", 1)[-1] for one in components} == kinds | {"Service", "Routes", "Budget"}
    assert len(components) == len(kinds) + 4
    assert {one.urn for one in components} <= set(first.outputs)


def test_every_resource_belongs_to_a_component_whose_name_it_carries(first: Registered) -> None:
    by_urn = {one.urn: one for one in first.resources}
    for one in first.resources:
        if one.type == "ascend:index:World":
            continue
        assert one.parent in by_urn, one.name
        assert one.name.startswith(f"{by_urn[one.parent].name}-")


def test_no_two_resources_share_a_urn(first: Registered) -> None:
    urns = [one.urn for one in first.resources]
    assert len(urns) == len(set(urns))


def test_every_regional_resource_says_its_region(first: Registered) -> None:
    regional = [one for one in first.resources if one.custom and not one.type.startswith(GLOBAL)]
    assert {one.inputs.get("region") for one in regional} == {"us-east-1"}


def test_data_is_protected_and_only_data(first: Registered) -> None:
    protected = {one.type for one in first.resources if one.protect}
    assert {one.type for one in first.resources if one.type.endswith(DATA)} == protected
    bare = {one.name for one in first.resources if one.type.endswith(DATA) and not one.protect}
    # Flow logs are switched by the stack's config, and can be off again.
    assert bare == {"floyo-dev-use1-network-flows"}


def test_what_costs_money_is_tagged_with_the_stack(first: Registered) -> None:
    untagged = {one.type for one in first.resources if one.custom and "tags" not in one.inputs}
    # None of these takes tags.
    assert untagged == {
        "aws:apigatewayv2/integration:Integration",
        "aws:apigatewayv2/route:Route",
        "aws:cloudwatch/dashboard:Dashboard",
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        "aws:ec2/route:Route",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:kms/alias:Alias",
        "aws:rds/roleAssociation:RoleAssociation",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:secretsmanager/secretVersion:SecretVersion",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:sns/topicSubscription:TopicSubscription",
        "random:index/randomId:RandomId",
        "random:index/randomPassword:RandomPassword",
    }
    tags = [one.inputs["tags"] for one in first.resources if "tags" in one.inputs]
    assert {(one["system"], one["stack"], one["managed-by"]) for one in tags} == {("floyo", "dev", "pulumi")}
    assert "phase" not in {key for one in tags for key in one}


def _policies(made: Registered) -> Iterator[tuple[Registration, dict[str, Any]]]:
    for one in made.resources:
        for key in ("policy", "assumeRolePolicy"):
            if key in one.inputs:
                for statement in one.policy(key).values():
                    yield one, statement


def test_no_statement_has_a_wildcard_action_on_a_wildcard_resource(first: Registered) -> None:
    found = 0
    for _one, statement in _policies(first):
        found += 1
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        if statement["Effect"] == "Allow":
            assert not [action for action in actions if "*" in action]
        else:
            assert statement["Resource"] != "*"
    assert found > 10


def test_whatever_takes_a_key_is_encrypted_with_the_stacks_own(first: Registered) -> None:
    key = first.outputs[first.one("ascend:components:Keys").urn]["keyArn"]
    given = {
        one.name: one.inputs[name]
        for one in first.resources
        for name in ("kmsKeyId", "kmsMasterKeyId", "performanceInsightsKmsKeyId")
        if name in one.inputs
    }
    assert set(given.values()) == {key}
    encrypted = (*DATA[:1], "LogGroup", "sns/topic:Topic", "secretsmanager/secret:Secret")
    assert {one.name for one in first.resources if one.type.endswith(encrypted)} <= set(given)


def test_no_secret_stands_in_the_clear(first: Registered) -> None:
    secrets = first.one("SecretVersion").inputs["secretString"]
    assert isinstance(secrets, Secret)
    fields = json.loads(secrets.value)
    assert set(fields) == {"engine", "host", "port", "dbname", "username", "password", "url", "readUrl"}
    rest = [one.inputs for one in first.resources if not one.type.endswith(("SecretVersion", "rds/instance:Instance"))]
    assert "sslmode=require" not in json.dumps(rest, default=str)
    assert "sslmode=require" not in json.dumps(first.outputs, default=str)


def test_outputs_lead_to_everything(first: Registered) -> None:
    outputs = first.outputs[first.one("ascend:index:World").urn]
    assert outputs["url"] == "https://a1b2c3.execute-api.us-east-1.amazonaws.com"
    assert outputs["databaseIdentifier"] == "floyo-dev-use1-database"
    assert outputs["databaseSecretArn"].startswith("arn:aws:secretsmanager:us-east-1:")
    assert set(outputs["services"]) == {"web", "api"}
    assert outputs["logGroups"] == {
        "web": "/ascend/floyo-dev-use1-web",
        "api": "/ascend/floyo-dev-use1-api",
        "ingress": "/aws/vendedlogs/ascend/floyo-dev-use1-ingress",
    }
    assert set(outputs["buckets"]) == {"files", "archive"}
    assert {"alarmTopicArn", "clusterName", "budgetName", "vpcId", "queues"} <= set(outputs)


def test_the_documents_thresholds_are_alarms(first: Registered) -> None:
    names = {name.removeprefix("floyo-dev-use1-") for name in first.alarms()}
    assert names == {
        *(f"database-{one}" for one in ("cpu", "memory", "connections", "disk", "size")),
        *(f"ingress-{one}" for one in ("latency", "errors", "bandwidth")),
        *(f"{service}-{one}" for service in ("web", "api") for one in ("cpu", "memory", "tasks")),
    }


def test_web_and_api_have_the_environment_contract(first: Registered) -> None:
    for service, port in (("web", "3000"), ("api", "8000")):
        task = first.one("TaskDefinition", f"floyo-dev-use1-{service}-task")
        container, *_ = json.loads(task.inputs["containerDefinitions"])
        plain = {one["name"]: one["value"] for one in container["environment"]}
        assert {one["name"] for one in container["secrets"]} == {"DATABASE_URL", "DATABASE_READ_URL"}
        assert plain["PORT"] == port
        assert plain["CDN_URL"] == "https://a1b2c3.execute-api.us-east-1.amazonaws.com"
        assert plain["CACHE_TTL_SESSION_S"] == "86400"
        # Of the connections that the database takes, 80 % are shared among tasks, twice as many while one is deployed.
        assert 0 < int(plain["DB_POOL_MIN"]) <= int(plain["DB_POOL_MAX"])
        assert int(plain["DB_POOL_MAX"]) * 2 * 2 <= deployment().database.max_connections * 0.8
        assert all(plain.values())


def test_only_the_api_is_told_of_and_may_use_the_archive(first: Registered) -> None:
    def told(service: str) -> set[str]:
        task = first.one("TaskDefinition", f"floyo-dev-use1-{service}-task")
        container, *_ = json.loads(task.inputs["containerDefinitions"])
        return {one["name"] for one in container["environment"] if one["name"].startswith("BUCKET_")}

    assert told("web") == {"BUCKET_FILES"}
    assert told("api") == {"BUCKET_FILES", "BUCKET_ARCHIVE"}
    web = first.one("RolePolicy", "floyo-dev-use1-web-task").policy()
    assert len(web["Objects"]["Resource"]) == 1


def test_the_link_stands_only_in_zones_that_serve_links(first: Registered) -> None:
    link = first.one("VpcLink").inputs["subnetIds"]
    zones = {f"{one.name}-id": one.inputs["availabilityZoneId"] for one in first.of("ec2/subnet:Subnet")}
    assert {zones[subnet] for subnet in link} <= set(regions()["us-east-1"].link_zone_ids)
    assert len(link) >= 2


def test_a_system_with_a_worker_has_its_queue(
    floyo: dict[str, Any], write: Callable[[Mapping[str, Any]], None], plan: Plan
) -> None:
    worker = {
        key: value
        for key, value in floyo["services"]["api"].items()
        if key not in ("port", "health_path", "public_path")
    }
    floyo["services"]["worker"] = {**worker, "worker": True, "consumes": "jobs"}
    floyo["queues"] = {"jobs": {"retries": 3, "visibility_s": 120}}
    write(floyo)
    resolved = plan()
    made = record(lambda: world.deploy(resolved))
    queue = made.one("sqs/queue:Queue", "floyo-dev-use1-queue-jobs-work").inputs
    assert json.loads(queue["redrivePolicy"])["maxReceiveCount"] == 3
    assert queue["visibilityTimeoutSeconds"] == 120
    assert made.alarms()["floyo-dev-use1-queue-jobs-depth"]["threshold"] == 100
    for service, may in (("worker", "Receive"), ("api", "Send"), ("web", "Send")):
        task = made.one("TaskDefinition", f"floyo-dev-use1-{service}-task")
        container, *_ = json.loads(task.inputs["containerDefinitions"])
        told = {one["name"]: one["value"] for one in container["environment"]}
        assert told["QUEUE_URL"] == told["QUEUE_URL_JOBS"]
        assert may in made.one("RolePolicy", f"floyo-dev-use1-{service}-task").policy()
    assert {one.name for one in made.of("servicediscovery/service:Service")} == {
        "floyo-dev-use1-web-registry",
        "floyo-dev-use1-api-registry",
    }
    assert set(made.outputs[made.one("ascend:index:World").urn]["queues"]) == {"jobs"}


def with_replicas(
    floyo: dict[str, Any], write: Callable[[Mapping[str, Any]], None], plan: Plan, count: int
) -> Registered:
    floyo["database"]["read_replicas"] = count
    write(floyo)
    resolved = plan()
    return record(lambda: world.deploy(resolved))


def read_host(made: Registered) -> str:
    value = made.one("SecretVersion", "floyo-dev-use1-secrets-database").inputs["secretString"].value
    found = re.fullmatch(r"postgresql://app:[^@]+@([^:]+):5432/app\?sslmode=require", json.loads(value)["readUrl"])
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("count", "host"),
    [
        (0, "floyo-dev-use1-database.abc.us-east-1.rds.amazonaws.com"),
        (1, "floyo-dev-use1-database-replica-1.abc.us-east-1.rds.amazonaws.com"),
        (2, "floyo-dev-use1-database-read.floyo-dev-use1-cluster.internal"),
        (3, "floyo-dev-use1-database-read.floyo-dev-use1-cluster.internal"),
    ],
)
def test_reads_go_to_what_there_is(
    floyo: dict[str, Any], write: Callable[[Mapping[str, Any]], None], plan: Plan, count: int, host: str
) -> None:
    made = with_replicas(floyo, write, plan, count)
    assert read_host(made) == host
    replicas = [one for one in made.of("rds/instance:Instance") if "replicateSourceDb" in one.inputs]
    assert [one.inputs["identifier"] for one in replicas] == [
        f"floyo-dev-use1-database-replica-{number}" for number in range(1, count + 1)
    ]
    outputs = made.outputs[made.one("ascend:index:World").urn]
    assert outputs["databaseReplicaIdentifiers"] == [one.inputs["identifier"] for one in replicas]


def test_replicas_change_nothing_of_what_is_there(
    floyo: dict[str, Any], write: Callable[[Mapping[str, Any]], None], plan: Plan
) -> None:
    none, three = ({one.urn: one for one in with_replicas(floyo, write, plan, count).resources} for count in (0, 3))
    assert set(none) < set(three)
    # The value of the secret, and the tasks: their pools and the label that tells of that value.
    changed = {one.name for urn, one in none.items() if one.custom and three[urn].inputs != one.inputs}
    tasks = {"floyo-dev-use1-web-task", "floyo-dev-use1-api-task"}
    assert changed == {"floyo-dev-use1-secrets-database", "floyo-dev-dashboard-all"} | tasks


def test_replicas_are_their_primarys_like_in_size_and_network(
    floyo: dict[str, Any], write: Callable[[Mapping[str, Any]], None], plan: Plan
) -> None:
    made = with_replicas(floyo, write, plan, 3)
    primary, *replicas = made.of("rds/instance:Instance")
    assert len(replicas) == 3
    like = ("instanceClass", "vpcSecurityGroupIds", "parameterGroupName", "allocatedStorage", "maxAllocatedStorage")
    for replica in replicas:
        assert [replica.inputs[key] for key in like] == [primary.inputs[key] for key in like]
        assert not replica.protect
    assert len({one.inputs["availabilityZone"] for one in replicas}) == 3
    windows = [one.inputs["maintenanceWindow"] for one in (primary, *replicas)]
    assert len(set(windows)) == 4


def test_two_stacks_in_one_account_share_no_name() -> None:
    assert not physical_names(deployed("dev")) & physical_names(deployed("staging"))


def test_sizes_change_no_urn_and_no_identity() -> None:
    small = deployed()
    large = deployed(
        databaseClass="db.r7g.large",
        databaseStorageGib="100",
        databaseMaxStorageGib="1000",
        services='{"api": {"cpu": 1, "memory": 2, "minTasks": 2}}',
        budget="80",
    )
    assert {one.urn for one in small.resources} == {one.urn for one in large.resources}
    assert physical_names(small) == physical_names(large)


@pytest.mark.parametrize(
    "name", [name for name, one in regions().items() if one.zone_ids != one.link_zone_ids] or ["eu-west-1"]
)
def test_a_region_where_not_every_zone_serves_links_can_be_built(name: str) -> None:
    made = deployed(aws_region=name)
    assert {one.inputs["region"] for one in made.of("Subnet")} == {name}
    assert len(made.one("VpcLink").inputs["subnetIds"]) >= 2


def test_regions_have_codes_of_their_own() -> None:
    codes = {region.region_code(one) for one in regions().values()}
    assert len(codes) == len(regions())
    assert region.region_code(regions()["us-east-1"]) == "use1"


@pytest.mark.parametrize(
    ("system", "stack", "name"),
    [
        ("floyo", "dev", "floyo-dev"),
        ("floyo", "floyo", "floyo"),
        ("floyo", "floyo-dev", "floyo-dev"),
        ("atlas", "floyo", "atlas-floyo"),
    ],
)
def test_the_systems_name_stands_in_names_once(system: str, stack: str, name: str) -> None:
    assert world.world_name(system, stack) == name


@pytest.mark.parametrize(
    ("stack", "name"), [("Dev_1", "floyo-dev-1-35ab"), ("pr.12", "floyo-pr-12-0000"), ("-x", "floyo-x-0000")]
)
def test_a_stacks_name_that_buckets_cannot_carry_is_rewritten_and_marked(stack: str, name: str) -> None:
    written = world.world_name("floyo", stack)
    assert written[:-4] == name[:-4]
    assert written == world.world_name("floyo", stack)
    assert written != world.world_name("floyo", physical(stack))


def test_descriptions_of_groups_have_only_letters_that_ec2_takes(first: Registered) -> None:
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
    allowed = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}")
    texts = [
        one.inputs["description"]
        for one in first.resources
        if "ecurityGroup" in one.type
        if "description" in one.inputs
    ]
    assert len(texts) > 8
    assert not [text for text in texts if not allowed.fullmatch(text)]


def test_requests_are_throttled_above_what_the_users_send() -> None:
    plan = deployment()
    peak = 1000 * plan.traffic.active_share * plan.traffic.requests_per_second.high
    assert front.throttle_rate(plan) >= max(100, 4 * peak)


def test_a_name_too_long_is_refused_in_one_line() -> None:
    with pytest.raises(pulumi.RunError) as caught:
        deployed("a-stack-whose-name-is-far-too-long-for-roles")
    assert "\n" not in str(caught.value)
    assert "choose a shorter name for the stack or the service" in str(caught.value)


def test_the_program_finds_what_it_needs_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [one for one in sys.path if one not in ("", str(ROOT))])
    pulumi.runtime.set_all_config({"aws:region": "us-east-1", "ascend:system": "floyo"})
    try:
        made = record(lambda: runpy.run_path(str(ROOT / "infra"), run_name="__main__"))
    finally:
        pulumi.runtime.set_all_config({})
    assert made.one("ascend:index:World").inputs["system"] == "floyo"
    assert sys.path[0] == str(ROOT) or str(ROOT) in sys.path


def test_the_program_imports_only_what_the_phase_uses() -> None:
    script = "import sys; sys.path.insert(0, sys.argv[1]); import infra.world; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, str(ROOT)], capture_output=True, text=True, check=True, cwd="/"
    )
    loaded = done.stdout.split()
    services = {name.split(".")[1] for name in loaded if name.startswith("pulumi_aws.") and name.count(".") > 1}
    assert services <= {
        "apigatewayv2",
        "budgets",
        "cloudwatch",
        "config",
        "ec2",
        "ecs",
        "iam",
        "kms",
        "rds",
        "s3",
        "secretsmanager",
        "servicediscovery",
        "sns",
        "sqs",
        "vpc",
    }
    assert not {"ascend", "boto3", "moto", "cfnlint", "pulumi_cloudflare"} & set(loaded)


def test_bad_config_registers_nothing() -> None:
    pulumi.runtime.set_all_config({"aws:region": "us-east-1", "ascend:system": "floyo", "ascend:phase": "fase1"})
    made: list[Registered] = []
    try:
        with pytest.raises(pulumi.RunError, match="'fase1' is not a phase"):
            made.append(record(lambda: world.deploy(load(ROOT))))
    finally:
        pulumi.runtime.set_all_config({})
    assert not made


@pytest.mark.parametrize(
    ("config_values", "told"),
    [
        ({}, "Nobody hears of alarms: set ascend:alertReceivers."),
        (
            {"domain": "app.example.com", "zone": "example.com", "alertReceivers": '["a@b.io"]'},
            "ascend:domain is of no use at phase 'single-region'",
        ),
        ({"alertReceivers": '["a@b.io"]'}, ""),
    ],
)
def test_what_a_stack_lacks_is_said(config_values: dict[str, str], told: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        deployed(**config_values)
    assert told in caplog.text
    assert bool(told) == ("ascend:" in caplog.text)
