"""Where a promotion stops: at the step that finds something, with a clear line, and how it goes on or back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud import faults
from ascend.cloud.faults import ProviderFault
from ascend.errors import InputError, UpdateError
from ascend.live import verify
from ascend.promotion import journal, rehearsals, stack_file
from ascend.rehearsal.rehearsal import Rehearsal
from tests.promotion.ladder import FILE, REGION, STACK, Ladder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ascend.promotion.journal import Journal

pytestmark = [pytest.mark.xdist_group("promote-stops"), pytest.mark.timeout(900)]

PACK = """\
from pulumi_policy import EnforcementLevel, PolicyPack, StackValidationPolicy

PolicyPack(
    name="own",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[StackValidationPolicy(name="never", description="No.", validate=lambda _, report: report("not today"))],
)
"""


@pytest.fixture(scope="module")
def ladder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ladder]:
    made = Ladder.begun(tmp_path_factory.mktemp("ladder"))
    try:
        yield made
    finally:
        made.project.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rehearsal: it is not what the test is about."""
    monkeypatch.setattr(
        rehearsals, "rehearsed", lambda *_given, **_options: Rehearsal(ok=True, summary="", duration_s=0)
    )


def last(ladder: Ladder) -> Journal:
    return ladder.journals()[-1]


@pytest.fixture
def stays(ladder: Ladder) -> Iterator[None]:
    """Nothing is changed by what the test does."""
    before = ladder.project.state(STACK)
    yield
    ladder.write(FILE)
    assert ladder.project.state(STACK)["resources"] == before["resources"]
    assert (last(ladder).outcome, last(ladder).attempts("snapshot")) == ("blocked", 0)


def refused(ladder: Ladder, *says: str, **options: Any) -> str:
    text = ladder.text()
    with pytest.raises(InputError) as caught:
        ladder.run("promote", json=False, **options)
    for one in says:
        assert one in str(caught.value)
    assert str(caught.value).splitlines()[-1].startswith(f"{STACK} is at single-region as before; then try again: ")
    assert ladder.text() == text
    return str(caught.value)


@pytest.mark.usefixtures("stays")
def test_without_a_trigger_it_stops_at_the_check(ladder: Ladder) -> None:
    refused(ladder, "check triggers: stay: ", "or give --force with the reason", force=None)


@pytest.mark.usefixtures("stays")
def test_a_phase_left_out_is_forced_or_not_at_all(ladder: Ladder) -> None:
    refused(ladder, "check phase: from single-region to scaled leaves out cached", to="3", force=None)


@pytest.mark.usefixtures("stays")
def test_drift_of_data_stops_at_the_check(ladder: Ladder) -> None:
    secrets = ladder.account().client("rds")
    (database,) = secrets.describe_db_instances()["DBInstances"]
    name = database["DBInstanceIdentifier"]
    secrets.modify_db_instance(DBInstanceIdentifier=name, CopyTagsToSnapshot=False, ApplyImmediately=True)
    try:
        refused(ladder, "check drift: ", "differs in copyTagsToSnapshot")
    finally:
        secrets.modify_db_instance(DBInstanceIdentifier=name, CopyTagsToSnapshot=True, ApplyImmediately=True)


@pytest.mark.usefixtures("stays")
def test_a_missing_backup_stops_at_the_check(ladder: Ladder) -> None:
    databases = ladder.account().client("rds")
    (database,) = databases.describe_db_instances()["DBInstances"]
    name, days = database["DBInstanceIdentifier"], database["BackupRetentionPeriod"]
    databases.modify_db_instance(DBInstanceIdentifier=name, BackupRetentionPeriod=0, ApplyImmediately=True)
    try:
        refused(ladder, f"check backups: {name} has no backups; ", "without recent backups nothing is promoted")
    finally:
        databases.modify_db_instance(DBInstanceIdentifier=name, BackupRetentionPeriod=days, ApplyImmediately=True)


