"""How far back in time a gradient reaches: the norm of the gradient with respect to the state, step by step."""

from __future__ import annotations

import numpy as np

from scratchnn.backend import Array, array_module, to_numpy
from scratchnn.core.nested import flatten
from scratchnn.recurrent.base import SequenceLayer, State


def gradient_norms(layer: SequenceLayer, x: Array, dstate: State) -> np.ndarray:
    """Norms of the gradient with respect to the state, for a loss that depends on the last step only.

    Args:
        layer: in training mode; called once per step, so that the gradient with respect to each state can be read.
        x: inputs (N, T, D).
        dstate: the gradient of the loss with respect to the final state.

    Returns:
        Norms (T + 1,) of the gradient with respect to the state k steps before the last, k = 0 .. T. All arrays of a state
        count, such as h and c of an LSTM.
    """
    xp = array_module(x)
    state, dy = None, []
    for t in range(x.shape[1]):
        y, state = layer.forward(x[:, t : t + 1], state)
        dy.append(xp.zeros_like(y))  # the loss does not depend on this output
    norms = [_norm(dstate)]
    while dy:
        _, dstate = layer.backward(dy.pop(), dstate)
        norms.append(_norm(dstate))
    layer.clear_gradients()
    return np.array(norms)


def _norm(dstate: State) -> float:
    return float(np.sqrt(sum((to_numpy(part).astype(np.float64) ** 2).sum() for part in flatten(dstate))))
