"""Faults on request: which calls they fail, how clients see them, and that what is tried again gets through."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import grpc
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from ascend.cloud import faults, process, values
from ascend.cloud.aws.wire_errors import Request, refusal
from ascend.cloud.fault_board import BOARD, errors
from ascend.cloud.faults import ApiFault, ProviderFault
from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ascend.cloud.process import CloudInfo
    from tests.cloud.lab import Lab

TOPIC = "aws:sns/topic:Topic"
QUEUE = "aws:sqs/queue:Queue"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudInfo]:
    root: Path = tmp_path_factory.mktemp("cloud")
    yield process.start(root)
    process.stop(root)


@pytest.fixture(autouse=True)
def no_faults(cloud: CloudInfo) -> Iterator[None]:
    yield
    faults.clear(cloud)
    BOARD.clear()


class Caller:
    """The provider protocol towards a running cloud."""

    def __init__(self, cloud: CloudInfo) -> None:
        self._channel = grpc.insecure_channel(
            f"127.0.0.1:{cloud.providers['aws']}", options=[("grpc.enable_http_proxy", 0)]
        )
        self._stub = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def create(self, name: str, token: str = TOPIC) -> Any:
        return self._stub.Create(
            provider_pb2.CreateRequest(
                urn=urn(name, token), properties=values.to_struct({"name": name, "region": "us-east-1"})
            )
        )

    def delete(self, name: str, object_id: str, token: str = TOPIC) -> Any:
        made = values.to_struct({"name": name, "region": "us-east-1"})
        return self._stub.Delete(
            provider_pb2.DeleteRequest(id=object_id, urn=urn(name, token), properties=made, old_inputs=made)
        )


def urn(name: str, token: str = TOPIC) -> str:
    return f"urn:pulumi:dev::proj::{token}::{name}"


@pytest.fixture
def caller(cloud: CloudInfo) -> Caller:
    return Caller(cloud)


def client(cloud: CloudInfo, service: str, attempts: int) -> Any:
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=cloud.aws_endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "total_max_attempts": attempts}, proxies={}),
    )


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(grpc.RpcError) as told:
        call()
    return str(told.value.details())


# -- providers


def test_the_nth_call_that_changes_something_fails_once(cloud: CloudInfo, caller: Caller) -> None:
    faults.inject(cloud, ProviderFault("InternalFailure", call=2))
    first = caller.create("n-one")
    told = refused(lambda: caller.create("n-two"))
    assert told == "create: InternalFailure: " + errors()["InternalFailure"].message
    second = caller.create("n-two")
    caller.delete("n-one", first.id)
    caller.delete("n-two", second.id)
    report = faults.report(cloud)
    assert report.answered == (1,)
    assert [(call.method, call.urn.rpartition("::")[2], call.error) for call in report.calls] == [
        ("create", "n-one", ""),
        ("create", "n-two", "InternalFailure"),
        ("create", "n-two", ""),
        ("delete", "n-one", ""),
        ("delete", "n-two", ""),
    ]


def test_one_method_or_one_resource_can_be_failed_as_often_as_asked_for(cloud: CloudInfo, caller: Caller) -> None:
    faults.inject(
        cloud,
        ProviderFault("AccessDenied", method="delete", times=0),
        ProviderFault("Throttling", urn="::m-bad", times=2),
    )
    made = caller.create("m-good")
    assert [refused(lambda: caller.create("m-bad")).split(": ")[1] for _ in range(2)] == ["Throttling"] * 2
    bad = caller.create("m-bad")
    assert [refused(lambda: caller.delete("m-good", made.id)).split(": ")[1] for _ in range(3)] == ["AccessDenied"] * 3
    assert faults.report(cloud).answered == (3, 2)
    faults.clear(cloud)
    caller.delete("m-good", made.id)
    caller.delete("m-bad", bad.id)
    assert faults.report(cloud) == faults.Report((), ())


def test_a_fault_after_the_change_hands_over_what_there_is(cloud: CloudInfo, caller: Caller) -> None:
    faults.inject(cloud, ProviderFault("ServiceUnavailable", method="create", after=True))
    with pytest.raises(grpc.RpcError) as told:
        caller.create("after")
    details = dict(told.value.trailing_metadata())["grpc-status-details-bin"]
    assert b"arn:aws:sns:us-east-1:123456789012:after" in details
    topics = client(cloud, "sns", 1).list_topics()["Topics"]
    assert {"TopicArn": "arn:aws:sns:us-east-1:123456789012:after"} in topics
    caller.delete("after", "arn:aws:sns:us-east-1:123456789012:after")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (ProviderFault("NoSuchError"), "error: 'NoSuchError' is not one of Throttling, "),
        (ProviderFault(method="destroy"), "method: 'destroy' is not one of create, update, delete, read"),
        (ProviderFault(call=0), "call: 0 must be at least 1"),
        (ApiFault(service="nonsense"), "service: 'nonsense' is not one that boto3 knows"),
    ],
)
def test_a_fault_that_there_is_not_is_refused(cloud: CloudInfo, fault: faults.Fault, told: str) -> None:
    with pytest.raises(InputError, match=told):
        faults.inject(cloud, fault)


def test_a_cloud_that_is_gone_is_told(tmp_path: Path) -> None:
    gone = process.CloudInfo(1, "http://127.0.0.1:9")
    with pytest.raises(InputError, match=r"127\.0\.0\.1:9: the embedded cloud does not answer"):
        faults.inject(gone)


# -- the API


@pytest.mark.parametrize(
    ("service", "operation", "ask"),
    [
        ("sns", "ListTopics", lambda api: api.list_topics()),
        ("ec2", "DescribeVpcs", lambda api: api.describe_vpcs()),
        ("ecs", "ListClusters", lambda api: api.list_clusters()),
        ("cloudwatch", "DescribeAlarms", lambda api: api.describe_alarms()),
        ("apigatewayv2", "GetApis", lambda api: api.get_apis()),
        ("s3", "ListBuckets", lambda api: api.list_buckets()),
        ("s3", "GetBucketLifecycleConfiguration", lambda api: api.get_bucket_lifecycle_configuration(Bucket="b-none")),
    ],
)
def test_an_operation_of_every_protocol_answers_the_error_that_was_asked_for(
    cloud: CloudInfo, service: str, operation: str, ask: Callable[[Any], Any]
) -> None:
    api = client(cloud, service, 1)
    for code in ("Throttling", "ServiceUnavailable"):
        faults.inject(cloud, ApiFault(code, operation, service))
        with pytest.raises(ClientError) as told:
            ask(api)
        assert told.value.response["Error"]["Code"] == code
        assert told.value.response["Error"]["Message"] == errors()[code].message
        assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == errors()[code].status
        assert faults.report(cloud).answered == (1,)


def test_other_operations_and_services_are_left_alone(cloud: CloudInfo) -> None:
    faults.inject(cloud, ApiFault("Throttling", "ListTopics", "sns", times=0))
    client(cloud, "sns", 1).list_subscriptions()
    client(cloud, "sqs", 1).list_queues()
    faults.inject(cloud, ApiFault("Throttling", service="sqs", times=0))
    client(cloud, "sns", 1).list_topics()
    with pytest.raises(ClientError, match="Throttling"):
        client(cloud, "sqs", 1).list_queues()


def test_a_request_with_a_body_still_arrives_while_faults_are_set(cloud: CloudInfo) -> None:
    faults.inject(cloud, ApiFault("Throttling", "DeleteTopic", "sns", times=0))
    arn = client(cloud, "sns", 1).create_topic(Name="with-a-body")["TopicArn"]
    assert arn.endswith(":with-a-body")


@pytest.mark.parametrize("code", ["ThrottlingException", "ServiceUnavailable", "InternalFailure"])
def test_a_burst_is_ridden_out_with_waits_that_grow_and_are_random(
    cloud: CloudInfo, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the tool's own clients do (`retries` standard): five bad answers, then the good one."""
    waits: list[list[float]] = []
    for _ in range(2):
        slept: list[float] = []
        monkeypatch.setattr("botocore.endpoint.time.sleep", slept.append)
        faults.inject(cloud, ApiFault(code, "ListClusters", "ecs", times=5))
        assert client(cloud, "ecs", 6).list_clusters()["clusterArns"] == []
        assert faults.report(cloud).answered == (5,)
        waits.append(slept)
    base = 1 if code == "ThrottlingException" else 0.05
    for slept in waits:
        assert len(slept) == 5
        assert all(0 <= wait <= base * 2**number for number, wait in enumerate(slept))
        assert sum(slept) > 0
    assert waits[0] != waits[1], "without jitter, clients that failed together come back together"


