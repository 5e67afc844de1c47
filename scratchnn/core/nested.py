"""Nested states: arrays in tuples, lists and dicts of any depth.

The state of an RNN is one array, that of an LSTM a pair, that of a stack a tuple of states, that of a decoder may be a dict.
Checkpoints, gradient checks and decoding all go through these functions, so that none of them has to know a layer's state.

``None`` is a state without arrays. Dicts keep the order of their keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from scratchnn.backend import Array

Nested = Any  # an array, None, or a tuple, list or dict of Nested


def map_arrays(function: Callable[[Array], Any], state: Nested) -> Nested:
    """The same structure with ``function(array)`` in place of each array, from left to right."""
    if state is None:
        return None
    if isinstance(state, dict):
        return {key: map_arrays(function, part) for key, part in state.items()}
    if isinstance(state, tuple | list):
        return type(state)(map_arrays(function, part) for part in state)
    return function(state)


def flatten(state: Nested) -> list[Array]:
    """The arrays of a state, from left to right."""
    arrays: list[Array] = []
    map_arrays(arrays.append, state)
    return arrays


def rebuild(state: Nested, arrays: Iterator[Array]) -> Nested:
    """The structure of ``state`` with its arrays replaced by the next ones of ``arrays``: the inverse of ``flatten``."""
    return map_arrays(lambda _: next(arrays), state)


def select_rows(state: Nested, rows: Array) -> Nested:
    """The state of other sequences: ``rows`` (M,) of each array (N, ...), as a beam search needs them; arrays (M, ...)."""
    return map_arrays(lambda array: array[rows], state)
