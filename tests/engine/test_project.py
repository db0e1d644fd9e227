import pytest

from ascend.engine.embedded.project import load_project, load_stack_file, resolve
from ascend.errors import InputError

PROJECT = """
name: proj
runtime: {name: python}
main: program
config:
  count: {type: integer, default: 3}
  proj:flag: {type: boolean, default: true}
  names: {type: array, items: {type: string}, default: [a, b]}
  shape: {type: object, default: {x: 1.5}}
  text: {value: hello}
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "program").mkdir()
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    return tmp_path


def config_of(root, text="", overlay=None, project=None):
    if project is not None:
        (root / "Pulumi.yaml").write_text(project)
    (root / "Pulumi.dev.yaml").write_text(text)
    loaded = load_project(root)
    return resolve(loaded, load_stack_file(loaded, "dev"), overlay or {}, lambda cipher: f"plain {cipher}")


def test_defaults_reach_the_program_as_the_cli_writes_them(root):
    values = config_of(root).values
    assert values == {
        "proj:count": "3",
        "proj:flag": "true",
        "proj:names": '["a","b"]',
        "proj:shape": '{"x":1.5}',
        "proj:text": "hello",
    }


def test_the_stack_file_goes_over_defaults_and_the_overlay_over_both(root):
    config = config_of(root, "config: {count: 5, proj:flag: false, aws:region: eu-west-1}", {"proj:count": "7"})
    assert config.values["proj:count"] == "7"
    assert config.values["proj:flag"] == "false"
    assert config.package("aws") == {"region": ("eu-west-1", False)}


def test_plain_words_and_numbers_are_read_as_by_the_cli(root):
    text = "config: {a: yes, b: on, c: 1.10, e: 0x10, f: 1e3, g: '007', h: 2026-11-21}"
    values = config_of(root, text, project="name: proj\nruntime: python\n").values
    assert (values["proj:a"], values["proj:b"]) == ("yes", "on")
    assert (values["proj:c"], values["proj:e"], values["proj:f"]) == ("1.1", "16", "1000")
    assert (values["proj:g"], values["proj:h"]) == ("007", "2026-11-21")


def test_secrets_are_decrypted_and_marked(root):
    config = config_of(root, "encryptionsalt: s\nconfig: {key: {secure: v1}, nested: {a: [{secure: v2}]}}")
    assert config.values["proj:key"] == "plain v1"
    assert config.values["proj:nested"] == '{"a":["plain v2"]}'
    assert config.secret == {"proj:key", "proj:nested"}
    assert config.secrets == ("plain v1", "plain v2")
    assert config.raw["proj:key"] == {"secure": "v1"}


def test_the_program_may_be_a_file(root):
    (root / "program" / "app.py").write_text("")
    (root / "Pulumi.yaml").write_text("name: proj\nruntime: python\nmain: program/app.py\n")
    project = load_project(root)
    assert (project.folder, project.entry) == (root / "program", "app.py")


@pytest.mark.parametrize(
    ("project", "stack", "message"),
    [
        ("name: [", "", r"Pulumi\.yaml:1: not valid YAML"),
        ("name: a\n b: c", "", r"Pulumi\.yaml:2: not valid YAML"),
        ("[]", "", "must be a mapping, not a list"),
        ("name: a\nname: b", "", r"Pulumi\.yaml:2: not valid YAML: key 'name' is there twice"),
        ("name: a\nruntime: python\nmain: [b]", "", "main: must be a path, not a list"),
        ("name: a\nruntime: python\nconfig: {k: {type: bool, default: true}}", "", "k: type: 'bool' is not a type"),
        ("runtime: python", "", "name: the project's name is missing"),
        ("name: a\nruntime: nodejs", "", "runtime: 'nodejs' is not supported"),
        ("name: a\nruntime: python\nmain: nowhere", "", "main: .*nowhere does not exist"),
        ("name: a\nruntime: python\nplugins: {x: 1}", "", "plugins: local plugins are not supported"),
        ("name: a\nruntime: python\noptions: {refresh: always}", "", "options.refresh is not supported"),
        ("name: a\nruntime: python\nconfig: {k: {type: integer}}", "", "no value for a:k"),
        (PROJECT, "config: {count: many}", "config.proj:count: must be of type integer, not 'many'"),
        (PROJECT, "config: {count: 1.5}", "must be of type integer, not 1.5"),
        (PROJECT, "config: {flag: maybe}", "config.proj:flag: must be of type boolean"),
        (PROJECT, "config: {names: [a, {b: 1}]}", "config.proj:names: must be of type array<string>"),
        (PROJECT, "config: {shape: 3}", "must be of type object, not 3"),
        (PROJECT, "config: {shape: [3]}", "must be of type object, not a list"),
        (PROJECT, "config:\n  count: 3\n  text: a\n  count: 4", r"dev\.yaml:4: .* key 'count' is there twice"),
        (PROJECT, "config: {shape: {a: 1, a: 2}}", "key 'a' is there twice"),
        (PROJECT, "config: {text: {secure: c}}", "encryptionsalt: missing, and the config holds secrets"),
        (PROJECT, "proj:count: 4", "proj:count: is a key of the config; indent it below 'config:'"),
        (PROJECT, "config: {'a:b:c': 3}", "a key has the form"),
        (PROJECT, "config: [", r"Pulumi\.dev\.yaml:1: not valid YAML"),
        (PROJECT, "config: {account: 012345678901}", "may be meant as octal, decimal or text"),
        (PROJECT, "config: 3", "config: must be a mapping"),
        (PROJECT, "environment: [x]", "ESC environments are not supported"),
        (PROJECT, "secretsprovider: awskms://x", "secretsprovider: 'awskms://x' is not supported"),
        (PROJECT, "config: {pulumi:autonaming: {}}", "configured autonaming is not supported"),
        ("name: a\nruntime: python\nconfig: {k: {type: string, secret: true}}", "config: {k: x}", "must be encrypted"),
    ],
)
def test_what_is_wrong_is_refused_on_one_line(root, project, stack, message):
    with pytest.raises(InputError, match=message) as caught:
        config_of(root, stack, project=project)
    assert "\n" not in str(caught.value)


def test_a_missing_project_and_a_bad_stack_name_are_refused(root, tmp_path_factory):
    with pytest.raises(InputError, match=r"no Pulumi\.yaml there"):
        load_project(tmp_path_factory.mktemp("empty"))
    with pytest.raises(InputError, match="stack 'a/b': a name has"):
        load_stack_file(load_project(root), "a/b")


def test_what_is_not_text_is_refused(root):
    (root / "Pulumi.yaml").write_bytes(b"name: \xff")
    with pytest.raises(InputError, match=r"Pulumi\.yaml: is not a text: byte 6 is not UTF-8"):
        load_project(root)


def test_a_run_without_the_program_needs_no_missing_value(root):
    (root / "Pulumi.yaml").write_text("name: a\nruntime: python\nconfig: {k: {type: string}}")
    project = load_project(root)
    assert resolve(project, load_stack_file(project, "dev"), {}, str, complete=False).values == {}
