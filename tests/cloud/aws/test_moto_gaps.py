"""The overrides are needed: what they do, plain moto still does not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MODULES = sorted(path.stem for path in Path(__file__).parent.glob("gaps_*.py"))
SCRIPT = """
import importlib, json, sys
from tests.cloud.aws import gaps
module = importlib.import_module(f"tests.cloud.aws.{sys.argv[1]}")
mine = [one for one in gaps.GAPS if one.__module__ == module.__name__]
print(json.dumps([len(mine), gaps.closed(mine)]))
"""


@pytest.mark.parametrize("module", MODULES)
def test_gaps_are_still_there(module: str) -> None:
    """When this fails for a name, moto has learned it: take that part out of `ascend.cloud.aws.moto_overrides`."""
    command = [sys.executable, "-c", SCRIPT, module]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    count, closed = json.loads(done.stdout)
    assert count > 0
    assert closed == {}
