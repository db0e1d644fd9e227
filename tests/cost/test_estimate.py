"""The estimate as a whole: what it reads of a plan, what it leaves out, sums, spans, speed."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ascend.cost import load_curve, prices, tasks
from ascend.cost.estimate import estimate, free
from ascend.cost.model import Span, total
from ascend.cost.rules import RULES
from ascend.engine.model import Op
from ascend.errors import InputError
from tests.cost import world

if TYPE_CHECKING:
    from ascend.cost.model import Estimate
    from ascend.engine.model import Step


def vcpu_hours(found: Estimate) -> Span:
    return total([line.quantity for line in found.lines if line.item == "vCPU"])


def database(*, class_: str = "db.t4g.micro", size: int = 20, standby: bool = False) -> list[Step]:
    owner = world.component("Database", "database")
    server = world.resource(
        owner,
        "aws:rds/instance:Instance",
        "primary",
        instanceClass=class_,
        allocatedStorage=size,
        storageType="gp3",
        multiAz=standby,
    )
    return [owner, server]


def test_the_document_has_the_shape_that_others_rely_on() -> None:
    document = estimate([*world.base(), *database()]).document()
    assert set(document["monthly"]) == {"low", "expected", "high"}
    assert (document["cap"], document["currency"], document["unpriced"]) == (500, "USD", [])
    line = next(one for one in document["lines"] if one["item"] == "Instance db.t4g.micro")
    assert line["urn"].endswith("::shop-use1-database-primary")
    assert (line["quantity"], line["unit"], line["unit_price"]) == (730, "hours", pytest.approx(0.016))
    assert (line["monthly"], line["usage_based"]) == (11.68, False)
    assert (line["service"], line["component"], line["region"]) == ("aws:rds", "database", "us-east-1")


def test_bills_of_others_are_apart_from_the_total() -> None:
    found = estimate(world.base())
    assert [(one.name, one.monthly) for one in found.external] == [("Stripe", Span(50, 60, 70))]
    assert found.monthly == total([line.monthly for line in found.lines])


def test_a_type_without_a_rule_is_reported_and_never_zero() -> None:
    owner = world.component("Lake", "lake")
    found = estimate([*world.base(), owner, world.resource(owner, "aws:redshift/cluster:Cluster", "dear")])
    assert [(one.type, one.why) for one in found.unpriced] == [
        ("aws:redshift/cluster:Cluster", "no rule for this type")
    ]


def test_a_region_without_prices_is_reported() -> None:
    steps = [*world.base(), *database()]
    steps[-1] = replace(steps[-1], inputs={**steps[-1].inputs, "region": "sa-east-1"})
    known = "in sa-east-1; known in ap-southeast-1, eu-west-1, us-east-1"
    assert sorted(one.why for one in estimate(steps).unpriced) == [
        f"Instance db.t4g.micro: no price 'rds.postgres.db.t4g.micro' {known}",
        f"Storage: no price 'rds.storage.gp3' {known}",
    ]


def test_what_is_free_is_listed_with_its_reason() -> None:
    owner = world.component("Keys", "keys")
    found = estimate([*world.base(), owner, world.resource(owner, "aws:kms/alias:Alias", "alias")])
    assert ("aws:kms/alias:Alias", "keys are billed") in found.free
    assert all(one["why"] and one["source"].startswith("https://") for one in free().values())


def test_no_type_is_both_billed_and_free() -> None:
    assert set(RULES) & set(free()) == set()


def test_what_goes_is_not_billed() -> None:
    gone = [replace(step, op=Op.DELETE) for step in database()]
    assert estimate([*world.base(), *gone]).document() == estimate(world.base()).document()


def test_what_is_replaced_is_billed_once() -> None:
    owner, server = database()
    assert estimate([*world.base(), owner, replace(server, op=Op.REPLACE)]).monthly == (
        estimate([*world.base(), owner, server]).monthly
    )


def test_a_replica_follows_the_primary_in_use_and_not_what_a_failover_left_behind() -> None:
    def server(name: str, region: str, size: int, **more: Any) -> list[Step]:
        owner = world.component("Database", name, region)
        inputs = {"instanceClass": "db.t4g.micro", "allocatedStorage": size, "storageType": "gp3", **more}
        return [owner, world.resource(owner, "aws:rds/instance:Instance", "primary", region, **inputs)]

    other = "eu-west-1"
    there = [world.world(regions=[world.HOME, other]), world.region(), world.region(other)]
    in_use = [*server("database-g2", world.HOME, 20), *server("database", other, 20, replicateSourceDb="arn")]
    left = server("database", world.HOME, 1000)
    alone, beside = (
        next(line.quantity for line in estimate([*there, *steps]).lines if line.item == "Data from the other region")
        for steps in (in_use, [*left, *in_use])
    )
    assert alone.expected > 0
    assert beside == alone


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([], "holds no ascend:index:World"),
        ([world.world(figures=None)], "lacks `figures`"),
        ([world.world(figures={"version": 1})], "lacks `figures`"),
    ],
)
def test_a_plan_that_does_not_describe_itself_is_refused(steps: list[Step], words: str) -> None:
    with pytest.raises(InputError, match=words):
        estimate(steps)


def test_users_are_those_given_then_the_plans_then_the_targets() -> None:
    base = world.base()[1:]
    target = {**world.FIGURES, "target": {"concurrent_users": 3000}}
    active = {**world.FIGURES, "target": {"active_users": {"low": 500, "high": 1500}}}
    assert estimate(world.base(), users=7).users == 7
    assert estimate(world.base()).users == 10_000
    assert estimate([world.world(users=None, figures=target), *base]).users == 30_000
    assert estimate([world.world(users=None, figures=active), *base]).users == 1000
    assert estimate([world.world(users=None), *base]).users == 100_000


def test_an_autoscaled_service_is_billed_at_floor_curve_and_ceiling() -> None:
    # 10,000 users x 0.1 x 0.2/s = 200/s at the busiest time; half a vCPU carries 125/s, held at 70 %: 87.5/s. So 3
    # tasks there, and 1 when less than 87.5/s come; the floor is 1.
    steps = [world.world(), world.region(), *world.service("web", tasks=1, most=6)]
    hours = vcpu_hours(estimate(steps))
    shape = load_curve.curve(0.25)
    wanted = sum(min(6, max(1, -(-load * 200 // 87.5))) for load in shape) / len(shape)
    assert (hours.low, hours.high) == (365, 6 * 365)
    assert hours.expected == pytest.approx(365 * wanted)


def test_a_floor_by_the_clock_holds_until_the_next() -> None:
    floors = [
        {"cron": "0 8 ? * MON-FRI *", "time_zone": "UTC", "min_tasks": 5},
        {"cron": "0 20 ? * MON-FRI *", "time_zone": "UTC", "min_tasks": 1},
        {"cron": "*/5 * * * ? *", "time_zone": "UTC", "min_tasks": 6},
    ]
    quiet = {**world.FIGURES["services"]["web"], "capacity": {"cpu": 0.5, "requests_per_second": 1e6}, "floors": floors}
    figures = {**world.FIGURES, "services": {"web": quiet}}
    steps = [world.world(figures=figures), world.region(), *world.service("web", tasks=1, most=6)]
    assert vcpu_hours(estimate(steps)).expected == pytest.approx(365 * (12 * 5 + 12 * 1) / 24)


def test_a_service_follows_what_its_document_says_that_a_task_carries() -> None:
    def tasks_at_all_times(**capacity: Any) -> float:
        figures = {
            **world.FIGURES,
            "traffic": {**world.FIGURES["traffic"], "average_load": 1.0},
            "services": {"web": {"public_path": "/*", "capacity": {"cpu": 0.5, **capacity}}},
        }
        steps = [world.world(figures=figures), world.region(), *world.service("web", tasks=1, most=100)]
        return vcpu_hours(estimate(steps)).expected / 365

    assert tasks_at_all_times(requests_per_second={"low": 10, "high": 10}) == 29  # 200 / 7
    assert tasks_at_all_times(concurrent={"low": 50, "high": 50}) == 29  # 1,000 users / 35
    assert tasks_at_all_times(cpu=1, requests_per_second={"low": 20, "high": 20}) == 29  # half the vCPU, half as much


def test_a_worker_follows_its_jobs() -> None:
    # 1,000 active users x 2 jobs an hour; a task does 100, held at 70.
    steps = [world.world(), world.region(), *world.service("worker", tasks=1, most=50)]
    shape = load_curve.curve(0.25)
    wanted = sum(max(1, -(-load * 2000 // 70)) for load in shape) / len(shape)
    assert vcpu_hours(estimate(steps)).expected == pytest.approx(365 * wanted)


def test_users_are_spread_over_the_regions_that_serve() -> None:
    def network(where: str) -> list[Step]:
        owner = world.component("Network", "network", where)
        return [owner, world.resource(owner, "aws:ec2/vpc:Vpc", "vpc", where)]

    def out(found: Estimate) -> dict[str, float]:
        lines = [line for line in found.lines if line.item == "Data out to the internet"]
        return {line.region: line.quantity.expected for line in lines}

    one = [*world.base(), *network("us-east-1")]
    kept = [*one, world.region("eu-west-1"), *world.service("web", "eu-west-1", tasks=0), *network("eu-west-1")]
    both = [*one, world.region("eu-west-1"), *world.service("web", "eu-west-1"), *network("eu-west-1")]
    alone = out(estimate(one))["us-east-1"]
    assert out(estimate(kept)) == {"us-east-1": alone}
    assert out(estimate(both)) == pytest.approx({"us-east-1": alone / 2, "eu-west-1": alone / 2})


def test_the_edge_keeps_requests_from_the_stack() -> None:
    api = world.component("Ingress", "ingress")
    steps = [*world.base(), api, world.resource(api, "aws:apigatewayv2/api:Api", "api", protocolType="HTTP")]
    edge = world.component("Edge", "edge")
    behind = [*steps, edge, world.resource(edge, "cloudflare:index/ruleset:Ruleset", "cache", None)]

    def requests(found: Estimate) -> float:
        return next(line.quantity.expected for line in found.lines if line.service == "aws:apigatewayv2")

    assert requests(estimate(behind)) == pytest.approx(requests(estimate(steps)) / 2)


@settings(deadline=None)
@given(mean=st.floats(0.001, 1))
def test_the_load_curve_has_the_mean_that_it_is_given_and_one_peak(mean: float) -> None:
    shape = load_curve.curve(mean)
    assert sum(shape) / len(shape) == pytest.approx(mean, rel=1e-6)
    assert min(shape) >= 0
    assert max(shape) <= 1 + 1e-9
    top = shape.index(max(shape))
    assert list(shape[: top + 1]) == sorted(shape[: top + 1])


@pytest.mark.parametrize("mean", [0, -0.1, 1.01])
def test_a_mean_that_no_day_has_is_refused(mean: float) -> None:
    with pytest.raises(ValueError, match="mean load"):
        load_curve.curve(mean)


CLASSES = ("db.t4g.micro", "db.t4g.small", "db.t4g.medium", "db.t4g.large", "db.t4g.xlarge")
COUNTS = st.integers(0, 30)


@settings(max_examples=60, deadline=None)
@given(
    count=COUNTS, more=COUNTS, size=st.integers(20, 900), larger=st.integers(0, 900),
    class_=st.integers(0, 4), users=st.integers(1, 10**6), standby=st.booleans(),
)  # fmt: skip
def test_costs_are_never_negative_and_more_of_anything_is_never_cheaper(  # noqa: PLR0917 -- hypothesis gives them by name
    count: int, more: int, size: int, larger: int, class_: int, users: int, standby: bool
) -> None:
    def cost(tasks_: int, storage: int, class_: int, users_: int) -> Estimate:
        steps = [world.world(), world.region(), *world.service("web", tasks=tasks_, most=tasks_ + 5)]
        return estimate([*steps, *database(class_=CLASSES[class_], size=storage, standby=standby)], users=users_)

    before = cost(count, size, class_, users)
    assert all(min(line.monthly.low, line.monthly.expected, line.monthly.high) >= 0 for line in before.lines)
    assert before.monthly == total([line.monthly for line in before.lines])
    assert before.monthly.low <= before.monthly.expected + 1e-6
    assert before.monthly.expected <= before.monthly.high + 1e-6
    for after in (
        cost(count + more, size, class_, users),
        cost(count, size + larger, class_, users),
        cost(count, size, min(class_ + 1, 4), users),
        cost(count, size, class_, users * 2),
    ):
        assert after.monthly.low >= before.monthly.low - 1e-6
        assert after.monthly.expected >= before.monthly.expected - 1e-6
        assert after.monthly.high >= before.monthly.high - 1e-6


def test_a_thousand_services_are_estimated_in_seconds() -> None:
    services = {f"s{number}": {"public_path": f"/s{number}/*"} for number in range(1000)}
    steps = [world.world(figures={**world.FIGURES, "services": services}), world.region()]
    for name in services:
        steps += world.service(name, most=10)
    start = time.process_time()
    found = estimate(steps)
    assert time.process_time() - start < 10
    assert len(found.lines) == 2000


def billed(found: Estimate, item: str) -> dict[str, float]:
    """US dollars a month for an item, by region."""
    return {line.region: line.monthly.expected for line in found.lines if line.item == item}


def test_a_follower_pays_for_changes_at_the_price_of_the_region_that_they_leave() -> None:
    primary, follower = (
        world.component("Database", "database", "ap-southeast-1"),
        world.component("Database", "database"),
    )
    common = {"instanceClass": "db.t4g.micro", "allocatedStorage": 100, "storageType": "gp3"}
    kind = "aws:rds/instance:Instance"
    steps = [
        *world.base(), world.region("ap-southeast-1"),
        primary, world.resource(primary, kind, "primary", "ap-southeast-1", **common),
        follower, world.resource(follower, kind, "primary", replicateSourceDb="output<string>", **common),
    ]  # fmt: skip
    # 2 % of 100 GiB on each of 30 days, out of Singapore.
    assert billed(estimate(steps), "Data from the other region") == {"us-east-1": pytest.approx(60 * 0.09)}


def test_a_replica_in_its_own_region_pays_for_no_changes() -> None:
    owner = world.component("Replica", "database-replica-1")
    replica = world.resource(
        owner, "aws:rds/instance:Instance", "instance", instanceClass="db.t4g.micro", allocatedStorage=20,
        storageType="gp3", replicateSourceDb="output<string>",
    )  # fmt: skip
    assert billed(estimate([*world.base(), *database(), owner, replica]), "Data from the other region") == {}


def test_a_load_balancer_that_asks_for_certificates_carries_half_the_connections() -> None:
    owner = world.component("LoadBalancer", "balancer")
    balancer = world.resource(owner, "aws:lb/loadBalancer:LoadBalancer", "balancer", subnets=["a", "b"])
    store = world.resource(owner, "aws:lb/trustStore:TrustStore", "trust")
    figures = {
        **world.FIGURES,
        "traffic": {**world.FIGURES["traffic"], "bytes_per_request": 10},
        "services": {"web": {"public_path": "/*", "websockets": True}},
    }
    steps = [world.world(figures=figures, users=100_000), world.region(), *world.service("web"), owner, balancer]
    plain = billed(estimate(steps), "Capacity units")["us-east-1"]
    assert billed(estimate([*steps, store]), "Capacity units") == {"us-east-1": pytest.approx(2 * plain)}


def test_logs_go_through_their_endpoint_or_through_nat_and_are_billed_once() -> None:
    owner = world.component("Network", "network")
    gateway = world.resource(owner, "aws:ec2/natGateway:NatGateway", "nat")
    endpoint = world.resource(
        owner, "aws:ec2/vpcEndpoint:VpcEndpoint", "logs", vpcEndpointType="Interface", subnetIds=["a"],
        serviceName="com.amazonaws.us-east-1.logs",
    )  # fmt: skip
    with_nat = estimate([*world.base(), owner, gateway])
    with_both = estimate([*world.base(), owner, gateway, endpoint])

    def processed(found: Estimate) -> float:
        return sum(line.quantity.expected for line in found.lines if line.item == "Data processed")

    assert processed(with_both) == pytest.approx(processed(with_nat))
    assert with_both.unpriced == ()


def test_limits_of_tasks_are_the_scaling_targets_or_what_the_service_asks_for() -> None:
    from ascend.cost import plan  # noqa: PLC0415 -- the name is this test's only

    read = plan.read([world.world(), world.region(), *world.service("web", most=9), *world.service("api", tasks=3)])
    found = {one.component: tasks.limits(read, one) for one in read.of("aws:ecs/service:Service")}
    assert found == {"web": (2, 9), "api": (3, 3)}


def test_every_price_has_a_unit_a_source_and_a_date() -> None:
    table = prices.load()
    for key, regions in table.prices.items():
        for region, price in regions.items():
            assert price.unit, key
            assert table.sources[price.source]["url"].startswith("https://"), (key, region)
            assert len(price.date) == 10, (key, region)
