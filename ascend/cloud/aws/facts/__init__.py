"""The facts of the aws provider's types, a file per service. README.md describes the files."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ascend.cloud.facts import Facts, read
from ascend.cloud.schema import module_of

__all__ = ["Facts", "load"]

_NONE = Facts()


@cache
def _file(name: str) -> dict[str, Facts]:
    """A service's types; a service with many has several files, ``rds.yaml`` and ``rds_proxy.yaml``."""
    folder = Path(__file__).parent
    return {
        token: entry
        for path in (folder / f"{name}.yaml", *sorted(folder.glob(f"{name}_*.yaml")))
        for token, entry in read(path).items()
    }


def load(token: str) -> Facts:
    """The facts of a type, empty ones for a type that has none."""
    return _file(module_of(token).partition("-")[2]).get(token, _NONE)
