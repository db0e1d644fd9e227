"""What is deployed of a stack, as its state tells: the stack's own description of itself, and its resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ascend.engine.model import Op, Step
from ascend.errors import InputError
from ascend.plans import PHASES
from ascend.review.changes import holders
from ascend.ui.report import ROOT_TYPE

if TYPE_CHECKING:
    from ascend.engine.model import Engine, Kept, State, Target

#: Where what is in no region is.
GLOBAL: Final = "global"
STACK_TYPE: Final = "pulumi:pulumi:Stack"
_REGION_TYPE: Final = "ascend:index:Region"
_ARN_FIELDS: Final = 6


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource that is deployed.

    Attributes:
        urn: its URN.
        type: its type.
        name: its name in the program.
        parent: its parent's URN.
        id: the provider's id; empty for a component.
        custom: whether a provider made it.
        protect: whether the engine refuses to delete it.
        inputs: its inputs, secrets masked.
        outputs: its outputs, secrets masked.
        region: where it is; `GLOBAL` for what is in none.
        component: name within its region of the component that made it (``database-replica-1``).
    """

    urn: str
    type: str
    name: str
    parent: str
    id: str
    custom: bool
    protect: bool
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    region: str
    component: str

    def text(self, key: str) -> str:
        """A text among its outputs, or among its inputs where the provider did not answer it; empty where neither."""
        value = self.outputs.get(key, self.inputs.get(key))
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> float | None:
        """A number likewise; None where there is none."""
        value = self.outputs.get(key, self.inputs.get(key))
        if value is None or isinstance(value, bool):
            return None
        try:
            return float(value)
        except (TypeError, ValueError):
            return None

    def holds_data(self) -> bool:
        """Whether something is lost when it is replaced or deleted, by the list of which reviews judge."""
        row = holders().get(self.type)
        return self.protect if row is None or row["when"] == "protected" else True


