"""What `ascend cost` and `ascend prices refresh` print, on plans of the tests' own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ascend import cli, plans
from ascend.cost import command
from ascend.errors import InputError
from tests.cost import world
from tests.cost.test_estimate import database
from tests.cost.test_prices import FULL, Gone, PriceList, file  # noqa: F401 -- a fixture that both use

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ascend.engine.model import Step, Target


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[list[Step]], list[Target]]:
    """Lets every plan be the given steps at the phase asked for, and tells of the targets."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    monkeypatch.chdir(tmp_path)

    def give(steps: list[Step]) -> list[Target]:
        asked: list[Target] = []

        def of_target(target: Target) -> plans.Plan:
            asked.append(target)
            phase = target.config.get("ascend:phase", "scaled")
            return plans.Plan.of(target.stack, [world.world(phase=phase), *steps])

        monkeypatch.setattr(plans, "of_target", of_target)
        return asked

    return give


STEPS = [*world.base()[1:], *database()]


def run(*arguments: str) -> int:
    return cli.run(["cost", *arguments])


def test_the_bill_of_a_stack(planned: Any, capsys: pytest.CaptureFixture[str]) -> None:
    planned(STEPS)
    assert run("dev") == 0
    out = capsys.readouterr().out
    assert out.startswith("shop at scaled, 10,000 users: US dollars a month\n    Service")
    assert "Bills of others, not in the total: Stripe 50.00-70.00" in out
    assert "Cap 500.00, " in out
    assert " left" in out


@pytest.mark.parametrize("heading", ["service", "component", "region"])
def test_groups_add_up_to_the_total(planned: Any, capsys: pytest.CaptureFixture[str], heading: str) -> None:
    planned(STEPS)
    assert run("dev", "--by", heading, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    for load, monthly in document["monthly"].items():
        assert sum(one[load] for one in document[f"by_{heading}"].values()) == pytest.approx(monthly, abs=1e-4)
        assert load != "expected" or sum(line["monthly"] for line in document["lines"]) == pytest.approx(monthly)


def test_the_ladder_of_a_system(planned: Any, capsys: pytest.CaptureFixture[str]) -> None:
    asked = planned(STEPS)
    assert run("--system", "floyo") == 0
    rows = capsys.readouterr().out.splitlines()[2:6]
    assert [row.split(",")[0].strip() for row in rows] == list(plans.PHASES)
    assert [one.config["ascend:phase"] for one in asked] == list(plans.PHASES)


def test_the_ladder_of_a_stack_in_one_region_gets_a_second_at_its_end(planned: Any) -> None:
    asked = planned(STEPS)
    assert run("dev", "--by", "phase", "--json") == 0
    assert [one.config.get("ascend:regions") for one in asked] == [None, None, None, ["us-east-1", "eu-west-1"]]


def test_a_phase_that_the_config_does_not_fit_is_left_out_with_the_reason(
    planned: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    planned(STEPS)
    fits = plans.of_target

    def of_target(target: Target) -> plans.Plan:
        if target.config["ascend:phase"] != "global":
            raise InputError("Pulumi.dev.yaml: ascend:services.api.maxTasks: too many")
        return fits(target)

    monkeypatch.setattr(plans, "of_target", of_target)
    assert run("dev", "--by", "phase", "--json") == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert [one["phase"] for one in document["phases"]] == ["global"]
    assert list(document["refused"]) == ["single-region", "cached", "scaled"]
    assert printed.err.count("maxTasks: too many") == 3


def test_a_config_that_fits_no_phase_is_an_error(
    planned: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    planned(STEPS)

    def of_target(_: Target) -> plans.Plan:
        raise InputError("Pulumi.dev.yaml: ascend:system: unknown")

    monkeypatch.setattr(plans, "of_target", of_target)
    assert run("dev", "--by", "phase") == 2
    assert capsys.readouterr().err == "error: Pulumi.dev.yaml: ascend:system: unknown\n"


def test_users_can_be_given(planned: Any, capsys: pytest.CaptureFixture[str]) -> None:
    planned(STEPS)
    assert run("dev", "--users", "42", "--json") == 0
    assert json.loads(capsys.readouterr().out)["users"] == 42


def test_what_has_no_price_and_what_exceeds_the_cap_is_said(planned: Any, capsys: pytest.CaptureFixture[str]) -> None:
    owner = world.component("Lake", "lake")
    lake = world.resource(owner, "aws:redshift/cluster:Cluster", "dear")
    planned([*STEPS, *world.service("api", tasks=100), owner, lake])
    assert run("dev") == 0
    out = capsys.readouterr().out
    assert "exceeded by" in out
    assert "Unpriced: aws:redshift/cluster:Cluster: no rule for this type (shop-use1-lake-dear)" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name a stack"),
        (["--phase", "scaled"], "name a stack"),
        (["dev", "--by", "phase", "--phase", "scaled"], "leave out --phase"),
        (["--system", "floyo", "--by", "region"], "give --phase too"),
        (["--by", "phase"], "name a stack, or give --system"),
        (["nowhere"], "no Pulumi.nowhere.yaml"),
        (["dev", "--users", "0"], "--users"),
    ],
)
def test_too_little_or_contradicting_input_is_refused(
    planned: Any, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    planned(STEPS)
    assert run(*arguments) == 2
    assert words in capsys.readouterr().err


def test_a_refresh_prints_what_changed(file: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811 -- the fixture
    command.prices_refresh(json=False, client=PriceList(FULL), file=file)
    assert capsys.readouterr().out.splitlines() == [
        "nat.hour in eu-west-1: 0.05 -> 0.048 (-4.0 %)",
        "1 changed, 3 as before, 0 not found and kept",
    ]


def test_a_refresh_as_json(file: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811 -- the fixture
    with pytest.raises(InputError, match=r"^4 prices are as they were, because their filters find no price or several"):
        command.prices_refresh(json=True, client=PriceList({}), file=file)
    document = json.loads(capsys.readouterr().out)
    assert (document["changed"], document["confirmed"], len(document["kept"])) == ([], 0, 4)


def test_a_refresh_without_credentials_is_one_line(file: Path) -> None:  # noqa: F811 -- the fixture
    from botocore.exceptions import NoCredentialsError  # noqa: PLC0415 -- only this test needs it

    class NoCredentials(Gone):
        def get_products(self, **arguments: Any) -> dict[str, Any]:
            raise NoCredentialsError

    with pytest.raises(InputError, match="does not answer: Unable to locate credentials; the table is as it was"):
        command.prices_refresh(json=False, client=NoCredentials({}), file=file)
