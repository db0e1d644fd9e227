"""What a program says of its resources, for those who get a plan of an engine that does not pass it on."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ascend.engine.embedded import EmbeddedEngine
from ascend.rehearsal import copies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ascend.engine.model import Target


def ignored(target: Target) -> Mapping[str, tuple[str, ...]]:
    """The inputs that updates leave as they are, by the resource's URN: from a plan of the stack as if it were new.

    It is made offline in a copy of the project. Secrets of the config whose key is not at hand are stand-ins there.

    Args:
        target: the stack, as it is to be.

    Raises:
        InputError: the program refuses the config.
    """
    with copies.passphrase() as sealed, tempfile.TemporaryDirectory(prefix="ascend-plan-") as folder:
        copy = copies.make(Path(folder) / "project", target, sealed=sealed)
        steps = EmbeddedEngine().preview(copy, lambda _event: None).steps
    return {step.urn: step.ignore_changes or () for step in steps}
