"""What an answer of AWS says at a place in it."""

from __future__ import annotations

from typing import Any


def dig(node: Any, path: str) -> Any:
    """The value at a path of an answer (``Subnets[0].SubnetId``), None where there is none."""
    for step in path.replace("[", ".[").split("."):
        if node is None:
            return None
        if step.startswith("["):
            index = int(step[1:-1])
            node = node[index] if len(node) > index else None
        elif step:
            node = node.get(step)
    return node
