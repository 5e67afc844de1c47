"""What a peeky decoder sees at every step: the hidden part v of its first state, of the highest layer.

Cho et al. (2014), and Saitoh, *Deep Learning from Scratch 2* (2018), chapter 7.
"""

from __future__ import annotations

from typing import Any

from scratchnn.backend import Array, array_module
from scratchnn.recurrent import Stacked
from scratchnn.recurrent.base import State


def beside(x: Array, vector: Array) -> Array:
    """``x`` (N, T, D) with ``vector`` (N, H) behind the entries of each step: (N, T, D + H)."""
    xp = array_module(x)
    return xp.concatenate([x, xp.broadcast_to(vector[:, None], (*x.shape[:2], vector.shape[1]))], axis=2)


def highest(cells: Any, state: State) -> Array:
    """The hidden part (N, H) of the highest layer's state."""
    top: Any = cells
    if isinstance(cells, Stacked):
        top, state = cells.layers[-1], state[-1]
    return top.hidden(state)


def add_to_highest(cells: Any, dstate: State, dh: Array) -> State:
    """The gradient ``dstate`` with ``dh`` (N, H) added to the hidden part of the highest layer's."""
    if not isinstance(cells, Stacked):
        return cells.add_to_hidden(dstate, dh)
    layers: list[Any] = cells.layers
    *_, top = layers
    *lower, dtop = dstate
    return *lower, top.add_to_hidden(dtop, dh)
