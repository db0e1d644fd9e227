"""The ways a command can fail, and the exit code of each."""

from __future__ import annotations

from typing import ClassVar


class AscendError(Exception):
    """Base of the errors that end a command with one line on stderr instead of a traceback.

    The message is one line: what is wrong, where (file and key), what is allowed, what to do next.
    """

    exit_code: ClassVar[int] = 1


class InputError(AscendError):
    """Bad input: nothing was changed. Exit code 2."""

    exit_code = 2


class UpdateError(AscendError):
    """An update stopped part of the way; what was done is in the state and the next run continues. Exit code 1."""


class StoppedError(AscendError):
    """The user stopped the command before it changed anything. Exit code 130."""

    exit_code = 130
