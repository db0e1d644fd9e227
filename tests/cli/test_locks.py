"""Locks that AWS keeps itself."""

from __future__ import annotations

import pytest
from botocore.exceptions import EndpointConnectionError

from ascend.engine.locks import Lock, locks
from ascend.engine.model import Target
from ascend.engine.pulumi_cli import PulumiCliEngine
from ascend.errors import InputError

DATABASE = {
    "type": "aws:rds/instance:Instance",
    "urn": "urn:pulumi:dev::p::aws:rds/instance:Instance::db",
    "outputs": {"deletionProtection": True, "identifier": "p-dev", "arn": "arn:aws:rds:eu-west-1:1:db:p-dev"},
}


def test_a_locked_database_is_found_with_its_identity() -> None:
    assert locks([DATABASE, {"type": "aws:s3/bucket:Bucket", "urn": "x"}]) == [Lock("db", "p-dev", "eu-west-1")]


def test_an_open_one_is_not() -> None:
    assert locks([{**DATABASE, "outputs": {"deletionProtection": False}}]) == []


def test_the_users_account_and_proxy_are_not_asked(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text("[[[")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_CA_BUNDLE", "/no/such/bundle")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with pytest.raises(EndpointConnectionError, match=r"127\.0\.0\.1:1/"):
        Lock("db", "p-dev", "eu-west-1").open("http://127.0.0.1:1")


def test_on_a_real_account_the_owner_opens_it(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: "/bin/true")
    with pytest.raises(InputError, match=r"db has deletion protection .*modify-db-instance .*pulumi refresh"):
        PulumiCliEngine()._unlock({"resources": [DATABASE]}, Target(tmp_path, "dev"))
