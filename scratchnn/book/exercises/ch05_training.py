"""The exercises of chapter 5 on training: 5.4 to 5.6."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise
from scratchnn.data.streams import TokenStreams
from scratchnn.functions import one_hot, softmax


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
        "Step j of window k of reader n is at the position n S + k T + j of the text.",
        "Let NumPy broadcast k (B, 1, 1), n (N, 1) and j (T,) into positions (K, N, T). The targets are one position "
        "further.",
    ),
)
def check_windows(answer: Answer) -> Iterator[str]:
    """N readers go through a text of M ids, an array (M,). Reader n starts at
    position n S, where S = (M - 1) // N, and reads T ids in each step,
    continuing where it stopped. Return the inputs and the targets of one epoch
    of B = S // T steps, two arrays of shape (B, N, T). The target of an id is
    the id that follows it.

        windows(np.arange(9), 2, 2)      S = 4, B = 2
            inputs     [[[0, 1], [4, 5]], [[2, 3], [6, 7]]]
            targets    [[[1, 2], [5, 6]], [[3, 4], [7, 8]]]
    """
    Pair = tuple[np.ndarray, np.ndarray]

    def right(ids: np.ndarray, N: int, T: int) -> Pair:
        streams = TokenStreams(ids, N, T)
        inputs, targets = zip(*(streams.batch(0, k) for k in range(len(streams))), strict=True)
        return np.stack(inputs), np.stack(targets)

    def cut_in_rows(ids: np.ndarray, N: int, T: int) -> Pair:
        B = (len(ids) - 1) // N // T
        return ids[: B * N * T].reshape(B, N, T), ids[1 : B * N * T + 1].reshape(B, N, T)

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
        "The axes are (N, B, T); return (B, N, T), one step after the other.": by_reader,
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
    Both arguments are arrays of shape (M,).

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
    trials = [(rng.uniform(0.5, 3, M), rng.integers(1, 20, M)) for M in (2, 4, 5)]
    yield from compare(answer, right, mistakes, trials)
