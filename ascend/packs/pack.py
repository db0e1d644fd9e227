"""A policy pack of a folder, and what its configuration may say.

The pack is run as a program, as the CLI does; the call with which it would start to serve hands over its policies
instead. Nothing of it is imported, so that the tool judges with the pack that lies in the project it is asked about.
"""

from __future__ import annotations

import runpy
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest import mock

import pulumi_policy

from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Level = pulumi_policy.EnforcementLevel
#: Types of JSON's schema that the options of policies use.
_TYPES: Mapping[str, tuple[type, ...]] = {
    "array": (list, tuple),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}
# Running a pack replaces a name of the SDK for a moment, which threads must not do at once.
_RUNNING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Pack:
    """A policy pack.

    Attributes:
        name: its name.
        policies: its policies, in order.
        level: how strictly policies hold that say nothing themselves.
    """

    name: str
    policies: Sequence[pulumi_policy.Policy]
    level: Level


def load(folder: Path) -> Pack:
    """The policy pack of a folder.

    Args:
        folder: the one with ``PulumiPolicy.yaml``.

    Raises:
        InputError: there is no policy pack of this language there, or it cannot be run.
    """
    main = folder / "__main__.py"
    if not (folder / "PulumiPolicy.yaml").is_file() or not main.is_file():
        raise InputError(f"{folder}: no policy pack; one has PulumiPolicy.yaml and __main__.py")
    found: list[Pack] = []

    def take(
        name: str, policies: list[pulumi_policy.Policy], enforcement_level: Level = Level.ADVISORY, **_: object
    ) -> None:
        """Stands where the SDK would serve the pack until it is stopped."""
        found.append(Pack(name, tuple(policies), enforcement_level))

    with _RUNNING, mock.patch.object(pulumi_policy, "PolicyPack", take):
        try:
            runpy.run_path(str(main), run_name="__main__")
        except Exception as error:
            raise InputError(f"{main}: cannot be run: {type(error).__name__}: {error}") from error
    if len(found) != 1:
        raise InputError(f"{main}: makes {len(found)} policy packs; one is needed")
    return found[0]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a pack's configuration says.

    Attributes:
        levels: how strictly each policy holds, by its name.
        options: the options of each policy, those not given at their default.
    """

    levels: Mapping[str, Level]
    options: Mapping[str, Mapping[str, Any]]


def settings(pack: Pack, config: Mapping[str, Any] | None) -> Settings:
    """A configuration, checked, with the defaults of what it leaves out; the SDK itself does not apply them.

    Args:
        pack: the pack.
        config: as in a file for ``--policy-pack-config``: for each policy a level, or options and a level
            (``enforcementLevel``); ``all`` for every one.

    Raises:
        InputError: naming what is not allowed.
    """
    given = dict(config or {})
    known = {policy.name: policy for policy in pack.policies}
    for name in given:
        if name != "all" and name not in known:
            raise InputError(f"policy pack config: '{name}' is no policy of {pack.name}; see docs/policies.md")
    general, _ = _entry("all", given.get("all", {}))
    levels, options = {}, {}
    for name, policy in known.items():
        own, values = _entry(name, given.get(name, {}))
        schema = policy.config_schema.properties if policy.config_schema else {}
        for key, value in values.items():
            _check(name, key, value, schema)
        levels[name] = own or general or policy.enforcement_level or pack.level
        options[name] = {key: rule["default"] for key, rule in schema.items() if "default" in rule} | values
    return Settings(levels, options)


def _entry(name: str, given: object) -> tuple[Level | None, dict[str, Any]]:
    """The level and the options of one entry."""
    if isinstance(given, str):
        given = {"enforcementLevel": given}
    if not isinstance(given, dict):
        raise InputError(f"policy pack config: {name}: a level or a mapping is needed, not {given!r}")
    options = dict(given)
    level = options.pop("enforcementLevel", None)
    choices = [one.value for one in Level]
    if level is not None and level not in choices:
        raise InputError(f"policy pack config: {name}: '{level}' is no level; allowed: {', '.join(choices)}")
    return None if level is None else Level(level), options


def _check(name: str, key: str, value: object, schema: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuses an option that the policy does not have, or of another type."""
    rule = schema.get(key)
    if rule is None:
        options = ", ".join(schema) or "none"
        raise InputError(f"policy pack config: {name}: no option '{key}'; options: {options}")
    wanted = str(rule.get("type", ""))
    types = _TYPES.get(wanted)
    if types is not None and (not isinstance(value, types) or (isinstance(value, bool) and bool not in types)):
        raise InputError(f"policy pack config: {name}.{key}: {value!r} is no {wanted}")
