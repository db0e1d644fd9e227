"""The official CLI with the policy pack."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.e2e.project import PATIENCE_S, REPOSITORY, Project

if TYPE_CHECKING:
    from pathlib import Path

#: Tests that need it.
MARKS = (
    pytest.mark.cli,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="pulumi is not on PATH"),
    pytest.mark.xdist_group("review"),
    pytest.mark.timeout(2 * PATIENCE_S),
)
_SAID = re.compile(r"\[(mandatory|advisory)\](?: \[severity: \w+\])?\s+([\w-]+)")


class Cli:
    """The official CLI on a project's embedded cloud.

    Args:
        project: the project.
        backend: the folder of its backend; one of its own by default.
    """

    def __init__(self, project: Project, backend: Path | None = None) -> None:
        self.project = project
        project.ascend("cloud", "start")
        cloud = project.ascend("cloud", "status", "--json").document
        backend = backend or project.root / "backend"
        backend.mkdir(exist_ok=True)
        self._environment = project.environment(
            PULUMI_BACKEND_URL=backend.as_uri(),
            PULUMI_DEBUG_PROVIDERS=",".join(f"{name}:{port}" for name, port in cloud["providers"].items()),
            CLOUDFLARE_API_TOKEN="embedded",
        )

    def preview(self, stack: str, *more: str) -> subprocess.CompletedProcess[str]:
        """Previews a stack under the policy pack."""
        if self._run("stack", "select", stack).returncode:
            assert self._run("stack", "init", stack).returncode == 0
        return self._run("preview", "--stack", stack, "--policy-pack", str(REPOSITORY / "policies"), *more)

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.project.root,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )


def said(preview: subprocess.CompletedProcess[str]) -> set[tuple[str, ...]]:
    """Which policies spoke, and how strictly."""
    assert "ascend@v" in preview.stdout, preview.stdout + preview.stderr
    return set(_SAID.findall(preview.stdout))
