"""What is deployed, as a state that a review can be held against: an exported file, or the folder of a backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ascend.engine.embedded.project import load_project
from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: Where a backend keeps stacks: below the folder of ``pulumi login file://FOLDER``, and below a bucket that was copied.
_STACKS: Final = (".pulumi/stacks", "stacks")


def states(given: Path, root: Path, stacks: Sequence[str]) -> Mapping[str, Path]:
    """The state of each stack that is deployed.

    Args:
        given: a file that ``pulumi stack export`` wrote, of one stack, or the folder of a backend.
        root: the project's folder.
        stacks: the stacks.

    Raises:
        InputError: it is neither, or a file and there are several stacks.
    """
    if given.is_file():
        if len(stacks) != 1:
            raise InputError("--state is that of one stack; name it with --stack, or give a backend's folder")
        return {stacks[0]: given}
    if not given.is_dir():
        raise InputError(f"--state {given}: no such file; pulumi stack export --file {given} writes it")
    folder = next((given / name for name in _STACKS if (given / name).is_dir()), None)
    if folder is None:
        raise InputError(f"--state {given}: no backend; one holds {_STACKS[0]}, as after pulumi login file://{given}")
    own = folder / load_project(root).name
    if packed := [stack for stack in stacks if (own / f"{stack}.json.gz").is_file()]:
        raise InputError(f"--state {given}: the state of {packed[0]} is compressed; export it: pulumi stack export")
    return {stack: file for stack in stacks if (file := own / f"{stack}.json").is_file()}
