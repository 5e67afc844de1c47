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
    T = x.shape[1]
    state = None
    for t in range(T):
        _, state = layer.forward(x[:, t : t + 1], state)
    norms = [_norm(dstate)]
    for _ in range(T):
        _, dstate = layer.backward(xp.zeros((x.shape[0], 1, layer.units), dtype=x.dtype), dstate)
        norms.append(_norm(dstate))
    layer.clear_gradients()
    return np.array(norms)


def _norm(dstate: Array | tuple[Array, ...]) -> float:
    parts = dstate if isinstance(dstate, tuple) else (dstate,)
    return float(np.sqrt(sum((to_numpy(part).astype(np.float64) ** 2).sum() for part in parts)))
