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


def references(token: str, inputs: Props) -> Iterator[tuple[str, str, str]]:
    """Every reference in the inputs of a type: its path, the kind of object, and the value."""
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
        parts = value.split(":")
        if value.startswith("arn:") and len(parts) > 5 and _table()["kinds"][kind]["regional"] and parts[3] != region:  # noqa: PLR2004 -- an ARN has six parts
            failures.append(Failure(path, f"{value} is in {parts[3]}; the resource is in {region}"))
    return failures


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
        for path, kind, value in references(api.schema.token, inputs):
            row = _table()["kinds"][kind]
            region = api.region if row["regional"] else ""
            if (kind, region, value) in self._known:
                continue
            name = value.rpartition("/")[2] if kind == "iam-role" and value.startswith("arn:") else value
            parameter = row["parameter"]
            argument: Any = [name] if parameter.endswith("[]") else name
            try:
                api.call(row["operation"], _service=row["service"], **{parameter.removesuffix("[]"): argument})
            except ApiError as error:
                message = (
                    f"{api.where}: {path}: there is no {kind.replace('-', ' ')} {value} in {api.region} ({error.code})"
                )
                raise ProviderError(message) from error
            self.add(kind, region, value)
