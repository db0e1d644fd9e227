"""The base is read from git: the right commit, the right files, the lines that changed."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from ascend.errors import InputError
from ascend.review import revision

if TYPE_CHECKING:
    from pathlib import Path


def git(root: Path, *arguments: str) -> None:
    settings = ["-c", "user.name=A", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *settings, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project in a folder of a repository."""
    project = tmp_path / "deploy"
    (project / "infra").mkdir(parents=True)
    (project / "docs").mkdir()
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml", "infra/world.py", "docs/a.md"):
        (project / name).write_text("one\ntwo\nthree\n")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message=first")
    return project


def test_the_base_is_what_git_has(root: Path, tmp_path: Path) -> None:
    base = revision.find(root, "HEAD")
    assert (base.prefix, base.stacks) == ("deploy/", ["dev", "prod"])
    (root / "infra" / "world.py").write_text("changed\n")
    base.extract(tmp_path / "out")
    assert (tmp_path / "out" / "infra" / "world.py").read_text() == "one\ntwo\nthree\n"
    assert not (tmp_path / "out" / "docs").exists()


def test_links_within_the_project_are_kept_and_none_lead_out(root: Path, tmp_path: Path) -> None:
    (root / "infra" / "same.py").symlink_to("world.py")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message=link")
    revision.find(root, "HEAD").extract(tmp_path / "out")
    assert (tmp_path / "out" / "infra" / "same.py").read_text() == "one\ntwo\nthree\n"
    (root / "infra" / "out.py").symlink_to("../../../secret")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message=out")
    with pytest.raises(InputError, match=r"infra/out\.py: leads out of the project"):
        revision.find(root, "HEAD").extract(tmp_path / "again")


def test_the_key_follows_the_program_and_nothing_else(root: Path) -> None:
    first = revision.find(root, "HEAD").key
    (root / "docs" / "a.md").write_text("other\n")
    git(root, "commit", "--quiet", "--all", "--message=docs")
    assert revision.find(root, "HEAD").key == first
    (root / "infra" / "world.py").write_text("other\n")
    git(root, "commit", "--quiet", "--all", "--message=program")
    assert revision.find(root, "HEAD").key != first


def test_the_lines_that_changed(root: Path) -> None:
    (root / "infra" / "world.py").write_text("one\n2\nthree\nfour\n")
    (root / "Pulumi.dev.yaml").write_text("one\nthree\n")
    (root / "infra" / "new.py").write_text("new\n")
    assert revision.find(root, "HEAD").changed_lines() == {
        "Pulumi.dev.yaml": [1],
        "infra/new.py": [1],
        "infra/world.py": [2, 4],
    }


def test_what_others_did_on_the_branch_meanwhile_is_not_the_change(root: Path) -> None:
    git(root, "switch", "--quiet", "--create", "mine")
    (root / "Pulumi.dev.yaml").write_text("mine\n")
    git(root, "commit", "--quiet", "--all", "--message=mine")
    git(root, "switch", "--quiet", "main")
    (root / "Pulumi.prod.yaml").write_text("theirs\n")
    git(root, "commit", "--quiet", "--all", "--message=theirs")
    git(root, "switch", "--quiet", "mine")
    assert list(revision.find(root, "main").changed_lines()) == ["Pulumi.dev.yaml"]


@pytest.mark.parametrize(
    ("file", "dev", "prod"),
    [("Pulumi.dev.yaml", True, False), ("infra/world.py", True, True), ("docs/a.md", False, False)],
)
def test_which_stacks_a_change_reaches(root: Path, file: str, dev: bool, prod: bool) -> None:
    base = revision.find(root, "HEAD")
    assert (base.reaches({file: [1]}, "dev"), base.reaches({file: [1]}, "prod")) == (dev, prod)


def test_a_revision_that_is_not_there(root: Path) -> None:
    with pytest.raises(InputError, match="--base origin/none: no such revision here"):
        revision.find(root, "origin/none")


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a git repository"):
        revision.find(tmp_path, "HEAD")
