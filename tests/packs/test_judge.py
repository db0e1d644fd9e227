"""The runner of packs: loading, configuration, levels, what is unknown, what throws; and the same as the SDK says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi_policy as sdk
import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy.policy import _PolicyAnalyzerServicer
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from ascend.engine.model import UNKNOWN_MASK, Op, Step
from ascend.errors import InputError
from ascend.packs import Pack, judge, load
from tests.policies.cases import ALARM, QUEUES, statement
from tests.policies.plans import ROOT, adds, chosen, drops, only, options, pack, sets, steps_of, tells

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: Plans are shared by the tests of policies, packs and incidents.
pytestmark = pytest.mark.xdist_group("policies")
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
MANDATORY, ADVISORY = sdk.EnforcementLevel.MANDATORY, sdk.EnforcementLevel.ADVISORY


def _step(name: str = "one", **inputs: Any) -> Step:
    return Step(Op.CREATE, f"urn:pulumi:dev::ascend::a:b:C::{name}", "a:b:C", name, inputs=inputs)


def _pack(check: Callable[[sdk.ResourceValidationArgs, sdk.ReportViolation], Any], **more: Any) -> Pack:
    policy = sdk.ResourceValidationPolicy("p", "A policy.", check, **more)
    return Pack("small", (policy,), MANDATORY)


def test_a_pack_is_loaded_by_running_it() -> None:
    found = load(ROOT / "policies")
    assert found.name == "ascend"
    assert len({policy.name for policy in found.policies}) == len(found.policies) > 70


@pytest.mark.parametrize(
    ("main", "says"),
    [
        (None, "no policy pack"),
        ("raise ValueError('broken')", "cannot be run: ValueError: broken"),
        ("", "makes 0 policy packs"),
    ],
)
def test_what_is_no_pack_is_refused(tmp_path: Path, main: str | None, says: str) -> None:
    if main is not None:
        (tmp_path / "PulumiPolicy.yaml").write_text("runtime: python\n")
        (tmp_path / "__main__.py").write_text(main)
    with pytest.raises(InputError, match=says):
        load(tmp_path)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"nothing": "advisory"}, "'nothing' is no policy"),
        ({"tags": "sometimes"}, "'sometimes' is no level"),
        ({"tags": 3}, "a level or a mapping is needed"),
        ({"tags": {"colour": "red"}}, "no option 'colour'; options: tags"),
        ({"users-fit": {"share": "much"}}, "'much' is no number"),
        ({"users-fit": {"share": True}}, "True is no number"),
    ],
)
def test_a_wrong_configuration_is_refused(config: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        judge(pack(), [], config)


def test_levels_and_options_come_from_the_configuration() -> None:
    steps = steps_of(*QUEUES)
    chosen_pack = only("log-retention")
    strict = {"log-retention": {"least_days": 60}}
    verdict = judge(chosen_pack, steps, strict)
    assert verdict.blocked
    assert {one.level for one in verdict.violations} == {"mandatory"}
    soft = judge(chosen_pack, steps, {"log-retention": {**strict["log-retention"], "enforcementLevel": "advisory"}})
    assert not soft.blocked
    assert {one.level for one in soft.violations} == {"advisory"}
    assert len(soft.violations) == len(verdict.violations)
    assert judge(chosen_pack, steps, {"all": "disabled"}).violations == ()


def test_a_policy_that_throws_is_a_violation() -> None:
    def throws(args: sdk.ResourceValidationArgs, report: sdk.ReportViolation) -> None:
        raise ZeroDivisionError("by nothing")

    (one,) = judge(_pack(throws), [_step()]).violations
    assert (one.level, one.urn) == ("mandatory", _step().urn)
    assert "ZeroDivisionError: by nothing" in one.message


def test_what_is_unknown_is_said_and_what_does_not_apply_is_passed_over() -> None:
    def reads(args: sdk.ResourceValidationArgs, report: sdk.ReportViolation) -> None:
        if args.name == "other":
            args.not_applicable("another one")
        report(f"is {args.props['size']}")

    steps = [_step(size=UNKNOWN_MASK), _step("other", size=1), _step("third", size=3)]
    found = judge(_pack(reads), steps).violations
    assert [(one.level, one.message) for one in found] == [
        ("mandatory", "is 3"),
        ("advisory", "cannot be judged before it is deployed: string value at .size can't be known during preview"),
    ]


async def _late(report: sdk.ReportViolation) -> None:
    report("late")


def test_a_policy_may_be_awaited() -> None:
    (one,) = judge(_pack(lambda _, report: _late(report)), [_step()]).violations
    assert one.message == "late"


def test_a_remediation_puts_right_what_is_certain() -> None:
    steps = sets(LOG_GROUP, "retentionInDays", None)(steps_of(*QUEUES))
    (group,) = [step for step in chosen(steps, LOG_GROUP) if "retentionInDays" not in step.inputs]
    verdict = judge(only("log-retention"), steps)
    assert verdict.violations == ()
    (one,) = verdict.remediations
    assert (one.policy, one.urn) == ("log-retention", group.urn)
    assert one.properties == {**group.inputs, "retentionInDays": 30}
    advice = judge(only("log-retention"), steps, {"log-retention": "advisory"})
    assert advice.remediations == ()
    assert [violation.urn for violation in advice.violations] == [group.urn]


def test_missing_tags_are_put_right() -> None:
    steps = sets("aws:sns/topic:Topic", "tags", {"mine": "1"})(steps_of(*QUEUES))
    (one,) = judge(only("tags"), steps).remediations
    stack = one.urn.split("::", maxsplit=1)[0].rpartition(":")[2]
    assert one.properties["tags"] == {"mine": "1", "system": "atlas", "stack": stack, "managed-by": "pulumi"}


def test_the_same_violation_has_the_same_key_in_another_plan() -> None:
    steps = steps_of(*QUEUES)
    keys = [judge(only("cost-within-cap"), tells(budget=cap)(steps)).violations[0].key for cap in (1, 2.5)]
    assert keys[0] == keys[1]


def _request(step: Step) -> dict[str, Any]:
    masked = json.loads(json.dumps(step.inputs).replace(f'"{UNKNOWN_MASK}"', f'"{UNKNOWN_STRING_VALUE}"'))
    properties = struct_pb2.Struct()
    json_format.ParseDict(masked, properties)
    options = analyzer_pb2.AnalyzerResourceOptions(
        protect=step.protect, parent=step.parent, ignoreChanges=step.ignore_changes
    )
    return {"type": step.type, "properties": properties, "urn": step.urn, "name": step.name, "options": options}


def _as_the_sdk(policies: Pack, steps: Any) -> set[tuple[str, str, str, str]]:
    """What the SDK's own server answers the CLI."""
    server = _PolicyAnalyzerServicer("ascend", "1.0.0", list(policies.policies), policies.level)
    found = []
    for step in steps:
        request = analyzer_pb2.AnalyzeRequest(**_request(step))
        found += [(one, one.urn or step.urn) for one in server.Analyze(request, None).diagnostics]
    resources = [analyzer_pb2.AnalyzerResource(**_request(step), parent=step.parent) for step in steps]
    stack = server.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=resources), None)
    found += [(one, one.urn) for one in stack.diagnostics]
    levels = {analyzer_pb2.MANDATORY: "mandatory", analyzer_pb2.ADVISORY: "advisory"}
    return {
        (one.policyName, urn, levels[one.enforcementLevel], one.message.removeprefix(f"{one.description}\n"))
        for one, urn in found
    }


