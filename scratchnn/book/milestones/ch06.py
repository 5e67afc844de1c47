"""The milestone of chapter 6: an LSTM learns the agreement of verbs, with the reader's own backward pass.

Forward is the chapter's: with the weights of input and state one above the other, and the gates o, i, f, g side by side,

    a_t = [x_t, h_{t-1}] W + b,   c_t = f c_{t-1} + i g,   h_t = o tanh(c_t),   z = h_T Wy + by                       (1)

Backward: 1.4 from the loss to z, 1.3 through both products, 6.3 through the gates, 3.1 to the table; 6.1 clips.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from scratchnn.book.examples.ch06 import LEXICON, agreement
from scratchnn.core import Parameter
from scratchnn.functions import sigmoid
from scratchnn.optim import Adam

D, H, N = 16, 32, 32
STEPS, BETWEEN = 300, 8  # training steps; phrases of three words between subject and verb, at most
MAX_NORM, ENOUGH = 1.0, 0.95

Functions = Mapping[str, Callable[..., Any]]


def train(own: Functions, report: Callable[[str], None]) -> bool:
    """Train; returns whether nearly all verbs are right in new sentences with ``BETWEEN`` phrases in between."""
    rng = np.random.default_rng(0)
    shapes = {"E": (len(LEXICON), D), "W": (D + H, 4 * H), "b": (4 * H,), "Wy": (H, 2), "by": (2,)}
    start = {name: rng.standard_normal(shape) / np.sqrt(shape[0]) * (len(shape) > 1) for name, shape in shapes.items()}
    start["b"][2 * H : 3 * H] = 1.0  # the forget gate begins open
    weights = {name: Parameter(array) for name, array in start.items()}
    optimizer = Adam(weights.values(), 0.01)
    new, verbs = agreement(np.random.default_rng(1), 400, 1, BETWEEN)
    right = 0.0
    for step in range(1, STEPS + 1):
        ids, number = agreement(rng, N, int(rng.integers(0, 3)), int(rng.integers(0, BETWEEN + 1)))
        for name, gradient in gradients(own, weights, ids, number).items():
            weights[name].grad = gradient
        optimizer.step()
        if step % (STEPS // 4) == 0:
            z, *_ = forward(weights, new)
            right = float((z.argmax(axis=1) == verbs).mean())
            report(f"  after {step} steps: {right:.1%} of the verbs are right, {3 * BETWEEN} words after their subject")
    return right >= ENOUGH


def forward(weights: Mapping[str, Parameter], ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[tuple]]:
    """Logits (N, 2) of equation (1) for ids (N, T), the states (N, T, H), and for each step its arrays."""
    zero = np.zeros((len(ids), H))
    h, _, steps = forward_steps(weights["E"].data[ids], zero, zero, weights["W"].data, weights["b"].data)
    return h[:, -1] @ weights["Wy"].data + weights["by"].data, h, steps  # (1)


def forward_steps(x: np.ndarray, h: np.ndarray, c: np.ndarray, W: np.ndarray, b: np.ndarray) -> tuple:
    """The states (N, T, H) of equation (1) for inputs x (N, T, D), the last h and c, and for each step its arrays."""
    states, steps = [], []
    for t in range(x.shape[1]):
        inputs = np.concatenate([x[:, t], h], axis=1)  # (N, D + H)
        a_o, a_i, a_f, a_g = np.split(inputs @ W + b, 4, axis=1)  # (1)  (N, H) each
        o, i, f, g = sigmoid(a_o), sigmoid(a_i), sigmoid(a_f), np.tanh(a_g)  # (1)
        c_before, c = c, f * c + i * g  # (1)
        h = o * np.tanh(c)  # (1)
        states.append(h)
        steps.append((inputs, o, i, f, g, c_before, c))
    return np.stack(states, axis=1), (h, c), steps


def backward_steps(own: Functions, dy: np.ndarray, dstate: tuple, steps: list[tuple], W: np.ndarray) -> tuple:
    """The way back through ``forward_steps``: dx (N, T, D), the gradient of the first state, dW and db.

    ``dy`` (N, T, H) is the gradient with respect to the states, ``dstate`` that with respect to the last h and c alone.
    """
    units = dy.shape[2]
    dW, db, dx = np.zeros(W.shape), np.zeros(W.shape[1]), []
    dh, dc = dstate
    for t in reversed(range(len(steps))):
        inputs, *gates = steps[t]
        *da, dc = own["6.3"](dh + dy[:, t], dc, *gates)
        dinputs, dW_t, db_t = own["1.3"](np.concatenate(da, axis=1), inputs, W)
        dW, db = dW + dW_t, db + db_t
        dx.append(dinputs[:, :-units])
        dh = dinputs[:, -units:]
    return np.stack(dx[::-1], axis=1), (dh, dc), dW, db


def gradients(
    own: Functions, weights: Mapping[str, Parameter], ids: np.ndarray, number: np.ndarray
) -> dict[str, np.ndarray]:
    """The gradients of the mean loss with respect to all weights, those of the LSTM clipped."""
    z, h, steps = forward(weights, ids)
    dh, dWy, dby = own["1.3"](own["1.4"](z, number), h[:, -1], weights["Wy"].data)
    zero = np.zeros(dh.shape)
    dx, _, dW, db = backward_steps(own, np.zeros(h.shape), (dh, zero), steps, weights["W"].data)
    dE = own["3.1"](dx.reshape(-1, D), ids.reshape(-1), len(weights["E"].data))
    dW, db = own["6.1"](dW, db, MAX_NORM)
    return {"E": dE, "W": dW, "b": db, "Wy": dWy, "by": dby}
