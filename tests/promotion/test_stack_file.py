"""Keys of a stack's file: set in place, everything else as it was, whole or not at all."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ascend.engine.embedded.project import load_project, load_stack_file
from ascend.errors import InputError
from ascend.promotion import stack_file

if TYPE_CHECKING:
    from pathlib import Path

FILE = """\
# Who owns it: the platform team.
secretsprovider: default
config:
  aws:region: us-east-1   # home
  ascend:system: floyo
  # Raised by ascend promote.
  ascend:phase: single-region  # 1 to 4
  ascend:alertReceivers:
    - oncall@floyo.example # the pager

    - https://alerts.floyo.example/hooks/aws
  ascend:services:
    web: {minTasks: 2}
  ascend:note: |
    two
    lines
  cloudflare:apiToken:
    secure: v1:abc:def
encryptionsalt: v1:salt
"""


def write(root: Path, text: str, **values: Any) -> str:
    file = root / "Pulumi.dev.yaml"
    file.write_bytes(text.encode())
    stack_file.write(root, "dev", {f"ascend:{key}": value for key, value in values.items()})
    return file.read_bytes().decode()


def test_one_word_changes_and_nothing_else(tmp_path: Path) -> None:
    assert write(tmp_path, FILE, phase="cached") == FILE.replace(": single-region  #", ": cached  #")


def test_what_was_there_is_handed_back_and_puts_it_back(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(FILE)
    wanted = {
        "ascend:phase": "global",
        "ascend:regions": ["us-east-1", "eu-west-1"],
        "ascend:deletionProtection": False,
    }
    before = stack_file.write(tmp_path, "dev", wanted)
    assert before == {"ascend:phase": "single-region", "ascend:regions": None, "ascend:deletionProtection": None}
    assert {key: stack_file.read(tmp_path, "dev")[key] for key in wanted} == wanted
    stack_file.write(tmp_path, "dev", before)
    assert file.read_text() == FILE


def test_a_list_grows_by_a_line(tmp_path: Path) -> None:
    grown = ["oncall@floyo.example", "https://alerts.floyo.example/hooks/aws", "second@floyo.example"]
    more = "    - https://alerts.floyo.example/hooks/aws\n"
    after = write(tmp_path, FILE, alertReceivers=grown)
    assert after == FILE.replace(more, f'{more}    - "second@floyo.example"\n')


def test_a_list_that_shrinks_is_written_anew(tmp_path: Path) -> None:
    after = write(tmp_path, FILE, alertReceivers=["second@floyo.example"])
    assert yaml.safe_load(after)["config"]["ascend:alertReceivers"] == ["second@floyo.example"]
    assert "  ascend:services:\n    web: {minTasks: 2}\n" in after


@pytest.mark.parametrize("key", ["alertReceivers", "services", "note", "phase"])
def test_a_key_that_goes_takes_only_its_lines(tmp_path: Path, key: str) -> None:
    after = write(tmp_path, FILE, **{key: None})
    expected = yaml.safe_load(FILE)
    del expected["config"][f"ascend:{key}"]
    assert yaml.safe_load(after) == expected
    assert set(after.splitlines()) <= set(FILE.splitlines())


def test_line_ends_and_a_missing_last_one_are_kept(tmp_path: Path) -> None:
    text = "config:\r\n  ascend:phase: cached\r\n  ascend:system: floyo"
    assert write(tmp_path, text, budget=50) == f"{text}\r\n  ascend:budget: 50\r\n"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "config:\n", "config: {}\n", "config:\nencryptionsalt: x\n"])
def test_a_file_without_keys_gets_one(tmp_path: Path, text: str) -> None:
    after = yaml.safe_load(write(tmp_path, text, phase="cached"))
    assert after["config"] == {"ascend:phase": "cached"}
    assert after.keys() - {"config"} == (yaml.safe_load(text) or {}).keys() - {"config"}


def test_a_stack_without_a_file_gets_one(tmp_path: Path) -> None:
    assert stack_file.read(tmp_path, "dev") == {}
    stack_file.write(tmp_path, "dev", {"ascend:phase": "cached"})
    assert (tmp_path / "Pulumi.dev.yaml").read_text() == "config:\n  ascend:phase: cached\n"


def test_nothing_to_set_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(FILE)
    before = file.stat()
    stack_file.write(tmp_path, "dev", {"ascend:phase": "single-region", "ascend:absent": None})
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_permissions_and_links_are_kept(tmp_path: Path) -> None:
    real = tmp_path / "elsewhere.yaml"
    real.write_text(FILE)
    real.chmod(0o600)
    (tmp_path / "Pulumi.dev.yaml").symlink_to(real)
    stack_file.write(tmp_path, "dev", {"ascend:phase": "cached"})
    assert (tmp_path / "Pulumi.dev.yaml").is_symlink()
    assert real.stat().st_mode & 0o777 == 0o600
    assert "ascend:phase: cached" in real.read_text()


@pytest.mark.parametrize(
    "text",
    [
        "config: [1, 2]\n",
        "{config: {ascend:phase: cached}}\n",
        "config:\n  a: &x 1\n  ascend:phase: &y cached\n  b: *y\n",
        "config:\n\t- broken",
        "just a word\n",
    ],
)
def test_a_file_that_cannot_be_edited_safely_stays_as_it_is(tmp_path: Path, text: str) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=r"Pulumi\.dev\.yaml: "):
        stack_file.write(tmp_path, "dev", {"ascend:phase": "scaled"})
    assert file.read_text() == text
    assert [one.name for one in tmp_path.iterdir()] == ["Pulumi.dev.yaml"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be written .*it is as it was"):
        stack_file.write(tmp_path / "none", "dev", {"ascend:phase": "cached"})


_TEXT = st.text(string.ascii_letters + string.digits + " :#-_{}[],'\"\\äß\n", max_size=12)
_VALUE = st.recursive(
    st.booleans() | st.integers(-99, 10**6) | _TEXT | st.sampled_from(["yes", "null", "1e3", "0o7", "01", "~", "On"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=40, deadline=None)
@given(values=st.dictionaries(st.sampled_from(["phase", "regions", "services", "note", "new"]), _VALUE, min_size=1))
def test_any_value_is_read_as_it_was_written_by_either_reader(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, Any]
) -> None:
    root = tmp_path_factory.mktemp("any")
    (root / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    after = write(root, FILE, **values)
    before = yaml.safe_load(FILE)
    expected = {**before, "config": {**before["config"], **{f"ascend:{key}": one for key, one in values.items()}}}
    assert yaml.safe_load(after) == expected
    read = load_stack_file(load_project(root), "dev").values
    assert {key: read[f"ascend:{key}"] for key in values} == values
    assert [line for line in FILE.splitlines() if line.lstrip().startswith("#")] == [
        line for line in after.splitlines() if line.lstrip().startswith("#") and line in FILE
    ]
