"""Chapter 5, recurrence and backpropagation through time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare, numbers_of_shape, separate
from scratchnn.book.exercises.registry import exercise
from scratchnn.recurrent.rnn import rnn_forward


@exercise(
    "5.1",
    "from stacked columns to rows",
    "states_from_stacked(x, h0, W_a, b_a)",
    hints=(
        "The first H columns of W_a belong to the state, the others to the input.",
        "For rows, transpose both parts: h = np.tanh(x[:, t] @ W_ax.T + h @ W_aa.T + b_a). Collect h of every step, "
        "and stack along axis 1.",
    ),
)
def check_states_from_stacked(answer: Answer) -> Iterator[str]:
    """Some lectures put the two weights of a recurrent network side by side,
    W_a = [W_aa, W_ax], and multiply them by column vectors:

        a = tanh(W_a @ [a_before; x] + b_a)        the state on top of the input

    Given x (N, T, D) and the initial state h0 (N, H), both with one row per
    example, W_a (H, H + D) and b_a (H,), return the states of all steps, an
    array of shape (N, T, H).
    """

    def run(x: np.ndarray, h0: np.ndarray, W_aa: np.ndarray, W_ax: np.ndarray, b_a: np.ndarray) -> np.ndarray:
        return rnn_forward(x, h0, W_ax.T, W_aa.T, b_a)[0]

    def right(x: np.ndarray, h0: np.ndarray, W_a: np.ndarray, b_a: np.ndarray) -> np.ndarray:
        H = len(W_a)
        return run(x, h0, W_a[:, :H], W_a[:, H:], b_a)

    def swapped(x: np.ndarray, h0: np.ndarray, W_a: np.ndarray, b_a: np.ndarray) -> np.ndarray:
        D = x.shape[2]
        return run(x, h0, W_a[:, D:], W_a[:, :D], b_a)

    def untransposed(x: np.ndarray, h0: np.ndarray, W_a: np.ndarray, b_a: np.ndarray) -> np.ndarray:
        H = len(W_a)
        return run(x, h0, W_a[:, :H].T, W_a[:, H:], b_a)

    def not_passed_on(x: np.ndarray, h0: np.ndarray, W_a: np.ndarray, b_a: np.ndarray) -> np.ndarray:
        return np.concatenate([right(x[:, t : t + 1], h0, W_a, b_a) for t in range(x.shape[1])], axis=1)

    def last(x: np.ndarray, h0: np.ndarray, W_a: np.ndarray, b_a: np.ndarray) -> np.ndarray:
        return right(x, h0, W_a, b_a)[:, -1]

    mistakes = {
        "The two parts of W_a are swapped: the first H columns belong to the state, the last D to x.": swapped,
        "W_aa is not transposed. It is made for columns; for rows the product is h @ W_aa.T.": untransposed,
        "Each step starts from h0. It has to start from the state that the previous step has computed.": not_passed_on,
        "This is the last state only; return the states of all T steps, (N, T, H).": last,
    }
    rng = np.random.default_rng(0)
    trials = [
        tuple(rng.standard_normal(shape) for shape in ((N, T, D), (N, H), (H, H + D), (H,)))
        for N, T, D, H in ((2, 4, 3, 5), (3, 2, 4, 2), (2, 3, 2, 2))
    ]
    yield from compare(answer, right, mistakes, trials)


# --- 5.2 -------------------------------------------------------------------------------------------------------------

CASES = {(0, 0, 0): False, (0, 0, 1): True, (1, 0, 0): True, (1, 0, 1): True, (0, 1, 0): False, (0, 1, 1): False}


@exercise(
    "5.2",
    "a neuron that remembers",
    "switch_weights()",
    hints=(
        "Without input the sum is h_before * Wh + b. It has to be positive for 1 and not positive for 0: choose b = "
        "-0.5 and Wh = 1.",
        '"on" has to lift b above zero, "off" has to push Wh + b below zero. One of the two weights is positive, the '
        "other negative.",
    ),
)
def check_switch_weights(answer: Answer) -> Iterator[str]:
    """A single recurrent neuron has two inputs, "on" and "off", which are 0 or
    1 and never both 1. Its state has to be 1 after "on", 0 after "off", and
    unchanged if both are 0. Return Wx (2,), Wh (a number) and b (a number), in
    this order, that give this behaviour. The neuron computes

        h = 1 if x[0] * Wx[0] + x[1] * Wx[1] + h_before * Wh + b > 0, else 0
    """
    given = separate(answer(), answer.name, ("Wx", "Wh", "b"))
    shapes = {"Wx": (2,), "Wh": (), "b": ()}
    Wx, Wh, b = (numbers_of_shape(value, shape, name) for value, (name, shape) in zip(given, shapes.items(), strict=True))
    sums = {(on, off, before): on * Wx[0] + off * Wx[1] + before * Wh + b for on, off, before in CASES}
    if all((sums[case] > 0) == wanted for case, wanted in CASES.items()):
        return
    if all((sums[case] >= 0) == wanted for case, wanted in CASES.items()):
        yield "A sum that has to be above zero is exactly zero, and zero counts as 0: change the bias a little."
    elif sums[0, 0, 1] <= 0:
        yield "It forgets: after 1, with both inputs 0, it goes to 0. Wh has to keep the sum above zero."
    elif sums[0, 0, 0] > 0:
        yield "It switches itself on: after 0, with both inputs 0, it goes to 1. The bias has to be zero or negative."
    elif sums[1, 0, 0] <= 0:
        yield "It stays off when it is switched on: the weight of the first input has to outweigh the bias."
    else:
        yield "It stays on when it is switched off: the second input has to outweigh the contribution of the state."


# --- 5.3 -------------------------------------------------------------------------------------------------------------

Gradients = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _skip_backward(
    dy: np.ndarray, x: np.ndarray, h: np.ndarray, Wx: np.ndarray, Wh: np.ndarray, mistake: str = ""
) -> Gradients:
    """The correct answer, or one with the given mistake."""
    dx, dWx, dWh = np.zeros(x.shape), np.zeros(Wx.shape), np.zeros(Wh.shape)
    from_later = np.zeros(dy[:, 0].shape)
    for t in reversed(range(x.shape[1])):
        u = h[:, t + 1] if mistake == "slope" else h[:, t + 1] - h[:, t]
        dh = dy[:, t] if mistake == "no past" else from_later if mistake == "no dy" and t < x.shape[1] - 1 else None
        dh = dy[:, t] + from_later if dh is None else dh
        da = dh * (1 - u * u)
        dx[:, t] = da @ Wx.T
        kept = 0 if mistake == "replaced" else 1
        dWx = dWx * kept + x[:, t].T @ da
        dWh = dWh * kept + h[:, t].T @ da
        from_later = da @ Wh.T + (0 if mistake == "no skip" else dh)
    return dx, from_later, dWx, dWh


@exercise(
    "5.3",
    "a state that bypasses the tanh",
    "skip_rnn_backward(dy, x, h, Wx, Wh)",
    hints=(
        "h_{t-1} reaches h_t in two ways, so its gradient has two terms: dh_t itself, and what comes back through the "
        "tanh.",
        "Go backward over t: dh = dy_t + later, u = h_t - h_{t-1}, da = dh (1 - u^2), later = dh + da @ Wh.T. Add "
        "x_t.T @ da and h_{t-1}.T @ da at every step.",
    ),
)
def check_skip_rnn_backward(answer: Answer) -> Iterator[str]:
    """A recurrent network adds to its state instead of replacing it:

        h_t = h_{t-1} + tanh(x_t @ Wx + h_{t-1} @ Wh)

    Given dy (N, T, H), the gradients with respect to h_1, ..., h_T from the
    layer above, the inputs x (N, T, D), the states h (N, T + 1, H) starting
    with h_0, Wx (D, H) and Wh (H, H), return dx (N, T, D), dh_0 (N, H), dWx and
    dWh, in this order.
    """
    mistakes = {
        "h_{t-1} reaches h_t in two ways: through the tanh, and directly. You send the gradient back one way only.": (
            "no skip"
        ),
        "The derivative of the tanh is 1 - u^2, where u = h_t - h_{t-1} is the output of the tanh, not h_t.": "slope",
        "This is the gradient of one step. A weight is used at every step, so sum: += instead of =.": "replaced",
        "The gradient from the next step is missing: dh_t is the sum of dy_t and that gradient.": "no past",
        "dy_t is missing in all steps but the last: every state has an output, not only the last one.": "no dy",
    }
    rng = np.random.default_rng(0)
    trials = []
    for N, T, D, H in ((2, 4, 3, 5), (3, 3, 2, 4)):
        x, h0 = rng.standard_normal((N, T, D)), rng.standard_normal((N, H))
        Wx, Wh = rng.standard_normal((D, H)), rng.standard_normal((H, H))
        h = [h0]
        for t in range(T):
            h.append(h[-1] + np.tanh(x[:, t] @ Wx + h[-1] @ Wh))
        trials.append((rng.standard_normal((N, T, H)), x, np.stack(h, axis=1), Wx, Wh))
    made: dict[str, Callable[..., Gradients]] = {
        text: partial(_skip_backward, mistake=name) for text, name in mistakes.items()
    }
    extremes = {
        "If x holds integers, such as one-hot vectors, an array made like x can hold integers only: make dx from floats.": (
            np.array([[[0.5]]]),
            np.array([[[0, 1]]]),
            np.array([[[0.0], [0.5]]]),
            np.array([[1.0], [0.5]]),
            np.array([[1.0]]),
        ),
    }
    yield from compare(answer, _skip_backward, made, trials, ("dx", "dh_0", "dWx", "dWh"), extremes=extremes)
