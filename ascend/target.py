"""Which stack a command means: the project's folder, the stack's name, and what is laid over its config."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from ascend.engine.model import Target
from ascend.errors import InputError

PROJECT_FILE = "Pulumi.yaml"
_PACK = "policies"
_PACK_FILE = "PulumiPolicy.yaml"
#: Region of a stack that has no file and so names none.
DEFAULT_REGION = "us-east-1"
#: What the official CLI takes as a stack's name (sdk/go/common/tokens, backend/diy), without names such as ``..``.
_STACK_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


def find_root(start: Path) -> Path:
    """The nearest folder at or above `start` that holds a Pulumi.yaml.

    Raises:
        InputError: where there is none, or `start` is no folder.
    """
    folder = start.expanduser().absolute()
    if not folder.is_dir():
        raise InputError(f"{start}: no such folder")
    for candidate in (folder, *folder.parents):
        if (candidate / PROJECT_FILE).is_file():
            return candidate
    raise InputError(f"{start}: no {PROJECT_FILE} here or in a folder above; go to the project or give --cwd")


def stack_file(root: Path, stack: str) -> Path:
    """Where the config of `stack` lies, whether or not the file is there."""
    return root / f"Pulumi.{stack}.yaml"


def stack_files(root: Path) -> list[str]:
    """The names of the stacks that have a file, sorted."""
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in root.glob("Pulumi.*.yaml"))


def check_name(stack: str) -> str:
    """Returns `stack` if it can be a stack's name.

    Raises:
        InputError: otherwise.
    """
    if not _STACK_NAME.fullmatch(stack):
        raise InputError(
            f"{stack!r} is not a stack name; allowed: 1 to 100 letters, digits, '-', '_' and '.', "
            "not starting with '-' or '.'"
        )
    return stack


def resolve(root: Path, stack: str, system: str | None = None, phase: str | None = None) -> Target:
    """The target of a run of the program.

    Args:
        root: the project's folder.
        stack: the stack's name.
        system: laid over ``ascend:system`` of the stack file.
        phase: laid over ``ascend:phase``.

    Raises:
        InputError: `stack` is no stack name, or has no file and is not described by `system` and `phase`.
    """
    check_name(stack)
    given = {"ascend:system": system, "ascend:phase": phase}
    config = {key: value for key, value in given.items() if value is not None}
    if not stack_file(root, stack).is_file():
        if len(config) < len(given):
            existing = ", ".join(stack_files(root)) or "none"
            raise InputError(
                f"no Pulumi.{stack}.yaml in {root}; stacks with a file: {existing}; "
                "for a stack without one give both --system and --phase"
            )
        config |= {"ascend:environment": stack, "aws:region": DEFAULT_REGION}
    return Target(root=root, stack=stack, config=config)


def existing(root: Path, stack: str) -> Target:
    """The target of a command that reads the stack's state and runs no program, so that it needs no stack file."""
    return Target(root=root, stack=check_name(stack))


def policy_pack(root: Path) -> Path | None:
    """The project's policy pack, or the one that this tool came with; None where there is neither."""
    own = root / _PACK
    if (own / _PACK_FILE).is_file():
        return own
    spec = importlib.util.find_spec(_PACK)
    folders = [] if spec is None else list(spec.submodule_search_locations or ())
    return next((Path(folder) for folder in folders if (Path(folder) / _PACK_FILE).is_file()), None)
