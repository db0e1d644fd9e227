"""YAML as plain data: no key twice, no text that turns into a date, an octal number or a boolean unasked."""

import re
from pathlib import Path
from typing import Any

import yaml


class NotPlainError(ValueError):
    """The text is not YAML, or says a key twice. One line, with the line's number."""


class _Loader(yaml.SafeLoader):
    """The safe loader without the surprises of YAML 1.1: ``on`` as true, ``1:30`` as 90, ``2024-01-01`` as a date."""

    # Own table: assigning here leaves SafeLoader's, which other code in the process uses, as it is.
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 -- PyYAML's own attribute

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A dict of the node, refusing a key that is there twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                msg = f"key '{key.value}' is there twice"
                raise yaml.constructor.ConstructorError(None, None, msg, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    ("float", r"^-?(?:0|[1-9][0-9]*)\.[0-9]+$", "-0123456789"),
    ("null", r"^(?:null|~|)$", ["n", "~", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def load(path: Path) -> Any:
    """The data of a YAML file.

    Args:
        path: the file.

    Returns:
        Dicts, lists, strings, numbers, booleans and None; None for an empty file.

    Raises:
        NotPlainError: if it is not UTF-8, not YAML, or has a key twice.
        OSError: if it cannot be read.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 -- derives from SafeLoader
    except UnicodeDecodeError as error:
        msg = f"byte {error.start} is not UTF-8"
        raise NotPlainError(msg) from error
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        msg = f"{line}{error.problem or 'not YAML'}"
        raise NotPlainError(msg) from error
    except yaml.YAMLError as error:
        msg = " ".join(str(error).split())
        raise NotPlainError(msg) from error
