"""A provider whose objects live in memory only: checking and comparing by data, nothing to call."""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

import threading
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from ascend.cloud import checks, schema
from ascend.cloud.diff import compare
from ascend.cloud.provider import Difference, Failure, Provider, ProviderError, Resource

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ascend.cloud.schema import ResourceSchema
    from ascend.cloud.values import Props


class MemoryProvider(Provider):
    """The parts that the cloudflare and random providers share."""

    tokens: ClassVar[Sequence[str]]

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._objects: dict[tuple[str, str], Props] = {}

    def schema_of(self, token: str) -> ResourceSchema:
        """The schema of a type.

        Raises:
            ProviderError: the provider does not have the type.
        """
        known = schema.load(token) if token in self.tokens else None
        if known is None:
            there = ", ".join(name.rpartition(":")[2] for name in self.tokens)
            raise ProviderError(f"{token} is not emulated by the embedded {self.name} provider; there are {there}")
        return known

    @abstractmethod
    def force_new(self, known: ResourceSchema) -> Collection[str]:
        """The properties whose change forces a replacement."""

    @abstractmethod
    def make(self, resource: Resource, inputs: Props) -> tuple[str, Props]:
        """A new object's id and the outputs beside its inputs."""

    def judge(self, resource: Resource, inputs: Props) -> list[Failure]:
        """Refusals beyond the argument types."""
        return []

    def complete(self, resource: Resource, inputs: Props) -> Props:
        """Inputs with the provider's defaults."""
        return inputs

    def check(self, resource: Resource, olds: Props, news: Props, seed: bytes) -> tuple[Props, list[Failure]]:
        """Argument types, defaults, then the type's own refusals."""
        failures = checks.by_schema(self.schema_of(resource.type), news)
        if failures:
            return news, failures
        inputs = self.complete(resource, dict(news))
        return inputs, self.judge(resource, inputs)

    def diff(self, resource: Resource, object_id: str, old_inputs: Props, news: Props, olds: Props) -> Difference:
        """Compare inputs."""
        known = self.schema_of(resource.type)
        return Difference(compare(old_inputs, news, self.force_new(known)))

    def create(self, resource: Resource, inputs: Props) -> tuple[str, Props]:
        """Make the object and keep it."""
        object_id, made = self.make(resource, inputs)
        outputs = {**inputs, **made, "id": object_id}
        with self._guard:
            self._objects[resource.type, self.key(resource, object_id)] = outputs
        return object_id, outputs

    def of_type(self, token: str) -> list[Props]:
        """The outputs of every object of a type."""
        with self._guard:
            return [outputs for (kind, _), outputs in self._objects.items() if kind == token]

    def key(self, resource: Resource, object_id: str) -> str:
        """What the object is found by; its id, where ids are unique."""
        return object_id

    def read(self, resource: Resource, object_id: str, inputs: Props, olds: Props) -> tuple[Props, Props] | None:
        """The object as it is kept."""
        with self._guard:
            outputs = self._objects.get((resource.type, self.key(resource, object_id)))
        if outputs is None:
            return None
        properties = self.schema_of(resource.type).inputs.properties
        return {name: value for name, value in outputs.items() if name in properties}, outputs

    def update(self, resource: Resource, object_id: str, old_inputs: Props, news: Props, olds: Props) -> Props:
        """Change the object in place; what the cloud made up stays."""
        computed = {name: value for name, value in olds.items() if name not in old_inputs and name not in news}
        outputs = {**computed, **news, "id": object_id}
        with self._guard:
            key = (resource.type, self.key(resource, object_id))
            if key not in self._objects:
                raise ProviderError(f"{resource.type} {resource.name}: {object_id} no longer exists; refresh the stack")
            self._objects[key] = outputs
        return outputs

    def delete(self, resource: Resource, object_id: str, inputs: Props, olds: Props) -> None:
        """Forget the object."""
        with self._guard:
            self._objects.pop((resource.type, self.key(resource, object_id)), None)
