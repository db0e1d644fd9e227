"""References to other objects must exist, in the same region: moto would accept nearly any text."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.api import ApiError
from ascend.cloud.facts import read_yaml
from ascend.cloud.provider import Failure, ProviderError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props


@cache
def _table() -> dict[str, Any]:
    return read_yaml(Path(__file__).parent / "data" / "references.yaml")


#: After a kind: the object may be in another region, which its ARN names.
_ANYWHERE = "@arn"
_ARN_PARTS = 6


def references(token: str, inputs: Props) -> Iterator[tuple[str, str, str]]:
    """Every reference in the inputs of a type: its path, the kind of object (with ``@arn``), and the value."""
    yield from _walk(token, inputs, "")


def _walk(token: str, node: Any, path: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(node, dict):
        properties = _table()["properties"]
        for name, item in node.items():
            place = f"{path}.{name}" if path else name
            kind = properties.get(f"{token}#{name}") or properties.get(name)
            if kind and kind != "none" and isinstance(item, str) and item:
                yield place, kind, item
            elif kind and kind != "none" and isinstance(item, list):
                for index, entry in enumerate(item):
                    if isinstance(entry, str):
                        yield f"{place}[{index}]", kind, entry
            else:
                yield from _walk(token, item, place)
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from _walk(token, item, f"{path}[{index}]")


def in_region(token: str, inputs: Props, region: str) -> list[Failure]:
    """References whose ARN shows that they are in another region."""
    failures = []
    for path, kind, value in references(token, inputs):
        if kind.endswith(_ANYWHERE):
            continue
        where = _region_of(value)
        if where and where != region and _table()["kinds"][kind]["regional"]:
            failures.append(Failure(path, f"{value} is in {where}; the resource is in {region}"))
    return failures


def _region_of(value: str) -> str:
    """The region that an ARN names; empty where it names none, or the value is no ARN."""
    parts = value.split(":", 5)
    return parts[3] if parts[0] == "arn" and len(parts) == _ARN_PARTS else ""


class Existing:
    """What is known to exist, so that AWS is asked once per object."""

    def __init__(self) -> None:
        self._known: set[tuple[str, str, str]] = set()

    def add(self, kind: str, region: str, *names: str) -> None:
        """Note an object by its id, ARN or name."""
        self._known.update((kind, region, name) for name in names if name)

    def remove(self, *names: str) -> None:
        """Forget an object."""
        self._known = {entry for entry in self._known if entry[2] not in names}

    def require(self, api: Api, inputs: Props) -> None:
        """Make sure that every reference in the inputs exists.

        Raises:
            ProviderError: one does not; the message names the property and the value.
        """
        for path, named, value in references(api.schema.token, inputs):
            kind = named.removesuffix(_ANYWHERE)
            row = _table()["kinds"][kind]
            where = (_region_of(value) if named.endswith(_ANYWHERE) else "") or api.region
            region = where if row["regional"] else ""
            if (kind, region, value) in self._known or "operation" not in row:
                continue
            if not _is_there(api, row, where, _name(kind, value)):
                raise ProviderError(f"{api.where}: {path}: there is no {kind.replace('-', ' ')} {value} in {where}")
            self.add(kind, region, value)


def _name(kind: str, value: str) -> str:
    """What the service asks for: a role's name, which its ARN ends with; elsewhere the value itself."""
    return value.rpartition("/")[2] if kind == "iam-role" and value.startswith("arn:") else value


def _is_there(api: Api, row: dict[str, Any], region: str, name: str) -> bool:
    parameter = row["parameter"]
    asked: dict[str, Any] = {parameter.removesuffix("[]"): [name] if parameter.endswith("[]") else name}
    try:
        answer = api.call(row["operation"], _service=row["service"], _region=region, **asked)
    except ApiError:
        return False
    return any(answer.values())  # moto leaves some out of its list where AWS answers that there is none
