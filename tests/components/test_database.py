"""The database: what keeps its data, its parameters, its alarms."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from components import database
from components.database import Database, DatabaseArgs
from components.database_alarms import DatabaseThresholds
from components.database_parameters import server_parameters
from components.errors import ComponentError
from tests.components.support import KEY_ARN, SCOPE, TOPIC_ARN, Secret

if TYPE_CHECKING:
    from tests.components.support import Registered, Registration, Run

GIB = 1024**3
ARGS = DatabaseArgs(
    scope=SCOPE,
    vpc_id="vpc-1",
    subnet_ids=["subnet-1", "subnet-2"],
    key_arn=KEY_ARN,
    topic_arn=TOPIC_ARN,
    version="17",
    instance_class="db.t4g.micro",
    max_connections=78,
    performance_insights=True,
    storage_gib=20,
    max_storage_gib=50,
    multi_az=False,
    backup_days=7,
    slow_query_ms=1000,
    thresholds=DatabaseThresholds(cpu_pct=70, memory_pct=80, size_limit_gib=8, size_pct=80, connections=62, lag_s=120),
)


def made(run: Run, **changed: Any) -> Registered:
    return run(lambda: Database("floyo-dev-use1-database", dataclasses.replace(ARGS, **changed)))


def instance(run: Run, **changed: Any) -> Registration:
    return made(run, **changed).one("rds/instance:Instance")


def test_it_cannot_be_lost_by_mistake(run: Run) -> None:
    primary = instance(run)
    assert primary.protect
    assert primary.inputs["deletionProtection"] is True
    assert primary.inputs["skipFinalSnapshot"] is False
    assert primary.inputs["finalSnapshotIdentifier"] == "floyo-dev-use1-database-final-0badcafe"
    assert primary.inputs["backupRetentionPeriod"] == 7
    assert primary.inputs["deleteAutomatedBackups"] is False
    assert primary.inputs["copyTagsToSnapshot"] is True


def test_it_is_encrypted_and_not_public(run: Run) -> None:
    inputs = instance(run).inputs
    assert inputs["storageEncrypted"] is True
    assert inputs["kmsKeyId"] == KEY_ARN
    assert inputs["publiclyAccessible"] is False


def test_its_identity_is_given_and_does_not_depend_on_its_size(run: Run) -> None:
    small = instance(run)
    large = instance(run, instance_class="db.r7g.large", multi_az=True, storage_gib=100, max_storage_gib=1000)
    assert small.inputs["identifier"] == large.inputs["identifier"] == "floyo-dev-use1-database"
    assert small.urn == large.urn
    unchangeable = (
        "storageEncrypted",
        "kmsKeyId",
        "username",
        "dbName",
        "engine",
        "dbSubnetGroupName",
        "port",
        "storageType",
    )
    assert [small.inputs[key] for key in unchangeable] == [large.inputs[key] for key in unchangeable]


def test_a_larger_size_takes_effect(run: Run) -> None:
    primary = instance(run)
    assert primary.ignore_changes == ()
    assert (primary.inputs["allocatedStorage"], primary.inputs["maxAllocatedStorage"]) == (20, 50)
    assert primary.inputs["applyImmediately"] is True


def test_no_iops_are_asked_of_a_small_volume(run: Run) -> None:
    inputs = instance(run).inputs
    assert inputs["storageType"] == "gp3"
    assert "iops" not in inputs
    assert "storageThroughput" not in inputs


def test_storage_that_may_not_grow_asks_for_no_growth(run: Run) -> None:
    assert "maxAllocatedStorage" not in instance(run, max_storage_gib=20).inputs


def test_performance_insights_only_where_the_class_has_it(run: Run) -> None:
    inputs = instance(run).inputs
    assert inputs["performanceInsightsEnabled"] is True
    assert inputs["performanceInsightsKmsKeyId"] == KEY_ARN
    without = instance(run, performance_insights=False).inputs
    assert without["performanceInsightsEnabled"] is False
    assert not {"performanceInsightsKmsKeyId", "performanceInsightsRetentionPeriod"} & set(without)


def test_the_password_is_protected_and_secret_all_the_way(run: Run) -> None:
    result = made(run)
    password = result.one("RandomPassword")
    assert password.protect
    assert password.inputs["special"] is False
    assert password.inputs["length"] == 40


def test_windows_do_not_overlap(run: Run) -> None:
    inputs = instance(run).inputs
    assert inputs["backupWindow"] == "03:00-04:00"
    assert inputs["maintenanceWindow"] == "sun:04:30-sun:05:30"


def test_log_groups_exist_before_rds_would_make_them(run: Run) -> None:
    result = made(run)
    groups = {one.inputs["name"]: one for one in result.of("LogGroup")}
    primary = result.one("rds/instance:Instance")
    assert set(groups) == {
        "/aws/rds/instance/floyo-dev-use1-database/postgresql",
        "/aws/rds/instance/floyo-dev-use1-database/upgrade",
    }
    for group in groups.values():
        assert group.inputs["retentionInDays"] == 30
        assert group.inputs["kmsKeyId"] == KEY_ARN
        assert group.urn in primary.depends_on


def test_parameters_force_tls_and_log_slow_queries_and_name_how_they_take_effect(run: Run) -> None:
    group = made(run).one("ParameterGroup").inputs
    assert group["family"] == "postgres17"
    parameters = {one["name"]: (one["value"], one["applyMethod"]) for one in group["parameters"]}
    assert parameters["rds.force_ssl"] == ("1", "immediate")
    assert parameters["log_min_duration_statement"] == ("1000", "immediate")
    assert parameters["shared_preload_libraries"] == ("pg_stat_statements", "pending-reboot")
    # Set from the first day, so that a replica changes nothing here.
    assert parameters["hot_standby_feedback"] == ("1", "immediate")
    assert [one["name"] for one in group["parameters"]] == sorted(parameters)


def test_the_parameter_groups_name_leaves_room_for_the_next_major_version(run: Run) -> None:
    assert "name" not in made(run).one("ParameterGroup").inputs


def test_extensions_that_need_it_are_loaded_at_the_start() -> None:
    given = dataclasses.replace(ARGS, extensions=("pg_partman", "uuid-ossp", "pg_cron"))
    libraries = {name: value for name, value, _ in server_parameters(given)}["shared_preload_libraries"]
    assert libraries == "pg_cron,pg_partman_bgw,pg_stat_statements"


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(ComponentError, match=r"^database parameter 'shared_bufers' is not known; allowed: "):
        server_parameters(dataclasses.replace(ARGS, parameters={"shared_bufers": "1"}))


def test_its_group_lets_nobody_in_by_itself(run: Run) -> None:
    group = made(run).one("SecurityGroup").inputs
    assert not group.get("ingress")
    assert not group.get("egress")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"storage_gib": 19}, "database storage of 19 GiB; allowed: 20 to 65536"),
        ({"storage_gib": -1}, "database storage of -1 GiB; allowed: 20 to 65536"),
        ({"max_storage_gib": 21}, "database storage may grow to 21 GiB; allowed: 20 (no growth) or 22 to 65536"),
        ({"max_storage_gib": 10}, "database storage may grow to 10 GiB; allowed: 20 (no growth) or 22 to 65536"),
        ({"backup_days": 0}, "database backups of 0 days; allowed: 1 to 35"),
        ({"backup_days": 36}, "database backups of 36 days; allowed: 1 to 35"),
    ],
)
def test_what_rds_refuses_or_would_cost_data_is_refused(changed: dict[str, int], message: str) -> None:
    with pytest.raises(ComponentError) as caught:
        dataclasses.replace(ARGS, **changed)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_its_alarms_watch_the_documents_thresholds(run: Run) -> None:
    found = {
        name.removeprefix("floyo-dev-use1-database-"): (
            one["metricName"],
            one["statistic"],
            one["comparisonOperator"],
            one["threshold"],
        )
        for name, one in made(run).alarms().items()
    }
    assert found == {
        "cpu": ("CPUUtilization", "Average", "GreaterThanThreshold", 70),
        "memory": ("FreeableMemory", "Average", "LessThanThreshold", round(78 * 9531392 * 0.2)),
        "connections": ("DatabaseConnections", "Maximum", "GreaterThanThreshold", 62),
        "disk": ("FreeStorageSpace", "Minimum", "LessThanThreshold", 2 * GIB),
        # 80 % of the 8 GiB that Floyo may have are used when 13.6 of the volume's 20 GiB are free.
        "size": ("FreeStorageSpace", "Minimum", "LessThanThreshold", round(13.6 * GIB)),
    }


def test_a_limit_beyond_the_volume_is_met_by_the_same_share_of_the_volume(run: Run) -> None:
    limits = dataclasses.replace(ARGS.thresholds, size_limit_gib=500)
    size = made(run, thresholds=limits).alarms()["floyo-dev-use1-database-size"]
    assert size["threshold"] == 4 * GIB


def test_silence_of_the_database_is_told_once(run: Run) -> None:
    found = made(run).alarms()
    assert [name for name, one in found.items() if one["treatMissingData"] == "breaching"] == [
        "floyo-dev-use1-database-cpu"
    ]
    assert {one["dimensions"]["DBInstanceIdentifier"] for one in found.values()} == {"floyo-dev-use1-database"}
    assert {one["alarmActions"][0] for one in found.values()} == {TOPIC_ARN}


def test_the_connection_string_asks_for_tls() -> None:
    assert database.url("db.example", "pw") == "postgresql://app:pw@db.example:5432/app?sslmode=require"


def test_no_output_shows_the_password(run: Run) -> None:
    result = made(run)
    assert "password" not in str(list(result.outputs.values())).lower()
    assert not isinstance(result.one("rds/instance:Instance").inputs["identifier"], Secret)


SOURCE = "arn:aws:rds:us-west-2:123456789012:db:floyo-dev-usw2-database"


def test_one_that_follows_another_region_has_the_identity_of_a_primary(run: Run) -> None:
    primary, follower = instance(run), instance(run, source_arn=SOURCE)
    assert primary.urn == follower.urn
    same = ("identifier", "kmsKeyId", "storageEncrypted", "port", "dbSubnetGroupName", "parameterGroupName")
    assert [primary.inputs[key] for key in same] == [follower.inputs[key] for key in same]
    assert follower.inputs["replicateSourceDb"] == SOURCE
    assert follower.protect
    assert follower.inputs["deletionProtection"] is True


def test_a_copy_that_crosses_regions_has_hours_to_come_up(run: Run) -> None:
    assert (instance(run).create_timeout, instance(run, source_arn=SOURCE).create_timeout) == ("", "12h")


def test_one_that_follows_takes_the_rest_from_its_source(run: Run) -> None:
    inputs = instance(run, source_arn=SOURCE, multi_az=True).inputs
    own = {
        *("username", "password", "dbName", "engine", "engineVersion", "multiAz"),
        *("backupRetentionPeriod", "backupWindow", "finalSnapshotIdentifier"),
    }
    assert not own & set(inputs)
    assert inputs["skipFinalSnapshot"] is True, "RDS takes none of a replica"


def test_a_former_primary_keeps_all_that_only_a_primary_has(run: Run) -> None:
    """Its arguments name a source then, which RDS can give no instance afterwards."""
    primary, follower = instance(run), instance(run, source_arn=SOURCE)
    assert primary.ignore_changes == ()
    differing = {
        key for key in {*primary.inputs, *follower.inputs} if primary.inputs.get(key) != follower.inputs.get(key)
    }
    assert differing <= set(follower.ignore_changes)


def test_no_server_is_maintained_with_the_one_it_follows(run: Run) -> None:
    windows = [instance(run, **more).inputs["maintenanceWindow"] for more in ({}, {"source_arn": SOURCE})]
    assert windows == ["sun:04:30-sun:05:30", "sat:01:30-sat:02:30"]


def test_one_that_follows_is_watched_for_its_lag_and_a_primary_for_its_size(run: Run) -> None:
    primary, follower = (
        {name.rpartition("-")[2] for name in one} for one in (made(run).alarms(), made(run, source_arn=SOURCE).alarms())
    )
    assert primary - follower == {"size"}
    assert follower - primary == {"lag"}


def test_deletion_protection_can_be_switched_off_and_protect_cannot(run: Run) -> None:
    primary = instance(run, deletion_protection=False)
    assert primary.inputs["deletionProtection"] is False
    assert primary.protect
