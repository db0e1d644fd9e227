"""The script for tables that are split by time; what it does is tested in ``tests/components/postgres``."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from components import partitions
from components.errors import ComponentError
from components.partition_archive import PartitionArchive, PartitionArchiveArgs
from components.partitions import PartitionedTable
from tests.components.support import ACCOUNT, KEY_ARN, SCOPE, Registered, Run

TABLE = PartitionedTable(table="events", column="created_at", interval="month", retention_days=90, prefix="events/")
ARGS = PartitionArchiveArgs(
    scope=SCOPE,
    database_identifier="floyo-dev-use1-database",
    database_group_id="sg-1",
    bucket_arn="arn:aws:s3:::archive-1",
    prefixes=["events/", "visits/"],
    key_arn=KEY_ARN,
    storage_prefix_list_id="pl-1",
)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"table": "a; DROP TABLE users"}, "partitioned table 'a; DROP TABLE users'"),
        ({"table": "Events"}, "partitioned table 'Events'"),
        ({"column": "created at"}, "partitioned column 'created at'"),
        ({"table": "e" * 41}, "has 41 characters; 40 are allowed"),
        ({"interval": "decade"}, "by 'decade'; allowed: day, week, month, year"),
        ({"retention_days": 0}, "kept for 0 days; at least 1"),
        ({"prefix": "events"}, "must end in '/'"),
    ],
)
def test_bad_input_is_named(change: dict[str, Any], text: str) -> None:
    with pytest.raises(ComponentError) as caught:
        dataclasses.replace(TABLE, **change)
    assert text in str(caught.value)


def test_the_longest_name_leaves_room_for_a_detached_partitions_mark() -> None:
    assert len("e" * partitions.MAX_TABLE_NAME + "_p20261121" + "_0123456789ab") == 63


def test_the_schedule_is_there_before_the_first_run_which_may_fail() -> None:
    script = partitions.script([TABLE], bucket="b", region="r")
    order = ["CREATE EXTENSION", "CREATE SCHEMA", "INSERT INTO partitions.rules", "adopt(rule)", "cron.schedule"]
    places = [script.index(text, script.rindex("$body$") if number > 1 else 0) for number, text in enumerate(order)]
    assert places == sorted(places)
    assert script.rstrip().endswith("CALL partitions.maintain();")


def test_texts_are_quoted() -> None:
    script = partitions.script([TABLE], bucket="it's", region="eu-central-1")
    assert "'month', 90, 'it''s', 'eu-central-1', 'events/'" in script


def test_no_tables_leave_no_rules() -> None:
    assert "table_name <> ALL (ARRAY[]::text[]);" in partitions.script([], bucket="b", region="r")


def archive(run: Run) -> Registered:
    return run(lambda: PartitionArchive("floyo-dev-use1-database-archive", ARGS))


def test_the_server_may_write_below_the_prefixes_and_nothing_else(run: Run) -> None:
    statements = archive(run).one("iam/rolePolicy:RolePolicy").policy()
    assert statements["Write"]["Action"] == ["s3:AbortMultipartUpload", "s3:PutObject"]
    assert statements["Write"]["Resource"] == ["arn:aws:s3:::archive-1/events/*", "arn:aws:s3:::archive-1/visits/*"]
    assert statements["Encryption"]["Resource"] == KEY_ARN
    assert statements["Encryption"]["Condition"] == {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}


def test_only_this_server_takes_the_role(run: Run) -> None:
    made = archive(run)
    trust = made.one("iam/role:Role").policy("assumeRolePolicy")["Trust"]
    assert trust["Principal"] == {"Service": "rds.amazonaws.com"}
    server = f"arn:aws:rds:us-east-1:{ACCOUNT}:db:floyo-dev-use1-database"
    assert trust["Condition"]["ArnLike"] == {"aws:SourceArn": server}
    association = made.one("rds/roleAssociation:RoleAssociation").inputs
    assert (association["featureName"], association["dbInstanceIdentifier"]) == ("s3Export", "floyo-dev-use1-database")


def test_the_way_out_leads_to_storage_alone(run: Run) -> None:
    rule = archive(run).one("vpc/securityGroupEgressRule:SecurityGroupEgressRule").inputs
    assert (rule["prefixListId"], rule["fromPort"], rule["toPort"]) == ("pl-1", 443, 443)
    assert "cidrIpv4" not in rule
