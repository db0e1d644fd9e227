"""What Elastic Load Balancing has of its own in each region."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from ascend.cloud.facts import read_yaml


@cache
def _table() -> dict[str, Any]:
    return read_yaml(Path(__file__).parent / "data" / "elb.yaml")


def log_account(region: str) -> str:
    """The account that once wrote load balancers' logs in a region, empty for one where none ever did."""
    return str(_table()["log_accounts"].get(region, ""))


def hosted_zone(region: str) -> str:
    """The Route 53 zone of application load balancers' names in a region, empty where it is not known."""
    return str(_table()["hosted_zones"].get(region, ""))


def fault(code: str, text: str) -> Exception:
    """An error of the service."""
    from moto.elbv2.exceptions import ELBClientError  # noqa: PLC0415 -- moto is loaded by now

    error: Exception = ELBClientError(code, text)
    return error