@pytest.mark.usefixtures("stays")
def test_an_exceeded_quota_stops_at_the_check(ladder: Ladder) -> None:
    """Snapshots of former promotions, which nobody deletes, until the account may have no more of them."""
    databases = ladder.account().client("rds")
    (database,) = databases.describe_db_instances()["DBInstances"]
    names = [f"former-{number}" for number in range(100)]
    for name in names:
        databases.create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier=database["DBInstanceIdentifier"])
    try:
        refused(
            ladder,
            f"check quotas: manual DB snapshots in {REGION}: 100 used, 1 more needed, quota 100; ",
            "aws service-quotas request-service-quota-increase --service-code rds --quota-code L-272F1212 "
            f"--desired-value 101 --region {REGION}",
        )
    finally:
        for name in names:
            databases.delete_db_snapshot(DBSnapshotIdentifier=name)


@pytest.mark.usefixtures("stays")
def test_a_cap_exceeded_stops_at_the_plan(ladder: Ladder) -> None:
    ladder.write(f"{FILE}  ascend:budget: 30\n")
    refused(ladder, "the cap is $30")


@pytest.mark.usefixtures("stays")
def test_a_failing_policy_stops_at_the_plan(ladder: Ladder) -> None:
    pack = ladder.root / "policies"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (pack / "__main__.py").write_text(PACK)
    try:
        refused(ladder, "plan never: not today")
    finally:
        for file in pack.iterdir():
            file.unlink()
        pack.rmdir()


@pytest.mark.usefixtures("stays")
def test_a_database_that_would_be_replaced_stops_it(ladder: Ladder) -> None:
    file = ladder.root / "components" / "database_parameters.py"
    text = file.read_text(encoding="utf-8")
    assert 'DATABASE_NAME = "' in text
    file.write_text(text.replace('DATABASE_NAME = "', 'DATABASE_NAME = "other_'), encoding="utf-8")
    try:
        said = refused(ladder, "database-primary")
        assert "protected" in said or "data-at-risk" in said
    finally:
        file.write_text(text, encoding="utf-8")


