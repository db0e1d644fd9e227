"""The cloud's process: started once, found, stopped, and not confused by what an earlier one left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import grpc
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2_grpc

from ascend.cloud import process
from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    process.stop(tmp_path)


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if os.waitpid(pid, os.WNOHANG)[0] == pid:
                return True
        except ChildProcessError:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return True
        time.sleep(0.02)
    return False


def test_start_status_stop(root: Path) -> None:
    assert process.status(root) is None
    assert process.stop(root) is False
    info = process.start(root)
    assert process.status(root) == info
    assert process.start(root) == info, "a second start finds the first"
    assert set(info.providers) == {"aws", "cloudflare", "random"}
    assert info.account_id == "123456789012"
    for name, port in info.providers.items():
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            assert stub.GetPluginInfo(empty_pb2.Empty(), timeout=10).version, name
    ports = info.providers
    expected = f"aws:{ports['aws']},cloudflare:{ports['cloudflare']},random:{ports['random']}"
    assert process.debug_providers(info) == expected
    state = root / ".ascend" / "state"
    state.mkdir()
    (root / ".ascend" / "passphrase").write_text("kept")
    assert process.stop(root) is True
    assert gone(info.pid)
    assert process.status(root) is None
    assert not state.exists(), "the state goes with the cloud"
    assert sorted(path.name for path in (root / ".ascend").iterdir()) == ["cloud.lock", "passphrase"]
    assert process.stop(root) is False


def client(info: process.CloudInfo, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=info.aws_endpoint,
        region_name="eu-west-1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_any_aws_client_sees_it_and_what_is_missing_is_an_error_not_a_page(root: Path) -> None:
    info = process.start(root)
    assert info.aws_endpoint.startswith("http://127.0.0.1:")
    queue = client(info, "sqs").create_queue(QueueName="x")["QueueUrl"]
    assert "123456789012/x" in queue
    assert client(info, "sqs").list_queues()["QueueUrls"] == [queue]
    with pytest.raises(ClientError, match=r"NotImplemented.*update_cluster_settings"):
        client(info, "ecs").update_cluster_settings(cluster="x", settings=[])


def test_two_starts_at_once_end_with_one_cloud(root: Path) -> None:
    code = "import sys, pathlib; from ascend.cloud import process; "
    code += "print(process.start(pathlib.Path(sys.argv[1])).pid)"
    with ThreadPoolExecutor(3) as pool:
        runs = [
            pool.submit(
                subprocess.run, [sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=True
            )
            for _ in range(3)
        ]
        pids = {run.result().stdout.strip() for run in runs}
    assert len(pids) == 1


def test_the_state_of_a_cloud_that_was_killed_is_removed_and_it_is_said(root: Path) -> None:
    first = process.start(root)
    state = root / ".ascend" / "state"
    state.mkdir()
    os.kill(first.pid, signal.SIGKILL)
    assert gone(first.pid)
    assert process.status(root) is None
    said: list[str] = []
    second = process.start(root, notify=said.append)
    assert second.pid != first.pid
    assert not state.exists()
    assert len(said) == 1
    assert f"process {first.pid}" in said[0]
    assert "the state of its stacks" in said[0]


def test_a_state_without_a_cloud_is_removed_too(root: Path) -> None:
    state = root / ".ascend" / "state"
    state.mkdir(parents=True)
    said: list[str] = []
    process.start(root, notify=said.append)
    assert not state.exists()
    assert "the state of its stacks" in said[0]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no /proc here")
def test_the_users_credentials_do_not_live_on_in_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of a real account")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "of the user")
    environment = (type(root)("/proc") / str(process.start(root).pid) / "environ").read_bytes()
    assert b"of a real account" not in environment
    assert b"of the user" not in environment


def test_a_process_id_that_now_belongs_to_another_is_left_alone(root: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        files = process.Files(root)
        files.folder.mkdir()
        files.write(process.CloudInfo(pid=other.pid, aws_endpoint="http://127.0.0.1:1"))
        assert process.status(root) is None
        assert process.stop(root) is False
        assert other.poll() is None
        other.communicate(b"\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"pid": 1}',
        '{"what": 2}',
        '{"pid": "1", "aws_endpoint": ""}',
        '{"pid": 1, "aws_endpoint": "", "providers": null}',
    ],
)
def test_a_description_that_cannot_be_read_is_as_none(root: Path, text: str) -> None:
    files = process.Files(root)
    files.folder.mkdir()
    files.description.write_text(text)
    assert process.status(root) is None
    said: list[str] = []
    assert process.start(root, notify=said.append).pid
    assert "cannot be read" in said[0]


def test_the_cloud_ends_when_its_description_is_gone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = process.start(root)
    (root / ".ascend" / "cloud.json").unlink()
    assert gone(info.pid)


def test_a_cloud_that_does_not_start_says_where_to_look(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(process.CloudError, match=r"did not start; see .*cloud\.log"):
        process.start(root)
    monkeypatch.undo()
    assert process.start(root).pid


def test_where_nothing_can_be_written_it_says_so_and_is_not_running(root: Path) -> None:
    (root / ".ascend").write_text("in the way")
    for refused in (process.start, process.stop):
        with pytest.raises(InputError, match=r"\.ascend: cannot be written \(.+\); .* folder"):
            refused(root)
    assert process.status(root) is None
    (root / ".ascend").unlink()


def test_importing_it_is_cheap() -> None:
    heavy = "{'grpc', 'boto3', 'moto', 'pulumi', 'yaml', 'google'}"
    code = f"import sys, json; import ascend.cloud.process; print(json.dumps(sorted({heavy} & set(sys.modules))))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == []


def test_the_users_aws_settings_do_not_reach_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    info = process.start(root)
    monkeypatch.delenv("AWS_PROFILE")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert client(info, "sns").list_topics()["Topics"] == []
