"""What plain moto does not do and our overrides do: each function of ``gaps_*`` asserts that a gap is there.

`closed` runs them, in a process without the overrides (`test_moto_gaps`).
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

REGION = "eu-west-1"
GAPS: list[Callable[[], None]] = []


def gap(function: Callable[[], None]) -> Callable[[], None]:
    GAPS.append(function)
    return function


def client(service: str, region: str = REGION) -> Any:
    return boto3.client(service, region_name=region)


def not_implemented(call: Callable[[], Any]) -> None:
    """The call fails: moto does not know the operation, or has no route to it."""
    try:
        call()
    except (NotImplementedError, ClientError, TypeError):
        return
    message = "it works"
    raise AssertionError(message)


def closed(gaps: Iterable[Callable[[], None]]) -> dict[str, str]:
    """Those of `gaps` that are none any more, with what was seen."""
    found = {}
    for one in gaps:
        # One session for all: a new one reads the services' models again, which takes longer than what is tested.
        with mock_aws(config={"core": {"reset_boto3_session": False}}):
            try:
                one()
            except Exception:  # noqa: BLE001 -- whatever it is, the gap is not as it was
                found[one.__name__] = traceback.format_exc(limit=-1)
    return found
