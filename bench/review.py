"""How long a review of the production stack takes, beside one preview of it by the official CLI.

    .venv/bin/python bench/review.py [--rounds 5] [--stack prod] [--json]

In turns, each from the start of the process to its end, in one copy of the project that is a git repository: a review
with nothing kept (base, head, pack, cost, capacity, incidents), a review that finds its base kept, and `pulumi preview`
of the same stack by the CLI on PATH against the same emulated providers, with bytecode compiled for all. The bound: a
review with nothing kept takes at most the time of the preview. Without a CLI on PATH only the reviews are measured.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from common import PROJECT, copied, timed

from ascend.review import planning

NOTHING_KEPT, BASE_KEPT, PREVIEW = "review, nothing kept", "review, base kept", "pulumi preview"


def repository(root: Path, stack: str) -> Path:
    """A copy of the project with one stack, committed, and an edit on top."""
    copied(root)
    shutil.copytree(PROJECT / "policies", root / "policies", ignore=shutil.ignore_patterns("__pycache__"))
    file = root / f"Pulumi.{stack}.yaml"
    shutil.copy(PROJECT / file.name, file)
    (root / ".gitignore").write_text(".ascend/\n.pulumi/\n.venv\n__pycache__/\n")
    author = ["-c", "user.name=bench", "-c", "user.email=bench@bench.example", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message=base"]):
        subprocess.run(["git", *author, *arguments], cwd=root, check=True)
    file.write_text(file.read_text() + "  ascend:databaseMaxStorageGib: 1100\n")
    return root


def measure(root: Path, stack: str, rounds: int) -> dict[str, list[float]]:
    """Wall times in seconds of each thing, measured in turns."""
    environment = dict(os.environ) | {"PULUMI_CONFIG_PASSPHRASE": "bench", "PULUMI_SKIP_UPDATE_CHECK": "true"}
    environment["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    ascend = [sys.executable, "-m", "ascend"]
    review = [*ascend, "review", "--stack", stack, "--cwd", str(root)]
    preview = [*ascend, "preview", stack, "--embedded", "--engine", "pulumi", "--json", "--cwd", str(root)]
    has_cli = shutil.which("pulumi") is not None
    if has_cli:
        timed([*ascend, "cloud", "start", "--cwd", str(root)], root, environment)
    found: dict[str, list[float]] = {NOTHING_KEPT: [], BASE_KEPT: [], **({PREVIEW: []} if has_cli else {})}
    try:
        for _ in range(rounds):
            shutil.rmtree(root / planning.KEPT, ignore_errors=True)
            found[NOTHING_KEPT].append(timed(review, root, environment))
            found[BASE_KEPT].append(timed(review, root, environment))
            if has_cli:
                found[PREVIEW].append(timed(preview, root, environment))
    finally:
        if has_cli:
            timed([*ascend, "cloud", "stop", "--cwd", str(root)], root, environment)
    return found


def main() -> None:
    """Measures and prints medians, or all figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each (default 5)")
    parser.add_argument("--stack", default="prod", help="the stack (default prod)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        found = measure(repository(Path(folder), options.stack), options.stack, options.rounds)
    medians = {name: statistics.median(seconds) for name, seconds in found.items()}
    if options.json:
        print(json.dumps({"seconds": found, "medians": medians}, indent=2))
        return
    for name, seconds in medians.items():
        print(f"{name:<24}{seconds:7.2f} s")
    if PREVIEW in medians:
        print(f"{'ratio, nothing kept':<24}{medians[NOTHING_KEPT] / medians[PREVIEW]:7.2f}")


if __name__ == "__main__":
    main()
