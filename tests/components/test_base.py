"""Names, tags and prefixes of components."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pytest
from pulumi_aws import iam, s3

from components.base import Component, Scope, physical
from components.errors import ComponentError
from tests.components.support import SCOPE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.components.support import Run


class Box(Component):
    """A component with one child, made by the test."""

    tag = "box"

    def __init__(self, name: str, make: Callable[[Box], object], scope: Scope = SCOPE) -> None:
        super().__init__(name, scope)
        make(self)
        self.register_outputs({})


def test_a_child_carries_its_parents_name(run: Run) -> None:
    made = run(lambda: Box("shop", lambda box: s3.Bucket(box.child("files"), opts=box.child_options(protect=True))))
    box, bucket = made.one(":Box"), made.one("s3/bucket:Bucket")
    assert (box.type, box.name) == ("ascend:components:Box", "shop")
    assert bucket.name == "shop-files"
    assert bucket.parent == box.urn
    assert bucket.protect


def test_a_child_without_the_prefix_is_refused(run: Run) -> None:
    with pytest.raises(
        ComponentError, match=r"^resource 'files' \(aws:s3/bucket:Bucket\) must be named after its parent"
    ):
        run(lambda: Box("shop", lambda box: s3.Bucket("files", opts=box.child_options())))


def test_a_name_that_only_begins_alike_is_refused(run: Run) -> None:
    with pytest.raises(ComponentError, match=r"'shopping' .* must be named after its parent: 'shop-…'"):
        run(lambda: Box("shop", lambda box: s3.Bucket("shopping", opts=box.child_options())))


def test_a_grandchild_is_held_to_its_own_parents_name(run: Run) -> None:
    def nested(box: Box) -> None:
        inner = Inner(box.child("inner"), box.child_options())
        s3.Bucket(box.child("files"), opts=pulumi.ResourceOptions(parent=inner))

    with pytest.raises(ComponentError, match=r"'shop-files' .* must be named after its parent: 'shop-inner-…'"):
        run(lambda: Box("shop", nested))


class Inner(Component):
    """A component inside another."""

    tag = "inner"

    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__(name, SCOPE, opts)


def test_a_components_options_do_not_reach_its_children(run: Run) -> None:
    def outer(box: Box) -> None:
        s3.Bucket(box.child("files"), opts=box.child_options())

    made = run(lambda: Box("shop", outer))
    assert not made.one("s3/bucket:Bucket").protect


@pytest.mark.parametrize(("length", "refused"), [(56, False), (57, True)])
def test_a_derived_name_must_leave_room_for_pulumis_suffix(run: Run, length: int, refused: bool) -> None:
    name = "s" * (length - len("-exec"))

    def program() -> Box:
        return Box(name, lambda box: iam.Role(box.child("exec"), assume_role_policy="{}", opts=box.child_options()))

    if refused:
        with pytest.raises(ComponentError, match="has 57 characters; 56 are allowed: choose a shorter name"):
            run(program)
    else:
        assert run(program).one("iam/role:Role").name == f"{name}-exec"


@pytest.mark.parametrize(("length", "refused"), [(64, False), (65, True)])
def test_a_given_name_has_all_of_the_room(run: Run, length: int, refused: bool) -> None:
    given = "r" * length

    def program() -> Box:
        return Box(
            "shop",
            lambda box: iam.Role(box.child("x"), name=given, assume_role_policy="{}", opts=box.child_options()),
        )

    if refused:
        with pytest.raises(ComponentError, match="has 65 characters; 64 are allowed"):
            run(program)
    else:
        assert run(program).one("iam/role:Role").inputs["name"] == given


def test_tags_say_where_a_resource_belongs_but_not_its_phase(run: Run) -> None:
    made = run(lambda: Box("shop", lambda box: s3.Bucket(box.child("a"), tags=box.tags("x"), opts=box.child_options())))
    assert made.one("s3/bucket:Bucket").inputs["tags"] == {
        "Name": "x",
        "system": "floyo",
        "stack": "dev",
        "component": "box",
        "managed-by": "pulumi",
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [("floyo-dev-use1", "floyo-dev-use1"), ("Floyo_Dev.2", "floyo-dev-2"), ("--a--b--", "a-b")],
)
def test_physical_names_fit_the_strictest_identifiers(given: str, expected: str) -> None:
    assert physical(given) == expected
