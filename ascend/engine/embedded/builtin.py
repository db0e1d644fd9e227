"""The provider of the package ``pulumi``: stack references (the official ``pkg/resource/deploy/builtins.go``)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

import grpc

from ascend.engine.embedded.backend import ORGANIZATION, Backend
from ascend.engine.embedded.checkpoint import CheckpointError
from ascend.engine.embedded.providers import NOTHING, Created, Diff, Failure, Found
from ascend.engine.embedded.rpc import ProviderError
from ascend.engine.embedded.secrets import Crypter
from ascend.engine.embedded.urns import STACK_TYPE
from ascend.engine.embedded.values import Properties, has_secret, same
from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ascend.engine.embedded.state import State

STACK_REFERENCE: Final = "pulumi:pulumi:StackReference"
_QUALIFIED_PARTS: Final = 3


def qualify(name: str, project: str) -> tuple[str, str]:
    """The project and stack that a reference names: ``stack``, ``organization/stack``, ``organization/project/stack``.

    Raises:
        ProviderError: the name has another form.
    """
    parts = name.split("/")
    if len(parts) > _QUALIFIED_PARTS or not all(parts) or (len(parts) > 1 and parts[0] != ORGANIZATION):
        raise _error(f"stack reference {name!r}: must be <stack> or {ORGANIZATION}/<project>/<stack>")
    return (parts[1] if len(parts) == _QUALIFIED_PARTS else project), parts[-1]


def _error(message: str) -> ProviderError:
    return ProviderError(grpc.StatusCode.INVALID_ARGUMENT, message)


def stack_outputs(folder: Path, project: str, stack: str, passphrase: str | None) -> Properties | None:
    """The outputs of a stack's last update, None where there is no such stack.

    Raises:
        InputError: the state cannot be used, or holds secrets and the passphrase is missing or wrong.
    """
    backend = Backend(folder, project, stack)
    document = backend.load()
    if document is None:
        return None
    crypter: Crypter | None = None
    if document.has_secrets():
        if passphrase is None:
            raise InputError(f"the state of stack {stack!r} holds secrets: set the passphrase to read them")
        crypter = Crypter.open(passphrase, document.salt, f"the state of stack {stack!r}")
    try:
        snapshot = document.snapshot(lambda text, owner: crypter.decrypt(text, owner) if crypter else text)
    except CheckpointError as error:
        raise backend.unusable(error) from error
    root = next((state for state in snapshot.resources if state.type == STACK_TYPE), None)
    return root.outputs if root else {}


class Builtin:
    """Reads the outputs of other stacks of the same backend; has the methods that a `Provider` has.

    Args:
        folder: the backend's folder.
        project: the project of references that name only a stack.
        passphrase: for stacks with secrets.
        resources: the run's resources by URN, for ``getResource``.
    """

    configured = True
    supports_preview = True

    def __init__(self, folder: Path, project: str, passphrase: str | None, resources: Mapping[str, State]) -> None:
        self._folder, self._project, self._passphrase = folder, project, passphrase
        self._resources = resources

    def check_config(self, urn: str, olds: Properties, news: Properties) -> tuple[Properties, list[Failure]]:  # noqa: ARG002 -- the face of a provider
        """Accepts any config: there is none."""
        return dict(news), []

    def diff_config(self, urn: str, old_inputs: Properties, old_outputs: Properties, news: Properties) -> Diff:  # noqa: ARG002 -- as above
        """Never changes."""
        return NOTHING

    def configure(self, urn: str, id_: str, inputs: Properties) -> None:
        """Needs no configuration."""

    def check(
        self,
        urn: str,
        olds: Properties,  # noqa: ARG002 -- the face of a provider
        news: Properties,
        *,
        unknowns: bool,  # noqa: ARG002 -- as above
    ) -> tuple[Properties, list[Failure]]:
        """Only a stack reference can be registered, and only with a name."""
        if STACK_REFERENCE not in urn:
            return news, [Failure("", "not a resource of the embedded engine; it has only stack references")]
        failures = [Failure(key, "unknown property") for key in news if key != "name"]
        if not isinstance(news.get("name"), str):
            failures.append(Failure("name", "must be the name of a stack"))
        return news, failures

    def diff(self, state: State, news: Properties, ignore: list[str], *, unknowns: bool) -> Diff:  # noqa: ARG002 -- as above
        """Another stack's reference is another resource."""
        if same(state.inputs.get("name"), news.get("name")):
            return NOTHING
        return Diff(changed=True, replace_keys=("name",))

    def create(
        self,
        urn: str,  # noqa: ARG002 -- as above
        inputs: Properties,
        timeout: float,  # noqa: ARG002 -- as above
        known: list[str] | None,  # noqa: ARG002 -- as above
        *,
        preview: bool,
    ) -> Created:
        """Reads the outputs."""
        return Created("" if preview else str(uuid.uuid4()), self._reference(inputs))

    def read(self, urn: str, id_: str, properties: Properties) -> Created:  # noqa: ARG002 -- as above
        """Reads the outputs."""
        return Created(id_, self._reference(properties))

    def refresh(self, state: State) -> Found | None:
        """Reads the outputs anew."""
        return Found(state.id, state.inputs, self._reference(state.inputs))

    def delete(self, state: State) -> None:
        """Forgets the reference."""

    def invoke(self, token: str, args: Properties, *, preview: bool) -> tuple[Properties, list[Failure]]:  # noqa: ARG002 -- as above
        """``readStackOutputs`` and ``getResource``, which the SDK uses."""
        if token == "pulumi:pulumi:readStackOutputs":  # noqa: S105 -- a function's token
            return self._reference(args), []
        if token == "pulumi:pulumi:getResource":  # noqa: S105 -- as above
            urn = str(args.get("urn"))
            state = self._resources.get(urn)
            if state is None:
                raise _error(f"unknown resource {urn}")
            return {"urn": urn, "id": state.id, "provider": state.provider, "state": state.outputs}, []
        raise _error(f"{token}: not a function of the embedded engine")

    def _reference(self, properties: Properties) -> Properties:
        name = str(properties.get("name"))
        project, stack = qualify(name, self._project)
        try:
            outputs = stack_outputs(self._folder, project, stack, self._passphrase)
        except InputError as error:
            raise _error(f"stack reference {name!r}: {error}") from error
        if outputs is None:
            raise _error(f"stack reference {name!r}: unknown stack {ORGANIZATION}/{project}/{stack}")
        secrets: list[str] = sorted(key for key, value in outputs.items() if has_secret(value))
        return {"name": name, "outputs": outputs, "secretOutputNames": secrets}
