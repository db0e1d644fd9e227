"""The pack in the official CLI: ``pulumi preview --policy-pack``, with and without a configuration."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.e2e.project import PATIENCE_S, REPOSITORY, Project

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.cli,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="pulumi is not on PATH"),
]
#: A cap that the stack exceeds, an alarm stricter than it has, and logs kept longer than they are.
CONFIG = {
    "cost-within-cap": {"cap_usd": 10},
    "service-cpu-alarm": {"limit": 50},
    "log-retention": {"least_days": 60, "enforcementLevel": "advisory"},
}


def test_the_pack_runs_in_a_preview_with_the_verdicts_of_its_configuration(tmp_path: Path) -> None:
    project = Project.copied(tmp_path)
    try:
        project.ascend("cloud", "start")
        cloud = project.ascend("cloud", "status", "--json").document
        (tmp_path / "backend").mkdir()
        environment = project.environment(
            PULUMI_BACKEND_URL=(tmp_path / "backend").as_uri(),
            PULUMI_DEBUG_PROVIDERS=",".join(f"{name}:{port}" for name, port in cloud["providers"].items()),
        )

        def pulumi(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = ["pulumi", *arguments, "--stack", "dev", "--non-interactive"]
            return subprocess.run(
                command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_S
            )

        judged = ("preview", "--policy-pack", str(REPOSITORY / "policies"))
        assert pulumi("stack", "init").returncode == 0
        good = pulumi(*judged)
        assert good.returncode == 0, good.stdout + good.stderr
        assert "✅ ascend@v" in good.stdout
        assert "[mandatory]" not in good.stdout
        assert "[advisory]" not in good.stdout

        (tmp_path / "config.json").write_text(json.dumps(CONFIG))
        bad = pulumi(*judged, "--policy-pack-config", str(tmp_path / "config.json"))
        assert bad.returncode != 0
        assert "[mandatory] [severity: high]  cost-within-cap" in bad.stdout
        assert "the cap is $10.00" in bad.stdout
        assert "goes off at 70, at most 50 is allowed" in bad.stdout
        assert "[advisory] [severity: medium]  log-retention" in bad.stdout
    finally:
        project.close()
