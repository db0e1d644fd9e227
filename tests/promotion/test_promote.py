"""Floyo from its first phase to its last by `ascend promote`, rehearsals included; to another region, and home."""

from __future__ import annotations

import itertools
import json
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import pytest

from ascend.cloud.process import status
from ascend.live.network import EmbeddedNetwork
from ascend.promotion import journal, stack_file
from tests.e2e.account import Account
from tests.e2e.project import Project
from tests.e2e.stack_files import PHASES, REGIONS, write, zone_of
from tests.thorough import thorough

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ascend.cloud.process import CloudInfo

# The whole way, on a machine that does much else.
pytestmark = [pytest.mark.xdist_group("promote"), pytest.mark.timeout(1200)]

STACK = "dev"
PATHS = {"web": "/healthz", "api": "/api/health"}
STEPS = ("check", "plan", "rehearse", "snapshot", "apply", "verify")


class Visitor:
    """Somebody who asks for a page all the time, for a `with`."""

    def __init__(self, cloud: CloudInfo, url: str) -> None:
        self._net, self._url, self._over = EmbeddedNetwork(cloud), url, threading.Event()
        self.answers: list[int] = []
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_why: object) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._over.is_set():
            self.answers.append(self._net.ask(self._url)[0])
            time.sleep(0.1)


@dataclass(frozen=True)
class Point:
    """What there is at a phase: ids of what holds data, the database's identity, what each service answers."""

    ids: dict[str, str]
    database: dict[str, Any]
    answers: dict[str, int]
    kept: bytes


@dataclass
class Way:
    project: Project
    documents: list[dict[str, Any]] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    visitors: list[list[int]] = field(default_factory=list)
    dry: dict[str, Any] = field(default_factory=dict)
    refused: str = ""
    bucket: str = ""

    def point(self, region: str = REGIONS[0]) -> Point:
        """What there is, of a stack that is written to in a region."""
        state = self.project.state(STACK)
        account = Account(self.project.endpoint(), REGIONS)
        outputs = next(one["outputs"] for one in state["resources"] if one["type"] == "pulumi:pulumi:Stack")
        (found,) = account.client("rds", region).describe_db_instances(
            DBInstanceIdentifier=outputs["databaseIdentifier"]
        )["DBInstances"]
        database = {key: found[key] for key in ("DbiResourceId", "DBInstanceArn", "InstanceCreateTime", "KmsKeyId")}
        cloud = status(self.project.root)
        assert cloud is not None
        net = EmbeddedNetwork(cloud)
        answers = {name: net.ask(f"{outputs['url']}{path}")[0] for name, path in PATHS.items()}
        if not self.points:
            self.bucket = outputs["buckets"]["files"]
            account.client("s3").put_object(Bucket=self.bucket, Key="a file", Body=b"of a user")
        kept = account.client("s3").get_object(Bucket=self.bucket, Key="a file")["Body"].read()
        ids = {one["urn"]: one["id"] for one in state["resources"] if one.get("protect")}
        return Point(ids, database, answers, kept)

    def up(self, phase: str) -> None:
        cloud = status(self.project.root)
        assert cloud is not None
        with Visitor(cloud, f"https://app.{zone_of(STACK)}/healthz") as visitor:
            ran = self.project.ascend("promote", STACK, "--embedded", "--yes", "--json", "--force", "the test")
        self.documents.append(ran.document)
        self.visitors.append(visitor.answers)
        assert self.documents[-1]["to"] == phase
        self.points.append(self.point())


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    project = Project.copied(tmp_path_factory.mktemp("promote"))
    try:
        write(project, STACK, "floyo", PHASES[0])
        project.up(STACK, "--skip-preview")
        made = Way(project)
        made.points.append(made.point())
        before = (project.state(STACK), (project.root / f"Pulumi.{STACK}.yaml").read_bytes())
        dry = project.ascend("promote", STACK, "--embedded", "--dry-run", "--json", "--force", "the test")
        made.dry = dry.document
        assert (project.state(STACK), (project.root / f"Pulumi.{STACK}.yaml").read_bytes()) == before
        made.up(PHASES[1])
        made.up(PHASES[2])
        made.refused = project.ascend("promote", STACK, "--embedded", "--yes", "--force", "the test").err
        stack_file.write(project.root, STACK, {"ascend:regions": list(REGIONS)})
        made.up(PHASES[3])
        yield made
    finally:
        project.close()


def test_a_dry_run_says_what_would_be_and_changes_nothing(way: Way) -> None:
    assert (way.dry["outcome"], way.dry["from"], way.dry["to"]) == ("dry-run", *PHASES[:2])
    assert [step["name"] for step in way.dry["steps"] if step["done"]] == list(STEPS[:3])
    assert way.dry["plan"]["after"]["cost"]["expected"] > way.dry["plan"]["before"]["cost"]["expected"] > 0
    assert way.dry["rehearsal"]["fault"]
    assert (way.dry["journal"], way.dry["snapshots"], way.dry["applied"]) == (None, [], None)


def test_every_promotion_is_done_and_its_journal_whole(way: Way) -> None:
    journals = [one for one in journal.every(way.project.root, STACK) if one.outcome == "done"]
    assert [(one.about["from"], one.about["to"]) for one in journals] == list(itertools.pairwise(PHASES))
    for found, document in zip(journals, way.documents, strict=True):
        assert document["outcome"] == "done"
        assert document["journal"] == str(found.file.relative_to(way.project.root))
        for step in STEPS:
            assert found.result(step) is not None
            assert found.attempts(step) == 1
        assert found.about["force"] == "the test"
        assert found.result("report") is not None


