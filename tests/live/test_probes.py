"""What is looked at after an update: each thing as it should be, and as it should not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ascend.errors import UpdateError
from ascend.live import probes, replication, verify
from ascend.live.aws import AwsError
from ascend.live.network import EmbeddedNetwork, RealNetwork
from tests.live.clouds import REGION, alarm, deployed, kept, make_database, put, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ascend.live.aws import Clients
    from ascend.live.probes import Finding

DATABASE = "aws:rds/instance:Instance"
SECRET = "aws:secretsmanager/secret:Secret"


@pytest.fixture(scope="module")
def clients() -> Iterator[Clients]:
    with served() as made:
        yield made


@pytest.fixture(scope="module")
def database(clients: Clients) -> dict[str, Any]:
    made = make_database(clients, "one")
    clients.call(
        "rds", REGION, "create_db_instance_read_replica", DBInstanceIdentifier="two", SourceDBInstanceIdentifier="one"
    )
    return made


@pytest.fixture(scope="module")
def cluster(clients: Clients) -> str:
    """A cluster with a service of one task, registered in Cloud Map under a port."""
    call = clients.call
    network = call("ec2", REGION, "create_vpc", CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = call("ec2", REGION, "create_subnet", VpcId=network, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    cluster: str = call("ecs", REGION, "create_cluster", clusterName="all")["cluster"]["clusterArn"]
    call(
        "ecs",
        REGION,
        "register_task_definition",
        family="api",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "app", "image": "x", "portMappings": [{"containerPort": 8000}]}],
    )
    call(
        "ecs",
        REGION,
        "create_service",
        cluster=cluster,
        serviceName="api",
        taskDefinition="api:1",
        desiredCount=2,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": []}},
    )
    return cluster


def definition(clients: Clients, number: int) -> str:
    found: str = clients.call("ecs", REGION, "describe_task_definition", taskDefinition=f"api:{number}")[
        "taskDefinition"
    ]["taskDefinitionArn"]
    return found


def one(found: Any) -> Finding:
    (only,) = list(found)
    result: Finding = only
    return result


def stack_of_service(clients: Clients, cluster: str, arn: str) -> Any:
    task = kept(probes.TASK, "task")
    task = type(task)(**{**_fields(task), "outputs": {**task.outputs, "arn": arn}})
    return deployed(kept(probes.SERVICE, "api", name="api", cluster=cluster), task)


def _fields(of: Any) -> dict[str, Any]:
    return {name: getattr(of, name) for name in of.__dataclass_fields__}


def test_a_service_runs_what_was_asked_for(clients: Clients, cluster: str) -> None:
    stack = stack_of_service(clients, cluster, definition(clients, 1))
    found = one(probes.services(clients, stack))
    assert (found.ok, found.detail) == (True, "2 tasks of api:1")


def test_a_rollback_is_a_failure_though_it_is_steady(clients: Clients, cluster: str) -> None:
    stack = stack_of_service(clients, cluster, definition(clients, 1).replace("api:1", "api:2"))
    found = one(probes.services(clients, stack))
    assert not found.ok
    assert found.detail.startswith("api was rolled back: it runs api:1, not api:2")


def test_tasks_that_are_missing_are_counted(clients: Clients, cluster: str) -> None:
    (task, *_) = clients.call("ecs", REGION, "list_tasks", cluster=cluster)["taskArns"]
    stack = stack_of_service(clients, cluster, definition(clients, 1))
    registry = clients.call("servicediscovery", REGION, "create_service", Name="lonely")["Service"]
    more = kept(probes.REGISTRY, "registry", id=registry["Id"])
    lonely = deployed(*(item for item in _kept_of(stack)), more)
    assert one(probes.services(clients, lonely)).detail == "api has 0 of 2 tasks in Cloud Map"
    assert task
    gone = deployed(kept(probes.SERVICE, "other", name="other", cluster=cluster))
    assert not one(probes.services(clients, gone)).ok


def _kept_of(stack: Any) -> list[Any]:
    return [kept_again(item) for item in stack.resources if item.custom and item.type in (probes.SERVICE, probes.TASK)]


def kept_again(item: Any) -> Any:
    made = kept(item.type, item.name, **{key: value for key, value in item.inputs.items() if key != "region"})
    return type(made)(**{**_fields(made), "outputs": dict(item.outputs)})


def test_a_replica_that_lags_or_stands_still_is_told(clients: Clients, database: dict[str, Any]) -> None:
    stack = deployed(
        kept(DATABASE, "one", component="database", identifier="one"),
        kept(DATABASE, "two", component="database", identifier="two", replicateSourceDb="one"),
    )
    primary, replica = probes.replicas(clients, stack, 30)
    assert (primary.name, primary.ok, replica.name, replica.ok) == ("database", True, "replica", True)
    now = datetime.now(UTC)
    for minutes, lag, ok in ((5, 100.0, False), (3, -1.0, False), (1, 2.0, True)):
        where = {"Namespace": "AWS/RDS", "Dimensions": {"DBInstanceIdentifier": "two"}}
        put(clients, "ReplicaLag", {now - timedelta(minutes=minutes): lag}, **where)
        found = list(probes.replicas(clients, stack, 30))[1]
        assert found.ok is ok, found
        assert ("does not replicate" if lag < 0 else f"is {lag:g} s behind") in found.detail


def test_what_a_failover_left_closed_is_not_looked_at(clients: Clients, database: dict[str, Any]) -> None:
    replica = kept(DATABASE, "two", component="database", identifier="two", replicateSourceDb="one")
    gone = kept(DATABASE, "gone", component="database", identifier="gone")
    with pytest.raises(AwsError, match="DBInstanceNotFound"):
        list(probes.replicas(clients, deployed(gone), 30))
    assert list(probes.replicas(clients, deployed(replica, gone, outOfUse=["two", "gone"]), 30)) == []


def test_a_replica_on_aws_without_a_figure_is_waited_for() -> None:
    found = probes._lag("two", replication.Lag("two", None, None, "", silent=True), 30, measured=True)
    assert (found.ok, found.detail) == (False, "two has no figure of its lag yet")


def test_alarms_that_went_off_before_are_told_and_new_ones_fail(clients: Clients) -> None:
    stack = deployed(alarm("cpu", "CPUUtilization", 80), alarm("memory", "MemoryUtilization", 80))
    for name in ("cpu", "memory"):
        clients.call(
            "cloudwatch",
            REGION,
            "put_metric_alarm",
            AlarmName=f"floyo-dev-use1-api-{name}",
            Namespace="AWS/ECS",
            MetricName="x",
            Statistic="Average",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
    assert one(probes.alarms(clients, stack, ())).ok
    clients.call(
        "cloudwatch",
        REGION,
        "set_alarm_state",
        AlarmName="floyo-dev-use1-api-cpu",
        StateValue="ALARM",
        StateReason="too much",
    )
    found = one(probes.alarms(clients, stack, ()))
    assert (found.ok, found.detail) == (False, "floyo-dev-use1-api-cpu goes off: too much")
    known = one(probes.alarms(clients, stack, ["floyo-dev-use1-api-cpu"]))
    assert known.ok
    assert "1 since before the update (floyo-dev-use1-api-cpu)" in known.detail


class Net:
    """A network of a few names."""

    def __init__(self, **answers: int) -> None:
        self.answers, self.asked = answers, list[str]()

    def ask(self, url: str) -> tuple[int, str]:
        self.asked.append(url)
        return self.answers.get(url.rpartition("/")[2] or "root", 0), "said"

    def resolves(self, host: str) -> bool:
        return host.startswith("known")


def services(**paths: str | None) -> dict[str, Any]:
    return {
        "services": {
            name: {"public_path": "/api/*" if name == "api" else "/*", **({"health_path": path} if path else {})}
            for name, path in paths.items()
        }
    }


@pytest.mark.parametrize(
    ("health", "status", "ok", "asked"),
    [
        ("/api/health", 200, True, "/api/health"),
        ("/api/health", 404, False, "/api/health"),
        ("/health", 404, True, "/api/"),
        ("/health", 503, False, "/api/"),
        (None, 0, False, "/api/"),
    ],
)
def test_the_public_path_answers(health: str | None, status: int, ok: bool, asked: str) -> None:
    stack = deployed(figures=services(api=health, worker=None))
    stack = type(stack)(**{**_fields(stack), "outputs": {"url": "https://app.example"}})
    net = Net(**{asked.rpartition("/")[2] or "root": status})
    found = next(iter(probes.endpoints(stack, net)))
    assert (found.ok, net.asked[0]) == (ok, f"https://app.example{asked}")


def test_hosts_of_connection_strings_are_found_and_nothing_else_is_told(clients: Clients) -> None:
    for name, fields in {
        "good": {"host": "known.example", "url": "postgres://owner:hunter2@known.example:5432/app"},
        "bad": {"host": "known.example", "readUrl": "postgres://owner:hunter2@lost.example:5432/app"},
        "login": {"username": "owner", "password": "hunter2"},
    }.items():
        clients.call("secretsmanager", REGION, "create_secret", Name=name, SecretString=json.dumps(fields))
    stack = deployed(*(kept(SECRET, name) for name in ("good", "bad", "login")))
    good, bad = probes.connections(clients, stack, Net())
    assert (good.ok, bad.ok, bad.detail) == (True, False, "bad: lost.example cannot be found")
    assert "hunter2" not in str([good, bad])


def test_verify_waits_says_what_is_wrong_and_gives_up(clients: Clients, database: dict[str, Any]) -> None:
    stack = deployed(kept(DATABASE, "one", component="database", identifier="one"))
    said: list[str] = []
    limits = verify.Patience(quiet_s=0.2, patience_s=0.3, poll_s=0.05, lag_s=30)
    assert all(one.ok for one in verify.verify(clients, stack, (), said.append, limits))
    clients.call("rds", REGION, "stop_db_instance", DBInstanceIdentifier="one")
    try:
        with pytest.raises(UpdateError, match=r"after \d s: database: one is 'stopp"):
            verify.verify(clients, stack, (), said.append, limits)
    finally:
        clients.call("rds", REGION, "start_db_instance", DBInstanceIdentifier="one")


def test_the_embedded_network_knows_the_names_of_the_cloud(clients: Clients, database: dict[str, Any]) -> None:
    assert clients.embedded is not None
    net = EmbeddedNetwork(clients.embedded)
    assert net.resolves(
        database["Endpoint"]["Address"] if "Endpoint" in database else "one.aaaaaaaaaa.us-east-1.rds.amazonaws.com"
    )
    assert not net.resolves("two.elsewhere.example")
    assert net.ask("https://nowhere.example/")[0] not in range(200, 300)


def test_the_real_network_asks_cloud_map_for_its_names() -> None:
    class Map:
        """Cloud Map with one service."""

        def call(self, service: str, region: str, method: str, **asked: str) -> dict[str, Any]:
            assert (service, region, method, asked["NamespaceName"]) == (
                "servicediscovery",
                REGION,
                "discover_instances",
                "all.internal",
            )
            if asked["ServiceName"] == "gone":
                raise AwsError("no such service", "ServiceNotFound")
            return {"Instances": [{}] if asked["ServiceName"] == "read" else []}

    space = "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace"
    net = RealNetwork(Map(), deployed(kept(space, "names", name="all.internal")))  # type: ignore[arg-type]
    names = ("read", "empty", "gone")
    assert [net.resolves(f"{name}.all.internal") for name in names] == [True, False, False]
    assert net.ask("http://plain.example/") == (0, "not an https:// address")
    assert not net.resolves("no-such-name.invalid")
