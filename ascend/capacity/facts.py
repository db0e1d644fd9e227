"""The data of capacity: what units carry, how scaling behaves. Each figure has its source in the file."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import yaml


@cache
def load(name: str) -> dict[str, Any]:
    """The data of ``data/<name>.yaml``."""
    text = (resources.files("ascend.capacity") / "data" / f"{name}.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded
