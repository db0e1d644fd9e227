"""The Pulumi program: config and system become a `Deployment`, the deployment becomes components."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# `pulumi up` runs this folder as a script: what stands beside it must be found without anything of ours installed.
sys.path.insert(0, str(ROOT))

from infra import resolve, world  # noqa: E402 -- found through the line above

world.deploy(resolve.load(ROOT))
