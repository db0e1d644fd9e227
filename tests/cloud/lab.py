"""What tests of the aws provider's types need: a provider over a fresh moto, and the steps of a resource's life."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.provider import AwsProvider
from ascend.cloud.provider import Failure, Resource

if TYPE_CHECKING:
    from ascend.cloud.aws.moto import Moto
    from ascend.cloud.provider import Difference

Props = dict[str, Any]


def _assert_equal(before: Props, after: Props) -> None:
    differing = {
        name: (before.get(name), after.get(name))
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name)
    }
    assert not differing, differing


@dataclass
class Made:
    """A resource that exists."""

    resource: Resource
    id: str
    inputs: Props
    outputs: Props


@dataclass
class Lab:
    """Steps on resources, each through check as an engine would take them."""

    cloud: Moto
    region: str = "eu-west-1"
    config: Props = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.provider = AwsProvider(lambda: self.cloud)
        self.planner = AwsProvider()
        self._numbers = itertools.count(1)

    def resource(self, type_token: str, name: str = "") -> Resource:
        name = name or f"thing{next(self._numbers)}"
        urn = f"urn:pulumi:test::ascend::{type_token}::{name}"
        return Resource(urn, type_token, name, {"region": self.region, **self.config})

    def failures(self, type_token: str, /, **inputs: Any) -> list[Failure]:
        """What check refuses."""
        return self.planner.check(self.resource(type_token), {}, inputs, b"")[1]

    def check(self, resource: Resource, news: Props, olds: Props | None = None) -> Props:
        checked, failures = self.planner.check(resource, olds or {}, news, b"")
        assert not failures, failures
        return checked

    def create(self, type_token: str, logical_name: str = "", /, **inputs: Any) -> Made:
        resource = self.resource(type_token, logical_name)
        checked = self.check(resource, inputs)
        object_id, outputs = self.provider.create(resource, checked)
        assert object_id
        assert outputs["id"] == object_id
        made = Made(resource, object_id, checked, outputs)
        self.assert_settled(made, inputs)
        return made

    def assert_settled(self, made: Made, inputs: Props) -> None:
        """The same inputs again are no change, and a refresh finds nothing new."""
        again = self.check(made.resource, inputs, made.inputs)
        changes = self.diff(made, again).changes
        assert not changes, changes
        refreshed = self.read(made)
        assert refreshed is not None
        _assert_equal(made.inputs, refreshed.inputs)
        _assert_equal(made.outputs, refreshed.outputs)

    def diff(self, made: Made, news: Props) -> Difference:
        return self.planner.diff(made.resource, made.id, made.inputs, news, made.outputs)

    def change(self, made: Made, /, **inputs: Any) -> Difference:
        """The difference to other inputs."""
        return self.diff(made, self.check(made.resource, inputs, made.inputs))

    def replaced_by(self, made: Made, /, **inputs: Any) -> set[str]:
        """The paths that force a replacement when the inputs become these."""
        return {path for path, change in self.change(made, **inputs).changes.items() if change.replace}

    def update(self, made: Made, /, **inputs: Any) -> Made:
        """Change in place; fails if anything would be replaced."""
        news = self.check(made.resource, inputs, made.inputs)
        changes = self.diff(made, news).changes
        assert changes, "nothing changed"
        assert not any(change.replace for change in changes.values()), changes
        outputs = self.provider.update(made.resource, made.id, made.inputs, news, made.outputs)
        updated = Made(made.resource, made.id, news, outputs)
        self.assert_settled(updated, inputs)
        return updated

    def read(self, made: Made) -> Made | None:
        found = self.provider.read(made.resource, made.id, made.inputs, made.outputs)
        return None if found is None else Made(made.resource, made.id, *found)

    def delete(self, made: Made) -> None:
        """Delete, see that it is gone, and that deleting it again is no error."""
        self.provider.delete(made.resource, made.id, made.inputs, made.outputs)
        assert self.read(made) is None
        self.provider.delete(made.resource, made.id, made.inputs, made.outputs)

    def client(self, service: str, region: str = "") -> Any:
        """A boto3 client on the same cloud."""
        return self.cloud.client(service, region or self.region)
