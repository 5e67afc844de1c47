"""What the training loop asks of data."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from scratchnn.backend import array_module, move
from scratchnn.core.nested import Nested, flatten, zero_rows


class Batches(Protocol):
    """Data as batches: how many an epoch has, and batch ``k`` of an epoch, a tuple of arrays.

    An attribute ``carries_state`` that is true says that batch k + 1 continues the sequences of batch k. The state is then
    carried on within an epoch. A method ``restarts(epoch, k)`` -> booleans (N,) names the sequences of batch k that start
    from the state zero nevertheless; like ``batch``, it returns the same for the same arguments.
    """

    def __len__(self) -> int:
        """Number of batches in an epoch."""

    def batch(self, epoch: int, k: int) -> tuple[np.ndarray, ...]:
        """The same batch for the same arguments, every time."""


def state_before(batches: Batches, epoch: int, k: int, state: Nested) -> Nested:
    """The state that batch ``k`` starts from, if ``state`` is the one after the batch before; None is the state zero.

    An epoch starts from the state zero. A text that is evaluated or continued does too, so that state has to be trained.
    """
    restarts: Any = getattr(batches, "restarts", None)
    if k == 0 or state is None:
        return None
    if restarts is None or not (rows := restarts(epoch, k)).any():
        return state
    if rows.all():
        return None
    xp = array_module(flatten(state)[0])
    return zero_rows(state, move(rows, "numpy" if xp is np else "cupy"))
