"""Chapter 6, gates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise
from scratchnn.functions import sigmoid

# --- 6.1 -------------------------------------------------------------------------------------------------------------


@exercise("6.1", "clipping by the common norm", "clip_by_norm(dW, db, max_norm)")
def check_clip_by_norm(answer: Answer) -> Iterator[str]:
    """Here are two gradients, dW of a weight and db of a bias. Take all their numbers together as one
    long vector. If its norm, the square root of the sum of the squares, is above max_norm, return
    both arrays scaled so that it is max_norm; if not, return them as they are. The direction of the
    long vector stays the same. Return dW and db, in this order.

        clip_by_norm(np.array([[3.0]]), np.array([4.0]), 1.0)    gives [[0.6]] and [0.8]
    """

    def norm(*gradients: np.ndarray) -> float:
        return float(np.sqrt(sum((g**2).sum() for g in gradients)))

    def right(dW: np.ndarray, db: np.ndarray, max_norm: float) -> tuple:
        factor = min(1.0, max_norm / norm(dW, db))
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
        "You clip each array by its own norm. It is one norm and one factor for all, or the step changes direction.": each,
        "Gradients that are short enough are scaled up to max_norm: the factor must never be above 1.": always,
        "You cut off each number by itself. That turns the step; scale all numbers by one factor.": by_value,
        "The square root is missing: the norm is the root of the sum of the squares.": no_root,
        "Norms do not add up. Sum the squares over both arrays first and take the root of that.": added,
    }
    rng = np.random.default_rng(0)
    trials = [
        (scale * rng.standard_normal(shape), rng.standard_normal(shape[1]), bound)
        for shape, scale, bound in (((3, 4), 5.0, 1.0), ((2, 3), 2.0, 1.5), ((2, 2), 0.1, 50.0))
    ]
    yield from compare(answer, right, mistakes, trials, ("dW", "db"))


# --- 6.2 -------------------------------------------------------------------------------------------------------------


@exercise("6.2", "back through the update gate", "simplified_gru_backward(dh_next, h, z, n)")
def check_simplified_gru_backward(answer: Answer) -> Iterator[str]:
    """One step of the simplified GRU mixes the old state h and the candidate n = tanh(a_n) by the
    update gate z = sigmoid(a_z):

        h_next = z * h + (1 - z) * n

    Given dh_next, the gradient of the loss by h_next, return da_z, da_n and dh, in this order: the
    gradients by a_z and a_n, and that part of the gradient by h that comes back through this
    equation alone. All arrays have the shape (N, H); z and n are given, a_z and a_n are not needed.
    """

    def right(dh_next: np.ndarray, h: np.ndarray, z: np.ndarray, n: np.ndarray) -> tuple:
        return dh_next * (h - n) * z * (1 - z), dh_next * (1 - z) * (1 - n * n), dh_next * z

    def no_slopes(dh_next: np.ndarray, h: np.ndarray, z: np.ndarray, n: np.ndarray) -> tuple:
        return dh_next * (h - n), dh_next * (1 - z), dh_next * z

    def turned(dh_next: np.ndarray, h: np.ndarray, z: np.ndarray, n: np.ndarray) -> tuple:
        return dh_next * (n - h) * z * (1 - z), dh_next * z * (1 - n * n), dh_next * (1 - z)

    def half(dh_next: np.ndarray, h: np.ndarray, z: np.ndarray, n: np.ndarray) -> tuple:
        return dh_next * h * z * (1 - z), dh_next * (1 - z) * (1 - n * n), dh_next * z

    def all_sigmoid(dh_next: np.ndarray, h: np.ndarray, z: np.ndarray, n: np.ndarray) -> tuple:
        return dh_next * (h - n) * (1 - z * z), dh_next * (1 - z) * n * (1 - n), dh_next * z

    mistakes = {
        "This is the gradient by the gate or the candidate itself: the slope of sigmoid or tanh is missing.": no_slopes,
        "This is right for the other convention, where z is the part that is replaced. Here z is the part kept.": turned,
        "z occurs twice in the equation, in z * h and in (1 - z) * n: both products send a gradient back to it.": half,
        "The slopes have changed places: sigmoid has z (1 - z), tanh has 1 - n^2.": all_sigmoid,
    }
    rng = np.random.default_rng(0)
    trials = []
    for shape in ((3, 4), (2, 5)):
        dh_next, h, a_z, a_n = (rng.standard_normal(shape) for _ in range(4))
        trials.append((dh_next, h, sigmoid(a_z), np.tanh(a_n)))
    yield from compare(answer, right, mistakes, trials, ("da_z", "da_n", "dh"))


# --- 6.3 -------------------------------------------------------------------------------------------------------------


@exercise("6.3", "back through the memory", "lstm_gates_backward(dh, dc_next, o, i, f, g, c_before, c)")
def check_lstm_gates_backward(answer: Answer) -> Iterator[str]:
    """One step of an LSTM, from its gates o, i, f = sigmoid(a_o), sigmoid(a_i), sigmoid(a_f), its
    candidate g = tanh(a_g) and its old memory c_before:

        c = f * c_before + i * g
        h = o * tanh(c)

    Two gradients come in: dh by h, and dc_next, the gradient by c that comes back from the next
    step. Return da_o, da_i, da_f, da_g and dc_before, in this order. All arrays are (N, H).
    """

    def right(dh: np.ndarray, dc_next: np.ndarray, *arrays: np.ndarray) -> tuple:
        o, i, f, g, c_before, c = arrays
        tanh_c = np.tanh(c)
        dc = dc_next + dh * o * (1 - tanh_c * tanh_c)
        gates = dh * tanh_c * o * (1 - o), dc * g * i * (1 - i), dc * c_before * f * (1 - f), dc * i * (1 - g * g)
        return *gates, dc * f

    def dropped(dh: np.ndarray, dc_next: np.ndarray, *arrays: np.ndarray) -> tuple:
        return right(dh, 0 * dc_next, *arrays)

    def memory_only(dh: np.ndarray, dc_next: np.ndarray, *arrays: np.ndarray) -> tuple:
        return right(0 * dh, dc_next, *arrays)

    def no_slope(dh: np.ndarray, dc_next: np.ndarray, *arrays: np.ndarray) -> tuple:
        return right(dh, dc_next + dh * arrays[0] * np.tanh(arrays[-1]) ** 2, *arrays)

    def new_memory(dh: np.ndarray, dc_next: np.ndarray, *arrays: np.ndarray) -> tuple:
        o, i, f, g, _, c = arrays
        da_f = right(dh, dc_next, o, i, f, g, c, c)[2]
        given = right(dh, dc_next, *arrays)
        return given[0], given[1], da_f, given[3], given[4]

    def not_scaled(dh: np.ndarray, dc_next: np.ndarray, *arrays: np.ndarray) -> tuple:
        *gates, dc_before = right(dh, dc_next, *arrays)
        return *gates, dc_before / arrays[2]

    mistakes = {
        "The gradient along the memory, dc_next, is left out: it is added to what comes back through h.": dropped,
        "Only dc_next comes back to c. c was used in h as well: add dh * o * (1 - tanh(c)^2).": memory_only,
        "On the way from h back to c the slope of the tanh is missing: 1 - tanh(c)^2.": no_slope,
        "The forget gate was multiplied by the old memory, c_before, not by the new one.": new_memory,
        "On its way back to the old memory the gradient passes the forget gate: multiply by f.": not_scaled,
    }
    rng = np.random.default_rng(0)
    trials = []
    for shape in ((3, 4), (2, 5)):
        dh, dc_next, a_o, a_i, a_f, a_g, c_before = (rng.standard_normal(shape) for _ in range(7))
        o, i, f, g = sigmoid(a_o), sigmoid(a_i), sigmoid(a_f), np.tanh(a_g)
        trials.append((dh, dc_next, o, i, f, g, c_before, f * c_before + i * g))
    yield from compare(answer, right, mistakes, trials, ("da_o", "da_i", "da_f", "da_g", "dc_before"))


# --- 6.4 -------------------------------------------------------------------------------------------------------------


@exercise("6.4", "sequences turned round", "reverse_sequences(x, lengths)")
def check_reverse_sequences(answer: Answer) -> Iterator[str]:
    """The second layer of a bidirectional network reads from right to left. x has shape (N, T, D)
    and holds N sequences, of which sequence n has lengths[n] real steps and padding after them.
    Return an array of the same shape in which the real steps of each sequence stand in reverse
    order. Padding stays where it is, at the end.

        a sequence of numbers 1, 2, 3, 0, 0 with length 3    becomes 3, 2, 1, 0, 0
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
        "You reverse the whole row, so that the padding comes first and the layer begins with it.": (
            lambda x, lengths: x[:, ::-1]
        ),
        "All sequences are turned round by the longest length; each has a length of its own.": longest,
        "This reverses the numbers of each step, not the steps: the time is axis 1.": features,
        "This reverses the sequences of the batch, not the steps of each: the time is axis 1.": lambda x, lengths: x[::-1],
        "The real steps are right, but what stands after them has changed. Leave it as it is.": zeroed,
    }
    rng = np.random.default_rng(0)
    trials = [(rng.standard_normal((3, 5, 2)), [3, 4, 1]), (rng.standard_normal((2, 6, 3)), [5, 2])]
    yield from compare(answer, right, mistakes, trials)


