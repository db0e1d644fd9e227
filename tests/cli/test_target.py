"""Which stack a command means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ascend import target
from ascend.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["dev", "prod-eu", "a", "_x", "feature.1", "A" * 100, "0"])
def test_names_that_the_official_cli_takes(name: str) -> None:
    assert target.check_name(name) == name


@pytest.mark.parametrize("name", ["", "..", ".x", "-x", "a/b", "a b", "ä", "A" * 101, "dev\n", "org/p/dev"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(InputError, match="is not a stack name; allowed: 1 to 100 letters"):
        target.check_name(name)


def test_a_stack_file_needs_nothing_else(project: Path) -> None:
    assert target.resolve(project, "dev").config == {}


def test_the_stacks_that_exist_are_listed(project: Path) -> None:
    (project / "Pulumi.prod.yaml").touch()
    assert target.stack_files(project) == ["dev", "prod"]
    with pytest.raises(InputError, match=r"no Pulumi\.qa\.yaml in .*; stacks with a file: dev, prod; "):
        target.resolve(project, "qa")


def test_outside_of_a_project_it_says_where_to_go(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no Pulumi\.yaml here or in a folder above; go to the project or give --cwd"):
        target.find_root(tmp_path)
