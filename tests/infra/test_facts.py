"""The facts that a config is checked against agree with AWS's own lists, as far as they are on this machine."""

from __future__ import annotations

import gzip
import ipaddress
import json
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend

from components import facts as component_facts
from components import routes
from infra import facts
from infra.phases import PHASES, SMALLEST_CACHE

REGIONS = facts.regions()
CLASSES = facts.instance_classes()
NODES = component_facts.load("cache_nodes")["types"]


def from_package(package: str, name: str) -> Any:
    """A JSON file that a package carries."""
    data = resources.files(package).joinpath(name).read_bytes()
    return json.loads(gzip.decompress(data) if name.endswith(".gz") else data)


@given(st.lists(st.sampled_from(sorted(REGIONS)), min_size=2, unique=True))
def test_the_networks_of_no_two_regions_overlap(names: list[str]) -> None:
    networks = [ipaddress.ip_network(REGIONS[name].cidr) for name in names]
    assert not any(one.overlaps(other) for one in networks for other in networks if one is not other)


def test_every_network_is_a_private_sixteen_away_from_the_reserved_ones() -> None:
    for region in REGIONS.values():
        network = ipaddress.ip_network(region.cidr)
        assert network.prefixlen == 16
        assert network.is_private
        assert region.index >= 16


#: Never change one: a network's addresses cannot change once a stack stands on them.
ADDRESS_PLAN = {
    "us-east-1": 16,
    "us-east-2": 17,
    "us-west-2": 18,
    "ca-central-1": 19,
    "sa-east-1": 20,
    "eu-west-1": 21,
    "eu-west-2": 22,
    "eu-west-3": 23,
    "eu-central-1": 24,
    "eu-north-1": 25,
    "ap-south-1": 26,
    "ap-southeast-1": 27,
    "ap-southeast-2": 28,
    "ap-northeast-1": 29,
    "ap-northeast-2": 30,
}


def test_the_address_plan_stays_as_it_is() -> None:
    assert {name: region.index for name, region in REGIONS.items() if name in ADDRESS_PLAN} == ADDRESS_PLAN


@pytest.mark.parametrize("name", REGIONS)
def test_the_zones_are_three_of_the_regions(name: str) -> None:
    region = REGIONS[name]
    real = {zone.zone_id for zone in RegionsAndZonesBackend.zones[name]}
    assert len(set(region.zone_ids)) == 3
    assert set(region.zone_ids) <= real
    assert len(set(region.link_zone_ids)) >= 2
    assert set(region.link_zone_ids) <= set(region.zone_ids)


def test_the_zones_that_vpc_links_do_not_serve_are_left_out() -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-vpc-links.html, read 2026-11-21
    served = {"ca-central-1": ("cac1-az1", "cac1-az2"), "eu-west-3": ("euw3-az1", "euw3-az3")}
    for name, region in REGIONS.items():
        assert region.link_zone_ids == served.get(name, region.zone_ids)


def test_fargate_sizes_are_those_of_cfn_lint() -> None:
    schema = from_package("cfnlint.data.schemas.extensions.aws_ecs_taskdefinition", "fargate_cpu_memory.json")
    theirs: dict[int, tuple[int, ...]] = {}
    for option in schema["then"]["anyOf"]:
        cpu, memory = (option["properties"][key]["then"] for key in ("Cpu", "Memory"))
        amounts = memory.get("enum") or range(memory["minimum"], memory["maximum"] + 1, memory["multipleOf"])
        for units in cpu["enum"]:
            theirs[int(units)] = tuple(amounts)
    assert theirs.pop(32768), "left out, see fargate.yaml"
    assert facts.fargate_sizes() == theirs


def offered(region: str) -> set[str]:
    """Instance classes of RDS for PostgreSQL in a region, as AWS lists them."""
    schema = from_package("cfnlint.data.schemas.extensions.aws_rds_dbinstance", "dbinstanceclass_enum.json")[region]
    return {
        name
        for rule in schema["allOf"]
        if rule["if"]["properties"].get("Engine", {}).get("const") == "postgres"
        for name in rule["then"]["properties"]["DBInstanceClass"]["enum"]
    }


