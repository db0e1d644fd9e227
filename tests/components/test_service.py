"""A service: its task, its network, its roles, its deployment, its alarms."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from components.container import Sidecar
from components.errors import ComponentError, DeploymentError
from components.service import Peer, Service, ServiceArgs, _deployed
from components.service_alarms import ServiceThresholds
from components.service_roles import Access
from tests.components.support import ACCOUNT, KEY_ARN, SCOPE, TOPIC_ARN

if TYPE_CHECKING:
    from tests.components.support import Registered, Run

SECRET_ARN = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:database-AbCdEf"
BUCKET_ARN = "arn:aws:s3:::files"
QUEUE_ARN = f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"
ARGS = ServiceArgs(
    scope=SCOPE,
    vpc_id="vpc-1",
    subnet_ids=["subnet-1", "subnet-2"],
    public_address=True,
    cluster_arn=f"arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/c",
    cluster_name="c",
    namespace_id="ns-1",
    front_security_group_id="sg-front",
    key_arn=KEY_ARN,
    topic_arn=TOPIC_ARN,
    image="public.ecr.aws/docker/library/python:3.13-alpine",
    health_command=("python", "-c", "pass"),
    port=8000,
    cpu_units=256,
    memory_mib=512,
    tasks=1,
    environment={"PORT": "8000", "CDN_URL": "https://a"},
    secrets={"DATABASE_URL": f"{SECRET_ARN}:url::"},
    secret_arns=[SECRET_ARN],
    writable_paths=("/tmp", "/app/cache"),
    peers={"database": Peer(security_group_id="sg-database", port=5432)},
    access=Access(bucket_arns=[BUCKET_ARN]),
    thresholds=ServiceThresholds(cpu_pct=70, memory_pct=80),
)
WORKER = {"port": None, "front_security_group_id": None, "access": Access(receive_from=[QUEUE_ARN])}


def made(run: Run, **changed: Any) -> Registered:
    return run(lambda: Service("api", dataclasses.replace(ARGS, **changed)))


def containers(result: Registered) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in json.loads(result.one("TaskDefinition").inputs["containerDefinitions"])}


def container(result: Registered) -> dict[str, Any]:
    return containers(result)["app"]


def statements(result: Registered) -> list[dict[str, Any]]:
    return [one for policy in result.of("RolePolicy") for one in policy.policy().values()]


def test_tasks_run_on_fargate_arm64(run: Run) -> None:
    task = made(run).one("TaskDefinition").inputs
    assert (task["cpu"], task["memory"], task["networkMode"]) == ("256", "512", "awsvpc")
    assert task["requiresCompatibilities"] == ["FARGATE"]
    assert task["runtimePlatform"] == {"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"}


def test_the_container_is_read_only_but_for_its_own_folders(run: Run) -> None:
    result = made(run)
    definition = container(result)
    assert definition["readonlyRootFilesystem"] is True
    assert [one["containerPath"] for one in definition["mountPoints"]] == ["/tmp", "/app/cache"]
    volumes = {one["name"] for one in result.one("TaskDefinition").inputs["volumes"]}
    assert {one["sourceVolume"] for one in definition["mountPoints"]} == volumes


def test_its_folders_are_opened_to_whoever_it_runs_as_before_it_starts(run: Run) -> None:
    both = containers(made(run, user="1000:1000"))
    prepare = both["prepare"]
    assert both["app"]["dependsOn"] == [{"containerName": "prepare", "condition": "SUCCESS"}]
    assert [*prepare["entryPoint"], *prepare["command"]] == ["chmod", "1777", "/tmp", "/app/cache"]
    assert (prepare["user"], both["app"]["user"]) == ("0", "1000:1000")
    assert prepare["mountPoints"] == both["app"]["mountPoints"]


def test_what_opens_the_folders_is_nothing_but_that(run: Run) -> None:
    prepare = containers(made(run))["prepare"]
    assert prepare["image"] == ARGS.image
    assert (prepare["essential"], prepare["readonlyRootFilesystem"]) == (False, True)
    assert "secrets" not in prepare
    assert (prepare["environment"], prepare["portMappings"]) == ([], [])


def test_without_folders_there_is_one_container_and_nothing_to_wait_for(run: Run) -> None:
    result = made(run, writable_paths=())
    assert set(containers(result)) == {"app"}
    assert "dependsOn" not in container(result)
    assert result.one("TaskDefinition").inputs.get("volumes", []) == []


def test_secrets_are_given_by_arn_and_never_by_value(run: Run) -> None:
    definition = container(made(run))
    assert definition["secrets"] == [{"name": "DATABASE_URL", "valueFrom": f"{SECRET_ARN}:url::"}]
    assert definition["environment"] == [{"name": "CDN_URL", "value": "https://a"}, {"name": "PORT", "value": "8000"}]


def test_a_changed_secret_is_a_changed_task(run: Run) -> None:
    """A container reads its secrets as it starts: without the label it would go on with the old value."""
    first, second = (container(made(run, secret_versions={"database": version})) for version in ("v-1", "v-2"))
    assert first["dockerLabels"] == {"secret-database": "v-1"}
    assert second["dockerLabels"] == {"secret-database": "v-2"}
    assert first["secrets"] == second["secrets"]
    assert "dockerLabels" not in container(made(run))


def test_the_order_of_variables_does_not_change_the_task(run: Run) -> None:
    turned = made(run, environment={"CDN_URL": "https://a", "PORT": "8000"})
    assert turned.one("TaskDefinition").inputs == made(run).one("TaskDefinition").inputs


def test_health_is_checked_in_the_container(run: Run) -> None:
    check = container(made(run))["healthCheck"]
    assert check["command"] == ["CMD", "python", "-c", "pass"]
    assert check["timeout"] < check["interval"]


def test_command_and_user_are_left_to_the_image_unless_given(run: Run) -> None:
    assert not {"command", "user"} & set(container(made(run)))
    given = container(made(run, command=("run", "it"), user="1000:1000"))
    assert (given["command"], given["user"]) == (["run", "it"], "1000:1000")


def test_output_goes_to_an_encrypted_log_with_an_end(run: Run) -> None:
    result = made(run)
    group = result.one("LogGroup").inputs
    assert (group["name"], group["retentionInDays"], group["kmsKeyId"]) == ("/ascend/api", 30, KEY_ARN)
    assert container(result)["logConfiguration"]["options"]["awslogs-group"] == "/ascend/api"


def test_connections_come_only_from_the_front_to_the_port(run: Run) -> None:
    rules = {one.name: one.inputs for one in made(run).of("SecurityGroupIngressRule")}
    assert set(rules) == {"api-from-front", "api-to-database"}
    into = rules["api-from-front"]
    assert (into["securityGroupId"], into["referencedSecurityGroupId"]) == ("api-tasks-id", "sg-front")
    assert (into["fromPort"], into["toPort"]) == (8000, 8000)
    assert not [one for one in rules.values() if "cidrIpv4" in one or "cidrIpv6" in one]


def test_it_reaches_https_and_its_peers_and_nothing_else(run: Run) -> None:
    out = {
        one.name: one.inputs
        for one in made(run).of("SecurityGroupEgressRule")
        if one.inputs["securityGroupId"] == "api-tasks-id"
    }
    assert {
        name: (one.get("cidrIpv4"), one.get("referencedSecurityGroupId"), one["toPort"]) for name, one in out.items()
    } == {
        "api-to-https": ("0.0.0.0/0", None, 443),
        "api-to-database": (None, "sg-database", 5432),
    }


def test_tasks_are_registered_with_their_port(run: Run) -> None:
    result = made(run)
    registry = result.one("servicediscovery/service:Service").inputs
    assert registry["dnsConfig"]["dnsRecords"] == [{"type": "SRV", "ttl": 10}]
    registration = result.one("ecs/service:Service").inputs["serviceRegistries"]
    assert (registration["containerName"], registration["containerPort"]) == (container(result)["name"], 8000)


def test_a_worker_is_not_registered_and_nobody_connects_to_it(run: Run) -> None:
    result = made(run, **WORKER)
    assert not result.of("servicediscovery/service:Service")
    assert "serviceRegistries" not in result.one("ecs/service:Service").inputs
    assert [one.name for one in result.of("SecurityGroupIngressRule")] == ["api-to-database"]
    assert container(result)["portMappings"] == []


def test_capacity_providers_and_no_launch_type_nor_grace_period(run: Run) -> None:
    service = made(run).one("ecs/service:Service").inputs
    assert service["capacityProviderStrategies"] == [{"capacityProvider": "FARGATE", "weight": 1, "base": 0}]
    assert not {"launchType", "healthCheckGracePeriodSeconds", "loadBalancers"} & set(service)


def test_a_bad_version_is_rolled_back_and_waited_for(run: Run) -> None:
    service = made(run).one("ecs/service:Service").inputs
    assert service["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert service["waitForSteadyState"] is True
    assert (service["deploymentMinimumHealthyPercent"], service["deploymentMaximumPercent"]) == (100, 200)


def test_a_rollback_is_a_failure(run: Run) -> None:
    def program() -> None:
        _deployed("api", "api:1", "api:2")

    with pytest.raises(DeploymentError, match=r"^service 'api' was rolled back: it runs api:1, not api:2"):
        run(program)
    run(program, preview=True)


@pytest.mark.parametrize("public", [True, False])
def test_tasks_without_nat_have_a_public_address(run: Run, public: bool) -> None:
    network = made(run, public_address=public).one("ecs/service:Service").inputs["networkConfiguration"]
    assert network == {
        "subnets": ["subnet-1", "subnet-2"],
        "securityGroups": ["api-tasks-id"],
        "assignPublicIp": public,
    }


def test_tasks_carry_the_tags_that_the_budget_counts(run: Run) -> None:
    service = made(run).one("ecs/service:Service").inputs
    assert service["propagateTags"] == "SERVICE"
    assert service["tags"]["stack"] == "dev"


@pytest.mark.parametrize(("autoscaled", "ignored"), [(False, ()), (True, ("desiredCount",))])
def test_the_number_of_tasks_is_left_alone_once_autoscaling_owns_it(
    run: Run, autoscaled: bool, ignored: tuple[str, ...]
) -> None:
    assert made(run, autoscaled=autoscaled).one("ecs/service:Service").ignore_changes == ignored


def test_it_starts_only_once_it_may_do_what_it_needs(run: Run) -> None:
    result = made(run)
    service = result.one("ecs/service:Service")
    needed = [*result.of("RolePolicy"), *result.of("SecurityGroupIngressRule"), *result.of("SecurityGroupEgressRule")]
    assert {one.urn for one in needed} <= set(service.depends_on)


def test_the_execution_role_reads_these_secrets_and_writes_this_log(run: Run) -> None:
    policy = made(run).one("RolePolicy", "api-exec").policy()
    assert set(policy) == {"Log", "Secrets", "DecryptSecrets"}
    assert policy["Secrets"]["Resource"] == [SECRET_ARN]
    assert policy["Log"]["Resource"].endswith("/ascend/api:*")
    assert policy["DecryptSecrets"]["Condition"] == {
        "StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}
    }


def test_without_secrets_the_execution_role_reads_none(run: Run) -> None:
    policy = made(run, secrets={}, secret_arns=()).one("RolePolicy", "api-exec").policy()
    assert set(policy) == {"Log"}


@pytest.mark.parametrize("tail", [":1.2", "@sha256:" + "a" * 64, ":1.2@sha256:" + "a" * 64, ""])
def test_an_image_in_the_accounts_registry_may_be_pulled_and_no_other(run: Run, tail: str) -> None:
    image = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/floyo/api{tail}"
    policy = made(run, image=image).one("RolePolicy", "api-exec").policy()
    assert policy["Pull"]["Resource"] == f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/floyo/api"
    assert policy["RegistryToken"]["Action"] == ["ecr:GetAuthorizationToken"]


def test_the_task_role_uses_its_buckets_and_the_key_only_through_storage(run: Run) -> None:
    policy = made(run).one("RolePolicy", "api-task").policy()
    assert policy["Objects"]["Resource"] == [f"{BUCKET_ARN}/*"]
    assert policy["ListBuckets"]["Resource"] == [BUCKET_ARN]
    assert policy["Encryption"]["Resource"] == KEY_ARN
    assert policy["Encryption"]["Condition"] == {"StringEquals": {"kms:ViaService": ["s3.us-east-1.amazonaws.com"]}}


def test_a_worker_takes_from_its_queue_and_a_service_only_puts_in(run: Run) -> None:
    worker = made(run, **WORKER).one("RolePolicy", "api-task").policy()
    assert "sqs:DeleteMessage" in worker["Receive"]["Action"]
    assert "Send" not in worker
    service = made(run, access=Access(send_to=[QUEUE_ARN])).one("RolePolicy", "api-task").policy()
    assert "sqs:SendMessage" in service["Send"]["Action"]
    assert "Receive" not in service
    assert service["Encryption"]["Condition"] == {"StringEquals": {"kms:ViaService": ["sqs.us-east-1.amazonaws.com"]}}


def test_a_service_that_uses_nothing_may_nothing(run: Run) -> None:
    assert [one.name for one in made(run, access=Access()).of("RolePolicy")] == ["api-exec"]


def test_no_statement_is_a_wildcard_but_the_registrys_token(run: Run) -> None:
    result = made(
        run,
        image=f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/api:1",
        access=Access(bucket_arns=[BUCKET_ARN], send_to=[QUEUE_ARN], receive_from=[QUEUE_ARN]),
    )
    assert not [one for one in statements(result) if any("*" in action for action in one["Action"])]
    assert [one["Sid"] for one in statements(result) if one["Resource"] == "*"] == ["RegistryToken"]


def test_roles_are_taken_by_this_accounts_tasks_only(run: Run) -> None:
    for role in made(run).of("iam/role:Role"):
        trust = role.policy("assumeRolePolicy")["Trust"]
        assert trust["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
        assert trust["Condition"] == {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:ecs:us-east-1:{ACCOUNT}:*"},
        }


def test_cpu_memory_and_whether_anything_runs_are_watched(run: Run) -> None:
    found = made(run).alarms()
    assert {
        name: (
            one["metricName"],
            one["statistic"],
            one["comparisonOperator"],
            one["threshold"],
            one["treatMissingData"],
        )
        for name, one in found.items()
    } == {
        "api-cpu": ("CPUUtilization", "Average", "GreaterThanThreshold", 70, "notBreaching"),
        "api-memory": ("MemoryUtilization", "Average", "GreaterThanThreshold", 80, "notBreaching"),
        "api-tasks": ("CPUUtilization", "SampleCount", "LessThanThreshold", 1, "breaching"),
    }
    assert {tuple(sorted(one["dimensions"].items())) for one in found.values()} == {
        (("ClusterName", "c"), ("ServiceName", "api"))
    }


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"tasks": 0, "autoscaled": True}, "service with 0 tasks; at least 1 is needed"),
        ({"tasks": -1}, "service with -1 tasks; at least 0 are needed"),
        ({"spot_share": 1.5}, "service with 1.5 of its tasks on spare capacity; allowed: 0 to 1"),
        ({"port": None}, "service on port None: `port` and `front_security_group_id` are given together or not at all"),
        (
            {"secrets": {"PORT": "arn"}},
            "service variable 'PORT' is given as plain value and as secret; only one can be",
        ),
    ],
)
def test_what_cannot_work_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ComponentError) as caught:
        dataclasses.replace(ARGS, **changed)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("share", "strategies"),
    [
        (None, [{"capacityProvider": "FARGATE", "weight": 1, "base": 0}]),
        (0, [{"capacityProvider": "FARGATE", "weight": 1, "base": 0}]),
        (
            0.7,
            [
                {"capacityProvider": "FARGATE", "weight": 30, "base": 1},
                {"capacityProvider": "FARGATE_SPOT", "weight": 70, "base": 0},
            ],
        ),
        (1, [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]),
    ],
)
def test_a_share_on_spare_capacity(run: Run, share: float | None, strategies: list[dict[str, Any]]) -> None:
    service = made(run, **WORKER, spot_share=share).one("ecs/service:Service").inputs
    assert service["capacityProviderStrategies"] == strategies
    # Where the strategy may change, this is what keeps the provider from replacing the service.
    assert service.get("forceNewDeployment") is (None if share is None else True)


def test_a_service_that_is_not_needed_yet_has_no_alarm_on_its_tasks(run: Run) -> None:
    assert set(made(run, **WORKER, tasks=0).alarms()) == {"api-cpu", "api-memory"}


SIDECAR = Sidecar(
    name="helper",
    image="public.ecr.aws/helper:1",
    script="echo hello",
    environment={"B": "2", "A": "1"},
    secrets={"TOKEN": f"{SECRET_ARN}:token::"},
    memory_mib=64,
)


def test_a_sidecar_may_end_without_ending_the_task_and_comes_again(run: Run) -> None:
    helper = containers(made(run, sidecars=[SIDECAR]))["helper"]
    assert helper["essential"] is False
    assert helper["restartPolicy"] == {"enabled": True, "restartAttemptPeriod": 60}
    assert [*helper["entryPoint"], *helper["command"]] == ["/bin/sh", "-c", "echo hello"]
    assert helper["image"] == "public.ecr.aws/helper:1"


def test_a_sidecar_is_nobody_with_nothing_to_write_to_and_a_limit(run: Run) -> None:
    helper = containers(made(run, sidecars=[SIDECAR]))["helper"]
    assert (helper["user"], helper["readonlyRootFilesystem"], helper["mountPoints"]) == ("65534:65534", True, [])
    assert helper["memory"] == 64
    assert helper["environment"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    assert helper["secrets"] == [{"name": "TOKEN", "valueFrom": f"{SECRET_ARN}:token::"}]
    assert helper["logConfiguration"]["options"]["awslogs-stream-prefix"] == "helper"


def test_a_peer_in_another_region_is_reached_by_its_addresses(run: Run) -> None:
    peers = {"database-primary": Peer(cidr="10.16.128.0/18", port=5432)}
    result = made(run, peers=peers)
    (out,) = [one for one in result.of("SecurityGroupEgressRule") if "to-database-primary" in one.name]
    assert (out.inputs["cidrIpv4"], out.inputs["fromPort"], out.inputs["toPort"]) == ("10.16.128.0/18", 5432, 5432)
    assert not [one for one in result.of("SecurityGroupIngressRule") if "database-primary" in one.name]


@pytest.mark.parametrize("given", [{}, {"security_group_id": "sg-1", "cidr": "10.16.128.0/18"}])
def test_a_peer_is_in_one_region(given: dict[str, Any]) -> None:
    with pytest.raises(ComponentError) as caught:
        Peer(port=5432, **given)
    assert str(caught.value).startswith("peer on port 5432: only one of `security_group_id` and `cidr` can be given")


def test_behind_a_load_balancer_its_tasks_join_the_target_group_and_stay_registered(run: Run) -> None:
    service = made(run, target_group_arn="arn:tg").one("ecs/service:Service").inputs
    (joined,) = service["loadBalancers"]
    assert joined == {"targetGroupArn": "arn:tg", "containerName": "app", "containerPort": ARGS.port}
    # ECS refuses one together with a load balancer that is new to the service.
    assert "healthCheckGracePeriodSeconds" not in service
    assert service["serviceRegistries"]


def test_a_worker_behind_a_load_balancer_is_refused() -> None:
    with pytest.raises(ComponentError, match="service without a port behind a load balancer"):
        dataclasses.replace(ARGS, port=None, front_security_group_id=None, target_group_arn="arn:tg")
