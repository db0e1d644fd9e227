"""A small system on the first steps of the ladder, and the commands that move it, here or in a process to be killed."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from ascend.cloud.process import status
from ascend.promotion import journal
from ascend.promotion.demote_command import demote
from ascend.promotion.promote_command import promote
from tests.e2e.account import Account
from tests.e2e.project import Project
from tests.failover.day import SYSTEM

if TYPE_CHECKING:
    from pathlib import Path

    from ascend.cloud.process import CloudInfo
    from ascend.promotion.journal import Journal

REGION = "us-east-1"
STACK = "small"
_COMMANDS = {"promote": promote, "demote": demote}
FILE = f"""\
# Written by hand.
config:
  aws:region: {REGION}
  ascend:system: small
  ascend:phase: single-region # the first
"""


@dataclass(frozen=True)
class Ladder:
    """A project with the stack."""

    project: Project

    @classmethod
    def begun(cls, root: Path, *options: str) -> Ladder:
        """A project with a system of one service and one database, deployed at its first phase."""
        project = Project.copied(root)
        shutil.rmtree(root / "systems")
        (root / "systems").mkdir()
        database = {key: one for key, one in SYSTEM["database"].items() if key not in ("shards", "read_replicas")}
        roomy = {"single-region": {"database_gib": 8, "bandwidth_gib_month": 5000}}
        system = yaml.safe_dump({**SYSTEM, "database": database, "limits": roomy}, sort_keys=False)
        (root / "systems" / "small.yaml").write_text(system, encoding="utf-8")
        made = cls(project)
        made.write(FILE)
        project.up(STACK, "--skip-preview", *options)
        return made

    @property
    def root(self) -> Path:
        return self.project.root

    @property
    def cloud(self) -> CloudInfo:
        found = status(self.root)
        assert found is not None
        return found

    def write(self, text: str) -> None:
        (self.root / f"Pulumi.{STACK}.yaml").write_text(text, encoding="utf-8")

    def text(self) -> str:
        return (self.root / f"Pulumi.{STACK}.yaml").read_text(encoding="utf-8")

    def run(self, verb: str, **options: Any) -> dict[str, Any]:
        """Runs a command in this process; returns the JSON that it prints."""
        out = io.StringIO()
        given = {"yes": True, "json": True, "embedded": True, **({"force": "a test"} if verb == "promote" else {})}
        with self.project.here(), contextlib.redirect_stdout(out):
            _COMMANDS[verb](self.root, STACK, **{**given, **options})
        document: dict[str, Any] = json.loads(out.getvalue())
        return document

    def killed(self, step: str, wait_s: float = 0.0) -> None:
        """Promotes in another process, and kills all of it when a step has been under way for a while."""
        code = (
            "import pathlib, sys\n"
            "from ascend.promotion.promote_command import promote\n"
            f"promote(pathlib.Path(sys.argv[1]), '{STACK}', yes=True, embedded=True, force='a test')\n"
        )
        attempts = self.attempts(step)
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(self.root)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.project.environment(),
            start_new_session=True,
        )
        end = time.monotonic() + 600
        while self.attempts(step) == attempts:
            assert process.poll() is None, f"it ended before {step}"
            assert time.monotonic() < end, f"it did not come to {step}"
            time.sleep(0.01)
        time.sleep(wait_s)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def attempts(self, step: str) -> int:
        return sum(one.attempts(step) for one in self.journals())

    def journals(self) -> list[Journal]:
        return journal.every(self.root, STACK)

    def account(self) -> Account:
        return Account(self.cloud.aws_endpoint, (REGION,))

    def protected(self) -> dict[str, str]:
        """The physical ids of everything protected, by URN."""
        return {one["urn"]: one["id"] for one in self.project.state(STACK)["resources"] if one.get("protect")}

    def phase(self) -> str:
        """What the state says of the phase."""
        roots = (one for one in self.project.state(STACK)["resources"] if one["type"] == "ascend:index:World")
        return str(next(roots)["inputs"]["phase"])
