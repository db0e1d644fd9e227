"""How long each phase takes, and how that grows with services and regions.

    .venv/bin/python bench/phases.py [--rounds 3] [--json]

Printed are medians of wall times by the embedded engine, each from the start of the process to its end: for each phase
of Floyo the import of its program, a preview with nothing there, an up to a new embedded cloud and an up that changes
nothing; then previews of phase 4 with 1 to 100 services and 2 to 8 regions (1 region at phase 3), with the number of
resources. Growth is linear where the seconds per further service or region stay the same.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from common import PROJECT, copied, timed

if TYPE_CHECKING:
    from collections.abc import Sequence

PHASES = ("single-region", "cached", "scaled", "global")
REGIONS = (
    "us-east-1",
    "eu-west-1",
    "ap-southeast-1",
    "us-west-2",
    "eu-central-1",
    "ap-northeast-1",
    "ap-southeast-2",
    "us-east-2",
)
SERVICES = (1, 25, 50, 100)
REGION_COUNTS = (1, 2, 4, 8)
#: What the program of a phase imports, as the embedded engine does it.
IMPORT = (
    "import sys; from ascend.engine.embedded import lazy_sdk; lazy_sdk.install(); "
    "import pulumi, infra.world; from infra import edge"
)


@dataclass(frozen=True)
class Row:
    """One measured stack.

    Attributes:
        what: the stack.
        resources: how many resources it has.
        seconds: medians of what was done with it.
    """

    what: str
    resources: int
    seconds: dict[str, float]


class Bench:
    """A copy of the project with an embedded cloud of its own.

    Args:
        root: the copy's folder.
        rounds: how often each thing is measured.
    """

    def __init__(self, root: Path, rounds: int) -> None:
        self.root = copied(root)
        self.rounds = rounds
        self.environment = dict(os.environ) | {"PULUMI_CONFIG_PASSPHRASE": "bench"}

    def write(
        self, stack: str, phase: str, system: str = "floyo", regions: Sequence[str] = REGIONS[:1], **more: Any
    ) -> None:
        """Writes a stack's file."""
        keys: dict[str, Any] = {
            "system": system,
            "phase": phase,
            "domain": f"{stack}.example",
            "zone": f"{stack}.example",
            **more,
        }
        if len(regions) > 1:
            keys["regions"] = list(regions)
        document = {"config": {"aws:region": regions[0], **{f"ascend:{key}": value for key, value in keys.items()}}}
        (self.root / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(document))

    def services(self, count: int) -> str:
        """Writes a system of so many services: Floyo's api again and again, each under a path of its own."""
        name = f"floyo{count}"
        system = yaml.safe_load((self.root / "systems" / "floyo.yaml").read_text())
        api = system["services"]["api"]
        system |= {
            "name": name,
            "services": {f"s{number}": {**api, "public_path": f"/s{number}/*"} for number in range(count)},
            "storage": {key: {**value, "services": ["s0"]} for key, value in system["storage"].items()},
        }
        (self.root / "systems" / f"{name}.yaml").write_text(yaml.safe_dump(system))
        return name

    def command(self, *arguments: str) -> list[str]:
        """A command line of ours."""
        return [sys.executable, "-m", "ascend", *arguments, "--cwd", str(self.root)]

    def preview(self, stack: str) -> tuple[float, int]:
        """The median wall time of a preview, seconds, and how many resources it plans."""
        command = self.command("preview", stack, "--embedded", "--json")
        seconds = statistics.median(timed(command, self.root, self.environment) for _ in range(self.rounds))
        shown = subprocess.run(command, capture_output=True, env=self.environment, check=True).stdout
        return seconds, len(json.loads(shown)["steps"])

    def up(self, stack: str) -> float:
        """The wall time of one up, seconds."""
        command = self.command("up", stack, "--embedded", "--yes", "--skip-preview", "--json")
        return timed(command, self.root, self.environment)

    def phase(self, phase: str) -> Row:
        """Measures Floyo at one phase, at the last with two regions."""
        regions = REGIONS[:2] if phase == PHASES[-1] else REGIONS[:1]
        stack = f"bench-{phase}"
        self.write(stack, phase, regions=regions)
        seconds, resources = self.preview(stack)
        new, unchanged = [], []
        for _ in range(self.rounds):
            timed(self.command("cloud", "start"), self.root, self.environment)
            try:
                new.append(self.up(stack))
                unchanged.append(self.up(stack))
            finally:
                timed(self.command("cloud", "stop"), self.root, self.environment)
        taken = {"preview": seconds, "up, new": statistics.median(new), "up, unchanged": statistics.median(unchanged)}
        where = f"{len(regions)} regions" if len(regions) > 1 else "1 region"
        return Row(f"phase {PHASES.index(phase) + 1} `{phase}`, {where}", resources, taken)

    def by_services(self, count: int) -> Row:
        """Measures a preview of phase 3 with so many services."""
        # All their tasks share one database, which takes only so many connections.
        few = {f"s{number}": {"maxTasks": 2} for number in range(count)}
        self.write("many", "scaled", self.services(count), services=few)
        seconds, resources = self.preview("many")
        return Row(f"{count} services", resources, {"preview": seconds})

    def by_regions(self, count: int) -> Row:
        """Measures a preview with so many regions; a single one is phase 3."""
        self.write("wide", PHASES[-1] if count > 1 else "scaled", regions=REGIONS[:count])
        seconds, resources = self.preview("wide")
        return Row(f"{count} regions", resources, {"preview": seconds})


def import_seconds(rounds: int) -> float:
    """What the imports of the program take in a new process, seconds, the interpreter's own start taken off."""

    def median(code: str) -> float:
        return statistics.median(timed([sys.executable, "-c", code], PROJECT, dict(os.environ)) for _ in range(rounds))

    return median(IMPORT) - median("pass")


def table(rows: Sequence[Row]) -> list[str]:
    """Rows as Markdown, with what each further resource costs against the row before."""
    columns = list(rows[0].seconds)
    lines = [f"| | resources | {' | '.join(f'{name}, s' for name in columns)} | ms per further resource |"]
    lines.append("|---" * (len(columns) + 3) + "|")
    for before, row in zip([None, *rows], rows, strict=False):
        more = row.resources - before.resources if before else 0
        each = (row.seconds[columns[0]] - before.seconds[columns[0]]) / more * 1000 if before and more > 0 else None
        cells = [f"{row.seconds[name]:.2f}" for name in columns]
        lines.append(
            f"| {row.what} | {row.resources} | {' | '.join(cells)} | {'' if each is None else f'{each:.1f}'} |"
        )
    return lines


def main() -> None:
    """Runs the measurements and prints the tables, or the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each (default 3)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    imports = import_seconds(options.rounds)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = Bench(Path(folder), options.rounds)
        tables = {
            "phases": [bench.phase(phase) for phase in PHASES],
            "services": [bench.by_services(count) for count in SERVICES],
            "regions": [bench.by_regions(count) for count in REGION_COUNTS],
        }
    if options.json:
        shown = {name: [asdict(row) for row in rows] for name, rows in tables.items()}
        print(json.dumps({"import_s": imports, **shown}, indent=2))
        return
    for rows in tables.values():
        print("\n".join([*table(rows), ""]))
    print(f"Imports of the program, edge included: {imports:.2f} s.")


if __name__ == "__main__":
    main()
