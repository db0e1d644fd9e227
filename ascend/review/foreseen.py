"""Providers for reviews: they check and compare as the embedded cloud's do, and make up what a cloud would answer.

A plan that nothing was deployed for knows no id, no ARN and no address, so that two of them could not be compared: an
unknown value equals nothing. Here every output has a value that follows from the resource's URN. Two plans then differ
where their resources do, and a resource that is replaced changes whatever uses it. A made-up value says that it is one
(`MARK`), and is taken for unknown where inputs are checked: its form is not the real one.
"""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Final

from pulumi.runtime.proto import provider_pb2

from ascend.cloud import planning, schema, values
from ascend.cloud.aws.invokes import ACCOUNT_ID
from ascend.cloud.provider import Provider
from ascend.cloud.servicer import ProviderServicer
from ascend.cloud.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ascend.cloud.provider import Difference, Failure, Resource
    from ascend.cloud.schema import ResourceSchema
    from ascend.cloud.values import Props

#: What every made-up value holds.
MARK: Final = re.compile(r"planned-[0-9a-f]{10}")
#: What stands for a secret of a deployed stack whose passphrase is not here.
OPAQUE: Final = "opaque-secret"
_DIGITS: Final = 10
#: Objects in outputs are made up to this depth; what lies deeper stays unknown.
_DEPTH: Final = 3


class ForeseeingProvider(Provider):
    """A provider whose objects are made up.

    Args:
        inner: what checks and compares.
        salt: what sets its objects apart from those of another plan.
    """

    def __init__(self, inner: Provider, salt: str) -> None:
        self._inner, self._salt = inner, salt
        self.name = inner.name

    @property
    def version(self) -> str:
        """The version of the SDK that this provider stands for."""
        return self._inner.version

    def check_config(self, news: Props) -> tuple[Props, list[Failure]]:
        """As the provider's own."""
        return self._inner.check_config(news)

    def replaces_on_config(self, olds: Props, news: Props) -> set[str]:
        """As the provider's own."""
        return self._inner.replaces_on_config(olds, news)

    def check(self, resource: Resource, olds: Props, news: Props, seed: bytes) -> tuple[Props, list[Failure]]:
        """As the provider's own, to which what is made up is not known."""
        checked, failures = self._inner.check(resource, olds, _hidden(news), seed)
        return _restored(checked, news), failures

    def diff(self, resource: Resource, object_id: str, old_inputs: Props, news: Props, olds: Props) -> Difference:
        """As the provider's own, save for what cannot be compared: secrets that cannot be read, unknown twice."""
        before = _comparable(old_inputs, news)
        return self._inner.diff(resource, object_id, before, news, olds)

    def create(self, resource: Resource, inputs: Props) -> tuple[str, Props]:
        """The object that there would be."""
        return self.id_of(resource), self.foresee(resource, inputs, {})

    def read(self, resource: Resource, object_id: str, inputs: Props, olds: Props) -> tuple[Props, Props] | None:
        """What is known of an object that nobody looks at."""
        return inputs, {**self.foresee(resource, inputs, {}), **olds, "id": object_id}

    def update(self, resource: Resource, object_id: str, old_inputs: Props, news: Props, olds: Props) -> Props:
        """The object that there would be."""
        return self.foresee(resource, news, olds)

    def delete(self, resource: Resource, object_id: str, inputs: Props, olds: Props) -> None:
        """Nothing is there to be deleted."""

    def invoke(self, token: str, args: Props, config: Mapping[str, Any]) -> Props:
        """As the provider's own."""
        return self._inner.invoke(token, args, config)

    def secret_outputs(self, type_token: str) -> frozenset[str]:
        """As the provider's own."""
        return self._inner.secret_outputs(type_token)

    def id_of(self, resource: Resource) -> str:
        """The id that an object would get."""
        return f"{resource.type.rpartition(':')[2].lower()}-{self._mark(resource)}"

    def foresee(self, resource: Resource, inputs: Props, olds: Props) -> Props:
        """The outputs that a create (no `olds`) or an update would have."""
        known = schema.load(resource.type)
        made: Props = {}
        if known is not None and not olds:
            made = {name: self._made(resource, known, name, kind, inputs) for name, kind in known.outputs.items()}
            made["id"] = self.id_of(resource)
        given = {name: value for name, value in inputs.items() if not name.startswith("__")}
        return {**{name: value for name, value in made.items() if value is not None}, **olds, **given}

    def _made(
        self, resource: Resource, known: ResourceSchema, name: str, kind: str, inputs: Props, *, depth: int = 0
    ) -> Any:
        """A value of a type; None where one cannot be made up, so that it stays unknown."""
        if kind == "string":
            return self._text(resource, name, inputs)
        if kind.startswith("list<"):
            item = self._made(resource, known, name, kind[5:-1], inputs, depth=depth)
            return None if item is None else [item]
        if kind.startswith("#") and depth < _DEPTH and (parts := known.objects.get(kind[1:])) is not None:
            inner = {
                part: self._made(resource, known, part, of, inputs, depth=depth + 1)
                for part, of in parts.properties.items()
            }
            return {part: value for part, value in inner.items() if value is not None}
        return None

    def _text(self, resource: Resource, name: str, inputs: Props) -> str:
        if name == "region":
            return str(resource.config.get("region") or "us-east-1")
        mark = self._mark(resource)
        if name != "arn" and not name.endswith("Arn"):
            return f"{name}-{mark}"
        service = resource.type.split(":")[1].partition("/")[0]
        region = inputs.get("region") or resource.config.get("region") or ""
        own = resource.type.rpartition(":")[2].lower()
        return f"arn:aws:{service}:{region}:{ACCOUNT_ID}:{own}/{'' if name == 'arn' else f'{name}-'}{mark}"

    def _mark(self, resource: Resource) -> str:
        return f"planned-{hashlib.sha256(f'{self._salt} {resource.urn}'.encode()).hexdigest()[:_DIGITS]}"


