"""Values and graphs for the rules that hold for all of them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from ascend.engine.embedded.state import State
from ascend.engine.embedded.values import UNKNOWN, UNKNOWN_STRING, Archive, Asset, ResourceRef, secret

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter(lambda text: text != UNKNOWN_STRING)
_keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
_assets = st.builds(Asset, st.text("0123456789abcdef", min_size=4, max_size=4), _texts)
_leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False),
    _texts,
    _assets,
    st.builds(
        Archive, st.text("0123456789abcdef", min_size=4, max_size=4), st.none() | st.dictionaries(_keys, _assets)
    ),
    st.builds(
        ResourceRef, st.just("urn:pulumi:dev::proj::a:b:C::x"), st.one_of(st.none(), st.just("i"), st.just(UNKNOWN))
    ),
)


def _nest(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3) | inner.map(secret)


#: Any value that may be known.
values = st.recursive(_leaves, _nest, max_leaves=8)
#: Any properties, with unknowns.
properties = st.dictionaries(_keys, values | st.just(UNKNOWN), max_size=4)


@st.composite
def states(draw: st.DrawFn) -> list[State]:
    """Resources in a valid order: each may depend on, or be a child of, earlier ones."""
    found: list[State] = []
    for index in range(draw(st.integers(1, 8))):
        urns = [state.urn for state in found]
        parents = [state.urn for state in found if not state.custom]
        state = State(
            urn=f"urn:pulumi:dev::proj::fake:index:Thing::r{index}",
            type="fake:index:Thing",
            custom=draw(st.booleans()),
            dependencies=draw(st.lists(st.sampled_from(urns), unique=True, max_size=3)) if urns else [],
            parent=draw(st.sampled_from(["", *parents])),
        )
        found.append(state)
    return found
