"""A project in which single lines are edited, and the process that plans it: one for all the cases of a module."""

from __future__ import annotations

import compileall
import difflib
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ascend.review import planning
from ascend.review.job import Job
from ascend.review.review import Review, review

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ascend.review.planning import Planned, Planners

ROOT = Path(__file__).parents[2]
CASES = Path(__file__).parent / "cases"
PARTS = ("Pulumi.yaml", "components", "infra", "systems")
#: The stacks that cases are about, by name: what each has that the first has not.
STACKS: Mapping[str, Mapping[str, Any]] = {
    "one": {},
    "grown": {"ascend:databaseStorageGib": 40},
    "two": {"ascend:phase": "cached"},
    "three": {
        "ascend:phase": "scaled",
        "ascend:environment": "prod",
        "ascend:images": {name: f"ghcr.io/floyo/{name}@sha256:{'5f3a1c0de7b94ad2' * 4}" for name in ("web", "api")},
    },
}
_CONFIG = {
    "aws:region": "us-east-1",
    "ascend:system": "floyo",
    "ascend:phase": "single-region",
    "ascend:environment": "dev",
    "ascend:alertReceivers": ["oncall@floyo.example"],
}


@dataclass(frozen=True)
class Case:
    """One edit of a project.

    Attributes:
        name: what is edited.
        stack: the stack that it is judged on.
        config: keys of the stack's file that change.
        edits: texts of files that change, each there once.
        rules: one of these must block it; empty for an edit that is to pass.
        type: the type of the resource that is named; empty for any.
        file: the file that the finding points to; empty for any.
        seldom: whether not every run tries it.
    """

    name: str
    why: str
    stack: str = "one"
    config: Mapping[str, Any] = field(default_factory=dict)
    edits: Sequence[Mapping[str, str]] = ()
    rules: Sequence[str] = ()
    type: str = ""
    file: str = ""
    seldom: bool = False


def cases(name: str) -> list[Case]:
    """The cases of a file."""
    loaded = yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))
    return [Case(name=key, **fields) for key, fields in loaded.items()]


class Lab:
    """A copy of the project, with stacks of one system.

    Args:
        folder: where it may write.
        planners: the process that plans.
        pack: the policy pack.
    """

    def __init__(self, folder: Path, planners: Planners, pack: Path | None) -> None:
        self.folder, self.root = folder, folder / "base"
        self.planners, self._pack = planners, pack
        self._befores: dict[str, Planned] = {}
        _copy(ROOT, self.root)
        compileall.compile_dir(self.root, quiet=2)
        for stack in STACKS:
            config_of(self.root, stack)

    def review(self, case: Case) -> Review:
        """What a review says of a case."""
        before = self._before(case.stack)
        variant = self.folder / case.name
        shutil.copytree(self.root, variant, copy_function=os.link)
        changed = edit(self.root, variant, case)
        result = self.folder / f"{case.name}.json"
        self.planners.send([self._job(variant, case.stack, result, state=str(self._state(case.stack)), salt="head")])
        after = planning.read(result, case.stack, "the change")
        found = review(variant, case.stack, before, after, changed=changed)
        shutil.rmtree(variant)
        return found

    def _before(self, stack: str) -> Planned:
        if stack not in self._befores:
            result = self.folder / f"{stack}.json"
            self.planners.send([self._job(self.root, stack, result, feeds=str(self._state(stack)), salt="base")])
            self._befores[stack] = planning.read(result, stack, "the base")
        return self._befores[stack]

    def _state(self, stack: str) -> Path:
        return self.folder / f"{stack}.state"

    def _job(self, root: Path, stack: str, result: Path, **more: Any) -> Job:
        judge = "" if self._pack is None else str(self._pack)
        return Job(root=str(root), stack=stack, result=str(result), judge=judge, **more)


def _copy(source: Path, folder: Path) -> None:
    folder.mkdir()
    for part in PARTS:
        if (source / part).is_dir():
            shutil.copytree(source / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source / part, folder / part)


def _edge(stack: str) -> Mapping[str, Any]:
    return (
        {}
        if stack in {"one", "grown"}
        else {"ascend:domain": f"app.{stack}.example", "ascend:zone": f"{stack}.example"}
    )


def _write(root: Path, stack: str, config: Mapping[str, Any]) -> None:
    (root / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": dict(config)}), encoding="utf-8")


def config_of(root: Path, stack: str) -> None:
    """Writes the file of a stack that cases are about."""
    _write(root, stack, {**_CONFIG, **_edge(stack), **STACKS[stack]})


def edit(base: Path, variant: Path, case: Case) -> dict[str, list[int]]:
    """Makes a case's edits; returns the lines that they changed, by file."""
    files = {edit["file"] for edit in case.edits}
    for edit in case.edits:
        file = variant / edit["file"]
        text = file.read_text(encoding="utf-8")
        assert text.count(edit["find"]) == 1, f"{case.name}: {edit['file']}: {edit['find']!r} is not there once"
        # The file of the base is the same one: a link is broken before it is written to.
        file.unlink()
        file.write_text(text.replace(edit["find"], edit["put"]), encoding="utf-8")
    if case.config:
        name = f"Pulumi.{case.stack}.yaml"
        files.add(name)
        config = yaml.safe_load((variant / name).read_text(encoding="utf-8"))["config"]
        (variant / name).unlink()
        _write(variant, case.stack, {**config, **case.config})
    return {file: _changed(base / file, variant / file) for file in files}


def _changed(old: Path, new: Path) -> list[int]:
    before, after = (file.read_text(encoding="utf-8").splitlines() for file in (old, new))
    blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return [
        line for op, _, _, start, end in blocks if op != "equal" for line in range(start + 1, max(end, start + 1) + 1)
    ]


def pack_of(root: Path) -> Path:
    """The project's policy pack."""
    assert (root / "policies" / "PulumiPolicy.yaml").is_file()
    return root / "policies"


__all__ = ["CASES", "ROOT", "STACKS", "Case", "Lab", "cases", "config_of", "edit", "pack_of"]
