"""A copy of the project in a folder of its own, and the command run on it as a user runs it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[2]
PARTS = ("Pulumi.yaml", "Pulumi.dev.yaml", "infra", "components", "systems")
PASSPHRASE = "of the tests"
#: Seconds that one command may take: two regions through the official CLI, on a machine that does much else.
PATIENCE_S = 540


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Its JSON; its words where that is not what it printed."""
        assert self.code == 0, f"exit {self.code}: {self.err}"
        loaded: dict[str, Any] = json.loads(self.out)
        return loaded


@dataclass(frozen=True)
class Project:
    """A project whose state and cloud are its own."""

    root: Path

    @classmethod
    def copied(cls, root: Path) -> Project:
        """Copies what a deployment needs into `root`."""
        for part in PARTS:
            source = REPOSITORY / part
            if source.is_dir():
                shutil.copytree(source, root / part)
            else:
                shutil.copy(source, root / part)
        (root / ".venv").symlink_to(sys.prefix)
        return cls(root)

    def environment(self, **more: str | None) -> dict[str, str]:
        """The environment of a command: the user's without what would lead it out of the test."""
        own = {
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_HOME": str(self.root / "pulumi-home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "AWS_"))}
        merged: dict[str, str | None] = {**inherited, **own, **more}
        return {key: value for key, value in merged.items() if value is not None}

    @contextlib.contextmanager
    def here(self) -> Iterator[None]:
        """What commands of this project find in their environment when they run in this process."""
        before = dict(os.environ)
        os.environ["PULUMI_CONFIG_PASSPHRASE"] = PASSPHRASE
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def start(self, *arguments: str, **environment: str | None) -> subprocess.Popen[str]:
        """Starts `ascend` on this project."""
        return subprocess.Popen(
            [sys.executable, "-m", "ascend", *arguments, "--cwd", str(self.root)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.root,
            env=self.environment(**environment),
        )

    def ascend(self, *arguments: str, **environment: str | None) -> Ran:
        """Runs `ascend` on this project to its end."""
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=PATIENCE_S)
        return Ran(process.returncode, out, err)

    def up(self, stack: str = "dev", *more: str) -> dict[str, Any]:
        """Deploys, and returns the JSON of it."""
        return self.ascend("up", stack, "--embedded", "--yes", "--json", *more).document

    def endpoint(self) -> str:
        """Where the embedded AWS answers."""
        found: str = self.ascend("cloud", "status", "--json").document["endpoint"]
        return found

    def state(self, stack: str = "dev") -> dict[str, Any]:
        """The stack's state as it lies on disk."""
        file = self.root / ".ascend" / "state" / ".pulumi" / "stacks" / "ascend" / f"{stack}.json"
        loaded: dict[str, Any] = json.loads(file.read_text())
        return loaded["checkpoint"]["latest"]

    def close(self) -> None:
        """Stops the cloud."""
        self.ascend("cloud", "stop")