# --- 6.5 -------------------------------------------------------------------------------------------------------------


@exercise("6.5", "the nucleus", "nucleus(p, q)")
def check_nucleus(answer: Answer) -> Iterator[str]:
    """The array p (V,) holds the probabilities of V tokens, all different. Nucleus sampling keeps
    the smallest number of most probable tokens whose probabilities add up to at least q, and never
    draws the others. Return the probabilities (V,) to draw with: zero where a token is left out, and
    in sum 1.

        nucleus(np.array([0.1, 0.6, 0.3]), 0.8)    gives [0, 2/3, 1/3]
    """

    def kept(p: np.ndarray, order: np.ndarray, count: int) -> np.ndarray:
        y = np.zeros_like(p)
        y[order[:count]] = p[order[:count]]
        return y / max(y.sum(), 1e-300)

    def count(p: np.ndarray, order: np.ndarray, q: float) -> int:
        return int((np.cumsum(p[order]) < q).sum())

    def right(p: np.ndarray, q: float) -> np.ndarray:
        order = np.argsort(-p)
        return kept(p, order, count(p, order, q) + 1)

    def one_short(p: np.ndarray, q: float) -> np.ndarray:
        order = np.argsort(-p)
        return kept(p, order, count(p, order, q))

    def raw(p: np.ndarray, q: float) -> np.ndarray:
        return np.where(right(p, q) > 0, p, 0)

    def least(p: np.ndarray, q: float) -> np.ndarray:
        order = np.argsort(p)
        return kept(p, order, count(p, order, q) + 1)

    def in_place_order(p: np.ndarray, q: float) -> np.ndarray:
        order = np.arange(len(p))
        return kept(p, order, count(p, order, q) + 1)

    def threshold(p: np.ndarray, q: float) -> np.ndarray:
        y = np.where(p >= 1 - q, p, 0)
        return y / max(y.sum(), 1e-300)

    mistakes = {
        "The token with which the sum reaches q is left out; it belongs to the nucleus.": one_short,
        "What is left does not sum to 1: divide by its sum.": raw,
        "You start from the least probable tokens; sort the other way round.": least,
        "Tokens are taken in the order of their ids; sort by probability first.": in_place_order,
        "You compare each probability with 1 - q. It is the sum of the most probable ones that has to reach q.": threshold,
    }
    trials = [
        (np.array([0.1, 0.6, 0.3]), 0.8),
        (np.array([0.05, 0.4, 0.2, 0.25, 0.1]), 0.7),
        (np.array([0.12, 0.08, 0.5, 0.21, 0.09]), 0.65),
        (np.array([0.3, 0.7]), 0.5),
    ]
    yield from compare(answer, right, mistakes, trials)


