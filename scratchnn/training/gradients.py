"""The gradients of one step, of one batch or accumulated over several.

The losses of K batches are means over n_1 .. n_K targets. The mean over all targets and its gradient are

    L = sum_k n_k L_k / n,   dL = sum_k n_k dL_k / n,   n = sum_k n_k                                              (1)

so that batches of unequal size, and targets that a mask leaves out, count as they would in one large batch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnn.backend import Array, array_module, backend_name, move, to_numpy
from scratchnn.core import Model
from scratchnn.errors import CacheError
from scratchnn.optim.clipping import scale_gradients


def compute_gradients(model: Model, batches: list[tuple[np.ndarray, ...]], state: Any) -> tuple[Array, int, Any]:
    """Forward and backward over the batches of one step; the gradients are then in the parameters.

    Args:
        model: in training mode, without gradients.
        batches: tuples of arrays in host memory.
        state: the state that a single batch starts from; several batches start from no state.

    Returns:
        The mean loss (), the number of targets, and the state to carry on.
    """
    name = backend_name(model.parameters()[0].data)
    moved = [tuple(move(np.ascontiguousarray(part), name) for part in batch) for batch in batches]
    if len(moved) == 1:
        loss, count, state = model.loss(moved[0], state)
        model.backward_loss()
    else:
        loss, count, state = 0.0, 0, None
        for batch in moved:
            batch_loss, n, _ = model.loss(batch, None)
            model.backward_loss(float(n))  # (1)
            loss, count = loss + batch_loss * n, count + n
        loss = loss / max(count, 1)
        scale_gradients(model.parameters(), 1 / max(count, 1))  # (1)
    if model.pending():
        raise CacheError(
            f"{type(model).__name__}: {model.pending()} forward calls had no backward call in this step; "
            "call discard_caches() on what is not to be trained"
        )
    return loss, count, state


def read_scalars(*scalars: Array) -> list[float]:
    """Arrays of shape () as Python floats, fetched from a GPU in one transfer."""
    xp = array_module(scalars[0])
    return to_numpy(xp.stack([scalar.astype("float64") for scalar in scalars])).tolist()
