"""What the SDKs' argument types say about each resource type: its properties, their types, which are required.

`extract` derives it from the source of the installed SDK packages, without importing them, into the JSON files of
`data` (one per module of a package, e.g. ``aws-ec2.json``); `load` reads those, each once and only when asked for.
A type expression is one of ``string boolean integer number any asset``, ``list<T>``, ``map<T>``, or ``#name``, an
object type of the same file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class ObjectType:
    """The properties of a nested object: name to type expression, and which of them must be given."""

    properties: Mapping[str, str]
    required: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ResourceSchema:
    """One resource type.

    Attributes:
        token: the Pulumi type token, ``aws:ec2/vpc:Vpc``.
        inputs: the arguments, by their camelCase name.
        outputs: all properties of the resource, inputs included.
        secrets: outputs which the SDK itself declares secret.
        objects: the nested object types that `inputs` and `outputs` refer to. Those of outputs have names that end
            in ``!``.
    """

    token: str
    inputs: ObjectType
    outputs: Mapping[str, str]
    secrets: frozenset[str] = frozenset()
    objects: Mapping[str, ObjectType] = field(default_factory=dict)

    def object_of(self, expression: str) -> ObjectType | None:
        """The object type that a type expression names, directly or as the item of a list or map."""
        inner = expression
        while inner.endswith(">"):
            inner = inner.partition("<")[2][:-1]
        return self.objects.get(inner[1:]) if inner.startswith("#") else None


def module_of(token: str) -> str:
    """The name of the data file that holds a type: ``aws:ec2/vpc:Vpc`` is in ``aws-ec2``."""
    package, module, _ = token.split(":")
    return f"{package}-{module.partition('/')[0]}"


@cache
def _module(name: str) -> dict[str, Any]:
    path = DATA / f"{name}.json"
    if not path.exists():
        return {"resources": {}, "objects": {}}
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    document["objects"] = {
        key: ObjectType(value["properties"], frozenset(value.get("required", ())))
        for key, value in document["objects"].items()
    }
    return document


@cache
def load(token: str) -> ResourceSchema | None:
    """The schema of a resource type, None for a type that no data file has."""
    document = _module(module_of(token))
    entry = document["resources"].get(token)
    if entry is None:
        return None
    return ResourceSchema(
        token=token,
        inputs=ObjectType(entry["inputs"], frozenset(entry.get("required", ()))),
        outputs=entry["outputs"],
        secrets=frozenset(entry.get("secrets", ())),
        objects=document["objects"],
    )
