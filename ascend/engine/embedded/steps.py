"""What the program asks for, and what is done about it: the data that planner and executor share."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from ascend.engine.embedded.providers import NOTHING, Diff

if TYPE_CHECKING:
    from ascend.engine.embedded.state import State
    from ascend.engine.embedded.values import Properties


class PlanError(Exception):
    """A registration that cannot be carried out.

    Attributes:
        messages: one line each.
        bad_input: whether what the program asked for is wrong (rather than a provider that failed).
    """

    def __init__(self, *messages: str, bad_input: bool = True) -> None:
        super().__init__("\n".join(messages))
        self.messages = messages
        self.bad_input = bad_input


class Do(Enum):
    """The physical steps. A replacement is a `CREATE` and a `DELETE`, in either order."""

    SAME = auto()
    CREATE = auto()
    UPDATE = auto()
    DELETE = auto()
    READ = auto()
    FORGET = auto()


@dataclass(slots=True, eq=False)
class Plan:
    """One step on one resource.

    Attributes:
        do: what.
        old: the resource before, None where there is none.
        new: the resource after, None where there is none.
        replacing: the step is half of a replacement.
        keep_old: of a replacing create or read: the old one is still there and goes at the end of the run.
        will_recreate: of a replacing delete: the resource stays in the state until its successor exists.
        keys: what changed.
        replace_keys: what forces the replacement.
        ignore: paths whose changes are ignored.
    """

    do: Do
    old: State | None
    new: State | None
    replacing: bool = False
    keep_old: bool = False
    will_recreate: bool = False
    keys: tuple[str, ...] = ()
    replace_keys: tuple[str, ...] = ()
    ignore: list[str] = field(default_factory=list)

    @property
    def state(self) -> State:
        """The resource that the step is about."""
        state = self.new or self.old
        if state is None:
            raise ValueError("a step without a resource")
        return state

    def both(self) -> tuple[State, State]:
        """The resource before and after, of a step that has both."""
        if self.old is None or self.new is None:
            raise ValueError("a step that lacks a resource")
        return self.old, self.new


@dataclass(frozen=True, slots=True)
class Alias:
    """A former identity of a resource: a URN, or what differed."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


@dataclass(slots=True)
class Goal:
    """What the program asks for."""

    type: str
    name: str
    custom: bool
    inputs: Properties
    parent: str = ""
    protect: bool | None = None
    dependencies: list[str] = field(default_factory=list)
    provider: str = ""
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    delete_before_replace: bool | None = None
    ignore_changes: list[str] = field(default_factory=list)
    additional_secret_outputs: list[str] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)
    import_id: str = ""
    timeouts: dict[str, float] = field(default_factory=dict)
    replace_on_changes: list[str] = field(default_factory=list)
    replacement_trigger: Any = None
    retain_on_delete: bool | None = None
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list)
    hide_diff: list[str] = field(default_factory=list)
    source_position: str = ""


@dataclass(slots=True)
class Registration:
    """A registration on its way: `fresh` where its inputs take nothing over from the old resource."""

    goal: Goal
    old: State | None
    new: State
    fresh: bool = False
    diff: Diff = NOTHING
