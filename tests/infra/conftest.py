"""What the tests of the models share: a project folder of their own and short ways through it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from infra import config, needs, resolve
from infra.errors import ConfigError, Problems
from infra.phases import Capability
from tests.infra.support import ROOT, Plan, Refuse, raw

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from infra.deployment import Deployment


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder with Floyo in it."""
    (tmp_path / "systems").mkdir()
    shutil.copy(ROOT / "systems" / "floyo.yaml", tmp_path / "systems")
    return tmp_path


@pytest.fixture
def floyo() -> dict[str, Any]:
    """Floyo as plain data, to change one thing in."""
    data: dict[str, Any] = yaml.safe_load((ROOT / "systems" / "floyo.yaml").read_text(encoding="utf-8"))
    return data


@pytest.fixture
def write(project: Path) -> Callable[[Mapping[str, Any]], None]:
    """Writes a system's data over Floyo's."""

    def write_data(data: Mapping[str, Any]) -> None:
        (project / "systems" / "floyo.yaml").write_text(yaml.safe_dump(dict(data), sort_keys=False), encoding="utf-8")

    return write_data


@pytest.fixture
def plan(project: Path) -> Plan:
    """Resolves a stack of the given config, or raises."""

    def run(**values: Any) -> Deployment:
        problems = Problems()
        settings = config.parse(raw(**values), "dev", problems, source=lambda _key: "Pulumi.dev.yaml")
        return resolve.resolve_named(project, settings, problems)

    return run


@pytest.fixture
def refuse(plan: Plan) -> Refuse:
    """The problems of a stack of the given config."""

    def run(**values: Any) -> tuple[str, ...]:
        with pytest.raises(ConfigError) as caught:
            plan(**values)
        assert str(caught.value) == "\n".join(caught.value.problems)
        return caught.value.problems

    return run


@pytest.fixture
def all_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the components provided everything, so that later phases resolve."""
    monkeypatch.setattr(needs, "BUILT", frozenset(Capability))
