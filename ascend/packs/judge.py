"""The verdict of a policy pack on a plan, through the SDK's own objects.

As in the CLI: remediations first, then each resource on its inputs, then the stack. A plan is judged before anything
exists: what is unknown in it is unknown to the policies too.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Final

import pulumi_policy as sdk
from pulumi_policy.policy import _NotApplicableError  # The SDK raises it to its caller, and names it nowhere else.
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError, unknown_checking_proxy

from ascend.engine.model import UNKNOWN_MASK, Step
from ascend.packs.pack import Level, Pack, settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

MANDATORY: Final = Level.MANDATORY.value
ADVISORY: Final = Level.ADVISORY.value
_SEVERITIES = ("critical", "high", "medium", "low", "")
_FIGURES = re.compile(r"\d[\d.,]*")


@dataclass(frozen=True, slots=True)
class Violation:
    """One violation.

    Attributes:
        policy: the policy's name.
        group: the group it belongs to, the first of its tags.
        level: ``mandatory`` or ``advisory``.
        severity: ``critical``, ``high``, ``medium``, ``low`` or nothing.
        urn: the resource; empty for the stack as a whole.
        message: what is wrong, the threshold, how to fix it.
        description: what the policy asks for.
    """

    policy: str
    group: str
    level: str
    severity: str
    urn: str
    message: str
    description: str

    @property
    def key(self) -> tuple[str, str, str]:
        """The same for the same violation in another plan, whose figures may differ."""
        return self.policy, self.urn, _FIGURES.sub("#", self.message)

    def document(self) -> dict[str, str]:
        """As JSON."""
        return {
            "policy": self.policy,
            "group": self.group,
            "level": self.level,
            "severity": self.severity,
            "urn": self.urn,
            "message": self.message,
            "description": self.description,
        }

    def keyed(self) -> dict[str, Any]:
        """As JSON, with what tells it from others in another plan."""
        return {**self.document(), "key": list(self.key)}


@dataclass(frozen=True, slots=True)
class Remediation:
    """What a policy puts right by itself.

    Attributes:
        policy: the policy's name.
        urn: the resource.
        properties: its inputs, put right.
    """

    policy: str
    urn: str
    properties: Mapping[str, Any]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"policy": self.policy, "urn": self.urn, "properties": dict(self.properties)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a pack says of a plan.

    Attributes:
        violations: mandatory ones first, then by severity, policy and resource.
        remediations: what it puts right.
    """

    violations: tuple[Violation, ...]
    remediations: tuple[Remediation, ...]

    @property
    def blocked(self) -> bool:
        """Whether the CLI would refuse the update."""
        return any(one.level == MANDATORY for one in self.violations)


