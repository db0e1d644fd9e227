"""AWS's own resource schemas, as cfn-lint ships them, as a judge of inputs.

CloudFormation's property names nearly equal the provider's, so inputs are matched to a type's schema without regard to
case and judged by its enums, patterns and limits, and by cfn-lint's extension schemas (instance classes by region and
engine, Fargate's cpu and memory pairs). What does not match is not judged here. The files are read directly: importing
cfn-lint takes longer than a plan.
"""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ascend.cloud import rules
from ascend.cloud.aws.mapping import fold
from ascend.cloud.provider import Failure
from ascend.cloud.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ascend.cloud.values import Props

#: Keywords that judge one value. The others (required, type) are the business of the SDK's argument types.
_JUDGED = (
    "enum",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "multipleOf",
    "uniqueItems",
)


@cache
def _folder() -> Path:
    spec = importlib.util.find_spec("cfnlint")
    if spec is None or spec.origin is None:
        message = "cfn-lint is not installed"
        raise ModuleNotFoundError(message)
    return Path(spec.origin).parent / "data" / "schemas"


def _load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document


@cache
def _region(region: str) -> dict[str, str]:
    path = _folder() / "providers" / f"{region}.json"
    return _load(path) if path.exists() else {}


@cache
def regions() -> frozenset[str]:
    """Every region that AWS has, by cfn-lint's data."""
    return frozenset(path.stem for path in (_folder() / "providers").glob("*.json")) - {"sam"}


@cache
def _schema(cfn_type: str, region: str) -> dict[str, Any] | None:
    name = _region(region).get(cfn_type)
    return _load(_folder() / "resources" / f"{name}.json") if name else None


@cache
def extension(name: str, region: str) -> dict[str, Any] | None:
    """One of cfn-lint's extension schemas, None where it has none for the region."""
    document = _load(_folder() / "extensions" / f"{name}.json")
    if "us-east-1" in document:  # a schema per region
        return document.get(region)
    return document


class _Document:
    """Inputs in CloudFormation's names, with the way back for messages."""

    def __init__(self, schema: Mapping[str, Any], rename: Mapping[str, str]) -> None:
        self.definitions: Mapping[str, Any] = schema.get("definitions", {})
        self.rename = rename
        self.origin: dict[str, str] = {}
        self.failures: list[Failure] = []
        self.schema = schema

    def resolve(self, schema: Any) -> dict[str, Any]:
        while isinstance(schema, dict) and "$ref" in schema:
            schema = self.definitions.get(schema["$ref"].rpartition("/")[2], {})
        return schema if isinstance(schema, dict) else {}

    def convert(self, value: Any, schema: Any, path: str, origin: str) -> Any:
        """The value in CloudFormation's form; what is wrong with it is noted on the way."""
        self.origin[path] = origin
        if value is UNKNOWN:
            return UNKNOWN
        schema = self.resolve(schema)
        if isinstance(value, dict) and "properties" in schema:
            names = {fold(name): name for name in schema["properties"]}
            converted = {}
            for name, item in value.items():
                target = self.rename[name] if name in self.rename else names.get(fold(name), "")
                if target in schema["properties"]:
                    below = f"{path}.{target}" if path else target
                    place = f"{origin}.{name}" if origin else name
                    converted[target] = self.convert(item, schema["properties"][target], below, place)
            return converted
        if isinstance(value, list) and schema.get("type") == "array":
            converted_items = [
                self.convert(item, schema.get("items", {}), f"{path}[{index}]", f"{origin}[{index}]")
                for index, item in enumerate(value)
            ]
            self.judge(converted_items, schema, origin)
            return converted_items
        if isinstance(value, dict | list):
            return value
        scalar = _scalar(value, schema.get("type"))
        self.judge(scalar, schema, origin)
        return scalar

    def judge(self, value: Any, schema: Mapping[str, Any], origin: str) -> None:
        reduced = {keyword: schema[keyword] for keyword in _JUDGED if keyword in schema}
        for problem in rules.judge(reduced, value)[1]:
            self.failures.append(Failure(origin, problem.reason))


def _scalar(value: Any, kind: Any) -> Any:
    if isinstance(kind, list):  # JSON as an object or as text
        return value
    if kind == "string" and not isinstance(value, str):
        return ("true" if value else "false") if isinstance(value, bool) else str(value)
    if kind in ("integer", "number") and isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            return value
    return value


def judge(
    cfn_type: str, region: str, inputs: Props, rename: Mapping[str, str], extensions: Sequence[str] = ()
) -> list[Failure]:
    """What AWS's schema of a type has against the inputs.

    Args:
        cfn_type: ``AWS::RDS::DBInstance``; empty for a type that has no such schema.
        region: the region, since types, classes and values differ by region.
        inputs: properties in Pulumi's names.
        rename: property name to CloudFormation's name where letter case is not the only difference; empty for a
            property that is not to be judged here.
        extensions: names of cfn-lint's extension schemas to apply as well.
    """
    if not cfn_type:
        return []
    schema = _schema(cfn_type, region)
    if schema is None:
        known = _region(region)
        return [Failure("region", f"{cfn_type} is not available in {region}")] if known else []
    document = _Document(schema, rename)
    converted = document.convert(inputs, schema, "", "")
    failures = document.failures
    for name in extensions:
        document_of_rule = extension(name, region)
        if document_of_rule is not None:
            for problem in rules.judge(document_of_rule, converted)[1]:
                failures.append(Failure(document.origin.get(problem.path, problem.path), problem.reason))
    return list(dict.fromkeys(failures))