@pytest.mark.usefixtures("stays")
def test_a_rehearsal_that_fails_stops_it(ladder: Ladder, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Rehearsal(ok=False, summary="no", duration_s=1, problems=("the update deletes everything",))
    monkeypatch.setattr(rehearsals, "rehearsed", lambda *_given, **_options: found)
    refused(ladder, "rehearsal: the update deletes everything")


def test_nobody_is_asked_without_a_terminal(ladder: Ladder) -> None:
    with pytest.raises(InputError, match="no terminal to ask on; give --yes"):
        ladder.run("promote", yes=False)
    with pytest.raises(InputError, match="--force wants the reason"):
        ladder.run("promote", force=" ")
    with pytest.raises(InputError, match="not both"):
        ladder.run("promote", markdown=True)


def test_two_at_once_are_one_too_many(ladder: Ladder) -> None:
    with journal.lock(ladder.root, STACK), pytest.raises(InputError, match="another promotion of it is under way"):
        ladder.run("promote")


def test_killed_at_its_steps_it_goes_on_and_nothing_is_made_twice(ladder: Ladder) -> None:
    """From here on the stack moves: killed while it rehearses, when the update begins, and in its middle."""
    before = ladder.protected()
    faults.inject(ladder.cloud)
    ladder.killed("rehearse", 0.5)
    assert ladder.text() == FILE
    ladder.killed("apply")
    ladder.killed("apply", 1.5)
    assert last(ladder).outcome is None
    with pytest.raises(InputError, match=r"a promote to cached is unfinished .*; end it first"):
        ladder.run("promote", to="scaled")
    assert ladder.run("promote", dry_run=True)["outcome"] == "unfinished"
    document = ladder.run("promote")
    assert (document["outcome"], document["from"], document["to"]) == ("done", "single-region", "cached")
    made = [call.urn for call in faults.report(ladder.cloud).calls if call.method == "create" and not call.error]
    known = {one["urn"] for one in ladder.project.state(STACK)["resources"]}
    assert set(made) <= known
    databases = ladder.account().client("rds").describe_db_instances()["DBInstances"]
    assert len(databases) == 2
    names = [one["AlarmName"] for one in ladder.account().client("cloudwatch").describe_alarms()["MetricAlarms"]]
    assert len(names) == len(set(names))
    assert {urn: ladder.protected().get(urn) for urn in before} == before
    assert ladder.text() == FILE.replace("single-region #", "cached #")
    assert [one.outcome for one in ladder.journals()][-1] == "done"
    assert last(ladder).attempts("rehearse") == 2


@pytest.mark.usefixtures("quick")
def test_a_fault_on_the_way_down_is_gone_on_from(ladder: Ladder) -> None:
    assert ladder.phase() == "cached"
    before = ladder.protected()
    faults.inject(ladder.cloud, ProviderFault(error="AccessDenied", method="delete", call=2))
    with pytest.raises(UpdateError) as caught:
        ladder.run("demote")
    lines = str(caught.value).splitlines()
    assert lines[0].startswith(f"demotion of {STACK} from cached to single-region stopped at apply: ")
    assert "AccessDenied" in str(caught.value)
    assert f"{STACK} is between cached and single-region; go on: " in lines[-1]
    assert "demote small --embedded" in lines[-1].partition("go back")[0]
    faults.inject(ladder.cloud)
    document = ladder.run("demote")
    assert document["outcome"] == "done"
    assert last(ladder).attempts("apply") == 2
    assert ladder.phase() == "single-region"
    assert ladder.protected() == before
    assert len(ladder.account().client("rds").describe_db_instances()["DBInstances"]) == 1


@pytest.mark.usefixtures("quick")
def test_a_promotion_that_stopped_goes_back(ladder: Ladder) -> None:
    faults.inject(ladder.cloud, ProviderFault(error="InternalFailure", method="create", call=6))
    with pytest.raises(UpdateError, match="stopped at apply"):
        ladder.run("promote")
    faults.inject(ladder.cloud)
    document = ladder.run("demote")
    assert (document["outcome"], document["to"]) == ("done", "single-region")
    assert [one.outcome for one in ladder.journals()][-2:] == ["undone", "done"]
    assert stack_file.read(ladder.root, STACK)["ascend:phase"] == "single-region"
    assert ladder.project.ascend("preview", STACK, "--embedded", "--json").document["summary"]["create"] == 0


@pytest.mark.usefixtures("quick")
def test_what_does_not_work_after_the_update_stops_at_verify(ladder: Ladder, monkeypatch: pytest.MonkeyPatch) -> None:
    """First an alarm goes off, then ECS takes a service back to the version before, then all is well."""
    cloudwatch = ladder.account().client("cloudwatch")
    name = cloudwatch.describe_alarms()["MetricAlarms"][0]["AlarmName"]
    change: Callable[[str], Any] = lambda state: cloudwatch.set_alarm_state(  # noqa: E731 -- said twice below
        AlarmName=name, StateValue=state, StateReason="by hand"
    )
    monkeypatch.setattr(verify, "alarms_before", lambda *_given: [])
    change("ALARM")
    with pytest.raises(UpdateError) as caught:
        ladder.run("promote")
    assert f"stopped at verify: after 3 s: alarms: {name} goes off: by hand" in str(caught.value)
    assert f"{STACK} is updated to cached and does not work as it should; go on: " in str(caught.value)
    change("OK")
    services = ladder.account().client("ecs")
    (cluster,) = services.list_clusters()["clusterArns"]
    (arn,) = services.list_services(cluster=cluster)["serviceArns"]
    (service,) = services.describe_services(cluster=cluster, services=[arn])["services"]
    asked = services.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    parts = ("family", "containerDefinitions", "cpu", "memory", "networkMode", "requiresCompatibilities")
    other = services.register_task_definition(**{key: asked[key] for key in parts})["taskDefinition"]
    services.update_service(cluster=cluster, service=arn, taskDefinition=other["taskDefinitionArn"])
    with pytest.raises(UpdateError) as caught:
        ladder.run("promote")
    runs, wanted = (f"{one['family']}:{one['revision']}" for one in (other, asked))
    rolled_back = f"{service['serviceName']} was rolled back: it runs {runs}, not {wanted}"
    assert f"stopped at verify: after 3 s: service: {rolled_back}" in str(caught.value)
    assert f"{STACK} is updated to cached and does not work as it should; go on: " in str(caught.value)
    services.update_service(cluster=cluster, service=arn, taskDefinition=asked["taskDefinitionArn"])
    document = ladder.run("promote")
    assert (document["outcome"], last(ladder).attempts("apply"), last(ladder).attempts("verify")) == ("done", 1, 3)


def test_the_region_is_that_of_the_stack(ladder: Ladder) -> None:
    assert ladder.phase() == "cached"
    assert stack_file.read(ladder.root, STACK)["aws:region"] == REGION
