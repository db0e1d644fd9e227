"""The embedded engine: runs the unmodified Pulumi program where there is no CLI and no account.

`EmbeddedEngine` is all that others need. It starts a process per run (`host`), which holds engine and program together
and talks to the providers of the embedded cloud; see design.md, "Engines".
"""

from ascend.engine.embedded.client import EmbeddedEngine

__all__ = ["EmbeddedEngine"]
