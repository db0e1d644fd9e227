"""The settings of the aws provider itself."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from ascend.cloud.aws import settings
from ascend.cloud.aws.moto import Moto
from ascend.cloud.aws.provider import AwsProvider


def test_the_settings_are_those_of_the_installed_sdk() -> None:
    spec = importlib.util.find_spec("pulumi_aws")
    assert spec is not None
    assert spec.origin is not None
    source = (Path(spec.origin).parent / "config" / "vars.py").read_text(encoding="utf-8")
    assert set(re.findall(r"__config__\.get\w*\('(\w+)'\)", source)) == settings.KEYS


@pytest.mark.parametrize(("name", "hint"), [("regio", "did you mean aws:region"), ("nonsense", "there are accessKey,")])
def test_another_setting_is_refused_by_name(name: str, hint: str) -> None:
    _, failures = AwsProvider(Moto).check_config({"region": "us-east-1", name: "x"})
    assert [failure.property for failure in failures] == [name]
    assert f"aws:{name} in a stack's config" in failures[0].reason
    assert hint in failures[0].reason


def test_settings_and_what_the_engine_adds_are_taken() -> None:
    given = {"region": "us-east-1", "profile": "x", "version": "7.51.1", "__internal": {}}
    assert AwsProvider(Moto).check_config(given) == (given, [])
