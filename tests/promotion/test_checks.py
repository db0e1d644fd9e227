"""Checks before a promotion, each where it is so and where it is not."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.aws import moto
from ascend.engine.model import Op, RunResult, Step, Target
from ascend.errors import InputError
from ascend.live.aws import AwsError, Clients
from ascend.promotion import checks, quotas
from ascend.status.triggers import Move, Reason, Verdict
from tests.live.clouds import FIGURES, HERE, REGION, WORLD, deployed, kept, served

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

DATABASE = "aws:rds/instance:Instance"
EIP = "aws:ec2/eip:Eip"
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def clients() -> Iterator[Clients]:
    with served() as made:
        yield made


@pytest.fixture
def cloud(clients: Clients) -> Clients:
    """Clients of an AWS that holds nothing."""
    moto.reset()
    return clients


# What is pending, what has drifted


def test_a_pending_operation() -> None:
    assert checks.pending(deployed(), "ascend up dev").ok
    found = checks.pending(deployed(pending=("creating urn::a",)), "ascend up dev")
    assert (found.ok, found.passes) == (False, False)
    assert "creating urn::a" in found.detail
    assert found.remedy == "run `ascend up dev` first"


class Refreshing:
    """An engine that has read these steps."""

    name = "fake"

    def __init__(self, *steps: Step) -> None:
        self.steps = steps
        self.asked: Sequence[str] | None = None

    def refresh(self, target: Target, on_event: Any, urns: Sequence[str] | None = None, *, preview: bool) -> RunResult:
        assert preview, "a check changes nothing"
        self.asked = urns
        return RunResult(self.steps, {}, {})


def drift(tmp_path: Path, *steps: Step) -> checks.Check:
    database = kept(DATABASE, "db", protect=True)
    engine: Any = Refreshing(*steps)
    password = kept("random:index/randomPassword:RandomPassword", "password")
    found = checks.drift(engine, Target(tmp_path, "dev"), deployed(database, password, kept(EIP, "ip")), lambda _: None)
    assert engine.asked == [database.urn], "only what holds data, and only what a cloud has"
    return found


def read(op: Op, *keys: str) -> Step:
    return Step(op, "urn::db", DATABASE, "floyo-db", diff_keys=keys)


def test_no_drift(tmp_path: Path) -> None:
    assert drift(tmp_path, read(Op.SAME)).ok
    assert drift(tmp_path, read(Op.UPDATE, "latestRestorableTime", "allocatedStorage")).ok, "nobody's doing"


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (
            read(Op.UPDATE, "allocatedStorage", "backupRetentionPeriod"),
            "floyo-db (.*) differs in backupR[a-zA-Z]+$",
        ),
        (read(Op.UPDATE, "tags.owner"), r"differs in tags\.owner"),
        (read(Op.DELETE), "floyo-db (.*) is gone"),
    ],
)
def test_drift(tmp_path: Path, step: Step, said: str) -> None:
    found = drift(tmp_path, step)
    assert not found.passes
    assert re.search(said, found.detail)
    assert found.remedy


def test_a_stack_without_data_has_no_drift(tmp_path: Path) -> None:
    engine: Any = Refreshing()
    assert checks.drift(engine, Target(tmp_path, "dev"), deployed(), lambda _: None).ok
    assert engine.asked is None


# Backups


def database(cloud: Clients, name: str = "db", days: int = 7) -> Any:
    cloud.client("rds", REGION).create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        MasterUsername="a",
        MasterUserPassword="long enough",
        AllocatedStorage=20,
        BackupRetentionPeriod=days,
    )
    return kept(DATABASE, name, component="database", identifier=name, protect=True)


def test_recent_backups(cloud: Clients) -> None:
    found = checks.backups(cloud, deployed(database(cloud), database(cloud, "shard")))
    assert found.ok
    assert "db can be restored to" in found.detail
    assert "shard can be restored to" in found.detail


def test_a_database_without_backups(cloud: Clients) -> None:
    found = checks.backups(cloud, deployed(database(cloud), database(cloud, "shard", days=0)))
    assert not found.passes
    assert found.detail == "shard has no backups"
    assert "nothing is promoted" in found.remedy


def test_a_database_that_is_not_there(cloud: Clients) -> None:
    gone = kept(DATABASE, "gone", identifier="gone", protect=True)
    assert checks.backups(cloud, deployed(gone)).detail == "gone has no backups"


def test_replicas_need_none_of_their_own(cloud: Clients) -> None:
    replica = kept(DATABASE, "replica", identifier="replica", replicateSourceDb="db")
    assert checks.backups(cloud, deployed(replica)).ok


@pytest.mark.parametrize(
    ("snapshot_hours", "ok", "said"),
    [(None, False, "db can be restored to .* only"), (30, False, "only"), (20, True, "has an automated snapshot of")],
)
def test_restorable_only_to_yesterday(
    cloud: Clients, monkeypatch: pytest.MonkeyPatch, snapshot_hours: int | None, ok: bool, said: str
) -> None:
    """A day behind: the log does not reach S3. A recent automated snapshot is as good; RDS takes one a day."""
    there = database(cloud)
    call = Clients.call

    def late(self: Clients, service: str, region: str, method: str, **more: Any) -> Any:
        answer = call(self, service, region, method, **more)
        answer["DBInstances"][0]["LatestRestorableTime"] = NOW - timedelta(hours=24)
        return answer

    def snapshots(_self: Clients, *_: str, **more: Any) -> Any:
        assert more == {"DBInstanceIdentifier": "db", "SnapshotType": "automated"}
        if snapshot_hours is not None:
            yield {"Status": "available", "SnapshotCreateTime": NOW - timedelta(hours=snapshot_hours)}
            yield {"Status": "creating"}

    monkeypatch.setattr(Clients, "call", late)
    monkeypatch.setattr(Clients, "pages", snapshots)
    found = checks.backups(cloud, deployed(there), NOW)
    assert found.ok is ok
    assert re.search(said, found.detail)


# Quotas


def step(op: Op, type_: str, number: int = 0, **inputs: Any) -> Step:
    old = {key.removeprefix("old_"): value for key, value in inputs.items() if key.startswith("old_")}
    new = {key: value for key, value in inputs.items() if not key.startswith("old_")}
    return Step(op, f"urn::{type_}::{number}", type_, f"x{number}", inputs={"region": REGION, **new}, old_inputs=old)


def needed(*planned: Step) -> dict[str, float]:
    return {need.row["name"]: need.adds for need in quotas.needs(deployed(), planned)}


def test_only_what_is_added_counts() -> None:
    group = "aws:elasticache/replicationGroup:ReplicationGroup"
    assert needed(step(Op.CREATE, EIP), step(Op.CREATE, EIP, 1), step(Op.SAME, EIP, 2)) == {"Elastic IP addresses": 2}
    assert needed(step(Op.REPLACE, DATABASE)) == {"DB instances": 1}
    assert needed(step(Op.DELETE, DATABASE), step(Op.UPDATE, DATABASE, 1)) == {}
    assert needed(step(Op.CREATE, group, numCacheClusters=2.0)) == {"ElastiCache nodes": 2}
    assert needed(step(Op.UPDATE, group, numCacheClusters=3.0, old_numCacheClusters=1.0)) == {"ElastiCache nodes": 2}
    assert needed(step(Op.UPDATE, group, numCacheClusters=1.0, old_numCacheClusters=3.0)) == {}
    assert needed(step(Op.UPDATE, group, numCacheClusters=3.0)) == {}, "nobody knows what it was"


def test_a_snapshot_of_every_database_that_is_written_to() -> None:
    primary, other = kept(DATABASE, "a"), kept(DATABASE, "b")
    replica = kept(DATABASE, "c", replicateSourceDb="a")
    found = quotas.needs(deployed(primary, other, replica), [])
    assert [(need.row["name"], need.region, need.adds) for need in found] == [("manual DB snapshots", REGION, 2)]


def tasks(most: int, spot: int) -> list[Step]:
    """The plan of a stack whose service has so many tasks of half a vCPU; of four, `spot` on spare capacity."""
    owner = f"{WORLD}$ascend:components:Service::floyo-dev-use1-api"
    task = {"cpu": "512", "memory": "1024"}
    strategies = [
        {"capacityProvider": "FARGATE", "weight": 4.0 - spot},
        {"capacityProvider": "FARGATE_SPOT", "weight": float(spot)},
    ]
    service = {"region": REGION, "desiredCount": float(most), "capacityProviderStrategies": strategies}
    return [
        Step(Op.SAME, WORLD, "ascend:index:World", "floyo-dev", custom=False, inputs={"figures": FIGURES}),
        Step(Op.SAME, HERE, "ascend:index:Region", "floyo-dev-use1", custom=False),
        Step(Op.SAME, owner, "ascend:components:Service", "floyo-dev-use1-api", HERE, custom=False),
        Step(Op.UPDATE, "urn::task", "aws:ecs/taskDefinition:TaskDefinition", "t", owner, inputs=task),
        Step(Op.UPDATE, "urn::service", "aws:ecs/service:Service", "s", owner, inputs=service),
    ]


def test_vcpu_of_all_tasks() -> None:
    assert needed(*tasks(20, spot=3)) == {"Fargate vCPU": 2.5, "Fargate Spot vCPU": 7.5}
    assert needed(*tasks(20, spot=0)) == {"Fargate vCPU": 10}


def test_vcpu_that_a_new_account_does_not_have(cloud: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    new = {"Quota": {"Value": 6.0}}
    monkeypatch.setattr(Clients, "call", lambda *_, **__: new)
    found = checks.quota(cloud, deployed(), tasks(20, spot=0))
    assert (found.passes, found.detail) == (False, "Fargate vCPU in us-east-1: 0 used, 10 more needed, quota 6")


def test_quotas_that_suffice(cloud: Clients) -> None:
    found = checks.quota(cloud, deployed(), [step(Op.CREATE, EIP), step(Op.CREATE, DATABASE), step(Op.CREATE, "x")])
    assert (found.ok, found.detail) == (True, "2 quotas leave room for what is added")


def test_a_quota_that_is_exceeded(cloud: Clients) -> None:
    """Five addresses are what every account has, all stacks together."""
    ec2 = cloud.client("ec2", REGION)
    for _ in range(4):
        ec2.allocate_address(Domain="vpc")
    planned = [step(Op.CREATE, EIP, number) for number in range(3)]
    found = checks.quota(cloud, deployed(), planned)
    assert not found.passes
    assert found.detail == "Elastic IP addresses in us-east-1: 4 used, 3 more needed, quota 5"
    words = found.remedy.split()
    assert words[:3] == ["aws", "service-quotas", "request-service-quota-increase"]
    asked = dict(zip(words[3::2], words[4::2], strict=True))
    cloud.client("service-quotas", REGION).request_service_quota_increase(
        ServiceCode=asked["--service-code"],
        QuotaCode=asked["--quota-code"],
        DesiredValue=float(asked["--desired-value"]),
    )
    assert checks.quota(cloud, deployed(), planned).ok, "the remedy helps"
    assert not checks.quota(cloud, deployed(), [*planned, step(Op.CREATE, EIP, 9)]).ok


def test_a_quota_grows_only(cloud: Clients) -> None:
    asked = {"ServiceCode": "rds", "QuotaCode": "L-7B6409FD", "DesiredValue": 40.0}
    with pytest.raises(AwsError, match="greater than the current quota value"):
        cloud.call("service-quotas", REGION, "request_service_quota_increase", **asked)


def test_every_quota_can_be_asked_for_and_counted(cloud: Clients) -> None:
    needs = [quotas.Need(row, "eu-west-1", 1_000_000) for row in quotas.table()]
    assert len(quotas.exceeded(cloud, needs)) == len(needs)
    needs = [quotas.Need(row, "eu-west-1", 1) for row in quotas.table()]
    assert quotas.exceeded(cloud, needs) == []


def test_nodes_and_kinds_are_counted_as_the_quota_counts_them(cloud: Clients) -> None:
    balancers = cloud.client("elbv2", REGION)
    ec2 = cloud.client("ec2", REGION)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"]
        for number, zone in enumerate("ab")
    ]
    balancers.create_load_balancer(
        Name="n", Type="network", Scheme="internal", Subnets=[one["SubnetId"] for one in subnets]
    )
    row = next(row for row in quotas.table() if row["code"] == "L-53DA6B97")
    (found,) = quotas.exceeded(cloud, [quotas.Need(row, REGION, 51)])
    assert found.used == 0, "a network load balancer is none of them"


def test_an_account_whose_quota_was_never_changed(cloud: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    call, asked = Clients.call, []

    def without(self: Clients, service: str, region: str, method: str, **more: Any) -> Any:
        asked.append(method)
        if method == "get_service_quota":
            raise AwsError("none", "NoSuchResourceException")
        return call(self, service, region, method, **more)

    monkeypatch.setattr(Clients, "call", without)
    assert not checks.quota(cloud, deployed(), [step(Op.CREATE, EIP, number) for number in range(6)]).ok
    assert "get_aws_default_service_quota" in asked


# The phase, the triggers, and all of it


@pytest.mark.parametrize(
    ("to", "force", "ok", "passes"),
    [("cached", None, True, True), ("scaled", None, False, False), ("scaled", "a launch", False, True)],
)
def test_one_phase_up(to: str, force: str | None, ok: bool, passes: bool) -> None:
    found = checks.phase(deployed(), to, force)
    assert (found.ok, found.passes) == (ok, passes)
    if not ok:
        assert found.detail == "from single-region to scaled leaves out cached"
        assert "promote to cached first, or give --force" in found.remedy


@pytest.mark.parametrize(
    ("now", "to", "said"),
    [("cached", "cached", "at phase cached already"), ("scaled", "cached", "above cached; use ascend demote")],
)
def test_no_promotion_at_all(now: str, to: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        checks.phase(deployed(phase=now), to)


@pytest.mark.parametrize(
    ("move", "force", "ok", "passes"),
    [
        (Move.PROMOTE, None, True, True),
        (Move.STAY, None, False, False),
        (Move.RESIZE, None, False, False),
        (Move.DEMOTE, None, False, False),
        (Move.STAY, "a launch", False, True),
    ],
)
def test_triggers(move: Move, force: str | None, ok: bool, passes: bool) -> None:
    found = checks.triggers(Verdict(move, (Reason("cpu", "cpu above 70"),), None, None), force)
    assert (found.ok, found.passes, found.forced) == (ok, passes, force is not None)
    assert "cpu above 70" in found.detail
    assert found.document()["forced"] is (force is not None)


def test_all_checks(cloud: Clients, tmp_path: Path) -> None:
    engine: Any = Refreshing()
    verdict = Verdict(Move.STAY, (Reason("within limits", "quiet"),), None, None)

    def run(**more: Any) -> list[checks.Check]:
        stack = deployed(database(cloud, more.pop("name")), pending=more.pop("pending", ()))
        more = {"to": "cached", "planned": [], "verdict": verdict, **more}
        return checks.run(engine, Target(tmp_path, "dev"), stack, cloud, lambda _: None, **more)

    found = run(name="a")
    assert [one.name for one in found] == ["pending", "phase", "drift", "backups", "quotas", "triggers"]
    assert [one.name for one in found if not one.passes] == ["triggers"]
    assert all(one.passes for one in run(name="b", force="a launch"))
    forced = run(name="c", force="a launch", to="global", pending=("updating urn::x",))
    assert [one.name for one in forced if not one.passes] == ["pending"], "force lets no other check pass"
