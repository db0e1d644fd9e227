"""The overrides are needed: what they do, plain moto still does not."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.thorough import thorough

ROOT = Path(__file__).parents[3]
#: moto's version when the gaps were last looked for.
LOOKED_AT = "5.2.5"
MODULES = sorted(path.stem for path in Path(__file__).parent.glob("gaps_*.py"))
SCRIPT = """
import importlib, json, sys
from tests.cloud.aws import gaps
module = importlib.import_module(f"tests.cloud.aws.{sys.argv[1]}")
mine = [one for one in gaps.GAPS if one.__module__ == module.__name__]
print(json.dumps([len(mine), gaps.closed(mine)]))
"""


def test_the_gaps_were_looked_for_in_the_moto_that_is_used() -> None:
    """When this fails, moto has changed: look (make test-all), take out what it has learned, note its version here."""
    assert version("moto") == LOOKED_AT


@thorough
@pytest.mark.parametrize("module", MODULES)
def test_gaps_are_still_there(module: str) -> None:
    """When this fails for a name, moto has learned it: take that part out of `ascend.cloud.aws.moto_overrides`."""
    command = [sys.executable, "-c", SCRIPT, module]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    count, closed = json.loads(done.stdout)
    assert count > 0
    assert closed == {}
