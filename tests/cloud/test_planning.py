"""Plans need no cloud: neither its process, nor boto3, nor moto."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ascend.cloud.aws.provider import AwsProvider
from ascend.cloud.planning import providers
from ascend.cloud.provider import ProviderError, Resource

CODE = """
import json, sys
from pulumi.runtime.proto import provider_pb2
from ascend.cloud import planning, values
servicer = planning.providers()["aws"]
config = values.to_struct({"region": "eu-west-1"})
servicer.Configure(provider_pb2.ConfigureRequest(args=config), None)
def call(token, **inputs):
    urn = f"urn:pulumi:t::ascend::{token}::x"
    return servicer.Check(provider_pb2.CheckRequest(urn=urn, news=values.to_struct(inputs)), None)
first = call("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")
assert not first.failures, first
wrong = call("aws:kms/key:Key", keyUsage="NONSENSE")
servicer.Invoke(provider_pb2.InvokeRequest(tok="aws:index/getRegion:getRegion"), None)
loaded = {"boto3", "botocore", "moto", "cfnlint", "pulumi_aws"} & set(sys.modules)
print(json.dumps([len(wrong.failures), sorted(loaded)]))
"""


def test_nothing_heavy_is_imported() -> None:
    run = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == [1, []]


def test_every_provider_is_there_and_new_at_each_call() -> None:
    first, second = providers(), providers()
    assert set(first) == {"aws", "cloudflare", "random"}
    assert all(first[name] is not second[name] for name in first)


def test_a_planner_creates_nothing() -> None:
    resource = Resource("urn:pulumi:t::a::aws:ec2/vpc:Vpc::x", "aws:ec2/vpc:Vpc", "x", {"region": "eu-west-1"})
    with pytest.raises(ProviderError, match="only plans"):
        AwsProvider().create(resource, {"cidrBlock": "10.0.0.0/16", "region": "eu-west-1"})
