"""Policy packs, run in this process: the same packs that ``pulumi preview --policy-pack`` runs in one of their own."""

from ascend.packs.judge import Remediation, Verdict, Violation, judge
from ascend.packs.pack import Pack, load

__all__ = ["Pack", "Remediation", "Verdict", "Violation", "judge", "load"]
