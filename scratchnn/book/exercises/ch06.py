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


@exercise(
    "6.4",
    "reversing sequences",
    "reverse_sequences(x, lengths)",
    hints=(
        "Copy x first, so that the padding stays and the argument does not change.",
        "x[n, :length][::-1] are the real steps of sequence n in reverse order; this is right for length 0 as well.",
    ),
)
def check_reverse_sequences(answer: Answer) -> Iterator[str]:
    """The second layer of a bidirectional network reads from right to left. The
    array x (N, T, D) contains N sequences, of which sequence n has lengths[n]
    real steps, perhaps none, followed by padding. Return an array of the same
    shape in which the real steps of each sequence are in reverse order. The
    padding stays where it is, at the end.

        1, 2, 3, 0, 0 with length 3    becomes 3, 2, 1, 0, 0
    """

    def right(x: np.ndarray, lengths: list) -> np.ndarray:
        y = x.copy()
        for n, length in enumerate(lengths):
            y[n, :length] = x[n, :length][::-1]
        return y

    def longest(x: np.ndarray, lengths: list) -> np.ndarray:
        return right(x, [max(lengths)] * len(x))

    def features(x: np.ndarray, lengths: list) -> np.ndarray:
        y = x.copy()
        for n, length in enumerate(lengths):
            y[n, :length] = x[n, :length, ::-1]
        return y

    def zeroed(x: np.ndarray, lengths: list) -> np.ndarray:
        return right(x, lengths) * (np.arange(x.shape[1]) < np.array(lengths)[:, None])[..., None]

    mistakes = {
        "You reverse the whole row, so the padding comes first and the layer starts with it.": (
            lambda x, lengths: x[:, ::-1]
        ),
        "All sequences are reversed by the longest length; each has its own length.": longest,
        "This reverses the numbers within each step, not the steps: time is axis 1.": features,
        "This reverses the sequences of the batch, not the steps of each: time is axis 1.": lambda x, lengths: x[::-1],
        "The real steps are right, but the padding has changed. Leave it as it is.": zeroed,
    }
    rng = np.random.default_rng(0)
    trials = [(rng.standard_normal((3, 5, 2)), [3, 4, 1]), (rng.standard_normal((2, 6, 3)), [5, 2])]
    extremes = {
        "A sequence of length 0 has no real steps, so its row stays as it is. At length - 1 = -1 is the last step.": (
            np.array([[[1.0], [2.0]], [[3.0], [4.0]]]),
            [0, 2],
        ),
    }
    yield from compare(answer, right, mistakes, trials, extremes=extremes)


@exercise(
    "6.5",
    "nucleus sampling",
    "nucleus(p, q)",
    hints=(
        "Sort the tokens by probability, most probable first: np.argsort(-p). Then look at the running sums.",
        "Keep as many tokens as have a running sum below q, and one more. Set the others to zero, and divide by the sum.",
    ),
)
def check_nucleus(answer: Answer) -> Iterator[str]:
    """The array p (V,) contains the probabilities of V tokens, all different.
    Nucleus sampling keeps the smallest number of most probable tokens whose
    probabilities sum to at least q, and never draws the others. Return the
    probabilities (V,) to draw with: zero for the tokens that are left out, and
    1 in total.

        nucleus(np.array([0.1, 0.6, 0.3]), 0.8)    gives [0, 2/3, 1/3]
    """

    def draw_from(order: np.ndarray, p: np.ndarray, q: float, extra: int = 1) -> np.ndarray:
        count = int((np.cumsum(p[order]) < q).sum()) + extra
        y = np.zeros_like(p)
        y[order[:count]] = p[order[:count]]
        return y / max(y.sum(), 1e-300)

    def right(p: np.ndarray, q: float) -> np.ndarray:
        return draw_from(np.argsort(-p), p, q)

    def one_short(p: np.ndarray, q: float) -> np.ndarray:
        return draw_from(np.argsort(-p), p, q, extra=0)

    def raw(p: np.ndarray, q: float) -> np.ndarray:
        return np.where(right(p, q) > 0, p, 0)

    def ascending(p: np.ndarray, q: float) -> np.ndarray:
        return draw_from(np.argsort(p), p, q)

    def by_id(p: np.ndarray, q: float) -> np.ndarray:
        return draw_from(np.arange(len(p)), p, q)

    def threshold(p: np.ndarray, q: float) -> np.ndarray:
        y = np.where(p >= 1 - q, p, 0)
        return y / max(y.sum(), 1e-300)

    mistakes = {
        "The token with which the sum reaches q is left out; it belongs to the nucleus.": one_short,
        "The probabilities do not sum to 1: divide by their sum.": raw,
        "You start from the least probable tokens; sort in descending order.": ascending,
        "Tokens are taken in the order of their ids; sort by probability first.": by_id,
        "You compare each probability with 1 - q. Compare the sum of the most probable ones with q instead.": threshold,
    }
    trials = [
        (np.array([0.1, 0.6, 0.3]), 0.8),
        (np.array([0.05, 0.4, 0.2, 0.25, 0.1]), 0.7),
        (np.array([0.12, 0.08, 0.5, 0.21, 0.09]), 0.65),
        (np.array([0.3, 0.7]), 0.5),
    ]
    extremes = {
        "If the sum is exactly q, it has reached q: no further token is needed.": (
            np.array([0.25, 0.5, 0.1875, 0.0625]),
            0.75,
        ),
        "With q = 1 every token stays, although rounding may leave the sum of all a little below 1.": (
            np.array([0.1, 0.2, 0.7]),
            1.0,
        ),
    }
    yield from compare(answer, right, mistakes, trials, extremes=extremes)


@exercise(
    "6.6",
    "perplexity per word of a character model",
    "word_perplexity(char_loss, characters, words)",
    hints=(
        "What is the loss of the whole text? A word model has the same loss on it.",
        "char_loss * characters / words is the loss per word; the perplexity is e to that power.",
    ),
)
def check_word_perplexity(answer: Answer) -> Iterator[str]:
    """A character model has a mean loss of char_loss nats per character on a
    text with the given numbers of characters and words. Return the perplexity
    per word: the perplexity of a word model that has the same loss on the whole
    text.

        word_perplexity(1.0, 500, 100)    gives 148.41..., e to the power of 5
    """

    def right(char_loss: float, characters: int, words: int) -> float:
        return float(np.exp(char_loss * characters / words))

    mistakes = {
        "This is the perplexity per character: a word has several characters.": lambda L, c, w: float(np.exp(L)),
        "Multiply the loss before taking exp, not the perplexity after it.": lambda L, c, w: float(np.exp(L) * c / w),
        "The factor is inverted: a word has more than one character, so its loss is larger.": (
            lambda L, c, w: float(np.exp(L * w / c))
        ),
        "This is the loss per word; the perplexity is e to that power.": lambda L, c, w: L * c / w,
        "The loss is in nats, so the base is e, not 2.": lambda L, c, w: float(2 ** (L * c / w)),
    }
    yield from compare(answer, right, mistakes, [(1.0, 500, 100), (0.7, 4200, 800), (1.3, 90, 30)])
