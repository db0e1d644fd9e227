"""Every provider call of every promotion failed once, and kills at random moments: does `ascend promote` go on?

    .venv/bin/python bench/faults.py [--system floyo] [--to cached] [--every 1] [--kills 200] [--seed 1] [--part 1/1]
                                     [--json]

For each promotion the stack is deployed once at the phase before, built again from its exported state as a rehearsal
does it, and forked: each case has a cloud of its own that starts from there. Three kinds of cases, in this order:

- all calls: every create, update and delete of the promotion fails the first time it comes (AWS's InternalFailure), and
  the command is given again until it is done; as many calls fail in one run as the engine has under way.
- kills: the command and all that it started get SIGKILL at a random moment, again and again until it comes to its end.
- calls: one call fails, and the same command must finish. `--every 10` takes each tenth, `--every 0` none.

A command that failed must have said how to go on. In the end nothing may have been created twice, what holds data must
have kept its id, and the next preview must find nothing to do. The promotion's own rehearsal is left out of a case: it
is what the cases do.

The last kind takes hours: 514 calls for Floyo, 20 s each on one core. `--part 2/4` takes the second of four parts,
to run beside the others. Its order is drawn by lot and every problem is told at once, so what was done until an
interrupt is a fair sample, and is counted. tests/promotion takes a sample of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from common import copied

from ascend.cloud import faults, process
from ascend.cloud.faults import ProviderFault
from ascend.engine.embedded import EmbeddedEngine
from ascend.engine.model import Target
from ascend.errors import AscendError, StoppedError, UpdateError
from ascend.promotion import journal, rehearsals
from ascend.promotion.promote_command import promote
from ascend.rehearsal import copies
from ascend.rehearsal.rehearsal import Rehearsal, Twin, holds_data
from ascend.rehearsal.twin import Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ascend.cloud.faults import Call

PHASES = ("single-region", "cached", "scaled", "global")
REGIONS = ["us-east-1", "eu-west-1"]
STACK = "faults"
REASON = "bench/faults.py"
#: How much of what a failed command said last is told, in characters.
_LAST_WORDS = 1500
#: What the killed command runs: the promotion without its rehearsal.
KILLED = (
    "import pathlib, sys\n"
    "from ascend.promotion import rehearsals\n"
    "from ascend.promotion.promote_command import promote\n"
    "from ascend.rehearsal.rehearsal import Rehearsal\n"
    "rehearsals.rehearsed = lambda *_given, **_options: Rehearsal(ok=True, summary='left out', duration_s=0)\n"
    f"promote(pathlib.Path(sys.argv[1]), {STACK!r}, yes=True, embedded=True, force={REASON!r})\n"
)


@dataclass
class Tally:
    """What came of one promotion's cases.

    Attributes:
        to: the phase.
        calls: provider calls of the promotion that change something.
        together: runs until every call had failed once and all was done.
        kills: kills, over all commands.
        faults: cases with one fault.
        problems: what went wrong, a line each.
        cases: how many cases with one fault there are in this part.
        seconds: how long all of it took.
    """

    to: str
    calls: int = 0
    together: int = 0
    kills: int = 0
    faults: int = 0
    cases: int = 0
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Case:
    """One cloud in which the stack is as before the promotion, and a project in front of it."""

    def __init__(self, root: Path, target: Target, built: Path, cloud: process.CloudInfo) -> None:
        self.cloud, self.root = cloud, root
        self.target = copies.make(root, target, sealed=False)
        files = process.Files(root)
        project = copies.project_name(root)
        state = files.state / ".pulumi" / "stacks" / project / f"{STACK}.json"
        state.parent.mkdir(parents=True)
        shutil.copyfile(built, state)
        files.write(cloud)
        # As the cloud's own process does it: whoever finds this locked knows that the cloud is alive.
        self._alive = files.alive.open("a")
        fcntl.flock(self._alive, fcntl.LOCK_EX)
        self.there = [one.urn for one in EmbeddedEngine().export(self.target).resources if one.custom and one.id]
        self.before = self.ids()
        #: What the last command that was started wrote to its standard error.
        self.said = root.with_suffix(".said")

    def ids(self) -> dict[str, str]:
        """The ids of what holds data, by URN."""
        return {one.urn: one.id for one in EmbeddedEngine().export(self.target).resources if holds_data(one) and one.id}

    def promote(self) -> None:
        """The command, in this process.

        Raises:
            KeyboardInterrupt: it was interrupted.
            AscendError: it failed.
        """
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                promote(self.root, STACK, yes=True, force=REASON, embedded=True)
            except StoppedError:
                raise KeyboardInterrupt from None

    def start(self) -> subprocess.Popen[bytes]:
        """The command, in a session of its own."""
        quiet = subprocess.DEVNULL
        command = [sys.executable, "-c", KILLED, str(self.root)]
        with self.said.open("wb") as said:
            return subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=said, start_new_session=True)

    def problems(self) -> Iterator[str]:
        """What is not as it should be after the promotion."""
        there = Counter(dict.fromkeys(self.there, 1))
        for call in faults.report(self.cloud).calls:
            if not call.error:
                there[call.urn] += {"create": 1, "delete": -1}.get(call.method, 0)
        yield from (f"{urn} is there {count} times" for urn, count in there.items() if count > 1)
        after = self.ids()
        yield from (f"{urn} is not the one that it was" for urn, one in self.before.items() if after.get(urn) != one)
        plan = EmbeddedEngine().preview(self.target, lambda _event: None)
        changes = {op: count for op, count in plan.summary.items() if op != "same" and count}
        if changes:
            yield f"the next update would do {changes}"
        last = journal.every(self.root, STACK)[-1]
        if last.outcome != "done":
            yield f"the journal ended with {last.outcome}"

    def close(self) -> None:
        """Lets the cloud go."""
        self._alive.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.cloud.pid, signal.SIGTERM)
        shutil.rmtree(self.root, ignore_errors=True)


def deployed(root: Path, system: str, phase: str) -> Target:
    """A stack at the phase before, with all that the next ones take."""
    config = {
        "aws:region": REGIONS[0],
        "ascend:system": system,
        "ascend:phase": phase,
        "ascend:domain": f"app.{STACK}.example",
        "ascend:zone": f"{STACK}.example",
    }
    file = root / f"Pulumi.{STACK}.yaml"
    file.write_text(yaml.safe_dump({"config": config}, sort_keys=False))
    target = Target(root, STACK)
    process.start(root)
    EmbeddedEngine().up(target, lambda _event: None)
    if phase == PHASES[2]:
        file.write_text(yaml.safe_dump({"config": {**config, "ascend:regions": REGIONS}}, sort_keys=False))
    return target


def measure(root: Path, system: str, to: str, options: argparse.Namespace) -> Tally:
    """All cases of one promotion."""
    began = time.monotonic()
    tally = Tally(to)
    target = deployed(root, system, PHASES[PHASES.index(to) - 1])
    exported, built = root / "exported.json", root / "built.json"
    exported.write_bytes(EmbeddedEngine().export(target).text)
    request = Request(copies.project_name(root), STACK, str(exported), str(built), f"{STACK}.example")
    chance = random.Random(options.seed)
    with Twin(request, root / "twin.log") as twin, tempfile.TemporaryDirectory(prefix="ascend-faults-") as folder:
        twin.built()

        def case(name: str) -> Case:
            return Case(Path(folder) / name, target, built, twin.cloud())

        clean = case("clean")
        faults.inject(clean.cloud)
        started = time.monotonic()
        clean.promote()
        length = time.monotonic() - started
        calls = faults.report(clean.cloud).calls
        tally.calls = len(calls)
        tally.problems += [f"without a fault: {line}" for line in clean.problems()]
        clean.close()
        numbers = list(range(1, tally.calls + 1, options.every)) if options.every else []
        chance.shuffle(numbers)
        first, parts = options.part
        numbers = numbers[first - 1 :: parts]
        tally.cases = len(numbers)
        with contextlib.suppress(KeyboardInterrupt):
            if first == 1:
                one = case("together")
                _tell(tally, began, [f"all calls: {line}" for line in _together(one, calls, tally)])
                one.close()
            while tally.kills < options.kills // len(options.to) // parts:
                one = case(f"kill-{tally.kills}")
                found = [f"killed {line}" for line in _killed(one, chance, length, tally)]
                one.close()
                _tell(tally, began, found)
            for number in numbers:
                one = case(f"fault-{number}")
                found = [f"call {number}: {line}" for line in _faulty(one, number)]
                tally.faults += 1
                one.close()
                _tell(tally, began, found)
    process.stop(root)
    tally.seconds = time.monotonic() - began
    return tally


def _together(one: Case, calls: Sequence[Call], tally: Tally) -> list[str]:
    """Every call fails when it comes first; each command but the last has to say how to go on."""
    each = [ProviderFault(method=call.method, urn=call.urn) for call in calls]
    faults.inject(one.cloud, *each)
    while True:
        tally.together += 1
        try:
            one.promote()
        except AscendError as error:
            if not isinstance(error, UpdateError) or "go on: " not in str(error):
                return [f"run {tally.together} stopped otherwise than with a way on: {_line(error)}"]
            if tally.together > len(calls):
                return [f"no end after {tally.together} runs: {_line(error)}"]
        else:
            break
    answered = faults.report(one.cloud).answered
    silent = [
        f"{fault.method} of {fault.urn} did not fail"
        for fault, struck in zip(each, answered, strict=True)
        if not struck
    ]
    return [*silent, *one.problems()]


def _faulty(one: Case, number: int) -> list[str]:
    """One call fails; the command has to say how to go on, and to finish when it is given again."""
    faults.inject(one.cloud, ProviderFault(call=number))
    try:
        one.promote()
    except AscendError as error:
        if not isinstance(error, UpdateError) or "go on: " not in str(error):
            return [f"it stopped otherwise than with a way on: {_line(error)}"]
    else:
        return ["nothing failed"]
    try:
        one.promote()
    except AscendError as error:
        return [f"it cannot be gone on with: {_line(error)}"]
    return list(one.problems())


def _killed(one: Case, chance: random.Random, length: float, tally: Tally) -> list[str]:
    """The command is killed again and again, until it comes to its end before that."""
    faults.inject(one.cloud)
    moments: list[str] = []
    while True:
        moment = chance.uniform(0, length)
        command = one.start()
        try:
            code = command.wait(moment)
        except subprocess.TimeoutExpired:
            tally.kills += 1
            moments.append(f"{moment:.2f}")
        except KeyboardInterrupt:
            os.killpg(command.pid, signal.SIGKILL)
            raise
        else:
            at = f"after {', '.join(moments) or 'no'} s: "
            ended = f"it ended with {code}: {' '.join(one.said.read_text('utf-8', 'replace').split())[-_LAST_WORDS:]}"
            return [f"{at}{line}" for line in ([ended] if code else one.problems())]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(command.pid, signal.SIGKILL)
        command.wait()
        done = journal.every(one.root, STACK)
        if done and done[-1].outcome == "done":  # killed when all was over; again, it would go for the next phase
            return [f"after {', '.join(moments)} s: {line}" for line in one.problems()]


def _line(error: AscendError) -> str:
    return " ".join(str(error).split())


def _tell(tally: Tally, began: float, found: Sequence[str]) -> None:
    tally.problems += found
    for line in found:
        print(f"\n{tally.to}: {line}", file=sys.stderr)
    print(
        f"\r{tally.to}: all {tally.calls} calls in {tally.together} runs, {tally.kills} kills, "
        f"{tally.faults} of {tally.cases} single calls; "
        f"{len(tally.problems)} problems, {time.monotonic() - began:.0f} s",
        end="",
        file=sys.stderr,
        flush=True,
    )


def _part(text: str) -> tuple[int, int]:
    number, _, parts = text.partition("/")
    if not (number.isdecimal() and parts.isdecimal() and 1 <= int(number) <= int(parts)):
        raise argparse.ArgumentTypeError(f"{text!r} is no part; allowed: 1/1, 1/2, 2/2, ...")
    return int(number), int(parts)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", default="floyo")
    parser.add_argument("--to", action="append", choices=PHASES[1:])
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", type=_part, default=(1, 1))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    options.to = options.to or list(PHASES[1:])
    os.environ["PULUMI_CONFIG_PASSPHRASE"] = "of the measurement"
    os.environ.setdefault("CLOUDFLARE_API_TOKEN", "embedded")
    rehearsals.rehearsed = lambda *_given, **_options: Rehearsal(ok=True, summary="left out", duration_s=0)
    tallies = []
    for to in options.to:
        with tempfile.TemporaryDirectory(prefix="ascend-faults-") as folder:
            tallies.append(measure(copied(Path(folder)), options.system, to, options))
        print(file=sys.stderr)
    if options.json:
        print(json.dumps([asdict(one) for one in tallies], indent=2))
    else:
        _print(tallies)
    sys.exit(1 if any(one.problems for one in tallies) else 0)


def _print(tallies: Sequence[Tally]) -> None:
    print("| to | calls | runs with all failing once | kills | calls failed alone | problems | minutes |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for one in tallies:
        counted = (one.calls, one.together, one.kills, one.faults, len(one.problems), f"{one.seconds / 60:.1f}")
        print(f"| {one.to} | {' | '.join(map(str, counted))} |")
    for one in tallies:
        for line in one.problems:
            print(f"- {one.to}: {line}")


if __name__ == "__main__":
    main()