def test_database_classes_are_offered_where_the_facts_say() -> None:
    for region in REGIONS:
        ours = {name for name, one in CLASSES.items() if region not in one.not_in}
        assert ours == set(CLASSES) & offered(region), region


def test_database_classes_have_the_hardware_of_their_ec2_types() -> None:
    types = from_package("moto.ec2", "resources/instance_types.json.gz")
    for name, one in CLASSES.items():
        hardware = types[name.removeprefix("db.")]
        assert hardware["VCpuInfo"]["DefaultVCpus"] == one.vcpu, name
        assert hardware["MemoryInfo"]["SizeInMiB"] == one.memory_gib * 1024, name
        assert hardware["BurstablePerformanceSupported"] is one.burstable, name
        assert hardware["ProcessorInfo"]["SupportedArchitectures"] == ["arm64"], name


def elasticache(name: str) -> Any:
    return from_package("cfnlint.data.schemas.extensions.aws_elasticache_cachecluster", f"{name}.json")


def test_cache_nodes_are_offered_in_every_region() -> None:
    offered_types = elasticache("cachenodetype_enum")
    for region in REGIONS:
        assert set(facts.cache_nodes()) <= set(offered_types[region]["enum"]), region


def test_cache_nodes_have_the_hardware_of_their_ec2_types() -> None:
    types = from_package("moto.ec2", "resources/instance_types.json.gz")
    for name, one in NODES.items():
        hardware = types[name.removeprefix("cache.")]
        assert hardware["VCpuInfo"]["DefaultVCpus"] == one["vcpu"], name
        assert hardware["ProcessorInfo"]["SupportedArchitectures"] == ["arm64"], name
        whole = hardware["MemoryInfo"]["SizeInMiB"] * 1024**2
        assert whole / 2 <= one["maxmemory_bytes"] < whole, name
        assert one["reserved_pct"] >= 25, "AWS's default and recommendation"


def test_cache_nodes_come_with_the_least_memory_first() -> None:
    assert list(facts.cache_nodes()) == sorted(NODES, key=lambda name: NODES[name]["maxmemory_bytes"])
    sizes = [one.memory_gib for one in facts.cache_nodes().values()]
    assert sizes == sorted(sizes)


def test_cache_engines_run_the_last_minor_version_of_their_major_one() -> None:
    # A minor version that AWS upgrades to by itself must not overtake ours: the next update would be a downgrade.
    known = {
        rule["if"]["properties"]["Engine"]["const"]: rule["then"]["properties"]["EngineVersion"]["enum"]
        for rule in elasticache("engine_version")["allOf"]
        if "const" in rule["if"]["properties"]["Engine"]
    }
    for engine, ours in component_facts.load("cache")["engines"].items():
        major = ours["version"].split(".")[0]
        assert ours["version"] == max(version for version in known[engine] if version.startswith(f"{major}.")), engine
        assert ours["family"] == f"{engine}{major}"


def test_every_phases_cache_node_is_known() -> None:
    assert {phase.cache.node_type for phase in PHASES.values() if phase.cache} <= set(NODES)
    assert SMALLEST_CACHE.node_type in NODES


def test_connections_stay_below_what_was_observed() -> None:
    # 112 and 901 by the class's whole memory; about 80 and 832 were seen.
    assert 70 <= CLASSES["db.t4g.micro"].max_connections <= 80
    assert 800 <= CLASSES["db.t4g.large"].max_connections <= 832
    assert CLASSES["db.r7g.16xlarge"].max_connections == 5000


def test_every_phases_database_class_is_offered_in_every_region() -> None:
    for phase in PHASES.values():
        assert CLASSES[phase.database.instance_class].not_in == ()


def test_the_limit_that_asks_for_a_load_balancer_is_the_one_that_routes_keep() -> None:
    assert routes.MAX_TIMEOUT_S == facts.HTTP_API_TIMEOUT_S
