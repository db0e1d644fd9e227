"""What ``pulumi preview --policy-pack policies`` runs."""

import sys
from pathlib import Path

# The CLI puts this folder on the path, and the pack's modules are one level above, beside what they estimate with.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pulumi_policy

from policies.pack import LEVEL, NAME, policies

pulumi_policy.PolicyPack(name=NAME, policies=policies(), enforcement_level=LEVEL)
