"""EC2's prefix lists: address ranges under one name, for security groups and routes."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_VERSIONS = {"IPv4": 4, "IPv6": 6}


class ManagedPrefixList(ResourceType):
    """A prefix list."""

    pulumi_type = "aws:ec2/managedPrefixList:ManagedPrefixList"
    service = "ec2"
    cfn = "AWS::EC2::PrefixList"
    cfn_rename: ClassVar = {"name": "PrefixListName"}
    kind = "prefix-list"
    create_op = "CreateManagedPrefixList"
    rename: ClassVar = {"name": "PrefixListName", "arn": "PrefixListArn"}
    id_path = "PrefixList.PrefixListId"
    read_op, read_param, read_path = "DescribeManagedPrefixLists", "PrefixListIds[]", "PrefixLists[0]"
    delete_op, delete_param = "DeleteManagedPrefixList", "PrefixListId"
    gone = ("InvalidPrefixListID.NotFound",)
    tags = tagging.ec2("prefix-list")

    def check(self, inputs: Props, region: str) -> list[Failure]:  # noqa: ARG002 -- a hook
        """Ranges of the list's family, each once, without host bits, and no more than there is room for."""
        entries = inputs.get("entries")
        if not isinstance(entries, list):
            return []
        failures = []
        most = inputs.get("maxEntries")
        if isinstance(most, int) and len(entries) > most:
            failures.append(Failure("entries", f"{len(entries)} ranges; maxEntries is {most}"))
        known: list[str] = []
        for index, entry in enumerate(entries):
            cidr = entry.get("cidr") if isinstance(entry, dict) else None
            if isinstance(cidr, str):
                place = f"entries[{index}].cidr"
                if cidr in known:
                    failures.append(Failure(place, f"{cidr} is listed twice"))
                known.append(cidr)
                failures += _judge(cidr, inputs.get("addressFamily"), place)
        return failures

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """The entries have a call of their own."""
        answer = api.call("GetManagedPrefixListEntries", PrefixListId=object_id)
        rows = [{"Cidr": row["Cidr"], "Description": row.get("Description") or None} for row in answer["Entries"]]
        kept = [{key: value for key, value in row.items() if value is not None} for row in rows]
        return super().outputs(api, object_id, inputs, {**found, "Entries": kept})

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Room is made before entries come, and taken after others went (vpc_managed_prefix_list.go)."""
        shrinks = news["maxEntries"] < olds["maxEntries"]
        if "maxEntries" in changed and not shrinks:
            api.call("ModifyManagedPrefixList", PrefixListId=object_id, MaxEntries=news["maxEntries"])
        if "name" in changed:
            api.call("ModifyManagedPrefixList", PrefixListId=object_id, PrefixListName=news["name"])
        if "entries" in changed:
            self._change(api, object_id, olds.get("entries") or [], news.get("entries") or [])
        if "maxEntries" in changed and shrinks:
            api.call("ModifyManagedPrefixList", PrefixListId=object_id, MaxEntries=news["maxEntries"])

    @staticmethod
    def _change(api: Api, object_id: str, before: list[Props], after: list[Props]) -> None:
        """One call cannot remove and add a range, so a changed description takes two."""
        added = [row for row in after if row not in before]
        removed = [row["cidr"] for row in before if row not in after]
        described = [cidr for cidr in removed if cidr in [row["cidr"] for row in added]]
        for remove, add in ((described, []), ([cidr for cidr in removed if cidr not in described], added)):
            if remove or add:
                found = api.call("DescribeManagedPrefixLists", PrefixListIds=[object_id])["PrefixLists"][0]
                params: dict[str, Any] = {"PrefixListId": object_id, "CurrentVersion": found["Version"]}
                if remove:
                    params["RemoveEntries"] = [{"Cidr": cidr} for cidr in remove]
                if add:
                    params["AddEntries"] = [{key.capitalize(): value for key, value in row.items()} for row in add]
                api.call("ModifyManagedPrefixList", **params)


def _judge(cidr: str, family: Any, place: str) -> list[Failure]:
    try:
        network = ipaddress.ip_network(cidr)
    except ValueError as error:
        return [Failure(place, str(error))]
    if "/" not in cidr:
        return [Failure(place, f"{cidr} has no prefix length")]
    if family in _VERSIONS and network.version != _VERSIONS[family]:
        return [Failure(place, f"{cidr} is not of the list's address family, {family}")]
    return []


TYPES = (ManagedPrefixList(),)
