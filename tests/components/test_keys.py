"""The key and who may use it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from components.keys import Keys, KeysArgs
from tests.components.support import ACCOUNT, SCOPE

if TYPE_CHECKING:
    from tests.components.support import Registered, Run


def made(run: Run) -> Registered:
    return run(lambda: Keys("floyo-dev-use1-keys", KeysArgs(scope=SCOPE)))


def test_the_key_is_born_multi_region_rotates_and_is_protected(run: Run) -> None:
    key = made(run).one("kms/key:Key")
    assert key.inputs["multiRegion"] is True
    assert key.inputs["enableKeyRotation"] is True
    assert key.inputs["deletionWindowInDays"] == 30
    assert key.protect


PRIMARY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/mrk-1"


def test_in_another_region_it_is_a_copy_with_a_policy_and_an_alias_of_its_own(run: Run) -> None:
    scope = dataclasses.replace(SCOPE, region="eu-west-1")
    result = run(lambda: Keys("floyo-dev-euw1-keys", KeysArgs(scope=scope, primary_arn=PRIMARY)))
    assert not result.of("kms/key:Key")
    key = result.one("kms/replicaKey:ReplicaKey")
    assert (key.inputs["primaryKeyArn"], key.inputs["region"]) == (PRIMARY, "eu-west-1")
    assert key.protect
    assert key.policy()["Logs"]["Principal"] == {"Service": "logs.eu-west-1.amazonaws.com"}
    assert result.one("kms/alias:Alias").inputs["name"] == "alias/floyo-dev-euw1-keys"


def test_the_alias_has_a_name_of_its_own(run: Run) -> None:
    assert made(run).one("kms/alias:Alias").inputs["name"] == "alias/floyo-dev-use1-keys"


def test_every_service_that_uses_it_is_named_with_a_condition(run: Run) -> None:
    policy = made(run).one("kms/key:Key").policy()
    assert {sid: one["Principal"] for sid, one in policy.items()} == {
        "Account": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Logs": {"Service": "logs.us-east-1.amazonaws.com"},
        "Alarms": {"Service": "cloudwatch.amazonaws.com"},
        "Budgets": {"Service": "budgets.amazonaws.com"},
    }
    assert policy["Logs"]["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:*"}
    }
    for sid in ("Alarms", "Budgets"):
        assert policy[sid]["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
        assert {"kms:Decrypt", "kms:GenerateDataKey"} <= set(policy[sid]["Action"])


def test_no_action_is_a_wildcard_and_the_account_can_still_change_the_policy(run: Run) -> None:
    policy = made(run).one("kms/key:Key").policy()
    assert not [action for one in policy.values() for action in one["Action"] if "*" in action]
    assert {"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:ReplicateKey", "kms:CreateGrant"} <= set(
        policy["Account"]["Action"]
    )


def test_kms_may_keep_the_copies_of_the_key_alike(run: Run) -> None:
    # Its service-linked role has this by IAM, which counts only where the key's policy lets the account decide.
    account = made(run).one("kms/key:Key").policy()["Account"]
    assert "kms:SynchronizeMultiRegionKey" in account["Action"]