@dataclass(frozen=True, slots=True)
class Deployed:
    """What is deployed of a stack.

    Attributes:
        stack: its name.
        system: what runs.
        phase: name of the phase that it is at.
        environment: where it runs.
        users: the most users that it is meant for; None is "no ceiling".
        budget: the most it may cost, in US dollars a month; None where it does not say.
        regions: the regions that it is in.
        primary: the one whose database is written to.
        figures: what the system's document says of users and load (``infra/description.py``).
        account: the AWS account that it is in; empty where nothing of it tells.
        resources: what there is, components too; what is used before its users.
        pending: operations that an interrupted run has left, as ``<operation> <urn>``.
        outputs: the stack's outputs, secrets masked.
    """

    stack: str
    system: str
    phase: str
    environment: str
    users: int | None
    budget: float | None
    regions: tuple[str, ...]
    primary: str
    figures: Mapping[str, Any]
    account: str
    resources: tuple[Resource, ...]
    pending: tuple[str, ...]
    outputs: Mapping[str, Any]
    _by_type: Mapping[str, list[Resource]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def read(cls, engine: Engine, target: Target) -> Deployed:
        """What is deployed of `target`.

        Raises:
            InputError: nothing is, or it is no stack of this project.
        """
        return cls.of(target.stack, engine.export(target))

    @classmethod
    def of(cls, stack: str, state: State) -> Deployed:
        """What a state tells.

        Raises:
            InputError: it is that of no stack of this project.
        """
        root = next((one for one in state.resources if one.type == ROOT_TYPE), None)
        if root is None:
            raise InputError(f"{stack}: its state holds no {ROOT_TYPE}; only stacks of this project can be promoted")
        phase = str(root.inputs.get("phase") or "")
        if phase not in PHASES:
            raise InputError(f"{stack}: its state says phase '{phase}'; this version knows {', '.join(PHASES)}")
        resources = _resources(state, root)
        by_type: dict[str, list[Resource]] = {}
        for resource in resources:
            by_type.setdefault(resource.type, []).append(resource)
        top = next((one for one in state.resources if one.type == STACK_TYPE), None)
        inputs = root.inputs
        users, budget = inputs.get("users"), inputs.get("budget")
        regions = tuple(str(region) for region in inputs.get("regions") or ())
        return cls(
            stack=stack,
            system=str(inputs.get("system") or ""),
            phase=phase,
            environment=str(inputs.get("environment") or ""),
            users=None if users is None else int(users),
            budget=None if budget is None else float(budget),
            regions=regions,
            primary=str(inputs.get("primary") or (regions[0] if regions else "")),
            figures=_mapping(inputs.get("figures")),
            account=_account(resources),
            resources=resources,
            pending=tuple(state.pending),
            outputs=top.outputs if top else {},
            _by_type=by_type,
        )

    @property
    def phase_number(self) -> int:
        """The number of the phase, from 1."""
        return PHASES.index(self.phase) + 1

    @property
    def next_phase(self) -> str | None:
        """The phase after this one; None at the last."""
        return PHASES[self.phase_number] if self.phase_number < len(PHASES) else None

    @property
    def shards(self) -> int:
        """Databases that the data is divided among."""
        return int(self._root().get("shards") or 1)

    @property
    def out_of_use(self) -> frozenset[str]:
        """Identifiers of databases that are kept after a failover, and that nobody is let into."""
        return frozenset(self._root().get("outOfUse") or ())

    def _root(self) -> Mapping[str, Any]:
        return next((one.inputs for one in self._by_type.get(ROOT_TYPE, [])), {})

    def of_type(self, token: str, region: str | None = None) -> list[Resource]:
        """The resources of a type, of one region where it is given."""
        return [one for one in self._by_type.get(token, []) if region is None or one.region == region]

    def beside(self, resource: Resource, token: str) -> list[Resource]:
        """The resources of a type that the same component made."""
        return [one for one in self._by_type.get(token, []) if one.parent == resource.parent]

    def data(self) -> list[Resource]:
        """The resources that hold data, or are needed to read it."""
        return [one for one in self.resources if one.custom and one.holds_data()]

    def threshold(self, key: str) -> float | None:
        """Where the system's alarms of a kind go off, by the name in its document; None where it does not say."""
        value = _mapping(self.figures.get("thresholds")).get(key)
        return None if value is None else float(value)

    def steps(self) -> list[Step]:
        """What is there as the steps of a plan that changes nothing, for those who read plans: cost, capacity."""
        return [
            Step(
                Op.SAME,
                one.urn,
                one.type,
                one.name,
                parent=one.parent,
                custom=one.custom,
                protect=one.protect,
                inputs=one.inputs,
                outputs=one.outputs,
            )
            for one in self.resources
        ]


def _resources(state: State, root: Kept) -> tuple[Resource, ...]:
    kept = {one.urn: one for one in state.resources}
    names = [one.name for one in state.resources if one.type == _REGION_TYPE]
    prefixes = tuple(f"{name}-" for name in [*sorted(names, key=len, reverse=True), root.name])
    return tuple(
        Resource(
            urn=one.urn,
            type=one.type,
            name=one.name,
            parent=one.parent,
            id=one.id,
            custom=one.custom,
            protect=one.protect,
            inputs=one.inputs,
            outputs=one.outputs,
            region=_region(one),
            component=_component(one, kept, prefixes),
        )
        for one in state.resources
        if one.type != STACK_TYPE and not one.type.startswith("pulumi:providers:")
    )


def _region(one: Kept) -> str:
    for values in (one.outputs, one.inputs):
        region = values.get("region")
        if isinstance(region, str) and region:
            return region
    return GLOBAL


def _component(one: Kept, kept: Mapping[str, Kept], prefixes: tuple[str, ...]) -> str:
    owner: Kept | None = one
    while owner is not None and owner.custom:
        owner = kept.get(owner.parent)
    name = owner.name if owner else ""
    return next((name.removeprefix(prefix) for prefix in prefixes if name.startswith(prefix)), name)


def _account(resources: tuple[Resource, ...]) -> str:
    for one in resources:
        fields = one.text("arn").split(":", _ARN_FIELDS - 1)
        if len(fields) == _ARN_FIELDS and fields[4].isdigit():
            return fields[4]
    return ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
