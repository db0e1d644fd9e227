"""Read replicas: what they take from their source, what protects them, where they are, and their common name."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import pytest

from components.database_alarms import ReplicaThresholds
from components.errors import ComponentError
from components.read_address import ReadAddress, ReadAddressArgs
from components.replica import Replica, ReplicaArgs, maintenance_window, zone_for
from tests.components.support import KEY_ARN, SCOPE, TOPIC_ARN

if TYPE_CHECKING:
    from tests.components.support import Registered, Registration, Run

GIB = 1024**3
NAME = "floyo-dev-use1-database-replica-1"
ARGS = ReplicaArgs(
    scope=SCOPE,
    number=1,
    source_identifier="floyo-dev-use1-database",
    source_zone="us-east-1a",
    zones=["us-east-1a", "us-east-1b", "us-east-1c"],
    security_group_id="sg-1",
    parameter_group_name="parameters-1",
    key_arn=KEY_ARN,
    topic_arn=TOPIC_ARN,
    instance_class="db.t4g.small",
    max_connections=181,
    performance_insights=True,
    storage_gib=20,
    max_storage_gib=100,
    thresholds=ReplicaThresholds(cpu_pct=70, memory_pct=80, connections=144, lag_s=120),
)


def made(run: Run, **changed: Any) -> Registered:
    return run(lambda: Replica(NAME, dataclasses.replace(ARGS, **changed)))


def instance(run: Run, **changed: Any) -> Registration:
    return made(run, **changed).one("rds/instance:Instance")


def test_it_has_nothing_that_a_replica_takes_from_its_source(run: Run) -> None:
    inputs = instance(run).inputs
    assert inputs["replicateSourceDb"] == "floyo-dev-use1-database"
    own = {
        *("username", "password", "manageMasterUserPassword", "dbName", "engine", "engineVersion"),
        *("dbSubnetGroupName", "backupRetentionPeriod", "backupWindow", "finalSnapshotIdentifier"),
    }
    assert not own & set(inputs)


def test_its_identity_is_given_and_does_not_depend_on_its_size(run: Run) -> None:
    small = instance(run)
    large = instance(run, instance_class="db.r6g.large", storage_gib=100, max_storage_gib=1000)
    assert small.inputs["identifier"] == large.inputs["identifier"] == NAME
    assert small.urn == large.urn
    unchangeable = ("storageEncrypted", "kmsKeyId", "replicateSourceDb", "port", "storageType")
    assert [small.inputs[key] for key in unchangeable] == [large.inputs[key] for key in unchangeable]


def test_it_is_a_copy_that_a_step_down_takes_away(run: Run) -> None:
    replica = instance(run)
    assert not replica.protect
    assert replica.inputs["deletionProtection"] is False
    assert replica.inputs["skipFinalSnapshot"] is True, "RDS takes none of a replica"


def test_it_is_encrypted_and_not_public_and_behind_its_sources_group(run: Run) -> None:
    inputs = instance(run).inputs
    assert inputs["storageEncrypted"] is True
    assert inputs["kmsKeyId"] == inputs["performanceInsightsKmsKeyId"] == KEY_ARN
    assert inputs["publiclyAccessible"] is False
    assert inputs["vpcSecurityGroupIds"] == ["sg-1"]
    assert inputs["parameterGroupName"] == "parameters-1"


def test_storage_grows_as_its_sources(run: Run) -> None:
    inputs = instance(run).inputs
    assert (inputs["storageType"], inputs["allocatedStorage"], inputs["maxAllocatedStorage"]) == ("gp3", 20, 100)
    assert "maxAllocatedStorage" not in instance(run, max_storage_gib=20).inputs


def test_performance_insights_only_where_the_class_has_it(run: Run) -> None:
    without = instance(run, performance_insights=False).inputs
    assert without["performanceInsightsEnabled"] is False
    assert not {"performanceInsightsKmsKeyId", "performanceInsightsRetentionPeriod"} & set(without)


def test_log_groups_exist_before_rds_would_make_them(run: Run) -> None:
    result = made(run)
    groups = result.of("LogGroup")
    assert {one.inputs["name"] for one in groups} == {
        f"/aws/rds/instance/{NAME}/postgresql",
        f"/aws/rds/instance/{NAME}/upgrade",
    }
    assert not any(one.protect for one in groups)
    assert {one.urn for one in groups} <= set(result.one("rds/instance:Instance").depends_on)


def test_it_is_put_beside_its_source_and_stays_there(run: Run) -> None:
    replica = instance(run)
    assert replica.inputs["availabilityZone"] == "us-east-1b"
    assert replica.inputs["multiAz"] is False
    # RDS refuses to enlarge the storage of a young replica: it grows by itself.
    assert replica.ignore_changes == ("availabilityZone", "allocatedStorage")
    assert replica.inputs["maxAllocatedStorage"] > replica.inputs["allocatedStorage"]
    assert instance(run, source_zone="us-east-1b").inputs["availabilityZone"] == "us-east-1a"


@pytest.mark.parametrize(
    ("source", "zones", "order"),
    [
        ("a", ["a", "b", "c"], ["b", "c", "a", "b"]),
        ("c", ["a", "b", "c"], ["a", "b", "c", "a"]),
        ("a", ["a", "b"], ["b", "a", "b", "a"]),
        ("a", ["a"], ["a", "a", "a", "a"]),
        ("elsewhere", ["a", "b"], ["a", "b", "a", "b"]),
    ],
)
def test_replicas_are_spread_over_the_zones_their_sources_last(source: str, zones: list[str], order: list[str]) -> None:
    assert [zone_for(number, source, zones) for number in range(1, 5)] == order


def test_no_two_servers_are_maintained_at_once() -> None:
    windows = [maintenance_window(number) for number in range(1, 16)]
    assert windows[0] == "sat:04:30-sat:05:30"
    assert len(set(windows)) == 15
    starts = sorted(((one[:3], one[4:9], one[-5:]) for one in windows), key=lambda one: (one[0], one[1]))
    for (day, _, end), (next_day, start, _) in itertools.pairwise(starts):
        assert day != next_day or end <= start
    assert not [one for one in windows if one.startswith("sun") or one[4:6] == "03"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"number": 0}, "read replica number 0; allowed: 1 to 15"),
        ({"number": 16}, "read replica number 16; allowed: 1 to 15"),
        ({"zones": []}, "read replica without availability zones; at least 1 is needed"),
    ],
)
def test_what_rds_refuses_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ComponentError) as caught:
        dataclasses.replace(ARGS, **changed)
    assert str(caught.value) == message


def test_its_alarms_watch_it_and_how_far_it_is_behind(run: Run) -> None:
    alarms = made(run).alarms()
    found = {
        name.removeprefix(f"{NAME}-"): (
            one["metricName"],
            one["statistic"],
            one["comparisonOperator"],
            one["threshold"],
        )
        for name, one in alarms.items()
    }
    assert found == {
        "cpu": ("CPUUtilization", "Average", "GreaterThanThreshold", 70),
        "memory": ("FreeableMemory", "Average", "LessThanThreshold", round(181 * 9531392 * 0.2)),
        "connections": ("DatabaseConnections", "Maximum", "GreaterThanThreshold", 144),
        "disk": ("FreeStorageSpace", "Minimum", "LessThanThreshold", 2 * GIB),
        # The least of five minutes: an idle source lets the lag rise to five minutes and fall again.
        "lag": ("ReplicaLag", "Minimum", "GreaterThanThreshold", 120),
    }
    lag = alarms[f"{NAME}-lag"]
    assert (lag["period"], lag["evaluationPeriods"], lag["treatMissingData"]) == (300, 3, "breaching")
    assert {one["dimensions"]["DBInstanceIdentifier"] for one in alarms.values()} == {NAME}
    assert {one["alarmActions"][0] for one in alarms.values()} == {TOPIC_ARN}
    assert not [one["alarmDescription"] for one in alarms.values() if "replica" not in one["alarmDescription"].lower()]


READ = ReadAddressArgs(
    scope=SCOPE,
    namespace_id="ns-1",
    namespace_name="floyo-dev-use1-cluster.internal",
    replicas={"replica-1": "one.rds", "replica-2": "two.rds"},
)


def test_one_name_answers_with_each_replica(run: Run) -> None:
    result = run(lambda: ReadAddress("floyo-dev-use1-database-read", READ))
    name = result.one("servicediscovery/service:Service")
    config = name.inputs["dnsConfig"]
    assert (config["namespaceId"], config["routingPolicy"]) == ("ns-1", "WEIGHTED")
    assert config["dnsRecords"] == [{"type": "CNAME", "ttl": 5}]
    assert not {"healthCheckConfig", "healthCheckCustomConfig"} & set(name.inputs)
    entries = result.of("servicediscovery/instance:Instance")
    assert {one.inputs["instanceId"]: one.inputs["attributes"] for one in entries} == {
        "replica-1": {"AWS_INSTANCE_CNAME": "one.rds"},
        "replica-2": {"AWS_INSTANCE_CNAME": "two.rds"},
    }
    (outputs,) = result.outputs.values()
    assert outputs["address"] == "floyo-dev-use1-database-read.floyo-dev-use1-cluster.internal"


def test_a_name_for_nothing_is_refused() -> None:
    with pytest.raises(ComponentError, match=r"^a read address without replicas; at least 1 is needed$"):
        dataclasses.replace(READ, replicas={})
