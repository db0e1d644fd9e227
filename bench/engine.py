"""How long the embedded engine takes, beside the official CLI where that is on PATH.

    .venv/bin/python bench/engine.py [--rounds 5] [--json]

Both engines get the same program, the same emulated providers in the same process and stacks of their own, in
turns within one run, so that what else the machine does hits both alike. Conditions are fair: bytecode is compiled,
the CLI neither looks for updates nor for plugins to download, and both are timed from the start of the process to its
end. Printed are medians, and ratios of medians (embedded divided by official); the issue's bounds are 0.6 for Floyo
and 0.4 for 500 resources.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from common import PROJECT, copied, timed

PASSPHRASE = "bench"
FLOYO = {"ascend:system": "floyo", "ascend:phase": "single-region", "aws:region": "us-east-1"}
MANY = 500

MANY_PROGRAM = """
import pulumi
import pulumi_random as random

for number in range({many}):
    random.RandomString(f"s{{number}}", length=16)
"""


@dataclass
class Timings:
    """Seconds of each round by what was done, then by engine."""

    rounds: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, what: str, engine: str, seconds: float) -> None:
        """Adds one round."""
        self.rounds.setdefault(what, {}).setdefault(engine, []).append(seconds)

    def medians(self) -> dict[str, dict[str, float]]:
        """Medians, and the ratio where both engines ran."""
        table = {}
        for what, engines in self.rounds.items():
            row = {engine: statistics.median(taken) for engine, taken in engines.items()}
            if {"embedded", "official"} <= row.keys():
                row["ratio"] = row["embedded"] / row["official"]
            table[what] = row
        return table


class Bench:
    """One project with its own embedded cloud, on which both engines work.

    Args:
        root: the project's folder.
        official: whether `pulumi` is on PATH.
        config: the config of every stack.
    """

    def __init__(self, root: Path, *, official: bool, config: dict[str, str]) -> None:
        self.root = root
        self.official = official
        self.config = config
        self.environment = dict(os.environ) | {
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_HOME": str(root / ".ascend" / "bench-home"),
            "PULUMI_BACKEND_URL": (root / "official-state").as_uri(),
        }

    def ascend(self, *arguments: str) -> list[str]:
        """A command line of ours."""
        return [sys.executable, "-m", "ascend", *arguments, "--cwd", str(self.root)]

    def start(self) -> None:
        """Starts the cloud that both use."""
        timed(self.ascend("cloud", "start"), self.root, self.environment)
        status = subprocess.run(
            self.ascend("cloud", "status", "--json"), capture_output=True, env=self.environment, check=True
        )
        providers = json.loads(status.stdout)["providers"]
        self.environment["PULUMI_DEBUG_PROVIDERS"] = ",".join(f"{name}:{port}" for name, port in providers.items())
        (self.root / "official-state").mkdir(exist_ok=True)

    def stop(self) -> None:
        """Stops the cloud."""
        timed(self.ascend("cloud", "stop"), self.root, self.environment)

    def run(self, engine: str, what: str, stack: str) -> float:
        """Times one preview or up of a stack by one engine, seconds."""
        if engine == "embedded":
            yes = ["--yes", "--skip-preview"] if what == "up" else []
            command = self.ascend(what, stack, "--embedded", "--json", *yes)
        else:
            command = ["pulumi", what, "--stack", stack, "--non-interactive", "--suppress-outputs"]
            command += ["--yes", "--skip-preview"] if what == "up" else []
        return timed(command, self.root, self.environment)

    def create(self, engine: str, stack: str) -> None:
        """Makes a stack: its file, and the entry in the backend that the official CLI wants first."""
        (self.root / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": self.config}))
        if engine == "official":
            timed(["pulumi", "stack", "init", stack, "--no-select"], self.root, self.environment)

    def measure(self, label: str, rounds: int, timings: Timings) -> None:
        """First up, preview of the unchanged stack and second up, `rounds` times by each engine in turn."""
        engines = ["embedded", "official"] if self.official else ["embedded"]
        for number in range(rounds):
            self.start()
            try:
                for engine in engines if number % 2 else engines[::-1]:
                    stack = f"{engine[:1]}{number}"
                    self.create(engine, stack)
                    timings.add(f"{label}: up, new", engine, self.run(engine, "up", stack))
                    timings.add(f"{label}: preview, unchanged", engine, self.run(engine, "preview", stack))
                    timings.add(f"{label}: up, unchanged", engine, self.run(engine, "up", stack))
            finally:
                self.stop()
                shutil.rmtree(self.root / "official-state", ignore_errors=True)


def floyo(folder: Path, *, official: bool) -> Bench:
    """The project itself: Floyo at phase 1."""
    copied(folder)
    return Bench(folder, official=official, config=FLOYO)


def many(folder: Path, *, official: bool) -> Bench:
    """A program of 500 resources."""
    document = {
        "name": "many",
        "runtime": {"name": "python", "options": {"toolchain": "pip", "virtualenv": ".venv"}},
        "main": "program",
    }
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(document))
    (folder / "program").mkdir()
    (folder / "program" / "__main__.py").write_text(MANY_PROGRAM.format(many=MANY))
    (folder / ".venv").symlink_to(sys.prefix)
    return Bench(folder, official=official, config={})


#: The program's imports as each engine does them: the embedded one loads the SDK's parts when they are used.
IMPORTS = {
    "embedded": "from ascend.engine.embedded import lazy_sdk; lazy_sdk.install(); import pulumi, infra.world",
    "official": "import pulumi, infra.world",
}


def import_seconds(rounds: int) -> dict[str, float]:
    """What the program's imports take in a new process, seconds (medians), the interpreter's own start taken off."""

    def median(code: str) -> float:
        return statistics.median(timed([sys.executable, "-c", code], PROJECT, dict(os.environ)) for _ in range(rounds))

    start = median("pass")
    return {engine: median(code) - start for engine, code in IMPORTS.items()}


def report(timings: Timings, imports: dict[str, float], *, official: bool) -> str:
    """The table as Markdown."""
    lines = ["| | embedded, s | official CLI, s | ratio |", "|---|---|---|---|"]
    for what, row in timings.medians().items():
        cells = [f"{row[column]:.2f}" if column in row else "n/a" for column in ("embedded", "official", "ratio")]
        lines.append(f"| {what} | {' | '.join(cells)} |")
    previews = timings.medians()["Floyo, phase 1: preview, unchanged"]
    shares = [
        f"{taken:.2f} s as the {engine} engine does them ({taken / previews[engine]:.0%} of its preview of Floyo)"
        if engine in previews
        else f"{taken:.2f} s as the {engine} engine does them"
        for engine, taken in imports.items()
    ]
    lines += ["", f"Imports of the program: {', '.join(shares)}."]
    if not official:
        lines.append("Ratios are skipped: pulumi is not on PATH.")
    return "\n".join(lines)


def main() -> None:
    """Runs the benchmark and prints the table, or the rounds as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="rounds by each engine (default 5)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    official = shutil.which("pulumi") is not None
    for package in ("ascend", "components", "infra"):
        compileall.compile_dir(PROJECT / package, quiet=2)
    timings = Timings()
    for label, prepare in (("Floyo, phase 1", floyo), (f"{MANY} resources", many)):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            prepare(Path(folder), official=official).measure(label, options.rounds, timings)
    imports = import_seconds(options.rounds)
    if options.json:
        print(json.dumps({"rounds": timings.rounds, "medians": timings.medians(), "imports_s": imports}, indent=2))
    else:
        print(report(timings, imports, official=official))


if __name__ == "__main__":
    main()
