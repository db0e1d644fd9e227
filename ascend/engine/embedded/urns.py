"""URNs and provider references: ``urn:pulumi:<stack>::<project>::<parent types$type>::<name>``, ``<urn>::<id>``."""

from __future__ import annotations

from typing import Final, NamedTuple

STACK_TYPE: Final = "pulumi:pulumi:Stack"
_PROVIDER_PREFIX: Final = "pulumi:providers:"
_PARTS: Final = 4


class Reference(NamedTuple):
    """A provider reference: which provider resource manages a resource."""

    urn: str
    id: str

    def __str__(self) -> str:
        return f"{self.urn}::{self.id}"


def qualified_type(urn: str) -> str:
    """The type with those of the parents: ``a:b:Parent$c:d:Child``."""
    return urn.split("::", _PARTS - 1)[2] if urn.count("::") >= _PARTS - 1 else ""


def type_of(urn: str) -> str:
    """The resource's own type."""
    return qualified_type(urn).rpartition("$")[2]


def name_of(urn: str) -> str:
    """The resource's name."""
    return urn.split("::", _PARTS - 1)[-1]


def is_urn(text: str) -> bool:
    """Whether the text has the shape of a URN."""
    return text.startswith("urn:pulumi:") and text.count("::") >= _PARTS - 1


def make(stack: str, project: str, parent_type: str, type_: str, name: str) -> str:
    """The URN of a resource whose parent has the qualified type `parent_type` (empty: none, or the stack)."""
    return f"urn:pulumi:{stack}::{project}::{f'{parent_type}$' if parent_type else ''}{type_}::{name}"


def child(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """The URN of a resource under the resource `parent`; the stack itself leaves no trace in a URN."""
    above = qualified_type(parent) if parent else ""
    return make(stack, project, "" if above == STACK_TYPE else above, type_, name)


def package_of(type_: str) -> str:
    """The package of a type or function token: ``aws`` of ``aws:s3/bucket:Bucket``."""
    return type_.partition(":")[0]


def is_provider_type(type_: str) -> bool:
    """Whether the type is that of a provider resource."""
    return type_.startswith(_PROVIDER_PREFIX)


def provider_type(package: str) -> str:
    """The type of the provider resources of a package."""
    return _PROVIDER_PREFIX + package


def provider_package(type_: str) -> str:
    """The package that a provider resource of this type provides."""
    return type_.removeprefix(_PROVIDER_PREFIX)


def is_default_provider(urn: str) -> bool:
    """Whether the URN is that of a provider the engine made by itself."""
    return is_provider_type(type_of(urn)) and name_of(urn).startswith("default")


def parse_reference(text: str) -> Reference:
    """Reads a provider reference.

    Raises:
        ValueError: the text is none.
    """
    urn, separator, id_ = text.rpartition("::")
    if not separator or not is_urn(urn) or not id_:
        raise ValueError(f"malformed provider reference {text!r}")
    return Reference(urn, id_)
