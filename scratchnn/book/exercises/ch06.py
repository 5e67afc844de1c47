"""Chapter 6, gates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise
from scratchnn.functions import sigmoid


@exercise(
    "6.1",
    "clipping by the global norm",
    "clip_by_norm(dW, db, max_norm)",
    hints=(
        "There is one norm: the square root of the sum of all squares of both arrays.",
        "Multiply both by max_norm / norm if norm is greater than max_norm, and return copies, not the changed arguments.",
    ),
)
def check_clip_by_norm(answer: Answer) -> Iterator[str]:
    """Two gradients are given, dW of a weight and db of a bias. Consider all
    their entries together as one long vector. If its norm, the square root of
    the sum of the squares, is greater than max_norm, multiply both arrays by
    the factor that makes the norm equal to max_norm; otherwise leave them
    unchanged. The direction of the long vector stays the same. Return dW and
    db, in this order.

        clip_by_norm(np.array([[3.0]]), np.array([4.0]), 1.0)
            gives [[0.6]] and [0.8]
    """

    def norm(*gradients: np.ndarray) -> float:
        return float(np.sqrt(sum((g**2).sum() for g in gradients)))

    def right(dW: np.ndarray, db: np.ndarray, max_norm: float) -> tuple:
        factor = min(1.0, max_norm / max(norm(dW, db), 1e-300))
        return dW * factor, db * factor

    def each(dW: np.ndarray, db: np.ndarray, max_norm: float) -> tuple:
        return dW * min(1.0, max_norm / norm(dW)), db * min(1.0, max_norm / norm(db))

    def always(dW: np.ndarray, db: np.ndarray, max_norm: float) -> tuple:
        return dW * (max_norm / norm(dW, db)), db * (max_norm / norm(dW, db))

    def by_value(dW: np.ndarray, db: np.ndarray, max_norm: float) -> tuple:
        return dW.clip(-max_norm, max_norm), db.clip(-max_norm, max_norm)

    def no_root(dW: np.ndarray, db: np.ndarray, max_norm: float) -> tuple:
        factor = min(1.0, max_norm / norm(dW, db) ** 2)
        return dW * factor, db * factor

    def added(dW: np.ndarray, db: np.ndarray, max_norm: float) -> tuple:
        factor = min(1.0, max_norm / (norm(dW) + norm(db)))
        return dW * factor, db * factor

    mistakes = {
        "You clip each array by its own norm. Use one norm and one factor for both; otherwise the direction changes.": each,
        "Gradients with a small norm are scaled up to max_norm: the factor must never be above 1.": always,
        "You clip each entry by itself. This changes the direction; multiply all entries by one factor.": by_value,
        "The square root is missing: the norm is the square root of the sum of the squares.": no_root,
        "Norms do not add up. Sum the squares of both arrays first, then take the square root.": added,
    }
    rng = np.random.default_rng(0)
    trials = [
        (scale * rng.standard_normal(shape), rng.standard_normal(shape[1]), bound)
        for shape, scale, bound in (((3, 4), 5.0, 1.0), ((2, 3), 2.0, 1.5), ((2, 2), 0.1, 50.0))
    ]
    extremes = {
        "If both gradients are zero, so is their norm, and nothing may be divided by it: compare it with max_norm first.": (
            np.zeros((1, 1)),
            np.zeros(1),
            1.0,
        ),
    }
    trials.insert(0, (np.array([[3.0]]), np.array([4.0]), 1.0))
    yield from compare(answer, right, mistakes, trials, ("dW", "db"), extremes=extremes)


@exercise(
    "6.2",
    "backward through the update gate",
    "simplified_gru_backward(dh_next, h, z, n)",
    hints=(
        "Call the two products z * h and (1 - z) * n. With respect to z, the first gives h and the second gives -n.",
        "dz = dh_next (h - n) and dn = dh_next (1 - z). Then multiply by the slopes: z (1 - z) for the sigmoid, 1 - "
        "n^2 for the tanh.",
    ),
)
def check_simplified_gru_backward(answer: Answer) -> Iterator[str]:
    """One step of the simplified GRU mixes the previous state h and the
    candidate n = tanh(a_n) by the update gate z = sigmoid(a_z):

        h_next = z * h + (1 - z) * n

    Given dh_next, the gradient of the loss with respect to h_next, return da_z,
    da_n and dh, in this order: the gradients with respect to a_z and a_n, and
    the part of the gradient with respect to h that comes through this equation
    alone. All arrays have shape (N, H); z and n are given, so a_z and a_n are
    not needed.
    """

    def right(dh_next: np.ndarray, h: np.ndarray, z: np.ndarray, n: np.ndarray) -> tuple:
        return dh_next * (h - n) * z * (1 - z), dh_next * (1 - z) * (1 - n * n), dh_next * z

    def no_slopes(dh_next: np.ndarray, h: np.ndarray, z: np.ndarray, n: np.ndarray) -> tuple:
        return dh_next * (h - n), dh_next * (1 - z), dh_next * z

    def convention(dh_next: np.ndarray, h: np.ndarray, z: np.ndarray, n: np.ndarray) -> tuple:
        return dh_next * (n - h) * z * (1 - z), dh_next * z * (1 - n * n), dh_next * (1 - z)

    def one_path(dh_next: np.ndarray, h: np.ndarray, z: np.ndarray, n: np.ndarray) -> tuple:
        return dh_next * h * z * (1 - z), dh_next * (1 - z) * (1 - n * n), dh_next * z

    def all_sigmoid(dh_next: np.ndarray, h: np.ndarray, z: np.ndarray, n: np.ndarray) -> tuple:
        return dh_next * (h - n) * (1 - z * z), dh_next * (1 - z) * n * (1 - n), dh_next * z

    mistakes = {
        "The gradient stops at the gate or candidate: the derivative of sigmoid or tanh is missing.": no_slopes,
        "This is right for the other convention, where z is the part that is replaced. Here z is kept.": convention,
        "z occurs twice in the equation, in z * h and in (1 - z) * n: both products contribute to its gradient.": one_path,
        "The derivatives are swapped: sigmoid has z (1 - z), tanh has 1 - n^2.": all_sigmoid,
    }
    rng = np.random.default_rng(0)
    trials = []
    for shape in ((3, 4), (2, 5)):
        dh_next, h, a_z, a_n = (rng.standard_normal(shape) for _ in range(4))
        trials.append((dh_next, h, sigmoid(a_z), np.tanh(a_n)))
    yield from compare(answer, right, mistakes, trials, ("da_z", "da_n", "dh"))


@exercise(
    "6.3",
    "backward through the cell state",
    "lstm_gates_backward(dh, dc_next, o, i, f, g, c_before, c)",
    hints=(
        "Start at h = o * tanh(c). c is used in h and in the next step, so dc = dc_next + dh * o * (1 - tanh(c)^2).",
        "In c = f * c_before + i * g each factor gets dc times the other one. Then the slopes: s (1 - s) for a gate "
        "s, 1 - g^2 for the candidate.",
    ),
)
def check_lstm_gates_backward(answer: Answer) -> Iterator[str]:
    """One step of an LSTM has the gates o, i, f = sigmoid(a_o), sigmoid(a_i),
    sigmoid(a_f), the candidate g = tanh(a_g) and the previous cell state
    c_before:

        c = f * c_before + i * g
        h = o * tanh(c)

    Two gradients are given: dh, with respect to h, and dc_next, the gradient
    with respect to c that comes from the next step. Return da_o, da_i, da_f,
    da_g and dc_before, in this order. All arrays have shape (N, H).
    """

    def right(dh: np.ndarray, dc_next: np.ndarray, *arrays: np.ndarray) -> tuple:
        o, i, f, g, c_before, c = arrays
        tanh_c = np.tanh(c)
        dc = dc_next + dh * o * (1 - tanh_c * tanh_c)
        gates = dh * tanh_c * o * (1 - o), dc * g * i * (1 - i), dc * c_before * f * (1 - f), dc * i * (1 - g * g)
        return *gates, dc * f

    def dropped(dh: np.ndarray, dc_next: np.ndarray, *arrays: np.ndarray) -> tuple:
        return right(dh, 0 * dc_next, *arrays)

    def cell_state_only(dh: np.ndarray, dc_next: np.ndarray, *arrays: np.ndarray) -> tuple:
        return right(0 * dh, dc_next, *arrays)

    def no_slope(dh: np.ndarray, dc_next: np.ndarray, *arrays: np.ndarray) -> tuple:
        return right(dh, dc_next + dh * arrays[0] * np.tanh(arrays[-1]) ** 2, *arrays)

    def new_cell_state(dh: np.ndarray, dc_next: np.ndarray, *arrays: np.ndarray) -> tuple:
        o, i, f, g, _, c = arrays
        da_f = right(dh, dc_next, o, i, f, g, c, c)[2]
        given = right(dh, dc_next, *arrays)
        return given[0], given[1], da_f, given[3], given[4]

    def not_scaled(dh: np.ndarray, dc_next: np.ndarray, *arrays: np.ndarray) -> tuple:
        *gates, dc_before = right(dh, dc_next, *arrays)
        return *gates, dc_before / arrays[2]

    mistakes = {
        "The gradient along the cell state, dc_next, is left out: add it to the gradient that comes through h.": dropped,
        "Only dc_next reaches c. c is used in h as well: add dh * o * (1 - tanh(c)^2).": cell_state_only,
        "On the way from h back to c, the derivative of the tanh is missing: 1 - tanh(c)^2.": no_slope,
        "The forget gate is multiplied by the previous cell state, c_before, not by the new one.": new_cell_state,
        "On the way back to the previous cell state, the gradient passes the forget gate: multiply by f.": not_scaled,
    }
    rng = np.random.default_rng(0)
    trials = []
    for shape in ((3, 4), (2, 5)):
        dh, dc_next, a_o, a_i, a_f, a_g, c_before = (rng.standard_normal(shape) for _ in range(7))
        o, i, f, g = sigmoid(a_o), sigmoid(a_i), sigmoid(a_f), np.tanh(a_g)
        trials.append((dh, dc_next, o, i, f, g, c_before, f * c_before + i * g))
    yield from compare(answer, right, mistakes, trials, ("da_o", "da_i", "da_f", "da_g", "dc_before"))
