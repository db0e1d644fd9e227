"""What an engine is given, what it reports while it works, and what it returns.

Both engines (`pulumi_cli` and `embedded`) speak these types, so that commands, review and promotion need not know
which one ran. Everything here is plain data: it crosses a process boundary as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path

#: What stands in reports, events and ``--json`` where a secret's value would be. Same text as the official CLI.
SECRET_MASK = "[secret]"  # noqa: S105 -- the mask, not a secret
#: What stands where a value is known only once a resource exists.
UNKNOWN_MASK = "output<string>"
#: Inputs of resources by which a service refuses their delete, as `protect` does by the engine.
LOCKS = ("deletionProtection", "deletionProtectionEnabled", "enableDeletionProtection")


class Op(StrEnum):
    """The operations of a step, in the official engine's words."""

    SAME = "same"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    REPLACE = "replace"
    CREATE_REPLACEMENT = "create-replacement"
    DELETE_REPLACED = "delete-replaced"
    READ = "read"
    READ_REPLACEMENT = "read-replacement"
    DISCARD = "discard"


@dataclass(frozen=True, slots=True)
class Step:
    """One planned or executed operation on one resource.

    `replace_keys` are the inputs whose change forces a replacement, `diff_keys` all that changed. `inputs` and
    `outputs` hold masked values (`SECRET_MASK`, `UNKNOWN_MASK`), and so do `old_inputs`, which what is updated had.
    `ignore_changes` are the inputs that an update leaves as they are; None where the engine does not tell.
    """

    op: Op
    urn: str
    type: str
    name: str
    parent: str = ""
    custom: bool = True
    protect: bool = False
    replace_keys: tuple[str, ...] = ()
    diff_keys: tuple[str, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    old_inputs: Mapping[str, Any] = field(default_factory=dict)
    ignore_changes: tuple[str, ...] | None = ()


class EventKind(StrEnum):
    """What an `Event` tells."""

    STEP_STARTED = "step-started"
    STEP_DONE = "step-done"
    STEP_FAILED = "step-failed"
    DIAGNOSTIC = "diagnostic"


@dataclass(frozen=True, slots=True)
class Event:
    """Progress of a run. `step` is set on the three step kinds; `severity` is info, warning or error."""

    kind: EventKind
    step: Step | None = None
    message: str = ""
    severity: str = "info"
    urn: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """Which stack to work on.

    Attributes:
        root: the project's folder, the one with ``Pulumi.yaml``.
        stack: the stack's name; ``Pulumi.<stack>.yaml`` is its config where that file exists.
        config: values laid over the stack file for this run only (``{"ascend:phase": "cached"}``), as in
            the file: text, numbers, lists, mappings.
    """

    root: Path
    stack: str
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a preview, an update or a destroy did.

    Attributes:
        steps: every step in the order it was decided. A replacement is one step `REPLACE` (its create and delete
            halves are events only).
        outputs: the stack's outputs, secrets masked.
        summary: counts by create, update, replace, delete, same.
        pending: operations that an interrupted earlier run had left in the state, as ``<operation> <urn>``.
        duration_s: wall time in seconds.
    """

    steps: Sequence[Step]
    outputs: Mapping[str, Any]
    summary: Mapping[str, int]
    pending: Sequence[str] = ()
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Kept:
    """One resource as the backend keeps it.

    Attributes:
        urn: its URN.
        type: its type token.
        name: its name in the program.
        parent: its parent's URN, empty where it has none.
        id: the provider's id, empty for a component.
        custom: whether a provider made it.
        protect: whether the engine refuses to delete it.
        inputs: the inputs that the provider checked, masked.
        outputs: what the provider answered, masked.
    """

    urn: str
    type: str
    name: str
    parent: str = ""
    id: str = ""
    custom: bool = True
    protect: bool = False
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """What the backend keeps of a stack.

    Attributes:
        text: the document as ``pulumi stack export`` prints it; secrets are encrypted.
        resources: its resources in the document's order, a user after what it uses. What an earlier replacement has
            left to be deleted is not among them.
        pending: operations that an interrupted run has left in the state, as ``<operation> <urn>``.
    """

    text: bytes
    resources: Sequence[Kept]
    pending: Sequence[str] = ()


OnEvent = Callable[[Event], None]


class Engine(Protocol):
    """What a command can ask of an engine.

    Every method raises `ascend.errors.InputError` when nothing was changed because something given was wrong, and
    `ascend.errors.UpdateError` when an update stopped part of the way.
    """

    name: str

    def preview(self, target: Target, on_event: OnEvent) -> RunResult:
        """Plan an update; changes nothing."""
        ...

    def up(self, target: Target, on_event: OnEvent) -> RunResult:
        """Bring the stack to what the program declares."""
        ...

    def destroy(self, target: Target, on_event: OnEvent, unprotect: Sequence[str] = ()) -> RunResult:
        """Delete every resource. Refuses protected ones unless `unprotect` names them (resource name or URN)."""
        ...

    def outputs(self, target: Target, *, show_secrets: bool = False) -> Mapping[str, Any]:
        """The outputs of the stack's last update. Secrets are masked unless asked for."""
        ...

    def export(self, target: Target) -> State:
        """What the backend keeps of the stack. Refuses a stack of which nothing is deployed."""
        ...

    def refresh(
        self, target: Target, on_event: OnEvent, urns: Sequence[str] | None = None, *, preview: bool
    ) -> RunResult:
        """Read what exists in the cloud, without running the program.

        Args:
            target: the stack.
            on_event: told of the progress.
            urns: the resources to read; all where None.
            preview: whether the state stays as it is. Where not, it takes what was read.

        Returns:
            A step for each resource that was read: `Op.UPDATE` where it is not what the state holds (`diff_keys` says
            where), `Op.DELETE` where it is gone, `Op.SAME` else.
        """
        ...
