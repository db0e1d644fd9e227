"""The project file and a stack's config, read as the CLI reads them.

Config values reach the program as text: numbers and booleans as YAML's canonical text, lists and objects as JSON. The
types and defaults that ``Pulumi.yaml`` declares are checked and applied here, so that a wrong value ends a run before
the program starts.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import yaml

from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_PROJECT_FILES: Final = ("Pulumi.yaml", "Pulumi.yml")
_STACK_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_KEY_PARTS: Final = 2
_MERGE: Final = "tag:yaml.org,2002:merge"
#: What ``type`` of a declared key can be.
_TYPES: Final = ("string", "integer", "boolean", "object", "array")
#: What a project or stack file may ask for that this engine does not do.
_UNSUPPORTED: Final = {"plugins": "local plugins", "packages": "packages with parameters"}
_UNSUPPORTED_CONFIG: Final = {"pulumi:autonaming": "configured autonaming", "pulumi:disable-default-providers": "it"}


class _Loader(yaml.SafeLoader):
    """YAML 1.2's plain scalars and no key twice, as Go's YAML reads it: ``yes`` and ``on`` are texts."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A dict of the node, refusing a key that is there twice."""
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                if (key.tag, key.value) in seen:
                    problem = f"key {key.value!r} is there twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("ambiguous", r"[-+]?0[0-9]+", "-+0"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("int", r"[-+]?(0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+)", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), [*_first, ""])


def _int(loader: _Loader, node: yaml.ScalarNode) -> int:
    return int(loader.construct_scalar(node).replace("_", ""), 0)


def _ambiguous(loader: _Loader, node: yaml.ScalarNode) -> None:
    problem = f"{loader.construct_scalar(node)} may be meant as octal, decimal or text: put it in quotes"
    raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


_Loader.add_constructor("tag:yaml.org,2002:int", _int)
_Loader.add_constructor("tag:yaml.org,2002:ambiguous", _ambiguous)


@dataclass(frozen=True, slots=True)
class Secure:
    """An encrypted value of a stack file."""

    ciphertext: str


@dataclass(frozen=True, slots=True)
class Project:
    """``Pulumi.yaml``: where the program is and what config it declares."""

    name: str
    root: Path
    file: Path
    folder: Path
    entry: str
    schema: Mapping[str, Any]
    stack_folder: Path


@dataclass(frozen=True, slots=True)
class Config:
    """A stack's config as the program gets it.

    Attributes:
        values: text by full key (``ascend:phase``).
        secret: the keys whose value is a secret or holds one.
        raw: as the stack's file has it, secrets encrypted; for the history.
        secrets: the plaintexts of secrets, to keep them out of messages.
    """

    values: Mapping[str, str]
    secret: frozenset[str] = frozenset()
    raw: Mapping[str, Any] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()

    def package(self, package: str) -> dict[str, tuple[str, bool]]:
        """The config of a provider package: text and whether it is secret, by name."""
        found: dict[str, tuple[str, bool]] = {}
        for key, value in self.values.items():
            namespace, _, name = key.partition(":")
            if namespace == package:
                found[name] = (value, key in self.secret)
        return found


@dataclass(frozen=True, slots=True)
class StackFile:
    """``Pulumi.<stack>.yaml``: config with secrets still encrypted, and the salt of their key."""

    file: Path
    values: Mapping[str, Any] = field(default_factory=dict)
    salt: str = ""

    def has_secrets(self) -> bool:
        """Whether reading it takes the passphrase."""
        return any(map(_is_secure, self.values.values()))


