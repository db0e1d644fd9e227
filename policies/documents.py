"""Access policies as JSON documents: their statements, one value or many alike."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policies.stack import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of an access policy.

    Attributes:
        name: its id, or its place.
        allows: whether it allows.
        actions: the actions.
        resources: the resources.
        principals: who may; ``*`` for anybody.
        conditional: whether only under a condition.
    """

    name: str
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...]
    conditional: bool


def statements(document: Any) -> Iterable[Statement]:
    """The statements of a document; none where it is not known yet, or not given.

    Raises:
        ValueError: it is no JSON.
    """
    if document is None or document == UNKNOWN:
        return
    parsed = json.loads(document) if isinstance(document, str) else document
    for number, one in enumerate(_many(parsed.get("Statement")), start=1):
        yield Statement(
            name=str(one.get("Sid") or f"statement {number}"),
            allows=one.get("Effect") == "Allow",
            actions=tuple(_many(one.get("Action"))),
            # What it does not name is everything else.
            resources=("*",) if "NotResource" in one else tuple(_many(one.get("Resource"))),
            principals=tuple(_principals(one.get("Principal"))),
            conditional=bool(one.get("Condition")),
        )


def _many(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _principals(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [str(one) for kind in value.values() for one in _many(kind)]
    return [str(one) for one in _many(value)]
