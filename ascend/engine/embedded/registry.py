"""Provider resources: loading, checking and configuring the providers of a run.

Follows ``pkg/resource/deploy/providers/registry.go`` of the official engine.
"""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any, Final

from ascend.engine.embedded import urns
from ascend.engine.embedded.providers import INTERNAL, Created, Diff, Failure, Provider, without_internal
from ascend.engine.embedded.values import UNKNOWN_STRING, Properties
from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ascend.engine.embedded.rpc import Caller
    from ascend.engine.embedded.state import State

_UNCONFIGURED: Final = "unconfigured"


def provider_inputs(config: Mapping[str, Any], version: str, url: str) -> Properties:
    """The inputs of a provider resource: its config, the version of its package and where that comes from."""
    inputs: Properties = dict(config)
    if version or url:
        inputs.setdefault(INTERNAL, {})
    if version:
        inputs["version"] = version
    if url:
        inputs[INTERNAL] = {**inputs[INTERNAL], "pluginDownloadURL": url}
    return inputs


class Registry:
    """The providers of a run, by reference; also what manages provider resources themselves.

    Args:
        connect: the way to a package's provider; raises InputError where there is none.
        preview: whether this is a preview.
    """

    def __init__(self, connect: Callable[[str], Caller], *, preview: bool) -> None:
        self._connect = connect
        self._preview = preview
        self._providers: dict[str, Provider] = {}
        self._builtin: Any = None
        self._lock = threading.RLock()

    def set_builtin(self, provider: Any) -> None:
        """Sets the provider of the package ``pulumi``, which is part of the engine."""
        self._builtin = provider

    def get(self, reference: str) -> Any:
        """The provider with this reference, None where it has not been registered."""
        with self._lock:
            return self._providers.get(reference)

    def _load(self, urn: str) -> Any:
        package = urns.provider_package(urns.type_of(urn))
        if package == "pulumi":
            return self._builtin
        return Provider(self._connect(package), f"{urn}::{_UNCONFIGURED}")

    def check(self, urn: str, olds: Properties, news: Properties) -> tuple[Properties, list[Failure]]:
        """Checks a provider resource's inputs."""
        internal = news.get(INTERNAL)
        if isinstance(internal, dict) and ("parameterization" in internal or "envVarMappings" in internal):
            raise InputError(f"provider {urns.name_of(urn)}: the embedded engine supports no package with parameters")
        provider = self._load(urn)
        checked, failures = provider.check_config(urn, without_internal(olds), without_internal(news))
        if failures:
            return news, failures
        if "version" in news:
            checked["version"] = news["version"]
        if INTERNAL in news:
            checked[INTERNAL] = news[INTERNAL]
        return checked, []

    def diff(self, state: State, news: Properties) -> Diff:
        """What changes from a provider resource's state to the inputs `news`."""
        result: Diff = self._load(state.urn).diff_config(
            state.urn, without_internal(state.inputs), state.outputs, without_internal(news)
        )
        return result

    def register(self, urn: str, id_: str, inputs: Properties) -> None:
        """Configures a provider and makes it available under its reference.

        Raises:
            ProviderError: the provider does not accept its config.
        """
        provider = self._load(urn)
        provider.configure(urn, id_, without_internal(inputs))
        with self._lock:
            self._providers[f"{urn}::{id_}"] = provider

    def create(self, urn: str, inputs: Properties) -> Created:
        """Makes a new provider resource."""
        id_ = UNKNOWN_STRING if self._preview else str(uuid.uuid4())
        self.register(urn, id_, inputs)
        return Created(id_, without_internal(inputs))

    def ensure(self, reference: str, states: list[State]) -> Any:
        """The provider with this reference, loaded from the state where the run has not registered it.

        Raises:
            InputError: neither has it.
        """
        with self._lock:
            if reference not in self._providers:
                wanted = urns.parse_reference(reference)
                state = next((state for state in states if (state.urn, state.id) == wanted), None)
                if state is None:
                    raise InputError(f"provider {reference} is neither in the program nor in the state")
                self.register(state.urn, state.id, state.inputs)
            return self._providers[reference]