def test_the_providers_own_client_rides_out_a_burst(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", slept.append)
    BOARD.set([ApiFault("Throttling", "CreateQueue", "sqs", times=3), ApiFault("InternalFailure", "TagQueue")])
    made = lab.create(QUEUE, name="patient")
    assert made.outputs["name"] == "patient"
    assert len(slept) >= 3
    assert len(set(slept)) == len(slept)
    assert all(0 <= wait <= 2**number for number, wait in enumerate(slept[:3]))


def test_a_burst_that_does_not_end_is_an_error_of_one_line(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", slept.append)
    BOARD.set([ApiFault("Throttling", "CreateQueue", "sqs", times=0)])
    with pytest.raises(Exception, match=r"^CreateQueue: Throttling: Rate exceeded$"):
        lab.create(QUEUE, name="impatient")
    assert len(slept) == 5


def test_what_is_refused_for_good_is_not_tried_again(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", slept.append)
    BOARD.set([ApiFault("AccessDenied", "CreateQueue", "sqs", times=0)])
    with pytest.raises(Exception, match="AccessDenied"):
        lab.create(QUEUE, name="denied")
    assert slept == []


def test_a_request_without_a_signature_or_an_operation_is_of_none() -> None:
    request = Request("GET", "/somewhere", "", {})
    assert (request.service, request.operations, request.protocol) == ("", frozenset(), "rest-json")
    headers, body = refusal("rest-json", "Throttling", "x")
    assert headers["x-amzn-ErrorType"] == json.loads(body)["__type"] == "Throttling"
