"""A project without a cloud: the commands in front of an engine that does what it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ascend import cli, session
from tests.cli.fakes import FakeEngine, Ran

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a dev stack, which is the working directory."""
    (tmp_path / "Pulumi.yaml").write_text("name: ascend\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  ascend:system: floyo\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE_FILE", raising=False)
    return tmp_path


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """The engine behind every command of the test."""
    fake = FakeEngine()

    def choose(name: session.EngineName, *, embedded: bool) -> FakeEngine:
        fake.name = str(name)
        return fake

    monkeypatch.setattr(session, "_engine", choose)
    return fake


@pytest.fixture
def ascend(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs a command in this process."""

    def run(*arguments: str) -> Ran:
        code = cli.run(arguments)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run