class ForeseeingServicer(ProviderServicer):
    """The protocol around a `ForeseeingProvider`, which answers in a plan as it would in an update."""

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802 -- the protocol's
        """Plans ask this provider for what would come out."""
        super().Configure(request, context)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, acceptResources=True, supportsPreview=True, acceptOutputs=False
        )

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802 -- the protocol's
        """The object that there would be, with its id."""
        resource = self._resource(request, context)
        marked = values.from_struct(request.properties)
        object_id, outputs = self.provider.create(resource, values.reveal(marked))
        return provider_pb2.CreateResponse(id=object_id, properties=self._outputs(outputs, marked, resource.type))


def servicers(salt: str) -> dict[str, ForeseeingServicer]:
    """A servicer for each package.

    Args:
        salt: what sets the objects of this plan apart from those of another.
    """
    return {
        name: ForeseeingServicer(ForeseeingProvider(servicer.provider, salt))
        for name, servicer in planning.providers().items()
    }


def _hidden(value: Any) -> Any:
    """The value with everything that is made up, or cannot be read, as unknown."""
    if isinstance(value, str):
        return UNKNOWN if MARK.search(value) or OPAQUE in value else value
    if isinstance(value, dict):
        return {name: _hidden(item) for name, item in value.items()}
    return [_hidden(item) for item in value] if isinstance(value, list) else value


def _restored(checked: Any, given: Any) -> Any:
    """Checked inputs with what was hidden from the check."""
    if checked is UNKNOWN:
        return UNKNOWN if given is None else given
    if isinstance(checked, dict) and isinstance(given, dict):
        return {name: _restored(item, given.get(name)) for name, item in checked.items()}
    if isinstance(checked, list) and isinstance(given, list) and len(checked) == len(given):
        return [_restored(one, other) for one, other in zip(checked, given, strict=True)]
    return checked


def _comparable(old: Any, new: Any) -> Any:
    """Old inputs that say the same as the new ones where nobody can tell whether they differ."""
    if isinstance(old, str):
        return new if OPAQUE in old and new is not None else old
    if old is UNKNOWN:
        return old if new is None else new
    if isinstance(old, dict) and isinstance(new, dict):
        return {name: _comparable(item, new.get(name)) for name, item in old.items()}
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [_comparable(one, other) for one, other in zip(old, new, strict=True)]
    return old
