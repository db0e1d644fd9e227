"""Comparing inputs."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from ascend.cloud.diff import Change, Kind, compare
from ascend.cloud.values import UNKNOWN

TREES = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.text("ab{}[]1", max_size=6)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
    ),
    max_leaves=10,
)
PROPS = st.dictionaries(st.text("abcdef", min_size=1, max_size=5), TREES, max_size=4)


@given(PROPS)
def test_the_same_inputs_are_no_change(props: dict) -> None:
    assert compare(props, json.loads(json.dumps(props))) == {}


@given(PROPS, PROPS)
def test_a_difference_is_found_from_both_sides(olds: dict, news: dict) -> None:
    there, back = compare(olds, news), compare(news, olds)
    assert there.keys() == back.keys()


def test_paths_kinds_and_replacement() -> None:
    olds = {"name": "a", "tags": {"x": "1", "y.z": "2"}, "rules": [{"port": 1}], "gone": 1}
    news = {"name": "b", "tags": {"x": "2", "y.z": "3"}, "rules": [{"port": 2}, {"port": 3}]}
    assert compare(olds, news, force_new=["name", "rules[].port"]) == {
        "gone": Change(Kind.DELETE),
        "name": Change(Kind.UPDATE, replace=True),
        "rules[0].port": Change(Kind.UPDATE, replace=True),
        "rules[1]": Change(Kind.ADD, replace=True),
        "tags.x": Change(Kind.UPDATE),
        'tags["y.z"]': Change(Kind.UPDATE),
    }


def test_a_forcing_path_covers_what_is_below_it_and_no_more() -> None:
    assert compare({"a": {"b": 1}}, {"a": {"b": 2}}, force_new=["a"])["a.b"].replace
    assert not compare({"ab": 1}, {"ab": 2}, force_new=["a"])["ab"].replace
    assert not compare({}, {"a": {"c": 1}}, force_new=["a.b"])["a"].replace
    assert compare({}, {"a": {"b": 1}}, force_new=["a.b"])["a"].replace


def test_order_matters_only_where_it_does() -> None:
    olds, news = {"a": ["x", "y"], "b": ["x", "y"]}, {"a": ["y", "x"], "b": ["y", "x"]}
    assert set(compare(olds, news, sets=["a"])) == {"b[0]", "b[1]"}


def test_an_unknown_value_counts_as_changed() -> None:
    assert compare({"a": "x"}, {"a": UNKNOWN}, force_new=["a"]) == {"a": Change(Kind.UPDATE, replace=True)}
    assert set(compare({"a": ["x"]}, {"a": [UNKNOWN]}, sets=["a"])) == {"a[0]"}


def test_true_is_not_one() -> None:
    assert set(compare({"a": True}, {"a": 1})) == {"a"}


def test_documents_are_compared_by_content() -> None:
    policy = {"Statement": [{"Effect": "Allow", "Action": ["a", "b"], "Resource": "*"}]}
    same = {"Statement": {"Resource": ["*"], "Action": ["b", "a"], "Effect": "Allow"}}
    other = {"Statement": [{"Effect": "Deny", "Action": ["a", "b"], "Resource": "*"}]}
    assert compare({"p": json.dumps(policy)}, {"p": json.dumps(same, indent=2)}) == {}
    assert set(compare({"p": json.dumps(policy)}, {"p": json.dumps(other)})) == {"p"}
    assert set(compare({"p": '["a", "b"]'}, {"p": '["b", "a"]'})) == {"p"}
    assert set(compare({"p": "{x"}, {"p": "{y"})) == {"p"}
