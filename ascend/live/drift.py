"""What of a stack is another than its state says, by somebody's doing."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml

from ascend.engine.model import Op

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ascend.engine.model import Step

FILE: Final = Path(__file__).with_name("data") / "drift.yaml"


@functools.cache
def _ignored() -> Mapping[str, Sequence[str]]:
    loaded: Mapping[str, Sequence[str]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["ignored"]
    return loaded


def found(steps: Sequence[Step]) -> list[str]:
    """What of a refresh's steps is another than the state says, in words."""
    said = []
    for step in steps:
        if step.op is Op.DELETE:
            said.append(f"{step.name} ({step.type}) is gone")
        elif step.op is Op.UPDATE:
            keys = [key for key in step.diff_keys if key.partition(".")[0] not in _ignored().get(step.type, ())]
            if keys:
                said.append(f"{step.name} ({step.type}) differs in {', '.join(keys)}")
    return said
