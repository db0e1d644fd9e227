"""`ascend status` of Floyo, deployed to the embedded cloud as its users have it."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud import process
from ascend.engine.embedded import EmbeddedEngine
from ascend.engine.model import Target
from ascend.errors import InputError
from ascend.live.aws import Clients
from ascend.live.deployed import Deployed
from ascend.promotion import checks
from ascend.session import EngineName
from ascend.status import rules
from ascend.status.command import status
from tests.e2e.project import PASSPHRASE, Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGION = "us-east-1"
DATABASE = "floyo-dev-use1-database"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Stack `dev`, deployed."""
    copy = Project.copied(tmp_path_factory.mktemp("status"))
    try:
        copy.up()
        yield copy
    finally:
        copy.close()


@pytest.fixture
def clients(project: Project) -> Clients:
    return Clients(process.status(project.root))


@pytest.fixture(autouse=True)
def _passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)


@pytest.fixture
def said(project: Project, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """What the command says: its JSON, or with `json=False` its text and its notes."""

    def run(*, json: bool = True, **more: Any) -> Any:
        status(project.root, "dev", embedded=True, json=json, **more)
        captured = capsys.readouterr()
        return loads(captured.out) if json else (captured.out, captured.err)

    loads = json.loads
    return run


def busy(clients: Clients, alarm: str, value: float) -> None:
    """An hour of figures of what an alarm watches."""
    cloudwatch = clients.client("cloudwatch", REGION)
    (watched,) = cloudwatch.describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    rows = [
        {
            "MetricName": watched["MetricName"],
            "Dimensions": watched["Dimensions"],
            "Timestamp": now - timedelta(minutes=minute),
            "Value": value,
        }
        for minute in range(70)
    ]
    cloudwatch.put_metric_data(Namespace=watched["Namespace"], MetricData=rows)


def test_what_is_deployed(said: Callable[..., Any], project: Project) -> None:
    found = said()
    assert {key: found[key] for key in ("stack", "system", "phase", "phase_number", "next_phase", "primary")} == {
        "stack": "dev",
        "system": "floyo",
        "phase": "single-region",
        "phase_number": 1,
        "next_phase": "cached",
        "primary": REGION,
    }
    assert found["account"] == "123456789012"
    assert (found["pending"], found["drift"], found["alarms"], found["notes"]) == ([], None, [], [])
    assert found["resources"]["by_type"]["aws:rds/instance:Instance"] == 1
    assert found["resources"]["holding_data"] >= 15
    kinds = {one["name"] for one in found["signals"]}
    assert {"cpu", "memory", "p95", "error rate", "connections", "free storage", "bandwidth"} <= kinds
    assert {"cost to date", "budget spent", "budget forecast"} <= kinds
    assert all(one["threshold"] is not None for one in found["signals"])
    assert (found["verdict"], found["users_ceiling"]) == ("stay", 1000)


def test_nothing_secret_is_said(said: Callable[..., Any], clients: Clients) -> None:
    text = json.dumps(said())
    secrets = clients.client("secretsmanager", REGION)
    found = [secrets.get_secret_value(SecretId=one["ARN"]) for one in secrets.list_secrets()["SecretList"]]
    passwords = {json.loads(one["SecretString"]).get("password") for one in found} - {None}
    assert passwords
    assert not [one for one in passwords if one in text]


def test_no_drift_of_what_was_just_deployed(said: Callable[..., Any]) -> None:
    assert said(drift=True)["drift"] == []


def test_drift_of_data_stops_a_promotion(said: Callable[..., Any], project: Project, clients: Clients) -> None:
    rds = clients.client("rds", REGION)
    rds.modify_db_instance(DBInstanceIdentifier=DATABASE, BackupRetentionPeriod=0, ApplyImmediately=True)
    try:
        (line,) = said(drift=True)["drift"]
        assert "backupRetentionPeriod" in line
        engine, target = EmbeddedEngine(), Target(project.root, "dev")
        deployed = Deployed.read(engine, target)
        found = checks.drift(engine, target, deployed, lambda _: None)
        assert (found.passes, found.detail) == (False, line)
        assert checks.backups(clients, deployed).detail == f"{DATABASE} has no backups"
    finally:
        rds.modify_db_instance(DBInstanceIdentifier=DATABASE, BackupRetentionPeriod=7, ApplyImmediately=True)
    assert checks.drift(engine, target, deployed, lambda _: None).ok


def test_text_for_people(said: Callable[..., Any]) -> None:
    out, err = said(json=False)
    assert out.startswith("dev: floyo at single-region (phase 1 of 4), in us-east-1\n")
    assert "Verdict: it stays" in out
    assert "no figures lately: " in out
    assert "promote" not in err


def test_an_hour_of_work_calls_for_the_next_phase(said: Callable[..., Any], clients: Clients) -> None:
    before = said()["verdict"]
    busy(clients, "floyo-dev-use1-api-cpu", 93.5)
    found = said()
    assert (before, found["verdict"]) == ("stay", "promote")
    (reason,) = found["reasons"]
    assert reason["rule"] == "cpu"
    assert reason["text"].startswith("cpu of api in us-east-1 above 70 % for 6")
    (signal,) = [one for one in found["signals"] if one["breached"]]
    assert (signal["name"], signal["resource"], signal["value"], signal["unit"]) == ("cpu", "api", 93.5, "%")
    assert signal["sustained_s"] >= 3600
    out, err = said(json=False)
    assert "Verdict: promote it" in out
    assert err.rstrip().endswith("promote dev --embedded --dry-run")


def test_users_that_somebody_knows(said: Callable[..., Any]) -> None:
    assert said(users=2000)["users"]["number"] == 2000
    assert "users" in {one["rule"] for one in said(users=2000)["reasons"]}


@pytest.mark.cli
@pytest.mark.skipif(shutil.which("pulumi") is None, reason="needs the official CLI")
def test_the_official_cli_reads_the_same(said: Callable[..., Any]) -> None:
    ours, theirs = said(), said(engine=EngineName.PULUMI)
    for key in ("stack", "system", "phase", "account", "resources", "pending", "verdict"):
        assert ours[key] == theirs[key], key


@pytest.mark.parametrize(
    ("stack", "more", "message"),
    [
        ("nobody", {}, "nobody"),
        ("../x", {}, "is not a stack name"),
        ("dev", {"users": -1}, "--users -1; allowed: 0 and more"),
    ],
)
def test_what_is_not_there(project: Project, stack: str, more: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        status(project.root, stack, embedded=True, **more)
    assert "\n" not in str(error.value)


def test_a_table_of_triggers_that_is_none(project: Project) -> None:
    file = project.root / rules.OVERLAY
    file.write_text("up: {cpu: {above: lots}}\n")
    try:
        with pytest.raises(InputError, match=r"triggers\.yaml: up\.cpu\.above is 'lots'"):
            status(project.root, "dev", embedded=True)
    finally:
        file.unlink()


def test_a_project_without_a_cloud(tmp_path: Any) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: ascend\nruntime: python\n")
    with pytest.raises(InputError, match="nothing is deployed"):
        status(tmp_path, "dev", embedded=True)