class _Outputs(Mapping[str, Any]):
    """A resource's outputs as the SDK guards them, made when they are first read: most policies read none of most."""

    def __init__(self, of: _Resource) -> None:
        self._of = of

    @cached_property
    def _made(self) -> Mapping[str, Any]:
        made: Mapping[str, Any] = unknown_checking_proxy({**self._of.inputs, **_unmasked(self._of.step.outputs)})
        return made

    def __getitem__(self, key: str) -> Any:
        return self._made[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


@dataclass(slots=True)
class _Resource:
    """A resource as it goes through the passes."""

    step: Step
    inputs: dict[str, Any]
    options: sdk.PolicyResourceOptions


def judge(pack: Pack, steps: Sequence[Step], config: Mapping[str, Any] | None = None) -> Verdict:
    """Judges what there will be.

    Args:
        pack: the policies.
        steps: a step of everything that will be there, components too.
        config: as in a file for ``--policy-pack-config``.

    Raises:
        InputError: the configuration is wrong.
    """
    rules = settings(pack, config)
    violations: list[Violation] = []
    remediations: list[Remediation] = []
    resources = [_Resource(step, _unmasked(step.inputs), _options(step)) for step in steps]
    active = [policy for policy in pack.policies if rules.levels[policy.name] is not Level.DISABLED]
    on_resources = [policy for policy in active if isinstance(policy, sdk.ResourceValidationPolicy)]
    on_stacks = [policy for policy in active if isinstance(policy, sdk.StackValidationPolicy)]

    def strictness(policy: sdk.Policy) -> str:
        """A remediation that left something to report is mandatory, as in the SDK."""
        return ADVISORY if rules.levels[policy.name] is Level.ADVISORY else MANDATORY

    def arguments(one: _Resource, policy: sdk.Policy, props: Any) -> sdk.ResourceValidationArgs:
        step = one.step
        of = dict(rules.options[policy.name])
        return sdk.ResourceValidationArgs(step.type, props, step.urn, step.name, one.options, None, of)

    for one in resources:
        for policy in on_resources:
            if rules.levels[policy.name] is Level.REMEDIATE and policy.has_remediation():
                fixed = _remediated(policy, arguments(one, policy, unknown_checking_proxy(one.inputs)))
                if fixed:
                    one.inputs = _plain(fixed)
                    remediations.append(Remediation(policy.name, one.step.urn, _masked(one.inputs)))
        props = unknown_checking_proxy(one.inputs)
        for policy in on_resources:
            if policy.has_validation():
                args, report = arguments(one, policy, props), _reporter(policy, strictness(policy), violations)
                _run(policy, partial(policy.validate, args, report), violations, one.step.urn)
    judged = _policy_resources(resources)
    for stack_policy in on_stacks:
        stack_args = sdk.StackValidationArgs(judged, dict(rules.options[stack_policy.name]))
        report = _reporter(stack_policy, strictness(stack_policy), violations)
        _run(stack_policy, partial(stack_policy.validate, stack_args, report), violations, "")
    return Verdict(tuple(sorted(violations, key=_order)), tuple(remediations))


def _order(one: Violation) -> tuple[bool, int, str, str, str]:
    return one.level != MANDATORY, _SEVERITIES.index(one.severity), one.policy, one.urn, one.message


def _run(
    policy: sdk.Policy, validate: Callable[[], Awaitable[Any] | None], violations: list[Violation], urn: str
) -> None:
    """Runs one policy; one that cannot be run is reported, never passed over."""
    report = _reporter(policy, MANDATORY, violations)
    try:
        result = validate()
        if isawaitable(result):
            asyncio.run(_awaited(result))
    except _NotApplicableError:
        return
    except UnknownValueError as error:
        _reporter(policy, ADVISORY, violations)(f"cannot be judged before it is deployed: {error.message}", urn)
    except Exception as error:  # noqa: BLE001 -- a policy that throws is a violation, whatever it throws
        report(f"the policy failed: {type(error).__name__}: {error}", urn)


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result


def _remediated(policy: sdk.ResourceValidationPolicy, args: sdk.ResourceValidationArgs) -> Mapping[str, Any] | None:
    """The inputs as a policy puts them right; None where it leaves them, or cannot know."""
    try:
        result: Any = policy.remediate(args)
        if isawaitable(result):
            result = asyncio.run(_awaited(result))
    except (UnknownValueError, _NotApplicableError):
        return None
    found: Mapping[str, Any] | None = result
    return found


def _reporter(policy: sdk.Policy, level: str, violations: list[Violation]) -> sdk.ReportViolation:
    def report(message: str, urn: str | None = None) -> None:
        violations.append(
            Violation(
                policy=policy.name,
                group=(policy.tags or [""])[0],
                level=level,
                severity=policy.severity.value if policy.severity else "",
                urn=urn or "",
                message=message,
                description=policy.description,
            )
        )

    return report


def _policy_resources(resources: Sequence[_Resource]) -> list[sdk.PolicyResource]:
    """The resources as a policy on the stack sees them, with their parents."""
    made = {
        one.step.urn: sdk.PolicyResource(
            one.step.type,
            _Outputs(one),
            one.step.urn,
            one.step.name,
            one.options,
            None,
            None,
            [],
            {},
        )
        for one in resources
    }
    for one in resources:
        made[one.step.urn].parent = made.get(one.step.parent)
    return list(made.values())


def _options(step: Step) -> sdk.PolicyResourceOptions:
    timeouts = sdk.PolicyCustomTimeouts(0, 0, 0)
    return sdk.PolicyResourceOptions(
        step.protect, list(step.ignore_changes or ()), None, [], timeouts, [], step.parent or None
    )


def _unmasked(value: Any) -> Any:
    """Inputs as the engine sends them: what is unknown is the SDK's own mark."""
    return _exchanged(value, UNKNOWN_MASK, UNKNOWN_STRING_VALUE)


def _masked(value: Any) -> Any:
    return _exchanged(value, UNKNOWN_STRING_VALUE, UNKNOWN_MASK)


def _exchanged(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: _exchanged(one, old, new) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_exchanged(one, old, new) for one in value]
    return new if isinstance(value, str) and value == old else value


def _plain(value: Any) -> Any:
    """What a remediation returned, without the SDK's guards around it."""
    value = value["__target"] if type(value).__name__ in ("_DictProxy", "_ListProxy") else value
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
