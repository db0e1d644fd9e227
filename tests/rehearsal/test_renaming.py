"""What is called otherwise in another cloud is found again wherever it stands, and nothing else is touched."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from ascend.engine.embedded.values import Secret
from ascend.rehearsal.renaming import Renaming

OLD = {
    "id": "vpc-0a1b2c3d4e5f",
    "arn": "arn:aws:ec2:us-east-1:111122223333:vpc/vpc-0a1b2c3d4e5f",
    "status": "available",
    "version": "16.4",
    "endpoint": "db.cq2abc.us-east-1.rds.amazonaws.com",
    "address": "master.cache.ab12cd.use1.cache.amazonaws.com:6379",
}
NEW = {
    "id": "vpc-99999999",
    "arn": "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-99999999",
    "status": "pending-vpc",
    "version": "16.1",
    "endpoint": "db.zzzzzz.us-east-1.rds.amazonaws.com",
    "address": "cache.zz.0001.use1.cache.amazonaws.com:6379",
}


def learnt() -> Renaming:
    renaming = Renaming()
    renaming.learn_id(OLD["id"], NEW["id"])
    renaming.learn(OLD, NEW)
    return renaming


def test_ids_are_found_alone_and_in_the_middle_of_documents() -> None:
    policy = json.dumps({"Resource": ["arn:aws:ec2:us-east-1:111122223333:vpc/vpc-0a1b2c3d4e5f/*"], "n": 3})
    renamed = learnt().apply({"vpcId": OLD["id"], "policy": policy, "list": [Secret(f"x={OLD['id']};")], "n": 7})
    assert renamed["vpcId"] == NEW["id"]
    assert json.loads(renamed["policy"])["Resource"] == ["arn:aws:ec2:us-east-1:123456789012:vpc/vpc-99999999/*"]
    assert renamed["list"] == [Secret(f"x={NEW['id']};")]
    assert renamed["n"] == 7


def test_addresses_are_found_in_urls() -> None:
    told = learnt().apply([f"postgres://app@{OLD['endpoint']}:5432/app", f"rediss://:t0ken@{OLD['address']}/0"])
    assert told == [f"postgres://app@{NEW['endpoint']}:5432/app", f"rediss://:t0ken@{NEW['address']}/0"]


def test_words_and_versions_are_left_alone() -> None:
    kept = {"state": "available", "engineVersion": "16.4", "zone": "us-east-1a", "longer": "vpc-0a1b2c3d4e5f0"}
    assert learnt().apply(kept) == kept


def test_secrets_are_not_learnt_from() -> None:
    renaming = Renaming()
    renaming.learn({"result": Secret("hunter2-hunter2")}, {"result": Secret("other-2-other-2")})
    assert renaming.apply("hunter2-hunter2") == "hunter2-hunter2"


@given(
    st.recursive(
        st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_who_learnt_nothing_changes_nothing(value: object) -> None:
    assert Renaming().apply(value) == value


@given(st.text(alphabet="abcdef0123456789-", min_size=9, max_size=20), st.text(max_size=30), st.text(max_size=30))
def test_a_whole_id_is_found_between_any_two_other_pieces(old: str, before: str, after: str) -> None:
    renaming = Renaming()
    renaming.learn_id(old, "new-0000-id")
    assert renaming.apply(f"{before}/{old}/{after}") == f"{before}/new-0000-id/{after}" or old in before + after
