"""The systems in ``systems/``: which there are, and what their files say."""

import json
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from infra import strict_yaml
from infra.errors import Problems, did_you_mean
from infra.phases import PhaseName
from infra.system import System

FOLDER = "systems"
_PHASES = frozenset(map(str, PhaseName))


def names(root: Path) -> tuple[str, ...]:
    """The names of the systems that there are, sorted.

    Args:
        root: the project's folder.
    """
    return tuple(sorted(path.stem for path in (root / FOLDER).glob("*.yaml")))


def load(root: Path, name: str, problems: Problems) -> System | None:
    """The system `name`.

    Args:
        root: the project's folder.
        name: one of `names`.
        problems: takes what is wrong with its file, one line for each key.

    Returns:
        The system, or None if something is wrong.
    """
    where = f"{FOLDER}/{name}.yaml"
    try:
        data = strict_yaml.load(root / FOLDER / f"{name}.yaml")
    except (OSError, strict_yaml.NotPlainError) as error:
        problems.add(where, "", getattr(error, "strerror", None) or str(error))
        return None
    if not isinstance(data, dict):
        problems.add(where, "", "is not a map of keys")
        return None
    try:
        # By way of JSON, so that lists become tuples and texts enumerations while everything else stays strict.
        system = System.model_validate_json(json.dumps(data))
    except ValidationError as error:
        for key, text in explain(error, data):
            problems.add(where, key, text)
        return None
    if system.name != name:
        problems.add(where, "name", f"'{system.name}' is not the file's name; must be '{name}'")
        return None
    return system


def explain(error: ValidationError, data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a validation found, in the words of the file.

    Args:
        error: what pydantic raised.
        data: what was validated.

    Returns:
        For each problem its dotted key and what is wrong.
    """
    found = []
    for problem in error.errors(include_url=False):
        location, value = _in_file(problem["loc"], data)
        key = ".".join(map(str, location))
        if problem["type"] == "extra_forbidden":
            found.append((key, f"unknown key; {did_you_mean(str(location[-1]), _fields_at(problem['loc'][:-1]))}"))
        elif problem["type"] == "missing":
            found.append((key, "missing"))
        elif problem["type"] == "value_error":
            found.append((key, str(problem["ctx"]["error"])))
        elif problem["loc"] and problem["loc"][-1] == "[key]":
            found.append((key, f"'{location[-1]}' cannot be a key; {_lower(problem['msg'])}"))
        else:
            shown = f"{json.dumps(value)} is not allowed; " if isinstance(value, str | int | float | None) else ""
            found.append((key, f"{shown}{_lower(problem['msg'])}"))
    return found


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _in_file(location: Sequence[str | int], data: Any) -> tuple[list[str | int], Any]:
    """The part of a location that the file has, and the value there.

    A value given once is validated as one of the first phase, which the file does not say; pydantic's own marks
    (``[key]``) are not in it either. A missing key is.
    """
    kept: list[str | int] = []
    value = data
    for position, part in enumerate(location):
        if part == "[key]":
            continue
        if isinstance(value, dict):
            if part not in value and part in _PHASES:
                continue
            kept.append(part)
            if part not in value:
                return kept, None
            value = value[part]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            kept.append(part)
            value = value[part]
        elif position == len(location) - 1:
            break
    return kept, value


def _fields_at(location: Sequence[str | int]) -> list[str]:
    """The keys that the model at `location` knows."""
    current: Any = System
    for part in location:
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = current.model_fields.get(str(part))
            current = field.annotation if field else None
        else:
            current = get_args(_bare(current))[-1] if get_args(_bare(current)) else None
        current = _bare(current)
    return list(current.model_fields) if isinstance(current, type) and issubclass(current, BaseModel) else []


def _bare(annotation: Any) -> Any:
    """An annotation without `Annotated` and without None."""
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in (typing.Union, types.UnionType):
            annotation = next(part for part in get_args(annotation) if part is not type(None))
        elif origin is tuple:
            return types.GenericAlias(list, (get_args(annotation)[0],))
        else:
            return annotation
