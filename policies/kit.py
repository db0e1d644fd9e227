"""How a policy is written: a function that yields what is wrong, and around it what all policies have in common.

Every policy has options with defaults, which stand in its schema and are used where a configuration says nothing (the
SDK does not apply them by itself). One that throws is a violation, never a silent pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi_policy as sdk

from policies.stack import Item, Stack, plain, seen, stack_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Severity = sdk.Severity
Level = sdk.EnforcementLevel
#: What a check of the stack yields: the resource's URN (empty for the stack itself) and what is wrong with it.
Finding = tuple[str, str]

_JSON_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "number"),
    (float, "number"),
    (str, "string"),
    (list, "array"),
    (dict, "object"),
)


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a policy.

    Attributes:
        default: its value where a configuration says nothing.
        description: what it means, with its unit.
    """

    default: Any
    description: str

    def schema(self) -> dict[str, Any]:
        """As JSON's schema."""
        name = next(name for type_, name in _JSON_TYPES if isinstance(self.default, type_))
        return {"type": name, "default": self.default, "description": self.description}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is said of a policy beside its check.

    Attributes:
        name: its name, in words joined by hyphens.
        group: the group that it belongs to.
        description: what it asks for, in one sentence.
        severity: how bad a violation is.
        level: how strictly it holds where a configuration says nothing.
        options: its options.
        fix: what to do about a violation.
    """

    name: str
    group: str
    description: str
    severity: Severity = Severity.HIGH
    level: Level = Level.MANDATORY
    options: Mapping[str, Option] | None = None
    fix: str

    def given(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The options, those not given at their default."""
        defaults = {name: one.default for name, one in (self.options or {}).items()}
        return {**defaults, **plain(config)}

    def arguments(self) -> dict[str, Any]:
        """The arguments of the SDK's policy."""
        schema = {name: one.schema() for name, one in (self.options or {}).items()}
        return {
            "name": self.name,
            "description": self.description,
            "enforcement_level": self.level,
            "severity": self.severity,
            "tags": [self.group],
            "remediation_steps": self.fix,
            "config_schema": sdk.PolicyConfigSchema(schema) if schema else None,
        }

    def message(self, what: str) -> str:
        """What is wrong and how to fix it, in one line."""
        return f"{what}; {self.fix}"

    def failed(self, error: Exception) -> str:
        """What stands in place of a verdict that could not be reached."""
        return f"the policy failed ({type(error).__name__}: {error}) and nothing is known of this; report it"


def on_resource(
    about: About,
    types: tuple[str, ...],
    check: Callable[[Item, Mapping[str, Any]], Iterable[str]],
    remediate: Callable[[Item, Mapping[str, Any]], dict[str, Any] | None] | None = None,
) -> sdk.ResourceValidationPolicy:
    """A policy on each resource by itself.

    Args:
        about: what is said of it.
        types: the types it is for; none for every one.
        check: yields what is wrong with a resource.
        remediate: its inputs put right; None where there is nothing to put right.
    """

    def validate(args: sdk.ResourceValidationArgs, report: sdk.ReportViolation) -> None:
        if types and args.resource_type not in types:
            args.not_applicable("it is for other types of resources")
        try:
            for what in check(seen(args), about.given(args.get_config())):
                report(about.message(what), None)
        except Exception as error:  # noqa: BLE001 -- whatever is thrown, it is a violation
            report(about.failed(error), None)

    def put_right(args: sdk.ResourceValidationArgs) -> Mapping[str, Any] | None:
        if remediate is None or (types and args.resource_type not in types):
            return None
        changes = remediate(seen(args), about.given(args.get_config()))
        # Through the SDK's own guards, which keep what is unknown and what is secret as it was.
        return None if changes is None else {**{key: _guarded(args.props, key) for key in args.props}, **changes}

    more: dict[str, Any] = {} if remediate is None else {"remediate": put_right}
    return sdk.ResourceValidationPolicy(validate=_located(validate), **about.arguments(), **more)


def _located(
    validate: Callable[[sdk.ResourceValidationArgs, sdk.ReportViolation], None],
) -> Callable[[sdk.ResourceValidationArgs, sdk.ReportViolation], None]:
    """Names the resource in every report: the CLI adds it where it is left out, other callers do not."""

    def named(args: sdk.ResourceValidationArgs, report: sdk.ReportViolation) -> None:
        validate(args, lambda message, urn: report(message, urn or args.urn))

    return named


def _guarded(props: Any, key: str) -> Any:
    """A value of the inputs as the SDK holds it: reading it by its key would raise where it is unknown."""
    return props["__target"][key]


def on_stack(about: About, check: Callable[[Stack, Mapping[str, Any]], Iterable[Finding]]) -> sdk.StackValidationPolicy:
    """A policy on the stack as a whole.

    Args:
        about: what is said of it.
        check: yields the URN of a resource (empty for the stack) and what is wrong with it.
    """

    def validate(args: sdk.StackValidationArgs, report: sdk.ReportViolation) -> None:
        try:
            for urn, what in check(stack_of(args.resources), about.given(args.get_config())):
                report(about.message(what), urn or None)
        except Exception as error:  # noqa: BLE001 -- whatever is thrown, it is a violation
            report(about.failed(error), None)

    return sdk.StackValidationPolicy(validate=validate, **about.arguments())
