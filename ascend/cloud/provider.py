"""What an emulated provider implements, in plain Python; `ascend.cloud.servicer` speaks the protocol for it."""

# ruff: noqa: ARG002 -- hooks have the signature that overriding methods need

from __future__ import annotations

import importlib.metadata
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ascend.cloud import schema, values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ascend.cloud.diff import Change
    from ascend.cloud.values import Props


class ProviderError(Exception):
    """An operation that failed, as one line for the user."""


class PartialError(ProviderError):
    """An operation that failed after its object came into being.

    Attributes:
        id: the object's id.
        outputs: what is known of it.
    """

    def __init__(self, message: str, object_id: str, outputs: Props) -> None:
        super().__init__(message)
        self.id = object_id
        self.outputs = outputs


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an input is refused: the property's path (empty for the resource as a whole) and the reason."""

    property: str
    reason: str


@dataclass(frozen=True, slots=True)
class Resource:
    """Which resource an operation is about, and under which provider configuration."""

    urn: str
    type: str
    name: str
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """The result of a diff: changes by property path, and the order of a replacement."""

    changes: Mapping[str, Change] = field(default_factory=dict)
    delete_before_replace: bool = False


class Provider(ABC):
    """An emulated provider. All values are plain: no secrets; `values.UNKNOWN` may occur in `check` and `diff`."""

    #: The package's name, as in ``PULUMI_DEBUG_PROVIDERS``.
    name: str
    #: Whether its objects exist outside the state, so that one left by an interrupted create is adopted.
    adopts: bool = True

    @property
    def version(self) -> str:
        """The version of the SDK that this provider stands for."""
        return importlib.metadata.version(f"pulumi-{self.name}")

    def check_config(self, news: Props) -> tuple[Props, list[Failure]]:
        """Validate a provider resource's inputs."""
        return news, []

    def replaces_on_config(self, olds: Props, news: Props) -> set[str]:
        """The configuration keys whose change needs a new provider, and so new resources."""
        return set()

    @abstractmethod
    def check(self, resource: Resource, olds: Props, news: Props, seed: bytes) -> tuple[Props, list[Failure]]:
        """Validate inputs and complete them with defaults. `olds` are the inputs of the last update, if any."""

    @abstractmethod
    def diff(self, resource: Resource, object_id: str, old_inputs: Props, news: Props, olds: Props) -> Difference:
        """What changes from `old_inputs` (`olds` are the outputs) to `news`."""

    @abstractmethod
    def create(self, resource: Resource, inputs: Props) -> tuple[str, Props]:
        """Make the object: its id and outputs."""

    @abstractmethod
    def read(self, resource: Resource, object_id: str, inputs: Props, olds: Props) -> tuple[Props, Props] | None:
        """The object's inputs and outputs as they are now, None when it is gone."""

    @abstractmethod
    def update(self, resource: Resource, object_id: str, old_inputs: Props, news: Props, olds: Props) -> Props:
        """Change the object in place: its new outputs."""

    @abstractmethod
    def delete(self, resource: Resource, object_id: str, inputs: Props, olds: Props) -> None:
        """Remove the object. One that is already gone is no error."""

    def foresee(self, resource: Resource, inputs: Props, olds: Props) -> Props:
        """The outputs that a create (no `olds`) or an update would have, as far as they are known: changes nothing."""
        known = schema.load(resource.type)
        unknown = dict.fromkeys(known.outputs, values.UNKNOWN) if known and not olds else {}
        kept = {name: value for name, value in inputs.items() if not name.startswith("__")}
        return {**unknown, **olds, **kept}

    def invoke(self, token: str, args: Props, config: Mapping[str, Any]) -> Props:
        """Answer a function call."""
        message = f"{token}: not a function of the embedded {self.name} provider"
        raise ProviderError(message)

    def secret_outputs(self, type_token: str) -> frozenset[str]:
        """The outputs of a type that are secret by nature."""
        return frozenset()
