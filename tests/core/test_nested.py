"""Nested states: order, structure, selection of rows, and the way through a file."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.core.nested import fill, flatten, map_arrays, or_zeros, outline, rebuild, select_rows, zero_rows
from scratchnn.errors import CheckpointError, DataError

arrays = st.integers(0, 1000).map(lambda k: k + np.arange(6.0).reshape(3, 2))
keys = st.text(max_size=3) | st.sampled_from(["list", "dict"])
states = st.recursive(
    st.none() | arrays,
    lambda parts: (
        st.lists(parts, max_size=3) | st.lists(parts, max_size=3).map(tuple) | st.dictionaries(keys, parts, max_size=3)
    ),
    max_leaves=10,
)


def same(a, b):
    """Whether two states have the same structure, types and key order included, and the same numbers."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(same, a, b))
    return a is None or np.array_equal(a, b)


@given(states)
@settings(deadline=None)
def test_flatten_and_rebuild_are_inverse(state):
    found = flatten(state)
    again = rebuild(state, iter(found))
    assert same(again, state)
    assert all(a is b for a, b in zip(flatten(again), found, strict=True))


@given(states)
@settings(deadline=None)
def test_mapping_keeps_the_structure_and_the_order(state):
    doubled = map_arrays(lambda array: 2 * array, state)
    assert same(map_arrays(lambda array: array / 2, doubled), state)
    for a, b in zip(flatten(doubled), flatten(state), strict=True):
        np.testing.assert_array_equal(a, 2 * b)


@given(states, st.lists(st.integers(0, 2), max_size=5))
@settings(deadline=None)
def test_selected_rows_are_those_of_each_array_repeats_included(state, rows):
    rows = np.array(rows, dtype=int)
    chosen = select_rows(state, rows)
    assert same(map_arrays(lambda _: None, chosen), map_arrays(lambda _: None, state))
    for a, b in zip(flatten(chosen), flatten(state), strict=True):
        np.testing.assert_array_equal(a, b[rows])


@given(states)
@settings(deadline=None)
def test_a_state_survives_json(state):
    structure = json.loads(json.dumps(outline(state)))
    assert same(fill(structure, flatten(state)), state)


def test_arrays_come_from_left_to_right():
    a, b, c, d = (np.full(1, k) for k in range(4))
    assert [int(x[0]) for x in flatten({"z": (a, [b]), "a": None, "m": {"k": c}, "last": d})] == [0, 1, 2, 3]


def test_the_outline_of_tuples_is_the_nested_list_of_places_that_older_checkpoints_have():
    a = np.zeros(2)
    assert outline(None) is None
    assert outline(a) == 0
    assert outline(((a, a), None, (a,))) == [[0, 1], None, [2]]
    assert same(fill([[0, 1], None, [2]], [a, a + 1, a + 2]), ((a, a + 1), None, (a + 2,)))


class Pair(NamedTuple):
    h: np.ndarray
    c: np.ndarray


def test_a_namedtuple_stays_one():
    state = Pair(np.zeros((2, 1)), np.ones((2, 1)))
    assert same(select_rows(state, np.array([1])), Pair(np.zeros((1, 1)), np.ones((1, 1))))
    assert same(rebuild(state, iter(flatten(state))), state)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (Pair(np.zeros(1), np.ones(1)), "Pair"),
        ({1: np.zeros(1)}, "dict"),
        (OrderedDict(a=np.zeros(1)), "OrderedDict"),
        ((np.zeros(1), 3), "int"),
        ([{"a": "text"}], "str"),
        ({np.ones(1).tobytes()}, "set"),
    ],
)
def test_what_fill_could_not_make_again_is_refused(state, kind):
    with pytest.raises(DataError, match=f"a state that is saved consists of arrays, .* of type {kind}$"):
        outline(state)


@pytest.mark.parametrize("structure", [1, -1, [0, 1], {"dict": {"a": 7}}, {"list": 0}, {"tuple": [0]}, "0", 0.5])
def test_a_damaged_outline_is_refused(structure):
    with pytest.raises(CheckpointError, match="the saved state is damaged"):
        fill(structure, [np.zeros(1)])


def test_zeros_in_place_of_none_only():
    h, c = np.ones((2, 3), dtype=np.float32), np.ones((2, 1))
    given = np.full((2, 3), 7.0)
    first, (second, third) = or_zeros((given, (None, c)), (h, (c, c)))
    assert first is given
    assert third is c
    assert (second.tolist(), second.dtype) == ([[0], [0]], np.float64)
    zeros, _ = or_zeros(None, (h, c))
    assert (zeros.tolist(), zeros.dtype) == ([[0] * 3] * 2, np.float32)
    with pytest.raises(ValueError, match="longer than argument 1"):
        or_zeros((h,), (h, c))


def test_zero_rows_of_every_array():
    """Each keeps its dtype, also a row that is not finite, and the argument is not changed."""
    h, c = np.arange(1, 7, dtype=np.float32).reshape(3, 2), np.full((3, 1, 2), np.nan)
    state = ((h, None), {"c": c})
    (new_h, nothing), rest = zero_rows(state, np.array([True, False, True]))
    assert new_h.tolist() == [[0, 0], [3, 4], [0, 0]]
    assert (new_h.dtype, nothing) == (np.float32, None)
    assert np.isnan(rest["c"]).reshape(3, 2).all(axis=1).tolist() == [False, True, False]
    assert h[0].tolist() == [1, 2]
