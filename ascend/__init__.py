"""Ascend: the tool around the Pulumi program (commands, engines, the embedded cloud)."""

__version__ = "0.1.0"
