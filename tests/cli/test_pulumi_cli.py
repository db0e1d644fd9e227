"""What the official CLI is not let do."""

from __future__ import annotations

import pytest

from ascend.engine.pulumi_cli import _refuse_creates
from ascend.errors import InputError

VPC = "urn:pulumi:dev::p::aws:ec2/vpc:Vpc::net"


def test_creates_whose_end_nobody_knows_are_left_to_the_engine_that_can_ask() -> None:
    with pytest.raises(
        InputError, match=r"dev: .*interrupted while it created net; .*`ascend up dev --embedded` first"
    ):
        _refuse_creates([f"updating {VPC}", f"creating {VPC}"], "dev")


def test_other_interrupted_operations_can_be_repeated() -> None:
    _refuse_creates([f"updating {VPC}", f"deleting {VPC}"], "dev")
