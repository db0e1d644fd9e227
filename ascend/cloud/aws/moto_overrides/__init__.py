"""Where moto does less than AWS and the program meets the difference: one module per service, installed once.

Each module has ``install()``, which patches moto's backend, and a test under ``tests/cloud/aws`` that fails on the day
moto does it itself, so that the override can go. A module patches when its service is first loaded, not before, where
it can (`on_load`), because importing a moto service is slow.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from importlib.abc import Loader, MetaPathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_HOOKS: dict[str, list[Callable[[ModuleType], None]]] = {}


class _Patching(Loader):
    """Runs a module's own loader, then the patches for it."""

    def __init__(self, wrapped: Any, hooks: Sequence[Callable[[ModuleType], None]]) -> None:
        self._wrapped = wrapped
        self._hooks = hooks

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        result: ModuleType | None = self._wrapped.create_module(spec)
        return result

    def exec_module(self, module: ModuleType) -> None:
        self._wrapped.exec_module(module)
        for hook in self._hooks:
            hook(module)


class _Finder(MetaPathFinder):
    """Finds the modules that have patches, by the other finders, and lets `_Patching` load them."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        hooks = _HOOKS.get(fullname)
        if not hooks:
            return None
        for finder in sys.meta_path:
            if finder is self:
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _Patching(spec.loader, hooks)
                return spec
        return None


_FINDER = _Finder()


def on_load(module: str, patch: Callable[[ModuleType], None]) -> None:
    """Call ``patch(module)`` once the named moto module is imported; at once if it already is."""
    if module in sys.modules:
        patch(sys.modules[module])
        return
    _HOOKS.setdefault(module, []).append(patch)
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)


_installed: set[str] = set()


def install() -> None:
    """Install every override of this package; a second call does nothing."""
    for info in pkgutil.iter_modules(__path__):
        if info.name not in _installed:
            _installed.add(info.name)
            importlib.import_module(f"{__name__}.{info.name}").install()
