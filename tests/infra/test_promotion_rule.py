"""The rule that everything obeys, for any system, any promotion and any override that the config accepts."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ascend.cloud.aws.provider import AwsProvider
from ascend.cloud.provider import Resource
from infra import catalog, config, facts, resolve, world
from infra.errors import ConfigError, Problems
from infra.phases import BUILT, PHASES
from tests.components.recorder import record
from tests.components.support import Registered, Registration, Secret
from tests.e2e.point import DATA, holds_data
from tests.infra.support import ROOT, raw

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.deployment import Deployment

SYSTEMS = catalog.names(ROOT)
DEPLOYABLE = tuple(phase for phase, row in PHASES.items() if row.needs <= BUILT)
#: How many promotions are tried; in earnest with hundreds.
EXAMPLES = int(os.environ.get("ASCEND_TEST_EXAMPLES", "3"))
PROMOTIONS = tuple(itertools.combinations(DEPLOYABLE, 2))
GIBS = {0.25: (0.5, 1, 2), 0.5: (1, 2, 4), 1: (2, 4, 8), 2: (4, 8, 16)}


def _sizes() -> st.SearchStrategy[dict[str, Any]]:
    """One service's sizes, in pairs that Fargate runs."""
    pairs = st.sampled_from([(cpu, memory) for cpu, choices in GIBS.items() for memory in choices])
    return pairs.map(lambda pair: {"cpu": pair[0], "memory": pair[1]})


def _overrides(services: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Sizes of everything that the config lets one choose, each given or not."""
    return st.fixed_dictionaries(
        {},
        optional={
            "databaseClass": st.sampled_from(sorted(facts.instance_classes())),
            "databaseStorageGib": st.integers(20, 500).map(str),
            "databaseMaxStorageGib": st.integers(600, 4000).map(str),
            "cacheNodeType": st.sampled_from(sorted(facts.cache_nodes())),
            "services": st.dictionaries(st.sampled_from(services), _sizes()),
            "deletionProtection": st.sampled_from(["true", "false"]),
            "budget": st.integers(1, 9_999).map(str),
        },
    )


@st.composite
def _ways(draw: st.DrawFn) -> tuple[str, tuple[dict[str, Any], dict[str, Any]]]:
    """A system, and its config before and after a promotion."""
    name = draw(st.sampled_from(SYSTEMS))
    problems = Problems()
    system = catalog.load(ROOT, name, problems)
    assert system is not None
    services = tuple(system.services)
    domain = draw(st.sampled_from([{}, {"domain": "app.x.example", "zone": "x.example", "cloudflare_apiToken": "t"}]))
    shards = draw(st.sampled_from([(), (2, 2), (2, 3)]))
    # Not switched off on the way: that takes their log group along, with or without a promotion, as it is asked for.
    flow_logs = draw(st.sampled_from([("false", "false"), ("false", "true"), ("true", "true")]))
    both = []
    for index, phase in enumerate(draw(st.sampled_from(PROMOTIONS))):
        own = {"phase": str(phase), "flowLogs": flow_logs[index], **draw(_overrides(services))}
        values = {"system": name, **domain, **own}
        if PHASES[phase].min_regions > 1:
            values["regions"] = ["us-east-1", "eu-west-1"]
        if shards:
            values["shards"] = str(shards[index])
        both.append(values)
    return name, (both[0], both[1])


def _deployment(values: Mapping[str, Any]) -> Deployment:
    problems = Problems()
    settings_ = config.parse(raw(**values), "dev", problems)
    return resolve.resolve_named(ROOT, settings_, problems)


def _made(values: Mapping[str, Any]) -> Registered:
    try:
        plan = _deployment(values)
    except ConfigError:
        assume(False)
        raise
    return record(lambda: world.deploy(plan))


def _plain(value: Any) -> Any:
    if isinstance(value, Secret):
        return _plain(value.value)
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _replaced_by(before: Registration, after: Registration) -> set[str]:
    """The properties whose change makes the provider replace a resource."""
    resource = Resource(before.urn, before.type, before.name, {"region": "us-east-1"})
    olds, news = _plain(before.inputs), _plain(after.inputs)
    difference = AwsProvider().diff(resource, "id", olds, news, {**olds, "id": "id"})
    return {path for path, change in difference.changes.items() if change.replace}


def _broken(before: Registered, after: Registered) -> list[str]:
    """What a promotion would do to data: lose, rename, stop protecting or replace it."""
    there = {one.urn: one for one in after.resources}
    found = []
    for one in before.resources:
        if not holds_data({"type": one.type, "protect": one.protect}):
            continue
        same = there.get(one.urn)
        if same is None:
            found.append(f"{one.urn} is gone")
        elif one.protect and not same.protect:
            found.append(f"{one.urn} is no longer protected")
        elif one.type.startswith("aws:") and (forced := _replaced_by(one, same)):
            found.append(f"{one.urn} is replaced by {', '.join(sorted(forced))}")
    return found


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
@given(way=_ways())
def test_no_promotion_touches_data_whatever_the_overrides(
    way: tuple[str, tuple[dict[str, Any], dict[str, Any]]],
) -> None:
    _, (low, high) = way
    before, after = _made(low), _made(high)
    assert [one for one in before.resources if one.type in DATA and one.protect]
    assert _broken(before, after) == []


@pytest.mark.parametrize(
    ("type_", "old", "new", "path"),
    [
        ("aws:rds/instance:Instance", {"storageEncrypted": True}, {"storageEncrypted": False}, "storageEncrypted"),
        ("aws:kms/key:Key", {"multiRegion": True}, {"multiRegion": False}, "multiRegion"),
    ],
)
def test_the_search_for_replacements_finds_them(
    type_: str, old: dict[str, Any], new: dict[str, Any], path: str
) -> None:
    def registration(inputs: dict[str, Any]) -> Registration:
        return Registration(type_, "a", inputs, "", True, (), (), True, f"urn:{type_}::a")

    assert _replaced_by(registration(old), registration(new)) == {path}
    lost = _broken(Registered([registration(old)]), Registered([]))
    assert lost == [f"urn:{type_}::a is gone"]