def load_project(root: Path) -> Project:
    """Reads the project file in `root`.

    Raises:
        InputError: no such file, not YAML, or something in it is missing, wrong or not supported.
    """
    file = next((root / name for name in _PROJECT_FILES if (root / name).is_file()), None)
    if file is None:
        raise InputError(f"{root}: no {_PROJECT_FILES[0]} there; run from the project's folder or name it")
    content = _mapping(_read(file), file)
    name = content.get("name")
    if not isinstance(name, str) or not name:
        raise InputError(f"{file}: name: the project's name is missing")
    runtime = content.get("runtime")
    language = runtime.get("name") if isinstance(runtime, dict) else runtime
    if language != "python":
        raise InputError(f"{file}: runtime: {language!r} is not supported by the embedded engine, only python")
    for key, meaning in _UNSUPPORTED.items():
        if content.get(key):
            raise InputError(f"{file}: {key}: {meaning} are not supported by the embedded engine")
    if (content.get("options") or {}).get("refresh"):
        raise InputError(f"{file}: options.refresh is not supported by the embedded engine")
    schema = content.get("config") or {}
    if not isinstance(schema, dict):
        raise InputError(f"{file}: config: must be a mapping of keys, not {_kind(schema)}")
    declared = content.get("main") or "."
    if not isinstance(declared, str):
        raise InputError(f"{file}: main: must be a path, not {_kind(declared)}")
    main = root / declared
    if not main.exists():
        raise InputError(f"{file}: main: {main} does not exist")
    folder, entry = (main, ".") if main.is_dir() else (main.parent, main.name)
    return Project(
        name,
        root,
        file,
        folder,
        entry,
        schema,
        root / str(content.get("stackConfigDir") or content.get("config_dir") or "."),
    )


def load_stack_file(project: Project, stack: str) -> StackFile:
    """Reads the stack's config file; a stack without one has no config.

    Raises:
        InputError: the stack's name is not one, or the file is wrong or asks for what is not supported.
    """
    if not _STACK_NAME.fullmatch(stack):
        raise InputError(f"stack {stack!r}: a name has 1 to 100 letters, digits, hyphens, underscores and periods")
    file = project.stack_folder / f"Pulumi.{stack}.yaml"
    if not file.exists():
        return StackFile(file)
    content = _mapping(_read(file), file)
    if content.get("environment"):
        raise InputError(f"{file}: environment: ESC environments are not supported by the embedded engine")
    provider = content.get("secretsprovider") or ""
    if provider not in {"", "default", "passphrase"} or content.get("encryptedkey"):
        raise InputError(
            f"{file}: secretsprovider: {provider!r} is not supported by the embedded engine, only passphrase"
        )
    config = content.get("config") or {}
    if not isinstance(config, dict):
        raise InputError(f"{file}: config: must be a mapping of keys, not {_kind(config)}")
    if strange := sorted(str(key) for key in content if ":" in str(key)):
        raise InputError(f"{file}: {strange[0]}: is a key of the config; indent it below 'config:'")
    values = {_key(project, str(key), file): _secured(value) for key, value in config.items()}
    for key, meaning in _UNSUPPORTED_CONFIG.items():
        if key in values:
            raise InputError(f"{file}: config.{key}: {meaning} is not supported by the embedded engine")
    loaded = StackFile(file, values, str(content.get("encryptionsalt") or ""))
    if loaded.has_secrets() and not loaded.salt:
        raise InputError(f"{file}: encryptionsalt: missing, and the config holds secrets; restore the line")
    return loaded


def resolve(
    project: Project,
    stack: StackFile,
    overlay: Mapping[str, Any],
    decrypt: Callable[[str], str],
    *,
    complete: bool = True,
) -> Config:
    """The config of a run: the file's values, the overlay over them, the project's defaults under them.

    Args:
        project: declares types, values and defaults.
        stack: the stack's file.
        overlay: values for this run only.
        decrypt: decrypts a secret of the file.
        complete: whether every declared key must have a value; a run without the program does not need them.

    Raises:
        InputError: a key lacks a value, or a value is not of its declared type.
    """
    merged: dict[str, Any] = dict(stack.values)
    for key, value in overlay.items():
        merged[_key(project, key, stack.file)] = value
    missing: list[str] = []
    for declared, declaration in project.schema.items():
        key = _key(project, str(declared), project.file)
        typed = declaration if isinstance(declaration, dict) else {"default": declaration}
        if key not in merged:
            default = typed.get("default", typed.get("value"))
            if default is not None:
                merged[key] = default
            elif key.startswith(f"{project.name}:"):
                missing.append(key)
        if key in merged:
            _check_type(key, merged[key], typed, stack if key in stack.values else None, project)
    if missing and complete:
        raise InputError(
            f"{stack.file}: config: no value for {', '.join(sorted(missing))} (declared in {project.file.name}); "
            "set it below 'config:'"
        )
    return _decrypted(merged, stack, decrypt)


