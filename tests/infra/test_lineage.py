"""Which databases of a region are in use: what the config may say of it, and what the program makes of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from infra import world
from tests.components.recorder import record
from tests.infra.test_regions import INSTANCE, TWO, deployed, names, secret

if TYPE_CHECKING:
    from tests.components.support import Registered
    from tests.infra.support import Plan, Refuse

pytestmark = pytest.mark.usefixtures("all_built")

FENCED = {"us-east-1": {"fenced": True}}
SHARDS = ["database", "database-shard-2"]
REBUILT = {"us-east-1": {"generation": 2, "kept": SHARDS}}
HOME_AGAIN = {**REBUILT, "eu-west-1": {"generation": 2, "released": SHARDS}}


def gate(made: Registered, code: str, name: str = "database") -> list[str]:
    """Names of the rules that let somebody into a database."""
    (group,) = (one for one in made.of("SecurityGroup") if one.name == f"floyo-dev-{code}-{name}-group")
    rules = made.of("SecurityGroupIngressRule")
    return [one.name for one in rules if one.inputs["securityGroupId"] == f"{group.name}-id"]


def test_a_fenced_region_keeps_its_databases_and_lets_nobody_in(plan: Plan) -> None:
    before = deployed(plan)
    after = deployed(plan, primary="eu-west-1", databases=FENCED)
    assert {one.urn for one in before.resources if one.protect} <= {one.urn for one in after.resources if one.protect}
    old = after.one(INSTANCE, "floyo-dev-use1-database-primary")
    assert "replicateSourceDb" not in old.inputs
    assert {"engine", "multiAz", "password", "instanceClass", "replicateSourceDb"} <= set(old.ignore_changes)
    assert old.inputs["deletionProtection"] is True
    assert len(gate(before, "use1")) > 2
    assert gate(after, "use1") == []


def test_a_fenced_region_reads_where_it_is_written_to(plan: Plan) -> None:
    made = deployed(plan, primary="eu-west-1", databases=FENCED)
    here, there = secret(made, "euw1"), secret(made, "use1")
    assert there["readUrl"] == there["url"] == here["url"]
    assert "standbyPassword" not in there
    assert {name for name in names(made, "rds/proxy:Proxy") if "use1" in name} == set()


def test_a_follower_has_the_password_ready_that_it_takes_when_it_is_promoted(plan: Plan) -> None:
    assert secret(deployed(plan), "euw1")["standbyPassword"]
    fenced = deployed(plan, primary="eu-west-1", databases=FENCED)
    for fields in (secret(deployed(plan), "use1"), secret(fenced, "euw1")):
        assert fields["password"]
        assert "standbyPassword" not in fields


def test_the_next_generation_takes_the_place_under_a_name_of_its_own(plan: Plan) -> None:
    fenced = deployed(plan, primary="eu-west-1", databases=FENCED)
    made = deployed(plan, primary="eu-west-1", databases=REBUILT)
    new = made.one(INSTANCE, "floyo-dev-use1-database-g2-primary")
    assert new.inputs["identifier"] == "floyo-dev-use1-database-g2"
    assert new.inputs["replicateSourceDb"].endswith("/floyo-dev-euw1-database")
    assert "floyo-dev-use1-database-g2." in secret(made, "use1")["readUrl"]
    assert {one.urn for one in fenced.resources if one.protect} <= {one.urn for one in made.resources if one.protect}
    root = made.one("ascend:index:World").inputs
    assert root["outOfUse"] == ["floyo-dev-use1-database", "floyo-dev-use1-database-shard-2"]
    assert "outOfUse" not in deployed(plan).one("ascend:index:World").inputs


def test_secrets_keep_their_names_through_the_generations(plan: Plan) -> None:
    home = deployed(plan, databases=HOME_AGAIN)
    assert names(home, "secretsmanager/secret:Secret") == names(deployed(plan), "secretsmanager/secret:Secret") ^ {
        f"floyo-dev-use1-{name}-{end}" for name in SHARDS for end in ("proxy-login", "g2-proxy-login")
    }
    container, *_ = json.loads(home.one("TaskDefinition", "floyo-dev-use1-api-task").inputs["containerDefinitions"])
    assert {row["name"] for row in container["secrets"]} >= {"DATABASE_URL", "DATABASE_URL_SHARD_2"}


def test_what_is_released_loses_its_locks_and_nothing_else(plan: Plan) -> None:
    old = deployed(plan, databases=HOME_AGAIN).one(INSTANCE, "floyo-dev-euw1-database-primary")
    assert not old.protect
    assert old.inputs["deletionProtection"] is False
    assert old.inputs["skipFinalSnapshot"] is False


def test_nothing_said_is_nothing_changed(plan: Plan) -> None:
    empty: dict[str, Any] = {name: {"generation": 1, "fenced": False, "kept": [], "released": []} for name in TWO}
    said = record(lambda: world.deploy(plan(phase="global", regions=TWO, databases=empty)))
    assert {(one.urn, one.protect) for one in said.resources} == {
        (one.urn, one.protect) for one in deployed(plan).resources
    }


@pytest.mark.parametrize(
    ("databases", "line"),
    [
        ("nonsense", "ascend:databases: 'nonsense' is not a map from region to its databases"),
        ({"mars": {}}, "ascend:databases.mars: 'mars' is not a region that a stack can run in; allowed: us-east-1, "),
        ({"us-east-1": 2}, "ascend:databases.us-east-1: 2 is not a map; allowed: generation, fenced, kept, released"),
        ({"us-east-1": {"fence": True}}, "ascend:databases.us-east-1: unknown key 'fence'; did you mean 'fenced'?"),
        (
            {"us-east-1": {"generation": 0}},
            "ascend:databases.us-east-1: generation 0 is not a whole number from 1",
        ),
        ({"us-east-1": {"fenced": 1}}, "ascend:databases.us-east-1: fenced 1 is neither true nor false"),
        ({"us-east-1": {"kept": "database"}}, 'ascend:databases.us-east-1: kept "database" is not a list of databases'),
        (
            {"us-east-1": {"generation": 2, "kept": ["db"]}},
            'ascend:databases.us-east-1: kept "db" is not a database\'s name; allowed: such as database or ',
        ),
        (
            {"us-east-1": {"generation": 2, "kept": ["database-g2"]}},
            "ascend:databases.us-east-1: kept 'database-g2' is not of a generation before 2, the one in use",
        ),
        (
            {"us-east-1": {"generation": 2, "kept": ["database"], "released": ["database"]}},
            "ascend:databases.us-east-1: 'database' is kept and released; only one of them can be",
        ),
        (FENCED, "ascend:databases.us-east-1: fenced, but this is where the stack writes to; set ascend:primary to "),
        (
            {"us-west-2": {"fenced": True}},
            "ascend:databases.us-west-2: 'us-west-2' is none of the stack's regions; allowed: us-east-1, eu-west-1",
        ),
    ],
)
def test_what_cannot_be_is_one_clear_line(refuse: Refuse, databases: Any, line: str) -> None:
    problems = refuse(phase="global", regions=TWO, databases=databases)
    assert len(problems) == 1
    assert problems[0].startswith(f"Pulumi.dev.yaml: {line}")