def test_data_stays_where_it_is(way: Way) -> None:
    first = way.points[0]
    assert len(first.ids) > 5
    for point in way.points[1:]:
        assert {urn: point.ids.get(urn) for urn in first.ids} == first.ids
        assert point.database == first.database
        assert point.kept == b"of a user"
    for document in way.documents:
        assert document["rehearsal"]["ok"]
        assert document["rehearsal"]["data_ids_kept"]


def test_every_service_answers_at_every_phase(way: Way) -> None:
    assert [point.answers for point in way.points] == [dict.fromkeys(PATHS, 200)] * len(PHASES)
    for document in way.documents:
        found = {one["name"] for one in document["verified"]["findings"]}
        assert {"service", "database", "alarms", "endpoint", "connection"} <= found
        assert all(one["ok"] for one in document["verified"]["findings"])


def test_visitors_of_the_domain_are_answered_all_the_while(way: Way) -> None:
    """From the moment that the edge is there; the old way in serves until the new one is healthy."""
    first, *later = way.visitors
    assert 200 not in first[: first.index(200)]
    assert set(first[first.index(200) :]) == {200}
    for answers in later:
        assert len(answers) > 10
        assert set(answers) == {200}


def test_what_the_phase_takes_and_the_file_does_not_give_is_said_at_the_check(way: Way) -> None:
    assert "check config: Pulumi.dev.yaml: ascend:regions: phase 'global' needs 2 regions at least" in way.refused
    assert "dev is at scaled as before" in way.refused


def test_snapshots_are_made_and_can_be_restored_from(way: Way) -> None:
    account = Account(way.project.endpoint(), REGIONS)
    for document in way.documents:
        (taken,) = document["snapshots"]
        (found,) = account.client("rds").describe_db_snapshots(DBSnapshotIdentifier=taken["snapshot"])["DBSnapshots"]
        assert (found["Status"], found["SnapshotType"], found["Encrypted"]) == ("available", "manual", True)
        tags = {one["Key"]: one["Value"] for one in found["TagList"]}
        assert (tags["system"], tags["stack"], tags["managed-by"]) == ("floyo", STACK, "ascend")


def test_the_file_says_the_phase(way: Way) -> None:
    assert stack_file.read(way.project.root, STACK)["ascend:phase"] == PHASES[3]
    again = way.project.ascend("preview", STACK, "--embedded", "--json").document
    assert {step["op"] for step in again["steps"]} == {"same"}


def test_nothing_secret_is_in_journal_or_report(way: Way) -> None:
    account = Account(way.project.endpoint(), REGIONS)
    outputs = next(
        one["outputs"] for one in way.project.state(STACK)["resources"] if one["type"] == "pulumi:pulumi:Stack"
    )
    value = account.client("secretsmanager").get_secret_value(SecretId=outputs["databaseSecretArn"])["SecretString"]
    password = json.loads(value)["password"]
    texts = [one.file.read_text(encoding="utf-8") for one in journal.every(way.project.root, STACK)]
    texts.append(json.dumps(way.documents))
    assert not any(password in text for text in texts)


def test_at_the_last_phase_there_is_nothing_to_promote(way: Way) -> None:
    ran = way.project.ascend("promote", STACK, "--embedded", "--yes")
    assert ran.code == 2
    assert "dev is at global, the last phase" in ran.err


@thorough
def test_it_fails_over_and_comes_home_with_its_data(way: Way) -> None:
    """What holds data is where it was; at home a new instance, which has followed, stands beside each old database."""
    home, other = REGIONS
    moves = [("failover", "--to", other), ("failback",)]
    for (verb, *options), region in zip(moves, (other, home), strict=True):
        ran = way.project.ascend(verb, STACK, *options, "--embedded", "--yes", "--json")
        assert (ran.document["outcome"], ran.document["to"]) == ("done", region)
        assert journal.every(way.project.root, STACK)[-1].outcome == "done"
        point = way.point(region)
        first = way.points[0]
        assert {urn: point.ids.get(urn) for urn in first.ids} == first.ids
        assert point.kept == b"of a user"
        assert point.answers == dict.fromkeys(PATHS, 200)
        again = way.project.ascend("preview", STACK, "--embedded", "--json").document
        assert {step["op"] for step in again["steps"]} == {"same"}
    databases = Account(way.project.endpoint(), REGIONS).items("rds", "describe_db_instances", "DBInstances")
    assert first.database["DbiResourceId"] in {one["DbiResourceId"] for _, one in databases}


def test_a_region_without_healthy_targets_is_passed_by(way: Way) -> None:
    """The last of these tests: it takes the stack apart."""
    cloud = status(way.project.root)
    assert cloud is not None
    net, url = EmbeddedNetwork(cloud), f"https://app.{zone_of(STACK)}/healthz"
    account = Account(way.project.endpoint(), REGIONS)
    for region, (answer, says) in zip(REGIONS, ((200, REGIONS[1]), (503, "no healthy target")), strict=True):
        balancing = account.client("elbv2", region)
        for group in balancing.describe_target_groups()["TargetGroups"]:
            arn = group["TargetGroupArn"]
            health = balancing.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
            balancing.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": one["Target"]["Id"]} for one in health])
        status_, said = net.ask(url)
        assert status_ == answer
        assert says in said
    for balancer in account.client("elbv2").describe_load_balancers()["LoadBalancers"]:
        assert net.ask(f"https://{balancer['DNSName']}/healthz")[0] == 403
