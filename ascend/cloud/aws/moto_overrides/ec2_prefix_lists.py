"""EC2's prefix lists: how many entries they may have, what they count for in a security group, when they can go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType

#: The quota of rules per security group and direction, of IPv4 and of IPv6 each (VPC user guide, "Amazon VPC quotas").
_RULES = 60


def install() -> None:
    """Patch when EC2 is loaded."""
    on_load("moto.ec2.models.managed_prefixes", _patch)
    on_load("moto.ec2.models.security_groups", _patch_groups)
    on_load("moto.ec2.responses.vpcs", _patch_responses)


def _fault(code: str, text: str) -> Exception:
    from moto.ec2.exceptions import EC2ClientError  # noqa: PLC0415 -- moto is being loaded

    error: Exception = EC2ClientError(code, text)
    return error


def _room(size: int, most: Any) -> None:
    if most is not None and size > int(most):
        text = f"You've reached the maximum number of entries for the prefix list: {most}"
        raise _fault("PrefixListMaxEntriesExceeded", text)


def _found(backend: Any, prefix_list_id: str) -> Any:
    """A list that is there; moto shows a deleted one for a while, and knows no error for one that never was."""
    found = backend.managed_prefix_lists.get(prefix_list_id)
    if found is None or found.state == "delete-complete":
        raise _fault("InvalidPrefixListID.NotFound", f"The prefix list ID '{prefix_list_id}' does not exist")
    return found


def _entries(prefix_list: Any) -> list[Any]:
    """The current version's; moto keeps none for a list that was made empty."""
    return list(prefix_list.entries.get(prefix_list.version) or [])


def _patch(module: ModuleType) -> None:
    backend = module.ManagedPrefixListBackend
    create, describe, modify, delete = (
        backend.create_managed_prefix_list,
        backend.describe_managed_prefix_lists,
        backend.modify_managed_prefix_list,
        backend.delete_managed_prefix_list,
    )

    def create_managed_prefix_list(self: Any, *args: Any, **kwargs: Any) -> Any:
        _room(len(kwargs.get("entry") or []), kwargs.get("max_entries"))
        return create(self, *args, **kwargs)

    def describe_managed_prefix_lists(self: Any, prefix_list_ids: list[str] | None = None, filters: Any = None) -> Any:
        for one in prefix_list_ids or []:
            _found(self, one)
        return describe(self, prefix_list_ids, filters)

    def modify_managed_prefix_list(  # noqa: PLR0917 -- moto's signature
        self: Any,
        add_entry: list[dict[str, str]],
        remove_entry: list[dict[str, str]],
        prefix_list_id: str | None = None,
        current_version: str | None = None,
        prefix_list_name: str | None = None,
    ) -> Any:
        found = _found(self, str(prefix_list_id))
        if (add_entry or remove_entry) and str(current_version) != str(found.version):
            text = f"The prefix list has the incorrect version number {current_version}; it is {found.version}"
            raise _fault("PrefixListVersionMismatch", text)
        both = {row["Cidr"] for row in add_entry} & {row["Cidr"] for row in remove_entry}
        if both:
            text = f"Request cannot contain Cidr {min(both)} in both AddPrefixListEntries and RemovePrefixListEntries"
            raise _fault("InvalidParameterValue", text)
        _room(len(_entries(found)) + len(add_entry) - len(remove_entry), found.max_entries)
        # moto takes no name for the wish to have none, and the version as text for none that it knows.
        name = prefix_list_name or found.prefix_list_name
        return modify(self, add_entry, remove_entry, prefix_list_id, found.version, name)

    def delete_managed_prefix_list(self: Any, prefix_list_id: str) -> Any:
        _found(self, prefix_list_id)
        if prefix_list_id in _used(self):
            raise _fault("DependencyViolation", f"The prefix list '{prefix_list_id}' is in use by a security group")
        return delete(self, prefix_list_id)

    backend.create_managed_prefix_list = create_managed_prefix_list
    backend.describe_managed_prefix_lists = describe_managed_prefix_lists
    backend.modify_managed_prefix_list = modify_managed_prefix_list
    backend.delete_managed_prefix_list = delete_managed_prefix_list


def _used(backend: Any) -> set[str]:
    """The prefix lists that security groups name."""
    return {
        rule.prefix_list_id
        for groups in backend.groups.values()
        for group in groups.values()
        for rule in [*group.ingress_rules, *group.egress_rules]
        if rule.prefix_list_id
    }


def _size(backend: Any, prefix_list_id: str, family: str) -> int:
    """A list counts for as many rules as it may have entries, in its own family."""
    found = _found(backend, prefix_list_id)
    return int(found.max_entries or 1) if found.address_family == family else 0


def _count(backend: Any, rules: list[Any], family: str) -> int:
    key = "CidrIp" if family == "IPv4" else "CidrIpv6"
    return sum(
        _size(backend, rule.prefix_list_id, family)
        if rule.prefix_list_id
        else int(bool(rule.source_group) or key in (rule.ip_range or {}))
        for rule in rules
    )


def _patch_groups(module: ModuleType) -> None:
    backend = module.SecurityGroupBackend

    def counted(name: str, direction: str) -> None:
        authorize = getattr(backend, name)

        def authorize_counted(self: Any, *args: Any, **kwargs: Any) -> Any:
            lists = [row["PrefixListId"] for row in kwargs.get("prefix_list_ids") or []]
            group = self.get_security_group_by_name_or_id(args[0] if args else kwargs["group_name_or_id"])
            if group is not None and lists:
                for family in ("IPv4", "IPv6"):
                    there = _count(self, getattr(group, f"{direction}_rules"), family)
                    if there + sum(_size(self, one, family) for one in lists) > _RULES:
                        raise module.RulesPerSecurityGroupLimitExceededError
            return authorize(self, *args, **kwargs)

        setattr(backend, name, authorize_counted)

    counted("authorize_security_group_ingress", "ingress")
    counted("authorize_security_group_egress", "egress")


def _patch_responses(module: ModuleType) -> None:
    response = module.VPCs
    modify = response.modify_managed_prefix_list

    def modify_managed_prefix_list(self: Any) -> Any:
        """Moto does not look for the number of entries."""
        most = self._get_param("MaxEntries")
        if most is None:
            return modify(self)
        if self._get_param("AddEntries", []) or self._get_param("RemoveEntries", []):
            text = "You cannot modify the entries of a prefix list and its size in the same request"
            raise _fault("InvalidParameterCombination", text)
        found = _found(self.ec2_backend, self._get_param("PrefixListId"))
        _room(len(_entries(found)), most)
        answer = modify(self)
        found.max_entries = most
        return answer

    response.modify_managed_prefix_list = modify_managed_prefix_list
