"""Property values: what the program, the providers and the state exchange, as plain Python.

A value is ``None``, a bool, a number, a string, a list, a dict, or one of the classes below for what JSON has no word
for: a secret, an unknown, an asset, an archive, a reference to a resource. On the wire (a protobuf `Struct`) and in the
state (JSON) those are dicts that carry a signature; the signatures are the official engine's
(``sdk/go/common/resource/sig``).
"""

from __future__ import annotations

import json
import math
import struct as binary
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from google.protobuf import struct_pb2

from ascend.engine.model import SECRET_MASK, UNKNOWN_MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: The key under which a dict carries its signature, and the signatures.
SIG: Final = "4dabf18193072939515e22adb298388d"
SECRET_SIG: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 -- a signature, not a secret
ASSET_SIG: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE_SIG: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
RESOURCE_SIG: Final = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT_SIG: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
FLOAT_SIG: Final = "8ad145fe-0d11-4827-bfd7-1abcbf086f5c"

#: What stands on the wire and in the state for a value that is not known yet.
UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
#: The wire has one such constant per type; they all mean the same to this engine.
_UNKNOWN_STRINGS: Final = frozenset(
    {
        UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
#: Numbers up to here are whole in JSON (Go writes larger ones with an exponent).
_WHOLE: Final = 1e21

Properties = dict[str, Any]


class ValueFormatError(ValueError):
    """A value on the wire or in the state that has no meaning."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that must never be shown. Holds no other secret inside (see `secret`)."""

    value: Any

    def __repr__(self) -> str:
        return f"Secret({SECRET_MASK})"


class Unknown:
    """The type of `UNKNOWN`: a value that will be known once a resource exists."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, slots=True)
class Asset:
    """A file's content: `text`, a `path` or a `uri`, and the SHA-256 of the bytes. Two assets are equal by hash."""

    hash: str = ""
    text: str = ""
    path: str = ""
    uri: str = ""


@dataclass(frozen=True, slots=True)
class Archive:
    """A set of files: named assets and archives, a `path` or a `uri`, and a hash of the content."""

    hash: str = ""
    assets: Mapping[str, Asset | Archive] | None = field(default=None)
    path: str = ""
    uri: str = ""


@dataclass(frozen=True, slots=True)
class ResourceRef:
    """A reference to a resource. `id` is None for a component, `UNKNOWN` where the resource does not exist yet."""

    urn: str
    id: str | Unknown | None = None
    version: str = ""


def secret(value: Any) -> Secret:
    """Makes `value` secret as a whole; secrets inside it need no mark of their own any more."""
    return Secret(reveal(value))


def reveal(value: Any) -> Any:
    """The value with every secret unwrapped."""
    if isinstance(value, Secret):
        return reveal(value.value)
    if isinstance(value, dict):
        return {key: reveal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [reveal(item) for item in value]
    return value


def has_unknown(value: Any) -> bool:
    """Whether anything in the value is not known yet."""
    if value is UNKNOWN:
        return True
    if isinstance(value, Secret):
        return has_unknown(value.value)
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return isinstance(value, ResourceRef) and value.id is UNKNOWN


def has_secret(value: Any) -> bool:
    """Whether anything in the value is secret."""
    if isinstance(value, Secret):
        return True
    if isinstance(value, dict):
        return any(has_secret(item) for item in value.values())
    if isinstance(value, list):
        return any(has_secret(item) for item in value)
    return False


def same(left: Any, right: Any) -> bool:  # noqa: PLR0911 -- one return per kind of value
    """Deep equality as the official engine sees it: ``True`` is not ``1``, assets are equal by hash."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right or (math.isnan(left) and math.isnan(right))
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(item, right[key]) for key, item in left.items())
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, Secret):
        return same(left.value, right.value)
    if isinstance(left, Asset | Archive):
        return bool(left.hash == right.hash and (left.hash or left == right))
    return bool(left == right)


def mask(value: Any) -> Any:  # noqa: PLR0911 -- one return per kind of value
    """The value as it may be shown: JSON, secrets and unknowns replaced by their masks."""
    if isinstance(value, Secret):
        return SECRET_MASK
    if value is UNKNOWN:
        return UNKNOWN_MASK
    if isinstance(value, dict):
        return {key: mask(item) for key, item in value.items()}
    if isinstance(value, list):
        return [mask(item) for item in value]
    if isinstance(value, float):
        return number(value) if math.isfinite(value) else str(value)
    if isinstance(value, Asset):
        return f"asset(sha256:{value.hash})"
    if isinstance(value, Archive):
        return f"archive(sha256:{value.hash})"
    if isinstance(value, ResourceRef):
        return value.urn
    return value


def number(value: float) -> float:
    """A number as JSON writes it: 2.0 from the wire is 2."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _WHOLE else value


# -- the wire -----------------------------------------------------------------------------------------------------


def from_struct(message: struct_pb2.Struct) -> Properties:
    """Properties from the wire.

    Raises:
        ValueFormatError: a signature that has no meaning, or one whose dict lacks what it needs.
    """
    return {key: from_wire(item) for key, item in message.fields.items()}


def from_wire(message: struct_pb2.Value) -> Any:  # noqa: PLR0911 -- one return per kind of value
    """One value from the wire (see `from_struct`)."""
    kind = message.WhichOneof("kind")
    if kind == "string_value":
        text = message.string_value
        return UNKNOWN if text in _UNKNOWN_STRINGS else text
    if kind == "number_value":
        return number(message.number_value)
    if kind == "bool_value":
        return message.bool_value
    if kind == "struct_value":
        fields = message.struct_value.fields
        if SIG in fields:
            return _signed({key: from_wire(item) for key, item in fields.items()})
        return {key: from_wire(item) for key, item in fields.items()}
    if kind == "list_value":
        return [from_wire(item) for item in message.list_value.values]
    return None


def _signed(fields: Properties, decrypt: Callable[[str], str] | None = None) -> Any:  # noqa: PLR0911 -- as above
    """The value that a dict with a signature stands for."""
    signature = fields[SIG]
    try:
        if signature == SECRET_SIG:
            if decrypt is None:
                return secret(fields["value"])
            return secret(_decrypted(fields, decrypt))
        if signature == RESOURCE_SIG:
            # A missing id is a component; an empty one is a resource that does not exist yet.
            reference = fields.get("id")
            known = reference if "id" not in fields else reference or UNKNOWN
            return ResourceRef(fields["urn"], known, fields.get("packageVersion", ""))
        if signature == ASSET_SIG:
            return Asset(*(fields.get(key) or "" for key in ("hash", "text", "path", "uri")))
        if signature == ARCHIVE_SIG:
            return Archive(fields.get("hash", ""), fields.get("assets"), fields.get("path", ""), fields.get("uri", ""))
        if signature == OUTPUT_SIG:
            value = fields.get("value", UNKNOWN)
            return secret(value) if fields.get("secret") else value
        if signature == FLOAT_SIG:
            return binary.unpack(">d", bytes.fromhex(fields["value"]))[0]
    except (KeyError, TypeError, binary.error) as error:
        raise ValueFormatError(f"malformed value with signature {signature}: {error!r}") from error
    raise ValueFormatError(f"unrecognized signature {signature!r} in a value")


def to_struct(
    properties: Mapping[str, Any], *, unknowns: bool = True, secrets: bool = True, resources: bool = True
) -> struct_pb2.Struct:
    """Properties for the wire.

    Args:
        properties: what to send.
        unknowns: whether unknowns are sent; where not, what is unknown is left out.
        secrets: whether secrets keep their mark; where not, they are sent bare.
        resources: whether references stay references; where not, they are sent as the id (or the URN).
    """
    message = struct_pb2.Struct()
    _fill(message, properties, unknowns=unknowns, secrets=secrets, resources=resources)
    return message


def _fill(message: struct_pb2.Struct, properties: Mapping[str, Any], **flags: bool) -> None:
    fields = message.fields
    for key, item in properties.items():
        if item is UNKNOWN and not flags["unknowns"]:
            continue
        _put(fields[key], item, **flags)


def _put(target: struct_pb2.Value, value: Any, **flags: bool) -> None:  # noqa: PLR0912 -- one per kind of value
    """Writes one value into the message `target`."""
    if value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, dict):
        target.struct_value.SetInParent()
        _fill(target.struct_value, value, **flags)
    elif isinstance(value, list):
        values = target.list_value
        values.SetInParent()
        for item in value:
            if item is not UNKNOWN or flags["unknowns"]:
                _put(values.values.add(), item, **flags)
    elif isinstance(value, Secret):
        if flags["secrets"]:
            _fill(target.struct_value, {SIG: SECRET_SIG, "value": value.value}, **flags)
        else:
            _put(target, value.value, **flags)
    elif value is UNKNOWN:
        target.string_value = UNKNOWN_STRING
    elif isinstance(value, ResourceRef) and not flags["resources"]:
        _put(target, value.urn if value.id is None else value.id, **flags)
    else:
        _fill(target.struct_value, _marked(value), **flags)


def _marked(value: Any) -> Properties:
    """Assets, archives and references as dicts with a signature, as wire and state share them."""
    if isinstance(value, Asset):
        fields = {"hash": value.hash, "text": value.text, "path": value.path, "uri": value.uri}
        return {SIG: ASSET_SIG, **{key: item for key, item in fields.items() if item}}
    if isinstance(value, Archive):
        files = {"hash": value.hash, "path": value.path, "uri": value.uri}
        marked: Properties = {SIG: ARCHIVE_SIG, **{key: item for key, item in files.items() if item}}
        if value.assets is not None:
            marked["assets"] = dict(value.assets)
        return marked
    if isinstance(value, ResourceRef):
        marked = {SIG: RESOURCE_SIG, "urn": value.urn}
        if value.id is not None:
            marked["id"] = "" if isinstance(value.id, Unknown) else value.id
        if value.version:
            marked["packageVersion"] = value.version
        return marked
    raise TypeError(f"not a property value: {type(value).__name__}")


# -- the state ----------------------------------------------------------------------------------------------------


def from_state(value: Any, decrypt: Callable[[str], str]) -> Any:
    """A value from the state's JSON.

    Args:
        value: decoded JSON.
        decrypt: turns a ciphertext into the JSON of the secret.

    Raises:
        ValueFormatError: a signature that has no meaning, or a malformed secret.
    """
    if isinstance(value, str):
        return UNKNOWN if value == UNKNOWN_STRING else value
    if isinstance(value, list):
        return [from_state(item, decrypt) for item in value]
    if isinstance(value, dict):
        fields = {key: from_state(item, decrypt) for key, item in value.items()}
        return _signed(fields, decrypt) if SIG in value else fields
    return number(value) if isinstance(value, float) else value


def _decrypted(fields: Properties, decrypt: Callable[[str], str]) -> Any:
    ciphertext, plaintext = fields.get("ciphertext"), fields.get("plaintext")
    if (ciphertext is None) == (plaintext is None):
        raise ValueFormatError("malformed secret: exactly one of ciphertext and plaintext must be there")
    text = str(plaintext) if ciphertext is None else decrypt(ciphertext)
    # Inside a secret, the official engine writes further secrets with their plaintext where the ciphertext goes.
    return from_state(json.loads(text), lambda inner: inner)


def to_state(value: Any, encrypt: Callable[[str], str]) -> Any:  # noqa: PLR0911 -- one return per kind of value
    """A value as the state's JSON holds it; `encrypt` turns a secret's JSON into a ciphertext."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        if not math.isfinite(value):
            return {SIG: FLOAT_SIG, "value": binary.pack(">d", value).hex()}
        return number(value)
    if isinstance(value, dict):
        return {key: to_state(item, encrypt) for key, item in value.items()}
    if isinstance(value, list):
        return [to_state(item, encrypt) for item in value]
    if isinstance(value, Secret):
        plaintext = json.dumps(
            to_state(value.value, encrypt), ensure_ascii=False, separators=(",", ":"), sort_keys=True
        )
        return {SIG: SECRET_SIG, "ciphertext": encrypt(plaintext)}
    if value is UNKNOWN:
        return UNKNOWN_STRING
    marked = _marked(value)
    if isinstance(value, Archive) and value.assets is not None:
        marked["assets"] = {name: to_state(item, encrypt) for name, item in value.assets.items()}
    if isinstance(value, ResourceRef):
        # The state always names the version, and drops an id that is not known yet.
        marked.setdefault("packageVersion", "")
        if isinstance(value.id, Unknown):
            del marked["id"]
    return marked
