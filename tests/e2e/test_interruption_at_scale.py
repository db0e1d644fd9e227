"""Phases 3 and 4, killed at points drawn at random and with providers that fail: finished by the next run."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.account import Account
from tests.e2e.census import counted, recorded
from tests.e2e.failing import LOST, REFUSED, failing
from tests.e2e.project import PATIENCE_S
from tests.e2e.stack_files import REGIONS, write
from tests.thorough import thorough, usual

if TYPE_CHECKING:
    from tests.e2e.project import Project

pytestmark = pytest.mark.timeout(2 * PATIENCE_S)
STACK = "rough"
SEED = 20261121
#: How often at each phase; in earnest with 20 or more, which also tries the promotion to the last.
EACH = int(os.environ.get("ASCEND_TEST_FAULTS", "1"))
#: At which size of the state a run is killed, drawn from these: a run of phase 3 fresh, then its promotion.
KILLS = {"scaled": range(1, 220), "global": range(300, 460)}
#: Which of the creates of a run fails, drawn from these: the same.
FAULTS = {"scaled": range(1, 60), "global": range(1, 60)}
TRIED = tuple(KILLS) if EACH > 1 else ("scaled",)


def _size(project: Project) -> int:
    """How many resources the state on disk holds."""
    file = project.root / ".ascend" / "state" / ".pulumi" / "stacks" / "ascend" / f"{STACK}.json"
    return file.read_bytes().count(b'"urn"') if file.is_file() else 0


def _engine_of(client: int) -> list[int]:
    """The process that a client started to do the work, where it has."""
    children = Path(f"/proc/{client}/task/{client}/children").read_text(encoding="utf-8")
    return [int(pid) for pid in children.split()]


def _kill_at(project: Project, size: int, *options: str) -> bool:
    """Starts `up` and kills it, client and engine, once the state holds so many resources; whether it got there."""
    process = project.start("up", STACK, "--embedded", "--yes", *options)
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        if _size(project) >= size and (engines := _engine_of(process.pid)):
            for pid in (*engines, process.pid):
                os.kill(pid, signal.SIGKILL)
            break
        time.sleep(0.02)
    process.communicate(timeout=PATIENCE_S)
    return process.returncode == -signal.SIGKILL


def _finished(project: Project, phase: str, *options: str) -> None:
    """The next run finishes, nothing is there twice, and the one after that changes nothing."""
    ran = project.ascend("up", STACK, "--embedded", "--yes", "--json", *options)
    assert ran.document["phase"] == phase
    assert not project.state(STACK).get("pending_operations")
    assert counted(Account(project.endpoint(), REGIONS)) == recorded(project, STACK)
    again: dict[str, Any] = project.up(STACK, "--skip-preview")
    assert [step for step in again["steps"] if step["op"] != "same"] == []


@thorough
def test_killed_at_random_the_next_up_finishes_and_makes_nothing_twice(project: Project) -> None:
    draw = random.Random(SEED)
    for phase in TRIED:
        sizes = KILLS[phase]
        write(project, STACK, "atlas", phase)
        for number, size in enumerate(sorted(draw.sample(sizes, EACH))):
            # The first of each phase plans before it acts.
            assert _kill_at(project, size, *(["--skip-preview"] if number else [])), f"{phase}: not killed at {size}"
        _finished(project, phase)


@thorough
@pytest.mark.parametrize("fault", usual([REFUSED, LOST], [LOST]), ids=["refused", "lost"])
def test_creates_fail_at_random_and_the_next_up_goes_on(project: Project, fault: str) -> None:
    draw = random.Random(f"{SEED} {fault}")
    project.ascend("cloud", "start")
    providers = project.ascend("cloud", "status", "--json").document["providers"]
    for phase in TRIED:
        numbers = FAULTS[phase]
        write(project, STACK, "backend-ai-worker", phase)
        for number in draw.sample(numbers, EACH):
            with failing(providers, {number: fault}) as attached:
                ran = project.ascend("up", STACK, "--embedded", "--yes", PULUMI_DEBUG_PROVIDERS=attached)
            assert ran.code == 1, ran.out
            (line,) = (line for line in ran.err.splitlines() if line.startswith("error: "))
            assert fault in line
            assert "the next run continues" in line
            assert "Traceback" not in ran.err
        _finished(project, phase, "--skip-preview")
