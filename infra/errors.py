"""Bad input to the program: every problem in one error, one line each, so that one run shows all there is to mend."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pulumi


class ConfigError(pulumi.RunError):
    """The config or a system's file is wrong; nothing was registered.

    The engines print the message as it is, without a traceback.

    Attributes:
        problems: one line each: ``<file>: <key>: <what is wrong>; <what is allowed>``.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(slots=True)
class Problems:
    """Collects what is wrong, so that the first mistake does not hide the second."""

    lines: list[str] = field(default_factory=list)

    def add(self, where: str, key: str, text: str) -> None:
        """Note one problem.

        Args:
            where: the file (``Pulumi.dev.yaml``) or what stands for it.
            key: the key in it, dotted (``ascend:services.api.cpu``); empty if the whole file is meant.
            text: what is wrong and what is allowed.
        """
        line = ": ".join(part for part in (where, key, text) if part)
        if line not in self.lines:
            self.lines.append(line)

    def raise_if_any(self) -> None:
        """Raise what was collected.

        Raises:
            ConfigError: if anything was.
        """
        if self.lines:
            raise self.error()

    def error(self) -> ConfigError:
        """What was collected, as the error to raise."""
        return ConfigError(self.lines)


def allowed(values: Iterable[object]) -> str:
    """The tail of a message that lists what is allowed: ``allowed: a, b, c``."""
    return "allowed: " + ", ".join(str(value) for value in values)


def did_you_mean(given: str, known: Iterable[str], prefix: str = "") -> str:
    """``did you mean 'x'?`` for the nearest of `known`, or, where none is near, the list of what is allowed.

    Args:
        given: what was written.
        known: what there is.
        prefix: what every name is shown with; it does not count as likeness.
    """
    names = list(known)
    by_lower = {name.lower(): name for name in names}
    near = difflib.get_close_matches(given.lower(), by_lower, n=1, cutoff=0.6)
    return f"did you mean '{prefix}{by_lower[near[0]]}'?" if near else allowed(f"{prefix}{name}" for name in names)