# --- 6.6 -------------------------------------------------------------------------------------------------------------


@exercise("6.6", "perplexity per word of a model of characters", "word_perplexity(char_loss, characters, words)")
def check_word_perplexity(answer: Answer) -> Iterator[str]:
    """A model of characters has a mean loss of char_loss nats per character on a text of so many
    characters, which are so many words. Return the perplexity per word: what a model of words would
    have whose loss on the whole text is the same.

        word_perplexity(1.0, 500, 100)    gives 148.41..., which is e to the power of 5
    """

    def right(char_loss: float, characters: int, words: int) -> float:
        return float(np.exp(char_loss * characters / words))

    mistakes = {
        "This is the perplexity per character: a word is several characters long.": lambda L, c, w: float(np.exp(L)),
        "Multiply the loss before the exponential, not the perplexity after it.": lambda L, c, w: float(np.exp(L) * c / w),
        "The factor is upside down: a word has more than one character, so its loss is larger.": (
            lambda L, c, w: float(np.exp(L * w / c))
        ),
        "This is the loss per word; the perplexity is e to that power.": lambda L, c, w: L * c / w,
        "The loss is in nats, so it is e that is raised to it, not 2.": lambda L, c, w: float(2 ** (L * c / w)),
    }
    yield from compare(answer, right, mistakes, [(1.0, 500, 100), (0.7, 4200, 800), (1.3, 90, 30)])
