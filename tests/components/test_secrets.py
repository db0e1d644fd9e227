"""Secrets: encrypted, protected, referred to and never shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pulumi

from components.secrets import Secrets, SecretsArgs
from tests.components.support import KEY_ARN, SCOPE, Secret

if TYPE_CHECKING:
    from tests.components.support import Registered, Run


def made(run: Run) -> Registered:
    def program() -> Secrets:
        fields: dict[str, pulumi.Input[str | int]] = {
            "username": "app",
            "password": pulumi.Output.secret("hunter2"),
            "port": 5432,
        }
        return Secrets("sec", SecretsArgs(scope=SCOPE, key_arn=KEY_ARN, secrets={"database": fields}))

    return run(program)


def test_a_secret_is_encrypted_with_the_stacks_key_protected_and_recoverable(run: Run) -> None:
    secret = made(run).one("secretsmanager/secret:Secret")
    assert secret.protect
    assert secret.inputs["kmsKeyId"] == KEY_ARN
    assert secret.inputs["recoveryWindowInDays"] == 30
    assert "name" not in secret.inputs


def test_its_value_is_json_and_marked_secret(run: Run) -> None:
    value = made(run).one("SecretVersion").inputs["secretString"]
    assert isinstance(value, Secret)
    assert json.loads(value.value) == {"username": "app", "password": "hunter2", "port": 5432}


def test_a_value_without_secret_fields_is_marked_secret_too(run: Run) -> None:
    made_plain = run(lambda: Secrets("sec", SecretsArgs(scope=SCOPE, key_arn=KEY_ARN, secrets={"a": {"b": "c"}})))
    assert isinstance(made_plain.one("SecretVersion").inputs["secretString"], Secret)


def test_a_reference_names_the_field_and_waits_for_the_value(run: Run) -> None:
    references: list[str] = []

    def program() -> None:
        secrets = Secrets("sec", SecretsArgs(scope=SCOPE, key_arn=KEY_ARN, secrets={"database": {"url": "x"}}))
        reference = secrets.reference("database", "url")
        reference.apply(references.append)
        pulumi.export("made", reference)

    run(program)
    assert references == ["arn:aws:secretsmanager:us-east-1:123456789012:secret/sec-database-0a1b2c3:url::"]


def test_another_value_has_another_version(run: Run) -> None:
    versions: list[str] = []

    def program() -> None:
        secrets = Secrets("sec", SecretsArgs(scope=SCOPE, key_arn=KEY_ARN, secrets={"database": {"url": "x"}}))
        secrets.versions["database"].apply(versions.append)
        pulumi.export("made", secrets.versions["database"])

    run(program)
    assert versions == ["v-1"]


def test_outputs_name_secrets_and_show_none(run: Run) -> None:
    assert "hunter2" not in str(made(run).outputs)


def test_one_that_goes_with_what_it_leads_to_is_not_protected(run: Run) -> None:
    fields = {"url": "x"}
    args = SecretsArgs(scope=SCOPE, key_arn=KEY_ARN, secrets={"database": fields, "cache": fields}, passing=["cache"])
    protected = {one.name: one.protect for one in run(lambda: Secrets("sec", args)).of("secret:Secret")}
    assert protected == {"sec-database": True, "sec-cache": False}
