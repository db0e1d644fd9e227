"""Pulumi property names to AWS API parameters and back, by botocore's own description of each operation.

The names nearly agree (``cidrBlock``/``CidrBlock``, ``dbSubnetGroupName``/``DBSubnetGroupName``), so they are matched
without regard to case, at every depth; a type lists only the exceptions. A property that no parameter takes is an
error, so that nothing is dropped in silence.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from botocore.model import Shape

    from ascend.cloud.schema import ResourceSchema
    from ascend.cloud.values import Props


def fold(name: str) -> str:
    """A name without what the two worlds spell differently."""
    return name.replace("_", "").replace("-", "").lower()


def to_params(
    shape: Shape, props: Mapping[str, Any], rename: Mapping[str, str], skip: Collection[str], where: str
) -> dict[str, Any]:
    """API parameters for a set of properties.

    Args:
        shape: the operation's input structure.
        props: properties in Pulumi's names.
        rename: exceptions, property name to member name; they hold at every depth where there is such a member.
        skip: properties that some other call takes.
        where: what to name in an error.

    Raises:
        ProviderError: a property has no parameter.
    """
    members: Mapping[str, Shape] = getattr(shape, "members", {})
    by_fold = {fold(name): name for name in members}
    params: dict[str, Any] = {}
    for name, value in props.items():
        if name in skip or name.startswith("__") or value is None:
            continue
        # A rename is meant for the depth that knows its target: `name` is a cluster's, but also a setting's own.
        member = next((one for one in (rename.get(name), by_fold.get(fold(name))) if one in members), None)
        if member is None:
            message = f"{where}: the property {name} is not emulated"
            raise ProviderError(message)
        params[member] = _to_member(members[member], value, rename, f"{where}.{name}")
    return params


def _to_member(shape: Shape, value: Any, rename: Mapping[str, str], where: str) -> Any:
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return to_params(shape, value, rename, (), where)
    if kind == "list":
        items = value if isinstance(value, list) else [value]
        return [_to_member(shape.member, item, rename, where) for item in items]  # type: ignore[attr-defined]
    if kind == "map" and isinstance(value, dict):
        return {key: _to_member(shape.value, item, rename, where) for key, item in value.items()}  # type: ignore[attr-defined]
    return _to_scalar(kind, value)


def _to_scalar(kind: str, value: Any) -> Any:
    if kind == "string" and isinstance(value, bool):
        return "true" if value else "false"
    if kind == "string" and isinstance(value, int | float):
        return str(value)
    if kind in {"integer", "long"} and isinstance(value, str | float):
        return int(value)
    if kind in {"float", "double"} and isinstance(value, str | int):
        return float(value)
    if kind == "boolean" and isinstance(value, str):
        return value == "true"
    return value


def from_response(
    response: Mapping[str, Any], schema: ResourceSchema, rename: Mapping[str, str] | None = None
) -> Props:
    """The outputs of a resource type that an API response names.

    Args:
        response: the part of a response that describes one object.
        schema: the resource type.
        rename: exceptions, property name to response member, at every depth.
    """
    return _from_object(response, schema.outputs, schema, rename or {})


@lru_cache(maxsize=4096)
def _folded(names: tuple[str, ...]) -> dict[str, str]:
    return {fold(name): name for name in names}


def _from_object(
    response: Mapping[str, Any], properties: Mapping[str, str], schema: ResourceSchema, rename: Mapping[str, str]
) -> Props:
    members = _folded(tuple(response))
    props: Props = {}
    for name, expression in properties.items():
        member = rename.get(name)
        if member not in response:
            member = members.get(fold(name))
        if member is None:
            continue
        value = _from_value(response[member], expression, schema, rename)
        if value is not None:
            props[name] = value
    return props


def _from_value(value: Any, expression: str, schema: ResourceSchema, rename: Mapping[str, str]) -> Any:  # noqa: PLR0911
    if expression.startswith("list<"):
        inner = expression[5:-1]
        if not isinstance(value, list):
            return None
        return [item for entry in value if (item := _from_value(entry, inner, schema, rename)) is not None]
    if expression.startswith("map<"):
        return dict(value) if isinstance(value, dict) else None
    if expression.startswith("#"):
        kind = schema.object_of(expression)
        return _from_object(value, kind.properties, schema, rename) if kind and isinstance(value, dict) else None
    if isinstance(value, dict | list):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if expression == "string" and not isinstance(value, str):
        return ("true" if value else "false") if isinstance(value, bool) else str(value)
    if expression == "integer" and isinstance(value, str):
        return int(value) if value.lstrip("-").isdigit() else None
    if expression == "boolean" and isinstance(value, str):
        return value.lower() == "true"
    return value
