"""The house of the design: who may import whom, where phases live, what no file may hold."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("ascend", "bench", "components", "infra", "policies")

#: A folder, and the packages that its files must not import.
FORBIDDEN = (
    ("components", ("infra", "ascend", "policies")),
    ("infra", ("ascend", "policies")),
    ("ascend", ("infra", "components", "policies")),
    ("policies", ("infra", "components")),
)
#: The rooms of the tool, from the ground up as the README names them: none imports one that stands after it.
ROOMS = (
    *("cloud", "engine", "ui", "cost", "capacity", "incidents", "packs", "review", "report"),
    *("live", "status", "rehearsal", "promotion", "failover", "cli"),
)
#: What the policy pack takes from the tool: the estimates, and the shape of a plan that they read.
JUDGED_WITH = ("ascend.capacity", "ascend.cost", "ascend.engine.model", "ascend.incidents", "ascend.plans")
#: Folders whose files say which phase it is to nobody but the table of phases.
PHASELESS = ("components", "infra")


def _files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def _imports(file: Path) -> set[str]:
    """The top-level packages that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize(("folder", "forbidden"), FORBIDDEN, ids=[folder for folder, _ in FORBIDDEN])
def test_imports_point_one_way(folder: str, forbidden: tuple[str, ...]) -> None:
    files = _files(folder)
    assert files, f"{folder} holds no Python file, so that this test would prove nothing"
    wrong = {str(file.relative_to(ROOT)): sorted(_imports(file) & set(forbidden)) for file in files}
    assert {file: names for file, names in wrong.items() if names} == {}


def _modules(node: ast.AST) -> list[str]:
    """The modules that a statement may import, by their full names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def test_every_room_of_the_tool_has_its_place() -> None:
    assert {file.parent.name for file in (ROOT / "ascend").glob("*/__init__.py")} == set(ROOMS)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (named,) = re.findall(r"\nascend/ [^\n]*\n((?:  [^\n]*\n)+)", readme)
    assert tuple(" ".join(line[:26] for line in named.splitlines()).split()) == ROOMS


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_stand_on_each_other(room: str) -> None:
    above = ROOMS[ROOMS.index(room) + 1 :]
    wrong = {
        (file.name, name)
        for file in _files(f"ascend/{room}")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for name in _modules(node)
        if f"{name}.".startswith(tuple(f"ascend.{one}." for one in above))
    }
    assert wrong == set()
    assert len(_files(f"ascend/{room}")) > 1


def test_the_pack_takes_only_the_estimates_from_the_tool() -> None:
    taken = {
        node.module
        for file in _files("policies")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file)))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("ascend")
    }
    assert taken
    assert [one for one in sorted(taken) if not one.startswith(JUDGED_WITH)] == []


@pytest.mark.parametrize("folder", PHASELESS)
def test_nothing_branches_on_the_phase_outside_its_table(folder: str) -> None:
    wrong = []
    for file in _files(folder):
        if file.name == "phases.py":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            test = node.test if isinstance(node, ast.If | ast.IfExp | ast.While) else None
            subject = test if test is not None else getattr(node, "subject", None)
            if subject is not None and _compares_a_phase(subject):
                wrong.append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert wrong == []


def _compares_a_phase(test: ast.expr) -> bool:
    """Whether an expression holds a phase against a constant one (``phase == "cached"``, ``phase.number > 2``)."""
    return any(
        isinstance(node, ast.Compare)
        and "phase" in ast.unparse(node.left).lower()
        and any(isinstance(right, ast.Constant) and right.value is not None for right in node.comparators)
        for node in ast.walk(test)
    )


@pytest.mark.parametrize(
    ("code", "found"),
    [("phase == 'cached'", True), ("config.phase.number >= 3", True), ("phase is None", False), ("x > 3", False)],
)
def test_the_search_for_branches_finds_them(code: str, found: bool) -> None:
    assert _compares_a_phase(ast.parse(code, mode="eval").body) is found


def test_the_official_cli_installs_what_the_program_imports() -> None:
    # `pulumi install` reads requirements.txt in the program's folder, not in the project's, and is silent without one.
    main = re.search(r"^main: (.+)$", (ROOT / "Pulumi.yaml").read_text(encoding="utf-8"), re.MULTILINE)
    assert main
    listed = ROOT / main[1] / "requirements.txt"
    included = re.findall(r"^-r (.+)$", listed.read_text(encoding="utf-8"), re.MULTILINE)
    assert [(listed.parent / one).resolve() for one in included] == [ROOT / "requirements.txt"]


def _tracked() -> list[Path]:
    """Every text file of the project that git knows or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout, so that what belongs to the project is not known")
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_no_file_names_a_machine_or_a_registry() -> None:
    here = str(ROOT)
    forbidden = re.compile(
        rf"(?<![\w/.]){re.escape(here)}/|/(?:home|Users)/[a-z]+/|/root/|--(?:extra-)?index-url|\"resolved\": \"http"
    )
    wrong = []
    for file in _tracked():
        if file == Path(__file__):
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        wrong += [f"{file.relative_to(ROOT)}: {found.group()}" for found in forbidden.finditer(text)]
    assert wrong == []


def test_modules_stay_small() -> None:
    long = {
        str(file.relative_to(ROOT)): lines
        for folder in SOURCES
        for file in _files(folder)
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > 600
    }
    assert long == {}
