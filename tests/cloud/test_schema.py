"""The schema files are what the installed SDKs say."""

from __future__ import annotations

import json

from ascend.cloud import schema
from ascend.cloud.schema import extract


def test_the_files_are_those_of_the_installed_sdks() -> None:
    files = extract.extract(extract.tokens())
    there = {path.stem: json.loads(path.read_text()) for path in schema.DATA.glob("*.json")}
    assert there.keys() == files.keys()
    for name, content in files.items():
        assert there[name] == json.loads(json.dumps(content)), f"{name}: run python -m ascend.cloud.schema.extract"


def test_types_requirements_and_secrets() -> None:
    instance = schema.load("aws:rds/instance:Instance")
    assert instance is not None
    assert instance.inputs.properties["allocatedStorage"] == "integer"
    assert instance.inputs.properties["vpcSecurityGroupIds"] == "list<string>"
    assert "instanceClass" in instance.inputs.required
    assert "password" in instance.secrets
    assert "arn" in instance.outputs


def test_nested_types() -> None:
    versioning = schema.load("aws:s3/bucketVersioning:BucketVersioning")
    assert versioning is not None
    expression = versioning.inputs.properties["versioningConfiguration"]
    kind = versioning.object_of(expression)
    assert kind is not None
    assert kind.required == {"status"}
    group = schema.load("aws:ec2/securityGroup:SecurityGroup")
    assert group is not None
    rule = group.object_of(group.inputs.properties["ingress"])
    assert rule is not None
    assert rule.properties["cidrBlocks"] == "list<string>"


def test_a_type_that_there_is_not() -> None:
    assert schema.load("aws:nothing/at:All") is None
    assert schema.load("other:index/x:X") is None
