"""Property values as the provider protocol carries them, and as the providers handle them.

On the wire a value is a protobuf ``Struct``: secrets, assets and resource references are objects with a signature key,
a value that is not known yet is a magic string, and every number is a float. Providers work on plain Python values;
`Secret` and `UNKNOWN` stand for the two that have no Python equivalent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from google.protobuf import json_format, struct_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Props = dict[str, Any]

# Signatures and sentinels of the protocol: pulumi/pulumi, sdk/go/common/resource/{sig,plugin}, read 2026-11-21.
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 -- the protocol's public marker
_ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
_REFERENCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS: Final = frozenset(
    {
        _UNKNOWN_TEXT,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)


class _Unknown:
    """The one value that is not known until something else exists."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        message = "a value that is not known yet has no truth; compare with `is UNKNOWN`"
        raise TypeError(message)


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that must never be shown."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(…)"


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset or archive, handed through as it came."""

    raw: Mapping[str, Any]


def from_struct(struct: struct_pb2.Struct | None) -> Props:
    """The properties of a request; null values, which mean "not given", are left out."""
    return {} if struct is None else _members(struct)


def _members(struct: struct_pb2.Struct) -> Props:
    return {name: parsed for name, value in struct.fields.items() if (parsed := _parse(value)) is not None}


def _parse(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _parse_object(value.struct_value)
    if kind == "list_value":
        return [_parse(item) for item in value.list_value.values]
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    return None


def _parse_object(struct: struct_pb2.Struct) -> Any:
    signature = struct.fields[_SIGNATURE].string_value if _SIGNATURE in struct.fields else ""
    if signature == _SECRET:
        return Secret(_parse(struct.fields["value"]))
    if signature == _OUTPUT:
        inner = _parse(struct.fields["value"]) if "value" in struct.fields else UNKNOWN
        return Secret(inner) if struct.fields["secret"].bool_value else inner
    if signature == _REFERENCE:
        # A reference stands for the resource's id in whatever takes one.
        return _parse(struct.fields["id"]) if "id" in struct.fields else struct.fields["urn"].string_value
    if signature in {_ASSET, _ARCHIVE}:
        return Asset(json_format.MessageToDict(struct))
    return _members(struct)


def to_struct(props: Mapping[str, Any]) -> struct_pb2.Struct:
    """The wire form of properties. None at the top level is left out."""
    struct = struct_pb2.Struct()
    for name, value in props.items():
        if value is not None:
            _write(struct.fields[name], value)
    return struct


def _write(target: struct_pb2.Value, value: Any) -> None:
    if value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = float(value)
    elif isinstance(value, str):
        target.string_value = value
    elif value is UNKNOWN:
        target.string_value = _UNKNOWN_TEXT
    elif isinstance(value, Secret):
        fields = target.struct_value.fields
        fields[_SIGNATURE].string_value = _SECRET
        _write(fields["value"], value.value)
    elif isinstance(value, Asset):
        json_format.ParseDict(value.raw, target.struct_value)
    elif isinstance(value, list | tuple):
        target.list_value.SetInParent()
        for item in value:
            _write(target.list_value.values.add(), item)
    elif isinstance(value, dict):
        target.struct_value.SetInParent()
        for name, item in value.items():
            _write(target.struct_value.fields[name], item)
    else:
        message = f"a {type(value).__name__} is no property value"
        raise TypeError(message)


def reveal(value: Any) -> Any:
    """The value with every `Secret` replaced by what it holds."""
    if isinstance(value, Secret):
        return reveal(value.value)
    if isinstance(value, dict):
        return {name: reveal(item) for name, item in value.items()}
    if isinstance(value, list):
        return [reveal(item) for item in value]
    return value


def has_secret(value: Any) -> bool:
    """Whether a `Secret` is anywhere in the value."""
    if isinstance(value, Secret):
        return True
    if isinstance(value, dict):
        return any(has_secret(item) for item in value.values())
    return isinstance(value, list) and any(has_secret(item) for item in value)


def has_unknown(value: Any) -> bool:
    """Whether `UNKNOWN` is anywhere in the value."""
    if value is UNKNOWN:
        return True
    if isinstance(value, Secret):
        return has_unknown(value.value)
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    return isinstance(value, list) and any(has_unknown(item) for item in value)


def conceal(plain: Mapping[str, Any], names: Iterable[str]) -> Props:
    """The properties with those of the given names marked secret."""
    chosen = set(names)
    return {name: Secret(value) if name in chosen and value is not None else value for name, value in plain.items()}


def secret_names(props: Mapping[str, Any]) -> set[str]:
    """The top-level properties that hold a secret anywhere."""
    return {name for name, value in props.items() if has_secret(value)}


def like(plain: Any, marked: Any) -> Any:
    """`plain` with secrets where `marked` has them: checked inputs keep the secrets of the inputs they came from."""
    if isinstance(marked, Secret):
        return Secret(plain)
    if isinstance(marked, dict) and isinstance(plain, dict):
        return {name: like(item, marked.get(name)) for name, item in plain.items()}
    if isinstance(marked, list) and isinstance(plain, list):
        if len(marked) == len(plain):
            return [like(item, other) for item, other in zip(plain, marked, strict=True)]
        return Secret(plain) if has_secret(marked) else plain
    # Normalising changed the shape (an object became text): then all of it is as secret as any part was.
    return Secret(plain) if has_secret(marked) else plain
