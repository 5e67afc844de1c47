"""How far back a gradient reaches: its norm by the state, step by step through time."""

from __future__ import annotations

import numpy as np

from scratchnn.backend import Array, array_module, to_numpy
from scratchnn.recurrent.base import Recurrent


def gradient_norms(layer: Recurrent, x: Array, dstate: Array | tuple[Array, ...]) -> np.ndarray:
    """Norms of the gradient by the state, for a loss that looks at the last step alone.

    Args:
        layer: in training mode; used once for each step, so that the gradient by each state can be read.
        x: inputs (N, T, D).
        dstate: gradient of the loss by the final state.

    Returns:
        Norms (T + 1,), of the gradient by the state k steps before the last, k = 0 .. T. For an LSTM the state is (h, c).
    """
    xp = array_module(x)
    state, dy = None, []
    for t in range(x.shape[1]):
        y, state = layer.forward(x[:, t : t + 1], state)
        dy.append(xp.zeros_like(y))  # the loss does not look at this output
    norms = [_norm(dstate)]
    while dy:
        _, dstate = layer.backward(dy.pop(), dstate)
        norms.append(_norm(dstate))
    layer.clear_gradients()
    return np.array(norms)


def _norm(dstate: Array | tuple[Array, ...]) -> float:
    parts = dstate if isinstance(dstate, tuple) else (dstate,)
    return float(np.sqrt(sum((to_numpy(part).astype(np.float64) ** 2).sum() for part in parts)))