#: What makes a stack wrong in every group at once, so that the SDK's slow server is asked only once.
WRONG = (
    drops(ALARM, "api-cpu$"),
    drops(ALARM, "queue-jobs-failed$"),
    sets(ALARM, "threshold", 1000, "queue-jobs-depth$"),
    sets(ALARM, "actionsEnabled", False),
    sets("aws:rds/instance:Instance", "publiclyAccessible", True),
    sets("aws:rds/instance:Instance", "deletionProtection", False),
    options("aws:rds/instance:Instance", protect=False),
    sets("aws:rds/instance:Instance", "instanceClass", "db.r6g.8xlarge"),
    sets("aws:ecs/taskDefinition:TaskDefinition", "containerDefinitions", UNKNOWN_MASK),
    sets("aws:iam/rolePolicy:RolePolicy", "policy", statement(Action="*")),
    sets(LOG_GROUP, "retentionInDays", 3),
    adds("aws:ec2/defaultVpc:DefaultVpc", beside="aws:sns/topic:Topic"),
    adds("aws:ec2/natGateway:NatGateway", beside="aws:sns/topic:Topic", region="us-east-1"),
    tells(budget=10, users=1_000_000),
)


def test_the_verdict_is_that_of_the_sdk() -> None:
    """The whole pack on a stack wrong in many ways, judged here and by the server that the CLI talks to."""
    steps: Any = steps_of(*QUEUES)
    for change in WRONG:
        steps = change(steps)
    found = judge(pack(), steps).violations
    assert {(one.policy, one.urn, one.level, one.message) for one in found} == _as_the_sdk(pack(), steps)
    assert len({one.policy for one in found}) > len(WRONG)
    groups = {"alerting", "incidents", "cost", "durability", "security", "capacity"}
    assert {one.group for one in found} >= groups
