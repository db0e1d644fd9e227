"""Paths that services answer, and how the ways in to them write those."""

import zlib
from collections.abc import Iterable

from components import facts
from components.errors import ComponentError

#: Paths of 0 to 9 parts: each depth has a band of priorities.
_DEPTHS = 10


def base_of(path: str) -> str:
    """What a path pattern begins with: ``/api`` of ``/api/*``, nothing of ``/*``.

    Raises:
        ComponentError: if the pattern does not end in ``/*``.
    """
    if not (path.startswith("/") and path.endswith("/*")):
        msg = f"public path '{path}'; allowed: '/*', or a path that ends in '/*'"
        raise ComponentError(msg)
    return path.removesuffix("/*")


def path_patterns(path: str) -> list[str]:
    """A listener's patterns of a path: ``/api/*`` is ``/api`` and everything below it.

    Raises:
        ComponentError: if the path does not end in ``/*``.
    """
    base = base_of(path)
    return [base, f"{base}/*"] if base else ["/*"]


def priorities(paths: Iterable[str]) -> dict[str, int]:
    """The priority of each path's rule: the deeper path is asked first.

    It follows from the path itself, not from its place among the others, so that a new service moves no rule: two rules
    cannot exchange their priorities while neither may have the other's.

    Raises:
        ComponentError: if a path does not end in ``/*``, or has too many parts.
    """
    band = facts.load("load_balancer")["max_priority"] // _DEPTHS
    found: dict[str, int] = {}
    taken: set[int] = set()
    for path in sorted(paths):
        depth = base_of(path).count("/")
        if depth >= _DEPTHS:
            msg = f"public path '{path}' has {depth} parts; behind a load balancer allowed: at most {_DEPTHS - 1}"
            raise ComponentError(msg)
        first, place = (_DEPTHS - 1 - depth) * band + 1, zlib.crc32(path.encode()) % band
        # Two paths in one place: the later takes the next that is free.
        while first + place in taken:
            place = (place + 1) % band
        found[path] = first + place
        taken.add(first + place)
    return found
