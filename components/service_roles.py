"""What a service's tasks may do."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import iam

from components import policy
from components.base import Component

#: An image in the account's own registry: (account, region, repository).
_PRIVATE_IMAGE = re.compile(r"^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([a-z0-9._/-]+?)(?::[^/]+|@.+)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a service's own code may use.

    Attributes:
        bucket_arns: buckets whose objects it reads, writes and deletes.
        send_to: queues that it puts messages in.
        receive_from: queues that it takes messages from.
    """

    bucket_arns: Sequence[pulumi.Input[str]] = ()
    send_to: Sequence[pulumi.Input[str]] = ()
    receive_from: Sequence[pulumi.Input[str]] = ()


def execution_role(
    component: Component,
    image: str,
    log_group_arn: pulumi.Output[str],
    secret_arns: Sequence[pulumi.Input[str]],
    key_arn: pulumi.Input[str],
) -> tuple[iam.Role, iam.RolePolicy]:
    """The role with which ECS starts a task: pull this image, write this log, read these secrets."""
    region = component.scope.region
    statements = [
        *_pull(image),
        policy.allow(
            "Log",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            log_group_arn.apply(lambda arn: f"{arn}:*"),
        ),
    ]
    if secret_arns:
        statements += [
            policy.allow("Secrets", ["secretsmanager:GetSecretValue"], list(secret_arns)),
            policy.allow(
                "DecryptSecrets",
                ["kms:Decrypt"],
                key_arn,
                conditions={"StringEquals": {"kms:ViaService": f"secretsmanager.{region}.amazonaws.com"}},
            ),
        ]
    role = _role(component, "exec", "Starts tasks: pulls the image, writes the log, reads secrets")
    return role, _attach(component, "exec", role, statements)


def task_role(
    component: Component,
    access: Access,
    key_arn: pulumi.Input[str],
) -> tuple[iam.Role, list[iam.RolePolicy]]:
    """The role of the code in the container: its buckets and queues, and the key where those are encrypted with it."""
    region = component.scope.region
    statements: list[policy.Statement] = []
    services = []
    if access.bucket_arns:
        services.append(f"s3.{region}.amazonaws.com")
        statements += [
            policy.allow("ListBuckets", ["s3:ListBucket"], list(access.bucket_arns)),
            policy.allow(
                "Objects",
                ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
                [pulumi.Output.concat(arn, "/*") for arn in access.bucket_arns],
            ),
        ]
    if access.send_to:
        statements.append(
            policy.allow("Send", ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"], list(access.send_to))
        )
    if access.receive_from:
        statements.append(
            policy.allow(
                "Receive",
                [
                    "sqs:ChangeMessageVisibility",
                    "sqs:DeleteMessage",
                    "sqs:GetQueueAttributes",
                    "sqs:GetQueueUrl",
                    "sqs:ReceiveMessage",
                ],
                list(access.receive_from),
            )
        )
    if access.send_to or access.receive_from:
        services.append(f"sqs.{region}.amazonaws.com")
    if services:
        statements.append(
            policy.allow(
                "Encryption",
                ["kms:Decrypt", "kms:GenerateDataKey"],
                key_arn,
                conditions={"StringEquals": {"kms:ViaService": services}},
            )
        )
    role = _role(component, "task", "What the service's own code may do")
    return role, [_attach(component, "task", role, statements)] if statements else []


def _pull(image: str) -> list[policy.Statement]:
    """Pulling from the account's registry takes permissions; from a public one it takes none."""
    match = _PRIVATE_IMAGE.match(image)
    if match is None:
        return []
    account, region, repository = match.groups()
    return [
        # The one action on everything: a token is for the registry, and ECR knows no resource for it.
        policy.allow("RegistryToken", ["ecr:GetAuthorizationToken"], "*"),
        policy.allow(
            "Pull",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            f"arn:aws:ecr:{region}:{account}:repository/{repository}",
        ),
    ]


def _role(component: Component, suffix: str, description: str) -> iam.Role:
    scope = component.scope
    return iam.Role(
        component.child(suffix),
        description=description,
        assume_role_policy=policy.trust(
            "ecs-tasks.amazonaws.com",
            scope.account_id,
            pulumi.Output.concat("arn:aws:ecs:", scope.region, ":", scope.account_id, ":*"),
        ),
        tags=component.tags(),
        opts=component.child_options(),
    )


def _attach(
    component: Component, suffix: str, role: iam.Role, statements: Sequence[policy.Statement]
) -> iam.RolePolicy:
    return iam.RolePolicy(
        component.child(suffix),
        role=role.name,
        policy=policy.document(*statements),
        opts=component.child_options(),
    )
