"""What the program says of its resources, asked for beside a plan that does not pass it on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from ascend.engine.model import Target
from ascend.errors import InputError
from ascend.rehearsal import options

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """\
import pulumi
import pulumi_random as random

config = pulumi.Config()
if config.require("phase") not in ("1", "2"):
    raise pulumi.RunError("no such phase")
random.RandomString("kept", length=8, opts=pulumi.ResourceOptions(ignore_changes=["length"]))
random.RandomString("plain", length=8, keepers={"prefix": config.require_secret("prefix")})
"""


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    """A stack whose config holds a secret that nobody here can read."""
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    (tmp_path / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "Pulumi.yaml").write_text("name: small\nruntime: python\n", encoding="utf-8")
    file = {
        "secretsprovider": "awskms://alias/x",
        "encryptedkey": "AAAA",
        "config": {"small:phase": "1", "small:prefix": {"secure": "AAAA"}},
    }
    (tmp_path / "Pulumi.dev.yaml").write_text(yaml.safe_dump(file), encoding="utf-8")
    return Target(tmp_path, "dev", {"small:phase": "2"})


def test_what_updates_leave_is_known_by_urn_and_nothing_is_left(target: Target) -> None:
    before = sorted(path.name for path in target.root.iterdir())
    found = options.ignored(target)
    strings = {urn: names for urn, names in found.items() if "RandomString" in urn}
    assert strings == {
        "urn:pulumi:dev::small::random:index/randomString:RandomString::kept": ("length",),
        "urn:pulumi:dev::small::random:index/randomString:RandomString::plain": (),
    }
    assert sorted(path.name for path in target.root.iterdir() if path.name != "__pycache__") == before


def test_what_the_program_refuses_is_told(target: Target) -> None:
    with pytest.raises(InputError, match="no such phase"):
        options.ignored(Target(target.root, "dev", {"small:phase": "9"}))
