"""Chapter 3, words by prediction."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scratchnn.backend import scatter_add
from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise
from scratchnn.layers.embedding import embedding_backward
from scratchnn.word2vec.projection import context_mean_backward


def summed_rows(dy: np.ndarray, ids: np.ndarray, V: int) -> np.ndarray:
    """The gradient of an embedding table: row v is the sum of the rows of dy that belong to id v."""
    return embedding_backward(dy, (ids, None, (V, dy.shape[1]))).to_dense()


def last_rows(dy: np.ndarray, ids: np.ndarray, V: int) -> np.ndarray:
    """Mistake: only the last row of each id is kept."""
    dW = np.zeros((V, dy.shape[1]))
    dW[ids] = dy
    return dW


def mean_rows(dy: np.ndarray, ids: np.ndarray, V: int) -> np.ndarray:
    """Mistake: the rows of an id are averaged."""
    return summed_rows(dy, ids, V) / np.maximum(np.bincount(ids, minlength=V), 1)[:, None]


def used_rows(dy: np.ndarray, ids: np.ndarray, V: int) -> np.ndarray:
    """Mistake: only the rows of ids that occur are returned."""
    return summed_rows(dy, ids, V)[np.unique(ids)]


@exercise(
    "3.1",
    "backward through an embedding look-up",
    "embedding_gradient(dy, ids, V)",
    hints=(
        "Row k of dy belongs to row ids[k] of the table. Start with zeros of shape (V, D).",
        "If an id occurs twice, both rows count: dW[ids] += dy adds only one of them, np.add.at(dW, ids, dy) adds all.",
    ),
)
def check_embedding_gradient(answer: Answer) -> Iterator[str]:
    """An embedding layer looks up rows of a table W with V rows: y = W[ids].
    Given dy, the gradient of the loss with respect to y, return the gradient
    with respect to W.

    dy has shape (T, D), ids has shape (T,), and an id may occur more than once.
    The result has shape (V, D).

        dy, ids = np.array([[1.0], [2.0], [4.0]]), np.array([2, 0, 2])
        embedding_gradient(dy, ids, 4)    gives [[2.], [0.], [5.], [0.]]
    """

    def batch_mean(dy: np.ndarray, ids: np.ndarray, V: int) -> np.ndarray:
        return summed_rows(dy, ids, V) / len(ids)

    mistakes = {
        "If an id occurs twice, only its last row is kept: dW[ids] += dy does not add repeats, np.add.at does.": last_rows,
        "You average the rows of an id. Each look-up was used in full, so their gradients are summed.": mean_rows,
        "This is divided by the number of look-ups. The loss is already a mean: sum and do not average.": batch_mean,
        "The table has V rows, including those of words that do not occur; their gradient is zero.": used_rows,
    }
    rng = np.random.default_rng(0)
    trials = [
        (rng.standard_normal((T, D)), rng.integers(0, V, T), V + 1)  # the last word never occurs
        for T, D, V in ((3, 1, 2), (8, 3, 4), (6, 2, 5))
    ]
    extremes = {
        "Without look-ups the gradient is zero for every word: the result still has V rows.": (
            np.zeros((0, 2)),
            np.array([], dtype=int),
            2,
        ),
    }
    trials.append((np.array([[1.0], [2.0], [4.0]]), np.array([2, 0, 2]), 4))
    yield from compare(answer, summed_rows, mistakes, trials, extremes=extremes)


@exercise(
    "3.5",
    "backward through the mean of CBOW",
    "context_mean_gradient(dh, contexts, mask, V)",
    hints=(
        "If n_n words of example n are present, each has the share 1 / n_n of the mean, so each gets dh[n] / n_n.",
        "Loop over the examples: for each id in contexts[n, mask[n]], add dh[n] / mask[n].sum() to its row.",
    ),
)
def check_context_mean_gradient(answer: Answer) -> Iterator[str]:
    """In CBOW, h[n] is the mean of the rows A[contexts[n, m]] over the
    positions m where mask[n, m] is True. Each example has at least one such
    position. Given dh (N, D), the gradient of the loss with respect to h,
    return the gradient with respect to A, an array of shape (V, D).

    contexts contains ids and mask booleans, both of shape (N, M). Where mask is
    False there is no word, whatever the id.

    For example, with dh = [[6.0]], contexts = [[2, 0, 2]] and V = 3, the
    gradient is [[2.], [0.], [4.]] if mask is True at all three positions, and
    [[3.], [0.], [3.]] if it is False at the last one.
    """

    def collect(share: np.ndarray, dh: np.ndarray, contexts: np.ndarray, V: int) -> np.ndarray:
        dA = np.zeros((V, dh.shape[1]))
        scatter_add(dA, contexts.reshape(-1), (share[:, :, None] * dh[:, None, :]).reshape(-1, dh.shape[1]))
        return dA

    def right(dh: np.ndarray, contexts: np.ndarray, mask: np.ndarray, V: int) -> np.ndarray:
        share = mask / mask.sum(axis=1, keepdims=True)
        return context_mean_backward(dh, (contexts, share, (V, dh.shape[1]))).to_dense()

    def no_share(dh: np.ndarray, contexts: np.ndarray, mask: np.ndarray, V: int) -> np.ndarray:
        return collect(mask.astype(float), dh, contexts, V)

    def all_places(dh: np.ndarray, contexts: np.ndarray, mask: np.ndarray, V: int) -> np.ndarray:
        return collect(mask / mask.shape[1], dh, contexts, V)

    def padded(dh: np.ndarray, contexts: np.ndarray, mask: np.ndarray, V: int) -> np.ndarray:
        return collect(np.ones(mask.shape) / mask.shape[1], dh, contexts, V)

    def padded_too(dh: np.ndarray, contexts: np.ndarray, mask: np.ndarray, V: int) -> np.ndarray:
        return collect(np.ones(mask.shape) / mask.sum(axis=1, keepdims=True), dh, contexts, V)

    def last(dh: np.ndarray, contexts: np.ndarray, mask: np.ndarray, V: int) -> np.ndarray:
        dA = np.zeros((V, dh.shape[1]))
        rows = (mask / mask.sum(axis=1, keepdims=True))[:, :, None] * dh[:, None, :]
        dA[contexts[mask]] = rows[mask]
        return dA

    mistakes = {
        "Each word has only a share in the mean, so it gets only that share of dh: divide by their number.": no_share,
        "You divide by M. The mean is over the positions where mask is True, which may be fewer.": all_places,
        "The mask is not used: a position where it is False has no word, so no row of A gets a gradient from it.": padded,
        "The positions where mask is False get a gradient too; you use the mask only for the number to divide by.": (
            padded_too
        ),
        "If an id occurs twice, only its last row is kept: sum all rows of an id.": last,
    }
    rng = np.random.default_rng(0)
    trials = []
    for N, M, D, V in ((1, 3, 1, 3), (4, 4, 3, 5), (3, 6, 2, 4)):
        mask = rng.random((N, M)) < 0.6
        mask[:, 0] = True
        mask[0, 1] = False
        trials.append((rng.standard_normal((N, D)), rng.integers(0, V, (N, M)), mask, V))
    yield from compare(answer, right, mistakes, trials)


@exercise(
    "3.6",
    "the training pairs of skip-gram",
    "skip_gram_pairs(ids, reach)",
    hints=(
        "For the centre t, the neighbours are the positions t - reach to t + reach, without t itself and without "
        "those outside the text.",
        "Two loops: over t, and over range(t - reach, t + reach + 1). Keep k if k != t and 0 <= k < len(ids). Give "
        "the array two columns even if it has no rows.",
    ),
)
def check_skip_gram_pairs(answer: Answer) -> Iterator[str]:
    """Pair every word of a text with every neighbour at most reach positions
    away. Return the pairs as an array (P, 2), with the centre word in column 0
    and its neighbour in column 1. Take the centre words in the order of the
    text, and the neighbours of each from left to right. Near the ends of the
    text, a word has fewer neighbours.

        skip_gram_pairs(np.array([7, 8, 9]), 1)
            gives [[7, 8], [8, 7], [8, 9], [9, 8]]
    """

    def pairs(ids: np.ndarray, positions: list[list[int]]) -> np.ndarray:
        found = [(ids[m], ids[k]) for m, around in enumerate(positions) for k in around]
        return np.array(found, dtype=np.int64).reshape(-1, 2)

    def around(ids: np.ndarray, reach: int) -> list[list[int]]:
        M = len(ids)
        return [[k for k in range(max(m - reach, 0), min(m + reach + 1, M)) if k != m] for m in range(M)]

    def right(ids: np.ndarray, reach: int) -> np.ndarray:
        return pairs(ids, around(ids, reach))

    def itself(ids: np.ndarray, reach: int) -> np.ndarray:
        return pairs(ids, [sorted([*positions, m]) for m, positions in enumerate(around(ids, reach))])

    def one_side(ids: np.ndarray, reach: int) -> np.ndarray:
        return pairs(ids, [[k for k in positions if k > m] for m, positions in enumerate(around(ids, reach))])

    def no_ends(ids: np.ndarray, reach: int) -> np.ndarray:
        return pairs(ids, [positions if len(positions) == 2 * reach else [] for positions in around(ids, reach)])

    def too_short(ids: np.ndarray, reach: int) -> np.ndarray:
        return pairs(ids, [[k for k in positions if k < m + reach] for m, positions in enumerate(around(ids, reach))])

    def wrapped(ids: np.ndarray, reach: int) -> np.ndarray:
        M = len(ids)
        return pairs(ids, [[(m + k) % M for k in range(-reach, reach + 1) if k] for m in range(M)])

    mistakes = {
        "A word is among its own neighbours: leave out the position of the centre itself.": itself,
        "Only the neighbours on the right are included; skip-gram uses both sides.": one_side,
        "The words near the ends are missing as centres. They have fewer neighbours, but they have some.": no_ends,
        "The neighbour exactly reach positions to the right is missing: a range does not include its end.": too_short,
        "The text wraps around: no word precedes the first one, although ids[-1] gives the last.": wrapped,
        "Centre and neighbour are swapped: the centre belongs in column 0.": lambda ids, reach: right(ids, reach)[:, ::-1],
    }
    rng = np.random.default_rng(0)
    trials = [(rng.permutation(20)[:M], reach) for M, reach in ((7, 2), (8, 3), (6, 2), (9, 2))]
    extremes = {
        "The text may be shorter than the window.": (np.array([5, 6]), 4),
        "A text of one word has no pairs, but the array still has two columns: its shape is (0, 2).": (np.array([7]), 2),
    }
    yield from compare(answer, right, mistakes, [*trials, (np.array([3, 1, 3, 1, 3, 5]), 2)], extremes=extremes)