def _decrypted(merged: Mapping[str, Any], stack: StackFile, decrypt: Callable[[str], str]) -> Config:
    plaintexts: list[str] = []

    def plain(value: Any, key: str) -> Any:
        if isinstance(value, Secure):
            try:
                text = decrypt(value.ciphertext)
            except ValueError as error:
                raise InputError(f"{stack.file}: config.{key}: the secret cannot be decrypted ({error})") from error
            plaintexts.append(text)
            return text
        if isinstance(value, dict):
            return {name: plain(item, key) for name, item in value.items()}
        if isinstance(value, list):
            return [plain(item, key) for item in value]
        return value

    return Config(
        {key: _text(plain(value, key)) for key, value in sorted(merged.items())},
        frozenset(key for key, value in merged.items() if _is_secure(value)),
        {key: _raw(value) for key, value in merged.items()},
        tuple(plaintexts),
    )


def _read(file: Path) -> Any:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: is not a text: byte {error.start} is not UTF-8") from error
    try:
        return yaml.load(text, _Loader)  # noqa: S506 -- a safe loader, with YAML 1.2's scalars
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(f"{file}:{line}: not valid YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{file}: not valid YAML: {' '.join(str(error).split())}") from error


def _mapping(content: Any, file: Path) -> dict[str, Any]:
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(f"{file}: must be a mapping, not {_kind(content)}")
    return content


def _key(project: Project, key: str, file: Path) -> str:
    """A full key: one without a namespace belongs to the project; ``ns:config:name`` is an older spelling."""
    parts = key.split(":")
    if len(parts) == 1:
        return f"{project.name}:{key}"
    if len(parts) == _KEY_PARTS + 1 and parts[1] == "config":
        parts = [parts[0], parts[2]]
    if len(parts) != _KEY_PARTS or not all(parts):
        raise InputError(f"{file}: config.{key}: a key has the form <namespace>:<name>")
    return ":".join(parts)


def _secured(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"secure"} and isinstance(value["secure"], str):
            return Secure(value["secure"])
        return {str(key): _secured(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_secured(item) for item in value]
    return value


def _is_secure(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_is_secure, value.values()))
    return isinstance(value, Secure) or (isinstance(value, list) and any(map(_is_secure, value)))


def _raw(value: Any) -> Any:
    if isinstance(value, Secure):
        return {"secure": value.ciphertext}
    if isinstance(value, dict):
        return {key: _raw(item) for key, item in value.items()}
    return [_raw(item) for item in value] if isinstance(value, list) else value


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=str)


def _check_type(key: str, value: Any, declared: Mapping[str, Any], stack: StackFile | None, project: Project) -> None:
    where = f"{(stack.file if stack else project.file)}: config.{key}"
    if declared.get("secret") and stack and not _is_secure(value):
        raise InputError(f"{where}: must be encrypted, it is declared secret (pulumi config set --secret)")
    kind = declared.get("type")
    if kind is None or isinstance(value, Secure):
        return
    if kind not in _TYPES:
        raise InputError(f"{project.file}: config.{key}: type: {kind!r} is not a type; allowed: {', '.join(_TYPES)}")
    if not _is_of(value, str(kind), declared.get("items")):
        shown = repr(value) if not isinstance(value, dict | list) else _kind(value)
        raise InputError(f"{where}: must be of type {_full_type(declared)}, not {shown}")


def _is_of(value: Any, kind: str, items: Any) -> bool:  # noqa: PLR0911 -- one return per type
    if kind == "string":
        return not isinstance(value, dict | list) and value is not None
    if kind == "integer":
        if isinstance(value, str):
            return re.fullmatch(r"[-+]?[0-9]+", value) is not None
        return isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer()
    if kind == "boolean":
        return isinstance(value, bool) or value in {"true", "false"}
    if kind == "object":
        return isinstance(value, dict)
    if kind == "array":
        inner = items if isinstance(items, dict) else {}
        return isinstance(value, list) and all(
            _is_of(item, str(inner.get("type", "string")), inner.get("items")) for item in value
        )
    return False


def _full_type(declared: Mapping[str, Any]) -> str:
    kind = str(declared.get("type"))
    items = declared.get("items")
    return f"{kind}<{_full_type(items)}>" if kind == "array" and isinstance(items, dict) else kind


def _kind(value: Any) -> str:
    kinds = {dict: "a mapping", list: "a list", str: "a text", bool: "a boolean", int: "a number", float: "a number"}
    return kinds.get(type(value), "nothing")
