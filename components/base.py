"""What every component has in common: where it belongs, how its children are named and tagged."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pulumi

from components import facts
from components.errors import ComponentError


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where a component belongs.

    Attributes:
        system: the product's name.
        stack: the stack's name.
        region: the region of every regional resource in it.
        account_id: the AWS account, for policies that must name it.
    """

    system: str
    stack: str
    region: str
    account_id: pulumi.Input[str]


class Component(pulumi.ComponentResource):
    """Base of all components.

    The type token is ``ascend:<module>:<class>``. Whatever is made below a component carries its name as a prefix, so
    that a name tells where a resource belongs and two children cannot take each other's URN; anything else is refused
    while it is declared.

    Args:
        name: the logical name; children's names start with it.
        scope: where the component belongs.
        opts: resource options of the component itself; children get only what `child_options` gives them.
        inputs: what the plan shows of it.
    """

    #: What the ``component`` tag says.
    tag: ClassVar[str]
    #: The middle of the type token.
    module: ClassVar[str] = "components"

    def __init__(
        self,
        name: str,
        scope: Scope,
        opts: pulumi.ResourceOptions | None = None,
        inputs: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            f"ascend:{self.module}:{type(self).__name__}",
            name,
            inputs,
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(transformations=[check_child])),
        )
        self.name = name
        self.scope = scope

    def child(self, suffix: str) -> str:
        """The name of a child: this component's, a hyphen, the suffix."""
        return f"{self.name}-{suffix}"

    def child_options(
        self,
        *,
        protect: bool = False,
        depends_on: list[pulumi.Resource] | None = None,
        ignore_changes: list[str] | None = None,
    ) -> pulumi.ResourceOptions:
        """Options of a child. `protect` is for what holds data."""
        return pulumi.ResourceOptions(
            parent=self,
            protect=protect or None,
            depends_on=depends_on,
            ignore_changes=ignore_changes,
        )

    def tags(self, name: str | None = None) -> Mapping[str, str]:
        """The tags of a child; with `name`, also the one that consoles show as its name.

        The phase is not among them: it would touch every resource at each promotion.
        """
        tags = {
            "system": self.scope.system,
            "stack": self.scope.stack,
            "component": self.tag,
            "managed-by": "pulumi",
        }
        return {"Name": name, **tags} if name else tags


def check_child(args: pulumi.ResourceTransformationArgs) -> None:
    """Refuse a resource whose name lacks its component's prefix, or whose physical name AWS would find too long.

    Raises:
        ComponentError: naming the resource and its parent, or the limit.
    """
    parent = args.opts.parent
    # `opts.parent` is None on a component's own registration below the stack.
    prefix = getattr(parent, "name", None) if isinstance(parent, Component) else None
    if prefix is not None and not args.name.startswith(f"{prefix}-"):
        msg = f"resource '{args.name}' ({args.type_}) must be named after its parent: '{prefix}-…'"
        raise ComponentError(msg)
    names = facts.load("names")
    limit = names["limits"].get(args.type_)
    if limit is None:
        return
    given = _given_name(args.props)
    name, room = (given, limit) if given else (args.name, limit - names["suffix"])
    if len(name) > room:
        msg = (
            f"name '{name}' ({args.type_}) has {len(name)} characters; {room} are allowed: "
            "choose a shorter name for the stack or the service"
        )
        raise ComponentError(msg)


def _given_name(props: Mapping[str, Any]) -> str | None:
    """The physical name, where it is given and not derived by Pulumi."""
    keys = ("name", "bucket", "identifier", "replication_group_id")
    return next((props[key] for key in keys if isinstance(props.get(key), str)), None)


def physical(name: str) -> str:
    """`name` as AWS's strictest identifiers take it: lower-case letters, digits and single hyphens.

    Used where a name is an identity that must not change and so is given, not derived by Pulumi.
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
