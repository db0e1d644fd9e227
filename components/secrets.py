"""What only the services may read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import secretsmanager

from components.base import Component, Scope

_RECOVERY_DAYS = 30
#: Of a secret that only repeats another: Secrets Manager's shortest.
_COPY_RECOVERY_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretsArgs:
    """What `Secrets` needs.

    Attributes:
        scope: where it belongs.
        key_arn: the key that encrypts them.
        secrets: each secret's fields by its name.
        passing: names of those that go with what they lead to; all others are kept as data is.
    """

    scope: Scope
    key_arn: pulumi.Input[str]
    secrets: Mapping[str, Mapping[str, pulumi.Input[str | int]]]
    passing: Collection[str] = ()


class Secrets(Component):
    """Secrets in Secrets Manager, each a JSON object.

    A container is given one field of one secret by the ARN that `reference` makes, never the value: a task definition
    can be read by anyone who may describe it. Names are derived, because a deleted secret keeps its name for 30 days.

    Attributes:
        arns: ARN of each secret, by its name. It is known once the secret has a value.
        versions: id of each secret's present value, by its name. Another value has another.
    """

    tag = "secrets"

    def __init__(self, name: str, args: SecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        self.arns: dict[str, pulumi.Output[str]] = {}
        self.versions: dict[str, pulumi.Output[str]] = {}
        for key, fields in args.secrets.items():
            secret = secretsmanager.Secret(
                self.child(key),
                description=f"{key} of {args.scope.system}, stack {args.scope.stack}",
                kms_key_id=args.key_arn,
                recovery_window_in_days=_RECOVERY_DAYS,
                region=args.scope.region,
                tags=self.tags(),
                opts=self.child_options(protect=key not in args.passing),
            )
            version = secretsmanager.SecretVersion(
                self.child(key),
                secret_id=secret.id,
                secret_string=pulumi.Output.json_dumps(pulumi.Output.secret(dict(fields)), sort_keys=True),
                region=args.scope.region,
                opts=self.child_options(),
            )
            # Known with the version, not before: a task that starts while there is no value yet fails.
            self.arns[key] = pulumi.Output.all(secret.arn, version.version_id).apply(lambda known: str(known[0]))
            self.versions[key] = version.version_id
        self.register_outputs({"arns": self.arns})

    def reference(self, key: str, field: str) -> pulumi.Output[str]:
        """What a container definition's `valueFrom` takes for one field of a secret."""
        return self.arns[key].apply(lambda arn: f"{arn}:{field}::")


def passing_secret(
    component: Component,
    suffix: str,
    description: str,
    key_arn: pulumi.Input[str],
    fields: Mapping[str, pulumi.Input[str | int]],
) -> pulumi.Output[str]:
    """The ARN of a secret for an AWS service, which goes with its component; what is in it is elsewhere too.

    It is known with its value: who is given the ARN reads it at once.

    Args:
        component: the parent.
        suffix: of its name.
        description: as consoles show it.
        key_arn: the key that encrypts it.
        fields: its fields.
    """
    secret = secretsmanager.Secret(
        component.child(suffix),
        description=description,
        kms_key_id=key_arn,
        recovery_window_in_days=_COPY_RECOVERY_DAYS,
        region=component.scope.region,
        tags=component.tags(),
        opts=component.child_options(),
    )
    version = secretsmanager.SecretVersion(
        component.child(suffix),
        secret_id=secret.id,
        secret_string=pulumi.Output.json_dumps(pulumi.Output.secret(dict(fields)), sort_keys=True),
        region=component.scope.region,
        opts=component.child_options(),
    )
    return pulumi.Output.all(secret.arn, version.version_id).apply(lambda known: str(known[0]))
