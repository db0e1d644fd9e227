"""Names that the tests of the models share."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.deployment import Deployment

ROOT = Path(__file__).parents[2]

#: Resolves a stack of the given config, or raises (fixture `plan`).
Plan = Callable[..., Deployment]
#: The problems of a stack of the given config (fixture `refuse`).
Refuse = Callable[..., tuple[str, ...]]


def raw(**values: Any) -> dict[str, str]:
    """A stack's config as the engine hands it over: Floyo in us-east-1, and `values` (None takes a key out)."""
    keys = {"aws_region": "us-east-1", "system": "floyo", **values}
    others = {"aws_region": "aws:region", "cloudflare_apiToken": "cloudflare:apiToken"}
    named = {others.get(key, f"ascend:{key}"): value for key, value in keys.items()}
    return {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in named.items() if value is not None
    }
