"""Container definitions: the JSON document inside a task definition, which the SDK types as text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ascend.cloud.provider import Failure
from ascend.cloud.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ascend.cloud.values import Props

_PATH = "containerDefinitions"
_FARGATE = frozenset({"FARGATE", "FARGATE_SPOT"})


def parse(text: str) -> tuple[list[dict[str, Any]], list[Failure]]:
    """The definitions, or why the text is none."""
    try:
        document = json.loads(text)
    except ValueError as error:
        return [], [Failure(_PATH, f"is not JSON: {error}")]
    if not isinstance(document, list) or not all(isinstance(item, dict) for item in document):
        return [], [Failure(_PATH, "must be a JSON list of container definitions")]
    if not document:
        return [], [Failure(_PATH, "must name at least one container")]
    return document, []


def judge(definitions: list[dict[str, Any]], task: Props) -> list[Failure]:
    """What AWS refuses across containers. Source: ECS API reference, ContainerDefinition, read 2026-11-21."""
    return [
        *_names(definitions),
        *_essential(definitions),
        *_sizes(definitions, task),
        *(failure for index, item in enumerate(definitions) for failure in _container(index, item, definitions, task)),
    ]


def _names(definitions: list[dict[str, Any]]) -> Iterator[Failure]:
    names = [item.get("name") for item in definitions]
    for index, item in enumerate(definitions):
        yield from (
            Failure(f"{_PATH}[{index}].{field}", "is required and was not given")
            for field in ("name", "image")
            if not item.get(field)
        )
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        yield Failure(_PATH, f"the container {name} is defined twice")


def _essential(definitions: list[dict[str, Any]]) -> Iterator[Failure]:
    if all(item.get("essential") is False for item in definitions):
        yield Failure(_PATH, "at least one container must be essential")


def _sizes(definitions: list[dict[str, Any]], task: Props) -> Iterator[Failure]:
    for field, unit in (("cpu", "units"), ("memory", "MiB")):
        whole = _number(task.get(field))
        parts = sum(_number(item.get(field)) or 0 for item in definitions)
        if whole and parts > whole:
            yield Failure(_PATH, f"the containers' {field} is {parts:g} {unit}, more than the task's {whole:g}")


def _number(value: Any) -> float | None:
    try:
        return None if value is UNKNOWN or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def _container(index: int, item: dict[str, Any], definitions: list[dict[str, Any]], task: Props) -> Iterator[Failure]:
    path = f"{_PATH}[{index}]"
    names = {other.get("name") for other in definitions}
    kinds = task.get("requiresCompatibilities")
    fargate = isinstance(kinds, list) and "FARGATE" in kinds
    for place, port in enumerate(item.get("portMappings") or []):
        host, inner = port.get("hostPort"), port.get("containerPort")
        if task.get("networkMode") == "awsvpc" and host not in (None, inner):
            yield Failure(
                f"{path}.portMappings[{place}].hostPort", f"{host} must be left out or equal {inner} with awsvpc"
            )
    yield from _repeated(path, "environment", item)
    yield from _repeated(path, "secrets", item)
    plain = {row.get("name") for row in item.get("environment") or []}
    for row in item.get("secrets") or []:
        if row.get("name") in plain:
            yield Failure(f"{path}.secrets", f"{row.get('name')} is in environment as well")
    if (item.get("secrets") or _logs_to_cloudwatch(item)) and fargate and task.get("executionRoleArn") is None:
        yield Failure(
            "executionRoleArn", f"must be set: the container {item.get('name')} has secrets or logs to CloudWatch"
        )
    for place, row in enumerate(item.get("dependsOn") or []):
        if row.get("containerName") not in names:
            yield Failure(f"{path}.dependsOn[{place}]", f"there is no container {row.get('containerName')}")
    sized = item.get("memory") or item.get("memoryReservation")
    if not fargate and kinds is not UNKNOWN and task.get("memory") is None and not sized:
        yield Failure(path, "memory or memoryReservation must be set, or memory of the task")
    command = (item.get("healthCheck") or {}).get("command")
    if command is not None and (not command or command[0] not in {"CMD", "CMD-SHELL", "NONE"}):
        yield Failure(f"{path}.healthCheck.command", "must begin with CMD, CMD-SHELL or NONE")


def _logs_to_cloudwatch(item: dict[str, Any]) -> bool:
    return (item.get("logConfiguration") or {}).get("logDriver") == "awslogs"


def _repeated(path: str, field: str, item: dict[str, Any]) -> Iterator[Failure]:
    names = [row.get("name") for row in item.get(field) or [] if isinstance(row, dict)]
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        yield Failure(f"{path}.{field}", f"{name} is set twice")


def judge_strategies(strategies: Any, path: str = "capacityProviderStrategies") -> list[Failure]:
    """A capacity provider strategy. Source: ECS API reference, CapacityProviderStrategyItem, read 2026-11-21."""
    if not isinstance(strategies, list) or not strategies or not all(isinstance(row, dict) for row in strategies):
        return []
    names = [row.get("capacityProvider") for row in strategies]
    if any(name is UNKNOWN for name in names):
        return []
    failures = []
    fargate = {name in _FARGATE for name in names}
    if len(fargate) > 1:
        failures.append(Failure(path, f"{', '.join(map(str, names))}: Fargate and other capacity providers do not mix"))
    weights = [row.get("weight") for row in strategies]
    if len(strategies) > 1 and all(weight in (None, 0) for weight in weights):
        failures.append(Failure(path, "all weights are 0: no task could be placed"))
    if sum(1 for row in strategies if row.get("base") not in (None, 0, UNKNOWN)) > 1:
        failures.append(Failure(path, "only one capacity provider may have a base"))
    return failures


def covers(actual: Any, wanted: Any) -> bool:
    """Whether what AWS holds is what was asked for: it adds defaults and reorders lists of named things."""
    if isinstance(wanted, dict) and isinstance(actual, dict):
        return all(covers(actual.get(name), item) for name, item in wanted.items())
    if isinstance(wanted, list) and isinstance(actual, list):
        left = list(actual)
        for item in wanted:
            match = next((other for other in left if covers(other, item)), None)
            if match is None:
                return False
            left.remove(match)
        return not left
    if actual is None:
        return wanted in (None, [], {}, "", 0, False)
    return bool(actual == wanted)


def strategy(row: Props) -> dict[str, Any]:
    """A capacity provider strategy's row, as the API wants it."""
    numbers = {name: int(row[name]) for name in ("base", "weight") if row.get(name) is not None}
    return {"capacityProvider": row["capacityProvider"], **numbers}
