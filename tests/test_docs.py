"""What the documents name is there: files, keys of the config and of systems, variables, outputs, commands, targets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from typer.main import get_command

from ascend.cli import app
from infra import config, migration_plan
from infra.environment import shard_variables, variable
from infra.phases import PhaseName
from infra.system import System

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
SYSTEMS_PAGE = ROOT / "docs" / "systems.md"
DOCUMENTS = [ROOT / "README.md", SYSTEMS_PAGE, *sorted((ROOT / "docs" / "runbooks").glob("*.md"))]
FOLDERS = ("ascend", "bench", "components", "docs", "infra", "systems", "tests")
#: Where what a document names may be written: the program and its tool.
SOURCES = "\n".join(
    file.read_text(encoding="utf-8")
    for folder in ("ascend", "components", "infra", "systems")
    for file in sorted((ROOT / folder).rglob("*"))
    if file.suffix in {".py", ".yaml", ".sql"}
) + (ROOT / "Makefile").read_text(encoding="utf-8")
#: Words of the systems' own documents, of applications, and of other programs, which are none of ours.
THEIRS = frozenset(
    {
        "AWS_ENDPOINT_URL", "AWS_PROFILE", "EntityAlreadyExists", "MAX_FREE_SOCKETS", "MAX_SOCKETS", "OPENAI_BASE_URL",
        "PERFORMANCE_OPTIMIZATION_INDEXES.sql", "SOURCE", "TARGET", "assetPrefix", "auth.users", "grep fullSync",
        "noeviction", "slow_queries",
    }
)  # fmt: skip

_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+")
_CAMEL = re.compile(r"[A-Za-z]+[a-z][A-Z]\w*")
_PATH = re.compile(rf"(?:{'|'.join(FOLDERS)})/[\w./-]*")
_MODEL_KEY = re.compile(r"[a-z0-9_*<>-]+(?:\.[a-z0-9_*<>-]+)+|[a-z0-9]+(?:_[a-z0-9]+)+")
_COMMAND = re.compile(r"(?<![\w:/])(?:\.venv/bin/)?ascend ([a-z]+)((?: [^\s`|]+)*)")


def _quoted(text: str) -> list[str]:
    """Everything in backticks outside of blocks."""
    return _CODE.findall(_FENCE.sub("", text))


def _named(pattern: re.Pattern[str]) -> Iterator[Any]:
    """The words in backticks that a pattern describes, with their document."""
    for document in DOCUMENTS:
        for word in dict.fromkeys(_quoted(document.read_text(encoding="utf-8"))):
            if pattern.fullmatch(word) and word not in THEIRS:
                yield pytest.param(word, id=f"{document.name}: {word}")


def _systems() -> dict[str, Any]:
    return {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in (ROOT / "systems").glob("*.yaml")}


def _contract() -> set[str]:
    """The variables that any system's containers are told, and those that the code writes out."""
    names = {name for shard in (1, 2) for name in shard_variables(shard)}
    for data in _systems().values():
        names |= {f"CACHE_TTL_{variable(kind)}_S" for kind in data.get("cache", {}).get("ttls", {})}
        for limit, values in data.get("rate_limits", {}).items():
            names |= {f"RATE_LIMIT_{variable(limit)}_{variable(tier)}" for tier in values["per_tier"]}
        names |= {f"BUCKET_{variable(bucket)}" for bucket in data.get("storage", {})}
        names |= {name for service in data["services"].values() for name in service.get("environment", {})}
    return names


def _keys(data: Any) -> set[str]:
    """Every key of nested data."""
    if isinstance(data, dict):
        return set(data).union(*map(_keys, data.values()))
    return set().union(*map(_keys, data)) if isinstance(data, list) else set()


def _fields() -> set[str]:
    """Every field that a system's file can have, and the phases."""
    schema = System.model_json_schema()
    models = [schema, *schema["$defs"].values()]
    return {field for model in models for field in model.get("properties", {})} | {str(phase) for phase in PhaseName}


@pytest.mark.parametrize("path", list(_named(_PATH)))
def test_a_file_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_a_key_of_the_config_is_one(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for name, below in re.findall(r"ascend:([a-zA-Z]+)(?:\.(\w+))?", text):
        if f"ascend:{name}" in ("ascend:index", "ascend:components"):  # tokens of types
            continue
        assert name in config.KEYS
        assert name != "migration" or not below or below in migration_plan.KEYS


def test_the_readme_lists_every_key_of_the_config() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [key for key in config.KEYS if f"`ascend:{key}`" not in text] == []


@pytest.mark.parametrize("name", list(_named(_VARIABLE)))
def test_a_variable_is_in_the_contract_or_the_code(name: str) -> None:
    assert name in _contract() or re.search(rf"\b{name}\b", SOURCES)


@pytest.mark.parametrize("word", list(_named(_CAMEL)))
def test_an_output_or_setting_is_in_the_code(word: str) -> None:
    assert word in config.KEYS or re.search(rf"\b{word}\b", SOURCES)


def _sections() -> Iterator[Any]:
    for section in re.split(r"^## ", SYSTEMS_PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        for word in dict.fromkeys(_quoted(section)):
            if _MODEL_KEY.fullmatch(word) and word not in THEIRS and not word.endswith((".py", ".md", ".yaml")):
                found = re.match(r".*`systems/([\w-]+)\.yaml`", section)
                system = found[1] if found else None
                yield pytest.param(system, word, id=f"{system}: {word}")


@pytest.mark.parametrize(("system", "path"), list(_sections()))
def test_a_key_of_a_system_is_one(system: str | None, path: str) -> None:
    """Each part of ``queues.jobs.retries`` is a key of the section's system, or a field that it may have."""
    data = _systems()
    own = _keys(data[system]) if system else _keys(list(data.values()))
    tables = {
        partition["table"] for partition in (data[system] if system else {}).get("database", {}).get("partitions", [])
    }
    known = own | _fields() | tables
    assert [part for part in path.split(".") if part not in known and part != "*"] == [] or path in SOURCES


def test_every_system_has_its_section() -> None:
    text = SYSTEMS_PAGE.read_text(encoding="utf-8")
    assert {name for name in _systems() if f"(`systems/{name}.yaml`)" in text} == set(_systems())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_a_command_is_one(document: Path) -> None:
    commands: Any = get_command(app)
    text = document.read_text(encoding="utf-8")
    shown = "\n".join([*_FENCE.findall(text), *_quoted(text)])
    for name, rest in _COMMAND.findall(shown):
        assert name in commands.commands, name
        command, words = commands.commands[name], rest.split()
        if name == "cloud" and words:
            names = re.findall(r"[a-z]+", words[0])
            assert set(names) <= set(command.commands), words[0]
            command = command.commands[names[0]]
        options = {option for parameter in command.params for option in parameter.opts}
        for option in re.findall(r"--[a-z-]+", rest):
            assert option in options, f"ascend {name} {option}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_a_target_of_make_is_one(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    shown = "\n".join([*_FENCE.findall(text), *_quoted(text)])
    assert set(re.findall(r"^(?:make) ([a-z]+)", shown, re.MULTILINE)) <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_an_alarm_that_a_runbook_watches_is_made(document: Path) -> None:
    for name in re.findall(r"`…-([a-z]+)-([a-z-]+)`", document.read_text(encoding="utf-8")):
        component, alarm = name
        files = (ROOT / "components").glob(f"{component}*.py")
        source = "\n".join(file.read_text(encoding="utf-8") for file in files)
        assert all(word in source for word in alarm.split("-"))
