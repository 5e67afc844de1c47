"""Nested states: arrays in tuples, lists and dicts of any depth.

The state of an RNN is one array, that of an LSTM a pair, that of a stack a tuple of states, that of a decoder may be a
dict. Checkpoints, gradient checks and decoding all use these functions: none of them has to know the state of a layer.

``None`` is a state without arrays. Dicts keep the order of their keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

from scratchnn.backend import Array, array_module
from scratchnn.errors import CheckpointError, DataError

Nested = Any  # an array, None, or a tuple, list or dict of Nested


def map_arrays(function: Callable[[Array], Any], state: Nested) -> Nested:
    """The same structure with ``function(array)`` in place of each array, from left to right."""
    if state is None:
        return None
    if isinstance(state, dict):
        return {key: map_arrays(function, part) for key, part in state.items()}
    if isinstance(state, tuple | list):
        parts = [map_arrays(function, part) for part in state]
        return type(state)(*parts) if hasattr(state, "_fields") else type(state)(parts)  # a namedtuple takes its fields
    return function(state)


def flatten(state: Nested) -> list[Array]:
    """The arrays of a state, from left to right."""
    arrays: list[Array] = []
    map_arrays(arrays.append, state)
    return arrays


def rebuild(state: Nested, arrays: Iterator[Array]) -> Nested:
    """The structure of ``state`` with its arrays replaced by the next ones of ``arrays``: the inverse of ``flatten``."""
    return map_arrays(lambda _: next(arrays), state)


def or_zeros(gradient: Nested, like: Nested) -> Nested:
    """``gradient`` with zeros in place of each part that is None.

    The zeros have the structure, the shapes and the dtypes of that part of ``like``, an array or a tuple. A gradient of
    None means that no loss depends on these outputs.
    """
    if gradient is None:
        return map_arrays(lambda array: array_module(array).zeros_like(array), like)
    if isinstance(like, tuple):
        return tuple(or_zeros(part, like_part) for part, like_part in zip(gradient, like, strict=True))
    return gradient


def select_rows(state: Nested, rows: Array) -> Nested:
    """The state of other sequences: ``rows`` (M,) of each array (N, ...), as a beam search needs them; arrays (M, ...)."""
    return map_arrays(lambda array: array[rows], state)


def zero_rows(state: Nested, rows: Array) -> Nested:
    """The state with zeros for the sequences whose boolean in ``rows`` (N,) is true; arrays (N, ...)."""

    def zeroed(array: Array) -> Array:
        return array_module(array).where(rows.reshape(-1, *[1] * (array.ndim - 1)), array.dtype.type(0), array)

    return map_arrays(zeroed, state)


# --- states in files -------------------------------------------------------------------------------------------------


def outline(state: Nested) -> Any:
    """The structure of a state as JSON can store it; in place of each array, its position in ``flatten(state)``.

        state     array      None    tuple        list                    dict
        outline   integer    null    [part, ...]  {"list": [part, ...]}   {"dict": {key: part, ...}}

    Keys must be strings. Raises ``DataError`` for a structure that ``fill`` could not make again, such as a namedtuple.
    """
    positions = count()

    def describe(part: Nested) -> Any:
        if part is None:
            return None
        if type(part) is tuple:
            return [describe(item) for item in part]
        if type(part) is list:
            return {"list": [describe(item) for item in part]}
        if type(part) is dict and all(isinstance(key, str) for key in part):
            return {"dict": {key: describe(item) for key, item in part.items()}}
        if isinstance(part, tuple | list | dict) or not hasattr(part, "dtype"):
            raise DataError(
                "a state that is saved consists of arrays, None, tuples, lists, and dicts with strings as keys; "
                f"found {part!r:.60} of type {type(part).__name__}"
            )
        return next(positions)

    return describe(state)


def fill(structure: Any, arrays: Sequence[Array]) -> Nested:
    """The state whose ``outline`` is ``structure`` and whose arrays are ``arrays``."""
    if structure is None:
        return None
    if isinstance(structure, list):
        return tuple(fill(part, arrays) for part in structure)
    if isinstance(structure, dict) and isinstance(structure.get("list"), list):
        return [fill(part, arrays) for part in structure["list"]]
    if isinstance(structure, dict) and isinstance(structure.get("dict"), dict):
        return {key: fill(part, arrays) for key, part in structure["dict"].items()}
    if type(structure) is not int or not 0 <= structure < len(arrays):
        raise CheckpointError(
            f"the saved state is damaged: {structure!r:.60} is not the position of one of {len(arrays)} arrays"
        )
    return arrays[structure]
