"""The state document: reading it, checking that it holds together, writing it.

``{"version": 3, "checkpoint": {"stack": …, "latest": {manifest, secrets_providers, resources, pending_operations,
metadata}}}``, as the official engine defines it (``pkg/resource/stack``, ``pkg/resource/deploy/snapshot.go``).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ascend.engine.embedded import urns
from ascend.engine.embedded.state import State, from_json, now, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

#: Documents of these versions are read. Version 4 is version 3 with a list of features.
_VERSIONS: Final = (3, 4)
#: The features that may be listed. The official engine knows more, each of which changes what a run must do.
_FEATURES: Final = frozenset({"replaceWith", "taint"})
_PASSPHRASE: Final = "passphrase"  # noqa: S105 -- a provider's name

CREATING, UPDATING, DELETING, READING = "creating", "updating", "deleting", "reading"


class CheckpointError(ValueError):
    """A state document that cannot be used, with the reason."""


@dataclass(slots=True)
class Operation:
    """Something that was under way when the document was written: `kind` is creating, updating, deleting, reading."""

    resource: State
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} {self.resource.urn}"


@dataclass(slots=True)
class Snapshot:
    """What a document says: resources in an order in which each comes after what it depends on."""

    resources: list[State] = field(default_factory=list)
    pending: list[Operation] = field(default_factory=list)


@dataclass(slots=True)
class Document:
    """A document that is well-formed but not decrypted.

    Attributes:
        latest: its deployment.
        salt: that of its secrets, empty where it has none.
        head: its version, and its features where it names any.
    """

    latest: dict[str, Any] | None
    salt: str = ""
    head: dict[str, Any] = field(default_factory=dict)

    def has_secrets(self) -> bool:
        """Whether reading it takes the passphrase."""
        return _has_ciphertext(self.latest or {})

    def snapshot(self, decrypt: Callable[[str, str], str]) -> Snapshot:
        """The resources and pending operations; `decrypt` as in `state.from_json`.

        Raises:
            CheckpointError: a resource that cannot be read, or resources that do not fit together.
        """
        latest = self.latest or {}
        try:
            snapshot = Snapshot(
                [from_json(fields, decrypt) for fields in latest.get("resources") or ()],
                [
                    Operation(from_json(operation["resource"], decrypt), operation["type"])
                    for operation in latest.get("pending_operations") or ()
                ],
            )
            verify(snapshot.resources)
        except CheckpointError:
            raise
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise CheckpointError(_text(error)) from error
        return snapshot


def _text(error: Exception) -> str:
    """What is wrong with a document in which something was not found, or was not what it should be."""
    if isinstance(error, KeyError):
        return f"it lacks {error}"
    return str(error) if isinstance(error, ValueError) else f"something in it is of the wrong type ({error})"


def _has_ciphertext(value: Any) -> bool:
    if isinstance(value, dict):
        return "ciphertext" in value or any(map(_has_ciphertext, value.values()))
    return isinstance(value, list) and any(map(_has_ciphertext, value))


def parse(text: bytes) -> Document:
    """Reads a document.

    Raises:
        CheckpointError: not JSON, not a checkpoint, of another version, or with what this engine does not support.
    """
    try:
        return _parse(json.loads(text))
    except CheckpointError:
        raise
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"it is not JSON ({error})") from error
    except (AttributeError, TypeError) as error:
        raise CheckpointError(_text(error)) from error


def _parse(outer: Any) -> Document:
    if not isinstance(outer, dict) or not isinstance(outer.get("checkpoint"), dict):
        raise CheckpointError("it is not a checkpoint")
    if outer.get("version") not in _VERSIONS:
        supported = " and ".join(map(str, _VERSIONS))
        raise CheckpointError(f"its version is {outer.get('version')!r}; supported are {supported}")
    unknown = sorted(set(outer.get("features") or ()) - _FEATURES)
    if unknown:
        raise CheckpointError(f"it uses features that the embedded engine does not support: {', '.join(unknown)}")
    latest = outer["checkpoint"].get("latest")
    if latest is None:
        return Document(None)
    if not isinstance(latest, dict):
        raise CheckpointError("its deployment is not an object")
    for key in ("snippets", "extensions"):
        if latest.get(key):
            raise CheckpointError(f"it holds {key}, which the embedded engine does not support")
    manifest = latest.get("manifest") or {}
    version, magic = manifest.get("version") or "", manifest.get("magic") or ""
    if magic != (hashlib.sha256(version.encode()).hexdigest() if version else ""):
        raise CheckpointError("its magic cookie does not match: it was damaged or tampered with")
    head = {key: outer[key] for key in ("version", "features") if outer.get(key)}
    return Document(latest, _salt(latest), head)


def _salt(latest: dict[str, Any]) -> str:
    provider = latest.get("secrets_providers") or {}
    kind = provider.get("type") or ""
    if not kind:
        return ""
    if kind != _PASSPHRASE:
        raise CheckpointError(f"its secrets provider is {kind!r}; the embedded engine supports passphrase only")
    salt = (provider.get("state") or {}).get("salt")
    if not isinstance(salt, str):
        raise CheckpointError("it lacks the encryption salt")
    return salt


def verify(resources: Sequence[State]) -> None:
    """Checks that the resources fit together, as the official engine does before it uses a state.

    Raises:
        CheckpointError: an id on a component, a parent, provider or dependency that is missing or comes after its
            user, a URN that several resources claim.
    """
    seen: set[str] = set()
    providers: set[str] = set()
    live: set[str] = set()
    for resource in resources:
        urn = resource.urn
        if not resource.custom and resource.id:
            raise CheckpointError(f"component {urn} has an id")
        if resource.is_provider:
            if not resource.id:
                raise CheckpointError(f"provider {urn} has no id")
            providers.add(f"{urn}::{resource.id}")
        if resource.provider and resource.provider not in providers and not resource.pending_replacement:
            raise CheckpointError(f"resource {urn} refers to unknown provider {resource.provider}")
        for kind, target in resource.edges():
            if target not in seen:
                place = "comes after it" if any(other.urn == target for other in resources) else "is missing"
                raise CheckpointError(f"resource {urn}: its {kind} {target} {place}")
        seen.add(urn)
        if not resource.delete:
            if urn in live:
                raise CheckpointError(f"two resources have the URN {urn}")
            live.add(urn)


def compose(
    stack: str,
    salt: str,
    resources: Iterable[State],
    pending: Iterable[Operation],
    encrypt: Callable[[str, str], str],
) -> bytes:
    """The document's bytes. `stack` is fully qualified: ``organization/<project>/<stack>``."""
    fragments: list[bytes] = []
    features: set[str] = set()
    for resource in resources:
        fragments.append(to_json(resource, encrypt))
        if resource.taint:
            features.add("taint")
        if resource.replace_with:
            features.add("replaceWith")
    operations = [
        b'{"resource":' + to_json(operation.resource, encrypt) + b',"type":' + _json(operation.kind) + b"}"
        for operation in pending
    ]
    head = {"version": 4, "features": sorted(features)} if features else {"version": 3}
    manifest = {"time": now(), "magic": "", "version": ""}
    secrets = {"type": _PASSPHRASE, "state": {"salt": salt}}
    return b"".join(
        (
            _json(head)[:-1],
            b',"checkpoint":{"stack":',
            _json(stack),
            b',"latest":{"manifest":',
            _json(manifest),
            b',"secrets_providers":' + _json(secrets) if salt else b"",
            b',"resources":[' + b",".join(fragments) + b"]" if fragments else b"",
            b',"pending_operations":[' + b",".join(operations) + b"]" if operations else b"",
            b',"metadata":{}}}}',
        )
    )


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def normalized(resources: Sequence[State]) -> list[State]:
    """The resources with every reference to a resource's former URN replaced by its present one.

    While a renamed resource's dependents have not been seen in a run, their records still name the old URN.
    """
    renamed: dict[str, str] = {}
    for resource in resources:
        for alias in resource.aliases:
            renamed[alias] = resource.urn
        parent = renamed.get(resource.parent)
        if parent and urns.qualified_type(parent) != urns.STACK_TYPE:
            stack, project = resource.urn.removeprefix("urn:pulumi:").split("::", 2)[:2]
            present = urns.make(stack, project, urns.qualified_type(parent), resource.type, resource.name)
            if present != resource.urn:
                renamed[resource.urn] = present
    if not renamed:
        return list(resources)
    return [_renamed(resource, renamed) for resource in resources]


def _renamed(resource: State, renamed: dict[str, str]) -> State:
    def fixed(urn: str) -> str:
        return renamed.get(urn, urn)

    provider = resource.provider
    if provider:
        reference = urns.parse_reference(provider)
        provider = str(reference._replace(urn=fixed(reference.urn)))
    names = [resource.urn, resource.parent, resource.deleted_with, *(urn for _, urn in resource.edges())]
    if provider == resource.provider and not resource.aliases and not any(urn in renamed for urn in names):
        return resource
    return resource.copy(
        urn=fixed(resource.urn),
        parent=fixed(resource.parent),
        provider=provider,
        dependencies=[fixed(urn) for urn in resource.dependencies],
        property_dependencies={
            key: [fixed(urn) for urn in targets] for key, targets in resource.property_dependencies.items()
        },
        deleted_with=fixed(resource.deleted_with),
        replace_with=[fixed(urn) for urn in resource.replace_with],
        aliases=[],
    )
