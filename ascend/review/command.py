"""The command `review`: find the revision, plan the stacks twice, judge, write the report."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.text import Text

from ascend import session, target
from ascend.errors import InputError
from ascend.review import deployed, guards, markdown, revision, sarif
from ascend.review.changes import KINDS
from ascend.review.findings import Level, Verdict
from ascend.review.planning import Planners, UnjudgedError, Wanted
from ascend.review.report import Report
from ascend.review.review import review, unjudged
from ascend.ui import console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from ascend.review.revision import Base

#: What a change is held against where nothing else is named: the last commit, as a pre-commit hook wants it.
DEFAULT_BASE: Final = "HEAD"
#: What somebody can agree to. Data at risk and what the pack forbids are not on the list.
ACCEPTABLE: Final = (*guards.rules(), "phase-skipped", "incident-missed")
_STYLES: Final = {Verdict.PASS: "bold green", Verdict.BLOCKED: "bold red", Verdict.UNJUDGED: "bold yellow"}
_LEVELS: Final = {Level.BLOCKING: "red", Level.WARNING: "yellow", Level.NOTE: "dim"}


class Form(StrEnum):
    """How a report is written, each in a file of that name's own."""

    JSON = "json"
    MARKDOWN = "md"
    SARIF = "sarif"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command was given.

    Attributes:
        base: the revision that the working tree is held against; None for the last commit.
        stacks: their names; all that have a file where none is given.
        state: what is deployed, in place of the base: a file of one stack, or a backend's folder.
        accept: rules whose findings are agreed to.
        changed: only stacks that the change can reach.
        forms: how the report is written; none for a terminal.
        out: the file, or the folder for several forms; None for stdout.
    """

    base: str | None = None
    stacks: Sequence[str] = ()
    state: Path | None = None
    accept: Sequence[str] = ()
    changed: bool = False
    forms: Sequence[Form] = ()
    out: Path | None = None

    def check(self) -> None:
        """Refuses what does not go together.

        Raises:
            InputError: saying what does.
        """
        for rule in self.accept:
            if rule not in ACCEPTABLE:
                raise InputError(f"--accept {rule}: can be agreed to are {', '.join(ACCEPTABLE)}")
        if self.state is not None and self.base is not None:
            raise InputError("give --base or --state, not both")
        if self.state is not None and self.changed:
            raise InputError("--changed goes with a base, not with --state")
        if self.out is not None and not self.forms:
            raise InputError("--out goes with --json, --markdown or --sarif")
        if self.out is None and len(self.forms) > 1:
            raise InputError("several of --json, --markdown and --sarif go into a folder: give --out FOLDER")


def run(cwd: Path, options: Options) -> int:
    """Reviews stacks and writes the report; returns the exit code.

    Args:
        cwd: the project's folder, or one inside it.
        options: what the command was given.

    Raises:
        InputError: something that was given is wrong.
    """
    options.check()
    root = target.find_root(cwd)
    names = _names(root, options.stacks)
    states = {} if options.state is None else deployed.states(options.state, root, names)
    started = time.perf_counter()
    with session.harmless(), contextlib.ExitStack() as stack:
        planners = stack.enter_context(Planners(root, target.policy_pack(root)))
        base = None if options.state is not None else revision.find(root, options.base or DEFAULT_BASE)
        lines = {} if base is None else base.changed_lines()
        if options.changed and base is not None:
            names = [name for name in names if base.reaches(lines, name)]
        reviews = []
        folder = _extracted(base, names, stack)
        for name in names:
            known = folder if base is not None and name in base.stacks else None
            try:
                before, after = planners.plan(Wanted(name, known, states.get(name)), base)
                reviews.append(review(root, name, before, after, changed=lines, agreed=options.accept))
            except UnjudgedError as error:
                reviews.append(unjudged(name, str(error)))
    against = f"`{options.state}`" if base is None else f"`{revision.short(base.commit)}`"
    report = Report(against, reviews, "" if base is None else base.prefix, time.perf_counter() - started)
    _write(report, options.forms, options.out)
    return report.exit_code


def _extracted(base: Base | None, names: Sequence[str], stack: contextlib.ExitStack) -> Path | None:
    """The project as it was, in a folder that goes with `stack`; None where no stack needs it."""
    if base is None or not set(names) & set(base.stacks):
        return None
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ascend-base-")))
    base.extract(folder)
    return folder


def _names(root: Path, stacks: Sequence[str]) -> list[str]:
    there = target.stack_files(root)
    for name in stacks:
        if target.check_name(name) not in there:
            raise InputError(f"no Pulumi.{name}.yaml in {root}; stacks with a file: {', '.join(there) or 'none'}")
    names = list(dict.fromkeys(stacks)) or there
    if not names:
        raise InputError(f"{root}: no Pulumi.<stack>.yaml, so there is nothing to review")
    return names


def _write(report: Report, forms: Sequence[Form], out: Path | None) -> None:
    """Writes the report in its forms; what a person reads goes to the terminal in any case.

    Raises:
        InputError: a file cannot be written.
    """
    texts = {form: _text(report, form) for form in forms}
    if out is None:
        for text in texts.values():
            sys.stdout.write(text)
    else:
        files = {out if len(texts) == 1 else out / f"review.{form}": text for form, text in texts.items()}
        try:
            for file, text in files.items():
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise InputError(f"{out}: cannot be written ({error.strerror})") from error
    _print(console.stderr() if forms else console.stdout(), report)


def _text(report: Report, form: Form) -> str:
    if form is Form.MARKDOWN:
        return markdown.markdown(report)
    document = report.document() if form is Form.JSON else sarif.sarif(report)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _print(shown: Console, report: Report) -> None:
    """The report for a terminal."""
    for one in report.reviews:
        head = Text.assemble((one.stack, "bold"), ": ", (str(one.verdict), _STYLES[one.verdict]))
        counts = [f"{one.count(op)} {word}" for op, word in KINDS.items() if one.count(op)]
        head.append(f", {', '.join(counts) or 'nothing changes'}")
        if one.promotion is not None:
            head.append(f", promotion from {one.promotion.before} to {one.promotion.after}")
        if one.after is not None:
            after = one.after.cost.monthly.expected
            was = "" if one.before is None else f"{one.before.cost.monthly.expected:,.2f} → "
            head.append(f", ${was}{after:,.2f} a month")
        shown.print(head)
        for found in one.findings:
            if found.level is Level.NOTE and found.old:
                continue
            place = "" if found.place is None else f"{found.place}: "
            shown.print(
                Text.assemble("  ", (f"{found.level} {found.rule}", _LEVELS[found.level]), f" {place}{found.message}")
            )
        old = sum(found.old for found in one.findings)
        if old:
            shown.print(Text(f"  {old} more that were there before; --json lists them", style="dim"))
    shown.print(Text(f"against {report.against} in {report.duration_s:.1f} s", style="dim"))
