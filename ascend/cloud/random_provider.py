"""The emulated random provider: what the official one makes, with its rules.

Values come from the operating system's generator. A value is made once and lives in the stack's state; every change of
an argument, `keepers` among them, makes a new one.
"""

from __future__ import annotations

import base64
import secrets
import string
import uuid
import warnings
from typing import TYPE_CHECKING, Any

from ascend.cloud.memory import MemoryProvider
from ascend.cloud.provider import Failure, Resource
from ascend.cloud.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ascend.cloud.schema import ResourceSchema
    from ascend.cloud.values import Props

_PASSWORD = "random:index/randomPassword:RandomPassword"  # noqa: S105 -- a type token
_STRING = "random:index/randomString:RandomString"
_ID = "random:index/randomId:RandomId"
_UUID = "random:index/randomUuid:RandomUuid"
_INTEGER = "random:index/randomInteger:RandomInteger"
_BYTES = "random:index/randomBytes:RandomBytes"

#: Every type of this provider.
TOKENS = (_PASSWORD, _STRING, _ID, _UUID, _INTEGER, _BYTES)

# Defaults and the set of special characters: hashicorp/terraform-provider-random, internal/provider/string.go and
# internal/random/string.go, read 2026-11-21.
_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
_TEXT_DEFAULTS = {
    "lower": True,
    "upper": True,
    "numeric": True,
    "special": True,
    "minLower": 0,
    "minUpper": 0,
    "minNumeric": 0,
    "minSpecial": 0,
}
_CLASSES = {"lower": string.ascii_lowercase, "upper": string.ascii_uppercase, "numeric": string.digits}


def _text(inputs: Props) -> str:
    """A text of the wanted length with the wanted minimum of each class, in random order."""
    alphabets = {**_CLASSES, "special": inputs.get("overrideSpecial") or _SPECIAL}
    # As officially: a minimum counts even for a class that is otherwise switched off.
    letters = [
        secrets.choice(alphabet)
        for name, alphabet in alphabets.items()
        for _ in range(inputs[f"min{name.capitalize()}"])
    ]
    everything = "".join(letters for name, letters in alphabets.items() if inputs[name])
    letters += [secrets.choice(everything) for _ in range(inputs["length"] - len(letters))]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)


def _bcrypt(text: str) -> str | None:
    """The bcrypt hash, where the platform's libcrypt makes one (cost 10, as the official provider)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            import crypt  # noqa: PLC0415 -- gone from Python 3.13 on
        except ImportError:
            return None
    salt = crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=2**10)  # noqa: S324 -- bcrypt is what the output is
    return crypt.crypt(text, salt)


def _password(inputs: Props) -> tuple[str, Props]:
    made = _text(inputs)
    return "none", {"result": made, "bcryptHash": _bcrypt(made)}


def _string(inputs: Props) -> tuple[str, Props]:
    made = _text(inputs)
    return made, {"result": made}


def _id(inputs: Props) -> tuple[str, Props]:
    raw = secrets.token_bytes(inputs["byteLength"])
    prefix = inputs.get("prefix", "")
    url = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return url, {
        "b64Url": prefix + url,
        "b64Std": prefix + base64.b64encode(raw).decode(),
        "hex": prefix + raw.hex(),
        "dec": prefix + str(int.from_bytes(raw, "big")),
    }


def _uuid(_inputs: Props) -> tuple[str, Props]:
    made = str(uuid.uuid4())
    return made, {"result": made}


def _integer(inputs: Props) -> tuple[str, Props]:
    low, high = inputs["min"], inputs["max"]
    made = low + secrets.randbelow(high - low + 1)
    return str(made), {"result": made}


def _bytes(inputs: Props) -> tuple[str, Props]:
    raw = secrets.token_bytes(inputs["length"])
    return "none", {"base64": base64.b64encode(raw).decode(), "hex": raw.hex()}


_MAKERS: dict[str, Callable[[Props], tuple[str, Props]]] = {
    _PASSWORD: _password,
    _STRING: _string,
    _ID: _id,
    _UUID: _uuid,
    _INTEGER: _integer,
    _BYTES: _bytes,
}


class RandomProvider(MemoryProvider):
    """The random provider."""

    name = "random"
    adopts = False  # a value that no state recorded is used by nobody
    tokens = TOKENS

    def secret_outputs(self, type_token: str) -> frozenset[str]:
        """What the SDK declares secret: passwords, their hashes, random bytes."""
        return self.schema_of(type_token).secrets

    def force_new(self, known: ResourceSchema) -> Collection[str]:
        """Everything: a random value cannot be changed, only made anew."""
        return known.inputs.properties.keys()

    def complete(self, resource: Resource, inputs: Props) -> Props:
        """The official defaults; ``number`` is the old name of ``numeric``."""
        if resource.type in {_PASSWORD, _STRING}:
            if "number" in inputs and "numeric" not in inputs:
                inputs["numeric"] = inputs["number"]
            return {**_TEXT_DEFAULTS, **inputs}
        return inputs

    def judge(self, resource: Resource, inputs: Props) -> list[Failure]:
        """Lengths that cannot be met, empty alphabets, empty ranges."""
        if any(value is UNKNOWN for value in inputs.values()):
            return []
        if resource.type in {_PASSWORD, _STRING}:
            return _judge_text(inputs)
        if resource.type == _INTEGER and inputs["min"] > inputs["max"]:
            return [Failure("min", f"{inputs['min']} is more than max, {inputs['max']}")]
        size = "byteLength" if resource.type == _ID else "length" if resource.type == _BYTES else ""
        if size and inputs[size] < 1:
            return [Failure(size, f"{inputs[size]} is less than 1")]
        return []

    def make(self, resource: Resource, inputs: Props) -> tuple[str, Props]:
        """Make the value."""
        return _MAKERS[resource.type](inputs)

    def key(self, resource: Resource, object_id: str) -> str:
        """Passwords all have the id ``none``, so they are kept by URN."""
        return f"{resource.urn} {object_id}"

    def read(self, resource: Resource, object_id: str, inputs: Props, olds: Props) -> tuple[Props, Props] | None:
        """The state is all that there is of a random value: what the caller holds is the truth."""
        return super().read(resource, object_id, inputs, olds) or ((inputs, olds) if olds else None)


def _judge_text(inputs: Props) -> list[Failure]:
    least = sum(inputs[f"min{name.capitalize()}"] for name in ("lower", "upper", "numeric", "special"))
    length: Any = inputs["length"]
    if length < 1:
        return [Failure("length", f"{length} is less than 1")]
    if length < least:
        return [Failure("length", f"{length} is less than minLower + minUpper + minNumeric + minSpecial = {least}")]
    if length > least and not any(inputs[name] for name in ("lower", "upper", "numeric", "special")):
        return [Failure("special", "no character is allowed: one of lower, upper, numeric, special must be true")]
    return []
