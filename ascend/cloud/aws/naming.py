"""Names that the program leaves out, as the official provider makes them up: name, dash, seven hex digits."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any

from ascend.cloud.provider import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ascend.cloud.values import Props

_DIGITS = 7
_PREFIX_DIGITS = 26


def _digits(seed: bytes, what: str, count: int) -> str:
    """Hex digits, from the engine's seed where it sends one so that a plan and its update agree."""
    if not seed:
        return secrets.token_hex(count)[:count]
    return hashlib.sha256(seed + what.encode()).hexdigest()[:count]


def autoname(
    rule: Mapping[str, Any], name: str, olds: Props, news: Props, seed: bytes
) -> tuple[str, str] | Failure | None:
    """The name property and the name to give it; None where the program gives one or none is made up.

    A name once made up is kept. ``namePrefix`` (any ``<property>Prefix``) gives a name that starts with it.
    """
    field = rule.get("property")
    if not field or field in news:
        return None
    prefix = news.get(f"{field}Prefix")
    kept = olds.get(field)
    if kept and field in olds.get("__defaults", ()) and (prefix is None or str(kept).startswith(str(prefix))):
        return str(field), str(kept)
    ending = next((text for flag, text in rule.get("suffix_if", {}).items() if news.get(flag) is True), "")
    if isinstance(prefix, str):
        return str(field), prefix + _digits(seed, prefix, _PREFIX_DIGITS) + ending
    made = f"{name}-{_digits(seed, name, _DIGITS)}"
    made = str(rule.get("prefix", "")) + (made.lower() if rule.get("lower") else made) + ending
    if len(made) > rule["max"]:
        reason = (
            f'the name made up from "{name}" has {len(made)} characters, {rule["max"]} are allowed; set {field} itself'
        )
        return Failure(str(field), reason)
    return str(field), made


def is_made_up(rule: Mapping[str, Any], inputs: Props) -> bool:
    """Whether a resource's name was made up, so that a second one may exist beside it."""
    return rule.get("property") in inputs.get("__defaults", ())
