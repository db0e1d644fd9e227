"""Every type that the components make is billed by a rule or known to be free."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ascend.cost import prices
from ascend.cost.estimate import free
from ascend.cost.rules import RULES

ROOT = Path(__file__).parents[2]
_MODULES = re.compile(r"^ *from pulumi_aws import (.+)$", re.MULTILINE)
_MADE = re.compile(r"\b([a-z0-9]+)\.([A-Z][A-Za-z0-9]*)\(")


def made() -> dict[str, str]:
    """The types, with the file that makes them: ``ec2.Eip(`` is ``aws:ec2/eip:Eip``."""
    found = {}
    for folder in ("components", "infra"):
        for file in (ROOT / folder).glob("*.py"):
            text = file.read_text(encoding="utf-8")
            modules = {name.strip() for line in _MODULES.findall(text) for name in line.partition("#")[0].split(",")}
            for module, class_ in _MADE.findall(text):
                if class_.endswith("Args"):
                    continue
                member = f"{class_[0].lower()}{class_[1:]}:{class_}"
                if module in modules:
                    found[f"aws:{module}/{member}"] = file.name
                elif module == "cloudflare":
                    found[f"cloudflare:index/{member}"] = file.name
    return found


def test_the_search_finds_what_components_make() -> None:
    assert {"aws:ec2/eip:Eip", "aws:rds/instance:Instance", "cloudflare:index/ruleset:Ruleset"} <= set(made())
    assert len(made()) > 70


@pytest.mark.parametrize(("type_", "file"), sorted(made().items()))
def test_a_type_that_is_made_has_a_rule_or_is_known_to_be_free(type_: str, file: str) -> None:
    assert type_ in RULES or type_ in free(), f"{file} makes it"


def classes(file: str, key: str) -> set[str]:
    """The classes that components allow: the keys, or the items, of a list in their data."""
    return set(yaml.safe_load((ROOT / "components" / "data" / file).read_text(encoding="utf-8"))[key])


@pytest.mark.parametrize(
    ("prefixes", "file", "key"),
    [
        (("rds.postgres.db.", "rds.postgres.multi-az.db."), "rds_classes.yaml", "classes"),
        (("elasticache.valkey.cache.", "elasticache.redis.cache."), "cache_nodes.yaml", "types"),
        (("dms.instance.dms.",), "migration.yaml", "classes"),
    ],
)
def test_the_classes_with_a_price_are_those_that_a_stack_can_have(
    prefixes: tuple[str, ...], file: str, key: str
) -> None:
    table = prices.load().prices
    for prefix in prefixes:
        family = prefix.rpartition(".")[0].rpartition(".")[2]
        priced = {f"{family}.{name.removeprefix(prefix)}" for name in table if name.startswith(prefix)}
        assert priced == classes(file, key), prefix


def test_every_price_is_of_a_region_that_has_all() -> None:
    wanted = {"us-east-1", "eu-west-1", "ap-southeast-1"}
    for name, regions in prices.load().prices.items():
        assert set(regions) in (wanted, {prices.EVERYWHERE}), name
