"""What the other policies rest on: the stack describes itself, and its resources say whose they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi_policy as sdk

from policies.kit import About, Level, Option, Severity, on_resource
from policies.stack import LEDGER, ROOT, seen
from policies.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from policies.stack import Item

GROUP = "description"
#: The version of ``figures`` that the pack understands.
_VERSION = 1


def _described(item: Item, _: Mapping[str, Any]) -> Iterable[str]:
    phase = item.value("phase")
    if phase not in table("phases"):
        yield f"{item.name}: phase {phase!r} is none of {', '.join(table('phases'))}"
    if item.value("figures", "version") != _VERSION:
        yield f"{item.name}: describes its system in a version that is not {_VERSION}"
    for key in ("system", "environment", "regions", "budget"):
        if not item.value(key):
            yield f"{item.name}: does not say its {key}"


def _tagged(item: Item, config: Mapping[str, Any]) -> Iterable[str]:
    given = item.value("tags")
    if not isinstance(given, dict):
        return
    missing = [name for name in config["tags"] if not given.get(name)]
    if missing:
        yield f"{item.name}: has no tag {', '.join(missing)}"


def _tag(item: Item, config: Mapping[str, Any]) -> dict[str, Any] | None:
    """The tags of whoever owns the stack, where they are certain."""
    given = item.value("tags")
    if not isinstance(given, dict) or all(given.get(name) for name in config["tags"]):
        return None
    root = next((one for one in LEDGER.values() if one.type == ROOT), None)
    # ``urn:pulumi:<stack>::<project>::…``
    certain = {"managed-by": "pulumi", "stack": item.urn.split("::", maxsplit=1)[0].rpartition(":")[2]}
    if root is not None:
        certain["system"] = root.text("system")
    wanted = {name: certain[name] for name in config["tags"] if certain.get(name)}
    return {"tags": {**wanted, **{name: value for name, value in given.items() if value}}}


def _keep() -> sdk.ResourceValidationPolicy:
    """Keeps the inputs of every resource for the policies on the stack, and asks that the root describes it."""
    about = About(
        name="stack-describes-itself",
        group=GROUP,
        description="The root component says what the stack is: phase, system, budget, users.",
        severity=Severity.CRITICAL,
        fix="bring infra/ up to the version of the pack",
    )
    inner = on_resource(about, (ROOT,), _described)

    def validate(args: sdk.ResourceValidationArgs, report: sdk.ReportViolation) -> Any:
        if args.resource_type == ROOT:
            # It comes before everything that it makes: what is known so far is of a plan that was judged before.
            LEDGER.clear()
        LEDGER[args.urn] = seen(args)
        return inner.validate(args, report)

    return sdk.ResourceValidationPolicy(validate=validate, **about.arguments())


def policies() -> list[sdk.Policy]:
    """The policies of the group; the first one keeps what the others read."""
    return [
        _keep(),
        on_resource(
            About(
                name="tags",
                group=GROUP,
                description="What can be tagged says whose it is.",
                severity=Severity.LOW,
                level=Level.REMEDIATE,
                fix="make it as a child of a component, with the component's tags",
                options={"tags": Option(["system", "stack", "managed-by"], "the tags that are asked for")},
            ),
            (),
            _tagged,
            _tag,
        ),
    ]
