"""The functions of the emulated aws provider; none of them needs the cloud to run."""

# ruff: noqa: ARG001 -- one signature for all

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.cfn import regions
from ascend.cloud.facts import read_yaml
from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ascend.cloud.values import Props

ACCOUNT_ID = "123456789012"


@cache
def zones(region: str) -> list[tuple[str, str]]:
    """A region's availability zones as name and zone id.

    Raises:
        ProviderError: the table has no such region.
    """
    table = read_yaml(Path(__file__).parent / "data" / "zones.yaml")
    rows = table["regions"].get(region)
    if rows is None:
        known = ", ".join(sorted(table["regions"]))
        raise ProviderError(f"the embedded cloud has no availability zones for {region}; it has them for {known}")
    return [(f"{region}{letter}", zone_id) for letter, zone_id in rows.items()]


def _caller(_args: Props, region: str) -> Props:
    arn = f"arn:aws:iam::{ACCOUNT_ID}:user/embedded"
    return {"accountId": ACCOUNT_ID, "arn": arn, "userId": "AIDAEMBEDDEDEMBEDDED", "id": ACCOUNT_ID}


def _region(args: Props, region: str) -> Props:
    name = str(args.get("name") or region)
    if name not in regions():
        raise ProviderError(f'"{name}" is not an AWS region')
    return {
        "name": name,
        "region": name,
        "id": name,
        "description": name,
        "endpoint": f"ec2.{name}.amazonaws.com",
    }


def _partition(_args: Props, region: str) -> Props:
    china = region.startswith("cn-")
    partition = "aws-cn" if china else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    suffix = "amazonaws.com.cn" if china else "amazonaws.com"
    reverse = ".".join(reversed(suffix.split(".")))
    return {"partition": partition, "dnsSuffix": suffix, "reverseDnsPrefix": reverse, "id": partition}


def _zones(args: Props, region: str) -> Props:
    rows = zones(region)
    excluded = set(args.get("excludeNames") or ()) | set(args.get("excludeZoneIds") or ())
    kept = [(name, zone) for name, zone in rows if name not in excluded and zone not in excluded]
    return {
        "names": [name for name, _ in kept],
        "zoneIds": [zone for _, zone in kept],
        "groupNames": [region],
        "id": region,
        **args,
    }


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _policy_document(args: Props, region: str) -> Props:
    statements = []
    for given in args.get("statements") or []:
        statement: dict[str, Any] = {}
        if given.get("sid"):
            statement["Sid"] = given["sid"]
        statement["Effect"] = given.get("effect") or "Allow"
        for source, target in _STATEMENT.items():
            found = _as_list(given.get(source))
            if found:
                statement[target] = found[0] if len(found) == 1 else sorted(found)
        for source, target in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
            if given.get(source):
                statement[target] = _principals(given[source])
        conditions: dict[str, dict[str, Any]] = {}
        for condition in given.get("conditions") or []:
            found = condition["values"]
            conditions.setdefault(condition["test"], {})[condition["variable"]] = found[0] if len(found) == 1 else found
        if conditions:
            statement["Condition"] = conditions
        statements.append(statement)
    document: dict[str, Any] = {"Version": args.get("version") or "2012-10-17"}
    if args.get("policyId"):
        document["Id"] = args["policyId"]
    document["Statement"] = statements
    text = json.dumps(document, indent=2)
    short = json.dumps(document, separators=(",", ":"))
    identity = str(int(hashlib.sha256(text.encode()).hexdigest()[:8], 16))
    return {**args, "json": text, "minifiedJson": short, "id": identity}


_STATEMENT = {"actions": "Action", "notActions": "NotAction", "resources": "Resource", "notResources": "NotResource"}


def _principals(given: list[Props]) -> Any:
    if any(entry["type"] == "*" for entry in given):
        return "*"
    merged: dict[str, list[str]] = {}
    for entry in given:
        merged.setdefault(entry["type"], []).extend(entry["identifiers"])
    return {kind: found[0] if len(found) == 1 else sorted(found) for kind, found in merged.items()}


_FUNCTIONS: dict[str, Callable[[Props, str], Props]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
}


def answer(token: str, args: Props, region: str) -> Props:
    """The result of a function call.

    Raises:
        ProviderError: the function is not emulated, or its arguments are wrong.
    """
    function = _FUNCTIONS.get(token)
    if function is None:
        raise ProviderError(
            f"{token} is not emulated by the embedded aws provider; there are {', '.join(sorted(_FUNCTIONS))}"
        )
    return function(args, region)
