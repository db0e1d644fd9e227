"""A project with a program of its own and a provider to run it against."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from ascend.engine.embedded import EmbeddedEngine
from ascend.engine.model import Event, Target
from tests.engine.fake import FakeProvider, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ascend.engine.model import RunResult

PRELUDE = """
import pulumi
from pulumi import ResourceOptions as Opts

class Thing(pulumi.CustomResource):
    def __init__(self, name, opts=None, **props):
        super().__init__("fake:index:Thing", name, {"arn": None, "sealed": None, "name": None, **props}, opts)

class Box(pulumi.ComponentResource):
    def __init__(self, name, opts=None, **props):
        super().__init__("test:index:Box", name, props, opts)

class Provider(pulumi.ProviderResource):
    def __init__(self, name, opts=None, **props):
        super().__init__("fake", name, props, opts)
"""


@pytest.fixture(autouse=True)
def no_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs here change faster than bytecode can tell: it knows its source by the second and the size."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


class Stack:
    """A project in a folder of its own."""

    def __init__(self, root: Path, providers: str, name: str = "dev") -> None:
        self.root, self.name = root, name
        self.engine = EmbeddedEngine(providers)
        self.events: list[Event] = []
        self.config: dict[str, str] = {}
        (root / "program").mkdir(parents=True, exist_ok=True)
        self.write("Pulumi.yaml", "name: proj\nruntime: python\nmain: program\n")

    @property
    def target(self) -> Target:
        return Target(self.root, self.name, self.config)

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(textwrap.dedent(text))

    def program(self, text: str) -> Stack:
        self.write("program/__main__.py", PRELUDE + textwrap.dedent(text))
        return self

    def up(self, program: str | None = None) -> RunResult:
        return self._run("up", program)

    def preview(self, program: str | None = None) -> RunResult:
        return self._run("preview", program)

    def refresh(self, *names: str, preview: bool = False) -> RunResult:
        self.events = []
        urns = [self.resources()[name]["urn"] for name in names] or None
        return self.engine.refresh(self.target, self.events.append, urns, preview=preview)

    def destroy(self, *unprotect: str) -> RunResult:
        self.events = []
        return self.engine.destroy(self.target, self.events.append, unprotect)

    def _run(self, method: str, program: str | None) -> RunResult:
        if program is not None:
            self.program(program)
        self.events = []
        return getattr(self.engine, method)(self.target, self.events.append)

    @property
    def state_file(self) -> Path:
        return self.root / ".ascend" / "state" / ".pulumi" / "stacks" / "proj" / f"{self.name}.json"

    def latest(self) -> dict[str, Any]:
        return json.loads(self.state_file.read_text())["checkpoint"]["latest"]

    def resources(self) -> dict[str, dict[str, Any]]:
        """The state's resources by name, without those that wait to be deleted."""
        found = {item["urn"].split("::")[-1]: item for item in self.latest()["resources"] if not item.get("delete")}
        return {name: item for name, item in found.items() if not name.startswith("default")}

    def messages(self, severity: str = "") -> str:
        return "\n".join(event.message for event in self.events if not severity or event.severity == severity)


@pytest.fixture
def fake() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def port(fake: FakeProvider) -> Iterator[int]:
    server, port = serve(fake)
    yield port
    server.stop(None)


@pytest.fixture
def stack(tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> Stack:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "correct horse")
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE_FILE", raising=False)
    monkeypatch.delenv("PULUMI_DEBUG_PROVIDERS", raising=False)
    return Stack(tmp_path / "project", f"fake:{port}")


def ops(result: RunResult) -> dict[str, str]:
    """The operation of each step by resource name."""
    return {step.name: step.op.value for step in result.steps}
