"""The commands: what goes where, with which exit code, and what the engine is asked."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ascend import __version__
from ascend.engine.model import Op
from ascend.errors import InputError, UpdateError
from tests.cli.fakes import DATABASE, STACK, WORLD, FakeEngine, Ran, result

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("project")


def test_version_goes_to_stdout(ascend: Callable[..., Ran]) -> None:
    assert ascend("version") == Ran(0, f"{__version__}\n", "")
    assert json.loads(ascend("version", "--json").out) == {"version": __version__}


def test_without_a_command_it_shows_the_help(ascend: Callable[..., Ran]) -> None:
    ran = ascend()
    assert ran.code == 0
    assert "preview" in ran.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["up"], "Missing argument 'STACK'"),
        (["up", "dev", "extra"], "unexpected extra argument"),
        (["up", "dev", "--nonsense"], "No such option: --nonsense"),
        (["up", "dev", "--engine", "terraform"], "'terraform'"),
        (["cloud"], "Missing command"),
        (["up", "dev", "--engine", "embedded"], "add --embedded"),
        (["up", "dev", "--embedded", "--cwd", "nowhere"], "nowhere: no such folder"),
        (["up", "../dev", "--embedded", "--yes"], "'../dev' is not a stack name"),
        (["destroy", "-x", "--embedded", "--yes"], "No such option: -x"),
        (["outputs", "", "--embedded"], "'' is not a stack name"),
        (["preview", "qa", "--embedded"], "stacks with a file: dev"),
        (["preview", "qa", "--embedded", "--system", "floyo"], "give both --system and --phase"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_2(
    arguments: list[str], says: str, ascend: Callable[..., Ran], engine: FakeEngine
) -> None:
    ran = ascend(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1
    assert says in ran.err
    assert engine.asked == []


def test_preview_json_is_exactly_the_documented_shape(ascend: Callable[..., Ran], engine: FakeEngine) -> None:
    engine.answer = result(WORLD, replace(DATABASE, op=Op.REPLACE, replace_keys=("engine",), diff_keys=("engine",)))
    ran = ascend("preview", "dev", "--embedded", "--json")
    assert ran.code == 0
    assert ran.err == ""
    assert json.loads(ran.out) == {
        "stack": "dev",
        "system": "floyo",
        "phase": "single-region",
        "engine": "embedded",
        "steps": [
            {"op": "same", "urn": WORLD.urn, "type": "ascend:index:World", "name": "dev", "replace_keys": []},
            {
                "op": "replace",
                "urn": DATABASE.urn,
                "type": "aws:rds/instance:Instance",
                "name": "dev-db",
                "replace_keys": ["engine"],
            },
        ],
        "summary": {"create": 0, "update": 0, "replace": 1, "delete": 0, "same": 1},
        "outputs": {},
        "duration_s": 1.25,
    }


def test_preview_draws_the_plan_and_recommends_up(ascend: Callable[..., Ran], engine: FakeEngine) -> None:
    ran = ascend("preview", "dev", "--embedded")
    assert ran.out.splitlines() == [
        "   pulumi:pulumi:Stack  ascend-dev",
        "      ascend:index:World  dev",
        " +       aws:rds:Instance  dev-db",
        "dev, floyo at single-region: + 1 to create, 2 unchanged in 1.2 s",
    ]
    assert "up dev --embedded" in ran.err
    assert [what for what, _ in engine.asked] == ["preview"]


def test_up_with_yes_plans_and_does_it_and_prints_outputs(ascend: Callable[..., Ran], engine: FakeEngine) -> None:
    ran = ascend("up", "dev", "--embedded", "--yes")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "dev, floyo at single-region: + 1 created, 2 unchanged in 1.2 s",
        "Outputs:",
        "    url  https://x",
    ]
    assert " + aws:rds:Instance  dev-db  created" in ran.err
    assert "ascend-dev" not in ran.err, "unchanged resources are noise"
    assert "\x1b" not in ran.out + ran.err
    assert [what for what, _ in engine.asked] == ["preview", "up"]


def test_what_the_plan_refuses_is_not_begun(ascend: Callable[..., Ran], engine: FakeEngine) -> None:
    engine.failure = InputError("dev-db: would be deleted but is protected")
    assert ascend("up", "dev", "--embedded", "--yes").code == 2
    assert [what for what, _ in engine.asked] == ["preview"]


def test_the_plan_can_be_skipped(ascend: Callable[..., Ran], engine: FakeEngine) -> None:
    assert ascend("up", "dev", "--embedded", "--yes", "--skip-preview").code == 0
    assert [what for what, _ in engine.asked] == ["up"]


def test_up_without_changes_says_so(ascend: Callable[..., Ran], engine: FakeEngine) -> None:
    engine.answer = result(STACK, WORLD)
    assert "nothing changed, 2 unchanged" in ascend("up", "dev", "--embedded", "--yes").out


@pytest.mark.parametrize("command", ["up", "destroy"])
def test_what_changes_a_stack_refuses_to_guess_a_yes(
    command: str, ascend: Callable[..., Ran], engine: FakeEngine
) -> None:
    ran = ascend(command, "dev", "--embedded")
    assert ran.code == 2
    assert "give --yes" in ran.err
    assert engine.asked == []


def test_options_are_laid_over_the_stack_file(ascend: Callable[..., Ran], engine: FakeEngine, project: Path) -> None:
    ascend("preview", "dev", "--embedded", "--phase", "2")
    assert engine.asked[-1][1].config == {"ascend:phase": "2"}
    assert engine.asked[-1][1].root == project


def test_a_stack_without_a_file_is_made_of_system_and_phase(ascend: Callable[..., Ran], engine: FakeEngine) -> None:
    ran = ascend("preview", "qa", "--embedded", "--system", "floyo", "--phase", "1")
    assert engine.asked[-1][1].config == {
        "ascend:system": "floyo",
        "ascend:phase": "1",
        "ascend:environment": "qa",
        "aws:region": "us-east-1",
    }
    assert "up qa --system floyo --phase 1 --embedded" in ran.err


def test_the_project_is_found_from_a_folder_inside(
    ascend: Callable[..., Ran], engine: FakeEngine, project: Path
) -> None:
    (project / "infra" / "deep").mkdir(parents=True)
    ascend("preview", "dev", "--embedded", "--cwd", "infra/deep")
    assert engine.asked[-1][1].root == project


def test_destroy_passes_on_the_names_and_needs_no_stack_file(ascend: Callable[..., Ran], engine: FakeEngine) -> None:
    ran = ascend("destroy", "qa", "--embedded", "--yes", "--unprotect", "a", "--unprotect", "b", "--json")
    assert ran.code == 0
    assert list(engine.unprotected) == ["a", "b"]
    assert json.loads(ran.out)["summary"]["delete"] == 3


def test_outputs_masks_unless_asked(ascend: Callable[..., Ran], engine: FakeEngine) -> None:
    assert json.loads(ascend("outputs", "dev", "--embedded", "--json").out) == {"url": "https://x"}
    assert not engine.shown_secrets
    ascend("outputs", "dev", "--embedded", "--show-secrets")
    assert engine.shown_secrets


@pytest.mark.parametrize(
    ("failure", "code", "says"),
    [
        (InputError("Pulumi.dev.yaml: ascend:phase: 'x' is not a phase"), 2, "error: Pulumi.dev.yaml: ascend:phase"),
        (UpdateError("dev-db: no capacity"), 1, "error: dev-db: no capacity"),
        (KeyboardInterrupt(), 130, "error: interrupted"),
        (ZeroDivisionError("by\nzero"), 1, "error: unexpected ZeroDivisionError: by zero (set ASCEND_DEBUG=1"),
    ],
)
def test_a_failed_run_ends_with_its_line_and_code(
    failure: BaseException, code: int, says: str, ascend: Callable[..., Ran], engine: FakeEngine
) -> None:
    engine.failure = failure
    ran = ascend("up", "dev", "--embedded", "--yes", "--skip-preview")
    assert ran.code == code
    assert ran.out == ""
    assert [line for line in ran.err.splitlines() if line.startswith(says)]
    assert "Traceback" not in ran.err


def test_several_problems_are_several_lines(ascend: Callable[..., Ran], engine: FakeEngine) -> None:
    engine.failure = InputError("Pulumi.dev.yaml: a: wrong\nPulumi.dev.yaml: b: wrong")
    ran = ascend("preview", "dev", "--embedded", "--json")
    assert ran.err == "error: Pulumi.dev.yaml: a: wrong\nerror: Pulumi.dev.yaml: b: wrong\n"


def test_the_traceback_is_there_for_who_asks(
    ascend: Callable[..., Ran], engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASCEND_DEBUG", "1")
    engine.failure = ZeroDivisionError("by zero")
    assert "Traceback" in ascend("preview", "dev", "--embedded").err


def test_the_passphrase_of_the_set_up_is_used_unless_one_is_given(
    ascend: Callable[..., Ran], engine: FakeEngine, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ascend("preview", "dev", "--embedded")
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in os.environ
    (project / ".ascend").mkdir()
    (project / ".ascend" / "passphrase").write_text("x")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "mine")
    ascend("preview", "dev", "--embedded")
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in os.environ
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", "")
    ascend("preview", "dev", "--embedded")
    assert os.environ["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(project / ".ascend" / "passphrase")


def test_without_the_official_cli_it_says_how_to_get_it(
    ascend: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    ran = ascend("up", "dev", "--yes")
    assert ran.code == 2
    assert ran.err.count("\n") == 1
    assert "pulumi is not on PATH; install it (https://www.pulumi.com/" in ran.err
    assert "--embedded" in ran.err


def _on_a_terminal(project: Path, arguments: list[str], answer: str, after: str = "") -> tuple[int, str]:
    """Runs a command with a fake engine in a process of its own whose terminal is a pseudo-terminal.

    `answer` is typed when the terminal shows `after`.
    """
    script = (
        "import fcntl, sys, termios; sys.path[:0] = [sys.argv.pop(1)]\n"
        "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"  # so that Ctrl-C reaches it
        "from tests.cli import fakes\n"
        "from ascend import cli, session\n"
        "session._engine = lambda name, *, embedded: fakes.FakeEngine()\n"
        "sys.exit(cli.run(sys.argv[1:]))\n"
    )
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(Path(__file__).parents[2]), *arguments],
        cwd=project,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"},
        start_new_session=True,
    )
    os.close(terminal)
    shown, typed = b"", False
    while True:
        if not typed and after.encode() in shown:
            os.write(controller, answer.encode())
            typed = True
        # A Ctrl-C just before the process begins to read is not seen by the read: like a person, press it again.
        if not select.select([controller], [], [], 1.0)[0]:
            typed = False
            continue
        try:
            chunk = os.read(controller, 65536)
        except OSError:  # Linux reports a closed terminal as an input/output error
            break
        if not chunk:
            break
        shown += chunk
    os.close(controller)
    return process.wait(timeout=30), shown.decode()


def test_on_a_terminal_up_shows_the_plan_and_asks(project: Path) -> None:
    code, shown = _on_a_terminal(project, ["up", "dev", "--embedded"], "y\n")
    assert code == 0
    assert shown.index("1 to create") < shown.index("Update dev?") < shown.index("1 created")
    assert "\x1b[" in shown, "a terminal gets colours"


def test_on_a_terminal_a_no_changes_nothing(project: Path) -> None:
    code, shown = _on_a_terminal(project, ["up", "dev", "--embedded"], "n\n")
    assert code == 2
    assert "nothing was changed" in shown
    assert "created" not in shown


@pytest.mark.parametrize(
    ("key", "code", "says"), [("\x03", 130, "interrupted; nothing was changed"), ("\x04", 2, "not agreed to")]
)
def test_on_a_terminal_to_leave_the_question_changes_nothing(project: Path, key: str, code: int, says: str) -> None:
    ended, shown = _on_a_terminal(project, ["up", "dev", "--embedded"], key, after="Update dev?")
    assert ended == code
    assert "what was done" not in shown
    lines = shown.splitlines()
    assert lines[-2].startswith("Update dev? [y/N]"), "the error has a line of its own"
    assert says in lines[-1]


def test_an_interrupted_plan_says_that_nothing_was_changed(ascend: Callable[..., Ran], engine: FakeEngine) -> None:
    engine.failure = KeyboardInterrupt()
    ran = ascend("preview", "dev", "--embedded", "--json")
    assert (ran.code, ran.out) == (130, "")
    assert ran.err == "error: interrupted; nothing was changed\n"


def test_no_color_is_honoured(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    code, shown = _on_a_terminal(project, ["preview", "dev", "--embedded"], "")
    assert code == 0
    assert "\x1b[32m" not in shown
