"""One resource as the state records it, and its form in the state's JSON (``ResourceV3`` of the official engine)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from ascend.engine.embedded import urns
from ascend.engine.embedded.values import Properties, from_state, same, to_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: (JSON key, attribute) of every field of a resource except its property values, in the order the CLI writes them.
#: What is empty is left out, save for the three that identify a resource.
_FIELDS: Final = (
    ("urn", "urn"),
    ("custom", "custom"),
    ("delete", "delete"),
    ("id", "id"),
    ("type", "type"),
    ("inputs", "inputs"),
    ("outputs", "outputs"),
    ("parent", "parent"),
    ("protect", "protect"),
    ("taint", "taint"),
    ("external", "external"),
    ("dependencies", "dependencies"),
    ("initErrors", "init_errors"),
    ("provider", "provider"),
    ("propertyDependencies", "property_dependencies"),
    ("pendingReplacement", "pending_replacement"),
    ("additionalSecretOutputs", "additional_secret_outputs"),
    ("aliases", "aliases"),
    ("customTimeouts", "custom_timeouts"),
    ("importID", "import_id"),
    ("retainOnDelete", "retain_on_delete"),
    ("deletedWith", "deleted_with"),
    ("replaceWith", "replace_with"),
    ("created", "created"),
    ("modified", "modified"),
    ("sourcePosition", "source_position"),
    ("ignoreChanges", "ignore_changes"),
    ("hideDiff", "hide_diff"),
    ("replaceOnChanges", "replace_on_changes"),
    ("replacementTrigger", "replacement_trigger"),
)
_ALWAYS: Final = frozenset({"urn", "custom", "type"})
_VALUES: Final = frozenset({"inputs", "outputs", "replacementTrigger"})
#: Fields that mean something this engine does not do: a state that has them is refused, not read half.
UNSUPPORTED_FIELDS: Final = {
    "refreshBeforeUpdate": "a provider that must refresh before an update",
    "viewOf": "views",
    "resourceHooks": "resource hooks",
    "extensionRef": "extension packages",
    "snippetID": "snippets",
}


@dataclass(slots=True, eq=False)
class State:
    """A resource. Compared by identity: a state may hold several with one URN while a replacement is under way.

    `fragment` is the cached JSON; whoever changes a field that is written must call `touch`.
    """

    urn: str
    type: str
    custom: bool = False
    delete: bool = False
    id: str = ""
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    protect: bool = False
    taint: bool = False
    external: bool = False
    dependencies: list[str] = field(default_factory=list)
    init_errors: list[str] = field(default_factory=list)
    provider: str = ""
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    pending_replacement: bool = False
    additional_secret_outputs: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    import_id: str = ""
    retain_on_delete: bool = False
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list)
    created: str = ""
    modified: str = ""
    source_position: str = ""
    ignore_changes: list[str] = field(default_factory=list)
    hide_diff: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    replacement_trigger: Any = None
    fragment: bytes | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The resource's name."""
        return urns.name_of(self.urn)

    @property
    def is_provider(self) -> bool:
        """Whether this is a provider resource."""
        return urns.is_provider_type(self.type)

    def touch(self) -> None:
        """Drops the cached JSON."""
        self.fragment = None

    def copy(self, **changes: Any) -> State:
        """A second state with the same content, except `changes`."""
        return replace(self, fragment=None, **changes)

    def edges(self) -> Iterator[tuple[str, str]]:
        """Every resource that this one depends on, as (kind, URN), without its provider.

        Kinds: parent, dependency, property, deletedWith, replaceWith.
        """
        if self.parent:
            yield "parent", self.parent
        for urn in self.dependencies:
            yield "dependency", urn
        for urns_ in self.property_dependencies.values():
            for urn in urns_:
                yield "property", urn
        if self.deleted_with:
            yield "deletedWith", self.deleted_with
        for urn in self.replace_with:
            yield "replaceWith", urn

    def provider_urn(self) -> str:
        """The URN of the resource's provider, empty for components and providers."""
        return urns.parse_reference(self.provider).urn if self.provider else ""


def now() -> str:
    """The time as the state records it (RFC 3339, UTC)."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def to_json(state: State, encrypt: Callable[[str, str], str]) -> bytes:
    """The resource's JSON; `encrypt(plaintext, owner)` encrypts a secret of the resource `owner`."""
    if state.fragment is None:
        fields: dict[str, Any] = {}
        for key, attribute in _FIELDS:
            value = getattr(state, attribute)
            if key in _VALUES:
                value = to_state(value, lambda text: encrypt(text, state.urn))
            if value or key in _ALWAYS or (key == "replacementTrigger" and value is not None):
                fields[key] = dict(sorted(value.items())) if isinstance(value, dict) else value
        state.fragment = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    return state.fragment


def from_json(fields: dict[str, Any], decrypt: Callable[[str, str], str]) -> State:
    """The resource that a JSON object records; `decrypt(ciphertext, owner)` decrypts a secret of resource `owner`.

    Raises:
        ValueError: a required field is missing or of the wrong type, or a value is malformed.
    """
    urn, type_ = fields.get("urn"), fields.get("type")
    if not isinstance(urn, str) or not urn:
        raise ValueError("a resource lacks its urn")
    if not isinstance(type_, str) or not type_:
        raise ValueError(f"resource {urn} lacks its type")
    for key, meaning in UNSUPPORTED_FIELDS.items():
        if fields.get(key):
            raise ValueError(f"resource {urn} uses {meaning} ({key}), which the embedded engine does not support")
    known: dict[str, Any] = {}
    for key, attribute in _FIELDS:
        value = fields.get(key)
        if value is None:
            continue
        expected = type(getattr(_EMPTY, attribute))
        if key != "replacementTrigger" and not isinstance(value, expected):
            raise ValueError(f"resource {urn}: {key} must be a {expected.__name__}")
        known[attribute] = from_state(value, lambda text: decrypt(text, urn)) if key in _VALUES else value
    return State(**known)


_EMPTY: Final = State("", "")

#: What a resource that is otherwise the same may differ in and still must be written: the official engine's list.
_WRITTEN: Final = (
    "urn",
    "type",
    "custom",
    "custom_timeouts",
    "retain_on_delete",
    "provider",
    "parent",
    "deleted_with",
    "replace_with",
    "protect",
    "ignore_changes",
    "replace_on_changes",
    "additional_secret_outputs",
    "taint",
    "init_errors",
)


def differs(old: State, new: State) -> bool:
    """Whether an unchanged resource's record must be written again."""
    return (
        any(getattr(old, name) != getattr(new, name) for name in _WRITTEN)
        or sorted(old.dependencies) != sorted(new.dependencies)
        or not same(old.inputs, new.inputs)
        or not same(old.outputs, new.outputs)
        or not same(old.replacement_trigger, new.replacement_trigger)
    )
