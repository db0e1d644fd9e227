"""The commands `capacity` and `simulate`: what they print, where, and what they refuse."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ascend import cli, plans
from ascend.engine.model import Op, Step, Target
from ascend.errors import InputError
from tests.capacity.planned import plan_of
from tests.cli.fakes import DATABASE, STACK, WORLD, Ran

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Ascend = Callable[..., Ran]


#: Plans are made once for all tests that look at them.
pytestmark = pytest.mark.xdist_group("capacity")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a dev stack, which is the working directory; its plans are those of the project's systems."""
    (tmp_path / "Pulumi.yaml").write_text("name: ascend\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  ascend:system: floyo\n")
    monkeypatch.chdir(tmp_path)

    def planned(wanted: Target) -> plans.Plan:
        return plan_of(wanted.config.get("ascend:system", "floyo"), wanted.config.get("ascend:phase", "single-region"))

    monkeypatch.setattr(plans, "of_target", planned)
    return tmp_path


@pytest.fixture
def ascend(root: Path, capsys: pytest.CaptureFixture[str]) -> Ascend:
    """Runs a command in this process."""

    def run(*arguments: str) -> Ran:
        code = cli.run(arguments)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


def document(ran: Ran) -> dict[str, Any]:
    assert ran.code == 0, ran.err
    loaded: dict[str, Any] = json.loads(ran.out)
    return loaded


def test_capacity_says_whether_it_holds(ascend: Ascend) -> None:
    ran = ascend("capacity", "--system", "atlas", "--phase", "2")
    assert ran.code == 0
    assert "Atlas at phase cached, 10,000 users" in ran.out
    assert "733 /s" in ran.out
    assert "2,000-3,000" in ran.out
    assert "It holds 10,000 users with every resource below 80%; first to give way: service:api." in ran.out
    assert "At most: 10,909 users." in ran.out
    assert "Not known: queue 'jobs': how many jobs a user sends" in ran.err


def test_capacity_of_more_users_than_it_holds(ascend: Ascend) -> None:
    ran = ascend("capacity", "--system", "atlas", "--phase", "cached", "--users", "20000")
    assert ran.code == 0
    assert "It does not hold 20,000 users" in ran.out
    assert "146.7%" in ran.out


def test_capacity_as_json(ascend: Ascend) -> None:
    shown = document(ascend("capacity", "dev", "--users", "500", "--json"))
    assert (shown["system"], shown["phase"], shown["users"]) == ("floyo", "single-region", 500)
    assert {"demand", "supply", "utilization", "bottleneck", "max_users"} <= set(shown)


def test_without_a_ceiling_cost_and_capacity_speak_of_the_same_users(ascend: Ascend) -> None:
    shown = document(ascend("capacity", "--system", "floyo", "--phase", "4", "--json"))
    assert shown["users"] == 100_000
    assert shown["regions"] == ["us-east-1", "eu-west-1"]


def test_simulate_draws_a_chart_and_sums_up(ascend: Ascend, root: Path) -> None:
    ran = ascend("simulate", "--system", "floyo", "--phase", "scaled", "--trace", "spike")
    assert ran.code == 0
    assert "spike, 3 h, 100,000 users at the busiest time" in ran.out
    assert "p95 < 1 s, errors < 1 %" in ran.out
    assert "fixed" in ran.out
    chart = root / ".ascend" / "charts" / "dev-spike.svg"
    assert str(chart) in ran.err
    assert chart.read_text().startswith("<svg ")


def test_simulate_as_json(ascend: Ascend, root: Path) -> None:
    chart = root / "out" / "launch.svg"
    shown = document(
        ascend(
            "simulate",
            "--system",
            "floyo",
            "--phase",
            "3",
            "--users",
            "500000",
            "--trace",
            "launch",
            "--out",
            str(chart),
            "--json",
        )
    )
    assert shown["chart"] == str(chart)
    assert chart.is_file()
    assert shown["length_s"] == 8 * 3600
    assert shown["cost_usd"]["autoscaled"] < shown["cost_usd"]["fixed"]
    assert [one["service"] for one in shown["services"]] == ["web", "api"]
    web = shown["services"][0]
    assert set(web["policies"]) == {"default", "fast"}
    assert len(web["series"]) == 8 * 60
    assert {"t_s", "tasks", "utilization", "p95_s", "error_share", "usd_per_hour"} <= set(web["series"][0])


def test_simulate_takes_a_file_in_requests_of_the_whole_system(ascend: Ascend, root: Path) -> None:
    (root / "black-friday.csv").write_text("seconds,requests_per_second\n0,500\n7200,500\n")
    shown = document(ascend("simulate", "--system", "floyo", "--phase", "3", "--trace", "black-friday.csv", "--json"))
    # 500 are what 100,000 users send, of which the edge answers half, and each service half of the rest.
    assert shown["services"][0]["series"][0]["per_second"] == pytest.approx(125)


def test_a_phase_of_fixed_size_has_one_policy(ascend: Ascend) -> None:
    ran = ascend("simulate", "dev", "--trace", "daily")
    assert ran.code == 0
    assert "fast" not in ran.out
    assert "It holds." in ran.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["capacity"], "name a stack (with a file: dev), or give both --system and --phase"),
        (["capacity", "--system", "floyo"], "give both --system and --phase"),
        (
            ["capacity", "--system", "floyo", "--phase", "5"],
            "'5' is not a phase; allowed: single-region (1), cached (2)",
        ),
        (["capacity", "prod"], "no Pulumi.prod.yaml"),
        (["capacity", "dev", "--users", "0"], "--users"),
        (["capacity", "--system", "no such", "--phase", "1"], "is not a stack name"),
        (["simulate", "dev"], "Missing option '--trace'"),
        (["simulate", "dev", "--trace", "weekly"], "trace 'weekly' is not there; allowed: daily, spike, launch"),
        (["simulate", "dev", "--trace", "daily", "--out", "/proc/none/chart.svg"], "cannot be written"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_2(ascend: Ascend, arguments: list[str], says: str) -> None:
    ran = ascend(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.count("\n") == 1
    assert says in ran.err


# Plans.


def test_a_system_at_a_phase_is_planned_with_all_that_the_phase_offers(tmp_path: Path) -> None:
    made = plans.target_of(tmp_path, "floyo", "4")
    assert made.stack == "floyo-p4"
    assert made.config["ascend:regions"] == ["us-east-1", "eu-west-1"]
    assert made.config["ascend:zone"] == "floyo-p4.example"
    assert "ascend:regions" not in plans.target_of(tmp_path, "floyo", "scaled").config


def test_a_plan_is_what_is_there_afterwards() -> None:
    described = Step(Op.SAME, WORLD.urn, WORLD.type, "dev", inputs={"figures": {"version": 1}})
    gone = Step(Op.DELETE, DATABASE.urn, DATABASE.type, "dev-old")
    assert [step.name for step in plans.Plan.of("dev", [STACK, described, gone, DATABASE]).resources] == [
        "ascend-dev",
        "dev",
        "dev-db",
    ]


@pytest.mark.parametrize(("steps", "says"), [([STACK], "holds no ascend:index:World"), ([WORLD], "holds no figures")])
def test_a_plan_that_describes_nothing_is_refused(steps: list[Step], says: str) -> None:
    with pytest.raises(InputError, match=says):
        plans.Plan.of("dev", steps)
