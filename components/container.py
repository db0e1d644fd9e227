"""The container definitions of a task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

# A check takes 5 s at most and is made every 10; three in a row are needed to call a task ill, and none counts while it
# starts. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
_HEALTH = {"interval": 10, "timeout": 5, "retries": 3, "startPeriod": 60}
_PREPARE = "prepare"
#: Seconds that a sidecar must have run before it is started again. At least 60:
#: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerRestartPolicy.html
_RESTART_S = 60
_NOBODY = "65534:65534"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """A small container beside the one that does the work. It may end without ending the task, and is started again.

    Attributes:
        name: its name in the task.
        image: container image; it must hold ``/bin/sh``.
        script: what its shell runs.
        environment: plain environment variables.
        secrets: environment variables from Secrets Manager, as ``arn:field::``.
        memory_mib: the most memory it may take from the task's, in MiB.
    """

    name: str
    image: str
    script: str
    environment: Mapping[str, pulumi.Input[str]]
    secrets: Mapping[str, pulumi.Input[str]]
    memory_mib: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container.

    Attributes:
        name: its name in the task.
        image: container image.
        command: what replaces the image's own command; empty for none.
        health_command: command in it that exits 0 while it works.
        port: TCP port it listens on; None for none.
        environment: plain environment variables.
        secrets: environment variables from Secrets Manager, as ``arn:field::``.
        secret_versions: id of the present value of each secret, by the secret's name. A container reads its secrets
            when it starts and never again: as a label, the id makes another value another container, to be rolled out.
        user: numeric user (and group) it runs as; None for the image's own.
        writable_paths: folders it writes to; the n-th is the task's volume ``writable-<n>``. If there are any, the
            image must hold ``chmod``.
        log_group: where its output goes.
        region: the region of that group.
        stop_timeout_s: seconds it has to finish once asked to stop.
    """

    name: str
    image: str
    command: Sequence[str]
    health_command: Sequence[str]
    port: int | None
    environment: Mapping[str, pulumi.Input[str]]
    secrets: Mapping[str, pulumi.Input[str]]
    secret_versions: Mapping[str, pulumi.Input[str]]
    user: str | None
    writable_paths: Sequence[str]
    log_group: pulumi.Input[str]
    region: str
    stop_timeout_s: int


def container_definitions(container: Container, sidecars: Sequence[Sidecar] = ()) -> pulumi.Output[str]:
    """The JSON that a task definition takes, in one order, so that an unchanged container is an unchanged input."""
    definition: dict[str, Any] = {
        **_common(container, container.name, container.image, container.writable_paths),
        **_variables(container.environment, container.secrets),
        "essential": True,
        "portMappings": []
        if container.port is None
        else [{"containerPort": container.port, "hostPort": container.port, "protocol": "tcp"}],
        "healthCheck": {"command": ["CMD", *container.health_command], **_HEALTH},
        # Somebody has to collect the processes that a health check leaves behind.
        "linuxParameters": {"initProcessEnabled": True},
        "stopTimeout": container.stop_timeout_s,
    }
    if container.command:
        definition["command"] = list(container.command)
    if container.secret_versions:
        versions = sorted(container.secret_versions.items(), key=_name)
        definition["dockerLabels"] = {f"secret-{name}": version for name, version in versions}
    if container.user is not None:
        definition["user"] = container.user
    definitions = [definition]
    if container.writable_paths:
        definition["dependsOn"] = [{"containerName": _PREPARE, "condition": "SUCCESS"}]
        definitions.append(_prepare(container))
    definitions += [_sidecar(container, sidecar) for sidecar in sidecars]
    return pulumi.Output.json_dumps(definitions, sort_keys=True)


def _prepare(container: Container) -> dict[str, Any]:
    """What opens the volumes and ends, before the container itself starts.

    Fargate mounts an empty volume as root's own with mode 0755, over whatever the image has there, so that a container
    that runs as another user could not write to it: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bind-mounts.html
    It is the same image, so that nothing else is pulled and nothing else has to be trusted; it has no secrets.
    """
    return {
        **_common(container, _PREPARE, container.image, container.writable_paths),
        "essential": False,
        "entryPoint": ["chmod"],
        "command": ["1777", *container.writable_paths],
        "user": "0",
        "environment": [],
        "portMappings": [],
    }


def _sidecar(container: Container, sidecar: Sidecar) -> dict[str, Any]:
    """A container as nobody, with nothing to write to; Fargate starts it again when it ends."""
    return {
        **_common(container, sidecar.name, sidecar.image, ()),
        **_variables(sidecar.environment, sidecar.secrets),
        "essential": False,
        "restartPolicy": {"enabled": True, "restartAttemptPeriod": _RESTART_S},
        "entryPoint": ["/bin/sh", "-c"],
        "command": [sidecar.script],
        "user": _NOBODY,
        "memory": sidecar.memory_mib,
        "portMappings": [],
        "linuxParameters": {"initProcessEnabled": True},
    }


def _variables(
    environment: Mapping[str, pulumi.Input[str]], secrets: Mapping[str, pulumi.Input[str]]
) -> dict[str, Any]:
    return {
        "environment": [{"name": name, "value": value} for name, value in sorted(environment.items(), key=_name)],
        "secrets": [{"name": name, "valueFrom": value} for name, value in sorted(secrets.items(), key=_name)],
    }


def _common(container: Container, name: str, image: str, writable_paths: Sequence[str]) -> dict[str, Any]:
    """What every container of the task has: the image, a read-only file system with the volumes in it, the log."""
    return {
        "name": name,
        "image": image,
        "readonlyRootFilesystem": True,
        "mountPoints": [
            {"sourceVolume": f"writable-{number}", "containerPath": path, "readOnly": False}
            for number, path in enumerate(writable_paths)
        ],
        "volumesFrom": [],
        "systemControls": [],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": container.log_group,
                "awslogs-region": container.region,
                "awslogs-stream-prefix": name,
                # Rather lose lines than stop the service when CloudWatch is slow. Explicit: the default has changed.
                "mode": "non-blocking",
                "max-buffer-size": "4m",
            },
        },
    }


def _name(item: tuple[str, Any]) -> str:
    return item[0]
