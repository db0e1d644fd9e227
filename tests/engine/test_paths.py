import pytest
from hypothesis import given

from ascend.engine.embedded.paths import PathError, contains, parse, reset
from ascend.engine.embedded.values import secret
from tests.engine.strategies import values


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("root", ("root",)),
        ("root.nested", ("root", "nested")),
        ('root["a . key"].x', ("root", "a . key", "x")),
        ('["quoted \\"key\\""][10]', ('quoted "key"', 10)),
        ("list[0][1].x", ("list", 0, 1, "x")),
        ("list[*].x", ("list", "*", "x")),
        ("foo-bar", ("foo-bar",)),
    ],
)
def test_paths_are_read(text, path):
    assert parse(text) == path


@pytest.mark.parametrize("text", [".a", "a.", "a[", 'a["b', 'a["b"', "a[x]"])
def test_malformed_paths_are_refused(text):
    with pytest.raises(PathError, match="property path"):
        parse(text)


def test_a_path_contains_what_lies_under_it():
    assert contains(parse("a.*.c"), parse("a.b.c.d"))
    assert contains(parse("*"), parse("a[0]"))
    assert not contains(parse("a.b"), parse("a"))
    assert not contains(parse("a[1]"), parse("a[2]"))


@given(values, values)
def test_a_reset_property_is_what_it_was(old, new):
    props = {"a": new}
    assert reset(("a",), {"a": old}, props)
    assert props["a"] == old or props["a"] is old


def test_nested_paths_lists_and_secrets_are_reset():
    new = {"a": {"b": [1, 2], "c": 3}, "d": "new"}
    assert reset(parse("a.b[1]"), {"a": {"b": [1, 9]}}, new)
    assert new["a"]["b"] == [1, 9]
    assert reset(parse("a.c"), {"a": {}}, new)
    assert "c" not in new["a"]
    assert reset(parse("d"), {"d": secret("old")}, new)
    assert new["d"] == secret("old")
    inside = {"a": {"b": "new"}}
    assert reset(parse("a.b"), {"a": secret({"b": "old"})}, inside)
    assert inside == {"a": {"b": secret("old")}}


def test_elements_of_a_list_are_neither_added_nor_removed():
    assert not reset(parse("a[1]"), {"a": [1, 2]}, {"a": [1]})
    assert not reset(parse("a[*]"), {"a": [1, 2]}, {"a": [1]})
    assert reset(parse("a[5]"), {"a": [1]}, {"a": [1]})
    assert not reset(parse("a.b.c"), {"a": {"b": {"c": 1}}}, {"a": {}})


def test_a_wildcard_resets_all():
    new = {"tags": {"a": 1, "new": 2}}
    assert reset(parse('tags["*"]'), {"tags": {"a": 0, "old": 3}}, new)
    assert new == {"tags": {"a": 0, "old": 3}}
