"""Killed halfway, two at once, gone and back: nothing twice, nothing lost, nothing left."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.thorough import ALL, thorough

if TYPE_CHECKING:
    from tests.e2e.project import Project


def _client(project: Project, service: str) -> Any:
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=project.endpoint(),
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def _census(project: Project) -> Counter[str]:
    """How many objects of each kind there are in the embedded AWS."""
    ec2 = _client(project, "ec2")
    census = Counter(
        vpcs=sum(not vpc["IsDefault"] for vpc in ec2.describe_vpcs()["Vpcs"]),
        groups=len(ec2.describe_security_groups()["SecurityGroups"]),
        databases=len(_client(project, "rds").describe_db_instances()["DBInstances"]),
        clusters=len(_client(project, "ecs").list_clusters()["clusterArns"]),
        keys=len(_client(project, "kms").list_keys()["Keys"]),
        buckets=len(_client(project, "s3").list_buckets()["Buckets"]),
        secrets=len(_client(project, "secretsmanager").list_secrets()["SecretList"]),
        topics=len(_client(project, "sns").list_topics()["Topics"]),
        apis=len(_client(project, "apigatewayv2").get_apis()["Items"]),
        alarms=len(_client(project, "cloudwatch").describe_alarms()["MetricAlarms"]),
        roles=len(_client(project, "iam").list_roles()["Roles"]),
    )
    ec2_subnets = ec2.describe_subnets()["Subnets"]
    census["subnets"] = sum(not subnet["DefaultForAz"] for subnet in ec2_subnets)
    return census


def _created(project: Project) -> int:
    """How many resources the state on disk holds, as far as it can be read."""
    file = project.root / ".ascend" / "state" / ".pulumi" / "stacks" / "ascend" / "dev.json"
    return file.read_text().count('"urn"') if file.is_file() else 0


def _kill_when(project: Project, resources: int) -> int:
    """Starts `up` and kills it, the process that the user started, once the state holds so many resources.

    Returns:
        The exit code: -9 where it was killed, 0 where it was done before.
    """
    process = project.start("up", "dev", "--embedded", "--yes")
    deadline = time.monotonic() + 60
    while process.poll() is None and _created(project) < resources and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    process.communicate(timeout=60)
    return process.returncode


def _settled(project: Project) -> None:
    """Waits until nothing that the killed command had started works on the state any more."""
    locks = project.root / ".ascend" / "state" / ".pulumi" / "locks"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        pids = [lock.read_text() for lock in locks.rglob("*.json")] if locks.is_dir() else []
        if not any(_alive(text) for text in pids):
            return
        time.sleep(0.05)
    pytest.fail("what the killed command had started still holds the lock")


def _alive(lock: str) -> bool:
    _, _, tail = lock.partition('"pid":')
    number = "".join(character for character in tail.split(",")[0] if character.isdigit())
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, ValueError):
        return False
    return True


@thorough
def test_killed_at_any_point_the_next_up_completes_it_and_creates_nothing_twice(project: Project) -> None:
    killed = 0
    for resources in (1, 40, 90) if ALL else (40,):
        killed += _kill_when(project, resources) == -signal.SIGKILL
        _settled(project)
    assert killed, "no run was slow enough to be killed"
    ran = project.ascend("up", "dev", "--embedded", "--yes")
    assert ran.code == 0, ran.err
    survived = _census(project)
    again = project.up()
    assert {step["op"] for step in again["steps"]} == {"same"}
    assert not project.state().get("pending_operations")

    stopped = project.ascend("cloud", "stop")
    assert stopped.code == 0
    assert project.up()["summary"]["create"] == again["summary"]["same"]
    assert _census(project) == survived, "an undisturbed deployment makes as many objects"


@thorough
def test_two_at_once_end_with_one_deployment_and_one_refusal(project: Project) -> None:
    processes = [project.start("up", "dev", "--embedded", "--yes") for _ in range(2)]
    ends = []
    for process in processes:
        _, err = process.communicate(timeout=240)
        ends.append((process.returncode, err))
    codes = sorted(code for code, _ in ends)
    if codes == [0, 0]:
        pytest.skip("the second started only after the first had ended")
    assert codes == [0, 2]
    refused = next(err for code, err in ends if code)
    line = next(line for line in refused.splitlines() if line.startswith("error: "))
    assert "locked" in line
    assert any(str(process.pid) in line for process in processes) or "pid" in line
    assert {step["op"] for step in project.up()["steps"]} == {"same"}


def test_ctrl_c_stops_cleanly_and_the_next_up_goes_on(project: Project) -> None:
    process = project.start("up", "dev", "--embedded", "--yes")
    deadline = time.monotonic() + 60
    while process.poll() is None and _created(project) < 20 and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    _settled(project)
    assert project.up()["summary"]["create"] > 0
    assert {step["op"] for step in project.up()["steps"]} == {"same"}


@thorough
def test_destroy_refuses_protected_data_until_it_is_named(project: Project) -> None:
    project.up()
    before = _census(project)
    refused = project.ascend("destroy", "dev", "--embedded", "--yes")
    assert refused.code == 2
    assert _census(project) == before
    protected = [found["urn"].rpartition("::")[2] for found in project.state()["resources"] if found.get("protect")]
    assert protected
    assert all(name in refused.err for name in protected)

    named = [argument for name in protected for argument in ("--unprotect", name)]
    done = project.ascend("destroy", "dev", "--embedded", "--yes", "--json", *named)
    assert done.document["summary"]["delete"] > 60
    after = _census(project)
    assert (after["vpcs"], after["databases"], after["clusters"], after["buckets"]) == (0, 0, 0, 0)
    assert project.up()["summary"]["create"] == done.document["summary"]["delete"], "and up again"


def test_stop_removes_the_cloud_and_what_it_wrote(project: Project) -> None:
    project.ascend("cloud", "start")
    status = project.ascend("cloud", "status", "--json").document
    assert status["running"]
    assert status["endpoint"].startswith("http://127.0.0.1:")
    assert project.ascend("cloud", "start", "--json").document["pid"] == status["pid"], (
        "one cloud, however often started"
    )
    assert project.ascend("cloud", "stop", "--json").document == {"stopped": True}
    assert project.ascend("cloud", "stop", "--json").document == {"stopped": False}
    assert project.ascend("cloud", "status", "--json").document == {"running": False}
    left = [file for file in (project.root / ".ascend").rglob("*.json") if file.is_file()]
    assert left == []
