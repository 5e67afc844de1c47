"""Chapter 5, recurrence and backpropagation through time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare, numbers_of_shape, separate
from scratchnn.book.exercises.registry import exercise
from scratchnn.data.streams import TokenStreams
from scratchnn.functions import one_hot, softmax
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


@exercise(
    "5.4",
    "sequences of different lengths",
    "masked_gradient(z, t, lengths)",
    hints=(
        "At each step the gradient is softmax minus one-hot, as in exercise 1.4, with the largest logit of that step "
        "subtracted first.",
        "Multiply by the mask np.arange(T) < lengths[:, None], with one more axis, and divide by the number of steps "
        "that count.",
    ),
)
def check_masked_gradient(answer: Answer) -> Iterator[str]:
    """Only the first lengths[n] steps of sequence n count; the rest is padding.
    The loss is the mean cross-entropy of softmax(z) over all steps that count,
    of all sequences together. Return its gradient with respect to the logits
    z (N, T, K). t (N, T) contains the correct classes; lengths contains N
    integers of at least 1. Logits may be as large as 1000.
    """

    def full(z: np.ndarray, t: np.ndarray) -> np.ndarray:
        return softmax(z) - one_hot(t, z.shape[-1])

    def mask(t: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        return (np.arange(t.shape[1]) < lengths[:, None])[..., None]

    def right(z: np.ndarray, t: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        return full(z, t) * mask(t, lengths) / lengths.sum()

    mistakes = {
        "The gradient is right at the steps that count, but you divide by N T: divide by the number of steps that count.": (
            lambda z, t, lengths: full(z, t) * mask(t, lengths) / t.size
        ),
        "The padding has a gradient: it has to be zero beyond the length of each sequence.": (
            lambda z, t, lengths: full(z, t) / t.size
        ),
        "You divide by the right number, but the padding still has a gradient.": (
            lambda z, t, lengths: full(z, t) / lengths.sum()
        ),
        "You average the means of the sequences, so a step of a short one weighs more; all should weigh the same.": (
            lambda z, t, lengths: full(z, t) * mask(t, lengths) / lengths[:, None, None] / len(t)
        ),
        "The loss is a mean over steps, not over sequences: divide by the number of steps that count.": (
            lambda z, t, lengths: full(z, t) * mask(t, lengths) / len(t)
        ),
        "The loss is a mean: divide by the number of steps that count.": (
            lambda z, t, lengths: full(z, t) * mask(t, lengths)
        ),
    }
    rng = np.random.default_rng(0)
    trials = [
        (rng.standard_normal((len(lengths), T, K)), rng.integers(0, K, (len(lengths), T)), np.array(lengths))
        for T, K, lengths in ((4, 3, [4, 1, 2]), (5, 4, [2, 3]))
    ]
    trials.append((np.array([[[0.0, 1.0], [2.0, 0.0]]]), np.array([[1, 0]]), np.array([1])))
    z = np.array([[[1000.0, 999.0], [0.0, 1.0]]])
    extremes = {
        "Large logits: subtract the largest logit of each step. That of the whole array leaves other steps at 0 / 0.": (
            z,
            np.array([[0, 0]]),
            np.array([2]),
        ),
    }
    yield from compare(answer, right, mistakes, trials, extremes=extremes)


@exercise(
    "5.5",
    "batches for truncated BPTT",
    "windows(ids, N, T)",
    hints=(
        "Step j of window k of reader n is at the position n L + k T + j of the text.",
        "Let NumPy broadcast k (K, 1, 1), n (N, 1) and j (T,) into positions (K, N, T). The targets are one position "
        "further.",
    ),
)
def check_windows(answer: Answer) -> Iterator[str]:
    """N readers go through a text of M ids, an array (M,). Reader n starts at
    position n L, where L = (M - 1) // N, and reads T ids in each step,
    continuing where it stopped. Return the inputs and the targets of one epoch
    of K = L // T steps, two arrays of shape (K, N, T). The target of an id is
    the id that follows it.

        windows(np.arange(9), 2, 2)      L = 4, K = 2
            inputs     [[[0, 1], [4, 5]], [[2, 3], [6, 7]]]
            targets    [[[1, 2], [5, 6]], [[3, 4], [7, 8]]]
    """
    Pair = tuple[np.ndarray, np.ndarray]

    def right(ids: np.ndarray, N: int, T: int) -> Pair:
        streams = TokenStreams(ids, N, T)
        inputs, targets = zip(*(streams.batch(0, k) for k in range(len(streams))), strict=True)
        return np.stack(inputs), np.stack(targets)

    def cut_in_rows(ids: np.ndarray, N: int, T: int) -> Pair:
        K = (len(ids) - 1) // N // T
        return ids[: K * N * T].reshape(K, N, T), ids[1 : K * N * T + 1].reshape(K, N, T)

    def same(ids: np.ndarray, N: int, T: int) -> Pair:
        inputs, _ = right(ids, N, T)
        return inputs, inputs

    def rolled(ids: np.ndarray, N: int, T: int) -> Pair:
        inputs, _ = right(ids, N, T)
        return inputs, np.roll(inputs, -1, axis=2)

    def by_reader(ids: np.ndarray, N: int, T: int) -> Pair:
        inputs, targets = right(ids, N, T)
        return inputs.swapaxes(0, 1), targets.swapaxes(0, 1)

    mistakes = {
        "The rows of one batch follow each other in the text. Instead, row n of the next batch has to continue row n.": (
            cut_in_rows
        ),
        "The targets are the inputs: the target of an id is the id that follows it.": same,
        "The last target of a window is the first input of the window; it has to be the first id after the window.": rolled,
        "The axes are (N, K, T); return (K, N, T), one step after the other.": by_reader,
    }
    rng = np.random.default_rng(0)
    trials = [(rng.permutation(M), N, T) for M, N, T in ((25, 3, 2), (41, 2, 5), (24, 4, 3))]
    trials.insert(0, (np.arange(9), 2, 2))
    yield from compare(answer, right, mistakes, trials, ("inputs", "targets"))


@exercise(
    "5.6",
    "perplexity of unequal parts",
    "perplexity(losses, counts)",
    hints=(
        "Part k contributes losses[k] * counts[k] to the loss of the whole text.",
        "Divide the sum of these by the number of all words, and take exp last.",
    ),
)
def check_perplexity(answer: Answer) -> Iterator[str]:
    """A text was read in parts. Part k has counts[k] words, and the mean loss
    of its words is losses[k], in nats. Return the perplexity of the whole text.
    Both arguments are arrays of shape (K,).

        perplexity(np.log([2.0, 8.0]), np.array([1, 1]))      gives 4
    """

    def right(losses: np.ndarray, counts: np.ndarray) -> float:
        return float(np.exp((losses * counts).sum() / counts.sum()))

    mistakes = {
        "You average the losses as if all parts were equally long: weight each loss by its number of words.": (
            lambda losses, counts: np.exp(losses.mean())
        ),
        "You average perplexities. Average the losses, and then take exp of the mean.": (
            lambda losses, counts: (np.exp(losses) * counts).sum() / counts.sum()
        ),
        "You take the unweighted mean of the perplexities: take the weighted mean of the losses, and then exp of it.": (
            lambda losses, counts: np.exp(losses).mean()
        ),
        "The losses are in nats, so the base is e, not 2.": (
            lambda losses, counts: 2 ** ((losses * counts).sum() / counts.sum())
        ),
        "This is the loss of the whole text; the perplexity is exp of the loss.": lambda losses, counts: np.log(
            right(losses, counts)
        ),
    }
    rng = np.random.default_rng(0)
    trials = [(rng.uniform(0.5, 3, K), rng.integers(1, 20, K)) for K in (2, 4, 5)]
    yield from compare(answer, right, mistakes, trials)
