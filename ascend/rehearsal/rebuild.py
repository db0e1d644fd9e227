"""A deployed stack built again in an empty cloud, from what its state records and nothing else.

Each resource is created through the emulated provider from its recorded inputs, in the state's order. What AWS had made
up for it (ids, ARNs, addresses) is other here; later inputs that hold it are said in the new words.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from ascend.cloud.aws.invokes import ACCOUNT_ID
from ascend.engine.embedded import checkpoint, urns
from ascend.engine.embedded.checkpoint import CheckpointError
from ascend.engine.embedded.masking import Masker
from ascend.engine.embedded.providers import annotate
from ascend.engine.embedded.rpc import ProviderError
from ascend.engine.embedded.secrets import Crypter, read_passphrase
from ascend.engine.embedded.values import Secret, secret
from ascend.errors import InputError
from ascend.rehearsal.renaming import Renaming

if TYPE_CHECKING:
    from collections.abc import Callable

    from ascend.engine.embedded.checkpoint import Document, Snapshot
    from ascend.engine.embedded.registry import Registry
    from ascend.engine.embedded.state import State
    from ascend.engine.embedded.values import Properties

#: What stands for a secret that only somebody else's key can read. Long enough for a password of any service.
OPAQUE: Final = "opaque-secret-of-the-state-0"
#: The state is all that there is of what these packages make.
_ONLY_RECORDED: Final = frozenset({"random", "pulumi"})
_DEFAULTED: Final = "__defaults"
#: What a provider adds to inputs without saying so: tags with those that it gives everything.
_ADDED: Final = "tagsAll"
_ARN_ACCOUNT: Final = re.compile(r"arn:aws[^:]*:[^:]*:[^:]*:(\d{12}):")
_ZONE: Final = "zoneId"
#: Inputs that count only while a resource is made and name something outside the stack, by type.
_ORIGINS: Final = {
    "aws:rds/instance:Instance": ("snapshotIdentifier", "restoreToPointInTime", "s3Import"),
    "aws:elasticache/replicationGroup:ReplicationGroup": ("snapshotArns", "snapshotName"),
}
#: What such a resource, or one that began as a replica, needs in their place: inputs that its outputs hold.
_OF_OUTPUTS: Final = {
    "aws:rds/instance:Instance": ("engine", "engineVersion", "allocatedStorage", "username", "dbName")
}
_REPLICA_OF: Final = "replicateSourceDb"


def read(text: bytes, stack: str, *, sealed: bool) -> Snapshot:
    """The resources of an exported state; secrets whose key is not at hand are stand-ins.

    Args:
        text: the state.
        stack: whose it must be.
        sealed: whether there is no passphrase to read secrets with.

    Raises:
        InputError: it is no state, or one of another stack.
    """
    try:
        outer = json.loads(text)
        latest = dict(outer["deployment"])
        if sealed or (latest.get("secrets_providers") or {}).get("type") != "passphrase":
            latest.pop("secrets_providers", None)
        # What has been replaced and waits to be deleted is no part of what is rehearsed.
        latest["resources"] = [one for one in latest.get("resources") or () if not one.get("delete")]
        latest.pop("pending_operations", None)
        kept = {"version": outer.get("version"), "checkpoint": {"latest": latest}}
        document = checkpoint.parse(json.dumps(kept).encode())
        snapshot = document.snapshot(_reader(document, stack))
    except (CheckpointError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"the state of stack {stack!r} cannot be used: {error}") from error
    own = f"urn:pulumi:{stack}::"
    if foreign := next((one.urn for one in snapshot.resources if not one.urn.startswith(own)), None):
        raise InputError(f"the state is not that of stack {stack!r}: it holds {foreign}")
    return snapshot


def _reader(document: Document, stack: str) -> Callable[[str, str], str]:
    passphrase = read_passphrase(os.environ)
    if document.salt and passphrase is not None:
        return Crypter.open(passphrase, document.salt, f"the state of stack {stack!r}").decrypt
    return lambda _text, _owner: json.dumps(OPAQUE)


class Rebuild:
    """Builds the resources of a state.

    Args:
        resources: the state's.
        registry: the providers of the new cloud.
        zone: the id of the stack's zone at the edge in the new cloud, empty where it has none.
    """

    def __init__(self, resources: list[State], registry: Registry, zone: str) -> None:
        self._resources, self._registry = resources, registry
        self._renaming = Renaming()
        self._masker = Masker()
        for state in resources:
            self._masker.learn(state.inputs)
            self._masker.learn(state.outputs)
        self._foresee(zone)
        #: Why something could not be built, one line each.
        self.problems: list[str] = []

    def run(self) -> list[State]:
        """Builds; returns the state of the new cloud, in the order of the old one."""
        made: dict[State, State] = {}
        waiting = self._resources
        while waiting:
            left, reasons = self._round(waiting, made)
            if len(left) == len(waiting):
                self.problems = reasons
                break
            waiting = left
        built = [made.get(state) or state.copy() for state in self._resources]
        for state in built:
            if not state.custom:
                state.inputs, state.outputs = self._renaming.apply(state.inputs), self._renaming.apply(state.outputs)
        return built

    def _round(self, waiting: list[State], made: dict[State, State]) -> tuple[list[State], list[str]]:
        """Builds what can be built; what is left, and why.

        A state need not name every order: what an API wanted to be there first, a program may have been lucky with.
        """
        left: list[State] = []
        reasons: list[str] = []
        missing: set[str] = set()
        for state in waiting:
            if missing.isdisjoint(urn for kind, urn in state.edges() if kind != "parent"):
                try:
                    made[state] = self._built(state)
                    continue
                except (ProviderError, InputError) as error:
                    text = self._masker.text(" ".join(getattr(error, "message", str(error)).split()))
                    reasons.append(f"{state.type} {state.name} cannot be rebuilt: {text}")
            left.append(state)
            missing.add(state.urn)
        return left, reasons

    def _foresee(self, zone: str) -> None:
        """Learns what functions answer, of which a state says nothing: the account, and the zone at the edge."""
        own = [str(state.outputs.get("arn")) for state in self._resources if state.custom and "arn" in state.outputs]
        accounts = Counter(found[1] for arn in own if (found := _ARN_ACCOUNT.match(arn)))
        if accounts:
            self._renaming.learn_id(accounts.most_common(1)[0][0], ACCOUNT_ID)
        zones = {str(state.inputs[_ZONE]) for state in self._resources if isinstance(state.inputs.get(_ZONE), str)}
        if zone and len(zones) == 1:
            self._renaming.learn_id(zones.pop(), zone)

    def _built(self, state: State) -> State:
        package = urns.package_of(state.type)
        if not state.custom or state.is_provider or package in _ONLY_RECORDED:
            return state.copy()
        if state.external:
            raise InputError("it is read from the account and not part of the stack")
        return self._created(state)

    def _created(self, state: State) -> State:
        provider = self._registry.ensure(state.provider, self._resources)
        recorded = self._renaming.apply(state.inputs)
        inputs, failures = provider.check(state.urn, recorded, _given(recorded), unknowns=False)
        if failures:
            raise InputError(
                "; ".join(f"{one.property}: {one.reason}" if one.property else one.reason for one in failures)
            )
        made = provider.create(state.urn, self._creatable(state, inputs), 0, None, preview=False)
        if made.reasons:
            provider.delete(state.copy(id=made.id, inputs=inputs, outputs=made.outputs))
            raise InputError("; ".join(made.reasons))
        self._renaming.learn_id(state.id, made.id)
        self._renaming.learn(state.outputs, made.outputs)
        outputs = annotate(made.outputs, inputs)
        for key in state.additional_secret_outputs:
            if key in outputs and not isinstance(outputs[key], Secret):
                outputs[key] = secret(outputs[key])
        return state.copy(id=made.id, inputs=inputs, outputs=outputs, init_errors=[])

    @staticmethod
    def _creatable(state: State, inputs: Properties) -> Properties:
        """The inputs with which the resource can be made out of nothing."""
        origins = _ORIGINS.get(state.type, ())
        made = {key: value for key, value in inputs.items() if key not in origins}
        if _REPLICA_OF not in made:
            for key in _OF_OUTPUTS.get(state.type, ()):
                if key not in made and state.outputs.get(key) is not None:
                    made[key] = state.outputs[key]
            if state.type in _OF_OUTPUTS and not {"password", "manageMasterUserPassword"} & made.keys():
                made["password"] = secret(OPAQUE)
        return made


def _given(inputs: Any) -> Any:
    """Inputs as the program gave them: without those that a provider filled in, which it says by `__defaults`."""
    if isinstance(inputs, dict):
        defaulted = inputs.get(_DEFAULTED) or ()
        own = {_DEFAULTED, _ADDED, *defaulted}
        return {key: _given(item) for key, item in inputs.items() if key not in own}
    if isinstance(inputs, list):
        return [_given(item) for item in inputs]
    return inputs
