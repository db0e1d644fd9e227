"""What a failover reckons with: generations of databases, lag and loss, secrets that move, plans that it refuses."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ascend.engine.model import Kept, Op, RunResult, State, Step
from ascend.errors import InputError, UpdateError
from ascend.failover import fencing, generations, moving, settling, takeover
from ascend.failover.waiting import Patience, until
from ascend.live import replication
from ascend.live.aws import AwsError, UnreachableError
from ascend.live.deployed import Deployed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2")
QUICK = Patience(0, 0, 0, 0, 0, 30, 900, 0)
NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


@dataclass
class Aws:
    """An AWS that answers what it is told to, and remembers what it was asked."""

    answers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]]
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    embedded: Any = None

    def call(self, _service: str, _region: str, method: str, /, **arguments: Any) -> dict[str, Any]:
        self.asked.append((method, arguments))
        return self.answers[method](arguments)

    def pages(self, service: str, region: str, method: str, key: str, **arguments: Any) -> Iterator[Any]:
        yield from self.call(service, region, method, **arguments)[key]

    def times(self, method: str) -> int:
        return sum(name == method for name, _ in self.asked)


def _raise(error: Exception) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def answer(_: dict[str, Any]) -> dict[str, Any]:
        raise error

    return answer


# -- generations


def test_a_move_leaves_nothing_that_follows_the_old_primary() -> None:
    after = generations.after_move({}, REGIONS, "eu-west-1")
    assert after == {"us-east-1": {"fenced": True}, "ap-southeast-2": {"fenced": True}}
    rebuilt = generations.rebuilt(after, "eu-west-1", 2)
    names = ["database", "database-shard-2"]
    assert rebuilt == {
        "us-east-1": {"generation": 2, "kept": names},
        "ap-southeast-2": {"generation": 2, "kept": names},
    }


def test_where_nobody_went_back_to_nothing_is_made() -> None:
    after = generations.after_move({}, REGIONS, "eu-west-1")
    rebuilt = generations.rebuilt(after, "eu-west-1", 1, leave=["us-east-1"])
    assert rebuilt == {"us-east-1": {"fenced": True}, "ap-southeast-2": {"generation": 2, "kept": ["database"]}}
    assert generations.made(after, rebuilt, 1) == {"ap-southeast-2": ["database-g2"]}
    assert generations.made(rebuilt, rebuilt, 1) == {}


@settings(deadline=None)
@given(moves=st.lists(st.sampled_from(REGIONS), min_size=1, max_size=6), shards=st.integers(1, 3))
def test_a_name_never_stands_for_another_database(moves: list[str], shards: int) -> None:
    """However often it moves, a database in use has a name that none had before in its region."""
    databases: dict[str, Any] = {}
    primary, used = REGIONS[0], {region: {"database"} for region in REGIONS}
    for to in moves:
        if to == primary:
            continue
        assert not generations.fenced(databases, to)
        before = {region: generations.name(databases, region, "database") for region in REGIONS}
        databases = generations.rebuilt(generations.after_move(databases, REGIONS, to), to, shards)
        primary = to
        for region in REGIONS:
            name = generations.name(databases, region, "database")
            if region == to:
                assert name == before[region], "what takes over stays what it is"
            else:
                assert name not in used[region]
                assert before[region] in databases[region]["kept"]
                assert len(databases[region]["kept"]) == len(set(databases[region]["kept"]))
            used[region].add(name)
        assert not any(entry.get("fenced") for entry in databases.values())


def test_what_was_let_go_is_not_kept_again() -> None:
    given_ = {"us-east-1": {"generation": 2, "released": ["database"], "fenced": True}}
    assert generations.rebuilt(given_, "eu-west-1", 1) == {
        "us-east-1": {"generation": 3, "kept": ["database-g2"], "released": ["database"]}
    }


# -- lag and loss


def _lag(points: list[tuple[float, float]]) -> replication.Lag:
    """The lag by figures of some seconds ago."""
    rows = [{"Timestamp": NOW - timedelta(seconds=ago), "Maximum": value} for ago, value in points]
    aws = Aws({"get_metric_statistics": lambda _: {"Datapoints": rows}})
    return replication.lag(aws, "eu-west-1", "db", 900, NOW)  # type: ignore[arg-type]


def test_the_last_figure_counts_and_its_age_is_lost_too() -> None:
    found = _lag([(300, 0.5), (90, 12.0), (150, 900.0)])
    assert (found.lag_s, found.window_s(NOW.timestamp())) == (12.0, 102.0)
    assert found.said == "db was 12 s behind 90 s ago"


@pytest.mark.parametrize(
    ("points", "said", "silent"),
    [
        ([], "db: RDS has said nothing of its lag for 15 minutes", True),
        ([(60, -1.0)], "db does not replicate", False),
    ],
)
def test_a_lag_that_nobody_knows_is_no_small_one(points: list[tuple[float, float]], said: str, silent: bool) -> None:
    found = _lag(points)
    assert (found.said, found.silent, found.window_s(NOW.timestamp())) == (said, silent, None)
    assert replication.worst_s([_lag([(60, 1.0)]), found], NOW.timestamp()) is None
    assert not replication.close(found, 1e9, measured=True)
    assert not replication.has_all(found, 0, measured=True)
    assert moving.loss(None) == "how much may be lost is not known"


@settings(deadline=None)
@given(ago=st.floats(0, 800), behind=st.floats(0, 3600), fenced_ago=st.floats(0, 3600))
def test_a_replica_has_all_only_if_it_replayed_something_later(ago: float, behind: float, fenced_ago: float) -> None:
    found = _lag([(ago, behind)])
    since = NOW.timestamp() - fenced_ago
    if replication.has_all(found, since, measured=True):
        assert NOW.timestamp() - ago - behind >= since - 1e-3
    window = found.window_s(NOW.timestamp())
    assert window is not None
    assert window >= behind - 1e-3
    assert replication.close(found, 30, measured=True) is (behind <= 30)


def test_the_worst_of_several_counts() -> None:
    assert replication.worst_s([_lag([(60, 1.0)]), _lag([(60, 40.0)])], NOW.timestamp()) == 100.0


# -- fencing


OLD = {"identifier": "old", "group": "sg-1", "rules": {"sgr-1": "urn:1", "sgr-2": "urn:2"}}


def _rules(*ids: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    rows = [{"SecurityGroupRuleId": one, "IsEgress": False} for one in ids]
    return lambda _: {"SecurityGroupRules": [*rows, {"SecurityGroupRuleId": "sgr-out", "IsEgress": True}]}


def test_a_fence_revokes_what_the_stack_made_ends_connections_and_names_the_rest() -> None:
    aws = Aws(
        {
            "describe_security_group_rules": _rules("sgr-1", "sgr-2", "sgr-9"),
            "revoke_security_group_ingress": lambda _: {},
            "reboot_db_instance": lambda _: {},
        }
    )
    found = fencing.fence(aws, "us-east-1", [OLD], lambda _: None)  # type: ignore[arg-type]
    assert found == {"fenced": True, "revoked": 2, "strange_rules": ["sgr-9"]}
    revoked = dict(aws.asked)["revoke_security_group_ingress"]
    assert revoked == {"GroupId": "sg-1", "SecurityGroupRuleIds": ["sgr-1", "sgr-2"]}
    assert [name for name, _ in aws.asked][-1] == "reboot_db_instance", "nobody comes back in after the restart"


@pytest.mark.parametrize("error", [UnreachableError("no answer"), AwsError("down", "ServiceUnavailable")])
def test_a_region_that_does_not_answer_is_no_error_and_no_fence(error: AwsError) -> None:
    aws = Aws({"describe_security_group_rules": _raise(error)})
    found = fencing.fence(aws, "us-east-1", [OLD], lambda _: None)  # type: ignore[arg-type]
    assert found == {"fenced": False, "why": str(error), "revoked": 0}


def test_what_may_not_be_closed_is_said() -> None:
    aws = Aws({"describe_security_group_rules": _raise(AwsError("may not", "UnauthorizedOperation"))})
    with pytest.raises(AwsError, match="may not"):
        fencing.fence(aws, "us-east-1", [OLD], lambda _: None)  # type: ignore[arg-type]


def test_rules_that_go_meanwhile_are_gone() -> None:
    def revoke(arguments: dict[str, Any]) -> dict[str, Any]:
        if "sgr-2" in arguments["SecurityGroupRuleIds"]:
            raise AwsError("gone", "InvalidSecurityGroupRuleId.NotFound")
        return {}

    aws = Aws(
        {
            "describe_security_group_rules": _rules("sgr-1", "sgr-2"),
            "revoke_security_group_ingress": revoke,
            "reboot_db_instance": _raise(AwsError("busy", "InvalidDBInstanceState")),
        }
    )
    assert fencing.fence(aws, "us-east-1", [OLD], lambda _: None)["fenced"]  # type: ignore[arg-type]
    assert ["sgr-1"] in [asked.get("SecurityGroupRuleIds") for _, asked in aws.asked]


# -- taking over


FIELDS = {
    "engine": "postgres",
    "host": "old.rds",
    "port": 5432,
    "password": "old",
    "url": "postgresql://app:old@old.rds:5432/app?sslmode=require",
    "readUrl": "postgresql://app:old@new.rds:5432/app?sslmode=require",
    "standbyPassword": "next",
}


def test_a_secret_leads_to_the_promoted_database_with_its_own_password() -> None:
    after = takeover.moved(FIELDS, "new.rds")
    assert after["url"] == after["readUrl"] == "postgresql://app:next@new.rds:5432/app?sslmode=require"
    assert (after["host"], after["password"], after["port"]) == ("new.rds", "next", 5432)
    assert "standbyPassword" not in after
    assert takeover.moved(after, "new.rds") == after, "a second time changes nothing"


def test_without_a_password_of_its_own_the_old_one_stays() -> None:
    fields = {key: value for key, value in FIELDS.items() if key != "standbyPassword"}
    assert takeover.moved(fields, "new.rds")["url"] == "postgresql://app:old@new.rds:5432/app?sslmode=require"


def test_a_promotion_that_was_interrupted_promotes_nothing_twice() -> None:
    instance: dict[str, Any] = {"DBInstanceStatus": "available", "ReadReplicaSourceDBInstanceIdentifier": "arn:old"}

    def promote(_: dict[str, Any]) -> dict[str, Any]:
        instance.pop("ReadReplicaSourceDBInstanceIdentifier")
        return {}

    aws = Aws(
        {
            "describe_db_instances": lambda _: {"DBInstances": [instance]},
            "promote_read_replica": promote,
            "modify_db_instance": lambda _: {},
            "get_secret_value": lambda _: {"SecretString": json.dumps(FIELDS)},
        }
    )
    shards = [{"identifier": "new", "secret": "arn:secret"}]
    for _ in range(2):
        takeover.promote(aws, "eu-west-1", shards, QUICK, lambda _: None)  # type: ignore[arg-type]
    assert aws.times("promote_read_replica") == 1
    assert dict(aws.asked)["modify_db_instance"]["MasterUserPassword"] == "next"


def test_a_replica_that_does_not_become_a_primary_in_time_is_said() -> None:
    still = {"DBInstanceStatus": "modifying", "ReadReplicaSourceDBInstanceIdentifier": "arn:old"}
    aws = Aws({"describe_db_instances": lambda _: {"DBInstances": [still]}, "promote_read_replica": lambda _: {}})
    with pytest.raises(UpdateError, match="new is still a replica, 'modifying' after 0 s; look at its events in RDS"):
        takeover.promote(aws, "eu-west-1", [{"identifier": "new"}], QUICK, lambda _: None)  # type: ignore[arg-type]


def test_a_secret_that_is_none_of_a_database_is_refused() -> None:
    aws = Aws({"get_secret_value": lambda _: {"SecretString": "[]"}})
    shard = {"key": "database", "address": "new.rds", "secret": "arn:secret"}
    with pytest.raises(InputError, match="secret arn:secret in eu-west-1 does not hold a database's fields"):
        takeover.redirect(aws, "eu-west-1", [shard], lambda _: None)  # type: ignore[arg-type]


def test_what_is_waited_for_is_looked_at_once_at_least() -> None:
    looks = iter(["busy", ""])
    assert until(lambda: next(looks), 10, 0, lambda _: None) == ""
    assert until(lambda: "busy", 0, 0, lambda _: None) == "busy"


# -- what moves, and what may not


URN = "urn:pulumi:day::ascend::"


def _state(**world: Any) -> State:
    root = Kept(
        f"{URN}ascend:index:World::small-day",
        "ascend:index:World",
        "small-day",
        custom=False,
        inputs={"system": "small", "phase": "global", "regions": list(REGIONS[:2]), "primary": REGIONS[0], **world},
    )
    if root.inputs["phase"] != "global":
        return State(b"", [root])
    balancer = Kept(
        f"{URN}{moving.BALANCER}::b", moving.BALANCER, "b", parent=root.urn, id="b", inputs={"region": REGIONS[1]}
    )
    return State(b"", [root, balancer])


@pytest.mark.parametrize(
    ("to", "world", "databases", "line"),
    [
        ("eu-west-1", {"regions": ["us-east-1"]}, {}, "day is in us-east-1 alone; at phase global it has a second"),
        ("mars", {}, {}, "mars is none of day's regions; allowed: eu-west-1"),
        ("us-east-1", {}, {}, "day is written to in us-east-1 already; allowed: eu-west-1"),
        ("eu-west-1", {}, {"eu-west-1": {"fenced": True}}, "eu-west-1 has no replica since day left it; make one: "),
        ("eu-west-1", {"phase": "scaled"}, {}, "eu-west-1 is at rest: at phase scaled nothing of day runs there; take"),
        ("eu-west-1", {}, {}, "day has no database in us-east-1; bring the stack to what its file says first"),
    ],
)
def test_what_cannot_move_is_one_line(to: str, world: dict[str, Any], databases: dict[str, Any], line: str) -> None:
    deployed = Deployed.of("day", _state(**world))
    with pytest.raises(InputError) as caught:
        moving.about(deployed, databases, to, lambda verb: f"ascend {verb} day")
    assert str(caught.value).startswith(line)


@pytest.mark.parametrize(
    ("type_", "protect", "op", "allowed"),
    [
        ("aws:rds/instance:Instance", True, Op.REPLACE, False),
        ("aws:rds/instance:Instance", True, Op.DELETE, False),
        ("aws:rds/instance:Instance", False, Op.DELETE, True),
        ("aws:rds/instance:Instance", True, Op.UPDATE, True),
        ("aws:kms/replicaKey:ReplicaKey", True, Op.DELETE, False),
        ("aws:secretsmanager/secret:Secret", True, Op.DELETE, False),
        ("aws:secretsmanager/secret:Secret", False, Op.DELETE, True),
        ("aws:ecs/taskDefinition:TaskDefinition", False, Op.REPLACE, True),
    ],
)
def test_a_plan_that_takes_data_away_is_refused(type_: str, protect: bool, op: Op, allowed: bool) -> None:
    urn = f"{URN}{type_}::x"
    state = _state()
    there = Kept(urn, type_, "x", parent=state.resources[0].urn, id="1", protect=protect)
    deployed = Deployed.of("day", State(b"", [*state.resources, there]))
    plan = RunResult([Step(op, urn, type_, "x", protect=protect)], {}, {})
    if allowed:
        settling.guard(deployed, plan)
        return
    with pytest.raises(InputError, match="the update would take away what holds data: x; nothing was changed"):
        settling.guard(deployed, plan)
