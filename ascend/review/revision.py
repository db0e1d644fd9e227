"""The revision that a change is held against, read from git without touching the working tree."""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
import subprocess
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: Parts of a project that its program does not read: a change in them changes no plan.
_APART: Final = frozenset({".github", ".gitignore", "ascend", "bench", "docs", "policies", "tests"})
_STACK_FILE: Final = re.compile(r"Pulumi\.(?P<stack>.+)\.yaml")
_HUNK: Final = re.compile(r"^@@ -\S+ \+(?P<start>\d+)(?:,(?P<count>\d+))? @@")


@dataclass(frozen=True, slots=True)
class Base:
    """A revision of a project.

    Attributes:
        root: the project's folder in the working tree.
        prefix: where that is in the repository, ``""`` or ``"infra/"``.
        commit: the revision.
        entries: the parts that the program may read: git's object by name.
    """

    root: Path
    prefix: str
    commit: str
    entries: Mapping[str, str]

    @property
    def key(self) -> str:
        """What a plan of this revision may be found under again."""
        text = "\n".join(f"{name} {entry}" for name, entry in sorted(self.entries.items()))
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    @property
    def stacks(self) -> list[str]:
        """The stacks that have a file."""
        found = (_STACK_FILE.fullmatch(name) for name in sorted(self.entries))
        return [match["stack"] for match in found if match]

    def extract(self, folder: Path) -> None:
        """Writes the project as it was into a folder.

        Raises:
            InputError: git cannot read it.
        """
        if not self.entries:
            return
        tree = f"{self.commit}:{self.prefix}"
        packed = _git(self.root, "archive", "--format=tar", tree, "--", *sorted(self.entries), top=True)
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            for member in archive:
                _unpack(archive, member, folder)

    def changed_lines(self) -> dict[str, list[int]]:
        """The lines of the working tree that are not as they were, by file relative to the project.

        A line that is gone stands for the one before it. Files that git does not know yet have changed as a whole.
        """
        shown = _git(
            self.root, "diff", "--unified=0", "--no-color", "--no-ext-diff", "--relative", self.commit, "--", "."
        )
        changed: dict[str, list[int]] = {}
        lines: list[int] = []
        for line in shown.decode(errors="replace").splitlines():
            if line.startswith("+++ "):
                name = line[4:].removeprefix("b/")
                lines = changed.setdefault(name, []) if name != "/dev/null" else []
            elif hunk := _HUNK.match(line):
                start, count = int(hunk["start"]), int(hunk["count"] or 1)
                lines.extend(range(start, start + count) if count else [max(start, 1)])
        others = _git(self.root, "ls-files", "--others", "--exclude-standard", "--", ".").decode(errors="replace")
        for name in others.splitlines():
            changed[name] = [1]
        return changed

    def reaches(self, changed: Mapping[str, Sequence[int]], stack: str) -> bool:
        """Whether a change of these files can change a stack."""
        read = [name for name in changed if (top := name.partition("/")[0]) not in _APART and not top.endswith(".md")]
        return any(name == f"Pulumi.{stack}.yaml" or not _STACK_FILE.fullmatch(name) for name in read)


def find(root: Path, reference: str) -> Base:
    """The revision at which what is in the working tree branched off from `reference`.

    Args:
        root: the project's folder.
        reference: a branch, a tag or a commit.

    Raises:
        InputError: this is no repository, or has no such revision.
    """
    try:
        commit = _text(root, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}")
    except InputError as error:
        _text(root, "rev-parse", "--git-dir")  # says so where this is no repository at all
        raise InputError(
            f"--base {reference}: no such revision here; fetch it (git fetch origin), or name another one"
        ) from error
    # What others have put on the branch since is not part of this change. A shallow clone does not know.
    with contextlib.suppress(InputError):
        commit = _text(root, "merge-base", commit, "HEAD")
    prefix = _text(root, "rev-parse", "--show-prefix")
    listed = _git(root, "ls-tree", "-z", f"{commit}:{prefix}", top=True).decode()
    entries = {}
    for row in filter(None, listed.split("\0")):
        about, _, name = row.partition("\t")
        if name not in _APART and not name.endswith(".md"):
            entries[name] = about.split()[2]
    return Base(root, prefix, commit, entries)


def short(commit: str) -> str:
    """A commit as people write it."""
    return commit[:10]


def _text(root: Path, *arguments: str) -> str:
    return _git(root, *arguments).decode(errors="replace").strip()


def _git(root: Path, *arguments: str, top: bool = False) -> bytes:
    """Runs git; `top` for what takes paths of the tree it is given and not of the folder it stands in.

    Raises:
        InputError: there is no git, or it failed.
    """
    place: Sequence[str] = ["-C", str(root)]
    if top:
        folder = _git(root, "rev-parse", "--show-toplevel").decode().strip()
        place = ["-C", folder]
    try:
        done = subprocess.run(["git", *place, *arguments], capture_output=True, check=False)  # noqa: S603, S607 -- the user's git
    except OSError as error:
        raise InputError(f"review needs git, which cannot be run ({error.strerror}); or give --state FILE") from error
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split()) or f"exit code {done.returncode}"
        raise InputError(f"{root}: git {arguments[0]}: {said}")
    return done.stdout


def _unpack(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Writes one entry of what git packed: folders, files, and links to what is packed with them.

    Python 3.11 has no filter that keeps entries inside of the folder before its fourth release.

    Raises:
        InputError: it would lie outside of the folder, or is none of these.
    """
    place, inside = folder / member.name, folder.resolve()
    target = place.parent / member.linkname if member.issym() else place
    if not (member.isdir() or member.isfile() or member.issym()) or not target.resolve().is_relative_to(inside):
        raise InputError(f"{member.name}: leads out of the project; it cannot be reviewed")
    if member.isdir():
        place.mkdir(parents=True, exist_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if member.issym():
        place.symlink_to(member.linkname)
        return
    content = archive.extractfile(member)
    place.write_bytes(b"" if content is None else content.read())
