"""Keys of a stack's file, set in place: comments, order and everything else of the file stay as they are.

The text is edited where YAML's parser says that a value lies, read again, and written only where the other keys then
say what they said before; whole or not at all.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import yaml

from ascend import files, target
from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
#: Words that some reader of YAML takes for something else than text.
_TAKEN: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_COMMENT: Final = re.compile(r"(?<=\s)#[^\r\n]*")


def read(root: Path, stack: str) -> dict[str, Any]:
    """The keys of a stack's file, in its order; empty where there is none.

    Raises:
        InputError: it is not YAML, or its config is no mapping.
    """
    file = target.stack_file(root, stack)
    if not file.is_file():
        return {}
    try:
        document = yaml.safe_load(_text(file)) or {}
        config = document.get("config") or {}
        return dict(config)
    except (yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        raise _unusable(file, error) from error


def write(root: Path, stack: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Sets keys of a stack's file, such as ``ascend:phase``; a value of None takes a key out.

    Args:
        root: the project's folder.
        stack: the stack's name.
        values: by full key.

    Returns:
        What the keys were before, None for one that was not there: the same call with it puts the file back.

    Raises:
        InputError: the file cannot be read, written, or edited safely; it is as it was.
    """
    file = target.stack_file(root, stack)
    before = read(root, stack)
    old = {key: before.get(key) for key in values}
    wanted = {
        key: value
        for key, value in values.items()
        if (key in before if value is None else key not in before or before[key] != value)
    }
    if not wanted:
        return old
    text = _text(file) if file.is_file() else ""
    try:
        edited = text
        for key, value in wanted.items():
            edited = _edited(edited, key, value)
        _check(text, edited, wanted)
    except (yaml.YAMLError, ValueError, AttributeError) as error:
        raise _unusable(file, error) from error
    _write(file.resolve(), edited)
    return old


def _edited(text: str, key: str, value: Any) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is None:
        return f"{_ended(text, newline)}config:{newline}  {key}: {_shown(value)}{newline}"
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        raise ValueError("its keys do not stand on lines of their own")
    config = next(((name, node) for name, node in root.value if name.value == "config"), None)
    if config is None:
        return f"{_ended(text, newline)}config:{newline}  {key}: {_shown(value)}{newline}"
    name, node = config
    if isinstance(node, yaml.ScalarNode) and not node.value:
        at = _line_end(text, name.end_mark.index)
        return f"{_ended(text[:at], newline)}  {key}: {_shown(value)}{newline}{text[at:]}"
    if not isinstance(node, yaml.MappingNode):
        raise ValueError("its config is no mapping of keys")  # noqa: TRY004 -- told as a wrong file is
    if node.flow_style:
        rows = {**yaml.safe_load(text)["config"], key: value}
        lines = "".join(f"{newline}  {one}: {_shown(item)}" for one, item in rows.items() if item is not None)
        return f"{text[: name.end_mark.index]}:{lines}{text[node.end_mark.index :]}"
    return _in_mapping(text, newline, node, key, value)


def _in_mapping(text: str, newline: str, config: yaml.MappingNode, key: str, value: Any) -> str:
    """The text with one key of a mapping, each of whose keys has lines of its own, set or taken out."""
    found = next(((name, node) for name, node in config.value if name.value == key), None)
    if found is None:
        last = config.value[-1][1]
        at = _line_end(text, _end(text, last))
        indent = " " * config.value[0][0].start_mark.column
        return f"{_ended(text[:at], newline)}{indent}{key}: {_shown(value)}{newline}{text[at:]}"
    name, node = found
    start, end = name.end_mark.index, _end(text, node)
    if value is None:
        return text[: name.start_mark.index - name.start_mark.column] + text[_line_end(text, end) :]
    kept = "".join(f" {one}" for one in _COMMENT.findall(text[start : max(start, node.start_mark.index)]))
    rest = text[end:]
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and isinstance(value, list):
        had = yaml.safe_load(text)["config"][key]
        if value[: len(had)] == had:
            # What is added to a list leaves the lines of the others alone.
            indent = " " * (node.start_mark.column)
            at = _line_end(text, end)
            more = "".join(f"{indent}- {_shown(item)}{newline}" for item in value[len(had) :])
            return f"{_ended(text[:at], newline)}{more}{text[at:]}"
    return f"{text[:start]}: {_shown(value)}{kept}{rest}"


def _end(text: str, node: yaml.Node) -> int:
    """Where a value ends; of what stands on several lines YAML's parser tells only where the next thing begins."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        return len(text[: node.end_mark.index].rstrip())
    return int(node.end_mark.index)


def _line_end(text: str, index: int) -> int:
    """Where the next line begins."""
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


def _ended(text: str, newline: str) -> str:
    return text if not text or text.endswith("\n") else text + newline


def _shown(value: Any) -> str:
    """A value on one line, read the same by every reader of YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_shown(str(name))}: {_shown(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_shown, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _TAKEN:
        return value
    return json.dumps(value, ensure_ascii=False)


def _check(before: str, after: str, wanted: Mapping[str, Any]) -> None:
    """Holds the file as it would be against what it was.

    Raises:
        ValueError: another key than those that were wanted would change.
    """
    was, becomes = yaml.safe_load(before) or {}, yaml.safe_load(after) or {}
    config = {**(was.get("config") or {}), **wanted}
    expected = {**was, "config": {key: value for key, value in config.items() if value is not None} or None}
    if becomes != expected and becomes != {**expected, "config": expected["config"] or {}}:
        raise ValueError("a key of it cannot be set without another changing")


def _text(file: Path) -> str:
    """The file as it stands, with its own line ends."""
    try:
        return file.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read ({error})") from error


def _write(file: Path, text: str) -> None:
    try:
        files.replace(file, text)
    except OSError as error:
        raise InputError(f"{file}: cannot be written ({error.strerror}); it is as it was") from error


def _unusable(file: Path, error: Exception) -> InputError:
    text = " ".join(str(error).split())
    return InputError(f"{file}: its keys cannot be set: {text}; write each key of config on a line of its own")
