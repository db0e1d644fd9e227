"""Copies of backups: where they are, what encrypts them, how long they are kept."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from components.backup_copies import BackupCopies, BackupCopiesArgs
from components.errors import ComponentError
from tests.components.support import ACCOUNT, SCOPE

if TYPE_CHECKING:
    from tests.components.support import Run


KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/mrk-1"
ARGS = BackupCopiesArgs(
    scope=dataclasses.replace(SCOPE, region="eu-west-1"),
    key_arn=KEY,
    sources={
        "database": f"arn:aws:rds:us-east-1:{ACCOUNT}:db:floyo-dev-use1-database",
        "database-shard-2": f"arn:aws:rds:us-east-1:{ACCOUNT}:db:floyo-dev-use1-database-shard-2",
    },
    days=35,
)


def test_every_database_is_copied_to_the_region_under_its_key(run: Run) -> None:
    result = run(lambda: BackupCopies("floyo-dev-backups-euw1", ARGS))
    copies = {one.name: one for one in result.of("InstanceAutomatedBackupsReplication")}
    assert set(copies) == {"floyo-dev-backups-euw1-database", "floyo-dev-backups-euw1-database-shard-2"}
    for one in copies.values():
        assert (one.inputs["region"], one.inputs["kmsKeyId"], one.inputs["retentionPeriod"]) == ("eu-west-1", KEY, 35)
        assert not one.protect, "a copy: a step down takes it away"
    assert {one.inputs["sourceDbInstanceArn"] for one in copies.values()} == set(ARGS.sources.values())


@pytest.mark.parametrize("days", [0, 36, -1])
def test_days_that_rds_refuses_are_refused(days: int) -> None:
    with pytest.raises(ComponentError) as caught:
        dataclasses.replace(ARGS, days=days)
    assert str(caught.value) == f"copies of backups for {days} days; allowed: 1 to 35"
