"""The key that encrypts everything a stack keeps in a region."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import kms

from components import policy
from components.base import Component, Scope, physical

# Everything the account's own administrators and the services that act for them do with a key, each action by name:
# with `kms:*` nobody could tell what is meant. https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
_ADMINISTRATION = [
    "CancelKeyDeletion",
    "CreateAlias",
    "CreateGrant",
    "Decrypt",
    "DeleteAlias",
    "DescribeKey",
    "DisableKey",
    "DisableKeyRotation",
    "EnableKey",
    "EnableKeyRotation",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "GetKeyPolicy",
    "GetKeyRotationStatus",
    "ListGrants",
    "ListKeyPolicies",
    "ListKeyRotations",
    "ListResourceTags",
    "PutKeyPolicy",
    "ReEncryptFrom",
    "ReEncryptTo",
    "ReplicateKey",
    "RetireGrant",
    "RevokeGrant",
    "RotateKeyOnDemand",
    "ScheduleKeyDeletion",
    # What KMS's own role in this account needs, to keep the copies of a multi-Region key alike; it has it by IAM.
    # https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-auth-slr.html
    "SynchronizeMultiRegionKey",
    "TagResource",
    "UntagResource",
    "UpdateAlias",
    "UpdateKeyDescription",
    "UpdatePrimaryRegion",
]
_LOG_ACTIONS = [
    "Decrypt",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
]
_PUBLISH_ACTIONS = ("Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext")
_DELETION_WINDOW_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysArgs:
    """What `Keys` needs.

    Attributes:
        scope: where it belongs.
        primary_arn: ARN of the stack's key in its first region, of which this is to be the copy; None in the first.
    """

    scope: Scope
    primary_arn: pulumi.Input[str] | None = None


class Keys(Component):
    """One multi-Region KMS key with rotation, and its alias.

    One key, not one per service: who may use it for what is decided by the policies of roles and by the conditions
    below, which bind each service principal to this account and, for logs, to log groups; more keys would cost a dollar
    a month each and separate nothing further. It is multi-Region from the first day: a key cannot become so later, and
    everything encrypted with it would have to be copied to reach another region.

    In every other region it is a replica key: the same key material under a policy and an alias of its own, which works
    on when the first region does not. Where the primary key is has nothing to do with where the database is written.

    Attributes:
        key_arn: ARN of the key.
    """

    tag = "keys"

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        key = self._primary() if args.primary_arn is None else self._replica(args.primary_arn)
        kms.Alias(
            self.child("alias"),
            name=f"alias/{physical(name)}",
            target_key_id=key.key_id,
            region=args.scope.region,
            opts=self.child_options(),
        )
        self.key_arn = key.arn
        self.register_outputs({"keyArn": self.key_arn})

    def _primary(self) -> kms.Key:
        return kms.Key(
            self.child("key"),
            description=self._description(),
            multi_region=True,
            enable_key_rotation=True,
            deletion_window_in_days=_DELETION_WINDOW_DAYS,
            policy=_key_policy(self.scope),
            region=self.scope.region,
            tags=self.tags(self.name),
            opts=self.child_options(protect=True),
        )

    def _replica(self, primary_arn: pulumi.Input[str]) -> kms.ReplicaKey:
        """The copy; it rotates with the primary key."""
        return kms.ReplicaKey(
            self.child("key"),
            description=self._description(),
            primary_key_arn=primary_arn,
            deletion_window_in_days=_DELETION_WINDOW_DAYS,
            policy=_key_policy(self.scope),
            region=self.scope.region,
            tags=self.tags(self.name),
            opts=self.child_options(protect=True),
        )

    def _description(self) -> str:
        return f"Data, logs and messages of {self.scope.system}, stack {self.scope.stack}"


def _key_policy(scope: Scope) -> pulumi.Output[str]:
    """Who may use the key. In a key's policy, the resource ``*`` is the key itself."""
    account = scope.account_id
    from_account = {"StringEquals": {"aws:SourceAccount": account}}
    publishers = {"Alarms": "cloudwatch.amazonaws.com", "Budgets": "budgets.amazonaws.com"}
    return policy.document(
        policy.allow(
            "Account",
            _kms(_ADMINISTRATION),
            "*",
            principal={"AWS": pulumi.Output.concat("arn:aws:iam::", account, ":root")},
        ),
        # Without the service named here, a log group accepts the key and then loses every line.
        policy.allow(
            "Logs",
            _kms(_LOG_ACTIONS),
            "*",
            service=f"logs.{scope.region}.amazonaws.com",
            conditions={
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": pulumi.Output.concat(
                        "arn:aws:logs:", scope.region, ":", account, ":log-group:*"
                    ),
                },
            },
        ),
        # An alarm or a budget that may not use the topic's key drops its message, and nobody learns of it.
        *(
            policy.allow(sid, _kms(_PUBLISH_ACTIONS), "*", service=service, conditions=from_account)
            for sid, service in publishers.items()
        ),
    )


def _kms(actions: list[str] | tuple[str, ...]) -> list[str]:
    return [f"kms:{action}" for action in actions]
